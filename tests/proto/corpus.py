# SPDX-License-Identifier: MIT
"""Reads the OpenRPC document and the examples in proto/.

An example is a file proto/examples/NN-name.json:

    description  why the example exists
    request      the message to send, or raw: the line to send, if it is not a request
    reply        the expected message
    compare      "exact" (the default), or "schema" if the whole reply describes the daemon

An example that changes something, or depends on a change, has steps instead. They are run in order, with a daemon of
their own that keeps no layouts at first:

    description  why the example exists
    limits       limits of that daemon that are not the defaults
    varies       the members whose values vary from run to run
    steps        each has a request, or raw, with its reply and how to compare it; or it
                 has a notification, which the daemon sends by itself. "socket" is
                 "inspect" if it is not the control socket. The steps of a socket share
                 one connection. A step may have a description, too.

Members that vary are compared, too. Examples are written as if the user UID had made the registry at START. A Run
converts between that and what the daemon really sends and receives.
"""

import datetime
import json
import os
import re
import textwrap
import time

import fastjsonschema
from jsonschema import Draft202012Validator

PROTO = os.path.join(
    os.path.abspath(os.environ.get("TOP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", ".."))),
    "proto")
EXAMPLES = os.path.join(PROTO, "examples")
WIDTH = 120

UID = 1000
START = "2026-01-01T00:00:00.000Z"
START_REVISION = 1767225600000000  # the microseconds of START

REVISIONS = {"revision", "oldest_since", "since"}
TIMES = {"created_at", "updated_at", "at"}
UIDS = {"owner_uid", "uid"}
VARYING = REVISIONS | TIMES | UIDS


def loads(text):
    """Parses JSON and refuses an object that has a member twice."""
    def unique(members):
        value = dict(members)
        if len(value) != len(members):
            raise ValueError(f"a member twice: {[name for name, _ in members]}")
        return value
    return json.loads(text, object_pairs_hook=unique)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def load_document():
    return loads(read(os.path.join(PROTO, "openrpc.json")))


class Step:
    """A line to send with its reply, or a notification."""

    def __init__(self, content):
        self.content = content

    @property
    def request(self):
        return self.content.get("request")

    @property
    def method(self):
        return self.request["method"] if self.request else None

    @property
    def sends(self):
        return "request" in self.content or "raw" in self.content

    @property
    def inspect(self):
        return self.content.get("socket") == "inspect"

    @property
    def answer(self):
        """The name of the member that holds the expected message."""
        return "reply" if self.sends else "notification"

    @property
    def reply(self):
        return self.content.get("reply")

    @property
    def error(self):
        return self.reply.get("error") if self.reply else None

    @property
    def exact(self):
        return self.content.get("compare", "exact") == "exact"

    def line(self, run):
        """Returns the bytes to send, without the line end."""
        if "raw" in self.content:
            return self.content["raw"].encode()
        return json.dumps(run.sent(self.request), ensure_ascii=False, separators=(",", ":")).encode()


class Example:
    def __init__(self, path):
        self.path = path
        self.name = os.path.basename(path)[:-len(".json")]
        self.text = read(path)
        self.content = loads(self.text)

    @property
    def has_own_daemon(self):
        return "steps" in self.content

    @property
    def options(self):
        """Options of the daemon."""
        return [f"--limit={name}={value}" for name, value in self.content.get("limits", {}).items()]

    @property
    def steps(self):
        """The steps. An example without steps is one step."""
        return [Step(content) for content in self.content.get("steps", [self.content])]

    @property
    def error(self):
        """The error in the last reply, or None."""
        return [step for step in self.steps if step.sends][-1].error

    def varying(self):
        """The names of the members that vary, in everything that is compared exactly."""
        def names(value):
            if isinstance(value, dict):
                for name, item in value.items():
                    if name in VARYING:
                        yield name
                    yield from names(item)
            elif isinstance(value, list):
                for item in value:
                    yield from names(item)
        return sorted({name for step in self.steps if step.exact for name in names(step.content)})

    def play(self, daemon, inspect=False):
        """Runs the steps. Yields each with the received message, converted to the form of the example. If `inspect` is
        set, all steps use the inspect socket."""
        run = Run(daemon)
        clients = {}
        try:
            for step in self.steps:
                where = inspect or step.inspect
                if where not in clients:
                    clients[where] = daemon.connect(where)
                if step.sends:
                    clients[where].send(step.line(run) + b"\n")
                line = clients[where].read_line()
                if line is None:
                    raise AssertionError(f"{self.name}: no {step.answer}")
                yield step, run.received(loads(line))
            for client in clients.values():
                client.shutdown()
                line = client.read_line()
                if line is not None:
                    raise AssertionError(f"{self.name}: one line more than there should be: {line[:300]}")
        finally:
            for client in clients.values():
                client.close()


