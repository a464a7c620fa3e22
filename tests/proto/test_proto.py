#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The OpenRPC document is sound, proto/README.md and the examples agree with it, and the daemon answers as all three say."""

import datetime
import difflib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

TOP_SRCDIR = os.path.abspath(os.environ.get("TOP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", "..")))
sys.path.insert(0, os.path.join(TOP_SRCDIR, "tests", "socket"))
sys.path.insert(0, os.path.join(TOP_SRCDIR, "tests", "proto"))
sys.dont_write_bytecode = True  # the source tree may be read-only

from jsonschema import Draft7Validator, Draft202012Validator

import corpus
import harness

SAMPLE = 150  # at least so many vectors of each file

# A schema alone finds these faults, so a request that is refused for one must not validate.
STRUCTURAL = {"missing_member", "unknown_member", "wrong_type", "bad_size", "out_of_range", "bad_name",
              "unknown_policy"}

# No example causes these: they need bytes that are not UTF-8, a very long line, another user, a broken disk, or time.
WITHOUT_EXAMPLE = {"invalid_utf8", "too_many_values", "internal", "message_too_large", "overloaded",
                   "timeout", "shutting_down", "denied", "store_failed"}

# Methods that the daemon serves, or may serve one day.
METHOD_NAMES = [
    "layout.resolve", "layout.allocate", "layout.create", "layout.get", "layout.list", "layout.delete",
    "layout.update", "layout.probe", "layout.compare", "layout.explain", "layout.advise", "layout.history",
    "policy.list", "policy.get", "events.subscribe", "events.unsubscribe", "daemon.info", "daemon.stats", "daemon.schema",
    "daemon.ping", "daemon.stop", "registry.backup", "rpc.discover",
]

# The daemon refuses these values with a reason of STRUCTURAL, although no schema can express the rule: an address at the
# end of the address space, and a target that is no root complex with CXL.
BEYOND_SCHEMAS = re.compile(r"^/address$|/cxl_windows/\d+/targets/\d+$")

DOCUMENT = corpus.load_document()
SCHEMAS = corpus.Schemas(DOCUMENT)
EXAMPLES = corpus.load_examples()
README = corpus.read(os.path.join(corpus.PROTO, "README.md"))


def closed(properties, required=()):
    return {"type": "object", "additionalProperties": False, "required": list(required),
            "properties": properties}


TEXT = {"type": "string", "minLength": 1}
REFERENCE = closed({"$ref": {"type": "string", "pattern": "^#/components/"}}, ["$ref"])
ANY_SCHEMA = {"type": "object"}
DESCRIPTOR = closed({"name": TEXT, "summary": TEXT, "description": TEXT, "required": {"type": "boolean"},
                     "deprecated": {"type": "boolean"}, "schema": ANY_SCHEMA}, ["name", "schema"])
NOTIFICATION = closed({"name": TEXT, "summary": TEXT, "description": TEXT, "paramStructure": {"const": "by-name"},
                       "params": {"type": "array", "items": DESCRIPTOR}},
                      ["name", "summary", "description", "paramStructure", "params"])
ERROR = closed({"code": {"type": "integer"}, "message": TEXT}, ["code", "message"])

# The requirements of OpenRPC 1.2.6, as far as this document uses them. Two extensions express what OpenRPC cannot:
# x-params has rules for the params as one object, and x-notifications has what the daemon sends unasked.
OPENRPC = closed({
    "openrpc": {"const": "1.2.6"},
    "info": closed({"title": TEXT, "version": TEXT, "description": TEXT,
                    "license": closed({"name": TEXT, "url": TEXT})}, ["title", "version"]),
    "methods": {"type": "array", "items": closed({
        "name": TEXT, "summary": TEXT, "description": TEXT,
        "paramStructure": {"const": "by-name"},
        "params": {"type": "array", "items": DESCRIPTOR},
        "result": DESCRIPTOR,
        "x-params": ANY_SCHEMA,
        "x-notifications": {"type": "array", "items": NOTIFICATION},
        "errors": {"type": "array", "minItems": 1, "items": REFERENCE},
    }, ["name", "summary", "description", "paramStructure", "params", "result", "errors"])},
    "components": closed({
        "schemas": {"type": "object", "additionalProperties": ANY_SCHEMA,
                    "propertyNames": {"pattern": "^[A-Z][A-Za-z0-9]*$"}},
        "errors": {"type": "object", "additionalProperties": ERROR,
                   "propertyNames": {"pattern": "^[A-Z][A-Za-z0-9]*$"}},
    }, ["schemas", "errors"]),
}, ["openrpc", "info", "methods", "components"])


def objects(value, path=""):
    """Yields every JSON object within a value, with its path."""
    if isinstance(value, dict):
        yield path, value
        for name, item in value.items():
            yield from objects(item, f"{path}/{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from objects(item, f"{path}/{index}")


def follow(reference):
    value = DOCUMENT
    for part in reference.removeprefix("#/").split("/"):
        value = value[part]
    return value


def all_schemas():
    """Yields every schema of the document that is not part of another."""
    yield from (("components/" + name, schema) for name, schema in DOCUMENT["components"]["schemas"].items())
    for method in [*DOCUMENT["methods"], *SCHEMAS.notifications.values()]:
        for descriptor in method["params"]:
            yield f"{method['name']}/{descriptor['name']}", descriptor["schema"]
        if "result" in method:
            yield f"{method['name']}/result", method["result"]["schema"]
        if "x-params" in method:
            yield f"{method['name']}/x-params", method["x-params"]


def documented_errors():
    """Returns {(code, reason): (required, optional)}: the members of data that the schemas list."""
    found = {}

    def add(code, schema):
        if "$ref" in schema:
            return add(code, follow(schema["$ref"]))
        if "oneOf" in schema:
            for branch in schema["oneOf"]:
                add(code, branch)
            return None
        reason = schema["properties"]["reason"]
        for name in reason.get("enum", [reason.get("const")]):
            required = set(schema["required"]) - {"reason"}
            found[code, name] = required, set(schema["properties"]) - required - {"reason"}
        return None

    for rule in DOCUMENT["components"]["schemas"]["Error"]["allOf"]:
        add(rule["if"]["properties"]["code"]["const"], rule["then"]["properties"]["data"])
    return found


def table(heading):
    """Yields the rows of the README's table under the line that starts with this heading, as lists of cells."""
    lines = README.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(heading))
    for line in lines[start + 2:]:
        if not line.startswith("|"):
            return
        yield [cell.strip() for cell in line.strip("|").split("|")]


