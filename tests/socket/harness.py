# SPDX-License-Identifier: MIT
"""Starts the real daemon on a private socket and reports unittest results as TAP.

The environment names the programs under test: GPALAYOUTD and GPALAYOUTCTL (paths), GPALAYOUT_FAULT_LIBRARY (the
library made from fault.c; disk_recorder.so must be in the same folder), GPALAYOUT_MEMORY_LIBRARY (the library made from
memory.c) and TOP_SRCDIR (the source tree, which may be read-only). Each Daemon has a folder of its own under the temporary directory.
The folder is removed with it.
"""

import contextlib
import faulthandler
import fcntl
import functools
import json
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import unittest

TOP_SRCDIR = os.path.abspath(os.environ.get("TOP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", "..")))
GPALAYOUTD = os.path.abspath(os.environ.get("GPALAYOUTD", "./gpalayoutd"))
# The test system may have a configuration file, which must not be read.
PROGRAM = [GPALAYOUTD, "--config=none"]
GPALAYOUT_FAULT_LIBRARY = os.path.abspath(os.environ.get("GPALAYOUT_FAULT_LIBRARY", "./tests/socket/.libs/fault.so"))
GPALAYOUT_MEMORY_LIBRARY = os.path.abspath(os.environ.get("GPALAYOUT_MEMORY_LIBRARY", "./tests/socket/.libs/memory.so"))
GPALAYOUT_RECORDER = os.path.join(os.path.dirname(GPALAYOUT_FAULT_LIBRARY), "disk_recorder.so")
GPALAYOUTCTL = os.path.abspath(os.environ.get("GPALAYOUTCTL", "./gpalayoutctl"))

# Sanitizer builds on two busy cores are slow. A longer wait means that something hangs.
PATIENCE = 120

# A test that takes this long hangs, unless a long run was requested.
HANG = 1800
IS_LONG = any(name in os.environ for name in ("KILL_ROUNDS", "MEMORY_STEP", "POWER_LOSSES", "SOAK_SECONDS"))

# The group of the test's user may take backups, so the tests need not run as root.
AS_ADMIN = [] if os.geteuid() == 0 else [f"--admin-group={os.getegid()}"]

# Raises the time limits, so that a busy machine cuts no client off. Tests of these limits set their own.
LONG_TIME_LIMITS = [f"--limit={name}=3600000" for name in ("drain_ms", "inspect_idle_ms", "output_stall_ms", "unfinished_line_ms")]


def wait_until(condition, what):
    """Waits until `condition()` is true, and returns its value. `what` is the text for a failure, or a function
    returning it."""
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"timed out: {what() if callable(what) else what}")
        time.sleep(0.01)
    return value


def is_asleep(pid):
    """Returns true if the main thread and the worker threads sleep. A thread with work to do does not sleep, even if a
    busy machine keeps it from running. So the daemon has then handled everything that was sent, except for changes that
    the store is still writing."""
    def states():
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/stat", encoding="utf-8", errors="replace") as stat:
                before, _, after = stat.read().rpartition(")")
            if task == str(pid) or before.endswith("(work"):
                yield after.split()[0]
    return set(states()) == {"S"}


class Client:
    """One connection, for raw bytes or whole JSON-RPC messages."""

    def __init__(self, path, timeout=PATIENCE):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(timeout)
        self.sock.connect(path)
        self.buffer = b""
        self.next_id = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def send_aside(self, data, then_shutdown=False):
        """Sends from a thread of its own, because the daemon stops reading from a client that reads no replies."""
        def run():
            self.send(data)
            if then_shutdown:
                self.shutdown()
        threading.Thread(target=run, daemon=True).start()

    def send_until_held_back(self, daemon, data):
        """Sends until the daemon stops reading. Returns how many bytes the daemon or the socket has taken."""
        sent = 0
        self.sock.setblocking(False)
        while sent < len(data):
            try:
                sent += self.sock.send(data[sent:sent + 65536])
            except BlockingIOError:
                daemon.wait_idle()
                if not select.select([], [self.sock], [], 0)[1]:
                    break
        self.sock.settimeout(PATIENCE)
        return sent

    def has_nothing(self):
        """Returns true if neither data nor the end of input has come."""
        return not self.buffer and not select.select([self.sock], [], [], 0)[0]

    def read_what_is_there(self):
        while select.select([self.sock], [], [], 0)[0] and (data := self.sock.recv(1 << 16)):
            self.buffer += data

    def shutdown(self):
        """Shuts down sending. Replies can still be read."""
        self.sock.shutdown(socket.SHUT_WR)

    def read_line(self):
        """Returns the next line without its LF, or None at the end of input."""
        while b"\n" not in self.buffer:
            data = self.sock.recv(1 << 16)
            if not data:
                if self.buffer:
                    raise AssertionError(f"input ended inside a line: {self.buffer[:200]!r}")
                return None
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line

    def read_reply(self):
        line = self.read_line()
        if line is None:
            raise AssertionError("connection closed without a reply")
        return json.loads(line)

    def call(self, method, params=None):
        """Sends one request and returns the whole reply."""
        self.next_id += 1
        message = {"jsonrpc": "2.0", "id": self.next_id, "method": method}
        if params is not None:
            message["params"] = params
        self.send(json.dumps(message).encode() + b"\n")
        reply = self.read_reply()
        if reply.get("id") != self.next_id:
            raise AssertionError(f"reply to another request: {reply}")
        return reply


def is_served(path):
    """Returns true if a daemon accepts connections there. Waits until the daemon has hung up, so that this connection
    does not count any more."""
    try:
        with Client(path) as client:
            client.shutdown()
            client.read_line()
        return True
    except (FileNotFoundError, ConnectionRefusedError):
        return False


