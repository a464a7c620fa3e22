# SPDX-License-Identifier: MIT
"""A client of gpalayoutd over ttrpc, for programs that want protobuf messages.

This file needs Python 3.9 or later, python3-protobuf, and the module that protoc makes of the
protocol, which has to be in a folder of PYTHONPATH:

    protoc -I proto --python_out=FOLDER proto/gpalayout.proto

    >>> from gpalayout_ttrpc import Client, Refused
    >>> client = Client(path)
    >>> request = {"arch": "x86_64", "memory": {"nodes": [4 << 30]}}
    >>> reply = client.call("Create", {"name": "example-1", "request": request})
    >>> f"{reply.layout.end_of_ram:#x}"
    '0x140000000'
    >>> first = client.send("Get", {"name": "example-1"})
    >>> second = client.send("Delete", {"name": "example-1"})
    >>> client.receive(second).name, client.receive(first).layout == reply.layout
    ('example-1', True)
    >>> try:
    ...     client.call("Get", {"name": "example-1"})
    ... except Refused as refusal:
    ...     print(refusal.status, refusal)
    5 not_found at /name: there is no layout example-1
    >>> client.close()

A request is a message of gpalayout_pb2, or a dictionary as google.protobuf.json_format takes it.
Calls may be many at a time: `send` returns the id of a call, and `receive` waits for its reply,
whichever order replies come in.

Every error is an `Error`: `Refused` if the daemon refused the call, `NoDaemon`, `ConnectionLost`
and `TimedOut` if no reply came, `ProtocolError` if what came is not a reply.

A `Client` is one connection, for one thread at a time. It starts no thread.
"""

import socket
import struct
import time

import gpalayout_pb2
from google.protobuf import json_format
from google.protobuf.message import DecodeError

__all__ = ["Client", "ConnectionLost", "Error", "NoDaemon", "ProtocolError", "Refused", "TimedOut"]

DEFAULT_SOCKET = "/run/gpalayoutd/ttrpc.sock"
DEFAULT_TIMEOUT = 30.0  # seconds

SERVICE = "gpalayout.v1.Layouts"
METHODS = gpalayout_pb2.DESCRIPTOR.services_by_name["Layouts"].methods_by_name

HEADER = struct.Struct(">IIBB")  # length of what follows, stream, type, flags
REQUEST, RESPONSE = 1, 2  # types
LARGEST_MESSAGE = 4 << 20
READ_SIZE = 64 << 10

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5


class Error(Exception):
    """Any error of this client."""


class NoDaemon(Error):
    """Nobody listens on the socket, or this user may not connect. The request was not sent."""


class ConnectionLost(Error):
    """The connection ended before the reply. A change may have been made: ask, or create again."""


class TimedOut(Error):
    """No reply came in time. A change may have been made, or may still be made."""


class ProtocolError(Error):
    """What came is not a message of the protocol."""


class Refused(Error):
    """The daemon refused the call.

    status   the status code of gRPC
    message  for people; it may change
    data     the ErrorData with the reason, the pointer and the details, or None: a refusal for
             want of memory, and one of a reply that is too long, may come without
    """

    def __init__(self, status, message, data):
        super().__init__(status, message, data)
        self.status = status
        self.message = message
        self.data = data

    @property
    def reason(self):
        """The stable word for programs, such as "not_found"; None without data."""
        return self.data.reason if self.data else None

    @property
    def pointer(self):
        """A JSON pointer from the request to the field at fault, or None."""
        return self.data.pointer if self.data and self.data.HasField("pointer") else None

    def __str__(self):
        where = f" at {self.pointer}" if self.pointer is not None else ""
        return f"{self.reason or f'status {self.status}'}{where}: {self.message}"


# The envelope. Its messages are small and of the ttrpc project, so they are read and written here.

def varint(number):
    """The bytes of a number; of a negative one as of a 64-bit integer."""
    number %= 1 << 64
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def bytes_field(number, content):
    return varint(number << 3 | LENGTH) + varint(len(content)) + content


def request_bytes(rpc, payload, service=SERVICE, timeout_nano=0):
    """The bytes of a ttrpc Request."""
    message = bytes_field(1, service.encode()) + bytes_field(2, rpc.encode()) + bytes_field(3, payload)
    if timeout_nano:
        message += varint(4 << 3 | VARINT) + varint(timeout_nano)
    return message


def frame(stream, message, kind=REQUEST, flags=0):
    """A header and a message."""
    return HEADER.pack(len(message), stream, kind, flags) + message


def _read_varint(data, at):
    number = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ProtocolError("a reply with a broken number")
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7


