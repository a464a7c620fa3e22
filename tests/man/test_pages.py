#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The manual pages agree with the programs, the protocol and the headers, and their examples in C run."""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

TOP_SRCDIR = os.path.abspath(os.environ.get("TOP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", "..")))
sys.path.insert(0, os.path.join(TOP_SRCDIR, "tests", "socket"))
sys.path.insert(0, os.path.join(TOP_SRCDIR, "tests", "man"))
sys.dont_write_bytecode = True  # the source tree may be read-only

from ctl_harness import OK, STATUS, USAGE, ctl
from harness import GPALAYOUTD, PATIENCE, DaemonTestCase, main
from page import unescape

BUILD = os.environ["TOP_BUILDDIR"]


def read(*path):
    with open(os.path.join(TOP_SRCDIR, *path), encoding="utf-8") as file:
        return file.read()


def shown(page):
    """Returns the text of a page without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"(?m)^\.[A-Z][a-z]? ?|\b(Ns|Ar|Pa|Cm|Fl|Ev) ", " ", page))


class Headings(unittest.TestCase):
    @unittest.skipUnless(shutil.which("mandoc"), "needs mandoc")
    def test_no_heading_begins_with_a_macro_by_mistake(self):
        """mdoc takes a word such as An for a macro, and does not print it."""
        for path in sorted(glob.glob(os.path.join(TOP_SRCDIR, "man", "*.[1-8]"))):
            with open(path, encoding="utf-8") as page:
                headings = re.findall(r"^\.S[hs] (.*)$", page.read(), re.MULTILINE)
            text = subprocess.run(["mandoc", "-Tutf8", path], capture_output=True, text=True, check=True).stdout
            lines = {line.strip() for line in re.sub(".\b", "", text).splitlines()}
            for heading in headings:
                self.assertIn(heading.replace("\\&", "").replace('"', ""), lines, path)


class DaemonPage(unittest.TestCase):
    page = read("man", "gpalayoutd.8")
    help = subprocess.run([GPALAYOUTD, "--help"], capture_output=True, text=True, check=True).stdout

    def test_the_options_are_those_of_the_help(self):
        known = re.findall(r"(?m)^  --([a-z-]+)", self.help)
        self.assertEqual(re.findall(r"(?m)^\.It Fl -([a-z-]+)", self.page), known)
        self.assertGreater(len(known), 10)

    def test_each_default_of_one_word_is_stated_with_its_option(self):
        rows = re.split(r"(?m)^  --", self.help.split("\n\n")[1])[1:]
        words = {re.match("[a-z-]+", row)[0]: found[1] for row in rows if (found := re.search(r"\[(\w+)\]\s*$", row))}
        self.assertGreater(len(words), 5)
        self.assertLessEqual(words.items(), defaults(self.page, "DESCRIPTION").items())

    def test_each_default_is_stated(self):
        defaults = re.findall(r"\[([^\]=$][^\]$]*)\]", self.help.split("\n\n")[1])
        self.assertGreater(len(defaults), 4)
        text = shown(self.page)
        for default in defaults:
            if default.startswith("openvmm-"):
                default = "the newest"
            # --help shows the folder of this build.
            default = re.sub(r"^/\S*(?=/gpalayoutd\.conf)", "/etc", default)
            for word in re.split(" beside |, if ", default):
                with self.subTest(word):
                    self.assertIn(word, text)

    def test_the_exit_statuses_are_those_of_the_help(self):
        listed = re.search(r"Exit status: (.*)", self.help, re.DOTALL).group(1)
        section = self.page.split(".Sh EXIT STATUS")[1]
        self.assertEqual(re.findall(r"(?m)^\.It (\d)", section), re.findall(r"(?<!\w)(\d)(?= )", listed))


class Configuration(unittest.TestCase):
    page = read("man", "gpalayoutd.conf.5")

    def test_the_keys_are_the_options_of_the_daemon(self):
        options = re.findall(r"(?m)^  --([a-z-]+)\[?(?:=([^\s\]]+))?", DaemonPage.help)
        no_keys = ("config", "check-config", "restore", "version", "help")
        self.assertEqual([head for head, _ in items(self.page, "KEYS")],
                         [f"{name}={value}" for name, value in options if name not in no_keys])

    def test_each_default_is_that_of_the_command_line(self):
        listed, mine = defaults(read("man", "gpalayoutd.8"), "DESCRIPTION"), defaults(self.page, "KEYS")
        self.assertGreater(len(listed), 5)
        self.assertLessEqual(listed.items(), mine.items())


class Protocol(DaemonTestCase):
    page = read("man", "gpalayout-protocol.7")
    document = json.loads(read("proto", "openrpc.json"))

    def rows(self, section):
        text = self.page.split(f"\n.Sh {section}\n")[1].split("\n.Sh ")[0]
        return [re.sub(r"\b(Ic|Va) ", "", row).split(" Ta ") for row in re.findall(r"(?m)^\.It (?!Sy)(.* Ta .*)$", text)]

    def test_the_methods_and_where_they_are_served_are_those_of_the_daemon(self):
        served = {}
        for method in self.document["methods"]:
            reply = self.daemon.call(method["name"], {"surplus": 1}, inspect=True)
            served[method["name"]] = "no" if reply["error"]["data"]["reason"] == "method_not_found" else "yes"
        rows = self.rows("METHODS")
        self.assertEqual({row[0]: row[2] for row in rows}, served)
        self.assertEqual([row[0] for row in rows], list(served))

    def test_the_parameters_are_those_of_the_methods(self):
        parameters = {method["name"]: {each["name"] for each in method["params"]} for method in self.document["methods"]}
        for name, listed, *_ in self.rows("METHODS"):
            with self.subTest(name):
                words = set(listed.split(", ")) - {"...", r"\(en"}
                if "..." in listed:
                    self.assertLess(words, parameters[name])
                else:
                    self.assertEqual(words, parameters[name])

    def test_the_reasons_are_those_of_the_errors(self):
        def reasons(value):
            if isinstance(value, dict):
                if "reason" in value.get("properties", ()):
                    reason = value["properties"]["reason"]
                    yield from reason.get("enum", [reason.get("const")])
                for each in value.values():
                    yield from reasons(each)
            elif isinstance(value, list):
                for each in value:
                    yield from reasons(each)

        section = self.page.split("\n.Sh REASONS OF ERRORS\n")[1].split("\n.Sh ")[0]
        listed = {reason for item in section.split("\n.It ")[1:] for reason in re.findall(r"(?m)^\.Cm (\w+)", item)}
        self.assertEqual(listed, set(reasons({name: schema for name, schema in self.document["components"]["schemas"].items()
                                            if name.endswith("Data")})))

    def test_the_limits_are_those_of_the_daemon(self):
        self.assertEqual({name: int(default) for name, default, _ in self.rows("LIMITS")},
                         self.daemon.call("daemon.info")["result"]["limits"])


def items(page, section):
    """Yields the list items of a section in the form of --help: (the text of .It, the text below it)."""
    text = page.split(f"\n.Sh {section}\n")[1].split("\n.Sh ")[0]
    for item in re.split(r"(?m)^\.It ", text)[1:]:
        head, _, body = item.partition("\n")
        head = re.sub(r"\b(Ic|Ar|Cm) ", "", head).replace("Fl -", "--").replace("Fl ", "-")
        yield re.sub(r" (?=,)|(?<=\[) | (?=\])", "", re.sub(r" ?\bNs ", "", head).replace("Oo", "[").replace("Oc", "]")), body


def defaults(page, section):
    """Returns the defaults that the items of a section state in one word: {option or key: default}."""
    found = ((re.match("(?:--)?([a-z-]*)", head)[1], re.search(r"by default,?\s+\.\w+ (\S+)|(\S+)\s+by default\.", body))
             for head, body in items(page, section))
    return {name: listed[1] or listed[2] for name, listed in found if listed}


def members(tree, path=""):
    """Yields the paths of all members of a tree. Elements of lists add nothing to a path."""
    for each in tree if isinstance(tree, list) else [tree]:
        for name, value in each.items() if isinstance(each, dict) else ():
            yield path + name
            yield from members(value, f"{path}{name}.")


class CommandPage(unittest.TestCase):
    page = read("man", "gpalayoutctl.1")

    def help(self, *command):
        """Returns what --help lists under each title."""
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

    def test_the_commands_that_take_a_request_are_listed(self):
        listed = self.page.split(".Sh REQUESTS FROM OPTIONS\n")[1].split("take a request.")[0]
        takers = [command.split()[0] for command in self.help()["Commands"]
                  if "Options of the request" in self.help(command.split()[0])]
        self.assertEqual(sorted(re.findall(r"\.Ic (\w+)", listed)), sorted(takers))

    def test_each_flag_of_a_request_sets_the_member_that_the_page_names(self):
        values = {"SIZE": "2M", "[size=]SIZE": "2M", "ADDR": "0", "N": "46", "SLOTS": "4", "NAME": "x", "RC": "a",
                  "[rc=]RC": "a", "RC=KIND": "a=amd-vi", "SIZE[,alignment=SIZE]": "2M,alignment=4M",
                  "NAME[,KEY=VALUE...]": "b", "NAME=START-END": "x=0-4096", "SIZE[,node=N][,alignment=SIZE]": "2G,node=0",
                  "NAME,size=SIZE,targets=RC[+RC...][,granularity=SIZE]": "w,size=1G,targets=b"}
        flags = [(head, body) for head, body in items(self.page, "REQUESTS FROM OPTIONS") if head.startswith("--")]
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

    def test_the_keys_of_a_root_complex_are_those_that_are_accepted(self):
        result = ctl("resolve", "--pcie-root-complex", "a,x")
        self.assertEqual(result.code, USAGE)
        known = re.search(r"the keys are (.*)", result.err).group(1).split(", ")
        listed = [head for head, _ in items(self.page, "REQUESTS FROM OPTIONS") if re.fullmatch(r"[a-z_]+", head)]
        self.assertEqual(sorted(listed), sorted(known))

    def test_the_exit_statuses_are_those_of_the_help_and_of_the_reasons(self):
        listed = ctl("--help").out.split("Exit status: ")[1]
        statuses = dict(items(self.page, "EXIT STATUS"))
        self.assertEqual(list(statuses), re.findall(r"(?<!\w)(\d)(?= )", listed))
        self.assertEqual({reason: int(status) for status, text in statuses.items()
                          for reason in re.findall(r"\.Cm (\w+)", text)}, STATUS)


def run_example(page, folder, *libraries, environment=None):
    """Builds the program in a page, runs it, and returns its output."""
    example = re.search(r"\.Bd -literal\n(#include.*?)\.Ed", page, re.DOTALL).group(1)
    source, program = os.path.join(folder, "example.c"), os.path.join(folder, "example")
    with open(source, "w", encoding="utf-8") as file:
        file.write(unescape(example))
    subprocess.run(["cc", "-Wall", "-Wextra", "-Werror", f"-I{TOP_SRCDIR}/include", "-o", program, source,
                    f"-L{BUILD}/.libs", *libraries], check=True, timeout=PATIENCE)
    return subprocess.run([program], capture_output=True, text=True, check=True, timeout=PATIENCE,
                          env={**os.environ, "LD_LIBRARY_PATH": f"{BUILD}/.libs", **(environment or {})})


class Core(unittest.TestCase):
    page = read("man", "libgpalayout.3")
    headers = "".join(read("include", "gpalayout", name) for name in os.listdir(os.path.join(TOP_SRCDIR, "include", "gpalayout"))
                      if name != "client.h")

    def test_the_page_lists_exactly_the_functions_of_the_headers(self):
        declared = set(re.findall(r"GPAL_API [^;(]*?\b(gpal_\w+)\(", self.headers))
        self.assertGreater(len(declared), 25)
        self.assertEqual(set(re.findall(r"\bFn (gpal_\w+)", self.page)), declared)

    def test_shown_declarations_match_the_headers(self):
        header = re.sub(r"\s+", " ", self.headers)
        for name, arguments in re.findall(r'(?m)^\.Fn (gpal_\w+) (".*")$', self.page):
            with self.subTest(name):
                parameters = ", ".join(re.findall('"(.*?)"', arguments))
                self.assertIn(f"{name}({parameters});", header)

    def test_the_page_lists_exactly_the_codes_of_the_header(self):
        declared = set(re.findall(r"(?m)^\t(GPAL_E_\w+) = ", read("include", "gpalayout", "error.h")))
        self.assertEqual(set(re.findall(r"(?m)^\.It Dv (GPAL_E_\w+)", self.page)), declared)

    @unittest.skipUnless(shutil.which("cc"), "needs a C compiler as cc")
    def test_the_example_compiles_and_prints_what_is_shown(self):
        with tempfile.TemporaryDirectory(prefix="gpalayoutd-test-") as folder:
            printed = run_example(self.page, folder, "-lgpalayout").stdout
        self.assertEqual(printed, unescape(self.page.split("\nprints\n.Bd -literal\n")[1].split(".Ed\n")[0]))


class Library(DaemonTestCase):
    page = read("man", "libgpalayout-client.3")
    header = read("include", "gpalayout", "client.h")

    def test_the_page_lists_exactly_the_functions_of_the_header(self):
        declared = set(re.findall(r"GPAL_API [^;(]*?\b(gpal_client_\w+)\(", self.header))
        self.assertGreater(len(declared), 20)
        self.assertEqual(set(re.findall(r"\bgpal_client_\w+", re.sub(r"struct gpal_client_\w+", "", self.page))), declared)

    def test_the_page_lists_exactly_the_codes_of_the_header(self):
        declared = set(re.findall(r"(?m)^\t(GPAL_E_\w+) = ", self.header))
        section = self.page.split(".Sh RETURN VALUES")[1].split(".Sh ENVIRONMENT")[0]
        self.assertEqual(set(re.findall(r"(?m)^\.It Dv (GPAL_E_\w+)", section)), declared | {"GPAL_E_NO_MEMORY"})

    @unittest.skipUnless(shutil.which("cc"), "needs a C compiler as cc")
    def test_the_example_compiles_and_runs(self):
        run = run_example(self.page, self.daemon.folder, "-lgpalayout-client", "-lgpalayout",
                          environment={"GPALAYOUT_SOCKET": self.daemon.socket})
        layout = self.daemon.call("layout.get", {"name": "vm-1"})["result"]["layout"]
        self.assertEqual((run.stderr, run.stdout), ("", f"RAM ends at {layout['end_of_ram']}\n"))


if __name__ == "__main__":
    main()
