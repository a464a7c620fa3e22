# SPDX-License-Identifier: MIT
"""
The promises of the daemon if the store fails: a full, slow or broken disk, a database that cannot be used, and a
shutdown under load.
"""

import contextlib
import hashlib
import json
import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import threading
import unittest

from harness import GPALAYOUT_FAULT_LIBRARY, PATIENCE, PROGRAM, Daemon, main, wait_until
from vm import REQUEST, reason, request


class FaultyDaemon(Daemon):
    """A daemon whose disk does what set() says."""

    def __init__(self, *options, env=None):
        super().__init__(*options, wait=False, env={"LD_PRELOAD": GPALAYOUT_FAULT_LIBRARY, **(env or {})})
        self.wait_ready()

    def start(self, wait=True):
        self.fault_path = os.path.join(self.folder, "fault")
        self.env["GPALAYOUT_FAULT_FILE"] = self.fault_path
        self.set("")
        super().start(wait)

    def set(self, fault):
        """Replaces the whole file, so that the daemon never reads a part of it."""
        with open(self.fault_path + ".new", "w", encoding="ascii") as file:
            file.write(fault)
        os.rename(self.fault_path + ".new", self.fault_path)


def create(client, name, wanted=None):
    return client.call("layout.create", {"name": name, "request": wanted or REQUEST})


def send_create(client, name):
    client.send(json.dumps({"jsonrpc": "2.0", "id": name, "method": "layout.create",
                            "params": {"name": name, "request": REQUEST}}).encode() + b"\n")


def contents(path):
    with open(path, "rb") as file:
        return file.read()


def flip(path, at):
    """Flips a bit. The second call restores it."""
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 0x10]))


def live(daemon):
    """Returns all live layouts by name, as layout.get returns them."""
    found, params = {}, {}
    with daemon.connect() as client:
        while True:
            page = client.call("layout.list", params)["result"]
            for row in page["layouts"]:
                found[row["name"]] = client.call("layout.get", {"name": row["name"]})["result"]
            if "next" not in page:
                return found
            params = {"after": page["next"]}


class Promises(unittest.TestCase):
    def assert_reads_go_on(self, daemon, name):
        for inspect in (False, True):
            with daemon.connect(inspect) as client:
                for method, params in (("layout.resolve", {"request": REQUEST}), ("layout.get", {"name": name}),
                                       ("layout.list", {}), ("layout.probe", {"name": name, "address": 0}),
                                       ("daemon.stats", {})):
                    self.assertIn("result", client.call(method, params), method)

    def assert_same_after_restart(self, daemon, before):
        daemon.stop()
        daemon.start()
        self.assertEqual(live(daemon), before)


class Accepting(unittest.TestCase):
    def test_a_client_whose_user_cannot_be_read_is_closed(self):
        with FaultyDaemon() as daemon:
            daemon.set("no-peer")
            with daemon.connect() as client:
                self.assertEqual(client.sock.recv(1), b"")
            daemon.wait_log("reason=accept_failed")
            daemon.set("")
            self.assertIn("result", daemon.call("daemon.info"))


class WallClock(Promises):
    """The clock is before 1970 or far ahead: only dates are wrong."""

    FIRST, LAST = "1970-01-01T00:00:00.", "9999-12-31T23:59:59."

    def check(self, seconds, date):
        with FaultyDaemon(env={"GPALAYOUT_WALL_CLOCK": str(seconds)}) as daemon, daemon.connect() as client:
            self.assertTrue(create(client, "vm-1")["result"]["created"])
            layout = client.call("layout.get", {"name": "vm-1"})["result"]
            for text in (layout["created_at"], layout["updated_at"], client.call("daemon.stats")["result"]["started_at"]):
                self.assertEqual(text[:len(date)], date)
            subscribed = client.call("events.subscribe")["result"]
            self.assertIn(subscribed["revision"], range(1, 2 ** 53 - 2 ** 51))
            # The daemon exits cleanly, and finds everything after a restart.
            self.assertEqual(daemon.stop(), 0)
            self.assertNotIn("store_stalled", daemon.log())
            daemon.start()
            self.assertEqual(live(daemon), {"vm-1": layout})

    def test_a_clock_before_1970(self):
        self.check(-1, self.FIRST)
        self.check(-10 ** 9, self.FIRST)

    def test_a_clock_in_1970(self):
        self.check(0, self.FIRST)

    def test_a_clock_beyond_the_year_9999(self):
        self.check(10 ** 12, self.LAST)


