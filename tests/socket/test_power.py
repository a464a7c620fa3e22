# SPDX-License-Identifier: MIT
"""
Power losses at any point of a daemon's work, in chains of five. Each daemon starts on what the previous loss has left.
Acknowledged or shown changes are there, bit for bit. The layouts are those after all changes up to some point, so a
refused change is never there.

A daemon works while everything that it does to the disk is recorded. Afterwards the test chooses the point at which the
power goes, and lossy_disk.py computes what is left. So each loss is simulated and can be repeated.

POWER_LOSSES and POWER_SEED in the environment choose the number of losses and the seed.
"""

import json
import os
import random
import shutil
import unittest

from harness import GPALAYOUT_RECORDER, PATIENCE, Daemon, main
from lossy_disk import Disk, read_records
from vm import reason, request

LOSSES = int(os.environ.get("POWER_LOSSES", "50"))
SEED = int(os.environ.get("POWER_SEED", "0")) or random.randrange(1, 1 << 32)
CHAIN = 5
NAMES = [f"vm-{i:02}" for i in range(40)]
# An update can replace any of these by any other. A few layouts of the last request take more bytes than the log keeps.
REQUESTS = [request(4), request(4, virtio_mmio={"slots": 4}), request(4, profile="linux-direct"),
            request(4, vtl2={"memory": {"size": "512MiB", "alignment": "2MiB"}}),
            request(4, memory={"nodes": ["1GiB", *["2MiB"] * 1000]})]


class RecordedDaemon(Daemon):
    """A daemon that records to `records` what it does to `disk`, which contains its state folder, and what it sends."""

    def __init__(self):
        self.disk = None
        super().__init__()

    def start(self, wait=True):
        if self.disk:
            super().start(wait)
            return
        self.disk = os.path.join(self.folder, "disk")
        self.records = os.path.join(self.folder, "records")
        self.state = self.options[-1] = os.path.join(self.disk, "state")
        self.env.update(LD_PRELOAD=GPALAYOUT_RECORDER, GPALAYOUT_RECORD=self.records,
                        GPALAYOUT_RECORD_FOLDER=self.disk)
        os.mkdir(self.disk, 0o700)

    def kill(self):
        """Kills the daemon in the middle of its work."""
        with open(self.records + ".kill", "wb"):
            pass
        try:
            self.call("daemon.info")
        except (AssertionError, OSError):
            pass
        self.process.wait(PATIENCE)
        os.unlink(self.records + ".kill")


def layouts_of(client):
    """Returns all layouts by name, as layout.get returns them."""
    rows = client.call("layout.list", {"limit": 1000})["result"]["layouts"]
    return {row["name"]: client.call("layout.get", {"name": row["name"]})["result"] for row in rows}


class Account:
    """The layouts at the beginning, and the result of each change, in order."""

    def __init__(self, found):
        self.base = found
        self.changes = []  # names, and the later answer of layout.get, or None
        self.shown = []    # (key of a sent message, number of changes that must be on disk)

    def after(self, count):
        found = dict(self.base)
        for name, result in self.changes[:count]:
            found[name] = result
            if result is None:
                del found[name]
        return found

    def now(self):
        return self.after(len(self.changes))


