#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs README.md and then proto/README.md, from top to bottom, with one daemon and one folder.

A block marked sh is a script: its commands must succeed and print no errors, and no reply may be an error. A block that
begins with "$ " is a session: its commands must print the lines below them, in which "..." stands for any lines.
Times, revisions and users are not compared. The commands that build gpalayoutd and start it are not run: it is built
already, and the test starts it. The functions that CONTRIBUTING.md names on the path of a request must exist.
"""

import difflib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import unittest

TOP_SRCDIR = os.path.abspath(os.environ.get("TOP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", "..")))
sys.path.insert(0, os.path.join(TOP_SRCDIR, "tests", "socket"))
sys.path.insert(0, os.path.join(TOP_SRCDIR, "tests", "man"))
sys.dont_write_bytecode = True  # the source tree may be read-only

from harness import PATIENCE, DaemonTestCase, main
from page import Example, environment

DOCUMENTS = ("README.md", "proto/README.md")
INSTALLED = "/run/gpalayoutd/"
SETTING_UP = re.compile(r"(\./bootstrap|gpalayoutd) ")
END = "end of the command, status"


def read_blocks(name):
    """Yields the blocks of a document that can be run, in order: the kind of each, and its lines."""
    with open(os.path.join(TOP_SRCDIR, name), encoding="utf-8") as file:
        for kind, text in re.findall(r"^```(\w*)\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL):
            if kind == "sh" or text.startswith("$ "):
                yield kind, text.splitlines()


def until_interrupted(line):
    """Changes a command that follows events so that it exits after the first output."""
    if "ignoreeof" not in line:
        return line
    return f"rm -f followed\n{line} >followed &\nuntil [ -s followed ]; do sleep 0.01; done; kill $!; cat followed"


class Shell:
    """A shell that runs one command after another and keeps what they set."""

    def __init__(self, daemon, folder):
        self.daemon = daemon
        self.folder = folder
        self.process = subprocess.Popen(["/bin/sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, cwd=folder,
                                        env=environment(daemon.socket))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.communicate()

    def run(self, text, errors="&1"):
        """Returns the lines that a command prints. It is a failure if the shell itself exits."""
        text = text.replace(INSTALLED, self.daemon.folder + "/")
        self.process.stdin.write(f"{{ {text}\n}} </dev/null 2>{errors}\nprintf '\\n{END} %d\\n' $?\n")
        self.process.stdin.flush()
        watchdog = threading.Timer(PATIENCE, self.process.kill)
        watchdog.start()
        lines = []
        for line in self.process.stdout:
            if line.startswith(END):
                watchdog.cancel()
                return ("".join(lines)[:-1]).replace(self.daemon.folder + "/", INSTALLED).splitlines()
            lines.append(line)
        watchdog.cancel()
        raise AssertionError(f"the shell exits after this:\n{text}\nand prints:\n{''.join(lines)}{self.errors()}")

    def errors(self):
        """Returns the standard error of the last script, or "" if no script has run."""
        try:
            with open(os.path.join(self.folder, "errors"), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""


def comparable(lines):
    """Returns the lines with the words TIME, REVISION and USER in place of times, revisions and users."""
    text = re.sub(r"(?m)\S+ +(CREATED|\d{4}-\d\d-\d\dT[\d:.]+Z)$", "USER  TIME", "\n".join(lines))
    text = re.sub(r"(?m)^\d{16}  [\d-]+T[\d:.]+Z  (.*)  \S+ +(?=sha256:)", r"REVISION  TIME  \1  USER  ", text)
    return text.split("\n")


def agree(shown, printed):
    pattern = "".join("(?:.*\n)*?" if line == "..." else re.escape(line) + "\n" for line in comparable(shown))
    return re.fullmatch(pattern, "".join(line + "\n" for line in comparable(printed)))


@unittest.skipUnless(shutil.which("socat") and shutil.which("jq"), "needs socat and jq")
class Documents(DaemonTestCase):
    def run_script(self, shell, lines):
        lines = [until_interrupted(line) for line in lines if not SETTING_UP.match(line)]
        printed = shell.run("\n".join(["set -e", *lines, "set +e"]), "errors")
        self.assertEqual(shell.errors(), "", lines)
        replies = [json.loads(line) for line in printed if line.startswith('{"jsonrpc"')]
        self.assertEqual([reply["error"] for reply in replies if "error" in reply], [])

    def run_session(self, shell, lines):
        for command in Example("session", 0, 0, lines).commands:
            printed = shell.run("\n".join(command.lines))
            if not agree(command.output, printed):
                self.fail("\n".join([*command.lines, *difflib.unified_diff(
                    command.output, printed, "the document", "this daemon", lineterm="")]))

    def test_the_documents_run_from_top_to_bottom(self):
        folder = os.path.join(self.daemon.folder, "documents")
        os.mkdir(folder)
        for name in DOCUMENTS:
            blocks = list(read_blocks(name))
            self.assertGreater(len(blocks), 3)
            with Shell(self.daemon, folder) as shell:
                for kind, lines in blocks:
                    (self.run_script if kind == "sh" else self.run_session)(shell, lines)


class Contributing(unittest.TestCase):
    def test_the_functions_on_the_path_of_a_request_exist(self):
        with open(os.path.join(TOP_SRCDIR, "CONTRIBUTING.md"), encoding="utf-8") as file:
            way = re.search(r"## The path of one request\n.*?```\n(.*?)```", file.read(), re.DOTALL).group(1)
        steps = re.findall(r"(?m)^[SW ] (\S+\.c) +(\w+)\(\)", way)
        self.assertEqual(len(steps), len(way.splitlines()))
        for name, function in steps:
            with open(os.path.join(TOP_SRCDIR, "src", name), encoding="utf-8") as source:
                self.assertRegex(source.read(), rf"(?m)^[a-z].*\b{function}\(", name)


if __name__ == "__main__":
    main()
