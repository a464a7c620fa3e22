# SPDX-License-Identifier: MIT
"""The registry's folder: what the daemon requires of it at the start. A change is acknowledged only if it is in the
folder."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import unittest

from harness import PATIENCE, PROGRAM, Daemon, main
from test_faults import FaultyDaemon, create, live
from vm import reason


def start(daemon, *options, env=None, before=()):
    """Starts a daemon that must refuse, and returns its message."""
    done = subprocess.run([*before, *PROGRAM, "--socket", daemon.socket + "2", "--inspect-socket", "none", *options],
                          env=dict(os.environ, **(env or {})), capture_output=True, text=True, timeout=PATIENCE,
                          check=False)
    if done.returncode != 1:
        raise AssertionError(f"exited with {done.returncode}: {done.stderr}")
    return done.stderr


def contents(folder):
    found = {}
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        with open(os.path.join(folder, name), "rb") as file:
            found[name] = file.read()
    return found


def copy(source, target):
    """Replaces a file as an administrator would who restores a copy: a new file gets its name."""
    shutil.copy(source, target + ".tmp")
    os.rename(target + ".tmp", target)


class Moved(unittest.TestCase):
    """If the database or its WAL is no longer at its path, no change is acknowledged."""

    def check(self, change, named="registry.db"):
        """`change` is what happens to the folder. `named` is the file that the log names."""
        with Daemon() as daemon, daemon.connect() as client:
            self.assertIn("result", create(client, "there"))
            change(daemon.state)
            before = contents(daemon.state)
            reply = create(client, "lost")
            self.assertEqual((reply["error"]["code"], reason(reply)), (7, "store_failed"))
            self.assertEqual(daemon.process.wait(PATIENCE), 1)
            self.assertIn(f"{daemon.state}/{named}: it was re", daemon.wait_log("event=store_failed"))
            # The daemon leaves the new file at the path alone, because it may belong to somebody else.
            after = contents(daemon.state)
            self.assertEqual(sorted(after), sorted(before))
            self.assertEqual(after.get("registry.db"), before.get("registry.db"))
            shutil.rmtree(daemon.state, ignore_errors=True)
            daemon.start()

    def test_a_removed_database_stops_the_daemon(self):
        self.check(lambda state: os.unlink(state + "/registry.db"))

    def test_a_replaced_database_stops_the_daemon(self):
        self.check(lambda state: copy(state + "/registry.db", state + "/registry.db"))

    def test_a_removed_log_stops_the_daemon(self):
        self.check(lambda state: os.unlink(state + "/registry.db-wal"), "registry.db-wal")

    def test_a_replaced_log_stops_the_daemon(self):
        self.check(lambda state: copy(state + "/registry.db-wal", state + "/registry.db-wal"), "registry.db-wal")

    def test_a_removed_folder_stops_the_daemon(self):
        self.check(shutil.rmtree)

    def test_a_renamed_folder_stops_the_daemon(self):
        self.check(lambda state: os.rename(state, state + ".old"))

    def test_a_replaced_folder_stops_the_daemon(self):
        def replace(state):
            os.rename(state, state + ".old")
            shutil.copytree(state + ".old", state)
        self.check(replace)

    def test_shutdown_reports_replaced_files_and_leaves_them_alone(self):
        for replaced in (["/registry.db-wal"], ["/registry.db-wal", "/registry.db"]):
            with Daemon() as daemon, daemon.connect() as client:
                self.assertIn("result", create(client, "there"))
                for name in replaced:
                    copy(daemon.state + name, daemon.state + name)
                before = contents(daemon.state)
                self.assertEqual(daemon.stop(), 1)
                self.assertEqual(contents(daemon.state), before)
                self.assertIn(f"{daemon.state}{replaced[-1]}: it was replaced", daemon.wait_log("event=store_failed"))
                shutil.rmtree(daemon.state)
                daemon.start()

    def test_a_link_that_leads_elsewhere_while_it_starts(self):
        """SQLite opens another file than the one in the checked folder."""
        with FaultyDaemon() as daemon:
            with daemon.connect() as client:
                create(client, "there")
            before = live(daemon)
            daemon.stop()
            shutil.copy(daemon.state + "/registry.db", daemon.fault_path + ".db")
            with open(daemon.fault_path + ".db", "rb") as file:
                other = file.read()
            daemon.set("elsewhere")
            said = start(daemon, "--state-dir", daemon.state, env=daemon.env)
            self.assertIn("SQLite has opened another file than registry.db in the state folder", said)
            with open(daemon.fault_path + ".db", "rb") as file:
                self.assertEqual(file.read(), other)
            daemon.set("")
            daemon.start()
            self.assertEqual(live(daemon), before)


class Starting(unittest.TestCase):
    def test_a_new_registry_is_logged_as_created_and_then_as_opened(self):
        with Daemon() as daemon:
            self.assertIn("event=store_created store=sqlite layouts=0 ", daemon.log())
            self.assertNotIn("event=store_opened", daemon.log())
            daemon.stop()
            daemon.start()
            self.assertEqual(daemon.log().count("event=store_created"), 1)
            self.assertEqual(daemon.log().count("event=store_opened"), 1)
        with Daemon("--store=memory") as daemon:
            self.assertNotIn("event=store_created", daemon.log())

    def test_a_registry_that_is_required_is_not_made(self):
        with Daemon() as daemon:
            folder = daemon.folder + "/unmounted"
            said = start(daemon, "--require-state", "--state-dir", folder)
            self.assertIn(f'error="{folder}: there is no state folder, and require-state forbids creating one', said)
            self.assertIn("start once with --require-state=no", said)
            self.assertFalse(os.path.exists(folder))
            os.mkdir(folder, 0o700)
            said = start(daemon, "--require-state", "--state-dir", folder)
            self.assertIn(folder + "/registry.db: there is no registry in the state folder", said)
            self.assertEqual(os.listdir(folder), [])
            # An existing folder is used as usual.
            with daemon.connect() as client:
                create(client, "there")
            daemon.stop()
            daemon.options.append("--require-state")
            daemon.start()
            self.assertEqual(list(live(daemon)), ["there"])

    def test_a_long_message_is_logged_completely(self):
        with Daemon() as daemon:
            folder = os.path.join(daemon.folder, "x" * 120)
            os.mkdir(folder, 0o700)
            said = start(daemon, "--require-state", "--state-dir", folder)
            self.assertIn('start once with --require-state=no"\n', said)

    def test_a_registry_without_its_log_mode_is_used(self):
        """Another program can turn the WAL off, and must do so to change the page size back."""
        with Daemon() as daemon:
            with daemon.connect() as client:
                self.assertIn("result", create(client, "vm"))
            self.assertEqual(daemon.stop(), 0)
            with contextlib.closing(sqlite3.connect(daemon.state + "/registry.db")) as database:
                self.assertEqual(database.execute("PRAGMA journal_mode = DELETE").fetchall(), [("delete",)])
            daemon.start()
            self.assertEqual(list(live(daemon)), ["vm"])

    def test_files_that_are_no_regular_files_are_named(self):
        with Daemon() as daemon:
            self.assertEqual(daemon.stop(), 0)
            for name in ("registry.db-wal", "registry.db-journal", "registry.db"):
                for make in (os.mkfifo, os.mkdir, lambda path: os.symlink("/nowhere", path)):
                    with self.subTest(name, make=make):
                        path = os.path.join(daemon.state, name)
                        exists = os.path.exists(path)
                        if exists:
                            os.rename(path, path + ".kept")
                        make(path)
                        said = start(daemon, "--state-dir", daemon.state)
                        self.assertIn(f'error="{path}: ', said)
                        # For registry.db, a folder or a link has a message of its own.
                        if name != "registry.db" or make == os.mkfifo:
                            self.assertIn(": it is not a regular file", said)
                        shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
                        if exists:
                            os.rename(path + ".kept", path)
            # A transaction that is finished can leave a journal whose header is zeroed.
            with open(daemon.state + "/registry.db-journal", "wb") as journal:
                journal.write(bytes(8192))
            daemon.start()

    def test_a_link_to_a_missing_database_is_not_replaced(self):
        with Daemon() as daemon:
            self.assertEqual(daemon.stop(), 0)
            path = daemon.state + "/registry.db"
            os.rename(path, daemon.folder + "/kept.db")
            os.symlink("/nonexistent/registry.db", path)
            said = start(daemon, "--state-dir", daemon.state)
            self.assertIn(f"{path}: it is a symbolic link to a missing file", said)
            self.assertTrue(os.path.islink(path))
            os.unlink(path)
            os.rename(daemon.folder + "/kept.db", path)
            daemon.start()

    def test_what_is_left_of_a_missing_database_must_be_moved_before_a_restore(self):
        for suffix, what in (("-wal", "write-ahead log"), ("-journal", "journal")):
            with self.subTest(suffix), Daemon() as daemon:
                with daemon.connect() as client:
                    self.assertIn("result", create(client, "vm"))
                daemon.process.kill()
                daemon.process.wait()
                os.unlink(daemon.state + "/registry.db")
                if suffix == "-journal":
                    os.rename(daemon.state + "/registry.db-wal", daemon.state + "/registry.db-journal")
                left = f"{daemon.state}/registry.db{suffix}"
                said = start(daemon, "--state-dir", daemon.state)
                self.assertIn(f": it is missing, but there is a {what} {left}", said)
                self.assertIn(f"move the {what} away, then restore a backup with --restore", said)
                said = start(daemon, "--state-dir", daemon.state, "--restore=/nonexistent")
                self.assertIn("; first move the ", said)
                os.unlink(left)
                said = start(daemon, "--state-dir", daemon.state, "--restore=/nonexistent")
                self.assertIn("/nonexistent: cannot be read", said)
                daemon.start()

    def test_a_new_database_that_cannot_be_made_is_named(self):
        with Daemon() as daemon:
            folder = daemon.state + "2"
            os.makedirs(folder + "/registry.db.new")
            os.chmod(folder, 0o700)
            self.assertIn(f'error="{folder}/registry.db.new: cannot be created', start(daemon, "--state-dir", folder))

    def test_a_registry_in_memory_cannot_be_required(self):
        done = subprocess.run([*PROGRAM, "--store=memory", "--require-state"], capture_output=True, text=True,
                              timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--require-state", done.stderr)

    def test_a_folder_that_systemd_made_open_to_others_names_the_setting(self):
        with Daemon("--store=memory") as daemon:
            os.mkdir(daemon.state)
            os.chmod(daemon.state, 0o755)
            said = start(daemon, env={"STATE_DIRECTORY": daemon.state})
            self.assertIn("mode 0755", said)
            self.assertIn("StateDirectoryMode=0700", said)

    def check_read_only(self, daemon, said):
        self.assertIn(daemon.state + "/registry.db: cannot be opened for writing: Read-only file system", said)
        self.assertEqual(sorted(os.listdir(daemon.state)), ["registry.db", "registry.db-wal"])

    def test_a_database_that_can_only_be_read(self):
        with FaultyDaemon() as daemon:
            daemon.stop()
            daemon.set("erofs")
            self.check_read_only(daemon, start(daemon, "--state-dir", daemon.state, env=daemon.env))

    def test_a_file_system_that_can_only_be_read(self):
        """A real one, if this user may mount any."""
        mount = ["unshare", "-m", "sh", "-c",
                 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"']
        with Daemon() as daemon:
            daemon.stop()
            if subprocess.run([*mount, daemon.state, "true"], capture_output=True, check=False).returncode:
                self.skipTest("no file system can be mounted here")
            self.check_read_only(daemon, start(daemon, "--state-dir", daemon.state, before=[*mount, daemon.state]))
            os.unlink(daemon.state + "/registry.db")
            said = start(daemon, "--state-dir", daemon.state, before=[*mount, daemon.state])
            self.assertIn("registry.db.new: cannot be created: Read-only file system", said)
            os.unlink(daemon.state + "/registry.db-wal")
            os.rmdir(daemon.state)


if __name__ == "__main__":
    main()
