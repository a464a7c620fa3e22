# SPDX-License-Identifier: MIT
"""Start, stop, options, and the socket files."""

import contextlib
import fcntl
import grp
import json
import os
import re
import resource
import signal
import socket
import stat
import subprocess
import tempfile
import time
import unittest

from harness import (
    LONG_TIME_LIMITS, PATIENCE, PROGRAM, Client, Daemon, can_be_another_user, is_served, main, wait_until)

# A daemon that harness.Daemon does not start must not use the folder of an installed one.
IN_MEMORY = [*PROGRAM, "--store=memory"]

INFO = b'{"jsonrpc":"2.0","id":%d,"method":"daemon.info"}\n'
SCHEMA = b'{"jsonrpc":"2.0","id":%d,"method":"daemon.schema"}\n'


def run(*options):
    return subprocess.run([*IN_MEMORY, *options], capture_output=True, text=True, timeout=PATIENCE, check=False)


class Stopping(unittest.TestCase):
    def test_the_daemon_exits_on_sigterm_and_sigint_and_removes_its_files(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with Daemon() as daemon, daemon.connect() as idle:
                self.assertIn("result", idle.call("daemon.info"))
                self.assertEqual(daemon.stop(number), 0)
                self.assertNotIn("event=drain_timeout", daemon.log())
                self.assertIsNone(idle.read_line())
                self.assertEqual(sorted(os.listdir(daemon.folder)), ["log", "state"])
                self.assertIn("event=stopped status=0", daemon.log())

    def test_each_request_before_the_signal_has_a_reply(self):
        with Daemon() as daemon, daemon.connect() as client:
            client.send(b"".join(INFO % i for i in range(300)))
            self.assertEqual(client.read_reply()["id"], 0)
            daemon.process.send_signal(signal.SIGTERM)
            replies = []
            while (text := client.read_line()) is not None:
                replies.append(json.loads(text))
            # Every reply is whole and in order. Requests read after the signal are refused with this reason.
            self.assertEqual([reply["id"] for reply in replies], list(range(1, 300)))
            for reply in replies:
                self.assertTrue("result" in reply or reply["error"]["data"]["reason"] == "shutting_down", reply)
            self.assertEqual(daemon.stop(), 0)

    def test_a_request_that_comes_with_the_signal_is_answered_or_refused_with_a_reason(self):
        for _ in range(5):
            with Daemon() as daemon, daemon.connect() as client:
                self.assertIn("result", client.call("daemon.info"))
                # The daemon is stopped, so that both arrive before it continues.
                with daemon.paused():
                    daemon.process.send_signal(signal.SIGTERM)
                    client.send(INFO % 2)
                reply = client.read_reply()
                self.assertEqual(reply["id"], 2)
                if "result" not in reply:
                    self.assertEqual((reply["error"]["code"], reply["error"]["data"]["reason"]),
                                     (-32004, "shutting_down"))
                self.assertEqual(daemon.stop(), 0)

    def ask_until_disconnected(self):
        """
        Returns the reasons, or "result", of all replies to a client that keeps asking while a daemon shuts down. Each
        request that was sent has a reply. Once the daemon reads no more, sending fails.
        """
        kinds = []
        with Daemon() as daemon, daemon.connect() as client:
            for number in range(1000000):
                try:
                    client.send(INFO % number)
                except BrokenPipeError:
                    break
                reply = client.read_reply()
                self.assertEqual(reply["id"], number)
                kinds.append("result" if "result" in reply else reply["error"]["data"]["reason"])
                if number == 100:
                    daemon.process.send_signal(signal.SIGTERM)
            self.assertEqual(daemon.stop(), 0)
        return kinds

    def test_whatever_was_sent_has_a_reply(self):
        """This includes requests that lay unread in the socket, because the client had not read its replies."""
        with Daemon(*LONG_TIME_LIMITS) as daemon, daemon.connect() as client:
            data = b"".join(SCHEMA % i for i in range(100000))
            sent = client.send_until_held_back(daemon, data)
            daemon.process.send_signal(signal.SIGTERM)
            daemon.wait_log("event=stopping")
            kinds = []
            while (text := client.read_line()) is not None:
                reply = json.loads(text)
                if reply["id"] is None:
                    # This is the line that was sent only in part.
                    break
                self.assertEqual(reply["id"], len(kinds))
                kinds.append("result" if "result" in reply else reply["error"]["data"]["reason"])
            self.assertEqual(len(kinds), data[:sent].count(b"\n"))
            self.assertEqual(sorted(set(kinds)), ["result", "shutting_down"])
            self.assertEqual(kinds, sorted(kinds))
            self.assertEqual(daemon.stop(), 0)

    def test_a_last_line_without_lf_counts_at_the_end_too(self):
        """The client had shut down sending before the signal, and still reads."""
        with Daemon(*LONG_TIME_LIMITS) as daemon, daemon.connect() as client:
            client.send((b"".join(SCHEMA % i for i in range(40)))[:-1])
            client.shutdown()
            self.assertEqual(client.read_reply()["id"], 0)
            daemon.process.send_signal(signal.SIGTERM)
            daemon.wait_log("event=stopping")
            daemon.wait_idle()
            self.assertEqual([client.read_reply()["id"] for _ in range(39)], list(range(1, 40)))
            self.assertIsNone(client.read_line())
            self.assertEqual(daemon.stop(), 0)

    def test_an_unfinished_line_gets_no_reply(self):
        with Daemon() as daemon, daemon.connect() as client:
            self.assertIn("result", client.call("daemon.info"))
            client.send((INFO % 2)[:-1])
            daemon.wait_read(client)
            daemon.process.send_signal(signal.SIGTERM)
            self.assertIsNone(client.read_line())
            self.assertEqual(daemon.stop(), 0)

    def test_a_client_that_connects_after_the_signal_is_refused_with_a_reason(self):
        # On a busy machine the client may sleep through the moment in which refusals are sent.
        for _ in range(20):
            with Daemon() as daemon:
                # The daemon removes its own socket file, so the test needs another link to it.
                path = daemon.folder + "/other.sock"
                os.link(daemon.socket, path)
                daemon.process.send_signal(signal.SIGTERM)
                daemon.wait_log("event=stopping")
                with contextlib.suppress(ConnectionError), Client(path) as client:
                    client.send(INFO % 1)
                    if (text := client.read_line()) is not None:
                        self.assertEqual(json.loads(text)["error"]["data"]["reason"], "shutting_down")
                        return
                self.assertEqual(daemon.stop(), 0)
        self.fail("no connection was ever refused with shutting_down")

    def test_requests_after_the_signal_are_refused_with_a_reason(self):
        # On a busy machine the client may sleep through the moment in which refusals are sent.
        for _ in range(20):
            kinds = self.ask_until_disconnected()
            self.assertEqual(kinds, sorted(kinds), "a result after a refusal")
            self.assertLessEqual(set(kinds), {"result", "shutting_down"})
            if "shutting_down" in kinds:
                return
        self.fail("no request was ever refused with shutting_down")

    def test_a_slow_reader_gets_its_replies_while_the_daemon_drains(self):
        with Daemon(*LONG_TIME_LIMITS) as daemon, daemon.connect() as client:
            client.send(b"".join(SCHEMA % i for i in range(40)))
            self.assertEqual(client.read_reply()["id"], 0)
            daemon.process.send_signal(signal.SIGTERM)
            daemon.wait_log("event=stopping")
            daemon.wait_idle()
            ids = []
            while (text := client.read_line()) is not None:
                ids.append(json.loads(text)["id"])
            self.assertEqual(ids, list(range(1, 40)))
            self.assertEqual(daemon.stop(), 0)

    def test_a_client_that_does_not_read_cannot_delay_the_exit(self):
        # On a busy machine the store needs some time to close. At least a tenth of drain_ms is left for it.
        with Daemon(*LONG_TIME_LIMITS, "--limit=drain_ms=5000", "--store=memory") as daemon, daemon.connect() as client:
            client.send(b"".join(SCHEMA % i for i in range(60)))
            self.assertEqual(client.read_reply()["id"], 0)
            self.assertEqual(daemon.stop(), 0)
            self.assertIn("event=drain_timeout", daemon.log())

    def test_the_daemon_exits_at_once_on_a_second_signal(self):
        with Daemon(*LONG_TIME_LIMITS) as daemon:
            with daemon.connect() as client:
                client.send(b"".join(SCHEMA % i for i in range(60)))
                self.assertEqual(client.read_reply()["id"], 0)
                daemon.process.send_signal(signal.SIGTERM)
                daemon.wait_log("event=stopping")
                daemon.wait_idle()
                self.assertIsNone(daemon.process.poll())
                self.assertEqual(daemon.stop(), 0)
                self.assertIn("again=true", daemon.log())

    def test_sigpipe_is_ignored(self):
        with Daemon() as daemon:
            os.kill(daemon.process.pid, signal.SIGPIPE)
            self.assertIn("result", daemon.call("daemon.info"))


class Surroundings(unittest.TestCase):
    """What the daemon inherits at its start: its streams, other descriptors and the umask."""

    def spawn(self, folder, stderr=subprocess.DEVNULL, **options):
        process = subprocess.Popen([*IN_MEMORY, "--socket", folder + "/s", "--inspect-socket", "none"],
                                   stdin=subprocess.DEVNULL, stderr=stderr, **options)
        self.addCleanup(process.kill)
        wait_until(lambda: process.poll() is not None or is_served(folder + "/s"), "the daemon did not start")
        return process, Client(folder + "/s")

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="gpalayoutd-test-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def test_a_log_that_nobody_reads_stops_nothing(self):
        reader, writer = os.pipe()
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        process, noisy = self.spawn(self.folder, stderr=writer)
        noisy.send_aside(b"x\n" * 2000, then_shutdown=True)
        for _ in range(2000):
            self.assertIn("error", noisy.read_reply())
        noisy.close()
        with Client(self.folder + "/s") as client:
            self.assertIn("result", client.call("daemon.info"))
        process.terminate()
        self.assertEqual(process.wait(PATIENCE), 0)
        os.close(reader)
        os.close(writer)

    def test_a_terminal_that_nobody_reads_stops_nothing(self):
        try:
            master, slave = os.openpty()
        except OSError as error:
            self.skipTest(f"no terminals here: {error}")
        process, noisy = self.spawn(self.folder, stderr=slave)
        noisy.send_aside(b"x\n" * 2000, then_shutdown=True)
        for _ in range(2000):
            self.assertIn("error", noisy.read_reply())
        noisy.close()
        process.terminate()
        self.assertEqual(process.wait(PATIENCE), 0)
        os.close(master)
        os.close(slave)

    def test_lines_of_the_log_that_were_lost_are_counted(self):
        reader, writer = os.pipe()
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 8192)
        process, noisy = self.spawn(self.folder, stderr=writer)
        noisy.send_aside(b"x\n" * 90, then_shutdown=True)
        for _ in range(90):
            noisy.read_reply()
        noisy.close()
        kept = os.read(reader, 65536).decode().count("event=request_refused")
        with Client(self.folder + "/s") as client:
            client.call("no.such.method")
        found = re.match(r"time=\S+ level=warning event=log_lost lines=(\d+)\ntime=\S+ level=info ",
                         os.read(reader, 65536).decode())
        self.assertEqual(kept + int(found[1]), 90)
        process.terminate()
        self.assertEqual(process.wait(PATIENCE), 0)
        os.close(reader)
        os.close(writer)

    def test_standard_streams_may_be_closed(self):
        for streams in ((0,), (2,), (0, 1, 2)):
            process, client = self.spawn(self.folder, stderr=None, close_fds=True,
                                         preexec_fn=lambda: [os.close(number) for number in streams])
            self.assertIn("result", client.call("daemon.info"))
            client.close()
            process.terminate()
            self.assertEqual(process.wait(PATIENCE), 0, streams)

    def test_inherited_descriptors_do_not_count(self):
        held = [os.open("/dev/null", os.O_RDONLY) for _ in range(60)]
        process, client = self.spawn(self.folder, pass_fds=held,
                                     preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200)))
        with client:
            self.assertGreater(client.call("daemon.info")["result"]["limits"]["connections"], 200 - 60)
        open_now = len(os.listdir(f"/proc/{process.pid}/fd"))
        self.assertLess(open_now, 30)
        process.terminate()
        self.assertEqual(process.wait(PATIENCE), 0)
        for number in held:
            os.close(number)

    def test_the_umask_does_not_close_the_folder(self):
        process, client = self.spawn(self.folder + "/made", preexec_fn=lambda: os.umask(0o077))
        client.close()
        self.assertEqual(stat.S_IMODE(os.stat(self.folder + "/made").st_mode), 0o755)
        self.assertEqual(stat.S_IMODE(os.stat(self.folder + "/made/s").st_mode), 0o660)
        process.terminate()
        self.assertEqual(process.wait(PATIENCE), 0)


