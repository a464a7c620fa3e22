# SPDX-License-Identifier: MIT
"""Completion of gpalayoutctl in bash and zsh, including the names of layouts, which the daemon lists."""

import os
import re
import shutil
import subprocess
import unittest

from ctl_harness import BASE_ENV, OK, FakeDaemon, Recorder, conversation, ctl
from harness import GPALAYOUTCTL, PATIENCE, TOP_SRCDIR, DaemonTestCase, main

SCRIPTS = os.path.join(TOP_SRCDIR, "src", "gpalayoutctl", "completion")

# Passes the line before the cursor to the function that the script registers, as bash does.
BASH = r"""
source "$1/gpalayoutctl"
gpalayoutctl() { "$GPALAYOUTCTL" "$@"; }
COMP_LINE=$2 COMP_POINT=${#2}
read -r _ _ _ _ function _ < <(complete -p gpalayoutctl)
"$function"
printf '%s\n' "${COMPREPLY[@]}"
"""

# Sets the typed words, and replaces the functions of zsh that take proposals.
ZSH = r"""
compadd() { print -rl -- "${(@P)argv[-1]}" }
compset() { : }
_files() { print -r -- "a file" }
gpalayoutctl() { "$GPALAYOUTCTL" "$@" }
words=("${(@)argv[2,-1]}") CURRENT=${#words}
source "$1/_gpalayoutctl"
"""