class Daemon:
    """A gpalayoutd of its own; `with Daemon("--option", ...) as daemon:`."""

    def __init__(self, *options, env=None, wait=True):
        self.folder = tempfile.mkdtemp(prefix="gpalayoutd-test-")
        self.socket = os.path.join(self.folder, "control.sock")
        self.inspect_socket = os.path.join(self.folder, "inspect.sock")
        self.log_path = os.path.join(self.folder, "log")
        self.state = os.path.join(self.folder, "state")
        self.options = list(options)
        if not any(option.startswith(("--store", "--state-dir")) for option in options):
            self.options += ["--state-dir", self.state]
        self.env = dict(os.environ, **(env or {}))
        self.process = None
        self.start(wait)

    def start(self, wait=True):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*PROGRAM, "--socket", self.socket, "--inspect-socket", self.inspect_socket, *self.options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.env)
        if wait:
            self.wait_ready()

    def wait_ready(self):
        def is_ready():
            if self.process.poll() is not None:
                raise AssertionError(f"daemon exited with {self.process.returncode} at start:\n{self.log()}")
            return all(map(is_served, (self.inspect_socket, self.socket)))
        wait_until(is_ready, lambda: f"the daemon is not ready:\n{self.log()}")

    def __enter__(self):
        return self

    def __exit__(self, exc_type, *_):
        try:
            code = self.stop()
            if exc_type is None and code != 0:
                raise AssertionError(f"daemon exited with {code}:\n{self.log()}")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def stop(self, sig=signal.SIGTERM):
        """Sends a signal unless the daemon has exited, and returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(sig)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"daemon did not stop:\n{self.log()}") from None

    def connect(self, inspect=False, timeout=PATIENCE):
        return Client(self.inspect_socket if inspect else self.socket, timeout)

    def call(self, method, params=None, inspect=False):
        with self.connect(inspect) as client:
            return client.call(method, params)

    def wait_log(self, text):
        """Waits until the daemon has logged `text`, and returns the line."""
        def find():
            return next((line for line in self.log().splitlines() if text in line), None)
        return wait_until(find, lambda: f"{text!r} is not in the log:\n{self.log()}")

    @contextlib.contextmanager
    def paused(self):
        """Suspends the daemon inside the `with` block. Afterwards it finds everything that was sent meanwhile."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOWAIT)
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def wait_read(self, *clients):
        """Waits until the daemon has read everything that these clients have sent."""
        def is_read():
            return all(struct.unpack("i", fcntl.ioctl(client.sock, termios.TIOCOUTQ, bytes(4)))[0] == 0
                       for client in clients)
        wait_until(is_read, "the daemon has unread input")

    def wait_idle(self):
        """Waits until the daemon sleeps; see is_asleep(). The store may still be writing."""
        wait_until(lambda: is_asleep(self.process.pid), "the daemon is still busy")


@functools.cache
def can_be_another_user():
    """Returns true if this is root, may become another user, and that user can enter the temporary folder."""
    folder = tempfile.gettempdir()  # another user could get another folder
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            status = 0 if os.access(folder, os.X_OK) else 1
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0


def call_as(uid, groups, path, method, params):
    """Calls a method as another user. can_be_another_user() says whether that is possible."""
    code = (
        "import json, os, sys\n"
        # The import comes first, because the other user may not be able to read the modules.
        "from harness import Client\n"
        "uid, groups = json.loads(sys.argv[1])\n"
        "os.setgroups(groups); os.setgid(uid); os.setuid(uid)\n"
        "with Client(sys.argv[2]) as client:\n"
        "    print(json.dumps(client.call(sys.argv[3], json.loads(sys.argv[4]))))\n")
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps([uid, groups]), path, method, json.dumps(params)],
        env=dict(os.environ, PYTHONPATH=os.path.join(TOP_SRCDIR, "tests/socket")),
        capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


class DaemonTestCase(unittest.TestCase):
    """One daemon with the options OPTIONS for all tests of the class."""

    OPTIONS = ()

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(*cls.OPTIONS)

    @classmethod
    def tearDownClass(cls):
        cls.daemon.__exit__(None)


class TapResult(unittest.TestResult):
    def __init__(self, stream):
        super().__init__()
        self.stream = stream
        self.number = 0

    def startTest(self, test):
        super().startTest(test)
        if not IS_LONG:
            faulthandler.dump_traceback_later(HANG, exit=True)

    def report(self, ok, test, comment="", detail=""):
        self.number += 1
        self.stream.write(f"{'ok' if ok else 'not ok'} {self.number} - {test.id()}{comment}\n")
        for line in detail.splitlines():
            self.stream.write(f"# {line}\n")
        self.stream.flush()

    def addSuccess(self, test):
        super().addSuccess(test)
        self.report(True, test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.report(False, test, detail=self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.report(False, test, detail=self.errors[-1][1])

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.report(True, test, f" # SKIP {reason}")

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            where = self.failures if issubclass(err[0], test.failureException) else self.errors
            self.report(False, subtest, detail=where[-1][1])


def main(module="__main__"):
    # A shell starts a background program with these signals ignored, and its children would inherit that.
    for number in (signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[module])
    result = TapResult(sys.stdout)
    suite.run(result)
    if not result.number:
        # A plan of no tests would count as skipped.
        sys.stdout.write("not ok 1 - there is no test\n1..1\n")
        sys.exit(1)
    sys.stdout.write(f"1..{result.number}\n")
    sys.exit(0 if result.wasSuccessful() else 1)
