# SPDX-License-Identifier: MIT
"""Completion of gpalayoutctl: by the shells' own means, and with the daemon's names."""

import os
import re
import shutil
import subprocess
import unittest

from ctl_harness import BASE_ENV, OK, FakeDaemon, Recorder, conversation, ctl
from harness import GPALAYOUTCTL, PATIENCE, DaemonTestCase, main

SCRIPTS = os.path.join(os.environ["TOP_SRCDIR"], "src", "gpalayoutctl", "completion")

# Puts the line before the cursor to the function that the script registers, as bash does.
BASH = r"""
source "$1/gpalayoutctl"
gpalayoutctl() { "$GPALAYOUTCTL" "$@"; }
COMP_LINE=$2 COMP_POINT=${#2}
read -r _ _ _ _ function _ < <(complete -p gpalayoutctl)
"$function"
printf '%s\n' "${COMPREPLY[@]}"
"""

# Stands in for the part of zsh that reads what is typed.
ZSH = r"""
compadd() { print -rl -- "${(@P)argv[-1]}" }
compset() { : }
_files() { print -r -- "a file" }
gpalayoutctl() { "$GPALAYOUTCTL" "$@" }
words=("${(@)argv[2,-1]}") CURRENT=${#words}
source "$1/_gpalayoutctl"
"""


