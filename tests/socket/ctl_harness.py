# SPDX-License-Identifier: MIT
"""Runs gpalayoutctl, and acts as the daemon for it.

Most tests of the client use a scripted peer, which can misbehave in ways the daemon does not. harness.py starts the
real daemon.
"""

import contextlib
import fcntl
import glob
import hashlib
import json
import os
import pty
import re
import select
import shutil
import socket
import struct
import subprocess
import tempfile
import termios
import threading
import unittest

from harness import GPALAYOUTCTL, PATIENCE, wait_until

OK, NO, USAGE, NO_DAEMON, REFUSED, NOT_FOUND, CONFLICT, NO_ROOM = range(8)

# The exit status of refusals whose status is not REFUSED.
STATUS = {
    **dict.fromkeys(("bad_size", "wrong_type", "missing_member", "unknown_member", "bad_name", "unknown_policy",
                     "out_of_range"), USAGE),
    **dict.fromkeys(("overloaded", "shutting_down", "timeout"), NO_DAEMON),
    "not_found": NOT_FOUND, "conflict": CONFLICT, "generation_mismatch": CONFLICT,
    "exhausted": NO_ROOM, "address_width_exceeded": NO_ROOM,
}

BASE_ENV = {name: value for name, value in os.environ.items() if name not in ("GPALAYOUT_SOCKET", "NO_COLOR", "PAGER", "LESS")}


class Result:
    def __init__(self, code, out, err):
        self.code = code
        self.raw = out
        self.out = out.decode("utf-8", "replace")
        self.raw_err = err
        self.err = err.decode("utf-8", "replace")


def ctl(*args, program=GPALAYOUTCTL, stdin=b"", env=None, stdout=subprocess.PIPE, **options):
    process = subprocess.run([program, *args], input=stdin, stdout=stdout, stderr=subprocess.PIPE,
                             env=dict(BASE_ENV, **(env or {})), timeout=PATIENCE, check=False, **options)
    return Result(process.returncode, process.stdout or b"", process.stderr)


def ctl_as(uid, *args):
    """Runs a copy of the client as another user, because that user may not be able to enter the build folder."""
    folder, name = os.path.split(GPALAYOUTCTL)
    built = os.path.join(folder, ".libs")  # libtool's real program, if GPALAYOUTCTL is its script
    program = os.path.join(built, name)
    with tempfile.TemporaryDirectory(prefix="gpalayoutctl-test-") as copies:
        os.chmod(copies, 0o777)
        for path in (program if os.path.exists(program) else GPALAYOUTCTL, *glob.glob(os.path.join(built, "*.so.?"))):
            # The files in the build folder may be readable only by their owner.
            os.chmod(shutil.copy(path, copies), 0o755)
        # If coverage is counted, that user cannot write the counters into the build folder, and stderr would report it.
        return ctl(*args, program=os.path.join(copies, name), env={"LD_LIBRARY_PATH": copies, "GCOV_PREFIX": copies},
                   cwd="/", user=uid, group=uid, extra_groups=())


def on_terminal(*args, env=None, lines=0):
    """Runs the client with a terminal of `lines` lines as standard output and standard error.

    Returns the exit status and what was written. A variable of `env` that is None is removed.
    """
    try:
        master, slave = pty.openpty()
    except OSError as error:
        raise unittest.SkipTest(f"no terminals here: {error}") from None
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", lines, 80, 0, 0))
    process = subprocess.Popen([GPALAYOUTCTL, *args], stdin=subprocess.DEVNULL, stdout=slave, stderr=slave,
                               env={name: value for name, value in {**BASE_ENV, "TERM": "xterm", **(env or {})}.items()
                                    if value is not None})
    os.close(slave)
    shown = b""
    while select.select([master], [], [], PATIENCE)[0]:
        try:
            data = os.read(master, 1 << 16)
        except OSError:  # EIO: the last writer has closed it
            break
        if not data:
            break
        shown += data
    os.close(master)
    return process.wait(PATIENCE), shown


def reply(result, identity=1):
    return json.dumps({"jsonrpc": "2.0", "id": identity, "result": result}).encode() + b"\n"


def refusal(code=1, message="no", identity=1, **data):
    error = {"code": code, "message": message, "data": data}
    return json.dumps({"jsonrpc": "2.0", "id": identity, "error": error}).encode() + b"\n"


def entry(tag, kind, start, end):
    return {"tag": tag, "kind": kind, "start": hex(start), "end": hex(end)}


# The members of daemon.info that the client needs, and its output for them.
INFO = {"version": "1", "protocol": "1", "default_policy": "p", "sockets": {}, "limits": {}}
INFO_SHOWN = "version         1\nprotocol        1\ndefault policy  p\n\nLIMIT  VALUE\n"


