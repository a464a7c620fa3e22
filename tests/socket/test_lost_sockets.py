# SPDX-License-Identifier: MIT
"""If somebody removes or replaces the daemon's socket files, the daemon can soon be reached again.

The daemon may look at its files at any time. So each replacement is made under another name, and renamed.
"""

import fcntl
import os
import shutil
import socket
import stat
import subprocess
import unittest

from harness import PATIENCE, PROGRAM, Client, Daemon, is_served, main, wait_until
from test_faults import FaultyDaemon


class RunFolderDaemon(Daemon):
    """A daemon whose sockets have a folder of their own."""

    def start(self, wait=True):
        self.run = os.path.join(self.folder, "parent", "run")
        self.socket, self.inspect_socket = (os.path.join(self.run, name) for name in ("control.sock", "inspect.sock"))
        os.makedirs(self.run, exist_ok=True)
        super().start(wait)


def lines(daemon, text):
    return [line for line in daemon.log().splitlines() if text in line]


def inode(path):
    return os.stat(path).st_ino


def descriptors(daemon):
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


def stale_socket(_, path):
    """Replaces the path with a stale socket."""
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(path + ".other")
    os.rename(path + ".other", path)


class LostSockets(unittest.TestCase):
    def assert_restored(self, daemon, times):
        wait_until(lambda: len(lines(daemon, "event=socket_restored")) == times, daemon.log)
        self.assertEqual(len(lines(daemon, "event=socket_lost")), times)
        for path in (daemon.socket, daemon.inspect_socket):
            with Client(path) as client:
                self.assertIn("result", client.call("daemon.info"))

    def assert_open(self, daemon, count):
        """Checks the number of open descriptors. One that was opened in vain must be closed. A socket whose file is
        gone may stay open for a moment."""
        wait_until(lambda: descriptors(daemon) == count, lambda: f"{descriptors(daemon)} descriptors, not {count}")

    def pass_time(self, daemon, looks=3):
        """Removes the file of the inspect socket a few times and waits until it is bound again. Then the daemon has
        looked at its files."""
        for _ in range(looks):
            before = len(lines(daemon, "event=socket_restored socket=inspect"))
            os.unlink(daemon.inspect_socket)
            wait_until(lambda: len(lines(daemon, "event=socket_restored socket=inspect")) > before, daemon.log)

    def check(self, lose):
        """`lose` is what happens to each socket file of the daemon."""
        with RunFolderDaemon("--socket-mode=0600") as daemon, daemon.connect() as client:
            self.assertIn("result", client.call("daemon.info"))
            before = descriptors(daemon)
            for times, path in ((1, daemon.inspect_socket), (2, daemon.socket)):
                lose(daemon, path)
                wait_until(lambda at=path: is_served(at), daemon.log)
                # The daemon logs that it has restored the socket before it serves a client there.
                self.assertEqual(len(lines(daemon, "event=socket_restored")), times)
                self.assert_restored(daemon, times)
            self.assertEqual(stat.S_IMODE(os.stat(daemon.socket).st_mode), 0o600)
            self.assertEqual(stat.S_IMODE(os.stat(daemon.inspect_socket).st_mode), 0o666)
            self.assert_open(daemon, before)
            # Connected clients have noticed nothing, and the daemon exits cleanly.
            self.assertIn("result", client.call("daemon.info"))
            self.assertEqual(daemon.stop(), 0)
            self.assertEqual([name for name in os.listdir(daemon.run) if not name.endswith(".old")], [])

    def test_a_removed_socket_is_restored(self):
        self.check(lambda _, path: os.unlink(path))

    def test_a_renamed_socket_is_restored(self):
        self.check(lambda _, path: os.rename(path, path + ".old"))

    def test_a_socket_replaced_by_a_stale_one_is_restored(self):
        self.check(stale_socket)

    def test_a_socket_removed_with_its_lock_is_restored(self):
        def lose(daemon, path):
            with daemon.paused():
                os.unlink(path)
                os.unlink(path + ".lock")
        self.check(lose)

    def test_both_sockets_are_restored_if_one_is_renamed_to_the_other(self):
        with RunFolderDaemon() as daemon:
            os.rename(daemon.inspect_socket, daemon.socket)
            self.assert_restored(daemon, 2)
            # The inspect socket would not do this.
            with daemon.connect() as client:
                self.assertIn("result", client.call("layout.create", {
                    "name": "vm-1", "request": {"arch": "x86_64", "memory": {"nodes": ["1GiB"]}}}))

    def test_a_removed_folder_is_restored_with_its_sockets(self):
        with RunFolderDaemon() as daemon:
            os.rename(daemon.run, daemon.folder + "/gone")
            shutil.rmtree(daemon.folder + "/gone")
            self.assert_restored(daemon, 2)
            self.assertEqual(sorted(os.listdir(daemon.run)), ["control.sock", "control.sock.lock", "inspect.sock",
                                                               "inspect.sock.lock"])

    def test_sockets_are_restored_once_the_parent_folder_is_back(self):
        """The folder cannot be made again until its parent is there."""
        with RunFolderDaemon() as daemon, daemon.connect() as client:
            os.rename(daemon.folder + "/parent", daemon.folder + "/gone")
            failed = "event=listen_failed path=\"" + daemon.socket
            wait_until(lambda: lines(daemon, failed), daemon.log)
            self.assertIn("cannot create the folder of the socket", lines(daemon, failed)[0])
            self.assertIn("result", client.call("daemon.info"))
            os.mkdir(daemon.folder + "/parent")
            self.assert_restored(daemon, 2)

    def test_a_file_of_someone_else_is_left_alone(self):
        with RunFolderDaemon() as daemon:
            before = descriptors(daemon)
            with open(daemon.socket + ".other", "w", encoding="ascii") as file:
                file.write("precious")
            os.rename(daemon.socket + ".other", daemon.socket)
            daemon.wait_log("the path is not a socket")
            self.pass_time(daemon)
            self.assert_open(daemon, before)
            self.assertEqual(len(lines(daemon, "event=listen_failed")), 1)
            with open(daemon.socket, encoding="ascii") as file:
                self.assertEqual(file.read(), "precious")
            os.unlink(daemon.socket)
            self.assert_restored(daemon, 4)

    def test_a_socket_on_which_someone_else_listens_is_left_alone(self):
        with RunFolderDaemon() as daemon:
            opened = descriptors(daemon)
            with socket.socket(socket.AF_UNIX) as other:
                other.bind(daemon.socket + ".other")
                other.listen()
                os.rename(daemon.socket + ".other", daemon.socket)
                before = inode(daemon.socket)
                daemon.wait_log("another program listens there")
                # After it has found such a socket, the daemon skips the next five looks at it.
                self.pass_time(daemon, 7)
                self.assertEqual(len(lines(daemon, "event=listen_failed")), 1)
                self.assertEqual(inode(daemon.socket), before)
                self.assert_open(daemon, opened)
            self.assert_restored(daemon, 8)

    def test_the_lock_is_locked_again(self):
        with RunFolderDaemon() as daemon:
            os.unlink(daemon.socket + ".lock")
            self.assert_restored(daemon, 1)
            with open(daemon.socket + ".lock", encoding="ascii") as file:
                self.assertEqual(file.read(), f"{daemon.process.pid}\n")
            done = subprocess.run([*PROGRAM, "--store=memory", "--socket", daemon.socket, "--inspect-socket", "none"],
                                  capture_output=True, text=True, timeout=PATIENCE, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"pid={daemon.process.pid}", done.stderr)

    def test_a_lock_that_goes_while_it_is_locked_is_made_again(self):
        """Another daemon that exits at this moment would remove the lock like this."""
        with FaultyDaemon() as daemon:
            before = descriptors(daemon)
            daemon.stop()
            daemon.set("lock-gone")
            Daemon.start(daemon)
            self.assert_open(daemon, before)
            with open(daemon.socket + ".lock", encoding="ascii") as file:
                self.assertEqual(file.read(), f"{daemon.process.pid}\n")

    def test_a_file_that_is_not_a_lock_is_left_alone(self):
        with RunFolderDaemon() as daemon:
            before = descriptors(daemon)
            with open(daemon.socket + ".other", "w", encoding="ascii") as file:
                file.write("precious")
            os.rename(daemon.socket + ".other", daemon.socket + ".lock")
            daemon.wait_log("the path is not a lock file")
            self.pass_time(daemon)
            self.assertEqual(len(lines(daemon, "event=listen_failed")), 1)
            self.assert_open(daemon, before)
            with open(daemon.socket + ".lock", encoding="ascii") as file:
                self.assertEqual(file.read(), "precious")
            os.unlink(daemon.socket + ".lock")
            self.assert_restored(daemon, 4)

    def test_a_lock_that_someone_else_holds_is_left_alone(self):
        with RunFolderDaemon() as daemon:
            before = descriptors(daemon)
            with open(daemon.socket + ".other", "w", encoding="ascii") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                file.write("4711\n")
                file.flush()
                os.rename(daemon.socket + ".other", daemon.socket + ".lock")
                daemon.wait_log("event=already_running")
                self.pass_time(daemon)
                self.assertIn("pid=4711", "".join(lines(daemon, "event=already_running")))
                self.assertEqual(len(lines(daemon, "event=already_running")), 1)
                self.assert_open(daemon, before)
                self.assertEqual(daemon.stop(), 0)
                self.assertTrue(os.path.exists(daemon.socket + ".lock"))


if __name__ == "__main__":
    main()
