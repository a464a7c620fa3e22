# SPDX-License-Identifier: MIT
"""A client of gpalayoutd over ttrpc, for programs that want protobuf messages.

This file needs Python 3.9 or later, python3-protobuf, and the module that protoc generates from
the protocol, in a folder of PYTHONPATH:

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

A request is a message of gpalayout_pb2, or a dictionary that google.protobuf.json_format accepts.

Many calls may be pending at a time: `send` returns the stream of a call, and `receive` waits for
its reply, in whatever order replies come. The daemon stops reading while many replies are unread
(64, or 1 MiB), so `send` reads replies while it cannot write. It keeps them for `receive`: a
program that sends and never receives fills its own memory.

Every error of a call is an `Error`: `Refused` if the daemon refused the call, `NoDaemon`,
`ConnectionLost` or `TimedOut` if no reply came, `ProtocolError` if the reply is invalid. An unknown
method is a `ValueError`, and a dictionary that does not fit the message a `json_format.ParseError`.
proto/README.md, under "Clients", has a table of what a client reports when the daemon is stopped or
restarted.

A `Client` is one connection, for one thread at a time. It starts no thread, handles no signal and
never causes SIGPIPE.
"""

import math
import os
import select
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

# Seconds between two attempts while the listen queue is full; the kernel gives no event for it.
CONNECT_RETRY = 0.01

LONGEST_POLL_MS = 2**31 - 1  # the limit of poll()

ERROR_DATA = "gpalayout.v1.ErrorData"  # the only type of details that this client reads

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5


class Error(Exception):
    """Any error of this client."""


class NoDaemon(Error):
    """Nobody listens on the socket, or this user may not connect. The request was not sent."""


class ConnectionLost(Error):
    """The connection ended before the reply. A change may have been made: call `Get`, or repeat a
    `Create`."""


class TimedOut(Error):
    """No reply came in time. A change may have been made, or may still be made, unless the message
    says that the daemon accepts no connection or reads no request."""


class ProtocolError(Error):
    """A message of the daemon is invalid."""