class Work:
    """The changes between two power losses. The daemon may also be killed and started again in between."""

    def __init__(self, test, daemon, rng):
        self.test, self.daemon, self.random = test, daemon, rng
        self.next_id = 0
        self.account = None
        self.is_long = rng.random() < 0.2

    def begin(self):
        """Starts the daemon and returns its layouts."""
        self.daemon.start()
        self.watcher = self.daemon.connect(inspect=True)
        self.revision = self.watcher.call("events.subscribe")["result"]["revision"]
        with self.daemon.connect() as client:
            found = layouts_of(client)
        return found

    def choose_request(self):
        return REQUESTS[-1] if self.is_long else self.random.choice(REQUESTS[:-1])

    def choose(self, name, known):
        if name not in known:
            return "layout.create", {"name": name, "request": self.choose_request()}
        kind = self.random.random()
        if kind < 0.35:
            return "layout.delete", {"name": name}
        if kind < 0.45:
            return "layout.delete", {"name": name, "generation": known[name]["generation"] + 1}
        return "layout.update", {"name": name, "request": self.choose_request(), "allow_moves": True,
                                 "allow_removals": True}

    def send(self):
        """Sends changes of different names over some connections at once. Returns the connections, and the names each
        waits for."""
        known = self.account.now()
        clients = [self.daemon.connect() for _ in range(self.random.choice((1, 2, 5)))]
        waiting = [[] for _ in clients]
        lines = [b"" for _ in clients]
        # With many long answers, the client would have to read while it sends.
        for name in self.random.sample(NAMES, self.random.choice((1, 3, 8) if self.is_long else (1, 3, 12, 30))):
            at = self.random.randrange(len(clients))
            method, params = self.choose(name, known)
            self.next_id += 1
            lines[at] += json.dumps({"jsonrpc": "2.0", "id": f"change-{self.next_id}", "method": method,
                                     "params": params}).encode() + b"\n"
            waiting[at].append(name)
        for client, line in zip(clients, lines):
            client.send(line)
        return clients, waiting

    def read_events(self, until):
        """Reads the events up to a revision, in order. Each shows that its change is on disk."""
        while self.revision < until:
            event = self.watcher.read_reply()["params"]
            self.revision = event["revision"]
            self.account.changes.append((event["name"], event["digest"] if event["event"] != "deleted" else None))
            self.account.shown.append((f"revision {event['revision']}", len(self.account.changes)))

    def settle(self, first):
        """Replaces the digests of the changes from `first` on with the layouts."""
        with self.daemon.connect() as client:
            revision = client.call("layout.list", {"limit": 1})["result"]["revision"]
            self.read_events(revision)
            changes = self.account.changes
            for i in range(first, len(changes)):
                name, digest = changes[i]
                if digest:
                    result = client.call("layout.get", {"name": name})["result"]
                    self.test.assertEqual(result["layout"]["digest"], digest)
                    changes[i] = (name, result)

    def change(self):
        """Makes a round of changes and reads all answers."""
        first, ids = len(self.account.changes), {}
        clients, waiting = self.send()
        for client, names in zip(clients, waiting):
            for _ in names:
                reply = client.read_reply()
                if "result" in reply:
                    ids[reply["result"]["name"]] = reply["id"]
                else:
                    self.test.assertIn(reason(reply), ("generation_mismatch",), reply)
            client.close()
        self.settle(first)
        for i in range(first, len(self.account.changes)):
            self.account.shown.append((f"reply {ids[self.account.changes[i][0]]}", i + 1))

    def change_and_kill(self):
        """Makes a round of changes in which the process is killed. The next round continues."""
        first = len(self.account.changes)
        clients, waiting = self.send()
        for client, names in zip(clients, waiting):
            for _ in names[:self.random.randrange(len(names) + 1)]:
                client.read_reply()
        self.daemon.kill()
        for client in clients:
            client.close()
        self.watcher.close()
        since, found = self.revision, self.begin()
        watcher = self.daemon.connect(inspect=True)
        if "result" in watcher.call("events.subscribe", {"since": since}):
            watcher, self.watcher, self.revision = self.watcher, watcher, since
        # Otherwise the answer is resync_required, and no event follows. The next change makes the last event.
        watcher.close()
        with self.daemon.connect() as client:
            if "last" in found:
                client.call("layout.delete", {"name": "last"})
            else:
                client.call("layout.create", {"name": "last", "request": REQUESTS[0]})
        self.settle(first)
        self.test.assertEqual(found, self.account.after(len(self.account.changes) - 1))

    def run(self):
        self.account = Account(self.begin())
        for _ in range(self.random.choice((1, 1, 2, 5))):
            self.change()
            if self.random.random() < 0.15:
                self.change_and_kill()
        self.watcher.close()
        if self.random.random() < 0.3:
            self.test.assertEqual(self.daemon.stop(), 0)
        else:
            self.daemon.kill()
        return self.account