class Stalled(Promises):
    """A disk on which a commit takes for ever."""

    def test_everyone_who_needs_no_disk_is_served(self):
        with FaultyDaemon() as daemon, daemon.connect() as waiting:
            with daemon.connect() as client:
                create(client, "there")
            daemon.set("stall")
            send_create(waiting, "wanted")
            for _ in range(50):
                self.assert_reads_go_on(daemon, "there")
            # Nobody sees a layout that is not on disk.
            with daemon.connect() as client:
                self.assertEqual(reason(client.call("layout.get", {"name": "wanted"})), "not_found")
            daemon.wait_idle()
            self.assertTrue(waiting.has_nothing())
            daemon.set("")
            self.assertTrue(waiting.read_reply()["result"]["created"])

    def test_waiting_changes_share_the_next_commit(self):
        with FaultyDaemon() as daemon:
            clients = [daemon.connect() for _ in range(32)]
            with daemon.connect() as client:
                before = client.call("daemon.stats")["result"]["store"]["commits"]
                daemon.set("stall")
                log = os.path.join(daemon.state, "registry.db-wal")
                before_it = contents(log)
                send_create(clients[0], "vm-0")
                # The commit of the first change must have begun before the others are sent.
                wait_until(lambda: contents(log) != before_it, "the first change is not in the log of the database")
                for i in range(1, 32):
                    send_create(clients[i], f"vm-{i}")
                self.assertIn("result", client.call("daemon.info"))
                daemon.wait_idle()
                daemon.set("")
                for waiting in clients:
                    self.assertTrue(waiting.read_reply()["result"]["created"])
                    waiting.close()
                stats = client.call("daemon.stats")["result"]["store"]
                self.assertEqual(stats["changes"], 32)
                self.assertLessEqual(stats["commits"] - before, 3)

    def test_a_client_that_leaves_does_not_take_its_change_with_it(self):
        with FaultyDaemon() as daemon:
            daemon.set("stall")
            with daemon.connect() as client:
                send_create(client, "left")
                self.assertIn("result", daemon.call("daemon.info"))
            daemon.set("")
            wait_until(lambda: "left" in live(daemon), "the layout was not created")

    def test_a_client_that_leaves_while_it_waits_is_soon_noticed(self):
        # This must not depend on the time limits, so they are long.
        with FaultyDaemon("--log-level", "debug", "--limit", "unfinished_line_ms=3600000", "--limit",
                          "output_stall_ms=3600000") as daemon:
            daemon.set("stall")
            with daemon.connect() as client:
                send_create(client, "left")
                self.assertIn("result", daemon.call("daemon.info"))
            daemon.wait_log("reason=client_gone")
            daemon.set("")

    def test_shutdown_does_not_wait_for_ever(self):
        with FaultyDaemon("--limit", "drain_ms=1000") as daemon, daemon.connect() as client:
            create(client, "there")
            before = live(daemon)
            daemon.set("stall")
            send_create(client, "wanted")
            self.assertIn("result", daemon.call("daemon.info"))
            self.assertEqual(daemon.stop(), 1)
            self.assertIn("event=store_stalled", daemon.log())
            self.assertIsNone(client.read_line())
            daemon.start()
            after = live(daemon)
            self.assertEqual(after.pop("wanted", {}).get("name", "wanted"), "wanted")
            self.assertEqual(after, before)


    def test_the_daemon_exits_cleanly_after_a_commit_that_ends_late(self):
        """A second signal has cut off all clients. Then the disk continues."""
        with FaultyDaemon() as daemon, daemon.connect() as client:
            daemon.set("stall")
            send_create(client, "late")
            self.assertIn("result", daemon.call("daemon.info"))
            daemon.process.send_signal(signal.SIGTERM)
            daemon.wait_log("event=stopping")
            daemon.process.send_signal(signal.SIGTERM)
            daemon.wait_log("again=true")
            daemon.wait_idle()
            daemon.set("")
            self.assertEqual(daemon.process.wait(PATIENCE), 0)
            daemon.start()
            self.assertEqual(list(live(daemon)), ["late"])

    def test_clients_that_give_up_free_their_places(self):
        with FaultyDaemon("--limit", "connections_per_uid=4") as daemon:
            daemon.set("stall")
            for i in range(4):
                with daemon.connect() as client:
                    send_create(client, f"vm-{i}")

            def is_let_in():
                with contextlib.suppress(AssertionError, ConnectionError):
                    return "result" in daemon.call("layout.resolve", {"request": REQUEST})

            wait_until(is_let_in, "no connection is free")
            daemon.set("")
            self.assertEqual(daemon.stop(), 0)