class Refused(Error):
    """The daemon refused the call.

    status   the status code of gRPC
    message  for people; it may change
    data     the ErrorData with the reason, the pointer and the details, or None: an error for lack
             of memory may have none
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


# The envelope. Its few small messages belong to ttrpc, so this file reads and writes them itself.

def varint(number):
    """Returns the bytes of a number. A negative one is encoded as a 64-bit integer."""
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
    """Returns the bytes of a ttrpc Request."""
    message = b"".join(bytes_field(number, content) for number, content in
                       ((1, service.encode()), (2, rpc.encode()), (3, payload)))
    if timeout_nano:
        message += varint(4 << 3 | VARINT) + varint(timeout_nano)
    return message


def frame(stream, message, kind=REQUEST, flags=0):
    """Returns a header and a message."""
    return HEADER.pack(len(message), stream, kind, flags) + message


def _read_varint(data, at):
    number = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ProtocolError("invalid reply: a number is cut off or too long")
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7


def _each_field(data):
    """Yields the number and the value of each field of a message."""
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        kind = tag & 7
        if kind == VARINT:
            value, at = _read_varint(data, at)
        elif kind in (LENGTH, FIXED64, FIXED32):
            length = 8 if kind == FIXED64 else 4
            if kind == LENGTH:
                length, at = _read_varint(data, at)
            if length > len(data) - at:
                raise ProtocolError("invalid reply: a field is cut off")
            value, at = data[at:at + length], at + length
        else:
            raise ProtocolError(f"invalid reply: a field has wire type {kind}")
        yield tag >> 3, value


def fields(data):
    """Returns the last value of each field of a message, by its number."""
    return dict(_each_field(data))


def _typed(value, kind):
    if not isinstance(value, kind):
        raise ProtocolError("invalid reply: a field has the wrong type")
    return value


def _parse(kind, data):
    message = kind()
    try:
        message.ParseFromString(_typed(data, bytes))
    except DecodeError as error:
        raise ProtocolError(f"invalid {kind.DESCRIPTOR.name}: {error}") from None
    return message


def _error_data(status):
    """Returns the ErrorData in the details of a Status, or None. Skips details of other types."""
    for number, value in _each_field(status):
        if number == 3:
            detail = fields(_typed(value, bytes))
            kind = _typed(detail.get(1, b""), bytes).decode(errors="replace")
            if kind.rpartition("/")[2] == ERROR_DATA:
                return _parse(gpalayout_pb2.ErrorData, detail.get(2, b""))
    return None


def parse_response(data, reply):
    """Parses a ttrpc Response. Returns a message of the class `reply`, or a `Refused`."""
    response = fields(data)
    status = _typed(response.get(1, b""), bytes)
    members = fields(status)
    code = _typed(members.get(1, 0), int)
    if code == 0:
        return _parse(reply, response.get(2, b""))
    message = _typed(members.get(2, b""), bytes).decode(errors="replace")
    return Refused(code, message, _error_data(status))


class Client:
    """A connection to the daemon. The constructor opens it; `close` or the end of `with` closes it.

    path     the socket
    timeout  time limit in seconds, for connecting and for each call that has no other limit;
             None: no limit
    module   the module that protoc generates from the protocol
    service  a service of that module; so this client also works for other protocols over ttrpc

    If the connection has ended, the next request connects again. Calls that were pending raise
    `ConnectionLost`; the client never repeats one. A `TimedOut` that leaves a request partly sent
    also ends the connection. After any other `TimedOut` the connection stays usable. After an
    invalid frame, which ends the connection, pending calls raise `ProtocolError`.
    """

    def __init__(self, path=DEFAULT_SOCKET, timeout=DEFAULT_TIMEOUT, *, module=gpalayout_pb2,
                 service="Layouts"):
        self.path = os.fspath(path)
        self.timeout = timeout
        self._module = module
        self._service = module.DESCRIPTOR.services_by_name[service]
        self._socket = None
        self._input = bytearray()
        self._next_stream = 1
        self._sent = {}  # reply classes of pending calls, by stream; None: the call was given up
        self._replies = {}  # replies and errors that `receive` has not returned yet, by stream
        self._connect(_deadline(timeout))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Closes the connection. Pending calls raise `ConnectionLost`; a later call connects again.
        """
        self._end_connection(ConnectionLost,
                             "the connection was closed by the client before the reply")

    def call(self, rpc, request=None, timeout=None):
        """Sends a request, and returns its reply.

        The request tells the daemon the time limit. If the daemon refuses the request because the
        limit has passed, and does so first, this raises `Refused` with the reason "timeout" instead
        of `TimedOut`. Even then a change may have been made, or may still be made.
        """
        timeout = self.timeout if timeout is None else timeout
        deadline = _deadline(timeout)
        stream = self._send(rpc, request, timeout, deadline)
        try:
            return self._receive(stream, timeout, deadline)
        except BaseException:
            self.forget(stream)
            raise

    def send(self, rpc, request=None, timeout=None):
        """Sends a request, and returns its stream for `receive`.

        The daemon refuses the request if it cannot answer within `timeout` seconds. If the daemon
        does not read the request within `timeout`, or by default within the client's time limit,
        this raises `TimedOut`.
        """
        return self._send(rpc, request, timeout,
                          _deadline(self.timeout if timeout is None else timeout))

    def receive(self, stream, timeout=None):
        """Returns the reply to a request of `send`, or raises `Refused`.

        After `TimedOut`, call it again to wait for the same reply, or call `forget`.
        """
        timeout = self.timeout if timeout is None else timeout
        return self._receive(stream, timeout, _deadline(timeout))

    def forget(self, stream):
        """Gives up a call: its reply is dropped when it comes. The daemon still does the call."""
        self._replies.pop(stream, None)
        if stream in self._sent:
            self._sent[stream] = None

    # Calls.

    def _send(self, rpc, request, timeout, deadline):
        method = self._service.methods_by_name.get(rpc)
        if method is None:
            raise ValueError(f"there is no method {rpc}")
        if request is None or isinstance(request, dict):
            message = getattr(self._module, method.input_type.name)()
            request = json_format.ParseDict(request or {}, message)
        payload = request_bytes(rpc, request.SerializeToString(), self._service.full_name,
                                _nanoseconds(timeout))
        while self._socket and self._read():
            pass
        if not self._socket:
            self._connect(deadline)
        stream = self._next_stream
        self._next_stream += 2
        self._sent[stream] = getattr(self._module, method.output_type.name)
        self._write(stream, frame(stream, payload), deadline)
        return stream

    def _receive(self, stream, timeout, deadline):
        if self._sent.get(stream) is None and stream not in self._replies:
            raise ValueError(f"no call of stream {stream} is pending")
        while stream not in self._replies:
            if not self._wait(select.POLLIN, deadline):
                raise TimedOut(f"{self.path}: no reply within {timeout:g} s; the daemon may be "
                               "busy or stopped")
            self._read()
        reply = self._replies.pop(stream)
        if isinstance(reply, Error):
            raise reply
        return reply

    def _keep_reply(self, stream, kind, message):
        if kind != RESPONSE or stream not in self._sent:
            raise ProtocolError(f"invalid reply: a frame of type {kind} for stream {stream} is not "
                                "the response to a pending call")
        reply = self._sent.pop(stream)
        if reply is None:
            return
        try:
            self._replies[stream] = parse_response(message, reply)
        except ProtocolError as error:
            self._replies[stream] = error  # only this call fails, because the next frame is intact

    # The connection. It does not block, so that one deadline covers every step.

    def _connect(self, deadline):
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            made.setblocking(False)
            while True:
                try:
                    made.connect(self.path)
                    break
                except BlockingIOError:  # the listen queue is full
                    if _left(deadline) == 0:
                        raise TimedOut(f"{self.path}: the daemon accepts no connection; it may be "
                                       "busy or stopped") from None
                    time.sleep(CONNECT_RETRY)
                except OSError as error:
                    raise NoDaemon(f"{self.path}: cannot connect: {error.strerror or error}; "
                                   "is gpalayoutd running?") from None
        except BaseException:
            made.close()
            raise
        self._socket = made

    def _end_connection(self, error, why):
        """Closes the connection. Each pending call gets this error instead of a reply."""
        if self._socket:
            self._socket.close()
        self._socket = None
        self._input.clear()
        for stream, kind in self._sent.items():
            if kind is not None:
                self._replies[stream] = error(
                    f"{self.path}: {why}; a change may have been made: call Get, or Create again")
        self._sent.clear()

    def _wait(self, events, deadline):
        """Returns true if the socket becomes ready before the deadline. It is also ready when the
        daemon has closed the connection."""
        poll = select.poll()
        poll.register(self._socket, events)
        left = _left(deadline)
        wait_ms = None if left is None else math.ceil(min(1000 * left, LONGEST_POLL_MS))
        return bool(poll.poll(wait_ms))

    def _write(self, stream, data, deadline):
        unsent = memoryview(data)
        events = select.POLLIN | select.POLLOUT
        try:
            while unsent:
                try:
                    unsent = unsent[self._socket.send(unsent, socket.MSG_NOSIGNAL):]
                    continue
                except BlockingIOError:
                    pass
                except OSError:
                    events = select.POLLIN  # the daemon reads no more, but may have sent replies
                if not self._wait(events, deadline):
                    raise TimedOut(f"{self.path}: the daemon reads no request; it may be busy or "
                                   "stopped")
                self._read()
                if not self._socket:
                    raise self._replies[stream]
        except BaseException:
            if unsent and self._socket and len(unsent) < len(data):
                # The daemon would mistake the next request for the rest of this one.
                self._end_connection(
                    ConnectionLost, "the client closed the connection before the reply, because "
                    "the daemon read only a part of a later request")
            self._sent.pop(stream, None)
            self._replies.pop(stream, None)
            raise

    def _read(self):
        """Reads once, and keeps all complete replies. Closes the connection if the daemon has.

        Returns false if there was nothing to read.
        """
        try:
            data = self._socket.recv(READ_SIZE)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            where = (f"inside a reply, after {len(self._input)} bytes" if self._input
                     else "before the reply")
            self._end_connection(ConnectionLost, f"the connection was closed {where}")
            return True
        self._input += data
        try:
            while frame_read := self._next_frame():
                self._keep_reply(*frame_read)
        except ProtocolError as error:
            self._end_connection(ProtocolError, str(error))
        return True

    def _next_frame(self):
        """Returns stream, type and message of the next complete frame, or None."""
        if len(self._input) < HEADER.size:
            return None
        length, stream, kind, _ = HEADER.unpack_from(self._input)
        if length > LARGEST_MESSAGE:
            raise ProtocolError(f"invalid reply: it has {length} bytes; at most {LARGEST_MESSAGE} "
                                "are allowed")
        end = HEADER.size + length
        if len(self._input) < end:
            return None
        message = bytes(self._input[HEADER.size:end])
        del self._input[:end]
        return stream, kind, message


def _nanoseconds(timeout):
    """Returns a time limit in nanoseconds for the daemon, for which 0 means no limit."""
    if timeout is None or timeout * 1e9 >= 2**63:
        return 0
    return max(int(timeout * 1e9), 1)


def _deadline(timeout):
    return None if timeout is None else time.monotonic() + timeout


def _left(deadline):
    return None if deadline is None else max(0.0, deadline - time.monotonic())
