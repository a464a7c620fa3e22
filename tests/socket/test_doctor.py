# SPDX-License-Identifier: MIT
"""gpalayoutctl doctor: the problems it finds with sockets, the daemon, its folder and the clock, and its advice."""

import os
import re
import socket
import subprocess
import tempfile
import unittest

from ctl_harness import INFO, NO, OK, USAGE, Case, FakeDaemon, conversation, ctl, ctl_as, reply
from harness import GPALAYOUTCTL, PATIENCE, Daemon, can_be_another_user, main

STATS = {"started_at": "2026-11-22T15:04:05.123Z", "uptime_ms": 5000,
         "connections": {"open": 1, "accepted": 1, "turned_away": 0, "subscribers": 0}, "users": [], "requests": {},
         "registry": {"layouts": 7, "revision": 1, "oldest_since": 0},
         "store": {"kind": "memory", "commits": 0, "changes": 0, "full": 0}}


def findings(out):
    """Returns {what: (verdict, text, advice)}."""
    return {what: (verdict, text, todo.removeprefix("       do: ").rstrip("\n"))
            for verdict, what, text, todo in re.findall(r"(?m)^(ok|wrong|-) +([a-z ]+): (.*)\n((?:       do: .*\n)?)", out)}


class Doctor(Case):
    def find(self, *args, code=NO, **options):
        result = ctl("doctor", *args, **options)
        self.assertEqual((result.code, result.err), (code, ""), result.out)
        return findings(result.out)

    def run_against(self, info=None, code=NO, beside=lambda path: None, **stats):
        """Returns the findings about a daemon with this daemon.info and these statistics. `beside` gets the path of its
        socket."""
        def answer(message):
            asked = {"daemon.info": {**INFO, **(info or {})}, "daemon.stats": {**STATS, **stats}}
            return reply(asked[message["method"]], message["id"])

        with FakeDaemon(conversation(answer)) as daemon:
            beside(daemon.path)
            return self.find("--socket", daemon.path, code=code)

    def test_a_socket_that_is_not_there(self):
        found = self.find("--socket", os.path.join(self.folder, "control.sock"))
        self.assertEqual(found["control socket"][0], "wrong")
        self.assertIn("No such file or directory", found["control socket"][1])
        self.assertIn("systemctl enable --now gpalayoutd.socket", found["control socket"][2])
        self.assertIn("set --socket or GPALAYOUT_SOCKET to the path of that socket", found["control socket"][2])
        self.assertNotIn("daemon", found)

    def test_a_file_that_is_no_socket_and_a_socket_that_nobody_listens_on(self):
        found = self.find("--socket", self.write("control.sock", b""))
        self.assertEqual((found["control socket"][0], found["control socket"][1][-15:]), ("wrong", "is not a socket"))
        dead = os.path.join(self.folder, "dead.sock")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(dead)
        found = self.find("--socket", dead)
        self.assertEqual(found["control socket"][0], "ok")
        self.assertEqual(found["daemon"][0], "wrong")
        self.assertIn("Connection refused", found["daemon"][1])

    def test_an_inspect_socket_that_nobody_serves(self):
        def bind(path):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
                dead.bind(os.path.join(os.path.dirname(path), "inspect.sock"))

        found = self.run_against({"sockets": {"control": "/c", "inspect": "/i"}}, beside=bind)
        self.assertEqual((found["inspect socket"][0], found["daemon"][0]), ("wrong", "ok"))
        self.assertIn("Connection refused", found["inspect socket"][1])
        self.assertIn("systemctl restart gpalayoutd-inspect.socket", found["inspect socket"][2])
        found = self.run_against({"sockets": {"control": "/c", "inspect": "/i"}})
        self.assertIn("No such file or directory", found["inspect socket"][1])
        self.assertIn("systemctl restart gpalayoutd-inspect.socket", found["inspect socket"][2])
        found = self.run_against({"sockets": {"control": "/c", "inspect": "/dev/null"}})
        self.assertIn("set --inspect-socket", found["inspect socket"][2])

    def test_another_version(self):
        found = self.run_against({"version": "9.8.7"})
        self.assertEqual(found["version"][0], "wrong")
        self.assertRegex(found["version"][1], r"^the daemon is 9\.8\.7 and this client \d")
        self.assertEqual(found["version"][2], "upgrade and restart the daemon if it is the older one, otherwise upgrade this client; the "
                                              "older one does not know newer members")

    def test_a_clock_that_was_set(self):
        found = self.run_against()
        self.assertEqual(found["clock"][0], "wrong")
        self.assertRegex(found["clock"][1], r"^it was changed by -?\d+ s, or the host slept, since the daemon started$")
        self.assertEqual(self.run_against(started_at="yesterday")["clock"][:2], ("wrong", "yesterday is not a time"))

    def test_a_folder_that_cannot_be_looked_at_is_not_checked(self):
        missing = os.path.join(self.folder, "missing")
        for path, why in ((missing, "this user cannot look at it: No such file or directory"),
                          ("state", "it is relative to the folder in which the daemon started")):
            found = self.run_against(store={**STATS["store"], "kind": "file", "path": path})
            for what in ("state folder", "disk"):
                self.assertEqual(found[what], ("-", f"{path}: not checked, because {why}", ""))

    def test_users_and_a_unit_that_cannot_be_looked_at_are_not_checked(self):
        unreadable = os.path.join(self.folder, "socket")  # open(2) refuses a socket
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(unreadable)
        # libtool's script needs a PATH, and its real program does not.
        built = os.path.join(os.path.dirname(GPALAYOUTCTL), ".libs")
        program = os.path.join(built, os.path.basename(GPALAYOUTCTL))
        for how, script, what, why in (
                ("--user", "", "users", "/proc/self/uid_map names no users"),
                ("--mount", 'mount --bind "$1" /proc/$$/uid_map && ', "users",
                 "this process cannot read /proc/self/uid_map: No such device or address"),
                ("--mount", "mount -t tmpfs none /run && ", "unit", "systemd does not run here"),
                ("--mount", "mount -t tmpfs none /run && mkdir -p /run/systemd/system && PATH=/nonexistent && ", "unit",
                 "systemctl cannot be run")):
            with self.subTest(why):
                done = subprocess.run(["unshare", how, "/bin/sh", "-c", script + 'echo ready && exec "$0" doctor --socket /nonexistent',
                                       program if os.path.exists(program) else GPALAYOUTCTL, unreadable], capture_output=True,
                                      text=True, timeout=PATIENCE, check=False, env={**os.environ, "LD_LIBRARY_PATH": built})
                if not done.stdout.startswith("ready"):
                    self.skipTest(f"no namespace here: {done.stderr}")
                self.assertEqual(done.returncode, NO, done.stderr)
                self.assertEqual(findings(done.stdout)[what], ("-", f"not checked, because {why}", ""))

    def test_refused_changes_and_connections(self):
        found = self.run_against(store={**STATS["store"], "full": 3}, connections={**STATS["connections"], "turned_away": 4})
        self.assertEqual(found["store"][:2], ("wrong", "changes refused for lack of room since the daemon started: 3"))
        self.assertEqual(found["connections"][:2], ("wrong", "connections turned away since the daemon started: 4"))

    def test_as_many_layouts_as_the_daemon_keeps(self):
        for limit, verdict, text in ((8, "ok", "7"), (7, "wrong", "7, and the limit is 7")):
            found = self.run_against({"limits": {"live_layouts": limit}})
            self.assertEqual(found["layouts"][:2], (verdict, text))

    def test_an_invalid_reply(self):
        with FakeDaemon(b"HTTP/1.1 400 Bad Request\r\n") as daemon:
            found = self.find("--socket", daemon.path)
        self.assertEqual(found["daemon"][0], "wrong")

    def test_control_characters_reach_no_terminal(self):
        evil = "\x1b]0;x\x07\u202e"
        out = ctl("doctor", "--socket", "/nonexistent/" + evil).out
        found = self.run_against({"version": evil}, store={**STATS["store"], "kind": evil})
        for text in (out, *(" ".join(each) for each in found.values())):
            self.assertNotRegex(text, "[\x1b\x07\u202e]")

    def test_the_output_is_for_people(self):
        for option in (["--json"], ["--field", "a"]):
            self.check(ctl("doctor", *option), USAGE, "doctor prints text only")
        result = ctl("doctor", "-q", "--socket", "/nonexistent/s")
        self.assertEqual((result.code, result.out, result.err), (NO, "", ""))


