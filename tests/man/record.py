#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the examples of the manual pages and writes their output into the pages.

    GPALAYOUTD=build/gcc/gpalayoutd GPALAYOUTCTL=build/gcc/gpalayoutctl tests/man/record.py

Run it after you have written a new example without its output, or after a deliberate change of what gpalayoutctl
prints. Read the change before you keep it: a new address in an old example is a fault of the daemon, or the effect of a
new default policy. The sentences around the example must be true of the new output.
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
    # Goes from the last example to the first, so that line numbers stay valid.
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
