# SPDX-License-Identifier: MIT
"""An older copy of the state folder is put back. A client that has seen a lost change is refused."""

import os
import shutil
import unittest

from harness import GPALAYOUT_FAULT_LIBRARY, Daemon, main
from vm import REQUEST, reason, request


def create(client, name, wanted=None):
    return client.call("layout.create", {"name": name, "request": wanted or REQUEST})["result"]


def delete(client, name):
    return client.call("layout.delete", {"name": name})["result"]


def revision_of(daemon):
    return daemon.call("layout.list")["result"]["revision"]


def subscribe(client, since):
    return client.call("events.subscribe", {"since": since})


class Case(unittest.TestCase):
    OPTIONS = ()

    def setUp(self):
        self.daemon = Daemon(*self.OPTIONS)
        self.addCleanup(self.daemon.__exit__, None, None)
        self.copy = os.path.join(self.daemon.folder, "copy")

    def restart(self, how=None):
        """Restarts the daemon, which may have been killed. `how` is called in between."""
        self.daemon.stop()
        if how:
            how()
        self.daemon.start()

    def take_copy(self):
        shutil.copytree(self.daemon.state, self.copy)

    def put_back(self):
        shutil.rmtree(self.daemon.state)
        shutil.copytree(self.copy, self.daemon.state)

    def change(self, count=3):
        """Makes `count` pairs of changes, and returns their revisions."""
        revisions = []
        with self.daemon.connect() as client:
            for _ in range(count):
                for change in (create, delete):
                    change(client, "vm")
                    revisions.append(revision_of(self.daemon))
        return revisions

    def assert_refused(self, revisions):
        for since in revisions:
            with self.subTest(since=since), self.daemon.connect() as client:
                reply = subscribe(client, since)
                self.assertEqual(reason(reply), "resync_required")
                # A subscription from a bound that the refusal names is accepted.
                for bound in ("oldest_since", "revision"):
                    with self.daemon.connect() as other:
                        self.assertIn("result", subscribe(other, reply["error"]["data"][bound]))

    def assert_continues(self, since, following):
        """A subscription from `since` gets exactly these events, and each says which one it follows."""
        with self.daemon.connect() as client:
            self.assertEqual(subscribe(client, since)["result"]["revision"], following[-1] if following else since)
            for revision in following:
                event = client.read_reply()["params"]
                self.assertEqual((event["revision"], event.get("follows", revision - 1)), (revision, since))
                since = revision


