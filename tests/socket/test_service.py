# SPDX-License-Identifier: MIT
"""The daemon and its service manager: inherited sockets, notifications, and settings from the environment.

These tests act as the manager. tests/install tests the unit files.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from datetime import datetime, timezone

from harness import GPALAYOUT_FAULT_LIBRARY, PATIENCE, PROGRAM, Client, main, wait_until

REQUEST = {"arch": "x86_64", "memory": {"nodes": ["1GiB"]}}


class Manager:
    """Listens for the daemon, starts it, and receives its notifications."""

    def __init__(self, *options, sockets=(), environment=None):
        self.folder = tempfile.mkdtemp(prefix="gpalayoutd-test-")
        self.state = os.path.join(self.folder, "state")
        self.options = options
        self.environment = environment or {}
        self.listeners = {}
        for name in sockets:
            self.listeners[name] = listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(self.path(name))
            listener.listen(16)
        self.notifications = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notifications.bind(os.path.join(self.folder, "notify"))
        self.notifications.settimeout(PATIENCE)
        self.process = None

    def path(self, name):
        return os.path.join(self.folder, f"{name}.sock")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process:
            self.process.stderr.close()
        for listener in (*self.listeners.values(), self.notifications):
            listener.close()
        shutil.rmtree(self.folder)

    def set_fault(self, what):
        """Sets the current fault of the fault library. Call it with "none" before the start."""
        fault = os.path.join(self.folder, "fault")
        self.environment.update(GPALAYOUT_FAULT_FILE=fault, LD_PRELOAD=GPALAYOUT_FAULT_LIBRARY)
        with open(fault + ".new", "w", encoding="ascii") as file:
            file.write(what)
        os.rename(fault + ".new", fault)

    def start(self, names=None, given=None):
        """Passes the descriptors `given` from 3 on, by default the listeners, with these `names`."""
        given = [listener.fileno() for listener in self.listeners.values()] if given is None else given
        names = ":".join(self.listeners) if names is None else names
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("LISTEN_", "NOTIFY_", "WATCHDOG_"))}
        environment.update(NOTIFY_SOCKET=os.path.join(self.folder, "notify"))
        if given:
            environment.update(LISTEN_FDS=str(len(given)), LISTEN_FDNAMES=names)
        environment.update(self.environment)

        def pass_descriptors():
            high = [os.dup2(fd, 100 + number) for number, fd in enumerate(given)]
            for number, fd in enumerate(high):
                os.dup2(fd, 3 + number)

        # The daemon replaces the shell in the same process.
        self.process = subprocess.Popen(["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$0" "$@"', *PROGRAM, "--state-dir", self.state,
                                         *self.options], env=environment, stderr=subprocess.PIPE, close_fds=False, preexec_fn=pass_descriptors)

    def next_notification(self):
        return self.notifications.recv(4096).decode().split("\n")

    def wait_notified(self, assignment):
        while assignment not in (notifications := self.next_notification()):
            pass
        return notifications

    def stop(self, number=signal.SIGTERM):
        """Stops the daemon. Returns its exit status and its log."""
        self.process.send_signal(number)
        return self.wait_exited()

    def wait_exited(self):
        log = self.process.stderr.read().decode()
        return self.process.wait(PATIENCE), log


class Sockets(unittest.TestCase):
    def call(self, path, method, params=None):
        with Client(path) as client:
            return client.call(method, params or {})

    def test_given_sockets_are_served_and_none_is_bound(self):
        # The daemon does not even look at the paths in its options.
        with Manager("--socket", "/nonexistent/s", "--inspect-socket", "/nonexistent/i", sockets=("inspect", "control")) as manager:
            manager.start()
            manager.wait_notified("READY=1")
            self.assertIn("result", self.call(manager.path("control"), "layout.create", {"name": "vm", "request": REQUEST}))
            self.assertIn("result", self.call(manager.path("inspect"), "layout.get", {"name": "vm"}))
            refused = self.call(manager.path("inspect"), "layout.delete", {"name": "vm"})
            self.assertEqual(refused["error"]["data"]["reason"], "method_not_found")
            sockets = self.call(manager.path("inspect"), "daemon.info")["result"]["sockets"]
            self.assertEqual(sockets, {"control": manager.path("control"), "inspect": manager.path("inspect")})
            status, log = manager.stop()
            self.assertEqual(status, 0, log)
            self.assertEqual(len(re.findall(r'event=listening .*from="service manager"', log)), 2)
            # The manager owns their files. A client that connects now is served after the next start.
            self.assertEqual(sorted(name for name in os.listdir(manager.folder) if "." in name), ["control.sock", "inspect.sock"])
            with Client(manager.path("control")) as client:
                client.send(b'{"jsonrpc":"2.0","id":1,"method":"layout.get","params":{"name":"vm"}}\n')
                manager.start()
                self.assertIn("result", client.read_reply())

    def test_an_option_that_only_the_unit_can_set_causes_a_warning(self):
        with Manager("--socket-mode=0600", sockets=("control",)) as manager:
            manager.start()
            manager.wait_notified("READY=1")
            _, log = manager.stop()
            self.assertEqual(re.findall(r"level=warning event=option_unused option=(\S+) from=\"command line\"", log), ["socket-mode"])
            self.assertIn('hint="set SocketMode= in gpalayoutd.socket and gpalayoutd-ttrpc.socket"', log)

    def test_an_invalid_number_is_refused(self):
        for number in ("17", "abc", "1x", "-1", "99999999999999999999", ""):
            with self.subTest(number), Manager(sockets=("control",), environment={"LISTEN_FDS": number}) as manager:
                manager.start()
                status, log = manager.wait_exited()
                self.assertEqual(status, 1, log)
                self.assertIn('event=sockets_unusable error="$LISTEN_FDS is not a number from 0 to 16"', log)

    def test_a_path_that_json_cannot_carry_is_refused(self):
        with Manager() as manager, socket.socket(socket.AF_UNIX) as listener:
            listener.bind(os.path.join(manager.folder.encode(), b"\xff.sock"))
            listener.listen(1)
            manager.start(names="control", given=[listener.fileno()])
            status, log = manager.wait_exited()
            self.assertEqual((status, log),
                             (1, "gpalayoutd: a socket that the service manager gives has a path that is not UTF-8\n"))

    def test_the_control_socket_alone(self):
        with Manager(sockets=("control",)) as manager:
            manager.start()
            manager.wait_notified("READY=1")
            self.assertEqual(self.call(manager.path("control"), "daemon.info")["result"]["sockets"], {"control": manager.path("control")})
            self.assertEqual(manager.stop()[0], 0)

    def test_a_lost_socket_of_the_manager_is_not_restored(self):
        with Manager("--log-level=debug", sockets=("control",), environment={"WATCHDOG_USEC": "400000"}) as manager:
            manager.start()
            manager.wait_notified("READY=1")
            with Client(manager.path("control")) as client:
                os.unlink(manager.path("control"))
                # Meanwhile the daemon would have looked at its files.
                for _ in range(8):
                    manager.wait_notified("WATCHDOG=1")
                self.assertIn("result", client.call("daemon.stats", {}))
            status, log = manager.stop()
            self.assertEqual(status, 0)
            self.assertNotIn("socket_lost", log)

    def test_sockets_that_cannot_be_served_are_refused_with_a_reason(self):
        with contextlib.ExitStack() as stack:
            datagrams = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
            idle = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            internet = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            abstract = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            internet.bind(("127.0.0.1", 0))
            abstract.bind(b"\0gpalayoutd-test-%d" % os.getpid())
            for listener in (internet, abstract):
                listener.listen(1)
            nothing = os.open("/dev/null", os.O_RDWR)
            stack.callback(os.close, nothing)
            cases = [("control:control", None, "'control' of the service manager has the same FileDescriptorName="),
                     ("inspect", [0], "no control socket"),
                     ("gpalayoutd.socket", None,
                      "'gpalayoutd.socket' of the service manager is named neither control, inspect nor ttrpc"),
                     ("", None, "'' of the service manager is named neither control, inspect nor ttrpc"),
                     *[("control", [fd], "'control' of the service manager is not a Unix stream socket that listens")
                       for fd in (datagrams.fileno(), idle.fileno(), internet.fileno(), abstract.fileno(), nothing)]]
            for names, given, text in cases:
                with self.subTest(names=names, given=given), Manager(sockets=("control", "inspect")) as manager:
                    if given == [0]:
                        given = [manager.listeners["inspect"].fileno()]
                    manager.start(names, given)
                    status, log = manager.wait_exited()
                    self.assertEqual(status, 1)
                    self.assertIn("event=sockets_unusable", log)
                    self.assertIn(text, log)

    def test_sockets_of_another_process_are_not_used(self):
        with Manager("--inspect-socket=none", "--store=memory", sockets=("control",), environment={}) as manager:
            manager.options = [*manager.options, "--socket", manager.path("own")]
            environment = dict(os.environ, LISTEN_PID="1", LISTEN_FDS="1", LISTEN_FDNAMES="control",
                               NOTIFY_SOCKET=os.path.join(manager.folder, "notify"))
            manager.process = subprocess.Popen([*PROGRAM, *manager.options], env=environment, stderr=subprocess.PIPE)
            manager.wait_notified("READY=1")
            self.assertIn("result", self.call(manager.path("own"), "daemon.info"))
            self.assertEqual(manager.stop()[0], 0)


class Notifying(unittest.TestCase):
    def test_ready_and_stopping_are_sent_with_a_status(self):
        with Manager(sockets=("control",)) as manager:
            manager.start()
            self.assertEqual(manager.next_notification(), ["READY=1", "STATUS=Serving 0 layouts"])
            manager.process.send_signal(signal.SIGTERM)
            self.assertEqual(manager.next_notification(), ["STOPPING=1", "STATUS=Answering pending requests of 0 connections"])
            self.assertEqual(manager.process.wait(PATIENCE), 0)

    def test_a_daemon_that_cannot_start_is_not_ready(self):
        with Manager("--require-state", sockets=("control",)) as manager:
            manager.start()
            self.assertEqual(manager.wait_exited()[0], 1)
            manager.notifications.setblocking(False)
            self.assertRaises(BlockingIOError, manager.notifications.recv, 100)

    def test_a_notify_socket_that_cannot_be_used_does_no_harm(self):
        for where in ("", "relative", "/nonexistent/notify", "@" + "x" * 200):
            with self.subTest(where), Manager(sockets=("control",), environment={"NOTIFY_SOCKET": where}) as manager:
                manager.start()
                with Client(manager.path("control")) as client:
                    self.assertIn("result", client.call("daemon.info", {}))
                self.assertEqual(manager.stop()[0], 0)

    def test_an_abstract_socket_is_notified_too(self):
        name = f"gpalayoutd-test-notify-{os.getpid()}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifications, \
                Manager(sockets=("control",), environment={"NOTIFY_SOCKET": f"@{name}"}) as manager:
            notifications.bind("\0" + name)
            notifications.settimeout(PATIENCE)
            manager.start()
            self.assertIn(b"READY=1", notifications.recv(4096))

    def test_the_watchdog_is_fed_and_the_status_has_the_number_of_layouts(self):
        with Manager(sockets=("control",), environment={"WATCHDOG_USEC": "300000"}) as manager:
            manager.start()
            manager.wait_notified("READY=1")
            for _ in range(5):
                manager.wait_notified("WATCHDOG=1")
            with Client(manager.path("control")) as client:
                self.assertIn("result", client.call("layout.create", {"name": "vm", "request": REQUEST}))
                manager.wait_notified("STATUS=Serving 1 layouts on 1 connections")
                manager.wait_notified("WATCHDOG=1")

    @unittest.skipUnless(os.path.exists(GPALAYOUT_FAULT_LIBRARY), "needs fault.so (GPALAYOUT_FAULT_LIBRARY)")
    def test_the_watchdog_is_not_fed_while_the_store_is_stuck(self):
        with Manager(sockets=("control",)) as manager:
            manager.environment.update(WATCHDOG_USEC="90000")
            manager.set_fault("none")
            manager.start()
            manager.wait_notified("WATCHDOG=1")
            manager.set_fault("stall")
            with Client(manager.path("control")) as client:
                client.send(b'{"jsonrpc":"2.0","id":1,"method":"layout.create","params":{"name":"vm","request":'
                            b'{"arch":"x86_64","memory":{"nodes":["1GiB"]}}}}\n')
                # The loop still sends STATUS=. None of eight notifications in a row has WATCHDOG=1.
                row = 0

                def is_unfed():
                    nonlocal row
                    row = 0 if "WATCHDOG=1" in manager.next_notification() else row + 1
                    return row == 8

                wait_until(is_unfed, "the watchdog is still fed")
                manager.set_fault("none")
                self.assertIn("result", client.read_reply())
                manager.wait_notified("WATCHDOG=1")

    def test_the_watchdog_of_another_process_is_not_fed(self):
        with Manager(sockets=("control",), environment={"WATCHDOG_USEC": "30000", "WATCHDOG_PID": "1"}) as manager:
            manager.start()
            manager.wait_notified("READY=1")
            with Client(manager.path("control")) as client:
                end = time.monotonic() + 0.3  # ten times WATCHDOG_USEC
                while time.monotonic() < end:
                    self.assertIn("result", client.call("daemon.stats", {}))
            manager.process.send_signal(signal.SIGTERM)
            self.assertIn("STOPPING=1", manager.next_notification())


LINE = re.compile(r"(?:time=(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) |<(?P<priority>\d)>)"
                  r"level=(?P<level>\w+) event=(?P<event>\w+)(?P<rest>.*)")


class FullNotifySocket(unittest.TestCase):
    def test_readiness_is_sent_again_if_there_was_no_room(self):
        with Manager(sockets=("control",)) as manager, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as filler:
            filler.setblocking(False)
            filler.connect(manager.notifications.getsockname())
            with contextlib.suppress(BlockingIOError):
                while True:
                    filler.send(b"x")
            manager.start()
            with Client(manager.path("control")) as client:
                self.assertIn("result", client.call("daemon.stats", {}))
            manager.wait_notified("READY=1")
            self.assertEqual(manager.stop()[0], 0)


class Log(unittest.TestCase):
    def test_lines_begin_with_the_time(self):
        with Manager(sockets=("control",)) as manager:
            before = datetime.now(timezone.utc)
            manager.start()
            manager.wait_notified("READY=1")
            _, log = manager.stop()
            lines = [LINE.fullmatch(line) for line in log.splitlines()]
            self.assertTrue(lines and all(lines), log)
            times = [datetime.fromisoformat(line["time"].replace("Z", "+00:00")) for line in lines]
            self.assertEqual(times, sorted(times))
            self.assertLess(abs((times[0] - before).total_seconds()), PATIENCE)

    def test_lines_for_the_journal_begin_with_their_priority(self):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with ours, theirs, tempfile.TemporaryDirectory() as folder:
            info = os.fstat(theirs.fileno())
            for stream, is_journal in ((f"{info.st_dev}:{info.st_ino}", True), (f"{info.st_dev}:{info.st_ino}9", False), ("x", False)):
                with self.subTest(stream):
                    process = subprocess.Popen([*PROGRAM, "--store=memory", "--socket", os.path.join(folder, "s"), "--log-level=debug"],
                                               stderr=theirs, env=dict(os.environ, JOURNAL_STREAM=stream))
                    log = b""
                    while b"event=ready" not in log:
                        log += ours.recv(65536)
                    process.terminate()
                    self.assertEqual(process.wait(PATIENCE), 0)
                    while b"event=stopped" not in log:
                        log += ours.recv(65536)
                    lines = [LINE.fullmatch(line) for line in log.decode().splitlines()]
                    self.assertTrue(lines and all(lines), log)
                    priorities = {(line["level"], line["priority"]) for line in lines}
                    self.assertLessEqual({("info", "6" if is_journal else None), ("debug", "7" if is_journal else None)}, priorities)
                    self.assertEqual(len(priorities), len({level for level, _ in priorities}))

    def test_each_change_is_a_line_that_says_who_made_it(self):
        with Manager(sockets=("control",)) as manager:
            manager.start()
            manager.wait_notified("READY=1")
            with Client(manager.path("control")) as client:
                def call(method, **params):
                    return client.call(method, {"name": "vm", **params}).get("result")

                larger = {**REQUEST, "virtio_mmio": {"slots": 2}}
                expected = []
                for method, params in (("layout.create", {"request": REQUEST}), ("layout.update", {"request": larger})):
                    result = call(method, **params)
                    expected.append((method, result["generation"], result["layout"]["digest"]))
                # None of these changes anything: the same request again, a dry run, and refusals.
                call("layout.update", request=larger)
                call("layout.update", request=REQUEST, dry_run=True, allow_removals=True)
                self.assertIsNone(call("layout.create", request=REQUEST))
                self.assertIsNone(call("layout.delete", generation=7))
                self.assertIsNotNone(call("layout.delete"))
                expected.append(("layout.delete", *expected[-1][1:]))
            _, log = manager.stop()
            changes = [LINE.fullmatch(line) for line in log.splitlines() if "event=layout_changed" in line]
            self.assertEqual([line["level"] for line in changes], 3 * ["info"])
            self.assertEqual([line["rest"] for line in changes],
                             [f" uid={os.getuid()} pid={os.getpid()} method={method} name=vm generation={generation} digest={digest} result={method[7:]}d"
                              for method, generation, digest in expected])

    @unittest.skipUnless(os.path.exists(GPALAYOUT_FAULT_LIBRARY), "needs fault.so (GPALAYOUT_FAULT_LIBRARY)")
    def test_a_change_whose_client_has_gone_is_a_line_too(self):
        with Manager(sockets=("control",)) as manager:
            manager.set_fault("none")
            manager.start()
            manager.wait_notified("READY=1")
            manager.set_fault("stall")
            with Client(manager.path("control")) as client:
                client.send(b'{"jsonrpc":"2.0","id":1,"method":"layout.create","params":{"name":"vm","request":'
                            b'{"arch":"x86_64","memory":{"nodes":["1GiB"]}}}}\n')
                # The change has begun when a later request of a second client is answered.
                with Client(manager.path("control")) as other:
                    other.call("daemon.info", {})
            with Client(manager.path("control")) as other:
                wait_until(lambda: other.call("daemon.stats", {})["result"]["connections"]["open"] == 1, "the client is still connected")
            manager.set_fault("none")
            with Client(manager.path("control")) as other:
                wait_until(lambda: other.call("layout.list", {})["result"]["layouts"], "there is no layout")
            self.assertEqual(manager.stop()[1].count("event=layout_changed"), 1)


class Environment(unittest.TestCase):
    def test_the_sockets_are_in_the_runtime_directory(self):
        for rest in ("", ":/nonexistent"):
            with self.subTest(rest), Manager("--store=memory") as manager:
                os.mkdir(os.path.join(manager.folder, "run"))
                manager.environment["RUNTIME_DIRECTORY"] = os.path.join(manager.folder, "run") + rest
                manager.process = subprocess.Popen([*PROGRAM, *manager.options], stderr=subprocess.PIPE,
                                                   env=dict(os.environ, **manager.environment))
                for name in ("control.sock", "inspect.sock"):
                    path = os.path.join(manager.folder, "run", name)
                    wait_until(lambda path=path: os.path.exists(path), "there is no socket")
                self.assertEqual(manager.stop()[0], 0)

    def test_an_option_is_stronger_than_the_runtime_directory(self):
        with Manager("--store=memory", environment={"RUNTIME_DIRECTORY": "/nonexistent"}) as manager:
            manager.process = subprocess.Popen([*PROGRAM, *manager.options, "--socket", manager.path("own")], stderr=subprocess.PIPE,
                                               env=dict(os.environ, **manager.environment))
            wait_until(lambda: os.path.exists(manager.path("own")), "there is no socket")
            self.assertEqual(manager.stop()[0], 0)

    def start_in_namespace(self, manager, *how):
        manager.process = subprocess.Popen(["unshare", "--user", *how, *PROGRAM, "--store=memory", "--socket", manager.path("own")],
                                           stderr=subprocess.PIPE)
        wait_until(lambda: os.path.exists(manager.path("own")) or manager.process.poll() is not None, "there is no socket")
        return manager.process.poll() is None

    def test_a_namespace_that_hides_users_causes_a_warning(self):
        with Manager() as manager:
            if not self.start_in_namespace(manager, "--map-current-user"):
                self.skipTest("no user namespaces here")
            _, log = manager.stop()
            self.assertRegex(log, r"level=warning event=users_hidden seen=1 ")

    def test_a_namespace_without_users_causes_a_warning(self):
        with Manager() as manager:
            if not self.start_in_namespace(manager):
                self.skipTest("no user namespaces here")
            _, log = manager.stop()
            self.assertRegex(log, r"level=warning event=users_hidden seen=0 .*start the daemon outside the namespace")

    def test_without_a_user_namespace_there_is_no_warning(self):
        with open("/proc/self/uid_map", encoding="ascii") as file:
            if sum(int(line.split()[2]) for line in file) < 0xffffffff:
                self.skipTest("this is a user namespace itself")
        with Manager(sockets=("control",)) as manager:
            manager.start()
            manager.wait_notified("READY=1")
            self.assertNotIn("users_hidden", manager.stop()[1])


if __name__ == "__main__":
    main()
