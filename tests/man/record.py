#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes what the examples of the manual pages print into the pages.

    GPALAYOUTD=build/gpalayoutd GPALAYOUTCTL=build/gpalayoutctl tests/man/record.py

Run it after a new example has been written without its output, or after a deliberate change
of what gpalayoutctl prints. Read the change before it is kept: an address that is new in an
old example is a fault of the daemon, or the work of a new default policy, and the sentences
around the example have to be true of it.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "socket"))

sys.dont_write_bytecode = True

import harness
from page import PAGES, Runner, escape, read, read_examples


def record(text, runner):
    lines = text.splitlines()
    recorded = [(example, [output for output, _ in runner.run(example)]) for example in read_examples(text)]
    # From the last one, so that the numbers of lines stay true.
    for example, outputs in reversed(recorded):
        lines[example.first:example.last] = [escape(line) for line in example.render(outputs)]
    return "\n".join(lines) + "\n"


def main():
    for path in PAGES:
        text = read(path)
        with harness.Daemon() as daemon:
            folder = os.path.join(daemon.folder, "examples")
            os.mkdir(folder)
            new = record(text, Runner(daemon.socket, folder))
        if new != text:
            with open(path, "w", encoding="utf-8") as page:
                page.write(new)
            print(path)


if __name__ == "__main__":
    main()