class PutBack(Case):
    def test_lost_revisions_are_refused(self):
        kept = [revision_of(self.daemon)] + self.change()
        self.restart(self.take_copy)
        lost = self.change()
        self.restart()
        lost += self.change()
        self.restart(self.put_back)
        self.assertEqual(revision_of(self.daemon), kept[-1])
        self.assert_refused(lost)
        # However much is changed, no lost revision comes back with another meaning.
        kept += self.change(10)
        self.assertGreater(kept[-20], lost[-1])
        self.assert_refused(lost)
        for i, since in enumerate(kept):
            self.assert_continues(since, kept[i + 1:])
        # Nor does it come back after more restarts.
        self.restart()
        kept += self.change(1)
        self.restart()
        self.assert_refused(lost)
        for i, since in enumerate(kept):
            self.assert_continues(since, kept[i + 1:])

    def test_the_same_copy_twice(self):
        kept = self.change()
        self.restart(self.take_copy)
        lost = []
        for _ in range(3):
            lost += self.change()
            self.restart(self.put_back)
            self.assert_refused(lost)
            self.assert_continues(kept[-1], [])
        new = self.change()
        self.assert_refused(lost)
        self.assert_continues(kept[-1], new)

    def test_a_copy_of_a_registry_that_was_never_used(self):
        start = revision_of(self.daemon)
        self.restart(self.take_copy)
        lost = self.change()
        self.restart(self.put_back)
        self.assert_continues(start, self.change())
        self.assert_refused(lost)

    def test_a_copy_of_a_running_daemon(self):
        """The copy is like a snapshot of the disk."""
        kept = self.change()
        self.take_copy()
        lost = self.change()
        self.daemon.process.kill()
        self.daemon.process.wait()
        self.put_back()
        self.daemon.start()
        self.assert_continues(kept[-1], self.change())
        self.assert_refused(lost)

    def test_a_restart_needs_no_resync(self):
        """This also holds if nothing happens between two restarts, and if the daemon is killed."""
        known = [revision_of(self.daemon)]
        for number in range(6):
            if number % 3:
                known += self.change(1)
            if number % 2:
                self.daemon.process.kill()
                self.daemon.process.wait()
            self.restart()
            self.assertEqual(revision_of(self.daemon), known[-1])
            for i, since in enumerate(known):
                self.assert_continues(since, known[i + 1:])

    def test_a_name_never_gets_a_generation_again(self):
        with self.daemon.connect() as client:
            create(client, "live")
            create(client, "used")
            delete(client, "used")
        self.restart(self.take_copy)
        seen = {"used": set(), "new": set()}
        for turn in range(3):
            with self.daemon.connect() as client:
                for name, generations in seen.items():
                    for slots in range(1, 4):
                        made = create(client, name)
                        wanted = request(4, virtio_mmio={"slots": slots})
                        updated = client.call("layout.update", {"name": name, "request": wanted})["result"]
                        delete(client, name)
                        for generation in (made["generation"], updated["generation"]):
                            self.assertNotIn(generation, generations)
                            self.assertLess(generation, 2 ** 53)
                            generations.add(generation)
            self.restart(self.put_back if turn % 2 == 0 else None)
        with self.daemon.connect() as client:
            # A live layout keeps its generation, and the next one is one higher.
            self.assertEqual(client.call("layout.get", {"name": "live"})["result"]["generation"], 1)
            wanted = request(4, virtio_mmio={"slots": 1})
            self.assertEqual(client.call("layout.update", {"name": "live", "request": wanted})["result"]["generation"],
                             2)
        # A client that names a lost generation must not change what came after it.
        with self.daemon.connect() as client:
            create(client, "new")
            for generation in seen["new"]:
                reply = client.call("layout.delete", {"name": "new", "generation": generation})
                self.assertEqual(reason(reply), "generation_mismatch")


class FewEvents(Case):
    """The limit counts events, whatever the gaps between revisions."""

    OPTIONS = ("--limit", "events_kept=5")

    def test_the_newest_are_kept(self):
        known = [revision_of(self.daemon)]
        for count in (1, 1, 2, 1, 3):
            self.restart()
            known += self.change(count)
            self.assert_refused(known[:-6])
            for i, since in enumerate(known):
                if i >= len(known) - 6:
                    self.assert_continues(since, known[i + 1:])
        self.restart()
        self.assert_refused(known[:-6])
        self.assert_continues(known[-6], known[-5:])


class WallClock(Case):
    """Revisions grow, whatever the clock says."""

    def start_at(self, seconds):
        self.daemon.stop()
        self.daemon.env["LD_PRELOAD"] = GPALAYOUT_FAULT_LIBRARY
        self.daemon.env["GPALAYOUT_WALL_CLOCK"] = str(seconds)
        self.daemon.start()

    def test_a_clock_that_is_set(self):
        known = [revision_of(self.daemon)]
        for seconds in (0, -10 ** 9, 10 ** 9, 3 * 10 ** 9, 10 ** 9, 10 ** 12, 0, 10 ** 12):
            self.start_at(seconds)
            before = known[-1]
            known += self.change(1)
            # The fraction of the second comes from the real clock.
            least, most = (max(0, min(us, 2 ** 52)) + 1 for us in (seconds * 10 ** 6, (seconds + 1) * 10 ** 6))
            if most <= before:
                # If the clock is behind, a multiple of 2^32 is added, so that two starts do not continue from the same
                # revision.
                self.assertIn((known[-2] - least) % 2 ** 32, range(most - least + 1))
                least, most = before + 1, before + 2 ** 32
            self.assertIn(known[-2], range(least, most + 1))
            self.assertLess(known[-1], 2 ** 53 - 2 ** 51)
            for i, since in enumerate(known):
                self.assert_continues(since, known[i + 1:])


if __name__ == "__main__":
    main()
