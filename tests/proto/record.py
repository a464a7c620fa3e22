#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the daemon's replies into proto/examples/.

    GPALAYOUTD=build/gpalayoutd tests/proto/record.py [NAME...]

Run it after a new example has been written without its reply, or after a
deliberate change of the protocol; NAME, such as 04-resolve-shared-segment, limits
it to some examples. It prints which files it changed. Read the change before it is
kept: work out by hand where each range belongs, because the tests can only say that
the daemon still answers as recorded. A released policy never moves an address, so a
new address in an old example is a fault of the daemon and not a new recording.

Paths and version in the reply of an example that is compared by schema alone are
replaced by the ones of an installed daemon.
"""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "socket"))

sys.dont_write_bytecode = True

import corpus
import harness


def installed(value, daemon):
    """A reply as a daemon with default paths would give it."""
    text = json.dumps(value)
    text = text.replace(daemon.socket, "/run/gpalayoutd/control.sock")
    text = text.replace(daemon.inspect_socket, "/run/gpalayoutd/inspect.sock")
    return corpus.loads(text)


def record(example, daemon):
    with daemon.connect() as client:
        client.send(example.line() + b"\n")
        client.shutdown()
        reply = corpus.loads(client.read_line())
        if client.read_line() is not None:
            sys.exit(f"{example.name}: more than one reply")
    if not example.exact:
        reply = installed(reply, daemon)
    content = dict(example.content)
    content.pop("reply", None)
    content["reply"] = reply
    text = corpus.render(content) + "\n"
    if text == example.text:
        return False
    with open(example.path, "w", encoding="utf-8") as file:
        file.write(text)
    return True


def main():
    names = sys.argv[1:]
    examples = corpus.load_examples()
    unknown = set(names) - {example.name for example in examples}
    if unknown:
        sys.exit(f"no such example: {', '.join(sorted(unknown))}")
    with harness.Daemon() as daemon:
        for example in examples:
            if names and example.name not in names:
                continue
            if record(example, daemon):
                print(example.name)


if __name__ == "__main__":
    main()