def fields(data):
    """The last value of each field of a message, by number; each of the envelope comes once."""
    found, at = {}, 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        kind = tag & 7
        if kind == VARINT:
            value, at = _read_varint(data, at)
        elif kind in (LENGTH, FIXED64, FIXED32):
            length, at = _read_varint(data, at) if kind == LENGTH else (8 if kind == FIXED64 else 4, at)
            if length > len(data) - at:
                raise ProtocolError("a reply that is cut off")
            value, at = data[at:at + length], at + length
        else:
            raise ProtocolError(f"a reply with wire type {kind}")
        found[tag >> 3] = value
    return found


def _parse(kind, data):
    message = kind()
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise ProtocolError(f"no {kind.DESCRIPTOR.name}: {error}") from None
    return message


def parse_response(data, reply):
    """A message of the class `reply`, or a Refused, of the bytes of a ttrpc Response."""
    response = fields(data)
    if 1 not in response:
        return _parse(reply, response.get(2, b""))
    status = fields(response[1])
    data = None
    if 3 in status:
        data = _parse(gpalayout_pb2.ErrorData, fields(status[3]).get(2, b""))
    return Refused(status.get(1, 0), status.get(2, b"").decode(), data)


class Client:
    """A connection. `timeout`: seconds that a call may take, unless it says otherwise; None: for ever."""

    def __init__(self, path=DEFAULT_SOCKET, timeout=DEFAULT_TIMEOUT):
        self.timeout = timeout
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._buffer = bytearray()
        self._next_stream = 1
        self._sent = {}  # classes of the replies that are to come, by stream
        self._replies = {}  # that came before somebody has asked for them
        try:
            self.sock.connect(path)
        except OSError as error:
            self.sock.close()
            raise NoDaemon(f"{path}: {error.strerror}") from None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def call(self, rpc, request=None, timeout=None):
        """Sends a request, and returns its reply."""
        timeout = self.timeout if timeout is None else timeout
        return self.receive(self.send(rpc, request, timeout), timeout)

    def send(self, rpc, request=None, timeout=None):
        """Sends a request, and returns its stream for `receive`. With `timeout`, in seconds, the
        daemon refuses what it cannot answer within it."""
        stream, message = self.encode(rpc, request, timeout)
        self._write(message)
        return stream

    def encode(self, rpc, request=None, timeout=None):
        """The stream and the bytes that `send` would send."""
        method = METHODS.get(rpc)
        if method is None:
            raise ValueError(f"there is no method {rpc}")
        if request is None or isinstance(request, dict):
            message = getattr(gpalayout_pb2, method.input_type.name)()
            request = json_format.ParseDict(request or {}, message)
        nanoseconds = max(int(timeout * 1e9), 1) if timeout is not None else 0
        stream = self._next_stream
        self._next_stream += 2
        self._sent[stream] = getattr(gpalayout_pb2, method.output_type.name)
        return stream, frame(stream, request_bytes(rpc, request.SerializeToString(), timeout_nano=nanoseconds))

    def receive(self, stream, timeout=None):
        """The reply to a request that was sent; Refused is raised."""
        timeout = self.timeout if timeout is None else timeout
        deadline = None if timeout is None else time.monotonic() + timeout
        if stream not in self._sent and stream not in self._replies:
            raise ValueError(f"no call of stream {stream} is under way")
        while stream not in self._replies:
            self._take(*self._read_frame(deadline))
        reply = self._replies.pop(stream)
        if isinstance(reply, Refused):
            raise reply
        return reply

    def _take(self, stream, kind, message):
        if kind != RESPONSE or stream not in self._sent:
            raise ProtocolError(f"a frame of type {kind} and stream {stream}, which was not asked for")
        self._replies[stream] = parse_response(message, self._sent.pop(stream))

    def _write(self, data):
        self.sock.settimeout(self.timeout)
        try:
            self.sock.sendall(data)
        except TimeoutError:
            raise TimedOut("the daemon does not read") from None
        except OSError as error:
            raise ConnectionLost(f"the connection was lost: {error.strerror}") from None

    def _read_frame(self, deadline):
        self._fill(HEADER.size, deadline)
        length, stream, kind, _ = HEADER.unpack_from(self._buffer)
        if length > LARGEST_MESSAGE:
            raise ProtocolError(f"a reply of {length} bytes")
        self._fill(HEADER.size + length, deadline)
        message = bytes(self._buffer[HEADER.size:HEADER.size + length])
        del self._buffer[:HEADER.size + length]
        return stream, kind, message

    def _fill(self, size, deadline):
        while len(self._buffer) < size:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TimedOut("no reply came in time")
            self.sock.settimeout(left)
            try:
                data = self.sock.recv(READ_SIZE)
            except TimeoutError:
                raise TimedOut("no reply came in time") from None
            except OSError as error:
                raise ConnectionLost(f"the connection was lost: {error.strerror}") from None
            if not data:
                raise ConnectionLost("the daemon has closed the connection")
            self._buffer += data
