# SPDX-License-Identifier: MIT
"""Converts between the JSON of the protocol and protobuf messages.

google.protobuf.json_format does it, with the names of the .proto. These differences remain:

- Sizes and addresses are uint64 in protobuf. In JSON they are texts such as "4GiB" or "0x1000"; requests may also
  have integers. All other numbers are numbers in both.
- The granularity of a CXL window is a size in requests, and a number in answers.
- A window is an object in protobuf. In JSON it may also be its size, or null for none.
- In protobuf an empty list is the same as no list, and null is the same as no value.
- `refuse` may be "all" in JSON. In protobuf it is a list with that word.
- A field without presence has its default where JSON would omit the member.

protobuf cannot express some requests. For these to_request() raises Inexpressible with the reason.
"""

import re

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor

SIZE = re.compile(r"(?:(\d+)(?:([KMGTP])(?:i?B)?)?|0x([0-9a-fA-F]+))\Z")
UNITS = {None: 0, "K": 10, "M": 20, "G": 30, "T": 40, "P": 50}

RANGES = {
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-2**63, 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
}

UNKNOWN = "a member that the protocol does not know"
NULL = "null"
WRONG_TYPE = "a value of another type"
NO_NUMBER = "a size that is no number, or one beyond its type"
LACKS = "a member that is not there, which protobuf reads as its default"
EMPTY = "an empty list, which protobuf reads as no list, where JSON refuses it"
NO_METHOD = "a method that has no rpc"
NO_REQUEST = "a line that is not a request"
SUBSCRIBED = "a second subscription, where WaitEvents may be called again"
OTHER_SOCKET = "a method that the inspect socket does not have"


class Inexpressible(Exception):
    """A request that protobuf cannot express."""


def is_list(field):
    return field.label == FieldDescriptor.LABEL_REPEATED


def is_map(field):
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def has_presence(field):
    return is_list(field) or field.message_type is not None or field.containing_oneof is not None


def parse_size(value):
    """Returns the number of a size in any of its notations, or None if the value is no size."""
    if isinstance(value, str):
        match = SIZE.match(value)
        if not match:
            return None
        digits, unit, hexadecimal = match.groups()
        value = int(hexadecimal, 16) if hexadecimal else int(digits) << UNITS[unit]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value):
        return None
    return int(value)


def window_object(value):
    if value is None:
        return {"none": True}
    return value if isinstance(value, dict) else {"size": value}


def _request_scalar(field, value):
    if field.cpp_type in RANGES:
        number = parse_size(value) if field.cpp_type == FieldDescriptor.CPPTYPE_UINT64 else value
        if field.cpp_type != FieldDescriptor.CPPTYPE_UINT64 and (isinstance(value, bool) or not isinstance(value, int)):
            raise Inexpressible(WRONG_TYPE)
        least, greatest = RANGES[field.cpp_type]
        if number is None or not least <= number <= greatest:
            raise Inexpressible(NO_NUMBER)
        if isinstance(value, (int, float)) and field.cpp_type == FieldDescriptor.CPPTYPE_UINT64 and number >= 2**53:
            raise Inexpressible(NO_NUMBER)
        return number
    wanted = bool if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL else str
    if not isinstance(value, wanted):
        raise Inexpressible(WRONG_TYPE)
    return value


def _request_value(field, value):
    if field.message_type is None:
        return _request_scalar(field, value)
    if field.message_type.name == "Window":
        value = window_object(value)
    if value is None:
        raise Inexpressible(NULL)
    if not isinstance(value, dict):
        raise Inexpressible(WRONG_TYPE)
    return _request_form(field.message_type, value)


def _request_form(message, members):
    """Returns the JSON that json_format accepts."""
    form = {}
    for name, value in members.items():
        field = message.fields_by_name.get(name)
        if field is None:
            raise Inexpressible(UNKNOWN)
        if name == "refuse" and value == "all":
            value = ["all"]
        if value is None and (is_list(field) or field.message_type is None):
            raise Inexpressible(NULL)
        if not is_list(field):
            form[name] = _request_value(field, value)
        elif not isinstance(value, list):
            raise Inexpressible(WRONG_TYPE)
        elif value:
            form[name] = [_request_value(field, item) for item in value]
    for field in message.fields:
        if field.name not in form and not has_presence(field):
            raise Inexpressible(LACKS)
    return form


def to_request(kind, params):
    """Returns a message of this class with the params of a JSON request."""
    return json_format.ParseDict(_request_form(kind.DESCRIPTOR, params), kind())


def is_empty_list(params, pointer):
    """Returns true if the pointer of a refusal leads to an empty list."""
    value = params
    for token in pointer.split("/")[1:]:
        token = token.replace("~1", "/").replace("~0", "~")
        value = value[int(token)] if isinstance(value, list) else value.get(token)
        if not isinstance(value, (dict, list)):
            return False
    return value == []


def _json_value(field, value):
    if field.message_type is not None:
        return _json_form(field.message_type, value)
    if field.cpp_type == FieldDescriptor.CPPTYPE_UINT64 and field.name != "granularity":
        return hex(int(value))
    if field.cpp_type in (FieldDescriptor.CPPTYPE_UINT64, FieldDescriptor.CPPTYPE_INT64):
        return int(value)
    return value


def _default(field):
    if field.cpp_type == FieldDescriptor.CPPTYPE_UINT64:
        return "0x0"
    return field.default_value


def _json_form(message, members):
    """Converts the JSON of json_format to the JSON of the protocol."""
    form = {}
    for field in message.fields:
        if field.name in members:
            value = members[field.name]
            if is_map(field):
                of = field.message_type.fields_by_name["value"]
                form[field.name] = {key: _json_value(of, item) for key, item in value.items()}
            elif is_list(field):
                form[field.name] = [_json_value(field, item) for item in value]
            else:
                form[field.name] = _json_value(field, value)
        elif not has_presence(field):
            form[field.name] = _default(field)
    return form


def from_message(message):
    """Returns a message in the JSON of the protocol."""
    return _json_form(message.DESCRIPTOR, json_format.MessageToDict(message, preserving_proto_field_name=True))


def _comparable(message, value):
    """Converts JSON to the form of from_message(): windows are objects, empty lists and nulls are omitted, and the
    rest is unchanged."""
    if not isinstance(value, dict):
        return value
    form = {}
    for name, item in value.items():
        field = message.fields_by_name.get(name)
        is_window = field is not None and field.message_type is not None and field.message_type.name == "Window"
        if item == [] or (item is None and not is_window):
            continue
        if field is None or field.message_type is None:
            form[name] = item
        elif is_map(field):
            of = field.message_type.fields_by_name["value"].message_type
            form[name] = {key: _comparable(of, each) for key, each in item.items()}
        elif is_list(field):
            form[name] = [_comparable(field.message_type, each) for each in item]
        else:
            form[name] = _comparable(field.message_type,
                                     window_object(item) if is_window else item)
    return form


def comparable(kind, value):
    """Returns what from_message() would return for a message of this class with the content of this JSON."""
    return _comparable(kind.DESCRIPTOR, value)