class Sockets(unittest.TestCase):
    def test_a_stale_socket_is_replaced(self):
        with Daemon() as daemon:
            daemon.process.kill()
            daemon.process.wait()
            self.assertTrue(stat.S_ISSOCK(os.stat(daemon.socket).st_mode))
            daemon.start()
            self.assertIn("result", daemon.call("daemon.info"))

    def test_a_live_socket_is_not_replaced(self):
        with Daemon() as daemon:
            for options in (["--socket", daemon.socket, "--inspect-socket", "none"],
                            ["--socket", daemon.folder + "/other.sock", "--inspect-socket", daemon.inspect_socket]):
                done = run(*options)
                self.assertEqual(done.returncode, 1)
                self.assertIn("event=already_running", done.stderr)
                self.assertIn(options[1] if options[3] == "none" else options[3], done.stderr)
                self.assertIn(f"pid={daemon.process.pid}", done.stderr)
            # The failed start leaves nothing behind, and the first daemon still serves.
            self.assertFalse(os.path.exists(daemon.folder + "/other.sock"))
            self.assertIn("result", daemon.call("daemon.info"))

    def test_two_spellings_of_a_path_are_not_taken_for_another_daemon(self):
        with tempfile.TemporaryDirectory() as folder:
            for option in ("--inspect-socket", "--ttrpc-socket"):
                done = run("--socket", f"{folder}/s", option, f"{folder}/./s")
                self.assertEqual(done.returncode, 1)
                self.assertIn(f'event=listen_failed path="{folder}/./s" '
                              'what="another socket of this daemon has this path"', done.stderr)
                self.assertNotIn("already_running", done.stderr)
                self.assertEqual(os.listdir(folder), [])

    def test_a_lock_file_that_is_a_link_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            os.symlink("elsewhere", f"{folder}/s.lock")
            said = run("--socket", f"{folder}/s").stderr
            self.assertIn(f'path="{folder}/s.lock" what="the lock file is a symbolic link"', said)

    @unittest.skipUnless(os.geteuid() or can_be_another_user(), "root cannot drop its groups here")
    def test_a_group_that_the_daemon_may_not_set_names_the_option(self):
        unprivileged = ["setpriv", "--bounding-set=-all", "--clear-groups"] if os.geteuid() == 0 else []
        with tempfile.TemporaryDirectory(prefix="gpalayoutd-test-") as folder:
            done = subprocess.run([*unprivileged, *IN_MEMORY, "--socket", f"{folder}/s", "--socket-group=1"],
                                  capture_output=True, text=True, timeout=PATIENCE, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("the daemon's user must be root or in the group that socket-group names", done.stderr)

    def test_exactly_one_of_many_daemons_started_at_once_runs(self):
        with Daemon() as daemon:
            daemon.stop()
            processes = [subprocess.Popen([*IN_MEMORY, "--socket", daemon.socket, "--inspect-socket", "none"],
                                          stderr=subprocess.DEVNULL) for _ in range(8)]
            wait_until(lambda: sum(process.poll() is None for process in processes) <= 1, "more than one daemon runs")
            living = [process for process in processes if process.poll() is None]
            self.assertEqual(len(living), 1)
            wait_until(lambda: is_served(daemon.socket), "the daemon does not listen")
            self.assertIn("result", daemon.call("daemon.info"))
            living[0].terminate()
            self.assertEqual(living[0].wait(PATIENCE), 0)
            self.assertEqual([p.wait() for p in processes if p is not living[0]], [1] * 7)

    def test_a_path_that_is_not_a_socket_is_left_alone(self):
        with Daemon() as daemon:
            path = daemon.folder + "/file"
            with open(path, "w", encoding="ascii") as file:
                file.write("precious")
            done = run("--socket", path, "--inspect-socket", "none")
            self.assertEqual(done.returncode, 1)
            self.assertIn(path, done.stderr)
            with open(path, encoding="ascii") as file:
                self.assertEqual(file.read(), "precious")

    def test_a_socket_that_another_program_has_open_is_left_alone(self):
        """Even if it is of another type, or if this user may not connect to it."""
        unprivileged = ["setpriv", "--bounding-set=-all"] if os.geteuid() == 0 else []
        for kind, mode, expected in ((socket.SOCK_STREAM, 0o600, "another program listens there"),
                                     (socket.SOCK_DGRAM, 0o600, "another program listens there"),
                                     (socket.SOCK_STREAM, 0, "cannot find out whether another program listens there")):
            with self.subTest(kind=kind, mode=mode), tempfile.TemporaryDirectory(prefix="gpalayoutd-test-") as folder, \
                    socket.socket(socket.AF_UNIX, kind) as other:
                path = folder + "/other.sock"
                other.bind(path)
                os.chmod(path, mode)
                if kind == socket.SOCK_STREAM:
                    other.listen()
                before = os.stat(path).st_ino
                done = subprocess.run([*unprivileged, *IN_MEMORY, "--socket", path, "--inspect-socket", "none"],
                                      capture_output=True, text=True, timeout=PATIENCE, check=False)
                self.assertEqual(done.returncode, 1)
                self.assertIn(expected, done.stderr)
                self.assertEqual(os.stat(path).st_ino, before)

    def test_a_file_that_is_not_a_lock_is_left_alone(self):
        with Daemon() as daemon:
            path = daemon.folder + "/other.sock"
            with open(path + ".lock", "w", encoding="ascii") as file:
                file.write("precious")
            done = run("--socket", path, "--inspect-socket", "none")
            self.assertEqual(done.returncode, 1)
            self.assertIn(path + ".lock", done.stderr)
            with open(path + ".lock", encoding="ascii") as file:
                self.assertEqual(file.read(), "precious")
            os.unlink(path + ".lock")
            os.mkfifo(path + ".lock")
            self.assertEqual(run("--socket", path, "--inspect-socket", "none").returncode, 1)
            self.assertTrue(stat.S_ISFIFO(os.stat(path + ".lock").st_mode))
            # If the socket's own path is in use, the daemon does not even open the lock.
            with open(daemon.folder + "/file", "w", encoding="ascii"), \
                    open(daemon.folder + "/file.lock", "w", encoding="ascii"):
                pass
            self.assertEqual(run("--socket", daemon.folder + "/file", "--inspect-socket", "none").returncode, 1)
            self.assertTrue(os.path.exists(daemon.folder + "/file.lock"))

    def test_the_socket_of_another_program_is_left_alone(self):
        with Daemon() as daemon, socket.socket(socket.AF_UNIX) as other:
            path = daemon.folder + "/other.sock"
            other.bind(path)
            other.listen()
            done = run("--socket", path, "--inspect-socket", "none")
            self.assertEqual(done.returncode, 1)
            self.assertIn("another program", done.stderr)
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(path)

    def test_a_socket_that_is_no_longer_its_own_is_left_alone(self):
        with Daemon() as daemon, socket.socket(socket.AF_UNIX) as other:
            other.bind(daemon.folder + "/other.sock")
            other.listen()
            os.rename(daemon.folder + "/other.sock", daemon.socket)
            self.assertEqual(daemon.stop(), 0)
            self.assertTrue(os.path.exists(daemon.socket))

    def test_a_path_that_is_too_long_is_refused_not_cut(self):
        with Daemon() as daemon:
            path = daemon.folder + "/" + "x" * 108
            done = run("--socket", path, "--inspect-socket", "none")
            self.assertEqual(done.returncode, 2)
            self.assertIn("107 bytes", done.stderr)
            self.assertEqual([name for name in os.listdir(daemon.folder) if name.startswith("x")], [])

    def test_modes_and_group_are_as_configured(self):
        group = str(os.getegid())
        with contextlib.suppress(KeyError):  # the group may have no name
            group = grp.getgrgid(os.getegid()).gr_name
        with Daemon("--socket-mode", "600", "--inspect-socket-mode", "0644", "--socket-group", group) as daemon:
            self.assertEqual(stat.S_IMODE(os.stat(daemon.socket).st_mode), 0o600)
            self.assertEqual(stat.S_IMODE(os.stat(daemon.inspect_socket).st_mode), 0o644)
            self.assertEqual(os.stat(daemon.socket).st_gid, os.getegid())
        with Daemon() as daemon:
            self.assertEqual(stat.S_IMODE(os.stat(daemon.socket).st_mode), 0o660)
            self.assertEqual(stat.S_IMODE(os.stat(daemon.inspect_socket).st_mode), 0o666)

    def test_the_group_may_be_a_number(self):
        with tempfile.TemporaryDirectory() as folder:
            try:
                os.chown(folder, -1, 12345)
            except OSError as error:
                self.skipTest(f"a socket cannot be given to another group: {error}")
        with Daemon("--socket-group", "12345") as daemon:
            self.assertEqual(os.stat(daemon.socket).st_gid, 12345)
            self.assertEqual(os.stat(daemon.inspect_socket).st_gid, 12345)

    def test_the_folder_is_made_and_the_inspect_socket_is_beside_the_control_socket(self):
        with Daemon() as daemon:
            folder = daemon.folder + "/run"
            process = subprocess.Popen([*IN_MEMORY, "--socket", folder + "/c.sock"], stderr=subprocess.DEVNULL)
            wait_until(lambda: is_served(folder + "/inspect.sock"), "the inspect socket is not served")
            process.terminate()
            self.assertEqual(process.wait(PATIENCE), 0)
            self.assertEqual(os.listdir(folder), [])

    def test_the_inspect_socket_can_be_turned_off(self):
        with Daemon() as daemon:
            daemon.stop()
            process = subprocess.Popen([*IN_MEMORY, "--socket", daemon.socket, "--inspect-socket", "none"],
                                       stderr=subprocess.DEVNULL)
            wait_until(lambda: is_served(daemon.socket), "the control socket is not served")
            self.assertEqual(daemon.call("daemon.info")["result"]["sockets"], {"control": daemon.socket})
            process.terminate()
            self.assertEqual(process.wait(PATIENCE), 0)


class Options(unittest.TestCase):
    def test_help_and_version(self):
        done = run("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for option in ("--socket=", "--inspect-socket", "--socket-mode", "--socket-group", "--default-policy",
                       "--state-dir", "--require-state", "--limit", "--log-level", "--version", "--help"):
            self.assertIn(option, done.stdout)
        for line in done.stdout.splitlines():
            self.assertLessEqual(len(line), 80, line)
        done = run("--version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"^gpalayoutd \d+\.\d+\.\d+\n$")

    def test_bad_usage_says_what_is_right(self):
        for options, words in ((["--no-such-option"], "--help"), (["extra"], "unexpected argument"),
                               (["--socket-mode", "888"], "octal"), (["--socket-mode", "1777"], "octal"),
                               (["--socket-mode", ""], "octal"), (["--socket-group", "no such group"], "no such group"),
                               (["--default-policy", "openvmm"], "openvmm-2026.07"), (["--log-level", "loud"], "debug"),
                               (["--limit", "connections"], "NAME=VALUE"), (["--limit", "colour=1"], "no such limit"),
                               (["--limit", "connections=x"], "the value is not a number\n"),
                               (["--limit", "store_bytes=x"], "not a number or a size such as 64KiB"),
                               (["--limit", "store_bytes=1"], "out of range: expected 64KiB to 1TiB"),
                               (["--limit", "store_bytes_per_uid=99999999999999999999"],
                                "out of range: expected 0 to 1TiB"),
                               (["--limit", "drain_ms = 1000"], "NAME=VALUE without spaces"),
                               (["--limit", "connections=0"], "out of range"),
                               (["--limit", "virtio_mmio_slots=1"], "part of the protocol"),
                               (["--socket", ""], "empty"), (["--inspect-socket", ""], "empty"),
                               (["--socket", "/tmp/a", "--inspect-socket", "/tmp/a"], "a path of its own")):
            with self.subTest(options=options):
                done = run(*options)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn(words, done.stderr)

    def test_the_default_policy_is_that_of_requests_that_name_none(self):
        request = {"arch": "x86_64", "memory": {"nodes": ["4GiB"]}}
        with Daemon("--default-policy", "openvmm-2026.05") as daemon:
            self.assertEqual(daemon.call("policy.list")["result"]["default"], "openvmm-2026.05")
            layout = daemon.call("layout.resolve", {"request": request})["result"]["layout"]
            self.assertEqual(layout["policy"], "openvmm-2026.05")
            request["policy"] = "openvmm-2026.06"
            layout = daemon.call("layout.resolve", {"request": request})["result"]["layout"]
            self.assertEqual(layout["policy"], "openvmm-2026.06")

    def test_the_log_level_is_obeyed(self):
        with Daemon("--log-level", "error") as daemon:
            daemon.call("no.such.method")
            self.assertEqual(daemon.log(), "")
        with Daemon("--log-level", "debug") as daemon:
            daemon.call("daemon.info")
            daemon.wait_log("event=connection_accepted uid=")

    def test_a_flood_of_refusals_does_not_flood_the_log(self):
        with Daemon() as daemon, daemon.connect() as client:
            start = time.monotonic()
            client.send_aside(b"x\n" * 20000, then_shutdown=True)
            for _ in range(20000):
                client.read_line()
            self.assertLess(daemon.log().count("\n"), 100 * (time.monotonic() - start + 3))


if __name__ == "__main__":
    main()