class Run:
    """One run of an example. It converts between the messages of the example and those of the daemon."""

    def __init__(self, daemon):
        self.revision = daemon.call("layout.list", {"limit": 1})["result"]["revision"]
        # The daemon truncates its times to milliseconds.
        self.begin = time.time() - 0.001

    def sent(self, message):
        """Converts a message to send. A revision below START_REVISION, of another registry, does not change."""
        def convert(name, value):
            if name in REVISIONS and value >= START_REVISION:
                return value - START_REVISION + self.revision
            return value
        return convert_members(message, convert)

    def received(self, message):
        def revision(value):
            return value - self.revision + START_REVISION

        def in_text(found):
            number = int(found[0])
            return str(revision(number) if 0 <= number - self.revision < 1000 else number)

        def convert(name, value):
            if name in REVISIONS:
                return revision(value)
            if name == "message":
                return re.sub(r"\b[0-9]{16}\b", in_text, value)
            if name in UIDS:
                return UID if value == os.getuid() else value
            if name in TIMES:
                return START if self.begin <= seconds(value) <= time.time() else value
            return value
        return convert_members(message, convert)


def convert_members(value, convert):
    """Returns a copy of a JSON value in which `convert(name, value)` replaces each scalar member."""
    if isinstance(value, dict):
        return {name: convert_members(item, convert) if isinstance(item, (dict, list)) else convert(name, item)
                for name, item in value.items()}
    if isinstance(value, list):
        return [convert_members(item, convert) for item in value]
    return value


def seconds(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()


def load_examples():
    names = sorted((name for name in os.listdir(EXAMPLES) if name.endswith(".json")),
                   key=lambda name: int(name.split("-")[0]))
    return [Example(os.path.join(EXAMPLES, name)) for name in names]


class Checker:
    """A compiled schema: jsonschema itself would take most of a test's time for thousands of values.

    jsonschema also validates one value in SAMPLE, and both must agree.
    """

    SAMPLE = 50
    judged = 0

    def __init__(self, schema):
        self.compiled = fastjsonschema.compile(schema, use_default=False)
        self.reference = Draft202012Validator(schema)

    def faults(self, value):
        """Returns a list with the first fault of a value, or an empty list."""
        try:
            self.compiled(value)
            faults = []
        except fastjsonschema.JsonSchemaValueException as fault:
            faults = [fault.message[:300]]
        Checker.judged += 1
        if Checker.judged % self.SAMPLE == 0 and self.reference.is_valid(value) != (not faults):
            raise AssertionError(f"jsonschema and fastjsonschema do not agree on {value!r}: {faults}")
        return faults


class Schemas:
    """Makes one checker for each part of an OpenRPC document."""

    def __init__(self, document):
        self.document = document
        self.methods = {method["name"]: method for method in document["methods"]}
        self.notifications = {notification["name"]: notification for method in document["methods"]
                              for notification in method.get("x-notifications", [])}
        self.checkers = {}

    def checker(self, key, make_schema):
        if key not in self.checkers:
            # References start at the root, so the root holds the components.
            schema = {"allOf": [make_schema()], "components": self.document["components"]}
            self.checkers[key] = Checker(schema)
        return self.checkers[key]

    def component(self, name):
        return self.checker(("component", name), lambda: {"$ref": f"#/components/schemas/{name}"})

    def params(self, name):
        """Checks all parameters of a method, or of a notification, as one object."""
        def make():
            method = self.methods.get(name) or self.notifications[name]
            params = method["params"]
            return {
                "type": "object",
                "additionalProperties": False,
                "required": [param["name"] for param in params if param.get("required")],
                "properties": {param["name"]: param["schema"] for param in params},
                **method.get("x-params", {}),
            }
        return self.checker(("params", name), make)

    def result(self, method):
        return self.checker(("result", method), lambda: self.methods[method]["result"]["schema"])

    def reply_faults(self, method, reply):
        """Returns the faults of a whole reply to a method, or of an error reply to an unknown method."""
        faults = self.component("ReplyMessage").faults(reply)
        if not faults and "result" in reply:
            faults = self.result(method).faults(reply["result"])
        return faults

    def notification_faults(self, message):
        """Returns the faults of a whole notification."""
        faults = self.component("NotificationMessage").faults(message)
        return faults or self.params(message["method"]).faults(message["params"])

    def step_faults(self, step, message):
        """Returns the faults of the message received for a step of an example."""
        return self.reply_faults(step.method, message) if step.sends else self.notification_faults(message)


def render(value, indent=0, before=0):
    """Formats JSON with two spaces a level. A value that fits on its line after `before` columns is not split."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or not value or before + len(flat) < WIDTH:
        return flat
    pad = " " * (indent + 2)
    if isinstance(value, list) and not any(isinstance(item, (dict, list)) for item in value):
        # Many short values, such as the slots of virtio-mmio, fill the lines.
        text = textwrap.fill(", ".join(map(json.dumps, value)), WIDTH - 1, initial_indent=pad,
                             subsequent_indent=pad, break_long_words=False, break_on_hyphens=False)
        return "[\n" + text + "\n" + " " * indent + "]"
    if isinstance(value, dict):
        brackets = "{}"
        names = [json.dumps(name, ensure_ascii=False) + ": " for name in value]
        items = list(value.values())
    else:
        brackets = "[]"
        names = [""] * len(value)
        items = value
    lines = [pad + name + render(item, indent + 2, len(pad + name)) for name, item in zip(names, items)]
    return brackets[0] + "\n" + ",\n".join(lines) + "\n" + " " * indent + brackets[1]