class Document(unittest.TestCase):
    """openrpc.json by itself."""

    def test_the_document_is_valid_openrpc(self):
        Draft202012Validator.check_schema(OPENRPC)
        self.assertEqual([fault.message for fault in Draft202012Validator(OPENRPC).iter_errors(DOCUMENT)], [])

    def test_every_reference_resolves(self):
        for path, value in objects(DOCUMENT):
            if "$ref" in value:
                with self.subTest(path):
                    self.assertRegex(value["$ref"], "^#/components/(schemas|errors)/[A-Za-z0-9]+$")
                    follow(value["$ref"])

    def test_every_component_is_referred_to(self):
        used = {value["$ref"] for _, value in objects(DOCUMENT) if "$ref" in value}
        roots = {"#/components/schemas/RequestMessage", "#/components/schemas/ReplyMessage",
                 "#/components/schemas/NotificationMessage", "#/components/errors/NotJson",
                 "#/components/errors/InvalidRequest", "#/components/errors/MethodNotFound"}
        for kind, components in DOCUMENT["components"].items():
            for name in components:
                with self.subTest(name):
                    self.assertIn(f"#/components/{kind}/{name}", used | roots)

    def test_every_schema_is_a_schema(self):
        # Some OpenRPC tools read only draft 7.
        for name, schema in all_schemas():
            for validator in (Draft202012Validator, Draft7Validator):
                with self.subTest(name, validator=validator.__name__):
                    validator.check_schema(schema)

    def test_objects_are_closed(self):
        for name, schema in all_schemas():
            for path, value in objects(schema, name):
                if value.get("type") == "object" and "properties" in value:
                    with self.subTest(path):
                        self.assertIs(value.get("additionalProperties"), False)
                        self.assertLessEqual(set(value.get("required", [])), set(value["properties"]))

    def test_everything_is_described(self):
        for name, schema in DOCUMENT["components"]["schemas"].items():
            with self.subTest(name):
                self.assertIn("title", schema)
                self.assertRegex(schema["description"], r"^[A-Za-z0-9].*\.$")
            for path, value in objects(schema, name):
                for member, item in value.get("properties", {}).items() if value.get("type") == "object" else ():
                    with self.subTest(f"{path}/{member}"):
                        self.assertTrue("description" in item or "$ref" in item)

    def test_method_names_are_unique(self):
        names = [method["name"] for method in DOCUMENT["methods"]] + list(SCHEMAS.notifications)
        self.assertEqual(len(names), len(set(names)))

    def test_messages_name_every_notification(self):
        method = DOCUMENT["components"]["schemas"]["NotificationMessage"]["properties"]["method"]
        self.assertEqual([method["const"]], list(SCHEMAS.notifications))

    def test_statistics_have_every_method(self):
        statistics = DOCUMENT["components"]["schemas"]["RequestStatistics"]
        names = [method["name"] for method in DOCUMENT["methods"]] + ["other"]
        self.assertEqual(list(statistics["properties"]), names)
        self.assertEqual(statistics["required"], names)

    def test_each_method_states_its_errors_once(self):
        for method in DOCUMENT["methods"]:
            with self.subTest(method["name"]):
                codes = [follow(error["$ref"])["code"] for error in method["errors"]]
                self.assertEqual(len(codes), len(set(codes)))

    def test_error_components_have_each_code_once(self):
        codes = [error["code"] for error in DOCUMENT["components"]["errors"].values()]
        self.assertEqual(codes, DOCUMENT["components"]["schemas"]["Error"]["properties"]["code"]["enum"])
        self.assertEqual(set(codes), {code for code, _ in documented_errors()})

    def test_each_reason_belongs_to_one_code(self):
        reasons = [reason for _, reason in documented_errors()]
        self.assertEqual(len(reasons), len(set(reasons)))


def request_with(**members):
    return {"request": {"arch": "x86_64", "memory": {"nodes": ["1GiB"]}, **members}}


def root_complex_with(**members):
    return request_with(pcie={"root_complexes": [{"name": "rc0", **members}]})


def cxl_window_with(**members):
    return request_with(cxl_windows=[members], pcie={"root_complexes": [
        {"name": f"rc{i}", "segment": i, "end_bus": 0, "cxl": {}} for i in range(20)]})


# {schema: (params that hold such a value, valid values, invalid values)}
EDGES = {
    "SizeIn": (
        lambda value: request_with(chipset={"high_mmio": value}),
        [0, 1, 4.0, 2**53 - 1, "0", "007", "4096", "1K", "1KB", "1KiB", "64M", "4GiB", "2T", "1P", "0x0",
         "0xFFFFffff", "0x00001"],
        [-1, 1.5, 2**53, True, None, [], {}, "", " 1", "1 ", "+1", "-1", "1.5G", "64m", "1 G", "1Gi", "1gb",
         "1kib", "1B", "0x", "0X10", "x10", "10h", "1E", "0x1G", "0x1K"]),
    "Window": (
        lambda value: root_complex_with(low_mmio=value),
        [4096, "2MiB", {"start": 0, "end": "1M"}, None, {"none": True}, {"size": 4096}, {"size": 4096, "alignment": "1GiB"},
         {"devices": [{"bars": [4096]}]}, {"devices": [{"bars": [4096]}] * 256}],
        [[], True, "x", {}, {"start": 0}, {"start": 0, "end": 4096, "size": 4096}, {"alignment": "2MiB"}, {"none": False},
         {"none": True, "size": 4096}, {"size": None}, {"devices": []}, {"devices": [{}]}, {"devices": [4096]},
         {"devices": [{"bars": [4096]}] * 257}, {"devices": [{"bars": [4096]}], "size": 4096},
         {"devices": [{"bars": [4096]}], "alignment": "2MiB"}, {"devices": [{"bars": [4096]}], "none": True},
         {"devices": [{"bars": [4096]}], "start": 0, "end": 4096}]),
    "DeviceRequest": (
        lambda value: root_complex_with(high_mmio={"devices": [value]}),
        [{"bars": [4096]}, {"bars": ["128GiB"] * 6}, {"bars": [4096], "sriov": {"vfs": 1, "bars": [4096]}},
         {"bars": [4096], "sriov": {"vfs": 256, "bars": ["16KiB"] * 6}}],
        [None, [], {"bars": []}, {"bars": [4096] * 7}, {"bars": 4096}, {"bars": ["x"]}, {"sriov": {"vfs": 1, "bars": [4096]}},
         {"bars": [4096], "sriov": None}, {"bars": [4096], "sriov": {"vfs": 1}}, {"bars": [4096], "sriov": {"bars": [4096]}},
         {"bars": [4096], "sriov": {"vfs": 0, "bars": [4096]}}, {"bars": [4096], "sriov": {"vfs": 257, "bars": [4096]}},
         {"bars": [4096], "sriov": {"vfs": 1, "bars": []}}, {"bars": [4096], "sriov": {"vfs": 1, "bars": [4096] * 7}}]),
    "PartName": (
        lambda value: root_complex_with(name=value),
        ["a", "rc0", "A-b_c.d:e", "a b", "a/b", "~", ",\\\"'", "x" * 255, "\u00e9" * 127, "\u2028", "\U0001f5a5", "\u00a0"],
        ["", "x" * 256, "a\n", "\u001f", "\u007f", "\u0080", "\u009f", 1, None]),
    "ReservedName": (
        lambda value: request_with(reserved=[{"name": value, "start": "8TiB", "end": "9TiB"}]),
        ["a", "a b", "x" * 256, "\u00e9" * 128], ["", "x" * 257, "a\tb", "\u0085", 1, None]),
    "HotplugRequest": (
        lambda value: request_with(memory={"nodes": ["1GiB"], "hotplug": [value]}),
        [{"size": "1GiB"}, {"node": 0, "size": "1GiB", "alignment": 4096}],
        [{}, {"node": 0}, {"size": None}, {"node": -1, "size": 4096}, {"node": "0", "size": 4096}, {"node": None, "size": 4096},
         {"size": 4096, "alignment": None}, {"size": 4096, "tag": "a"}, "1GiB"]),
    "CxlWindowRequest": (
        lambda value: cxl_window_with(**value) if isinstance(value, dict) else request_with(cxl_windows=[value]),
        [{"name": "pool", "targets": [f"rc{i}" for i in range(count)], "size": f"{3 * count}GiB"} for count in (1, 2, 3, 4, 6, 8, 12, 16)]
        + [{"name": "pool", "targets": ["rc0"], "size": "1GiB", "granularity": granularity}
           for granularity in (256, 256.0, 16384, "256", "16KiB", "0x200")],
        [{"name": "pool", "targets": [f"rc{i}" for i in range(count)], "size": f"{3 * count}GiB"}
         for count in (0, 5, 7, 9, 10, 11, 13, 14, 15, 17)]
        + [{"name": "pool", "targets": ["rc0"], "size": "1GiB", "granularity": granularity}
           for granularity in (0, 128, 255, 257, 384, 16385, 32768, None, "x", [], True)]
        + [{"targets": ["rc0"], "size": "1GiB"}, {"name": "pool", "size": "1GiB"}, {"name": "pool", "targets": ["rc0"]},
           {"name": "", "targets": ["rc0"], "size": "1GiB"}, {"name": "pool", "targets": "rc0", "size": "1GiB"},
           {"name": "pool", "targets": [0], "size": "1GiB"}, None]),
    "SegmentNumber": (
        lambda value: root_complex_with(segment=value),
        [0, 65535, 1.0],
        [-1, 65536, 1.5, "1", None]),
    "Bus": (
        lambda value: root_complex_with(end_bus=value),
        [0, 255],
        [-1, 256, 0.5, "0"]),
    "AddressBits": (
        lambda value: request_with(host={"physical_address_bits": value}),
        [1, 64],
        [0, 65, 1.5, "46"]),
    "Arch": (lambda value: request_with(arch=value), ["x86_64", "aarch64"], ["", "X86_64", "riscv64", 0, None]),
    "Profile": (lambda value: request_with(profile=value), ["gen1", "hcl-host"], ["", "gen3", "Gen1", 1, None]),
    "PolicyName": (lambda value: request_with(policy=value), ["openvmm-2026.05"], ["", "openvmm", 1, None]),
    "Ecam": (lambda value: request_with(pcie={"ecam": value}), ["below-4gib"], ["", "default", 0, None]),
    "IommuKind": (lambda value: root_complex_with(iommu=value), ["smmuv3", "amd-vi"], ["", "none", 0, None]),
}

