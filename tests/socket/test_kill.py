# SPDX-License-Identifier: MIT
"""
kill -9 at random moments, while clients create, update and delete. Afterwards, acknowledged changes are there bit for
bit, and a change that was under way is there as a whole or not at all.

KILL_ROUNDS and KILL_SEED in the environment choose the number of rounds and the seed.
"""

import hashlib
import json
import os
import random
import threading
import unittest

from harness import Client, Daemon, main, wait_until
from vm import reason, request

ROUNDS = int(os.environ.get("KILL_ROUNDS", "100"))
SEED = int(os.environ.get("KILL_SEED", "0")) or random.randrange(1, 1 << 32)
CLIENTS = 8
NAMES = 6  # of each client; with so few, all three kinds of change happen

# An update can replace any of these by any other.
REQUESTS = [request(4), request(4, virtio_mmio={"slots": 4}), request(4, profile="linux-direct"),
            request(4, vtl2={"memory": {"size": "512MiB", "alignment": "2MiB"}}),
            request(4, virtio_mmio={"slots": 4}, host={"physical_address_bits": 46})]


class Change:
    """A change that a client asked for, with the new request or None."""

    def __init__(self, method, name, number):
        self.method, self.name, self.number = method, name, number

    def params(self):
        if self.method == "layout.delete":
            return {"name": self.name}
        params = {"name": self.name, "request": REQUESTS[self.number]}
        if self.method == "layout.update":
            params.update(allow_moves=True, allow_removals=True)
        return params


class Worker(threading.Thread):
    """Changes its own layouts and keeps account of them."""

    def __init__(self, daemon, number, seed):
        super().__init__()
        self.daemon_path = daemon.socket
        self.random = random.Random(seed)
        self.names = [f"vm-{number}-{i}" for i in range(NAMES)]
        self.known = {}        # name: (number of the request, generation, layout)
        self.under_way = None  # a change without an answer
        self.changes = 0
        self.problem = None
        self.may_end = False   # the connection, because the daemon is killed

    def choose(self):
        name = self.random.choice(self.names)
        if name not in self.known:
            return Change("layout.create", name, self.random.randrange(len(REQUESTS)))
        if self.random.random() < 0.4:
            return Change("layout.delete", name, None)
        others = [i for i in range(len(REQUESTS)) if i != self.known[name][0]]
        return Change("layout.update", name, self.random.choice(others))

    def run(self):
        try:
            with Client(self.daemon_path) as client:
                while True:
                    self.under_way = self.choose()
                    reply = client.call(self.under_way.method, self.under_way.params())
                    if "error" in reply:
                        self.problem = reply
                        return
                    self.acknowledge(reply["result"])
        except (AssertionError, OSError, json.JSONDecodeError) as error:
            # The kill may end the connection in the middle of a line.
            if not self.may_end:
                self.problem = error

    def acknowledge(self, result):
        change, self.under_way = self.under_way, None
        self.changes += 1
        if change.number is None:
            del self.known[change.name]
        else:
            self.known[change.name] = (change.number, result["generation"], result["layout"])


def digest_of(layout):
    """Computes the digest as the protocol defines it."""
    text = f"gpalayout-digest-1\n{layout['arch']}\n"
    text += "".join(f"{entry['kind']} {entry['tag']} {entry['start']}-{entry['end']}\n" for entry in layout["map"])
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


class Killed(unittest.TestCase):
    def test_acknowledged_changes_are_kept_and_the_rest_is_whole_or_absent(self):
        print(f"# KILL_SEED={SEED}", flush=True)
        seeds = random.Random(SEED)
        outcomes = {"kept": 0, "lost": 0}
        with Daemon() as daemon:
            requests = self.normal_forms(daemon)
            workers = [Worker(daemon, number, seeds.random()) for number in range(CLIENTS)]
            revision, changes = 0, 0
            for _ in range(ROUNDS):
                for worker in workers:
                    worker.start()
                wanted = seeds.randrange(2, 40)
                wait_until(lambda: any(worker.problem for worker in workers) or
                           sum(worker.changes for worker in workers) >= wanted, f"fewer than {wanted} changes")
                for worker in workers:
                    worker.may_end = True
                daemon.process.kill()
                daemon.process.wait()
                for worker in workers:
                    worker.join()
                    self.assertIsNone(worker.problem)
                changes += sum(worker.changes for worker in workers)
                daemon.start()
                revision = self.check(daemon, workers, requests, revision, outcomes)
                # The next round begins with what was found.
                successors = [Worker(daemon, number, seeds.random()) for number in range(CLIENTS)]
                for worker, successor in zip(workers, successors):
                    successor.known = worker.known
                workers = successors
        # A run in which nothing was under way, or nothing was done, would prove nothing.
        self.assertGreater(changes, ROUNDS)
        self.assertGreater(outcomes["kept"] + outcomes["lost"], ROUNDS / 10)

    @staticmethod
    def normal_forms(daemon):
        """Returns each of the requests in the form in which layout.get returns it."""
        forms = []
        with daemon.connect() as client:
            for wanted in REQUESTS:
                client.call("layout.create", {"name": "form", "request": wanted})
                forms.append(client.call("layout.get", {"name": "form"})["result"]["request"])
                client.call("layout.delete", {"name": "form"})
        return forms

    def check(self, daemon, workers, requests, revision, outcomes):
        """Compares the live layouts with the accounts, and updates the accounts."""
        with daemon.connect() as client:
            page = client.call("layout.list", {"limit": 1000})["result"]
            self.assertGreaterEqual(page["revision"], revision)
            listed = {row["name"] for row in page["layouts"]}
            for worker in workers:
                for name in worker.names:
                    found = client.call("layout.get", {"name": name})
                    change = worker.under_way if worker.under_way and worker.under_way.name == name else None
                    self.assertEqual(name in listed, "result" in found)
                    if self.is_as_known(worker, name, found):
                        outcomes["lost"] += change is not None
                        continue
                    # Otherwise it must be the change that was under way, as a whole.
                    self.assertIsNotNone(change, (name, found))
                    outcomes["kept"] += 1
                    self.update_account(worker, change, found, requests)
            self.assertLessEqual(listed, {name for worker in workers for name in worker.names})
            return page["revision"]

    @staticmethod
    def is_as_known(worker, name, found):
        if name not in worker.known:
            return reason(found) == "not_found"
        return "result" in found and worker.known[name][1:] == (found["result"]["generation"],
                                                                found["result"]["layout"])

    def update_account(self, worker, change, found, requests):
        if change.number is None:
            self.assertEqual(reason(found), "not_found")
            del worker.known[change.name]
            return
        result = found["result"]
        self.assertEqual(result["request"], requests[change.number])
        self.assertEqual(result["layout"]["digest"], digest_of(result["layout"]))
        if change.name in worker.known:
            self.assertEqual(result["generation"], worker.known[change.name][1] + 1)
        worker.known[change.name] = (change.number, result["generation"], result["layout"])


if __name__ == "__main__":
    main()
