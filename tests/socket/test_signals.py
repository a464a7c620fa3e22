# SPDX-License-Identifier: MIT
"""The daemon ignores a signal, or logs it and stops cleanly, or logs it and crashes."""

import ctypes
import os
import resource
import signal
import unittest

from harness import PATIENCE, Daemon, main
from test_faults import FaultyDaemon, create, live

LAST = signal.SIGRTMAX
ORDINARY = {signal.SIGTERM, signal.SIGINT}
ENDS = ORDINARY | {signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF, signal.SIGIO,
                   signal.SIGPWR, 16, signal.SIGXCPU} | set(range(signal.SIGRTMIN, LAST + 1))
IGNORED = {signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD, signal.SIGCONT, signal.SIGURG,
           signal.SIGWINCH}
CRASHES = {signal.SIGQUIT, signal.SIGILL, signal.SIGTRAP, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE,
           signal.SIGSEGV, signal.SIGSYS}
# No program can handle the first two, the next three suspend the daemon, and the last two belong to the C library.
OTHERS = {signal.SIGKILL, signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, 32, 33}

# A sanitizer handles some of these itself unless told otherwise.
UNHANDLED = ":".join(f"handle_{name}=0" for name in ("segv", "sigbus", "abort", "sigill", "sigtrap", "sigfpe"))
PLAIN = {name: os.environ.get(name, "") + ":" + UNHANDLED for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")}


def name_of(number):
    if number >= signal.SIGRTMIN:
        return f"SIGRTMIN+{number - signal.SIGRTMIN}"
    return {16: "SIGSTKFLT", signal.SIGIO: "SIGPOLL"}.get(number) or signal.Signals(number).name


class Signals(unittest.TestCase):
    def setUp(self):
        limits = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, limits[1]))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_CORE, limits)

    def test_each_signal_is_in_one_set(self):
        self.assertEqual(sorted(ENDS | IGNORED | CRASHES | OTHERS), list(range(1, LAST + 1)))
        self.assertEqual(len(ENDS) + len(IGNORED) + len(CRASHES) + len(OTHERS), LAST)

    def test_ignored_signals_do_nothing(self):
        with Daemon() as daemon, daemon.connect() as client:
            for number in sorted(IGNORED):
                daemon.process.send_signal(number)
            self.assertIn("result", create(client, "vm-1"))
            self.assertEqual(daemon.stop(), 0)
            self.assertEqual(daemon.log().count("signal="), 1)

    def test_ending_signals_are_logged_and_stop_the_daemon_cleanly(self):
        """The exit status says whether the stop was wanted, so that a service manager restarts the daemon if not."""
        with Daemon() as daemon:
            # The test sends only a few of the real-time signals.
            for number in sorted(ENDS - set(range(signal.SIGRTMIN + 2, LAST))):
                with self.subTest(name_of(number)), daemon.connect() as client:
                    made = create(client, f"vm-{number}")["result"]
                    daemon.process.send_signal(number)
                    self.assertIsNone(client.read_line())
                    self.assertEqual(daemon.process.wait(PATIENCE), 0 if number in ORDINARY else 1)
                    line = daemon.wait_log(f"event=stopping signal={name_of(number)} ")
                    self.assertIn("level=info" if number in ORDINARY else "level=warning", line)
                    self.assertNotIn("again=true", daemon.log())
                    self.assertFalse(os.path.exists(daemon.socket))
                    daemon.start()
                    self.assertEqual(live(daemon)[f"vm-{number}"]["layout"], made["layout"])

    def test_a_second_signal_does_not_change_the_status(self):
        # The kernel delivers the lower number first.
        for first, second, status in ((signal.SIGTERM, signal.SIGRTMIN, 0), (signal.SIGUSR1, signal.SIGTERM, 1)):
            with self.subTest(name_of(first)), Daemon() as daemon:
                with daemon.paused():
                    daemon.process.send_signal(first)
                    daemon.process.send_signal(second)
                self.assertEqual(daemon.process.wait(PATIENCE), status)
                daemon.wait_log(f"event=stopping signal={name_of(second)} again=true")
                daemon.start()

    def test_the_daemon_exits_on_a_signal_that_was_blocked_at_the_start_too(self):
        with Daemon() as daemon:
            daemon.stop()
            before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGUSR1})
            try:
                daemon.start()
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
            self.assertEqual(daemon.stop(), 0)

    def test_the_daemon_starts_under_a_tool_that_keeps_the_last_signal(self):
        """valgrind keeps it. For any other signal that cannot be handled, the start fails."""
        with FaultyDaemon(env={"GPALAYOUT_KEPT_SIGNAL": str(LAST)}) as daemon:
            daemon.process.send_signal(signal.SIGRTMIN)
            self.assertEqual(daemon.process.wait(PATIENCE), 1)
            daemon.wait_log(f"event=stopping signal={name_of(signal.SIGRTMIN)} ")
            daemon.env["GPALAYOUT_KEPT_SIGNAL"] = str(LAST - 1)
            daemon.start(wait=False)
            self.assertEqual(daemon.process.wait(PATIENCE), 1)
            daemon.wait_log("event=start_failed error=EINVAL")
            del daemon.env["GPALAYOUT_KEPT_SIGNAL"]
            daemon.start()

    def assert_crashed(self, daemon, number):
        self.assertEqual(daemon.process.wait(PATIENCE), -number, daemon.log())
        daemon.wait_log(f"level=error event=crashed signal={name_of(number)}")

    def test_a_crash_leaves_a_line(self):
        for number in sorted(CRASHES):
            with self.subTest(name_of(number)), Daemon(env=PLAIN) as daemon:
                daemon.process.send_signal(number)
                self.assert_crashed(daemon, number)
                daemon.start()

    def thread_of(self, daemon, name):
        tasks = f"/proc/{daemon.process.pid}/task"
        for thread in os.listdir(tasks):
            with open(f"{tasks}/{thread}/comm", encoding="ascii") as file:
                if file.read() == name + "\n":
                    return int(thread)
        raise AssertionError(f"no thread {name}")

    def test_a_crash_of_the_store_thread_leaves_a_line(self):
        with Daemon(env=PLAIN) as daemon:
            thread = self.thread_of(daemon, "store")
            tgkill = {"x86_64": 234, "aarch64": 131}[os.uname().machine]
            ctypes.CDLL(None).syscall(tgkill, daemon.process.pid, thread, int(signal.SIGSEGV))
            self.assert_crashed(daemon, signal.SIGSEGV)
            daemon.start()

    def test_a_stack_that_overflows_leaves_a_line(self):
        with FaultyDaemon(env=PLAIN) as daemon:
            daemon.stop()
            daemon.set("overflow")
            Daemon.start(daemon, wait=False)
            self.assert_crashed(daemon, signal.SIGSEGV)
            daemon.start()


if __name__ == "__main__":
    main()