# {(method, param): (other params, valid values, invalid values)}
PARAM_EDGES = {
    ("layout.get", "name"): ({}, ["vm-1", "x" * 64], ["", "x" * 65, "a/b", 1, None]),
    ("layout.list", "after"): ({}, ["vm-1", "z"], ["", "a b", 0, None]),
    ("layout.list", "limit"): ({}, [1, 1000, 2.0], [-1, 0, 10001, 1.5, "1", None]),
    ("layout.delete", "generation"): ({"name": "no-such"}, [0, 1, 2**53 - 1], [-1, 2**53, 1.5, "1", None]),
    ("layout.probe", "address"): (
        {"name": "no-such"}, [0, 2**53 - 1, "4GiB", "0xffffffffffffefff"], [-1, 2**53, "", "4gib", None, {}]),
    ("layout.explain", "tag"): (
        {"name": "no-such"}, ["ram0", "pcie-a b/\u00e9-ecam", "x" * 280], ["", "x" * 281, "a\nb", "\u0085", 0, None]),
    ("layout.advise", "tag"): ({"name": "no-such"}, ["ram0", "x" * 280], ["", "x" * 281, "\u007f", 0, None]),
    ("layout.resolve", "refuse"): (
        request_with(), ["all", [], ["no_low_memory"], ["no_low_memory", "ram_not_at_zero", "no_low_memory"]],
        ["", "All", "no_low_memory", ["all"], ["no_such_warning"], [0], [None], None, True, {}]),
    ("layout.create", "refuse"): ({"name": "refusing", **request_with()}, ["all", ["hotplug_off_block"]], ["none", ["x"], 1]),
    ("layout.update", "refuse"): ({"name": "no-such", **request_with()}, ["all", ["hotplug_off_block"]], ["none", ["x"], 1]),
    ("events.subscribe", "since"): ({}, [0, 1, 2**53 - 1], [-1, 2**53, 0.5, "0", None]),
}

# Schemas of replies, and of values that are no params.
REPLY_EDGES = {
    "Address": (
        ["0x0", "0x1", "0xc0000000", "0xfffffffffffff000"],
        [0, "0", "0x", "0x00", "0x01", "0xC0000000", "0X1", "0x10000000000000000", " 0x1"]),
    "Digest": (["sha256:" + "0f" * 32], ["sha256:" + "0F" * 32, "0f" * 32, "sha256:" + "0f" * 31]),
    "Pointer": (["", "/request", "/request/memory/nodes/0", "/request/a~1b~0c"], ["request", "/a~2", "/~"]),
    "Id": (["", "a", 0, -1, 2**53 - 1], [None, True, 1.5, [], 2**53]),
    "Time": (["2026-01-01T00:00:00.000Z"],
             ["2026-01-01T00:00:00Z", "2026-01-01 00:00:00.000Z", "2026-01-01T00:00:00.000+00:00", 1767225600]),
    "Generation": ([1, 2**53 - 1], [0, -1, 2**53, "1", 1.5]),
    "Counter": ([0, 2**53 - 1], [-1, 2**53, "1", 1.5]),
}

# {name: (params at the limit of a list or count, params beyond it)}
COUNTS = {
    "nodes": (request_with(memory={"nodes": [0] * 1024}), request_with(memory={"nodes": [0] * 1025})),
    "no node": (request_with(), request_with(memory={"nodes": []})),
    "slots": (request_with(virtio_mmio={"slots": 4096}), request_with(virtio_mmio={"slots": 4097})),
    "root complexes": tuple(
        request_with(pcie={"root_complexes": [{"name": f"rc{i}"} for i in range(count)]}) for count in (4096, 4097)),
    "rooms": tuple(request_with(memory={"nodes": ["1GiB"], "hotplug": [{"size": 4096}] * count}) for count in (1024, 1025)),
    "CXL windows": tuple(
        {"request": {**cxl_window_with()["request"],
                     "cxl_windows": [{"name": f"w{i}", "targets": ["rc0"], "size": "256MiB"} for i in range(count)]}}
        for count in (256, 257)),
}

