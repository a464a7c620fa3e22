#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""front-ends/c/vmm.c: a VM monitor whose loop never waits for the daemon."""

import os
import subprocess
import sys
import unittest

TOP_SRCDIR = os.path.abspath(os.environ.get("TOP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", "..")))
sys.path.insert(0, os.path.join(TOP_SRCDIR, "tests", "socket"))
sys.dont_write_bytecode = True  # the source tree may be read-only

from harness import PATIENCE, DaemonTestCase, main

VMM = os.path.join(os.environ["TOP_BUILDDIR"], "front-ends", "c", "vmm")
REQUEST = {"arch": "x86_64", "memory": {"nodes": ["4GiB"]}, "pcie": {"root_complexes": [{"name": "rc0"}]}}


class Vmm(DaemonTestCase):
    def run_vmm(self, name, socket=None):
        return subprocess.run([VMM, name], capture_output=True, text=True, timeout=PATIENCE, check=False,
                              env=dict(os.environ, GPALAYOUT_SOCKET=socket or self.daemon.socket))

    def test_the_example_resolves_creates_watches_and_deletes(self):
        layout = self.daemon.call("layout.resolve", {"request": REQUEST})["result"]["layout"]
        run = self.run_vmm("vm-1")
        self.assertEqual(run.returncode, 0, run.stderr)
        lines = run.stdout.splitlines()
        self.assertEqual(lines[0], "would be")
        ranges = [(int(start, 16), int(end, 16), tag) for start, end, tag in map(str.split, lines[1:-3])]
        self.assertEqual(ranges, [(int(e["start"], 16), int(e["end"], 16), e["tag"]) for e in layout["map"]])
        self.assertEqual(lines[-3:], [f"created vm-1, RAM ends at {layout['end_of_ram']}",
                                      "event: created vm-1", "event: deleted vm-1"])
        gone = self.daemon.call("layout.get", {"name": "vm-1"})["error"]["data"]["reason"]
        self.assertEqual(gone, "not_found")

    def test_the_example_does_not_wait_for_the_event_of_an_existing_layout(self):
        self.assertTrue(self.daemon.call("layout.create", {"name": "vm-1", "request": REQUEST})["result"]["created"])
        run = self.run_vmm("vm-1")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(run.stdout.splitlines()[-1], "event: deleted vm-1")

    def test_a_refusal_is_printed(self):
        self.daemon.call("layout.create", {"name": "vm-2", "request": {**REQUEST, "memory": {"nodes": ["8GiB"]}}})
        run = self.run_vmm("vm-2")
        self.assertEqual(run.returncode, 1)
        self.assertIn("refused", run.stderr)
        self.assertTrue(run.stderr.endswith(", conflict\n"), run.stderr)

    def test_a_missing_daemon_is_reported(self):
        run = self.run_vmm("vm-3", socket="/nowhere/control.sock")
        self.assertEqual((run.returncode, run.stdout), (1, ""))
        self.assertIn("vmm: no_daemon: /nowhere/control.sock: cannot connect", run.stderr)


if __name__ == "__main__":
    main()
