#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""front-ends/shell/layout.sh: a layout is live exactly as long as a command runs."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

TOP_SRCDIR = os.path.abspath(os.environ.get("TOP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", "..")))
sys.path.insert(0, os.path.join(TOP_SRCDIR, "tests", "socket"))
sys.dont_write_bytecode = True  # the source tree may be read-only

from harness import GPALAYOUTCTL, PATIENCE, DaemonTestCase, main

SCRIPT = os.path.join(TOP_SRCDIR, "front-ends", "shell", "layout.sh")
REQUEST = {"arch": "x86_64", "memory": {"nodes": ["4GiB"]}}


class Style(unittest.TestCase):
    @unittest.skipUnless(shutil.which("shellcheck"), "needs shellcheck")
    def test_shellcheck_finds_nothing(self):
        found = subprocess.run(["shellcheck", SCRIPT], capture_output=True, text=True, check=False)
        self.assertEqual(found.stdout, "")


@unittest.skipUnless(shutil.which("socat") and shutil.which("jq"), "needs socat and jq")
class Script(DaemonTestCase):
    def run_script(self, *command, name="vm-1", request=REQUEST, socket=None, **environment):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write(request if isinstance(request, str) else json.dumps(request, indent=2))
            file.flush()
            return subprocess.run(["/bin/sh", SCRIPT, name, file.name, *command], capture_output=True, text=True,
                                  env=dict(os.environ, GPALAYOUT_SOCKET=socket or self.daemon.socket,
                                           **environment),
                                  stdin=subprocess.DEVNULL, timeout=PATIENCE, check=False)

    def names(self):
        return [entry["name"] for entry in self.daemon.call("layout.list")["result"]["layouts"]]

    def revision(self):
        return self.daemon.call("layout.list")["result"]["revision"]

    def test_the_command_gets_the_layout_and_the_events_are_shown(self):
        revision = self.revision()
        run = self.run_script("cat")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(json.loads(run.stdout),
                         self.daemon.call("layout.resolve", {"request": REQUEST})["result"]["layout"])
        self.assertEqual([line.split() for line in run.stderr.splitlines()],
                         [[str(revision + 1), "created", "vm-1"], [str(revision + 2), "deleted", "vm-1"]])
        self.assertEqual(self.names(), [])

    def test_the_layout_is_live_while_the_command_runs(self):
        run = self.run_script("sh", "-c", f"cat >/dev/null; {GPALAYOUTCTL} list --json")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual([entry["name"] for entry in json.loads(run.stdout)["result"]["layouts"]], ["vm-1"])
        self.assertEqual(self.names(), [])

    def test_a_command_that_fails_frees_the_layout_too(self):
        run = self.run_script("sh", "-c", "cat >/dev/null; exit 7")
        self.assertEqual(run.returncode, 7, run.stderr)
        self.assertEqual(self.names(), [])

    def test_a_refusal_is_shown_and_no_command_runs(self):
        revision = self.revision()
        run = self.run_script("echo", "it runs", request={**REQUEST, "memory": {"nodes": ["4Gi"]}})
        self.assertEqual((run.returncode, run.stdout), (1, ""))
        self.assertRegex(run.stderr, '^layout.sh: "4Gi" is not a size')
        self.assertEqual(self.revision(), revision)

    def test_a_file_without_one_json_value_is_named(self):
        for text in ("", "{} {}", "{"):
            run = self.run_script("echo", "it runs", request=text)
            self.assertEqual(run.stdout, "")
            self.assertNotEqual(run.returncode, 0)
            self.assertRegex(run.stderr, "not one JSON value|parse error")

    def test_a_layout_that_is_there_already_is_left_alone(self):
        self.daemon.call("layout.create", {"name": "vm-2", "request": REQUEST})
        self.addCleanup(self.daemon.call, "layout.delete", {"name": "vm-2"})
        for request in (REQUEST, {**REQUEST, "profile": "gen1"}):
            run = self.run_script("echo", "it runs", name="vm-2", request=request)
            self.assertEqual((run.returncode, run.stdout), (1, ""))
            self.assertRegex(run.stderr, "^layout.sh: vm-2 (has a layout already|exists)")
            self.assertEqual(self.names(), ["vm-2"])

    def test_the_script_fails_without_a_daemon(self):
        run = self.run_script("echo", "it runs", socket="/nowhere/at/all")
        self.assertEqual((run.returncode, run.stdout), (1, ""))
        self.assertIn("/nowhere/at/all", run.stderr)

    def test_a_layout_that_another_has_freed_is_reported_and_nothing_is_left(self):
        with tempfile.TemporaryDirectory() as folder:
            run = self.run_script("sh", "-c", f"cat >/dev/null; {GPALAYOUTCTL} delete vm-1", TMPDIR=folder)
            self.assertEqual(os.listdir(folder), [])
        self.assertEqual(run.returncode, 1)
        self.assertRegex(run.stderr, "layout.sh: there is no layout vm-1\n.* created vm-1\n.* deleted vm-1\n$")

    def test_the_script_without_arguments_prints_its_usage(self):
        run = self.run_script()
        self.assertEqual((run.returncode, run.stdout), (2, ""))
        self.assertTrue(run.stderr.startswith("Usage: layout.sh"))


if __name__ == "__main__":
    main()
