# SPDX-License-Identifier: MIT
"""Shared by tests of ttrpc: the protocol module, made by protoc, a daemon that serves ttrpc, and a client that sends
any frames."""

import atexit
import os
import re
import shutil
import subprocess
import sys
import tempfile

TOP_SRCDIR = os.path.abspath(os.environ.get("TOP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", "..")))
TOP_BUILDDIR = os.path.abspath(os.environ.get("TOP_BUILDDIR", "."))
for folder in ("tests/socket", "tests/proto", "front-ends/python"):
    sys.path.insert(0, os.path.join(TOP_SRCDIR, folder))
sys.dont_write_bytecode = True  # the source tree may be read-only

import harness


def make_module(file):
    """Makes the Python module of a .proto file, in a folder of its own, because tests run in parallel."""
    parent = os.path.join(TOP_BUILDDIR, "tests", "ttrpc")
    os.makedirs(parent, exist_ok=True)
    made = tempfile.mkdtemp(prefix="protocol-", dir=parent)
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    subprocess.run(["protoc", "-I", os.path.join(TOP_SRCDIR, "proto"), "-I", os.path.dirname(file),
                    f"--python_out={made}", file], check=True)
    sys.path.insert(0, made)


make_module(os.path.join(TOP_SRCDIR, "proto", "gpalayout.proto"))

import gpalayout_pb2
import gpalayout_ttrpc
from gpalayout_ttrpc import HEADER, Refused, fields, frame, request_bytes, varint

# Maps each JSON-RPC method to its rpc, as in src/server/methods.c.
with open(os.path.join(TOP_SRCDIR, "src", "server", "methods.c"), encoding="utf-8") as source:
    _text = source.read()
RPCS = dict(re.findall(r'^\t[A-Z_]+\("([a-z.]+)", "([A-Za-z]+)",', _text, re.MULTILINE)
            + re.findall(r'\.name = "([a-z.]+)",\s*\.ttrpc_name = "([A-Za-z]+)"', _text))


class Daemon(harness.Daemon):
    """A daemon that also serves ttrpc."""

    def start(self, wait=True):
        self.ttrpc_socket = os.path.join(self.folder, "ttrpc.sock")
        option = f"--ttrpc-socket={self.ttrpc_socket}"
        if option not in self.options:
            self.options.append(option)
        super().start(wait)

    def wait_ready(self):
        super().wait_ready()
        harness.wait_until(lambda: harness.is_served(self.ttrpc_socket), "the daemon does not serve ttrpc")

    def ttrpc(self):
        return gpalayout_ttrpc.Client(self.ttrpc_socket, timeout=harness.PATIENCE)

    def frames(self):
        return Frames(self.ttrpc_socket)


class Frames(harness.Client):
    """A connection that sends any bytes, and reads frame by frame."""

    def read_frame(self):
        """Returns stream, type, flags and message of the next frame, or None at the end of the input."""
        while len(self.buffer) < HEADER.size or len(self.buffer) < HEADER.size + HEADER.unpack_from(self.buffer)[0]:
            data = self.sock.recv(1 << 20)
            if not data:
                if self.buffer:
                    raise AssertionError(f"input ended inside a frame: {self.buffer[:200]!r}")
                return None
            self.buffer += data
        length, stream, kind, flags = HEADER.unpack_from(self.buffer)
        message = self.buffer[HEADER.size:HEADER.size + length]
        self.buffer = self.buffer[HEADER.size + length:]
        return stream, kind, flags, message

    def read_response(self, reply):
        """Returns the stream, and a message of the class `reply` or a Refused."""
        frame_read = self.read_frame()
        if frame_read is None:
            raise AssertionError("connection closed without a reply")
        stream, kind, flags, message = frame_read
        if (kind, flags) != (gpalayout_ttrpc.RESPONSE, 0):
            raise AssertionError(f"a frame of type {kind} with flags {flags}")
        return stream, gpalayout_ttrpc.parse_response(message, reply)


def reply_class(rpc):
    return getattr(gpalayout_pb2, gpalayout_ttrpc.METHODS[rpc].output_type.name)


def request_class(rpc):
    return getattr(gpalayout_pb2, gpalayout_ttrpc.METHODS[rpc].input_type.name)
