#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the daemon's replies into proto/examples/.

    GPALAYOUTD=build/gcc/gpalayoutd tests/proto/record.py [NAME...]

Run it after you have written a new example without its reply, or after a deliberate change of the protocol. Write a
step that waits for a notification as {"notification": null}. NAME, such as 04-resolve-shared-segment, limits it to some
examples. It prints which files it changed.

Read the change before you keep it, and work out by hand where each range belongs: the tests can only check that the
daemon still answers as recorded. A released policy never moves an address. So a new address in an old example is
a fault of the daemon, unless the example names no policy and the default policy is a new one.

A reply that is compared only by its schema is kept as long as it matches the schema. In a new one, paths are replaced
by those of an installed daemon.
"""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "socket"))

sys.dont_write_bytecode = True

import corpus
import harness


SCHEMAS = corpus.Schemas(corpus.load_document())


def installed(value, daemon):
    """Returns a reply as a daemon with default paths would send it."""
    text = json.dumps(value)
    text = text.replace(daemon.socket, "/run/gpalayoutd/control.sock")
    text = text.replace(daemon.inspect_socket, "/run/gpalayoutd/inspect.sock")
    text = text.replace(daemon.state, "/var/lib/gpalayoutd")
    return corpus.loads(text)


def record(example, daemon):
    for step, message in example.play(daemon):
        old = step.content.pop(step.answer, None)
        if not step.exact:
            message = installed(message, daemon) if SCHEMAS.step_faults(step, old) else old
        # The message goes last.
        step.content[step.answer] = message
    content = dict(example.content)
    if example.has_own_daemon:
        content.pop("varies", None)
        steps = content.pop("steps")
        if example.varying():
            content["varies"] = example.varying()
        content["steps"] = steps
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
    with harness.Daemon() as shared:
        for example in examples:
            if names and example.name not in names:
                continue
            if example.has_own_daemon:
                with harness.Daemon(*example.options) as daemon:
                    changed = record(example, daemon)
            else:
                changed = record(example, shared)
            if changed:
                print(example.name)


if __name__ == "__main__":
    main()
