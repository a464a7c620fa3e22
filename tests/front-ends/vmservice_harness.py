# SPDX-License-Identifier: MIT
"""Starts front-ends/vmservice on a private socket, and calls it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile

TOP_SRCDIR = os.path.abspath(os.environ.get("TOP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", "..")))
for folder in ("tests/ttrpc", "tests/socket"):
    sys.path.insert(0, os.path.join(TOP_SRCDIR, folder))
sys.dont_write_bytecode = True  # the source tree may be read-only

import go_program
import harness
import ttrpc_harness

FOLDER = "front-ends/vmservice"
SCHEMA = os.path.join(TOP_SRCDIR, FOLDER, "vmservice.proto")
ttrpc_harness.make_module(SCHEMA)

import vmservice_pb2


def build():
    """Builds the service and returns the path of the program. Raises SkipTest if a needed tool or package is
    missing."""
    sources = sorted(name for name in os.listdir(os.path.join(TOP_SRCDIR, FOLDER)) if name.endswith(".go"))
    return go_program.build("gpalayout-vmservice", *(os.path.join(FOLDER, name) for name in sources),
                            "proto/gpalayout.proto", os.path.join(FOLDER, "vmservice.proto"))


class VmService:
    """A VM service of its own that uses the ttrpc socket of a daemon; `with VmService(program, path) as service:`."""

    def __init__(self, program, daemon_socket, *options):
        self.folder = tempfile.mkdtemp(prefix="gpalayout-vmservice-test-")
        self.socket = os.path.join(self.folder, "vm.sock")
        self.log_path = os.path.join(self.folder, "log")
        self.command = [program, "--socket", self.socket, "--daemon", daemon_socket, *options]
        self.start()

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

        def is_ready():
            if self.process.poll() is not None:
                raise AssertionError(f"the service exited with {self.process.returncode}:\n{self.log()}")
            return harness.is_served(self.socket)
        harness.wait_until(is_ready, lambda: f"the service is not ready:\n{self.log()}")

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def stop(self, sig=signal.SIGTERM):
        """Asks the service to exit, and returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(sig)
        return self.process.wait(harness.PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, exc_type, *_):
        code = self.stop()
        log = self.log()
        shutil.rmtree(self.folder, ignore_errors=True)
        if exc_type is None and code != 0:
            raise AssertionError(f"the service exited with {code}:\n{log}")

    def connect(self):
        return ttrpc_harness.gpalayout_ttrpc.Client(self.socket, harness.PATIENCE, module=vmservice_pb2, service="VM")
