#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""proto/gpalayout.proto has the methods of src/server/methods.c, and the members of proto/openrpc.json with matching
types. Its field numbers never change: field_numbers.txt lists all numbers ever used. With --record this script adds new
ones to the list."""

import os
import sys
import unittest

from ttrpc_harness import RPCS, TOP_SRCDIR, Daemon, Refused, frame, gpalayout_pb2, reply_class, request_bytes

import corpus
import harness
from gpalayout_ttrpc import METHODS
from google.protobuf.descriptor import FieldDescriptor

NUMBERS = os.path.join(TOP_SRCDIR, "tests", "ttrpc", "field_numbers.txt")
DOCUMENT = corpus.load_document()
SCHEMAS = DOCUMENT["components"]["schemas"]
JSON_METHODS = {method["name"]: method for method in DOCUMENT["methods"]}
MESSAGES = gpalayout_pb2.DESCRIPTOR.message_types_by_name

SIZE_SCHEMAS = {"Size", "Address", "SizeIn"}
KINDS = {
    FieldDescriptor.TYPE_UINT64: "size",
    FieldDescriptor.TYPE_INT64: "integer",
    FieldDescriptor.TYPE_UINT32: "integer",
    FieldDescriptor.TYPE_BOOL: "boolean",
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_BYTES: "string",
    FieldDescriptor.TYPE_MESSAGE: "object",
}

# Members of JSON that have no field in protobuf.
WITHOUT_FIELD = {"ErrorData.offset"}  # an offset in the text of a line


def is_map(field):
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def forms(schema):
    """Returns the forms that a value may have: schemas without references and alternatives, and "size"."""
    if schema.get("$ref", "").rpartition("/")[2] in SIZE_SCHEMAS:
        return ["size"]
    found = []
    if "$ref" in schema:
        found += forms(SCHEMAS[schema["$ref"].rpartition("/")[2]])
    for word in ("oneOf", "anyOf", "allOf"):
        for each in schema.get(word, []):
            found += forms(each)
    if schema.keys() & {"type", "properties", "const", "enum", "items"}:
        found.append(schema)
    return found


def kind(form):
    if form == "size":
        return "size"
    if "type" in form:
        return form["type"]
    if "properties" in form:
        return "object"
    value = form.get("const", form.get("enum", [None])[0])
    return {str: "string", bool: "boolean", int: "integer"}.get(type(value), "nothing")


def members(objects):
    """Returns the schemas of each member in the forms of an object, and whether every form requires the member."""
    schemas, required = {}, {}
    objects = [form for form in objects if form.get("properties")]
    for form in objects:
        for name, schema in form["properties"].items():
            if schema is not False:
                schemas.setdefault(name, []).append(schema)
    # A form that is not closed adds conditions to another one, in some cases.
    closed = [form for form in objects if "additionalProperties" in form] or objects
    for name in schemas:
        required[name] = all(name in form.get("required", []) for form in closed)
    return schemas, required


class Walk:
    """Compares messages with their schemas."""

    def __init__(self):
        self.faults = []
        self.seen = set()  # messages
        self.windows = []  # forms of all windows; not each has every form

    def object(self, message, objects):
        schemas, required = members(objects)
        self.fields(message, schemas, required)

    def fields(self, message, schemas, required):
        self.seen.add(message.name)
        for name in sorted(schemas.keys() - message.fields_by_name.keys()):
            if f"{message.name}.{name}" not in WITHOUT_FIELD:
                self.faults.append(f"{message.name} has no field {name}")
        for name, field in message.fields_by_name.items():
            if name not in schemas:
                self.faults.append(f"{message.name}.{name} is no member")
                continue
            self.field(field, [form for schema in schemas[name] for form in forms(schema)])
            is_scalar = field.message_type is None and field.label != FieldDescriptor.LABEL_REPEATED
            if is_scalar and (field.containing_oneof is None) != required[name]:
                self.faults.append(f"{message.name}.{name} is {'' if required[name] else 'not '}required in JSON")

    def field(self, field, given):
        where = f"{field.containing_type.name}.{field.name}"
        if is_map(field):
            for form in given:
                values = form.get("additionalProperties")
                if values:
                    self.field(field.message_type.fields_by_name["value"], forms(values))
                elif form.get("properties"):
                    for schema in form["properties"].values():
                        self.field(field.message_type.fields_by_name["value"], forms(schema))
            return
        if field.label == FieldDescriptor.LABEL_REPEATED:
            lists = [form for form in given if kind(form) == "array"]
            if not lists or any(kind(form) != "array" and form.get("const") != "all" for form in given):
                self.faults.append(f"{where} is a list, but not in JSON")
            given = [form for each in lists for form in forms(each["items"])]
        kinds = {kind(form) for form in given}
        wanted = KINDS[field.type]
        if field.message_type is not None and field.message_type.name == "Window":
            kinds -= {"size", "null"}  # forms that are objects in protobuf
        if where == "CxlWindowRequest.granularity" and kinds == {"integer", "string"}:
            kinds = {"size"}  # a number in answers
        if where == "OptionInForce.value":
            kinds -= {"null"}  # no value
        if kinds != {wanted}:
            self.faults.append(f"{where} is of kind {wanted}, in JSON {sorted(kinds)}")
        elif field.message_type is not None and field.message_type.name == "Window":
            self.windows += [form for form in given if kind(form) == "object"]
        elif wanted == "object":
            self.object(field.message_type, [form for form in given if kind(form) == "object"])


def all_fields():
    """Yields the full name and the descriptor of each field."""
    def walk(message):
        for field in message.fields:
            yield f"{message.full_name}.{field.name}", field
        for nested in message.nested_types:
            yield from walk(nested)
    for message in MESSAGES.values():
        yield from walk(message)


def described(name, field):
    types = {value: name[len("TYPE_"):].lower() for name, value in vars(FieldDescriptor).items()
             if name.startswith("TYPE_")}
    label = "repeated " if field.label == FieldDescriptor.LABEL_REPEATED else ""
    type_name = field.message_type.full_name if field.message_type is not None else types[field.type]
    return f"{name} = {field.number} {label}{type_name}"


def read_numbers():
    with open(NUMBERS, encoding="utf-8") as file:
        return [line.rstrip("\n") for line in file if not line.startswith("#")]


class Methods(unittest.TestCase):
    def test_each_rpc_is_a_method(self):
        self.assertEqual(sorted(RPCS.values()), sorted(METHODS.keys()))
        self.assertEqual(len(set(RPCS.values())), len(RPCS))
        self.assertEqual(sorted(RPCS), sorted(JSON_METHODS))

    def test_messages_are_named_for_their_rpc(self):
        for name, method in METHODS.items():
            self.assertEqual((method.input_type.name, method.output_type.name), (f"{name}Request", f"{name}Reply"))

    def test_each_rpc_is_served(self):
        with Daemon("--store=memory") as daemon, daemon.frames() as client:
            for number, name in enumerate(METHODS):
                # The payload is broken, so the daemon finds only the method.
                client.send(frame(2 * number + 1, request_bytes(name, b"\x80")))
                _, refusal = client.read_response(reply_class(name))
                self.assertIsInstance(refusal, Refused)
                self.assertEqual((refusal.status, refusal.reason), (3, "invalid_request"), name)


class Members(unittest.TestCase):
    def test_messages_have_the_members_of_the_protocol(self):
        walk = Walk()
        for name, method in JSON_METHODS.items():
            rpc = RPCS[name]
            if rpc == "WaitEvents":
                continue  # in JSON it is a subscription
            params = method["params"]
            walk.fields(MESSAGES[f"{rpc}Request"], {param["name"]: [param["schema"]] for param in params},
                        {param["name"]: bool(param.get("required")) for param in params})
            if rpc != "Schema":
                walk.object(MESSAGES[f"{rpc}Reply"], forms(method["result"]["schema"]))
        data = [form for name in SCHEMAS if name.endswith("Data") for form in forms(SCHEMAS[name])]
        walk.object(MESSAGES["Window"], walk.windows)
        self.assertGreater(len(data), 25)
        walk.object(MESSAGES["ErrorData"], data)
        self.assertEqual(sorted(set(walk.faults)), [])
        self.assertEqual(sorted(set(MESSAGES) - walk.seen),
                         ["SchemaReply", "WaitEventsReply", "WaitEventsRequest"])

    def test_members_that_only_protobuf_has(self):
        def fields(name):
            return {field.name: KINDS[field.type] for field in MESSAGES[name].fields}
        self.assertEqual(fields("SchemaReply"), {"document": "string"})
        self.assertEqual(fields("WaitEventsRequest"), {"since": "integer", "timeout_ms": "integer"})
        self.assertEqual(fields("WaitEventsReply"), {"revision": "integer", "events": "object"})

    def test_the_walk_finds_faults(self):
        """Finds an extra member, a missing one, one of another type, and one that is not required."""
        pinned = SCHEMAS["Pinned"]
        self.assertEqual(self.faults_of("Pinned", pinned), [])
        more = dict(pinned, properties=dict(pinned["properties"], more={"type": "string"}))
        self.assertEqual(self.faults_of("Pinned", more), ["Pinned has no field more"])
        less = dict(pinned, properties={name: schema for name, schema in pinned["properties"].items() if name != "tag"})
        self.assertEqual(self.faults_of("Pinned", less), ["Pinned.tag is no member"])
        other = dict(pinned, properties=dict(pinned["properties"], tag={"type": "boolean"}))
        self.assertEqual(self.faults_of("Pinned", other), ["Pinned.tag is of kind string, in JSON ['boolean']"])
        optional = dict(pinned, required=["start", "end"])
        self.assertEqual(self.faults_of("Pinned", optional), ["Pinned.tag is not required in JSON"])

    def faults_of(self, name, schema):
        walk = Walk()
        walk.object(MESSAGES[name], forms(schema))
        return walk.faults


class Form(unittest.TestCase):
    def test_optional_scalars_are_alone_in_a_oneof(self):
        count = 0
        for message in MESSAGES.values():
            for oneof in message.oneofs:
                self.assertEqual([f"optional_{field.name}" for field in oneof.fields], [oneof.name], message.name)
                self.assertIsNone(oneof.fields[0].message_type, message.name)
                count += 1
        self.assertGreater(count, 50)

    def test_no_message_has_too_many_fields(self):
        """src/ttrpc/protobuf_read.c relies on this limit."""
        for message in MESSAGES.values():
            self.assertLessEqual(len(message.fields), 64, message.name)

    def test_types_are_those_that_are_read(self):
        for name, field in all_fields():
            self.assertIn(field.type, KINDS, name)
            # src/ttrpc/protobuf_read.c does not read bytes, so only replies may have them.
            if field.type == FieldDescriptor.TYPE_BYTES:
                self.assertIn("Reply.", name)

    def test_numbers_never_change(self):
        now = [described(name, field) for name, field in all_fields()]
        recorded = read_numbers()
        self.assertEqual([line for line in recorded if line not in now], [], "these were released and are gone")
        self.assertEqual([line for line in now if line not in recorded], [], "these are new: run me with --record")
        # A number that is used again would appear as a second line of the same message.
        keys = [(line.split(" = ")[0].rpartition(".")[0], line.split(" = ")[1].split()[0]) for line in recorded]
        self.assertEqual(len(set(keys)), len(keys))
        self.assertEqual(len({line.split(" = ")[0] for line in recorded}), len(recorded))


def record():
    recorded = read_numbers() if os.path.exists(NUMBERS) else []
    new = [line for name, field in all_fields() if (line := described(name, field)) not in recorded]
    with open(NUMBERS, "a", encoding="utf-8") as file:
        if not recorded:
            file.write("# Field numbers of proto/gpalayout.proto. No line ever changes or goes.\n")
        file.writelines(line + "\n" for line in new)


if __name__ == "__main__":
    if sys.argv[1:] == ["--record"]:
        record()
    else:
        harness.main()