class WithDaemon(unittest.TestCase):
    def setUp(self):
        self.daemon = Daemon()
        self.addCleanup(self.daemon.__exit__, None)

    def find(self, code, run=ctl):
        result = run("doctor", "--socket", self.daemon.socket)
        self.assertEqual((result.code, result.err), (code, ""), result.out)
        return findings(result.out)

    def test_a_healthy_daemon(self):
        found = self.find(OK)
        # A host without systemd has no unit to check.
        self.assertEqual({verdict for what, (verdict, _, _) in found.items() if what != "unit"}, {"ok"})
        self.assertLessEqual({"control socket", "inspect socket", "daemon", "version", "clock", "state folder", "disk", "users"},
                             set(found))
        self.assertEqual(found["layouts"][1], "0")

    def test_an_inspect_socket_that_is_not_beside_the_control_socket(self):
        with tempfile.TemporaryDirectory() as folder:
            control = os.path.join(folder, "control.sock")
            os.symlink(self.daemon.socket, control)
            result = ctl("doctor", "--socket", control)
        self.assertEqual((result.code, findings(result.out)["inspect socket"][:2]),
                         (OK, ("ok", f"{self.daemon.inspect_socket}, mode 0666")))

    def test_a_daemon_that_has_too_many_connections_need_not_be_restarted(self):
        with Daemon("--limit=connections=1", wait=False) as daemon:
            daemon.wait_log("event=ready")
            with daemon.connect() as client:
                self.assertIn("result", client.call("daemon.info"))
                result = ctl("doctor", "--socket", daemon.socket)
        self.assertIn("wrong  daemon: too many connections (connections, inspect_connections or connections_per_uid); close "
                      "some, or try again later\n"
                      "       do: close connections that nobody needs", result.out)
        self.assertNotIn("restart it", result.out)

    def test_a_daemon_without_an_inspect_socket(self):
        with Daemon("--inspect-socket=none", "--store=memory", wait=False) as daemon:
            daemon.wait_log("event=ready")
            result = ctl("doctor", "--socket", daemon.socket)
            self.assertEqual((result.code, findings(result.out)["inspect socket"][:2]), (OK, ("ok", "the daemon has none")))

    @unittest.skipUnless(can_be_another_user(), "needs root, to become another user")
    def test_a_folder_that_this_user_may_not_look_at_is_not_checked(self):
        with tempfile.TemporaryDirectory() as above:
            path = os.path.join(above, "state")
            with Daemon("--state-dir", path) as daemon:
                os.chmod(daemon.folder, 0o755)
                os.chmod(daemon.socket, 0o666)
                result = ctl_as(65534, "doctor", "--socket", daemon.socket)
        self.assertEqual((result.code, result.err), (OK, ""), result.out)
        for what in ("state folder", "disk"):
            self.assertIn(f"-      {what}: {path}: not checked, because this user cannot look at it: Permission denied\n", result.out)

    def test_a_folder_that_others_may_enter(self):
        path = self.daemon.call("daemon.stats")["result"]["store"]["path"]
        os.chmod(path, 0o755)
        self.addCleanup(os.chmod, path, 0o700)
        found = self.find(NO)
        self.assertEqual(found["state folder"], ("wrong", f"{path}: other users have access; its mode is 0755", f"chmod 700 {path}"))

    @unittest.skipUnless(can_be_another_user(), "needs root, to become another user")
    def test_a_user_who_may_not_use_the_control_socket(self):
        os.chmod(self.daemon.folder, 0o755)
        os.chmod(self.daemon.socket, 0o660)
        found = self.find(NO, lambda *args: ctl_as(65534, *args))
        verdict, text, todo = found["control socket"]
        self.assertEqual((verdict, "this user (uid 65534) may not use it; its mode is 0660" in text), ("wrong", True))
        # The socket's group is root's, which nobody should join.
        self.assertIn("SocketGroup=", todo)
        os.chown(self.daemon.socket, -1, 1)
        self.assertRegex(self.find(NO, lambda *args: ctl_as(65534, *args))["control socket"][2],
                         r"^join the group (\S+): usermod -aG \1 USER; then log in again$")
        # The client then uses the other socket.
        self.assertEqual((found["inspect socket"][0], found["daemon"][0]), ("ok", "ok"))
        os.chmod(self.daemon.socket, 0o600)
        self.assertIn("SocketGroup=", self.find(NO, lambda *args: ctl_as(65534, *args))["control socket"][2])


if __name__ == "__main__":
    main()