def keys_of(data):
    """Yields a key for each message in the sent bytes."""
    for line in data.split(b"\n"):
        try:
            message = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(message, dict) and "params" in message:
            yield f"revision {message['params'].get('revision')}"
        elif isinstance(message, dict) and str(message.get("id")).startswith("change-"):
            yield f"reply {message['id']}"


class PowerLosses(unittest.TestCase):
    def setUp(self):
        self.counts = {"losses": 0, "at a start": 0, "pieces lost": 0, "changes": 0, "kept unacknowledged": 0, "not kept": 0}

    def test_acknowledged_changes_are_kept_over_chains_of_losses(self):
        print(f"# POWER_SEED={SEED}", flush=True)
        seeds = random.Random(SEED)
        while self.counts["losses"] < LOSSES:
            self.play_chain(random.Random(seeds.getrandbits(64)))
            if self.counts["losses"] % 100 == 0:
                print(f"# {self.counts['losses']} losses", flush=True)
        print("# " + ", ".join(f"{value} {name}" for name, value in self.counts.items()), flush=True)
        # If no change was under way, or nothing was lost, the run proves nothing. This is normal in a short run.
        if LOSSES < 50:
            return
        self.assertGreater(self.counts["pieces lost"], LOSSES)
        self.assertGreater(self.counts["changes"], LOSSES)
        self.assertGreater(self.counts["not kept"], LOSSES / 10)
        self.assertGreater(self.counts["at a start"], LOSSES / 50)

    def play_chain(self, rng):
        daemon = RecordedDaemon()
        try:
            account, least = Account({}), 0
            for _ in range(CHAIN):
                disk, work = Disk(daemon.disk), Work(self, daemon, rng)
                next_account = work.run()
                self.check(account, least, next_account.base)
                account = next_account
                least = self.lose_power(daemon, disk, account, rng)
            self.check(account, least, Work(self, daemon, rng).begin())
        except BaseException:
            print(f"# failed in loss {self.counts['losses']}; its files are in {daemon.folder}\n# {daemon.log()[-1000:]}")
            raise
        finally:
            if daemon.process and daemon.process.poll() is None:
                daemon.kill()
        shutil.rmtree(daemon.folder)

    def lose_power(self, daemon, disk, account, rng):
        """Chooses the point and makes the disk as it is then. Returns how many changes must be on disk, because they
        were acknowledged or shown before."""
        records = read_records(daemon.records)
        end = self.choose_end(records, rng)
        shown, least = dict(account.shown), 0
        for record in records[:end]:
            if record[0] == "sent":
                least = max([least, *(shown.get(key, 0) for key in keys_of(record[2]))])
            else:
                disk.do(record)
        self.counts["losses"] += 1
        self.counts["changes"] += len(account.changes)
        self.counts["at a start"] += not any(record[0] == "sent" for record in records[:end])
        os.rename(daemon.disk, daemon.disk + ".before")
        self.counts["pieces lost"] += disk.lose_power(rng, daemon.disk)
        shutil.rmtree(daemon.disk + ".before")
        os.rename(daemon.records, daemon.records + ".before")
        return least

    @staticmethod
    def choose_end(records, rng):
        """Chooses any point, or one during a synchronisation, which takes longest, or one after a record of any
        kind, all kinds being equally likely."""
        how = rng.randrange(3)
        if how == 0:
            return rng.randrange(len(records) + 1)
        if how == 1:
            return rng.choice([i for i, record in enumerate(records) if record[0] == "sync"])
        kinds = {}
        for i, record in enumerate(records):
            kinds.setdefault((record[0], record[2] if record[0] == "truncate" else None), []).append(i + 1)
        return rng.choice(rng.choice(list(kinds.values())))

    def check(self, account, least, found):
        """Checks that the layouts are those after some number of changes, and that no known change is missing."""
        for count in range(len(account.changes), least - 1, -1):
            if account.after(count) == found:
                self.counts["kept unacknowledged"] += count > least
                self.counts["not kept"] += count < len(account.changes)
                return
        self.assertEqual(found, account.after(least))


if __name__ == "__main__":
    main()