# One request with every member.
FULL_REQUEST = {
    "arch": "x86_64", "policy": "openvmm-2026.07", "profile": "gen2-uefi",
    "memory": {"nodes": ["2GiB", 0], "start": "1MiB", "low_window": 0, "hotplug": [{"node": 1, "size": "4GiB", "alignment": "2GiB"}]},
    "chipset": {"low_mmio": "128MiB", "high_mmio": "512MiB", "vmbus": True},
    "pcie": {"ecam": "below-4gib", "root_complexes": [
        {"name": "rc0", "segment": 0, "start_bus": 0, "end_bus": 15, "node": 0,
         "low_mmio": {"size": "64MiB", "alignment": "2MiB"}, "high_mmio": {"start": "1TiB", "end": "1025GiB"},
         "cxl": {"hdm": "1GiB"}, "iommu": "amd-vi"},
        {"name": "rc1", "start_bus": 16, "end_bus": 31, "low_mmio": {"none": True}, "high_mmio": None, "iommu": "amd-vi"},
        {"name": "rc2", "start_bus": 32, "end_bus": 47, "low_mmio": {"devices": [{"bars": ["16MiB", 4096]}]},
         "high_mmio": {"devices": [{"bars": ["64KiB"], "sriov": {"vfs": 64, "bars": ["16KiB", "16KiB"]}}]}, "cxl": {}}]},
    "cxl_windows": [{"name": "pool", "targets": ["rc2", "rc0"], "size": "1GiB", "granularity": 1024}],
    "virtio_mmio": {"slots": 4},
    "vtl2": {"chipset_mmio": "1GiB", "memory": {"size": "512MiB", "alignment": "2MiB"}, "framebuffer": "8MiB",
             "alias_map": True},
    "reserved": [{"name": "hole", "start": "2TiB", "end": "3TiB"}],
    "host": {"physical_address_bits": 46, "holes": ["amd-hypertransport"]},
}
FULL_ALLOCATE = {
    "reserved": [{"tag": "a", "start": 0, "end": 4096}],
    "fixed": [{"tag": "b", "start": 4096, "end": 8192}],
    **{phase: [{"tag": phase, "size": 4096, "alignment": 4096}] for phase in ("mmio32", "ram", "mmio64", "post_mmio")},
}


def mutations(value):
    """Yields copies of a JSON value with one thing changed in each, and a description of the change."""
    others = [None, True, 1, -1, 0.5, "", "x", "1K", [], {}]
    if isinstance(value, dict):
        yield "member added", {**value, "surplus": 1}
        for name, item in value.items():
            rest = {key: other for key, other in value.items() if key != name}
            yield f"{name} left out", rest
            yield f"{name} in capitals", {**rest, name.upper(): item}
            for what, changed in mutations(item):
                yield f"{name}: {what}", {**value, name: changed}
    elif isinstance(value, list):
        for index, item in enumerate(value):
            for what, changed in mutations(item):
                yield f"{index}: {what}", [*value[:index], changed, *value[index + 1:]]
    for other in others:
        if other != value or type(other) is not type(value):
            yield f"{json.dumps(other)} instead", other


# Methods and params with every member. A method that takes a name or a request has a row for each.
FULL_PARAMS = [
    ("layout.resolve", {"request": FULL_REQUEST, "advise": True, "refuse": ["no_low_memory"]}),
    ("layout.allocate", FULL_ALLOCATE),
    ("layout.create", {"name": "full", "request": FULL_REQUEST, "refuse": ["no_low_memory"]}),
    ("layout.get", {"name": "full"}),
    ("layout.list", {"after": "ful", "limit": 2}),
    ("layout.probe", {"name": "full", "address": "0xfec00000"}),
    ("layout.probe", {"request": FULL_REQUEST, "address": "0xfec00000"}),
    ("layout.compare", {"from": {"request": FULL_REQUEST}, "to": {"name": "full"}}),
    ("layout.explain", {"name": "full", "tag": "ram0"}),
    ("layout.explain", {"request": FULL_REQUEST, "tag": "pcie-rc0-low-mmio"}),
    ("layout.advise", {"name": "full", "tag": "ram0"}),
    ("layout.advise", {"request": FULL_REQUEST, "tag": "hotplug-0"}),
    ("layout.update", {"name": "full", "request": FULL_REQUEST, "generation": 1, "dry_run": True, "allow_moves": True,
                       "allow_removals": True, "refuse": ["no_low_memory"]}),
    ("layout.history", {"name": "full"}),
    ("layout.delete", {"name": "full", "generation": 1}),
]


class Edges(unittest.TestCase):
    """The schemas of single values and of counts, at their limits."""

    def assert_edge(self, checker, right, wrong):
        for value in right:
            with self.subTest(value=value):
                self.assertEqual(checker.faults(value), [])
                self.assertTrue(checker.reference.is_valid(value))
        for value in wrong:
            with self.subTest(value=value):
                self.assertNotEqual(checker.faults(value), [])
                self.assertFalse(checker.reference.is_valid(value))

    def test_schemas_of_requests_accept_and_refuse_the_edge_values(self):
        for name, (_, right, wrong) in EDGES.items():
            self.assert_edge(SCHEMAS.component(name), right, wrong)
        for (method, name), (others, right, wrong) in PARAM_EDGES.items():
            self.assert_edge(SCHEMAS.params(method), *([{**others, name: value} for value in values]
                                                       for values in (right, wrong)))

    def test_schemas_of_replies_accept_and_refuse_the_edge_values(self):
        for name, (right, wrong) in REPLY_EDGES.items():
            self.assert_edge(SCHEMAS.component(name), right, wrong)

    def test_schemas_accept_counts_at_their_limits_and_refuse_those_beyond(self):
        for right, wrong in COUNTS.values():
            self.assert_edge(SCHEMAS.params("layout.resolve"), [right], [wrong])

    def test_full_requests_have_every_member(self):
        for method, params in FULL_PARAMS:
            self.assertEqual(SCHEMAS.params(method).faults(params), [])
            seen = {name for other, names in FULL_PARAMS if other == method for name in names}
            self.assertEqual(seen, {param["name"] for param in SCHEMAS.methods[method]["params"]})
        schemas = DOCUMENT["components"]["schemas"]
        seen = {member for _, value in objects([FULL_REQUEST, FULL_ALLOCATE]) for member in value}
        wanted = {member for name, schema in schemas.items()
                  if name.endswith("Request") or name in ("RangeIn", "Pinned", "Demand")
                  for member in schema["properties"]}
        self.assertLessEqual(wanted, seen)


class Readme(unittest.TestCase):
    """README.md agrees with openrpc.json."""

    def test_error_table_agrees_with_the_schemas(self):
        rows = {}
        for code, reason, members, _ in table("| code | reason |"):
            optional = set(re.findall(r"\(`(\w+)`\)", members))
            rows[int(code), reason.strip("`")] = set(re.findall(r"`(\w+)`", members)) - optional, optional
        self.assertEqual(rows, documented_errors())

    def test_limit_table_agrees_with_the_schemas(self):
        names = [name.strip("`") for name, _, _ in table("| limit | default |")]
        self.assertEqual(names, list(DOCUMENT["components"]["schemas"]["Limits"]["properties"]))

    def test_method_table_agrees_with_the_document(self):
        names = [name.strip("`") for name, _, _ in table("| method | control |")]
        self.assertEqual(names, [method["name"] for method in DOCUMENT["methods"]])
        self.assertEqual({control for _, control, _ in table("| method | control |")}, {"yes"})


def all_steps():
    """Yields every example with each of its steps."""
    for example in EXAMPLES:
        for step in example.steps:
            yield example, step