class Full(Promises):
    """A disk without room: changes are refused, and everything else works."""

    def fill(self, daemon):
        """Creates layouts until one is refused. Returns how many there are."""
        with daemon.connect() as client:
            for i in range(10000):
                reply = create(client, f"vm-{i:05}")
                if "error" in reply:
                    self.assertEqual((reply["error"]["code"], reason(reply)), (8, "store_full"))
                    return i
        raise AssertionError("the disk is never full")

    def check_full(self, daemon, made):
        with daemon.connect() as client:
            self.assertEqual(reason(create(client, "one-more")), "store_full")
            self.assertEqual(reason(client.call("layout.get", {"name": "one-more"})), "not_found")
            self.assertEqual(client.call("daemon.stats")["result"]["registry"]["layouts"], made)
            self.assertFalse(create(client, "vm-00000")["result"]["created"])
        self.assert_reads_go_on(daemon, "vm-00000")
        self.assertIn("event=store_full", daemon.log())

    def test_a_size_limit_on_the_database(self):
        with Daemon("--limit", "store_bytes=256KiB", "--limit", "events_kept=100") as daemon:
            made = self.fill(daemon)
            self.check_full(daemon, made)
            with daemon.connect() as client:
                # Deleting makes room.
                for i in range(made // 2):
                    self.assertIn("result", client.call("layout.delete", {"name": f"vm-{i:05}"}))
                self.assertTrue(create(client, "one-more")["result"]["created"])
            # The file may exceed its limit only by the few pages that deleting may need.
            self.assertLess(os.stat(os.path.join(daemon.state, "registry.db")).st_size, (64 + 16 + 100 // 16 + 1) * 4096)
            self.assert_same_after_restart(daemon, live(daemon))

    def test_a_disk_that_is_full_for_a_while(self):
        with FaultyDaemon() as daemon, daemon.connect() as client:
            for i in range(3):
                create(client, f"vm-{i:05}")
            daemon.set("enospc")
            self.check_full(daemon, 3)
            self.assertEqual(reason(client.call("layout.delete", {"name": "vm-00001"})), "store_full")
            daemon.set("")
            self.assertTrue(create(client, "one-more")["result"]["created"])
            self.assertIn("result", client.call("layout.delete", {"name": "vm-00001"}))
            self.assertEqual(sorted(live(daemon)), ["one-more", "vm-00000", "vm-00002"])
            self.assert_same_after_restart(daemon, live(daemon))

    def test_layouts_can_be_deleted_while_the_disk_is_full(self):
        """The same as on a real disk in test_full_disk.py, for users who may not mount one."""
        with FaultyDaemon() as daemon:
            with daemon.connect() as client:
                for i in range(300):
                    self.assertTrue(create(client, f"vm-{i:05}")["result"]["created"])
                daemon.set("full")
                more = 0
                while "result" in create(client, f"more-{more}"):
                    more += 1
                self.check_full(daemon, 300 + more)
                for i in range(0, 300, 2):
                    self.assertIn("result", client.call("layout.delete", {"name": f"vm-{i:05}"}))
            before = live(daemon)
            self.assertEqual(len(before), 150 + more)
            daemon.process.kill()
            daemon.process.wait()
            with open(daemon.fault_path, encoding="ascii") as file:
                self.assertEqual(file.read(), "full")
            Daemon.start(daemon)
            self.assertEqual(live(daemon), before)
            with daemon.connect() as client:
                for name in before:
                    self.assertIn("result", client.call("layout.delete", {"name": name}))
                self.assertTrue(create(client, "one-more")["result"]["created"])

    def test_fewer_events_on_a_full_disk(self):
        """The many dropped events would not fit into the log at once."""
        with FaultyDaemon("--limit", "events_kept=100000") as daemon:
            with daemon.connect() as client:
                for i in range(100):
                    self.assertTrue(create(client, f"vm-{i:05}")["result"]["created"])
                for turn in range(40):
                    wanted = request(4, virtio_mmio={"slots": 4 + turn % 2})
                    for i in range(100):
                        client.send(json.dumps({"jsonrpc": "2.0", "id": i, "method": "layout.update", "params": {
                            "name": f"vm-{i:05}", "allow_moves": True, "allow_removals": True,
                            "request": wanted}}).encode() + b"\n")
                    for _ in range(100):
                        self.assertIn("result", client.read_reply())
            self.assertEqual(daemon.stop(), 0)
            daemon.options += ["--limit", "events_kept=10"]
            daemon.start()
            daemon.set("full")
            with daemon.connect() as client:
                for i in range(100):
                    self.assertIn("result", client.call("layout.delete", {"name": f"vm-{i:05}"}))

    def test_space_that_was_allocated_only_in_part_is_freed(self):
        with FaultyDaemon() as daemon:
            size = os.stat(os.path.join(daemon.state, "registry.db")).st_size
            daemon.set("partly")
            made = self.fill(daemon)
            self.check_full(daemon, made)
            self.assertEqual(os.stat(os.path.join(daemon.state, "registry.db")).st_size, size)
            self.assert_same_after_restart(daemon, live(daemon))

    def test_a_crash_while_it_is_full_keeps_what_was_acknowledged(self):
        with FaultyDaemon() as daemon, daemon.connect() as client:
            create(client, "there")
            before = live(daemon)
            daemon.set("enospc")
            self.assertEqual(reason(create(client, "refused")), "store_full")
            daemon.process.kill()
            daemon.process.wait()
            daemon.start()
            self.assertEqual(live(daemon), before)

    def test_a_limit_on_the_size_of_files(self):
        with Daemon() as daemon:
            daemon.stop()
            limits = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, limits[1]))
            try:
                daemon.start()
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            made = self.fill(daemon)
            self.check_full(daemon, made)
            before = live(daemon)
            daemon.stop()
            daemon.start()
            self.assertEqual(live(daemon), before)
            with daemon.connect() as client:
                self.assertTrue(create(client, "one-more")["result"]["created"])


class Failing(Promises):
    """A disk that breaks: nothing is acknowledged, the daemon exits, and works after a restart."""

    def check(self, fault):
        with FaultyDaemon() as daemon, daemon.connect() as client, daemon.connect() as other:
            for i in range(5):
                create(client, f"vm-{i}")
            before = live(daemon)
            daemon.set(fault)
            reply = create(client, "unsure")
            self.assertEqual((reply["error"]["code"], reason(reply)), (7, "store_failed"))
            # Another client is refused, too, or loses its connection.
            try:
                reply = create(other, "later")
            except (AssertionError, ConnectionError):
                pass
            else:
                self.assertIn(reason(reply), ("store_failed", "shutting_down"))
            self.assertEqual(daemon.process.wait(PATIENCE), 1)
            line = [line for line in daemon.log().splitlines() if "event=store_failed" in line]
            self.assertEqual(len(line), 1)
            self.assertIn(os.path.join(daemon.state, "registry.db"), line[0])
            self.assertIn("Input/output error", line[0])
            daemon.set("")
            daemon.start()
            after = live(daemon)
            self.assertNotIn("later", after)
            self.assertEqual(after.pop("unsure", {}).get("request", {}).get("arch", "x86_64"), "x86_64")
            self.assertEqual(after, before)
            with daemon.connect() as again:
                self.assertIn("result", create(again, "unsure"))

    def test_a_failed_write_stops_the_daemon(self):
        self.check("eio-write")

    def test_a_failed_sync_stops_the_daemon(self):
        self.check("eio-sync")

    def test_changes_that_the_database_lost_stay_in_the_log(self):
        """The system drops what it had to write into the database, and reports this only once."""
        with FaultyDaemon("--limit", "events_kept=10") as daemon:
            large = [request(4, virtio_mmio={"slots": slots}, memory={"nodes": ["4MiB"] * 1024}) for slots in (1000, 999)]
            with daemon.connect() as client:
                self.assertIn("result", create(client, "vm-1", large[0]))
            daemon.stop()
            daemon.start()
            path = os.path.join(daemon.state, "registry.db")
            lost = contents(path)
            daemon.set("eio-once")
            acknowledged = 0
            why = "store_failed"  # unless a reply says otherwise
            with daemon.connect() as client, contextlib.suppress(AssertionError, ConnectionError):
                for i in range(1, 1000):
                    reply = client.call("layout.update", {"name": "vm-1", "request": large[i % 2],
                                                          "allow_moves": True, "allow_removals": True})
                    if "error" in reply:
                        why = reason(reply)
                        break
                    acknowledged = reply["result"]["generation"]
            self.assertIn(why, ("store_failed", "shutting_down"))
            self.assertEqual(daemon.process.wait(PATIENCE), 1)
            self.assertIn("event=store_failed", daemon.log())
            with open(path, "r+b") as file:
                file.write(lost)
            daemon.set("")
            daemon.start()
            self.assertGreater(acknowledged, 10)
            self.assertGreaterEqual(live(daemon)["vm-1"]["generation"], acknowledged)


class Unusable(unittest.TestCase):
    """A database that cannot be used is refused at the start, and left unchanged."""

    def setUp(self):
        self.daemon = Daemon()
        self.addCleanup(self.daemon.__exit__, AssertionError)
        self.path = os.path.join(self.daemon.state, "registry.db")
        victim = request(4, pcie={"root_complexes": [{"name": "root-complex-of-the-victim"}]})
        with self.daemon.connect() as client:
            for i in range(50):
                create(client, f"vm-{i}")
            self.assertIn("result", create(client, "victim", victim))
            for i in range(50, 100):
                create(client, f"vm-{i}")

    def files(self):
        found = {}
        for name in sorted(os.listdir(self.daemon.state)):
            with open(os.path.join(self.daemon.state, name), "rb") as file:
                found[name] = hashlib.sha256(file.read()).hexdigest()
        return found

    def assert_refused(self, *words):
        """Starts the daemon, which must refuse and change nothing. Returns its message, which must contain all the
        words."""
        before, had_socket = self.files(), os.path.exists(self.daemon.socket)
        done = subprocess.run([*PROGRAM, "--socket", self.daemon.socket, "--state-dir", self.daemon.state],
                              capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertEqual(self.files(), before)
        self.assertEqual(os.path.exists(self.daemon.socket), had_socket)
        return done.stderr

    def test_a_flipped_byte_in_a_record_names_the_layout(self):
        self.daemon.stop()
        with open(self.path, "rb") as file:
            content = file.read()
        found = [i for i in range(len(content)) if content.startswith(b"root-complex-of-the-victim", i)]
        self.assertGreater(len(found), 3)
        for at in (found[0] + 4, found[0] + 30, found[1] - 3, found[-1] + 2, found[-1] + 60):
            flip(self.path, at)
            self.assert_refused('event=layout_damaged name="victim"', self.path, "damaged")
            flip(self.path, at)
        self.daemon.start()
        self.assertEqual(len(live(self.daemon)), 101)

    def test_every_damaged_layout_is_named(self):
        self.daemon.stop()
        with sqlite3.connect(self.path) as db:
            db.execute("UPDATE layouts SET owner_uid = owner_uid + 1 WHERE name IN ('vm-7', 'vm-9', 'victim')")
        db.close()
        self.assert_refused('name="vm-7"', 'name="vm-9"', 'name="victim"', "3 of its layouts")

    def crash(self):
        self.daemon.process.kill()
        self.daemon.process.wait()

    def test_a_flipped_byte_in_the_log_of_a_crash_does_not_lose_layouts_in_silence(self):
        """Only the last change may be lost, because it looks like an unfinished one."""
        self.crash()
        log = self.path + "-wal"
        size = os.stat(log).st_size
        for at in (1, 9, 17, 25, 40, 60, size // 3, size // 2, size // 2 + 4000):
            flip(log, at)
            said = self.assert_refused(log, "damaged")
            # The message must not advise cutting the log to nothing, because all of it would be lost.
            self.assertEqual("truncate" in said, at > 60, said)
            flip(log, at)
        self.daemon.start()
        self.assertEqual(len(live(self.daemon)), 101)

    def test_the_advice_for_a_damaged_log_keeps_what_can_be_read(self):
        before = live(self.daemon)
        self.crash()
        log = self.path + "-wal"
        flip(log, os.stat(log).st_size // 2)
        # The command has no path, which the log could cut off or a shell could split.
        advice = re.search(r"truncate -s ([0-9]+) registry\.db-wal", self.assert_refused(log, "damaged"))
        os.truncate(log, int(advice[1]))
        self.daemon.start()
        after = live(self.daemon)
        self.assertIn("vm-20", after)
        self.assertNotIn("vm-99", after)
        self.assertEqual(after, {name: before[name] for name in after})

    def test_a_log_that_a_crash_has_cut_is_used_up_to_there(self):
        self.crash()
        log = self.path + "-wal"
        os.truncate(log, os.stat(log).st_size - 1)
        self.daemon.start()
        self.assertEqual(len(live(self.daemon)), 100)

    def test_a_journal_of_another_program(self):
        self.daemon.stop()
        with open(self.path + "-journal", "wb") as file:
            file.write(b"x" * 4096)
        self.assert_refused(self.path + "-journal")

    def test_damage_outside_the_layouts_is_refused(self):
        """Damages the events, the state, and the header bytes that make the database read-only."""
        self.daemon.stop()
        for at in (18, 19):
            flip(self.path, at)
            self.assert_refused(self.path)
            flip(self.path, at)
        for statement in ("UPDATE events SET name = 'vm-x' WHERE name = 'vm-3'",
                          "DELETE FROM events WHERE revision = (SELECT min(revision) + 1 FROM events)",
                          "DELETE FROM events WHERE revision = (SELECT max(revision) FROM events)",
                          "UPDATE state SET generation_top = generation_top + 1",
                          "UPDATE state SET revision = revision + 1", "DELETE FROM state"):
            shutil.copy(self.path, self.daemon.folder + "/saved")
            with sqlite3.connect(self.path) as db:
                db.execute(statement)
            db.close()
            with self.subTest(statement):
                self.assert_refused(self.path, "damaged")
            shutil.copy(self.daemon.folder + "/saved", self.path)

    def test_a_newer_schema(self):
        self.daemon.stop()
        with sqlite3.connect(self.path) as db:
            db.execute("PRAGMA user_version = 3")
        db.close()
        self.assert_refused(self.path, "newer gpalayoutd", "schema version is 3")

    def test_a_newer_schema_after_a_crash(self):
        """The log is also there, and must not be touched either."""
        self.daemon.process.kill()
        self.daemon.process.wait()
        self.assertIn("registry.db-wal", self.files())
        db = sqlite3.connect(self.path)
        db.execute("PRAGMA user_version = 3")
        saved = {name: open(os.path.join(self.daemon.state, name), "rb").read() for name in self.files()}
        db.close()
        for name, content in saved.items():
            if not name.endswith("-shm"):
                with open(os.path.join(self.daemon.state, name), "wb") as file:
                    file.write(content)
        self.assert_refused(self.path, "newer gpalayoutd")

    def test_a_file_that_is_no_database(self):
        self.daemon.stop()
        for content in (b"", b"x", b"hello, world\n" * 1000):
            with open(self.path, "wb") as file:
                file.write(content)
            self.assert_refused(self.path)
        os.unlink(self.path)
        with sqlite3.connect(self.path) as db:
            db.execute("CREATE TABLE layouts (name)")
        db.close()
        self.assert_refused(self.path, "not a registry of gpalayoutd")

    def test_a_truncated_database(self):
        self.daemon.stop()
        os.truncate(self.path, 3 * 4096)
        self.assert_refused(self.path)

    def test_a_missing_database_beside_its_log(self):
        self.daemon.process.kill()
        self.daemon.process.wait()
        os.unlink(self.path)
        self.assert_refused(self.path, "missing")

    def test_a_folder_open_to_others(self):
        self.daemon.stop()
        os.chmod(self.daemon.state, 0o750)
        self.assert_refused(self.daemon.state, "0750", "chmod 0700")

    def test_a_folder_that_cannot_be_made(self):
        done = subprocess.run([*PROGRAM, "--socket", self.daemon.socket + "2", "--state-dir",
                               self.daemon.folder + "/no/where"],
                              capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(self.daemon.folder + "/no/where", done.stderr)

    def test_the_folder_of_a_running_daemon(self):
        done = subprocess.run([*PROGRAM, "--socket", self.daemon.socket + "2", "--state-dir", self.daemon.state],
                              capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("another gpalayoutd uses this state folder", done.stderr)
        self.assertEqual(len(live(self.daemon)), 101)

    def test_only_the_owner_can_read_what_is_kept(self):
        self.assertEqual(os.stat(self.daemon.state).st_mode & 0o777, 0o700)
        for name in self.files():
            self.assertEqual(os.stat(os.path.join(self.daemon.state, name)).st_mode & 0o777, 0o600, name)


class Shutdown(unittest.TestCase):
    def test_sigterm_under_load_loses_nothing_acknowledged(self):
        for _ in range(5):
            with Daemon() as daemon:
                acknowledged, refused = {}, {}

                def work(number, daemon=daemon, acknowledged=acknowledged, refused=refused):
                    with daemon.connect() as client:
                        for i in range(100000):
                            name = f"vm-{number}-{i}"
                            try:
                                reply = create(client, name)
                            except (AssertionError, ConnectionError):
                                return
                            if "result" in reply:
                                acknowledged[name] = reply["result"]["layout"]
                            else:
                                refused[name] = reason(reply)

                threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
                for thread in threads:
                    thread.start()
                wait_until(lambda: len(acknowledged) >= 100, "fewer than 100 layouts")
                self.assertEqual(daemon.stop(), 0)
                for thread in threads:
                    thread.join()
                daemon.start()
                found = {name: layout["layout"] for name, layout in live(daemon).items()}
                for name, layout in acknowledged.items():
                    self.assertEqual(found.get(name), layout)
                self.assertFalse(set(refused) & set(found))
                self.assertLessEqual(set(refused.values()), {"shutting_down"})


if __name__ == "__main__":
    main()
