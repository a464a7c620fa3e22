#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The examples of manual pages print what the page shows, and the tables of gpalayout-policy(7) agree with the
policies.

The examples of a page run in order and build on each other. Each page has a daemon and a folder of its own.
"""

import difflib
import os
import re
import shutil
import sys
import unittest

TOP_SRCDIR = os.path.abspath(os.environ.get("TOP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", "..")))
sys.path.insert(0, os.path.join(TOP_SRCDIR, "tests", "socket"))
sys.path.insert(0, os.path.join(TOP_SRCDIR, "tests", "man"))
sys.dont_write_bytecode = True  # the source tree may be read-only

from harness import DaemonTestCase, main
from page import PAGES, Runner, read, read_examples

FEWEST = {"gpalayoutd.conf.5": 3}  # 8 on the other pages

POLICY_PAGE = read(PAGES[0])


def format_default(size):
    """Formats a size of policy.list as the tables of the page do."""
    value = int(size, 16)
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB")):
        if value and value % unit == 0:
            return f"{value // unit} {name}"
    return str(value)


class Page(DaemonTestCase):
    def row(self, *cells):
        row = ".It " + " Ta ".join(cells)
        if f"\n{row}\n" not in POLICY_PAGE:
            self.fail(f"no row {row!r}")

    def test_there_are_enough_examples(self):
        for path in PAGES:
            self.assertGreaterEqual(len({example.title for example in read_examples(read(path))}), FEWEST.get(os.path.basename(path), 8), path)

    def test_the_tables_show_the_defaults_of_each_policy(self):
        for policy in self.daemon.call("policy.list")["result"]["policies"]:
            profiles = policy["defaults"]["profiles"]
            self.row(policy["name"], policy["defaults"]["pcie"]["ecam"].replace("-4gib", " 4 GiB"),
                     format_default(profiles["linux-direct-unenlightened"]["chipset"]["high_mmio"]),
                     format_default(profiles["linux-direct"]["memory"]["start"]["aarch64"]))
            self.row(policy["name"])  # the page must say where this policy comes from

    def test_the_tables_show_the_defaults_common_to_all_policies(self):
        policies = [policy["defaults"]["profiles"] for policy in self.daemon.call("policy.list")["result"]["policies"]]

        def common(profile, *members):
            values = set()
            for value in (policy[profile] for policy in policies):
                for member in members:
                    value = value[member]
                values.add(format_default(value))
            return values.pop() if len(values) == 1 else "policy"

        for profile in policies[0]:
            self.row(profile, common(profile, "chipset", "high_mmio"), common(profile, "vtl2", "chipset_mmio"),
                     common(profile, "memory", "start", "aarch64"))


@unittest.skipUnless(shutil.which("socat") and shutil.which("jq"), "needs socat and jq")
class Examples:
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = os.path.join(cls.daemon.folder, "examples")
        os.mkdir(folder)
        cls.runner = Runner(cls.daemon.socket, folder)

    def check(self, example):
        outputs, statuses = zip(*self.runner.run(example))
        shown = list(example.render(command.output for command in example.commands))
        printed = list(example.render(outputs))
        if shown != printed:
            self.fail("\n".join(difflib.unified_diff(shown, printed, "the page", "this daemon", lineterm="")))
        following = [command.lines for command in example.commands[1:]] + [None]
        for command, status, after in zip(example.commands, statuses, following):
            if status != 0 and after != ["echo $?"]:
                self.fail(f"exit status {status}, which the page does not show:\n" + "\n".join(command.lines))


def test_case(path):
    """Makes a class with a test for each example of a page. unittest runs them in the order of their names."""
    tests = {}
    for number, example in enumerate(read_examples(read(path)), 1):
        words = re.sub(r"\W+", "_", example.title).strip("_").lower()
        tests[f"test_{number:02}_{words}"] = lambda self, example=example: self.check(example)
    return type(re.sub(r"\W+", "_", os.path.basename(path)), (Examples, DaemonTestCase), tests)


globals().update({case.__name__: case for case in map(test_case, PAGES)})

if __name__ == "__main__":
    main()