class Completion(DaemonTestCase):
    OPTIONS = ("--store", "memory")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        request = {"arch": "x86_64", "memory": {"nodes": ["1GiB"]}}
        for name in ("web-01", "web-02", "db:1", "db:2"):
            assert "result" in cls.daemon.call("layout.create", {"name": name, "request": request})

    def proposals(self, *words):
        result = ctl("__complete", *words, env={"GPALAYOUT_SOCKET": self.daemon.socket})
        self.assertEqual((result.code, result.err), (OK, ""))
        return [line.split("\t")[0] for line in result.out.splitlines()]

    def test_commands_and_what_they_do(self):
        every = re.findall(r"(?m)^  ([a-z]+) ", ctl("--help").out.split("\nOptions:")[0])
        self.assertEqual(self.proposals(""), [*every, "help"])
        self.assertEqual(self.proposals(), [*every, "help"])
        self.assertEqual(self.proposals("po"), ["policies"])
        self.assertEqual(self.proposals("help", "po"), ["policies"])
        self.assertEqual(self.proposals("--json", "--socket", "x", "res"), ["resolve"])
        lines = ctl("__complete", "wa").out
        self.assertEqual(lines, "watch\tFollow what happens to layouts, also across daemon restarts\n")
        self.assertEqual(self.proposals("frobnicate", ""), self.proposals(""))

    def test_options_of_the_command(self):
        self.assertEqual(self.proposals("get", "--re"), ["--retry", "--request"])
        self.assertEqual(self.proposals("--re"), ["--retry"])
        self.assertEqual(self.proposals("resolve", "--memory", "1G", "--pcie-e"), ["--pcie-ecam", "--pcie-ecam-below-4gb"])
        for command in ("get", "resolve", "list"):
            shown = re.findall(r"(?m)^  (?:-\w, )?(--[a-z0-9-]+)", ctl(command, "--help").out)
            self.assertEqual(set(self.proposals(command, "--")), set(shown))

    def test_values_that_are_known(self):
        self.assertEqual(self.proposals("resolve", "--arch", ""), ["x86_64", "aarch64"])
        self.assertEqual(self.proposals("resolve", "--pcie-ecam", "ab"), ["above-4gib"])
        self.assertIn("linux-direct", self.proposals("resolve", "--profile", ""))
        self.assertEqual(self.proposals("list", "--policy", "openvmm-2026.05"), ["openvmm-2026.05"])
        self.assertIn("openvmm-2026.06", self.proposals("compare", "@a", "--to-policy", ""))
        self.assertEqual(self.proposals("list", "--after", "web"), ["web-01", "web-02"])
        for flag in ("--memory", "--numa", "--socket"):
            self.assertEqual(self.proposals("resolve", flag, ""), [])

    def test_operands_are_the_daemons(self):
        for words in (["get"], ["delete"], ["update"], ["map"], ["explain"], ["compare"], ["compare", "a"], ["list"], ["list", "x"],
                      ["probe", "0"], ["probe", "0", "web-01"]):
            with self.subTest(" ".join(words)):
                self.assertEqual(self.proposals(*words, "web"), ["web-01", "web-02"])
                self.assertEqual(len(self.proposals(*words, "")), 4)
        self.assertEqual(self.proposals("explain", "web-01", ""), ["ram0", "chipset-low-mmio", "chipset-high-mmio"])
        self.assertEqual(self.proposals("call", "layout.c"), ["layout.create", "layout.compare"])
        for words in (["get", "web-01", ""], ["probe", ""], ["resolve", ""], ["fit", ""], ["policies", ""], ["get", "nothing"]):
            self.assertEqual(self.proposals(*words), [])

    def test_a_whole_name_stays_what_it_is(self):
        request = {"arch": "x86_64", "memory": {"nodes": ["1GiB"]}}
        self.addCleanup(self.daemon.call, "layout.delete", {"name": "web-010"})
        self.daemon.call("layout.create", {"name": "web-010", "request": request})
        self.assertEqual(sorted(self.proposals("delete", "web-01")), ["web-01", "web-010"])
        self.assertEqual(self.proposals("delete", "web-010"), ["web-010"])

    def test_more_names_than_a_page_has(self):
        request = {"arch": "x86_64", "memory": {"nodes": ["1GiB"]}}
        names = [f"zz-{number:04}" for number in range(250)]
        with self.daemon.connect() as client:
            for name in names:
                self.assertIn("result", client.call("layout.create", {"name": name, "request": request}))
            self.addCleanup(lambda: [self.daemon.call("layout.delete", {"name": name}) for name in names])
        self.assertEqual(self.proposals("get", "zz-"), names)
        self.assertEqual(self.proposals("get", "zz-024"), names[240:250])

    def test_pages_that_go_on_without_layouts_end(self):
        recorder = Recorder(lambda *_: {"revision": 1, "layouts": [], "next": "web-9"})
        with FakeDaemon(conversation(recorder)) as daemon:
            result = ctl("__complete", "get", "web", env={"GPALAYOUT_SOCKET": daemon.path})
        self.assertEqual((result.code, result.raw), (OK, b"web\n"))
        self.assertEqual([method for method, _ in recorder.sent()], ["layout.list", "layout.get"])

    def test_without_a_daemon_there_are_no_names_and_no_complaints(self):
        result = ctl("__complete", "--socket", "/nonexistent", "get", "")
        self.assertEqual((result.code, result.out, result.err), (OK, "", ""))

    def shell(self, program, script, *args):
        env = dict(BASE_ENV, GPALAYOUT_SOCKET=self.daemon.socket, GPALAYOUTCTL=GPALAYOUTCTL)
        process = subprocess.run([program, "-c", script, program, SCRIPTS, *args], env=env, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, timeout=PATIENCE, check=False)
        self.assertEqual(process.stderr, b"")
        return process.stdout.decode().split("\n")[:-1]

    def test_bash(self):
        for line, words in (("gpalayoutctl po", ["policies"]), ("gpalayoutctl get web-0", ["web-01", "web-02"]),
                            ("gpalayoutctl get ", ["db:1", "db:2", "web-01", "web-02"]), ("gpalayoutctl resolve --arch=a", ["aarch64"]),
                            ("gpalayoutctl resolve --arch x", ["x86_64"]), ("gpalayoutctl get db:", ["1", "2"]),
                            ("gpalayoutctl  delete   web-02", ["web-02"]), ("gpalayoutctl fit ", [""])):
            with self.subTest(line):
                self.assertEqual(self.shell("bash", BASH, line), words)
        path = os.path.join(self.daemon.folder, "a request.json")
        with open(path, "w", encoding="utf-8"):
            pass
        self.assertEqual(self.shell("bash", BASH, f"gpalayoutctl compare web-01 @{self.daemon.folder}/a"),
                         ["@" + path.replace(" ", "\\ ")])

    @unittest.skipUnless(shutil.which("zsh"), "zsh is missing (Debian: zsh)")
    def test_zsh(self):
        for line, words in ((["po"], ["policies"]), (["get", "web-0"], ["web-01", "web-02"]),
                            (["get", ""], ["db:1", "db:2", "web-01", "web-02"]), (["resolve", "--arch=a"], ["aarch64"]),
                            (["resolve", "--arch", "x"], ["x86_64"]), (["get", "db:"], ["db:1", "db:2"]), (["fit", ""], ["a file"]),
                            (["map", "@x"], ["a file"])):
            with self.subTest(line):
                self.assertEqual(self.shell("zsh", ZSH, "gpalayoutctl", *line), words)


if __name__ == "__main__":
    main()
