#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gpalayoutd(8), gpalayoutctl(1) and libgpalayout-client(3) say what the programs and the header say, and the example runs."""

import json
import os
import re
import shutil
import subprocess
import sys
import unittest

TOP_SRCDIR = os.path.abspath(os.environ.get("TOP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", "..")))
sys.path.insert(0, os.path.join(TOP_SRCDIR, "tests", "socket"))
sys.dont_write_bytecode = True  # the source tree may be read-only

from ctl_harness import OK, STATUS, USAGE, ctl
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
        defaults = re.findall(r"\[([^\]=$][^\]$]*)\]", self.help.split("\n\n")[1])
        self.assertGreater(len(defaults), 4)
        text = shown(self.page)
        for default in defaults:
            if default.startswith("openvmm-"):
                default = "the newest"
            # The folder is that of this build.
            default = re.sub(r"^/\S*(?=/gpalayoutd\.conf)", "/etc", default)
            for word in re.split(" beside |, if ", default):
                with self.subTest(word):
                    self.assertIn(word, text)

    def test_the_exit_statuses_are_those_of_the_help(self):
        told = re.search(r"Exit status: (.*)", self.help, re.DOTALL).group(1)
        section = self.page.split(".Sh EXIT STATUS")[1]
        self.assertEqual(re.findall(r"(?m)^\.It (\d)", section), re.findall(r"(?<!\w)(\d)(?= )", told))


def items(page, section):
    """What a section's lists have, as --help has it: (what .It says, the text below it)."""
    text = page.split(f"\n.Sh {section}\n")[1].split("\n.Sh ")[0]
    for item in re.split(r"(?m)^\.It ", text)[1:]:
        head, _, body = item.partition("\n")
        head = re.sub(r"\b(Ic|Ar|Cm) ", "", head).replace("Fl -", "--").replace("Fl ", "-")
        yield re.sub(r" (?=,)|(?<=\[) | (?=\])", "", re.sub(r" ?\bNs ", "", head).replace("Oo", "[").replace("Oc", "]")), body


def members(tree, path=""):
    """The paths of all members of a tree; elements of lists have none of their own."""
    for each in tree if isinstance(tree, list) else [tree]:
        for name, value in each.items() if isinstance(each, dict) else ():
            yield path + name
            yield from members(value, f"{path}{name}.")


class Client(unittest.TestCase):
    page = read("man", "gpalayoutctl.1")

    def help(self, *command):
        """What --help lists under each title."""
        paragraphs = ctl(*command, "--help").out.split("\n\n")
        return {title: re.findall(r"(?m)^  (\S.*?)(?=  |$)", text)
                for title, _, text in (paragraph.partition(":\n") for paragraph in paragraphs)}

    def test_the_commands_and_their_options_are_those_of_the_help(self):
        shown, lists = {}, self.help()
        for head, _ in items(self.page, "COMMANDS"):
            if head.startswith("--"):
                shown[command].append(head)
            else:
                command = head
                shown[command] = []
        self.assertEqual(list(shown), lists["Commands"])
        for command, options in shown.items():
            with self.subTest(command):
                self.assertEqual(options, self.help(command.split()[0]).get("Options of the command", []))

    def test_the_options_of_every_command_are_those_of_the_help(self):
        self.assertEqual([head for head, _ in items(self.page, "OPTIONS")], self.help()["Options"])

    def test_the_commands_that_take_a_request_are_told(self):
        told = self.page.split(".Sh REQUESTS FROM FLAGS\n")[1].split("take a request.")[0]
        takers = [command.split()[0] for command in self.help()["Commands"]
                  if "Options of the request" in self.help(command.split()[0])]
        self.assertEqual(sorted(re.findall(r"\.Ic (\w+)", told)), sorted(takers))

    def test_each_flag_of_a_request_puts_in_the_member_that_is_told(self):
        values = {"SIZE": "2M", "[size=]SIZE": "2M", "ADDR": "0", "N": "46", "SLOTS": "4", "NAME": "x", "RC": "a",
                  "[rc=]RC": "a", "RC=KIND": "a=amd-vi", "SIZE[,alignment=SIZE]": "2M,alignment=4M",
                  "NAME[,KEY=VALUE...]": "b", "NAME=START-END": "x=0-4096"}
        flags = [(head, body) for head, body in items(self.page, "REQUESTS FROM FLAGS") if head.startswith("--")]
        self.assertEqual([head for head, _ in flags], self.help("resolve")["Options of the request"])
        for head, body in flags:
            flag, _, value = head.partition(" ")
            rest = [] if flag in ("--memory", "--numa") else ["--memory=1G"]
            rest += ["--pcie-root-complex=a"] if values.get(value) in ("a", "a=amd-vi") else []
            given = [f"{flag}={values.get(value, value.split('|')[0])}"] if value else [flag]
            with self.subTest(head):
                result = ctl("resolve", "--print-request", *rest, *given)
                self.assertEqual((result.code, result.err), (OK, ""))
                self.assertIn(re.match(r"\.Va (\S+) :", body).group(1), members(json.loads(result.out)))

    def test_the_keys_of_a_root_complex_are_those_that_are_taken(self):
        result = ctl("resolve", "--pcie-root-complex", "a,x")
        self.assertEqual(result.code, USAGE)
        known = re.search(r"affect the layout are (.*)", result.err).group(1).split(", ")
        told = [head for head, _ in items(self.page, "REQUESTS FROM FLAGS") if re.fullmatch(r"[a-z_]+", head)]
        self.assertEqual(sorted(told), sorted(known))

    def test_the_exit_statuses_are_those_of_the_help_and_of_the_reasons(self):
        told = ctl("--help").out.split("Exit status: ")[1]
        statuses = dict(items(self.page, "EXIT STATUS"))
        self.assertEqual(list(statuses), re.findall(r"(?<!\w)(\d)(?= )", told))
        self.assertEqual({reason: int(status) for status, text in statuses.items()
                          for reason in re.findall(r"\.Cm (\w+)", text)}, STATUS)


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
