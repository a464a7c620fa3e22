# SPDX-License-Identifier: MIT
"""Finds the examples of manual pages, runs them, and formats them with their output.

An example is a literal display in EXAMPLES. A line that begins with "$ " is a command. It continues on the next line
while it ends with a backslash or leaves a brace open. The lines up to the next command are its output, on stdout or
stderr. A command that fails is followed by "$ echo $?", which prints its status.
"""

import os
import re
import subprocess

from harness import GPALAYOUTCTL, PATIENCE, TOP_SRCDIR

# The pages whose examples are commands.
PAGES = [os.path.join(TOP_SRCDIR, "man", name) for name in (
    "gpalayout-policy.7", "gpalayout-protocol.7", "gpalayoutctl.1", "gpalayoutd.conf.5")]

ESCAPES = {r"\-": "-", r"\e": "\\", r"\&": ""}


class PageError(Exception):
    pass


def read(path):
    with open(path, encoding="utf-8") as page:
        return page.read()


def unescape(text):
    def character(match):
        if match[0] not in ESCAPES:
            raise PageError(f"escape {match[0]!r} in {text!r}: examples may use only {', '.join(ESCAPES)}")
        return ESCAPES[match[0]]
    return re.sub(r"\\.?", character, text)


def escape(text):
    text = text.replace("\\", r"\e").replace("-", r"\-")
    # roff would read such a line as a request.
    return r"\&" + text if text.startswith((".", "'")) else text


class Command:
    def __init__(self, lines):
        self.lines = lines  # without the prompt
        self.output = []    # lines, as the page has them

    def is_open(self):
        """True if the next line belongs to the command."""
        text = "\n".join(self.lines)
        return text.endswith("\\") or text.count("{") > text.count("}")


class Example:
    def __init__(self, title, first, last, lines):
        self.title = title
        self.first, self.last = first, last  # the lines in the page, as a slice
        self.commands = []
        for line in lines:
            if self.commands and self.commands[-1].is_open() and not self.commands[-1].output:
                self.commands[-1].lines.append(line)
            elif line.startswith("$ "):
                self.commands.append(Command([line[2:]]))
            elif self.commands:
                self.commands[-1].output.append(line)
            else:
                raise PageError(f"{title}: the display begins with no command but {line!r}")
        if not self.commands:
            raise PageError(f"{title}: the display is empty")

    def render(self, outputs):
        """Yields the lines of the display, with these outputs of the commands."""
        for command, output in zip(self.commands, outputs):
            prompt = "$ "
            for line in command.lines:
                yield prompt + line
                prompt = ""
            yield from output


def read_examples(text):
    """Returns the examples of the page, in order."""
    section = title = first = None
    examples = []
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line.startswith(".Sh "):
            section = line[4:]
        elif line.startswith(".Ss "):
            title = line[4:]
        elif section != "EXAMPLES":
            continue
        elif line.startswith(".Bd "):
            first = number + 1
        elif line.startswith(".Ed"):
            examples.append(Example(title, first, number, [unescape(line) for line in lines[first:number]]))
    return examples


def environment(socket):
    """An environment with client and daemon on the path, in which the client uses this socket."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("GPALAYOUT")}
    return others | {"GPALAYOUT_SOCKET": socket, "LC_ALL": "C",
                     "PATH": os.path.dirname(GPALAYOUTCTL) + os.pathsep + os.environ["PATH"]}


class Runner:
    """Runs examples in a folder, with the daemon of a socket."""

    def __init__(self, socket, folder):
        self.folder = folder
        self.env = environment(socket)

    def run(self, example):
        """Yields the lines that each command prints, and its exit status."""
        status = 0
        for command in example.commands:
            # As on a terminal, $? is the status of the previous command.
            script = f"(exit {status})\n" + "\n".join(command.lines)
            done = subprocess.run(["/bin/sh", "-c", script], cwd=self.folder, env=self.env,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  timeout=PATIENCE, check=False)
            status = done.returncode
            yield done.stdout.decode("utf-8", "backslashreplace").splitlines(), status