class Examples(unittest.TestCase):
    """The examples match the schemas."""

    def test_examples_are_numbered(self):
        for number, example in enumerate(EXAMPLES, 1):
            with self.subTest(example.name):
                self.assertRegex(example.name, f"^{number:02}-[a-z0-9-]+$")
                self.assertEqual(example.text, corpus.render(example.content) + "\n")

    def test_examples_have_only_known_members(self):
        whole = {"description", "limits", "varies", "steps"}
        sending = {"description", "request", "raw", "reply", "compare"}
        for example in EXAMPLES:
            with self.subTest(example.name):
                self.assertLessEqual(set(example.content), whole if example.has_own_daemon else sending)
                for step in example.steps:
                    self.assertEqual(len({"request", "raw", "notification"} & set(step.content)), 1)
                    if example.has_own_daemon:
                        self.assertLessEqual(set(step.content), {"socket"} | (
                            sending if step.sends else {"description", "notification"}))
                        self.assertEqual(step.content.get("socket", "inspect"), "inspect")

    def test_examples_name_the_members_that_vary(self):
        for example in EXAMPLES:
            with self.subTest(example.name):
                self.assertEqual(example.content.get("varies", []), example.varying())

    def test_requests_validate_unless_refused_for_their_structure(self):
        for example, step in all_steps():
            if step.method not in SCHEMAS.methods:
                continue
            with self.subTest(example.name, request=step.request):
                self.assertEqual(SCHEMAS.component("RequestMessage").faults(step.request), [])
                faults = SCHEMAS.params(step.method).faults(step.request.get("params", {}))
                reason = step.error["data"]["reason"] if step.error else None
                if reason in STRUCTURAL and not BEYOND_SCHEMAS.search(step.error["data"]["pointer"]):
                    self.assertNotEqual(faults, [])
                else:
                    self.assertEqual(faults, [])

    def test_messages_of_the_daemon_validate(self):
        for example, step in all_steps():
            with self.subTest(example.name):
                self.assertEqual(SCHEMAS.step_faults(step, step.content[step.answer]), [])

    def test_replies_belong_to_their_requests(self):
        for example, step in all_steps():
            with self.subTest(example.name):
                if step.request:
                    self.assertEqual(step.reply["id"], step.request["id"])

    def test_examples_are_named_for_their_last_refusal(self):
        for example in EXAMPLES:
            with self.subTest(example.name):
                if example.error:
                    reason = example.error["data"]["reason"].replace("_", "-")
                    self.assertRegex(example.name.split("-", 1)[1], f"^error-{reason}(-|$)")
                else:
                    self.assertNotIn("error", example.name)

    def test_pointers_lead_to_the_member_at_fault(self):
        for example, step in all_steps():
            pointer = step.error and step.error["data"].get("pointer")
            if not pointer:
                continue
            with self.subTest(example.name):
                value, parts = step.request["params"], pointer.split("/")[1:]
                if step.error["data"]["reason"] == "missing_member":
                    self.assertIn(parts.pop(), ("arch", "name", "revision"))
                for part in parts:
                    value = value[int(part)] if isinstance(value, list) else value[part]

    def test_a_changed_reply_does_not_validate(self):
        for example, step in all_steps():
            message = step.content[step.answer]
            for path, value in list(objects(message)):
                value["surplus"] = 1
                with self.subTest(example.name, path=path, change="member added"):
                    self.assertNotEqual(SCHEMAS.step_faults(step, message), [])
                del value["surplus"]
                for name, item in value.items():
                    # The request in a reply has the schema of a request to send, so its sizes may be integers.
                    if (isinstance(item, str) and re.fullmatch("0x[0-9a-f]+", item)
                            and not path.startswith("/result/request/")):
                        value[name] = int(item, 16)
                        with self.subTest(example.name, path=f"{path}/{name}", change="address as integer"):
                            self.assertNotEqual(SCHEMAS.step_faults(step, message), [])
                        value[name] = item

    def test_examples_cover_the_protocol(self):
        answered = [step for _, step in all_steps() if step.request and not step.error]
        requests = [step.request["params"]["request"] for step in answered if step.method == "layout.resolve"]
        layouts = [step.reply["result"]["layout"] for step in answered if step.method == "layout.resolve"]
        schemas = DOCUMENT["components"]["schemas"]
        self.assertEqual({layout["arch"] for layout in layouts}, set(schemas["Arch"]["enum"]))
        self.assertEqual({layout["policy"] for layout in layouts}, set(schemas["PolicyName"]["enum"]))
        self.assertEqual({layout["profile"] for layout in layouts}, set(schemas["Profile"]["enum"]))
        self.assertEqual({layout["iommu"]["kind"] for layout in layouts if "iommu" in layout},
                         set(schemas["IommuKind"]["enum"]))
        self.assertEqual({warning["reason"] for layout in layouts for warning in layout["warnings"]},
                         set(schemas["WarningReason"]["enum"]))
        self.assertEqual({entry["kind"] for layout in layouts for entry in layout["map"]},
                         set(schemas["Kind"]["enum"]))
        for name in (name for name in schemas if name.endswith("Request")):
            seen = {member for request in requests for _, value in objects(request) for member in value}
            self.assertLessEqual(set(schemas[name]["properties"]), seen)
        for name in (name for name in schemas if name.endswith("Layout")):
            seen = {member for layout in layouts for _, value in objects(layout) for member in value}
            self.assertLessEqual(set(schemas[name]["properties"]), seen)
        self.assertEqual({step.method for step in answered}, set(SCHEMAS.methods) - {"daemon.schema"})
        for method in set(SCHEMAS.methods) - {"daemon.schema"}:
            with self.subTest(method):
                seen = {member for step in answered if step.method == method for member in step.request.get("params", {})}
                self.assertEqual(seen, {param["name"] for param in SCHEMAS.methods[method]["params"]})
        for name in ("ListResult", "ListEntry", "GetResult", "ProbeResult", "ProbedRange", "StoreStatistics", "Growth"):
            with self.subTest(name):
                seen = {member for step in answered for _, value in objects(step.reply) for member in value}
                self.assertLessEqual(set(schemas[name]["properties"]), seen)
        events = [step.content["notification"]["params"]["event"] for _, step in all_steps() if not step.sends]
        self.assertEqual(set(events), set(schemas["EventKind"]["enum"]) - {"updated"})

    def test_examples_cover_the_errors(self):
        reasons = {step.error["data"]["reason"] for _, step in all_steps() if step.error}
        self.assertEqual(reasons, {reason for _, reason in documented_errors()} - WITHOUT_EXAMPLE)


