# SPDX-License-Identifier: MIT
"""While it serves, the daemon does not need some system calls. A filter forbids them in all threads. A forbidden call is
logged and kills the daemon."""

import functools
import os
import platform
import re
import resource
import signal
import socket
import subprocess
import unittest

from harness import GPALAYOUT_FAULT_LIBRARY, GPALAYOUTD, PATIENCE, PROGRAM, Client, Daemon, is_served, main, wait_until
from test_faults import FaultyDaemon, create, live
from test_service import Manager
from test_service_user import status_of, tasks

HELP = subprocess.run([GPALAYOUTD, "--help"], capture_output=True, text=True, check=True).stdout
IS_DEFAULT = re.search(r"(?ms)^  --confine=.*?\[(yes|no)\]$", HELP)[1] == "yes"

# The number on each machine, or None if the machine lacks the call.
NUMBERS = {
    "bpf": (321, 280), "chmod": (90, None), "clone3": (435, 435), "execve": (59, 221), "fchmod": (91, 52), "fchownat": (260, 54),
    "fcntl": (72, 25), "init_module": (175, 105), "io_uring_enter": (426, 426), "io_uring_setup": (425, 425), "ioctl": (16, 29),
    "kill": (62, 129), "mmap": (9, 222), "mount": (165, 40), "mprotect": (10, 226), "open": (2, None),
    "open_by_handle_at": (304, 265), "openat": (257, 56),
    "prctl": (157, 167), "ptrace": (101, 117), "readlinkat": (267, 78), "setuid": (105, 146), "socket": (41, 198),
    "tgkill": (234, 131), "unshare": (272, 97),
}
MACHINES = ("x86_64", "aarch64")

NO_FAULTS = "needs fault.so (GPALAYOUT_FAULT_LIBRARY)"


def filters(status):
    """Returns the number of filters. The tests themselves may run under some."""
    return int(status.get("Seccomp_filters", "0"))


@functools.cache
def why_not():
    """Returns why nothing can be confined here, or "" if it can."""
    if not IS_DEFAULT:
        return "this build is not confined: its runtime needs more system calls"
    with Daemon("--store=memory") as daemon:
        return "the kernel accepts no filter of system calls" if "event=not_confined" in daemon.log() else ""


class Confined(unittest.TestCase):
    def setUp(self):
        if why_not():
            self.skipTest(why_not())
        limits = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, limits[1]))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_CORE, limits)


class Filter(Confined):
    def confine_of(self, daemon):
        return [(option["value"], option["from"]) for option in daemon.call("daemon.info")["result"]["options"]
                if option["name"] == "confine"]

    def test_every_thread_is_confined(self):
        own = filters(status_of(os.getpid()))
        with Daemon() as daemon:
            found = tasks(daemon.process.pid)
            self.assertLessEqual({"store", "work"}, {task["Name"] for task in found})
            for task in found:
                with self.subTest(task["Name"]):
                    self.assertEqual((task["Seccomp"], task["NoNewPrivs"]), ("2", "1"))
                    if "Seccomp_filters" in task:
                        # The first of the two filters is against io_uring.
                        self.assertEqual(filters(task), own + 2)
            self.assertIn(" confined=yes", daemon.wait_log("event=ready"))
            self.assertEqual(self.confine_of(daemon), [("yes", "default")])

    def test_the_filter_is_in_force_when_the_daemon_is_ready(self):
        """A client writes before the daemon starts."""
        with Manager("--log-level=debug", sockets=("control",)) as manager, Client(manager.path("control")) as client:
            client.send(b"x\n")
            manager.start()
            manager.wait_notified("READY=1")
            self.assertEqual({task["Seccomp"] for task in tasks(manager.process.pid)}, {"2"})
            self.assertIsNotNone(client.read_line())

    def test_confine_no_only_sets_no_new_privileges(self):
        own = status_of(os.getpid())
        with Daemon("--confine=no") as daemon:
            for task in tasks(daemon.process.pid):
                self.assertEqual((task["Seccomp"], filters(task), task["NoNewPrivs"]), (own["Seccomp"], filters(own), "1"))
            self.assertEqual(self.confine_of(daemon), [("no", "command line")])
            self.assertIn(" confined=no", daemon.wait_log("event=ready"))

    @unittest.skipUnless(os.path.exists(GPALAYOUT_FAULT_LIBRARY), NO_FAULTS)
    def test_a_kernel_without_filters_is_logged_as_a_warning(self):
        with FaultyDaemon() as daemon:
            daemon.stop()
            daemon.set("unfiltered")
            Daemon.start(daemon)
            daemon.wait_log("level=warning event=not_confined")
            self.assertEqual(self.confine_of(daemon), [("no", "default")])

    @unittest.skipUnless(os.path.exists(GPALAYOUT_FAULT_LIBRARY), NO_FAULTS)
    def test_confine_yes_without_filters_refuses_to_start(self):
        with FaultyDaemon() as daemon:
            daemon.stop()
            daemon.set("unfiltered")
            daemon.options.append("--confine=yes")
            Daemon.start(daemon, wait=False)
            self.assertEqual(daemon.process.wait(PATIENCE), 1)
            self.assertIn('hint="set confine=no to start without it"', daemon.wait_log("level=error event=not_confined"))
            self.assertFalse(os.path.exists(daemon.socket))
            daemon.options.append("--confine=no")
            Daemon.start(daemon)


