# SPDX-License-Identifier: MIT
"""Builds the Go programs of the tests. Tests run in parallel, but only one builds at a time. All share the compiled
packages, in the folder "go" of the build tree."""

import fcntl
import os
import shutil
import subprocess
import unittest

TOP_SRCDIR = os.path.abspath(os.environ.get("TOP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", "..")))
TOP_BUILDDIR = os.path.abspath(os.environ.get("TOP_BUILDDIR", "."))
NEEDED = ("go", "protoc", "protoc-gen-gogottrpc")
PACKAGE = "/usr/share/gocode/src/github.com/containerd/ttrpc"


def build(name, *files):
    """Builds a program from these files of the source tree and returns its path. Raises SkipTest if a needed tool or
    package is missing."""
    for each in NEEDED:
        if not shutil.which(each):
            raise unittest.SkipTest(f"no {each}")
    if not os.path.isdir(PACKAGE):
        raise unittest.SkipTest("no golang-github-containerd-ttrpc-dev")
    folder = os.path.join(TOP_BUILDDIR, "go")
    os.makedirs(folder, exist_ok=True)
    output = os.path.join(folder, name)
    with open(os.path.join(folder, "lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = subprocess.run([os.path.join(TOP_SRCDIR, "build-aux", "build-go-ttrpc"), output,
                              *(os.path.join(TOP_SRCDIR, file) for file in files)],
                             env=dict(os.environ, GOCACHE=os.path.join(folder, "cache"), HOME=folder),
                             capture_output=True, text=True, check=False)
    if run.returncode:
        raise AssertionError(f"{name}: {run.stdout}{run.stderr}")
    return output