class RunningDaemon(harness.DaemonTestCase):
    """The daemon agrees with the document, the README and the examples."""

    def assert_valid(self, method, reply):
        self.assertEqual(SCHEMAS.reply_faults(method, reply), [], json.dumps(reply)[:1000])

    def assert_same(self, stored, answered):
        """Compares the text, so that the order of members and the types of numbers count."""
        stored, answered = corpus.render(stored), corpus.render(answered)
        if answered != stored:
            self.fail("\n".join(difflib.unified_diff(stored.splitlines(), answered.splitlines(),
                                                     "stored", "answered", lineterm="", n=2)))

    def exchange(self, line, inspect=False):
        """Sends one line and the end of input. Returns the only reply, parsed."""
        with self.daemon.connect(inspect) as client:
            client.send(line + b"\n")
            client.shutdown()
            text = client.read_line()
            self.assertIsNotNone(text, "no reply")
            self.assertIsNone(client.read_line(), "more than one reply")
        return corpus.loads(text)

    def assert_plays(self, example, daemon, inspect=False):
        for step, message in example.play(daemon, inspect):
            self.assertEqual(SCHEMAS.step_faults(step, message), [], json.dumps(message)[:1000])
            if step.exact:
                self.assert_same(step.content[step.answer], message)

    def test_examples_are_answered_as_recorded(self):
        for example in EXAMPLES:
            if example.has_own_daemon:
                with self.subTest(example.name), harness.Daemon(*example.options) as daemon:
                    self.assert_plays(example, daemon)
                continue
            for inspect in (False, True):
                with self.subTest(example.name, inspect=inspect):
                    self.assert_plays(example, self.daemon, inspect)

    def test_daemon_schema_returns_the_document(self):
        reply = self.exchange(b'{"jsonrpc":"2.0","id":1,"method":"daemon.schema"}')
        self.assert_valid("daemon.schema", reply)
        self.assert_same(DOCUMENT, reply["result"])

    def test_the_document_lists_the_methods_that_are_served(self):
        self.assertLessEqual(set(SCHEMAS.methods), set(METHOD_NAMES))
        on_inspect = {name.strip("`") for name, _, inspect in table("| method | control |") if inspect == "yes"}
        for name in METHOD_NAMES:
            for inspect in (False, True):
                with self.subTest(name, inspect=inspect):
                    reply = self.daemon.call(name, {"surplus": 1}, inspect)
                    self.assert_valid(name, reply)
                    is_served = name in (on_inspect if inspect else SCHEMAS.methods)
                    self.assertEqual(reply["error"]["code"], -32602 if is_served else -32601)

    def test_info_agrees_with_the_document_and_the_readme(self):
        info = self.daemon.call("daemon.info")["result"]
        policies = self.daemon.call("policy.list")["result"]
        enum = DOCUMENT["components"]["schemas"]["PolicyName"]["enum"]
        self.assertEqual(info["protocol"], DOCUMENT["info"]["version"])
        self.assertEqual(info["policies"], enum)
        self.assertEqual([policy["name"] for policy in policies["policies"]], enum)
        self.assertEqual(info["default_policy"], policies["default"])
        self.assertEqual(info["sockets"],
                         {"control": self.daemon.socket, "inspect": self.daemon.inspect_socket})
        self.assertEqual({name.strip("`"): int(default) for name, default, _ in table("| limit | default |")},
                         info["limits"])

    def test_defaults_of_root_complexes_are_those_of_the_policies(self):
        defaults = self.daemon.call("policy.list")["result"]["policies"]
        properties = DOCUMENT["components"]["schemas"]["RootComplexRequest"]["properties"]
        units = {"MiB": 1 << 20, "GiB": 1 << 30}
        for member in ("low_mmio", "high_mmio"):
            number, unit = re.fullmatch(r"(\d+)(\w+)", properties[member]["default"]).groups()
            for policy in defaults:
                self.assertEqual(int(policy["defaults"]["pcie"]["root_complex"][member], 16),
                                 int(number) * units[unit])

    def assert_agreement(self, client, method, params):
        """The daemon refuses what the schema does not allow, and refuses no other form."""
        valid = not SCHEMAS.params(method).faults(params)
        reply = client.call(method, params)
        self.assert_valid(method, reply)
        if not valid:
            self.assertIn("error", reply)
        if ("error" in reply and reply["error"]["data"]["reason"] in STRUCTURAL
                and not BEYOND_SCHEMAS.search(reply["error"]["data"]["pointer"])):
            self.assertFalse(valid, reply["error"])
        return reply

    def test_the_daemon_accepts_and_refuses_the_edge_values_as_the_schemas_do(self):
        with self.daemon.connect() as client:
            for name, (params_of, right, wrong) in EDGES.items():
                for value in [*right, *wrong]:
                    with self.subTest(name, value=value):
                        self.assert_agreement(client, "layout.resolve", params_of(value))
            for name, pair in COUNTS.items():
                for params in pair:
                    with self.subTest(name):
                        self.assert_agreement(client, "layout.resolve", params)
            for (method, name), (others, right, wrong) in PARAM_EDGES.items():
                for value in [*right, *wrong]:
                    with self.subTest(method, param=name, value=value):
                        self.assert_agreement(client, method, {**others, name: value})
            for params in ({}, {"name": "a"}, {"address": 0}, {"name": "a", **request_with(), "address": 0}):
                with self.subTest("layout.probe", params=params):
                    self.assertIn("error", self.assert_agreement(client, "layout.probe", params))

    def test_limits_of_names_count_bytes_where_those_of_schemas_count_characters(self):
        def exchange(method, params, pointer):
            self.assertEqual(SCHEMAS.params(method).faults(params), [])
            reply = client.call(method, params)
            self.assert_valid(method, reply)
            if pointer:
                self.assertEqual((reply["error"]["data"]["reason"], reply["error"]["data"]["pointer"]), ("bad_name", pointer))
            else:
                self.assertNotEqual(reply.get("error", {}).get("code"), -32602)

        root = lambda name: root_complex_with(name=name, cxl={})
        with self.daemon.connect() as client:
            for character, size in (("\u00e9", 2), ("\u2028", 3), ("\U0001f5a5", 4)):
                def name(limit, more=0):
                    return character * (limit // size) + "x" * (limit % size + more)
                for more in (0, 1):
                    with self.subTest(character, more=more):
                        exchange("layout.resolve", root(name(255, more)),
                                 more and "/request/pcie/root_complexes/0/name")
                        exchange("layout.resolve", request_with(reserved=[{"name": name(256, more), "start": "8TiB", "end": "9TiB"}]),
                                 more and "/request/reserved/0/name")
                        exchange("layout.resolve", cxl_window_with(name=name(255, more), targets=["rc0"], size="256MiB"),
                                 more and "/request/cxl_windows/0/name")
                        exchange("layout.explain", {"name": "no-such", "tag": name(280, more)}, more and "/tag")
                        exchange("layout.advise", {"name": "no-such", "tag": name(280, more)}, more and "/tag")

    def test_mutated_requests_are_refused_as_the_schemas_say(self):
        # The generation in FULL_PARAMS is that of the first layout of a new daemon.
        with harness.Daemon() as daemon, daemon.connect() as client:
            for method, params in FULL_PARAMS:
                self.assertIn("result", self.assert_agreement(client, method, params))
                for what, changed in mutations(params):
                    if isinstance(changed, dict):
                        with self.subTest(method, change=what):
                            self.assert_agreement(client, method, changed)
            for method in ("policy.list", "daemon.info", "daemon.stats", "daemon.schema", "events.subscribe"):
                self.assertIn("error", self.assert_agreement(client, method, {"surplus": 1}))

    def test_a_changed_layout_is_refused_unless_no_address_depends_on_the_change(self):
        # Members on which no address depends, and which the map does not repeat.
        free = re.compile(r"^(policy|profile|warnings|pcie: root_complexes: \d: (node\b|(low|high)_mmio: largest_bar left out$))")
        with self.daemon.connect() as client:
            request = {"request": {**FULL_REQUEST, "arch": "x86_64", "memory": {"nodes": ["2GiB", 0], "start": "1MiB"}}}
            layout = client.call("layout.resolve", request)["result"]["layout"]
            self.assertTrue(layout["warnings"])
            self.assertIn("result", self.assert_agreement(client, "layout.compare",
                                                          {"from": {"layout": layout}, "to": {"layout": layout}}))
            taken = set()
            for what, changed in mutations(layout):
                with self.subTest(change=what):
                    reply = self.assert_agreement(client, "layout.compare",
                                                  {"from": {"layout": changed}, "to": {"layout": layout}})
                if "result" in reply:
                    taken.add(what)
                    self.assertEqual(reply["result"], {"compatible": True, "changes": []})
                elif reply["error"]["data"]["reason"] == "bad_layout":
                    self.assertRegex(reply["error"]["data"]["pointer"], "^/from/layout/")
            self.assertEqual([what for what in sorted(taken) if not free.match(what)], [])
            self.assertTrue(taken)

    def test_refused_lines_are_answered_as_documented(self):
        start = b'{"jsonrpc":"2.0","id":1,"method":"policy.list"'
        cases = [
            ("invalid_utf8", b'{"a":"\xff"}'),
            ("invalid_utf8", b'{"a":"\xed\xa0\x80"}'),
            ("invalid_json", b"hello"),
            ("invalid_json", start + b',"params":{"a":01}}'),
            ("invalid_json", start + b'} {}'),
            ("invalid_utf8", b'{"a":"\\ud800"}'),
            ("invalid_json", b'{"a":"\\u0000"}'),
            ("too_deep", b'{"a":' * 33 + b"1" + b"}" * 33),
            ("too_many_values", b"[" + b"1," * 65536 + b"1]"),
            ("invalid_request", b"1"),
            ("invalid_request", b"[]"),
            ("invalid_request", b"{}"),
            ("invalid_request", start + b',"surplus":1}'),
            ("invalid_request", b'{"jsonrpc":"1.0","id":1,"method":"policy.list"}'),
            ("invalid_request", b'{"jsonrpc":"2.0","id":1.5,"method":"policy.list"}'),
            ("invalid_request", b'{"jsonrpc":"2.0","id":null,"method":"policy.list"}'),
            ("invalid_request", b'{"jsonrpc":"2.0","id":1,"method":7}'),
        ]
        for reason, line in cases:
            with self.subTest(reason, line=line[:60]):
                reply = self.exchange(line)
                self.assert_valid(None, reply)
                self.assertEqual(reply["error"]["data"]["reason"], reason)
        for params in (b"[]", b"1", b'"a"', b"null"):
            with self.subTest("params not an object", params=params):
                reply = self.exchange(start + b',"params":' + params + b"}")
                self.assert_valid("policy.list", reply)
                self.assertIn(reply["error"]["code"], (-32600, -32602))

    def test_a_line_too_long_is_answered_as_documented(self):
        with self.daemon.connect() as client:
            client.send(b'"' + b"a" * (1 << 20) + b'"\n')
            reply = client.read_reply()
            self.assert_valid(None, reply)
            self.assertEqual(reply["id"], None)
            self.assertEqual(reply["error"]["data"]["reason"], "message_too_large")
            self.assertIn("result", client.call("policy.list"))

    def test_lines_end_as_documented(self):
        call = b'{"jsonrpc":"2.0","id":%d,"method":"layout.allocate"}'
        notification = b'{"jsonrpc":"2.0","method":"layout.allocate"}'
        with self.daemon.connect() as client:
            client.send(call % 1 + b"\r\n\n \t\r\n" + notification + b"\n" + call % 2 + b"\n" + b"{\n" + call % 3)
            client.shutdown()
            ids = []
            while (line := client.read_line()) is not None:
                ids.append(json.loads(line)["id"])
        self.assertEqual(ids, [1, 2, None, 3])

    def block(self, text):
        """Returns the only shell block of the README with this text. test_documents.py runs all blocks in order."""
        for program in ("socat", "jq"):
            if not shutil.which(program):
                self.skipTest(f"no {program}")
        found, = (block for block in re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL) if text in block)
        return found

    def shell(self, text):
        run = subprocess.run(["sh", "-c", text], env=dict(os.environ, SOCKET=self.daemon.socket),
                             stdin=subprocess.DEVNULL, capture_output=True, check=True, text=True,
                             timeout=harness.PATIENCE)
        self.assertEqual(run.stderr, "")
        return run.stdout

    def test_the_readme_s_command_follows_events(self):
        command = self.block("events.subscribe")
        run = subprocess.Popen(["timeout", str(harness.PATIENCE), "sh", "-c", command],
                               env=dict(os.environ, SOCKET=self.daemon.socket), stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, start_new_session=True)
        try:
            reply = corpus.loads(run.stdout.readline())
            self.assert_valid("events.subscribe", reply)
            for number in range(1, 3):
                self.daemon.call("layout.create", {"name": f"followed-{number}", **request_with()})
                message = corpus.loads(run.stdout.readline())
                self.assertEqual(SCHEMAS.notification_faults(message), [])
                self.assertEqual(message["params"]["revision"], reply["result"]["revision"] + number)
        finally:
            os.killpg(run.pid, signal.SIGTERM)
            run.communicate(timeout=harness.PATIENCE)

    def test_the_readme_s_loop_lists_every_layout(self):
        loop = self.block("while")
        self.assertIn("limit:100", loop.replace(" ", ""))
        for number in range(5):
            self.daemon.call("layout.create", {"name": f"listed-{number}", **request_with()})
        rows = self.daemon.call("layout.list", {"limit": 1000})["result"]["layouts"]
        for limit in (100, 2, len(rows)):
            with self.subTest(limit=limit):
                text = re.sub(r'(limit"?: ?)100', rf"\g<1>{limit}", loop)
                self.assertEqual(self.shell(text).splitlines(), [f"{row['name']} {row['digest']}" for row in rows])

    def test_the_request_of_a_layout_makes_it_again(self):
        with self.daemon.connect() as client:
            client.call("layout.create", {"name": "again", "request": FULL_REQUEST})
            request = client.call("layout.get", {"name": "again"})["result"]["request"]
            self.assertIs(client.call("layout.create", {"name": "again", "request": request})["result"]["created"], False)

    def test_requests_that_state_defaults_are_the_same_as_documented(self):
        base = {**root_complex_with()["request"], "vtl2": {}, "chipset": {}}
        same = [
            {"memory": {"nodes": [1 << 30]}}, {"profile": "gen2-uefi"}, {"virtio_mmio": {"slots": 0}}, {"reserved": []},
            {"vtl2": {"framebuffer": 0}}, {"chipset": {"vmbus": True}}, {"cxl_windows": []},
            {"memory": {"nodes": ["1GiB"], "low_window": 0, "hotplug": []}},
            *({"pcie": root_complex_with(**{name: value})["request"]["pcie"]}
              for name, value in (("segment", 0), ("start_bus", 0), ("end_bus", 255)))]
        other = [
            {"memory": {"nodes": ["1GiB"], "start": 0}}, {"chipset": {"low_mmio": "128MiB"}},
            {"chipset": {"high_mmio": "512MiB"}}, {"vtl2": {"chipset_mmio": 0}},
            {"pcie": {"ecam": "above-4gib", **base["pcie"]}},
            *({"pcie": root_complex_with(**{name: value})["request"]["pcie"]}
              for name, value in (("low_mmio", "64MiB"), ("high_mmio", "1GiB")))]
        policy = self.daemon.call("policy.list")["result"]["default"]
        with self.daemon.connect() as client:
            made = client.call("layout.create", {"name": "same", "request": base})["result"]["layout"]
            for changes in [*same, {"policy": policy}, *other]:
                with self.subTest(changes):
                    request = {**base, **changes}
                    self.assertEqual(client.call("layout.resolve", {"request": request})["result"]["layout"], made)
                    reply = client.call("layout.create", {"name": "same", "request": request})
                    self.assert_valid("layout.create", reply)
                    self.assertEqual("error" in reply, changes in other)

    def test_forms_of_a_member_are_the_same_request_as_documented(self):
        room = lambda **members: request_with(memory={"nodes": ["1GiB"], "hotplug": [{"size": "4GiB", **members}]})
        window = lambda **members: cxl_window_with(name="pool", targets=["rc0"], size="1GiB", **members)
        cases = [
            (root_complex_with(high_mmio="1GiB"), root_complex_with(high_mmio={"size": "1GiB"}), True),
            (root_complex_with(high_mmio="1GiB"), root_complex_with(high_mmio={"size": "1GiB", "alignment": "1GiB"}), False),
            (root_complex_with(low_mmio=None), root_complex_with(low_mmio={"none": True}), True),
            (room(), room(node=0), True), (room(), room(alignment="2GiB"), False),
            (window(granularity=1024), window(granularity="1KiB"), True), (window(), window(granularity=256), True),
        ]
        with self.daemon.connect() as client:
            for first, second, is_same in cases:
                with self.subTest(second):
                    made = client.call("layout.create", {"name": "forms", **first})["result"]["layout"]
                    self.assertEqual(client.call("layout.resolve", second)["result"]["layout"], made)
                    reply = client.call("layout.create", {"name": "forms", **second})
                    self.assert_valid("layout.create", reply)
                    self.assertEqual("result" in reply, is_same)
                    client.call("layout.delete", {"name": "forms"})

    def test_a_page_goes_as_far_as_the_limit(self):
        with harness.Daemon("--limit=list_page=2", "--store=memory") as daemon, daemon.connect() as client:
            for name in ("a", "b", "c"):
                client.call("layout.create", {"name": name, **request_with()})
            reply = client.call("layout.list")
            self.assert_valid("layout.list", reply)
            self.assertEqual((len(reply["result"]["layouts"]), reply["result"]["next"]), (2, "b"))
            self.assertEqual(client.call("layout.list", {"limit": 3})["error"]["data"]["reason"], "out_of_range")

    @unittest.skipUnless(harness.can_be_another_user(), "needs root, to become another user")
    def test_others_are_denied_as_documented(self):
        with harness.Daemon("--socket-mode=0666") as daemon:
            os.chmod(daemon.folder, 0o755)
            daemon.call("layout.create", {"name": "roots", **request_with()})
            reply = harness.call_as(65534, [], daemon.socket, "layout.delete", {"name": "roots"})
        self.assert_valid("layout.delete", reply)
        self.assertEqual(reply["error"]["data"], {"reason": "denied", "pointer": "/name", "owner_uid": 0})

    def test_statistics_are_as_documented(self):
        for options in ((), ("--store=memory",)):
            before = time.time()
            with self.subTest(options), harness.Daemon(*options) as daemon, daemon.connect() as client:
                for name in ("a", "b", "c"):
                    client.call("layout.create", {"name": name, **request_with()})
                client.call("layout.create", {"name": "a", **request_with(profile="gen1")})
                client.call("no.such.method")
                reply = client.call("daemon.stats")
                self.assert_valid("daemon.stats", reply)
                stats = reply["result"]
                started = datetime.datetime.fromisoformat(stats["started_at"].replace("Z", "+00:00")).timestamp()
                self.assertTrue(before - 1 <= started <= time.time(), stats["started_at"])
                self.assertLessEqual(stats["uptime_ms"], (time.time() - before + 1) * 1000)
                self.assertEqual(stats["registry"]["layouts"], 3)
                self.assertEqual(stats["registry"]["revision"], stats["registry"]["oldest_since"] + 3)
                self.assertEqual(stats["store"]["changes"], 3)
                self.assertEqual([stats["requests"][name][count] for name in ("layout.create", "other")
                                  for count in ("answered", "refused")], [3, 1, 0, 1])
                for histogram in [entry["latency"] for entry in (*stats["requests"].values(), stats["store"])]:
                    buckets = histogram["buckets"]
                    self.assertEqual(sum(bucket["count"] for bucket in buckets), histogram["count"])
                    self.assertLessEqual(histogram["max_us"], (stats["uptime_ms"] + 1) * 1000)
                    self.assertEqual([bucket["le_us"] for bucket in buckets],
                                     sorted({1 << (bucket["le_us"] - 1).bit_length() for bucket in buckets}))

    def test_a_subscriber_that_ends_its_output_gets_what_has_happened(self):
        with harness.Daemon("--store=memory") as daemon:
            revision = daemon.call("layout.list")["result"]["revision"]
            for number in range(1000):
                daemon.call("layout.create", {"name": f"vm-{number}", **request_with()})
            with daemon.connect(inspect=True) as client:
                client.send(b'{"jsonrpc":"2.0","id":1,"method":"events.subscribe","params":{"since":%d}}' % revision)
                client.shutdown()
                self.assertEqual(client.read_reply()["result"]["revision"], revision + 1000)
                for number in range(1000):
                    message = corpus.loads(client.read_line())
                    self.assertEqual(SCHEMAS.notification_faults(message), [])
                    self.assertEqual(message["params"]["revision"], revision + 1 + number)
                    self.assertEqual(message["params"]["name"], f"vm-{number}")
                self.assertIsNone(client.read_line())

    def vectors(self, name):
        lines = corpus.read(os.path.join(TOP_SRCDIR, "tests", "vectors", name)).splitlines()
        return [json.loads(line) for line in lines[::max(1, len(lines) // SAMPLE)]]

    def check_vectors(self, method, name, params_of):
        with self.daemon.connect() as client:
            for vector in self.vectors(name):
                with self.subTest(vector["id"]):
                    params = params_of(vector["request"])
                    self.assertEqual(SCHEMAS.params(method).faults(params), [])
                    reply = client.call(method, params)
                    self.assert_valid(method, reply)
                    self.assertEqual("error" in reply, "error" in vector)

    def test_replies_to_resolve_vectors_validate(self):
        self.check_vectors("layout.resolve", "resolve.jsonl", lambda request: {"request": request})

    def test_replies_to_allocate_vectors_validate(self):
        self.check_vectors("layout.allocate", "allocate.jsonl", lambda request: request)


if __name__ == "__main__":
    harness.main()
