# SPDX-License-Identifier: MIT
"""Reads the OpenRPC document and the examples in proto/.

An example is a file proto/examples/NN-name.json:

    description  why the example exists
    request      the message to send, or raw: the line to send, where it is not a request
    reply        the message that comes back
    compare      "exact" (the default), or "schema" where a reply varies with the daemon
"""

import json
import os
import textwrap

from jsonschema import Draft202012Validator

PROTO = os.path.join(
    os.path.abspath(os.environ.get("TOP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", ".."))),
    "proto")
EXAMPLES = os.path.join(PROTO, "examples")
WIDTH = 120


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


class Example:
    def __init__(self, path):
        self.path = path
        self.name = os.path.basename(path)[:-len(".json")]
        self.text = read(path)
        self.content = loads(self.text)

    @property
    def request(self):
        return self.content.get("request")

    @property
    def reply(self):
        return self.content["reply"]

    @property
    def error(self):
        return self.reply.get("error")

    @property
    def exact(self):
        return self.content.get("compare", "exact") == "exact"

    def line(self):
        """The bytes to send, without the line end."""
        if "raw" in self.content:
            return self.content["raw"].encode()
        return json.dumps(self.request, ensure_ascii=False, separators=(",", ":")).encode()

    @property
    def method(self):
        return self.request["method"] if self.request else None


def load_examples():
    names = sorted(name for name in os.listdir(EXAMPLES) if name.endswith(".json"))
    return [Example(os.path.join(EXAMPLES, name)) for name in names]


class Schemas:
    """Validators for the parts of an OpenRPC document, made once each."""

    def __init__(self, document):
        self.document = document
        self.methods = {method["name"]: method for method in document["methods"]}
        self.validators = {}

    def validator(self, key, make_schema):
        if key not in self.validators:
            # References lead from the root, so the root holds the components.
            schema = {"allOf": [make_schema()], "components": self.document["components"]}
            self.validators[key] = Draft202012Validator(schema)
        return self.validators[key]

    def component(self, name):
        return self.validator(("component", name), lambda: {"$ref": f"#/components/schemas/{name}"})

    def params(self, method):
        """All parameters of a method as one object."""
        def make():
            params = self.methods[method]["params"]
            return {
                "type": "object",
                "additionalProperties": False,
                "required": [param["name"] for param in params if param.get("required")],
                "properties": {param["name"]: param["schema"] for param in params},
            }
        return self.validator(("params", method), make)

    def result(self, method):
        return self.validator(("result", method), lambda: self.methods[method]["result"]["schema"])

    def faults(self, validator, value):
        """What is wrong with a value, one line for each fault."""
        return [f"{'/'.join(map(str, fault.absolute_path)) or '(root)'}: {fault.message[:300]}"
                for fault in validator.iter_errors(value)]

    def reply_faults(self, method, reply):
        """Faults of a whole reply to a method, or of an error to no known method."""
        faults = self.faults(self.component("ReplyMessage"), reply)
        if not faults and "result" in reply:
            faults = self.faults(self.result(method), reply["result"])
        return faults


def render(value, indent=0, before=0):
    """JSON text, two spaces a level; what fits on a line behind `before` columns is on one line."""
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