def layout(entries=(), **members):
    """A layout with 3 GiB of RAM, these map entries and other members."""
    return {"arch": "x86_64", "policy": "openvmm-2026.07", "profile": "gen2-uefi", "digest": "sha256:00ff",
            "ram": [{"node": 0, "start": "0x0", "end": "0xc0000000"}],
            "chipset": {"low_mmio": {"start": "0xf8000000", "end": "0x100000000"}},
            "map": list(entries), "ram_size": "0xc0000000", "end_of_ram": "0xc0000000",
            "end_of_layout": "0x100000000", "top": "0x100000000", "required_address_bits": 32, "warnings": [], **members}


def digest(result):
    """Computes the digest from the map of a layout, whatever its source."""
    lines = "".join(f"{row['kind']} {row['tag']} {row['start']}-{row['end']}\n" for row in result["map"])
    return "sha256:" + hashlib.sha256(f"gpalayout-digest-1\n{result['arch']}\n{lines}".encode()).hexdigest()


def rows(text):
    """Returns the rows of a printed map: (start, end, size, kind, tag)."""
    lines = text.split("\n\n")[0].splitlines()
    if lines[0].split() != ["START", "END", "SIZE", "KIND", "TAG"]:
        raise AssertionError(f"not a map:\n{text}")
    pattern = re.compile(r" *(0x[0-9a-f]+) +(0x[0-9a-f]+) +(~?[0-9.]+ (?:[KMGTPE]i)?B) +(\S+) +(.*)")
    return [pattern.fullmatch(line).groups() for line in lines[1:]]


class FakeDaemon:
    """Listens on a socket, and handles one connection after another as the script says.

    `script` is a function that gets the connection, or bytes. For bytes, the peer reads a line, adds it to `lines`, and
    sends the bytes.
    """

    def __init__(self, script):
        self.script = script
        self.lines = []
        self.folder = tempfile.mkdtemp(prefix="gpalayoutctl-test-")
        self.path = os.path.join(self.folder, "control.sock")
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(8)
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join(PATIENCE)
        self.listener.close()
        shutil.rmtree(self.folder)

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(PATIENCE)
                try:
                    if callable(self.script):
                        self.script(connection)
                    else:
                        self.lines.append(self.read_line(connection))
                        connection.sendall(self.script)
                except OSError:
                    pass  # the client has left; its exit status says whether that was right

    @staticmethod
    def read_line(connection):
        data = b""
        while not data.endswith(b"\n"):
            piece = connection.recv(1 << 16)
            if not piece:
                break
            data += piece
        return data


def run_against(script, *args, **options):
    """Runs the client against a fake daemon."""
    with FakeDaemon(script) as daemon:
        return ctl("--socket", daemon.path, *args, **options)


def conversation(answer):
    """Makes a script for a peer: `answer(message)` returns the bytes to send for each line."""
    def run(connection):
        while line := FakeDaemon.read_line(connection):
            connection.sendall(answer(json.loads(line)))
    return run


def send_slowly(descriptor, data, unread=termios.TIOCOUTQ):
    """Sends bytes one by one, each after the peer has read the one before. `unread` is the ioctl that counts unread
    bytes."""
    def is_read():
        return fcntl.ioctl(descriptor, unread, bytes(4)) == bytes(4)

    for byte in data:
        os.write(descriptor, bytes([byte]))
        wait_until(is_read, "the peer has not read the byte")


def holds_socket(pid):
    """Returns true if a process has a socket open. Then it is the client, and no longer the script that starts it."""
    folder = f"/proc/{pid}/fd"
    with contextlib.suppress(FileNotFoundError):
        return any(os.readlink(os.path.join(folder, name)).startswith("socket:") for name in os.listdir(folder))


def peer_pid(connection):
    return struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]


class Recorder:
    """Answers each message with the result of `results(method, params)`, and records the messages.

    A line made by refusal() gets the id of the message, unless it has an id of its own.
    """

    def __init__(self, results):
        self.results = results
        self.messages = []

    def __call__(self, message):
        self.messages.append(message)
        result = self.results(message["method"], message.get("params", {}))
        if isinstance(result, bytes):
            return result.replace(b'"id": 1,', b'"id": %d,' % message["id"])
        return reply(result, message["id"])

    def sent(self):
        return [(message["method"], message.get("params", {})) for message in self.messages]


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="gpalayoutctl-test-")
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def check(self, result, code, *errors):
        """Checks the exit status, and that error messages and hints contain these texts."""
        self.assertEqual(result.code, code, result.err)
        for text in errors:
            self.assertIn(text, result.err)
        if code:
            self.assertTrue(result.err.startswith("gpalayoutctl: "), result.err)
        else:
            self.assertEqual(result.err, "")
