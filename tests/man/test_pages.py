#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gpalayoutd(8) and libgpalayout-client(3) say what the daemon and the header say, and the example runs."""

import os
import re
import shutil
import subprocess
import sys
import unittest

TOP_SRCDIR = os.path.abspath(os.environ.get("TOP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", "..")))
sys.path.insert(0, os.path.join(TOP_SRCDIR, "tests", "socket"))
sys.dont_write_bytecode = True  # the source tree may be read-only

from harness import GPALAYOUTD, PATIENCE, DaemonTestCase, main

BUILD = os.environ["TOP_BUILDDIR"]


def read(*path):
    with open(os.path.join(TOP_SRCDIR, *path), encoding="utf-8") as file:
        return file.read()


def shown(page):
    """The text of a page without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"(?m)^\.[A-Z][a-z]? ?|\b(Ns|Ar|Pa|Cm|Fl|Ev) ", " ", page))


class Daemon(unittest.TestCase):
    page = read("man", "gpalayoutd.8")
    help = subprocess.run([GPALAYOUTD, "--help"], capture_output=True, text=True, check=True).stdout

    def test_the_options_are_those_of_the_help(self):
        known = re.findall(r"(?m)^  --([a-z-]+)", self.help)
        self.assertEqual(re.findall(r"(?m)^\.It Fl -([a-z-]+)", self.page), known)
        self.assertGreater(len(known), 10)

    def test_each_default_is_told(self):
        defaults = re.findall(r"\[([^\]$]+)\]", self.help.split("\n\n")[1])
        self.assertGreater(len(defaults), 4)
        text = shown(self.page)
        for default in defaults:
            if default.startswith("openvmm-"):
                default = "the newest"
            for word in default.split(" beside "):
                with self.subTest(word):
                    self.assertIn(word, text)

    def test_the_exit_statuses_are_those_of_the_help(self):
        told = re.search(r"Exit status: (.*)", self.help, re.DOTALL).group(1)
        section = self.page.split(".Sh EXIT STATUS")[1]
        self.assertEqual(re.findall(r"(?m)^\.It (\d)", section), re.findall(r"(?<!\w)(\d)(?= )", told))


class Library(DaemonTestCase):
    page = read("man", "libgpalayout-client.3")
    header = read("include", "gpalayout", "client.h")

    def test_every_function_of_the_header_is_there_and_no_other(self):
        declared = set(re.findall(r"GPAL_API [^;(]*?\b(gpal_client_\w+)\(", self.header))
        self.assertGreater(len(declared), 20)
        self.assertEqual(set(re.findall(r"\bgpal_client_\w+", re.sub(r"struct gpal_client_\w+", "", self.page))), declared)

    def test_every_code_of_the_header_is_there_and_no_other(self):
        declared = set(re.findall(r"(?m)^\t(GPAL_E_\w+) = ", self.header))
        section = self.page.split(".Sh RETURN VALUES")[1].split(".Sh ENVIRONMENT")[0]
        self.assertEqual(set(re.findall(r"(?m)^\.It Dv (GPAL_E_\w+)", section)), declared | {"GPAL_E_NO_MEMORY"})

    @unittest.skipUnless(shutil.which("cc"), "needs a C compiler as cc")
    def test_the_example_compiles_and_runs(self):
        example = re.search(r"\.Bd -literal\n(#include.*?)\.Ed", self.page, re.DOTALL).group(1)
        source = os.path.join(self.daemon.folder, "example.c")
        program = os.path.join(self.daemon.folder, "example")
        with open(source, "w", encoding="utf-8") as file:
            file.write(example.replace("\\e", "\\").replace("\\-", "-"))
        subprocess.run(["cc", "-Wall", "-Wextra", "-Werror", f"-I{TOP_SRCDIR}/include", "-o", program, source,
                        f"-L{BUILD}/.libs", "-lgpalayout-client", "-lgpalayout"], check=True, timeout=PATIENCE)
        run = subprocess.run([program], capture_output=True, text=True, check=False, timeout=PATIENCE,
                             env=dict(os.environ, GPALAYOUT_SOCKET=self.daemon.socket, LD_LIBRARY_PATH=f"{BUILD}/.libs"))
        layout = self.daemon.call("layout.get", {"name": "vm-1"})["result"]["layout"]
        self.assertEqual((run.stderr, run.stdout), ("", f"RAM ends at {layout['end_of_ram']}\n"))


if __name__ == "__main__":
    main()
