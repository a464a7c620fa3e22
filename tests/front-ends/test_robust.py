#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What each client reports when the daemon is stopped, has a full queue of connections, closes in the middle of a
reply, restarts, is newer, or does not read. proto/README.md has the table for users, under "Clients".

Each client is a class below. OUTCOMES is what it reports. To add a client, add a class to CLIENTS. Each test of
Matrix is one situation, for all clients that can be in it.

Other tests cover these cells:

- typed functions of the C library with a newer daemon, and its events over restarts: tests/client/test_peer.c and
  test_client.c. One object makes one call at a time, so it cannot send many without reading: test_client.c,
  an_answer_belongs_to_its_own_call.
- events of gpalayout.py over restarts and from a newer daemon: test_python.py. Those of gpalayoutctl watch:
  tests/socket/test_ctl_watch.py.
- gpalayoutctl --retry, and a queue that gets room while a client waits: tests/socket/test_ctl.py.
- a VM of gpalayout_petri.py over a restart of its daemon: test_petri.py.
"""

import contextlib
import functools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "ttrpc"))
sys.dont_write_bytecode = True  # the source tree may be read-only

from ttrpc_harness import TOP_BUILDDIR, TOP_SRCDIR, Daemon, gpalayout_pb2, gpalayout_ttrpc

for folder in ("front-ends/petri", "tests/front-ends"):
    sys.path.insert(0, os.path.join(TOP_SRCDIR, folder))

import gpalayout
import gpalayout_petri as petri
from ctl_harness import FakeDaemon, ctl, refusal
from gpalayout_ttrpc import HEADER, RESPONSE, bytes_field, fields, frame, varint
from harness import GPALAYOUTD, LONG_TIME_LIMITS, PATIENCE, main

SESSION = os.path.join(TOP_BUILDDIR, "tests", "front-ends", "session")
OPENVMM = os.path.join(TOP_SRCDIR, "front-ends", "openvmm", "gpalayout-openvmm")
LAYOUT_SH = os.path.join(TOP_SRCDIR, "front-ends", "shell", "layout.sh")
REQUEST = {"arch": "x86_64", "memory": {"nodes": ["1GiB"]}}
TTRPC_REQUEST = {"arch": "x86_64", "memory": {"nodes": [1 << 30]}}

# A time limit that expires, and the most that a client with this limit may take on a busy machine. By default a client
# waits for 30 s, so a client that ignores its limit takes longer.
SHORT = 0.2
LATE = 29

# The buffers of a socket cannot hold this text. A ttrpc message has at most 4 MiB.
LONG = "y" * (3 << 20)

STOPPED = "may be busy or stopped"
ASK = "; a change may have been made: call [gG]et, or [cC]reate again$"


# The clients. `ask` creates a layout, or resolves it if the client can only do that; `ask_long` sends LONG. Both return
# what the client reports: "ok", an error class, a code or an exit status, and the text.

class Client:
    """The base of all clients. A client connects with its first call."""

    PROTOCOL = "json"

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class Python(Client):
    """gpalayout.py."""

    OUTCOMES = {
        "done": ("ok", ""),
        "queue full": ("TimedOut", f"the daemon accepts no connection; it {STOPPED}$"),
        "silent": ("TimedOut", f"no reply within 0.2 s; the daemon {STOPPED}$"),
        "not read": ("TimedOut", f"no reply within 0.2 s; the daemon {STOPPED}$"),
        "closed": ("ConnectionLost", f"the connection was closed before a reply{ASK}"),
        "cut off": ("ConnectionLost", f"the connection was closed inside a line, after [0-9]+ bytes{ASK}"),
        "not there": ("NoDaemon", r"cannot connect: Connection refused; is gpalayoutd running\?$"),
        "new reason": ("Refused", "^too_blue at /name: too blue$"),
    }

    client = None

    def __exit__(self, *_):
        if self.client:
            self.client.close()

    def ask(self, name, timeout=PATIENCE):
        return self.attempt(lambda: self.create(name), timeout)

    def ask_long(self, timeout):
        return self.attempt(lambda: self.client.call("a", {"x": LONG}), timeout)

    def attempt(self, call, timeout):
        try:
            if self.client is None:
                self.client = self.connect(timeout)
            self.client.timeout = timeout
            call()
            return "ok", ""
        except (gpalayout.Error, gpalayout_ttrpc.Error) as error:
            return type(error).__name__, str(error)

    def connect(self, timeout):
        return gpalayout.Client(self.path, timeout)

    def create(self, name):
        self.client.create(name, REQUEST)


class Petri(Python):
    """gpalayout_petri.py. A client of gpalayout.py creates its VMs."""

    def create(self, name):
        petri.VmBuilder(name).start(self.client)


class Ttrpc(Python):
    """gpalayout_ttrpc.py."""

    PROTOCOL = "ttrpc"
    OUTCOMES = {
        **Python.OUTCOMES,
        "closed": ("ConnectionLost", f"the connection was closed before the reply{ASK}"),
        "cut off": ("ConnectionLost", f"the connection was closed inside a reply, after [0-9]+ bytes{ASK}"),
        "not read": ("TimedOut", f"the daemon reads no request; it {STOPPED}$"),
    }

    def connect(self, timeout):
        return gpalayout_ttrpc.Client(self.path, timeout)

    def create(self, name):
        self.client.call("Create", {"name": name, "request": TTRPC_REQUEST})

    def ask_long(self, timeout):
        return self.attempt(lambda: self.client.call("Get", {"name": LONG}), timeout)


class Library(Client):
    """libgpalayout-client, in a process of its own."""

    OUTCOMES = {
        "done": ("ok", ""),
        "queue full": ("timed_out", f"the daemon accepts no connection; it {STOPPED}$"),
        "silent": ("timed_out", f"no reply within 0.2 s; the daemon {STOPPED}$"),
        "not read": ("timed_out", f"no reply within 0.2 s; the daemon {STOPPED}$"),
        "closed": ("closed", "the connection was closed without a reply$"),
        "cut off": ("closed", "the connection was closed in the middle of a reply$"),
        "not there": ("no_daemon", "cannot connect: Connection refused$"),
        "new reason": ("refused", "^too_blue too blue$"),
    }
    MODE = "blocking"
    process = None

    def __exit__(self, *_):
        if self.process:
            self.process.communicate(timeout=PATIENCE)

    def ask(self, name, timeout=PATIENCE):
        return self.call("layout.create", {"name": name, "request": REQUEST}, timeout)

    def ask_long(self, timeout):
        return self.call("a", {"x": LONG}, timeout)

    def call(self, method, params, timeout):
        if self.process is None:
            self.process = subprocess.Popen([SESSION, self.path, str(round(1000 * timeout)), self.MODE],
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            code, text = self.outcome()
            if code != "ok":
                return code, text
        self.process.stdin.write(f"{round(1000 * timeout)} {method} {json.dumps(params)}\n")
        self.process.stdin.flush()
        return self.outcome()

    def outcome(self):
        code, _, text = self.process.stdout.readline().rstrip("\n").partition(" ")
        return code, text.removeprefix("- ")


class Loop(Library):
    """The same library, in a loop where its calls do not wait."""

    MODE = "loop"


class Command(Client):
    """gpalayoutctl, which makes a connection for each call."""

    UNKNOWN = "\nhint: it is not known whether the layout was created: repeat the command"
    OUTCOMES = {
        "done": (0, ""),
        "queue full": (3, f"the daemon accepts no connection; it {STOPPED}\nhint: --timeout SECONDS"),
        "silent": (3, f"(?s)no reply within 0.2 s; the daemon {STOPPED}{UNKNOWN}.*\nhint: --timeout SECONDS"),
        "not read": (3, f"no reply within 0.2 s; the daemon {STOPPED}\nhint: --timeout SECONDS"),
        "closed": (3, f"the connection was closed without a reply{UNKNOWN}"),
        "cut off": (3, f"the connection was closed in the middle of a reply{UNKNOWN}"),
        "not there": (3, "Connection refused\nhint: gpalayoutd no longer listens there: start it again"),
        "new reason": (4, "too blue"),
    }

    def ask(self, name, timeout=PATIENCE):
        return self.run("create", name, "-", stdin=json.dumps(REQUEST).encode(), timeout=timeout)

    def ask_long(self, timeout):
        return self.run("call", "a", "-", stdin=json.dumps({"x": LONG}).encode(), timeout=timeout)

    def run(self, *arguments, stdin, timeout):
        run = ctl("--socket", self.path, "--timeout", f"{timeout:g}", *arguments, stdin=stdin)
        return run.code, run.err


class OpenVmm(Client):
    """gpalayout-openvmm --resolve, which uses gpalayout.py."""

    OUTCOMES = {
        **{word: (3, text) for word, (_, text) in Python.OUTCOMES.items()},
        "done": (0, ""),
        "new reason": (4, "^gpalayout-openvmm: too_blue at /name: too blue$"),
    }

    def ask(self, name, timeout=PATIENCE):
        run = subprocess.run([sys.executable, OPENVMM, "--resolve", "--socket", self.path, "--timeout", f"{timeout:g}",
                              "--", "-m", "1G"], capture_output=True, text=True, timeout=PATIENCE, check=False)
        return run.returncode, run.stderr.rstrip("\n")


class Shell(Client):
    """layout.sh, which creates a layout and deletes it. It makes a connection for each call, and one for events.
    `Proxy` handles only one connection at a time, so the tests with it reach only the first call. jq reads only the
    members it names."""

    SILENT = f"layout.resolve: no connection, or no reply within [0-9.]+ s; the daemon {STOPPED}$"
    CUT_OFF = "layout.resolve: the reply is invalid or was cut off$"
    OUTCOMES = {
        "done": (0, ""),
        "queue full": (1, SILENT),
        "silent": (1, SILENT),
        "closed": (1, SILENT),
        "cut off": (1, CUT_OFF),
        # jq cannot tell why a line ends, and on a busy machine even the start of the line may come too late.
        "half silent": (1, f"{SILENT}|{CUT_OFF}"),
        "not there": (1, f"(?s)Connection refused.*{SILENT}"),
        "new reason": (1, "^layout.sh: too blue$"),
    }

    def ask(self, name, timeout=PATIENCE):
        run = subprocess.run(["/bin/sh", LAYOUT_SH, name, "/dev/stdin", "cat"], input=json.dumps(REQUEST), text=True,
                             capture_output=True, timeout=PATIENCE, check=False,
                             env=dict(os.environ, GPALAYOUT_SOCKET=self.path, GPALAYOUT_TIMEOUT=f"{timeout:g}"))
        return run.returncode, run.stderr.rstrip("\n")


CLIENTS = (Python, Petri, Ttrpc, Library, Loop, Command, OpenVmm)
if shutil.which("socat") and shutil.which("jq"):
    CLIENTS += (Shell,)
SESSIONS = (Python, Petri, Ttrpc, Library, Loop)  # those that make many calls over one connection


# Peers.

def read_exactly(connection, size):
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise ConnectionError("the client has left")
        data += piece
    return data


def read_frame(connection):
    header = read_exactly(connection, HEADER.size)
    return header + read_exactly(connection, HEADER.unpack(header)[0])


class Proxy(FakeDaemon):
    """Stands between clients and a daemon. For each reply of the daemon it sends the result of `edit(reply, number)`.

    The first request has the number 0. If the new reply is shorter, the connection is closed after it; if `waits` is
    set, only when the client has left. `requests` holds the received requests.
    """

    def __init__(self, daemon, protocol, edit, waits=False):
        self.target = daemon.ttrpc_socket if protocol == "ttrpc" else daemon.socket
        self.read = read_frame if protocol == "ttrpc" else self.read_line
        self.edit = edit
        self.waits = waits
        self.requests = []
        super().__init__(self.forward)

    def forward(self, connection):
        with socket.socket(socket.AF_UNIX) as daemon:
            daemon.settimeout(PATIENCE)
            daemon.connect(self.target)
            while request := self.read(connection):
                self.requests.append(request)
                daemon.sendall(request)
                reply = self.read(daemon)
                sent = self.edit(reply, len(self.requests) - 1)
                connection.sendall(sent)
                if len(sent) < len(reply):
                    break
            if self.waits:
                connection.recv(1)


@contextlib.contextmanager
def full_queue():
    """Yields the path of a socket whose queue has no room for another connection."""
    with contextlib.ExitStack() as stack:
        path = os.path.join(stack.enter_context(tempfile.TemporaryDirectory(prefix="gpalayoutd-test-")), "full.sock")
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(path)
        listener.listen(0)
        with contextlib.suppress(BlockingIOError):
            while True:
                waiting = stack.enter_context(socket.socket(socket.AF_UNIX))
                waiting.setblocking(False)
                waiting.connect(path)
        yield path


def with_new_members(value):
    """Returns JSON with an unknown member added to each object."""
    if isinstance(value, list):
        return [with_new_members(each) for each in value]
    if isinstance(value, dict):
        return {"moon": {"full": [1, None]}, **{name: with_new_members(each) for name, each in value.items()}}
    return value


def newer_line(reply):
    message = with_new_members(json.loads(reply))
    message["result"]["layout"]["warnings"].append({"reason": "full_moon", "tag": "ram0", "message": "it is"})
    return json.dumps(message).encode() + b"\n"


NEW_FIELD = bytes_field(1000, b"moon") + varint(1001 << 3) + varint(1)


def newer_frame(reply):
    """Returns the reply to Create with an unknown warning, a Status that says OK, and unknown fields in Response,
    CreateReply and Layout."""
    stream = HEADER.unpack_from(reply)[1]
    message = gpalayout_pb2.CreateReply.FromString(fields(reply[HEADER.size:])[2])
    message.layout.MergeFromString(NEW_FIELD)
    message.layout.warnings.add(reason="full_moon", tag="ram0", message="it is")
    status = varint(1 << 3) + varint(0)
    return frame(stream, bytes_field(1, status) + bytes_field(2, message.SerializeToString() + NEW_FIELD) + NEW_FIELD,
                 kind=RESPONSE)


def new_refusal(reply, protocol):
    """Returns a refusal to send instead of a reply. Clients do not know its code, its reason and some of its
    details."""
    if protocol == "json":
        return refusal(77, "too blue", json.loads(reply)["id"], reason="too_blue", pointer="/name", hue=240)
    data = gpalayout_pb2.ErrorData(reason="too_blue", pointer="/name").SerializeToString() + NEW_FIELD
    details = [bytes_field(1, f"type.googleapis.com/{kind}".encode()) + bytes_field(2, value) for kind, value in
               (("google.rpc.RetryInfo", b"\xff"), ("gpalayout.v1.ErrorData", data), ("moon.v9.Phase", b"\xff"))]
    status = varint(1 << 3) + varint(77) + bytes_field(2, b"too blue") + b"".join(
        bytes_field(3, detail) for detail in details) + NEW_FIELD
    return frame(HEADER.unpack_from(reply)[1], bytes_field(1, status), kind=RESPONSE)


def for_each(kinds=CLIENTS):
    """Runs the test for each of these clients, with a layout name for each."""
    kinds = tuple(kinds)

    def decorate(test):
        @functools.wraps(test)
        def run(self):
            for kind in kinds:
                with self.subTest(kind.__name__):
                    test(self, kind, f"{test.__name__[5:50]}-{kind.__name__}")
        return run
    return decorate


class Matrix(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(*LONG_TIME_LIMITS)
        cls.addClassCleanup(cls.daemon.__exit__, None)

    def client(self, kind, daemon=None):
        daemon = daemon or self.daemon
        return kind(daemon.ttrpc_socket if kind.PROTOCOL == "ttrpc" else daemon.socket)

    def expect(self, client, outcome, word):
        what, pattern = client.OUTCOMES[word]
        self.assertEqual(outcome[0], what, outcome)
        if word != "done":
            self.assertRegex(outcome[1], pattern)

    @contextlib.contextmanager
    def in_time(self):
        begin = time.monotonic()
        yield
        self.assertLess(time.monotonic() - begin, LATE)

    @for_each()
    def test_a_daemon_stopped_before_the_client_connects(self, kind, name):
        with self.client(kind) as client:
            with self.daemon.paused(), self.in_time():
                self.expect(client, client.ask(name, SHORT), "silent")
            self.expect(client, client.ask(name), "done")

    @for_each(SESSIONS)
    def test_a_daemon_stopped_between_two_calls(self, kind, name):
        with self.client(kind) as client:
            self.expect(client, client.ask(name), "done")
            with self.daemon.paused(), self.in_time():
                self.expect(client, client.ask(f"{name}-2", SHORT), "silent")
            self.expect(client, client.ask(f"{name}-3"), "done")

    @for_each()
    def test_a_daemon_stopped_in_the_middle_of_a_reply(self, kind, name):
        with Proxy(self.daemon, kind.PROTOCOL, lambda reply, _: reply[:-2], waits=True) as peer:
            with kind(peer.path) as client, self.in_time():
                self.expect(client, client.ask(name, SHORT), "half silent" if kind is Shell else "silent")

    @for_each()
    def test_a_full_queue_of_connections(self, kind, name):
        with full_queue() as path, kind(path) as client, self.in_time():
            self.expect(client, client.ask(name, SHORT), "queue full")

    @for_each()
    def test_a_daemon_that_closes_before_or_in_a_reply_gets_no_call_twice(self, kind, name):
        for length, word in ((0, "closed"), (4, "cut off"), (40, "cut off"), (-2, "cut off")):
            def edit(reply, number):
                return reply if number else reply[:length]

            with Proxy(self.daemon, kind.PROTOCOL, edit) as peer, kind(peer.path) as client:
                self.expect(client, client.ask(name), word)
                self.assertEqual(len(peer.requests), 1)
                if kind is not Shell:
                    self.expect(client, client.ask(name), "done")

    def test_a_daemon_killed_and_started_again(self):
        with Daemon() as daemon, contextlib.ExitStack() as stack:
            clients = [stack.enter_context(self.client(kind, daemon)) for kind in CLIENTS]

            def ask(word):
                for client in clients:
                    with self.subTest(type(client).__name__):
                        self.expect(client, client.ask(type(client).__name__), word)

            ask("done")
            daemon.stop(signal.SIGKILL)
            daemon.start()
            ask("done")
            daemon.stop(signal.SIGKILL)
            ask("not there")
            daemon.start()
            ask("done")

    @for_each(kind for kind in CLIENTS if kind is not Shell)
    def test_a_newer_daemon(self, kind, name):
        newer = newer_frame if kind.PROTOCOL == "ttrpc" else newer_line
        with Proxy(self.daemon, kind.PROTOCOL, lambda reply, _: newer(reply)) as peer, kind(peer.path) as client:
            self.expect(client, client.ask(name), "done")

    @for_each()
    def test_a_refusal_of_a_newer_daemon(self, kind, name):
        def edit(reply, _):
            return new_refusal(reply, kind.PROTOCOL)

        with Proxy(self.daemon, kind.PROTOCOL, edit) as peer, kind(peer.path) as client:
            self.expect(client, client.ask(name), "new reason")

    @for_each(kind for kind in CLIENTS if hasattr(kind, "ask_long"))
    def test_a_daemon_that_does_not_read_a_long_request(self, kind, name):
        with self.client(kind) as client:
            with self.daemon.paused(), self.in_time():
                self.expect(client, client.ask_long(SHORT), "not read")
            self.expect(client, client.ask(name), "done")

    def test_the_table_for_users_has_each_outcome(self):
        with open(os.path.join(TOP_SRCDIR, "proto", "README.md"), encoding="utf-8") as file:
            table = file.read().partition("\n## Clients\n")[2].partition("\n## ")[0]
        for kind in (Python, Ttrpc, Library):
            for what, _ in kind.OUTCOMES.values():
                if what != "ok":
                    self.assertIn(f"`GPAL_E_{what.upper()}`" if kind is Library else f"`{what}`", table)


class ManyCalls(unittest.TestCase):
    """gpalayout_ttrpc.py with many calls in flight."""

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon("--store=memory", *LONG_TIME_LIMITS)
        cls.addClassCleanup(cls.daemon.__exit__, None)

    def setUp(self):
        self.client = self.daemon.ttrpc()
        self.addCleanup(self.client.close)

    def create(self, name, **options):
        return self.client.call("Create", {"name": name, "request": TTRPC_REQUEST}, **options)

    def test_a_client_that_only_sends_is_not_held_up(self):
        # These are more replies, with more bytes, than the daemon queues and sockets hold.
        streams = [self.client.send("Schema" if number % 8 == 0 else "Info") for number in range(2000)]
        for stream in reversed(streams):
            self.assertTrue(self.client.receive(stream).ListFields())
        self.assertEqual((self.client._sent, self.client._replies), ({}, {}))

    def test_a_daemon_that_stops_while_many_are_sent(self):
        with self.daemon.paused():
            streams = []
            with self.assertRaisesRegex(gpalayout_ttrpc.TimedOut, "reads no request"):
                while True:
                    streams.append(self.client.send("Get", {"name": "x" * 10000}, timeout=SHORT))
        self.assertGreater(len(streams), 1)
        # If the last request was cut off, the client makes a new connection, and the other replies are lost.
        self.assertTrue(self.create("after"))
        for stream in streams:
            with self.assertRaises((gpalayout_ttrpc.Refused, gpalayout_ttrpc.ConnectionLost)):
                self.client.receive(stream)

    def test_a_request_that_was_cut_off_ends_the_connection(self):
        with self.daemon.paused():
            before = self.client.send("Info")
            with self.assertRaisesRegex(gpalayout_ttrpc.TimedOut, "reads no request"):
                self.client.send("Get", {"name": LONG}, timeout=SHORT)
            with self.assertRaisesRegex(gpalayout_ttrpc.ConnectionLost, f"only a part of a later request{ASK}"):
                self.client.receive(before)
        self.assertTrue(self.client.call("Info").version)

    def test_a_reply_that_comes_late_is_dropped_or_waited_for_again(self):
        with self.daemon.paused():
            with self.assertRaises(gpalayout_ttrpc.TimedOut):
                self.create("late", timeout=SHORT)
            waited_for = self.client.send("Info")
            for timeout in (0, SHORT):
                with self.assertRaises(gpalayout_ttrpc.TimedOut):
                    self.client.receive(waited_for, timeout)
            given_up = self.client.send("Info")
            self.client.forget(given_up)
        self.assertTrue(self.client.receive(waited_for).version)
        with self.assertRaisesRegex(ValueError, f"no call of stream {given_up}"):
            self.client.receive(given_up)
        self.client.call("Info")
        self.assertEqual((self.client._sent, self.client._replies), ({}, {}))

    def test_calls_under_way_are_lost_with_the_connection_and_not_made_again(self):
        with Daemon() as daemon, daemon.ttrpc() as client:
            revision = client.call("WaitEvents", {"timeout_ms": 0}).revision
            waits = [client.send("WaitEvents", {"since": revision, "timeout_ms": 3600000}) for _ in range(3)]
            client.call("Info")  # its reply shows that the daemon has read the waits
            daemon.stop(signal.SIGKILL)
            with self.assertRaisesRegex(gpalayout_ttrpc.ConnectionLost, f"closed before the reply{ASK}"):
                client.receive(waits[1])
            with self.assertRaises(gpalayout_ttrpc.NoDaemon):
                client.call("Info")
            daemon.start()
            client.call("Create", {"name": "vm", "request": TTRPC_REQUEST})
            for stream in (waits[0], waits[2]):
                with self.assertRaises(gpalayout_ttrpc.ConnectionLost):
                    client.receive(stream)
            # No event is lost, because the client asks for those after the last one it got.
            events = client.call("WaitEvents", {"since": revision}).events
            self.assertEqual([(event.event, event.name) for event in events], [("created", "vm")])

    def test_closing_loses_what_is_under_way_and_the_next_call_connects(self):
        stream = self.client.send("WaitEvents", {"timeout_ms": 3600000})
        self.client.close()
        with self.assertRaisesRegex(gpalayout_ttrpc.ConnectionLost, "closed by the client"):
            self.client.receive(stream)
        self.assertTrue(self.client.call("Info").version)

    def test_an_invalid_reply_fails_only_its_call(self):
        bad = (b"\xff", bytes_field(2, b"\xff"), varint(1 << 3) + varint(5), varint(2 << 3) + varint(5),
               bytes_field(1, bytes_field(1, b"5")), bytes_field(1, b"\x08\x05\x10\x05"))
        for message in bad:
            def script(connection):
                for _ in range(2):
                    read_frame(connection)
                connection.sendall(frame(1, message, kind=RESPONSE) + frame(3, b"", kind=RESPONSE))
                connection.recv(1)

            with self.subTest(message), FakeDaemon(script) as peer, \
                    gpalayout_ttrpc.Client(peer.path, PATIENCE) as client:
                first, second = client.send("Info"), client.send("Info")
                client.receive(second)
                with self.assertRaises(gpalayout_ttrpc.ProtocolError):
                    client.receive(first)

    def test_a_peer_that_is_no_daemon_ends_all_calls(self):
        for sent in (b"HTTP/1.1 400 Bad Request\r\n", frame(9, b"", kind=RESPONSE), frame(1, b"", kind=7)):
            def script(connection):
                for _ in range(2):
                    read_frame(connection)
                connection.sendall(sent)
                connection.recv(1)

            with self.subTest(sent), FakeDaemon(script) as peer, gpalayout_ttrpc.Client(peer.path, PATIENCE) as client:
                for stream in [client.send("Info"), client.send("Info")]:
                    with self.assertRaises(gpalayout_ttrpc.ProtocolError):
                        client.receive(stream)

    def test_no_time_limit_and_a_very_long_one(self):
        for timeout in (None, 1e30, float("inf")):
            with self.subTest(timeout), gpalayout_ttrpc.Client(self.daemon.ttrpc_socket, timeout) as client:
                self.assertTrue(client.call("Info").version)

    def test_a_peer_that_closes_causes_no_signal(self):
        self.addCleanup(signal.signal, signal.SIGPIPE, signal.signal(signal.SIGPIPE, signal.SIG_DFL))
        with FakeDaemon(lambda connection: connection.recv(1)) as peer:
            with gpalayout_ttrpc.Client(peer.path, PATIENCE) as client:
                with self.assertRaises(gpalayout_ttrpc.ConnectionLost):
                    client.call("Get", {"name": LONG})


class PetriDaemon(unittest.TestCase):
    """A private daemon of gpalayout_petri.py that is stopped with a signal."""

    def test_a_stopped_daemon_is_killed_at_the_end(self):
        with self.assertRaisesRegex(petri.DaemonFailed, "gpalayoutd did not exit within 0.2 s and was killed:\n"):
            with petri.Daemon(program=GPALAYOUTD, timeout=PATIENCE) as daemon:
                process = daemon.process
                process.send_signal(signal.SIGSTOP)
                daemon.timeout = SHORT
        self.assertEqual(process.returncode, -signal.SIGKILL)
        self.assertFalse(os.path.exists(daemon.folder))

    def test_the_end_of_a_vm_whose_daemon_has_gone(self):
        with petri.Daemon(program=GPALAYOUTD, timeout=PATIENCE) as daemon, daemon.connect() as client:
            with self.assertRaisesRegex(gpalayout.NoDaemon, "is gpalayoutd running"):
                with petri.VmBuilder("vm").start(client) as vm:
                    daemon.kill()
            daemon.start()
            vm.stop()
            self.assertEqual(list(client.list()), [])


if __name__ == "__main__":
    main()