ODD = ["my rc", "it's", 'q"uote', "a:b@c", "a=b", "back\\slash", "$x`", "世界", "<&>", "世" * 85, "left\u202eright"]


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
        self.assertEqual(lines, "watch\tPrint each change of any layout, also across daemon restarts\n")
        # Of a long help, the part before the first semicolon is shown.
        self.assertIn("compare\tShow what differs between two layouts, each NAME or @FILE (a request or a layout)\n",
                      ctl("__complete", "co").out)
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
        policies = ctl("__complete", "resolve", "--policy", "").out.splitlines()
        self.assertEqual(len({line.split("\t")[1] for line in policies}), len(policies))
        self.assertIn("openvmm-2026.06", self.proposals("compare", "@a", "--to-policy", ""))
        self.assertEqual(self.proposals("list", "--after", "web"), ["web-01", "web-02"])
        self.assertEqual(self.proposals("resolve", "--host-hole", ""), ["amd-hypertransport", "arm-msi"])
        for command in (["resolve"], ["create", "vm"], ["update", "vm"], ["resolve", "--refuse", "all"]):
            self.assertEqual(self.proposals(*command, "--refuse", "no_"), ["no_low_memory", "no_ram_below_1gib"])
            self.assertEqual(self.proposals(*command, "--refuse", "al"), ["all"])
        self.assertEqual(self.proposals("update", "web-01", "--remove", ""), ["ram0"])
        self.assertEqual(self.proposals("update", "nothing", "--remove", ""), [])
        for flag in ("--memory", "--numa", "--socket", "--hotplug", "--cxl-window", "--pcie-root-complex", "--reserve"):
            self.assertEqual(self.proposals("resolve", flag, ""), [])

    def test_operands_are_names_from_the_daemon(self):
        for words in (["get"], ["delete"], ["update"], ["map"], ["explain"], ["compare"], ["compare", "a"], ["list"], ["list", "x"],
                      ["probe", "0"], ["probe", "0", "web-01"], ["get", "--request"], ["update", "--memory", "1G"]):
            with self.subTest(" ".join(words)):
                self.assertEqual(self.proposals(*words, "web"), ["web-01", "web-02"])
                self.assertEqual(len(self.proposals(*words, "")), 4)
        self.assertEqual(self.proposals("explain", "web-01", ""), ["ram0", "chipset-low-mmio", "chipset-high-mmio"])
        self.assertEqual(self.proposals("advise", "web-01", ""), ["ram0", "chipset-low-mmio", "chipset-high-mmio"])
        for request in (["--request", "file"], ["--memory", "1G"]):
            self.assertEqual([self.proposals(command, *request, "") for command in ("advise", "explain", "probe")], [[]] * 3)
        self.assertEqual(self.proposals("map", "--memory", "1G", ""), [])
        self.assertEqual(self.proposals("call", "layout.c"), ["layout.create", "layout.compare"])
        for words in (["get", "web-01", ""], ["probe", ""], ["resolve", ""], ["fit", ""], ["policies", ""], ["get", "nothing"]):
            self.assertEqual(self.proposals(*words), [])

    def test_after_two_dashes_there_are_only_operands(self):
        request = {"arch": "x86_64", "memory": {"nodes": ["1GiB"]}}
        self.daemon.call("layout.create", {"name": "-vm", "request": request})
        self.addCleanup(self.daemon.call, "layout.delete", {"name": "-vm"})
        self.assertNotIn("-vm", self.proposals("get", "-"))
        self.assertEqual(self.proposals("get", "--", "-"), ["-vm"])

    def test_remove_completes_the_tags_of_the_request(self):
        request = {"arch": "x86_64", "memory": {"nodes": ["1GiB", "1GiB"], "hotplug": [{"size": "2GiB"}, {"size": "2GiB"}]},
                   "pcie": {"root_complexes": [{"name": "a", "cxl": {}}]}, "cxl_windows": [{"name": "w", "size": "1GiB", "targets": ["a"]}],
                   "reserved": [{"name": "r", "start": "1TiB", "end": "2TiB"}], "virtio_mmio": {"slots": 1}}
        self.addCleanup(self.daemon.call, "layout.delete", {"name": "full"})
        self.daemon.call("layout.create", {"name": "full", "request": request})
        tags = self.proposals("update", "full", "--remove", "")
        self.assertEqual(tags, ["virtio-mmio", "ram0", "ram1", "hotplug-1", "reserved-r", "pcie-a", "cxl-window-w"])
        self.assertEqual(self.proposals("advise", "full", "cxl"), ["cxl-window-w"])

    def create_odd(self):
        """Creates a layout with root complexes that have odd names."""
        request = {"arch": "x86_64", "memory": {"nodes": ["1GiB"]}, "pcie": {"root_complexes": [
            {"name": name, "segment": number} for number, name in enumerate(ODD)]}}
        self.addCleanup(self.daemon.call, "layout.delete", {"name": "odd"})
        self.assertIn("result", self.daemon.call("layout.create", {"name": "odd", "request": request}))

    def test_tags_have_any_characters(self):
        self.create_odd()
        tags = self.proposals("explain", "odd", "")
        for name in ODD:
            with self.subTest(name[:9]):
                # A name that cannot be shown unchanged would become another name, so it is not proposed.
                expected = [f"pcie-{name}-high-mmio"] if "\u202e" not in name else []
                self.assertEqual(self.proposals("explain", "odd", f"pcie-{name}-hi"), expected)
                self.assertEqual(f"pcie-{name}-low-mmio" in tags, bool(expected))

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

    def test_an_empty_page_ends_the_listing_although_it_names_a_next_one(self):
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
        for quote in ("'", '"'):
            self.assertEqual(self.shell("bash", BASH, f"gpalayoutctl compare web-01 {quote}@{self.daemon.folder}/a"), ["@" + path])
        # bash replaces only what follows the colon.
        with open(os.path.join(self.daemon.folder, "a:b"), "w", encoding="utf-8"):
            pass
        self.assertEqual(self.shell("bash", BASH, f"gpalayoutctl compare web-01 @{self.daemon.folder}/a:"), ["b"])

    def test_bash_reads_and_writes_quotes(self):
        self.create_odd()
        for typed, word in ((r"pcie-my\ rc-h", r"pcie-my\ rc-high-mmio"), ('"pcie-my rc-h', "pcie-my rc-high-mmio"),
                            ("'pcie-my rc-h", "pcie-my rc-high-mmio"), (r"pcie-it\'s-h", r"pcie-it\'s-high-mmio"),
                            ("\"pcie-it's-h", "pcie-it's-high-mmio"), ("'pcie-it'\\''s-h", "s-high-mmio"),
                            (r'"pcie-q\"uote-h', r"pcie-q\"uote-high-mmio"), (r"pcie-a:b@c-h", "@c-high-mmio"),
                            (r"pcie-a\:b\@c-h", "pcie-a:b@c-high-mmio"), ("pcie-a=b-h", "b-high-mmio"),
                            (r"pcie-back\\slash-h", r"pcie-back\\slash-high-mmio"), (r'"pcie-back\slash-h', r"pcie-back\\slash-high-mmio"),
                            (r"pcie-\$x\`-h", r"pcie-\$x\`-high-mmio"), (r'"pcie-\$x\`-h', r"pcie-\$x\`-high-mmio")):
            with self.subTest(typed):
                self.assertEqual(self.shell("bash", BASH, f"gpalayoutctl explain odd {typed}"), [word])
        self.assertEqual(self.shell("bash", BASH, "gpalayoutctl get web\\"), ["web-01", "web-02"])

    @unittest.skipUnless(shutil.which("zsh"), "zsh is missing (Debian: zsh)")
    def test_zsh_reads_quotes(self):
        self.create_odd()
        for typed, word in ((r"pcie-my\ rc-h", "pcie-my rc-high-mmio"), (r"pcie-it\'s-h", "pcie-it's-high-mmio"),
                            (r"pcie-q\"uote-h", 'pcie-q"uote-high-mmio'), ("'pcie-my 'rc-h", "pcie-my rc-high-mmio")):
            with self.subTest(typed):
                self.assertEqual(self.shell("zsh", ZSH, "gpalayoutctl", "explain", "odd", typed), [word])

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