@unittest.skipUnless(platform.machine() in MACHINES, "NUMBERS lacks the system calls of this machine")
@unittest.skipUnless(os.path.exists(GPALAYOUT_FAULT_LIBRARY), NO_FAULTS)
class Forbidden(Confined):
    def number(self, name):
        number = NUMBERS[name][MACHINES.index(platform.machine())]
        if number is None:
            self.skipTest(f"this machine has no {name}")
        return number

    def assert_forbidden(self, daemon, name):
        """Asserts that the daemon has logged the call and that SIGSYS has killed it."""
        number = self.number(name)
        self.assertEqual(daemon.process.wait(PATIENCE), -signal.SIGSYS, daemon.log())
        self.assertIn(f"level=error event=forbidden_call call={name} number={number} ", daemon.log())
        self.assertNotIn("event=crashed", daemon.log())
        self.assertNotIn("event=stopp", daemon.log())
        # No shutdown code of the daemon has run.
        self.assertTrue(os.path.exists(daemon.socket))

    def check(self, name, *arguments, fault="call="):
        with self.subTest(name, arguments=arguments), FaultyDaemon() as daemon:
            with daemon.connect() as client:
                made = create(client, "kept")["result"]
                daemon.set(fault + ",".join(str(each) for each in (self.number(name), *arguments)))
                client.send(b'{"jsonrpc":"2.0","id":1,"method":"layout.create","params":{"name":"lost","request":'
                            b'{"arch":"x86_64","memory":{"nodes":["1GiB"]}}}}\n')
                self.assert_forbidden(daemon, name)
            daemon.start()
            self.assertEqual(live(daemon)["kept"]["layout"], made["layout"])

    def test_calls_that_could_take_over_the_host(self):
        for name in ("bpf", "clone3", "execve", "init_module", "io_uring_enter", "mount", "open_by_handle_at", "ptrace", "readlinkat",
                     "setuid", "unshare"):
            self.check(name)

    def test_calls_with_arguments_that_the_daemon_does_not_use(self):
        self.check("socket", int(socket.AF_INET), int(socket.SOCK_STREAM))
        self.check("socket", int(socket.AF_NETLINK), int(socket.SOCK_RAW))
        self.check("mprotect", 0, 4096, 4)
        self.check("mprotect", 0, 4096, 7)
        self.check("mmap", 0, 4096, 5, 0x22, -1)
        self.check("kill", os.getpid(), 0)
        self.check("tgkill", os.getpid(), os.getpid(), 0)
        self.check("fchmod", 2, 0o4755)
        self.check("fchmod", 2, 0o2755)
        self.check("openat", -100, 0, os.O_CREAT, 0o4755)
        self.check("openat", -100, 0, os.O_CREAT, 0o2755)
        self.check("openat", -100, 0, os.O_TMPFILE, 0o4755)
        if platform.machine() == "x86_64":
            self.check("chmod", 0, 0o4755)
            self.check("open", 0, os.O_CREAT, 0o4755)
        self.check("fchownat", -100, 0, 0, 0, 0)
        self.check("fcntl", 2, 8, os.getpid())
        self.check("ioctl", 0, 0x5412)
        self.check("prctl", 4, 1)

    def test_on_the_main_thread(self):
        self.check("execve", fault="clock-call=")

    def test_optional_calls_of_libraries_do_not_kill_the_daemon(self):
        for name, *arguments in (("io_uring_setup",), ("ioctl", 0, 0x8004f50c)):
            with self.subTest(name), FaultyDaemon() as daemon, daemon.connect() as client:
                daemon.set("call=" + ",".join(str(each) for each in (self.number(name), *arguments)))
                self.assertIn("result", create(client, "vm"))

    def test_a_mode_that_the_kernel_does_not_look_at_may_be_anything(self):
        with FaultyDaemon() as daemon, daemon.connect() as client:
            daemon.set(f"call={self.number('openat')},-100,0,{os.O_DIRECTORY},{0o7777}")
            self.assertIn("result", create(client, "vm"))

    def test_without_the_filter_the_calls_do_no_harm(self):
        with FaultyDaemon("--confine=no") as daemon, daemon.connect() as client:
            daemon.set(f"call={self.number('readlinkat')}")
            self.assertIn("result", create(client, "vm"))

    def test_the_journal_gets_the_line_as_an_error(self):
        ours, theirs = socket.socketpair()
        with ours, theirs, Manager(sockets=("control",)) as manager:
            info = os.fstat(theirs.fileno())
            manager.set_fault("none")
            manager.environment["JOURNAL_STREAM"] = f"{info.st_dev}:{info.st_ino}"
            manager.process = subprocess.Popen([*PROGRAM, "--store=sqlite", f"--state-dir={manager.state}",
                                                f"--socket={manager.path('own')}"], stderr=theirs,
                                               env=dict(os.environ, **manager.environment))
            manager.process.stderr = ours  # closed at the end
            wait_until(lambda: is_served(manager.path("own")), "the daemon is not ready")
            with Client(manager.path("own")) as client:
                client.call("daemon.info", {})
                manager.set_fault(f"call={self.number('execve')}")
                client.send(b'{"jsonrpc":"2.0","id":1,"method":"layout.create","params":{"name":"vm","request":'
                            b'{"arch":"x86_64","memory":{"nodes":["1GiB"]}}}}\n')
                self.assertEqual(manager.process.wait(PATIENCE), -signal.SIGSYS)
            self.assertIn(b"\n<3>level=error event=forbidden_call call=execve ", ours.recv(65536))


if __name__ == "__main__":
    main()
