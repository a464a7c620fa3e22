# SPDX-License-Identifier: MIT
"""
Mixed load for SOAK_SECONDS (20 by default; `make soak SOAK_SECONDS=3600`). Layouts are created, updated and deleted,
questions are asked, lines are refused, and clients die in the middle of everything. Meanwhile a subscriber sees each
acknowledged change once and in order, and memory and the state folder stop growing. Afterwards no descriptor is left
open, and a restart finds every layout.

Each client pauses between its requests, so that a long run leaves the machine to others.
"""

import collections
import itertools
import json
import os
import random
import threading
import time
import unittest

from harness import Daemon, main, wait_until
from vm import REQUEST, reason

SECONDS = float(os.environ.get("SOAK_SECONDS", "20"))
SEED = int(os.environ.get("SOAK_SEED", "0")) or random.randrange(1, 1 << 32)
PAUSE = 0.02  # seconds between two requests of a client
CHANGERS = 4
NAMES = 8  # for each changer
EVENTS_KEPT = 1024  # so few that the ring is full soon and does not look like a leak
SAMPLES = 60

MEMORY_GROWTH = 4 << 20  # from the first two thirds of the time to the last; what is under way varies
STATE_BYTES = 12 << 20  # of the database and its WAL, for a few dozen layouts

# Each contains everything of those before it, so an update to a later one moves and removes nothing.
STAGES = [REQUEST]
for added in ({"virtio_mmio": {"slots": 4}}, {"vtl2": {"framebuffer": "8MiB"}},
              {"reserved": [{"name": "top", "start": "0xfd00000000", "end": "0x10000000000"}]},
              {"pcie": {"root_complexes": [*REQUEST["pcie"]["root_complexes"], {"name": "rc1", "segment": 1}]}},
              {"memory": {"nodes": ["4GiB", "1GiB"]}}, {"host": {"physical_address_bits": 46}}):
    STAGES.append({**STAGES[-1], **added})

REFUSED = [
    (b"{", "invalid_json"),
    (b"nonsense", "invalid_json"),
    (b'{"jsonrpc":"2.0","id":1,"id":1,"method":"daemon.info"}', "duplicate_key"),
    (b'{"jsonrpc":"2.0","id":"\xff","method":"daemon.info"}', "invalid_utf8"),
    (b"[" * 40 + b"]" * 40, "too_deep"),
    (b"[" + b"0," * 70000 + b"0]", "too_many_values"),
    (b"[]", "invalid_request"),
    (b'{"jsonrpc":"2.0","id":1,"method":"layout.forget"}', "method_not_found"),
    (b'{"jsonrpc":"2.0","id":1,"method":"layout.get","params":{}}', "missing_member"),
    (b'{"jsonrpc":"2.0","id":1,"method":"layout.get","params":{"name":"/"}}', "bad_name"),
    (b'{"jsonrpc":"2.0","id":1,"method":"layout.get","params":{"name":"nobody"}}', "not_found"),
    (b'{"jsonrpc":"2.0","id":1,"method":"layout.resolve","params":{"request":{"arch":"x86_64","memory":'
     b'{"nodes":[1]}}}}', "invalid_memory"),
    (b'{"jsonrpc":"2.0","id":1,"method":"layout.resolve","params":{"request":{"arch":"x86_64","memory":'
     b'{"nodes":["1P"]},"host":{"physical_address_bits":40}}}}', "address_width_exceeded"),
    (b"x" * (1 << 20) + b"x", "message_too_large"),
]


class Ledger:
    """Matches each acknowledged change with the event that a subscriber saw. Keeps those that have no counterpart yet."""

    def __init__(self):
        self.lock = threading.Lock()
        self.waiting = collections.defaultdict(collections.deque)  # by name: (side, change), always of one side only
        self.met = 0

    def add(self, side, name, change):
        with self.lock:
            queue = self.waiting[name]
            if not queue or queue[0][0] == side:
                queue.append((side, change))
                return
            other = queue.popleft()[1]
            assert other == change, f"{name}: {side} {change}, but the counterpart is {other}"
            self.met += 1

    def acknowledge(self, name, event, digest):
        self.add("acknowledged", name, (event, digest))

    def left(self):
        with self.lock:
            return {name: list(queue) for name, queue in self.waiting.items() if queue}


class Part(threading.Thread):
    """One kind of load. It calls step() again and again, until the soak is over or a fault is found."""

    INSPECT = False

    def __init__(self, soak, is_over):
        super().__init__()
        self.soak = soak
        self.is_over = is_over
        self.random = random.Random(soak.seeds.random())
        self.steps = 0

    def run(self):
        try:
            self.client = self.connect()
            self.begin()
            while not self.is_over.is_set():
                self.step()
                self.steps += 1
                self.is_over.wait(self.random.uniform(0, 2 * PAUSE))
            self.end()
            self.client.close()
        except Exception as error:  # the test must learn of any error
            self.soak.problems.append(f"{type(self).__name__}: {error!r}")
            self.soak.load_is_over.set()

    def connect(self):
        return self.soak.daemon.connect(self.INSPECT)

    def begin(self):
        pass

    def end(self):
        pass

    def call(self, method, *allowed, **params):
        """Returns the result, or None if the request was refused for one of the allowed reasons."""
        reply = self.client.call(method, params)
        assert "result" in reply or reason(reply) in allowed, f"{method} {params}: {reply}"
        return reply.get("result")


class Changer(Part):
    """Creates, updates and deletes layouts that nobody else changes."""

    numbers = itertools.count()

    def begin(self):
        number = next(self.numbers)
        self.names = [f"vm-{number}-{i}" for i in range(NAMES)]
        self.known = {}  # name: (stage, generation, digest)

    def step(self):
        name = self.random.choice(self.names)
        if name not in self.known:
            self.create(name)
        else:
            self.random.choice((self.update, self.update, self.delete, self.repeat, self.fail))(name, *self.known[name])

    def keep(self, name, event, stage, result):
        digest = result["layout"]["digest"]
        self.known[name] = (stage, result["generation"], digest)
        self.soak.ledger.acknowledge(name, event, digest)

    def create(self, name):
        stage = self.random.randrange(len(STAGES))
        result = self.call("layout.create", name=name, request=STAGES[stage])
        assert result["created"], result
        self.keep(name, "created", stage, result)

    def update(self, name, stage, generation, _):
        new = self.random.randrange(stage, len(STAGES))
        dry = self.random.random() < 0.2
        result = self.call("layout.update", name=name, request=STAGES[new], generation=generation, dry_run=dry)
        changed = new != stage and not dry
        assert result["generation"] == generation + changed, result
        if changed:
            self.keep(name, "updated", new, result)

    def delete(self, name, _, generation, digest):
        self.call("layout.delete", name=name, generation=generation)
        del self.known[name]
        self.soak.ledger.acknowledge(name, "deleted", digest)

    def repeat(self, name, stage, generation, digest):
        result = self.call("layout.create", name=name, request=STAGES[stage])
        assert (result["created"], result["generation"], result["layout"]["digest"]) == (False, generation, digest)

    def fail(self, name, stage, generation, _):
        other = STAGES[(stage + 1) % len(STAGES)]
        for method, params, why in (("layout.create", {"request": other}, "conflict"),
                                    ("layout.update", {"request": other, "generation": generation + 1},
                                     "generation_mismatch"),
                                    ("layout.delete", {"generation": generation + 1}, "generation_mismatch")):
            assert reason(self.client.call(method, {"name": name, **params})) == why

    def end(self):
        self.soak.known.update(self.known)


class Asker(Part):
    """Calls methods that change nothing, on layouts that come and go meanwhile."""

    INSPECT = True

    def step(self):
        name = f"vm-{self.random.randrange(CHANGERS)}-{self.random.randrange(NAMES)}"
        stage = self.random.choice(STAGES)
        address = hex(self.random.randrange(1 << 40) & ~0xfff)
        method, params = self.random.choice((
            ("layout.probe", {"name": name, "address": address}),
            ("layout.probe", {"request": stage, "address": address}),
            ("layout.explain", {"name": name}),
            ("layout.explain", {"request": stage}),
            ("layout.compare", {"from": {"name": name}, "to": {"request": stage}}),
            ("layout.resolve", {"request": stage, "advise": True}),
            ("layout.allocate", {"ram": [{"tag": "ram", "size": "4GiB", "alignment": "1GiB"}]}),
            ("layout.list", {"limit": 5, "after": name}),
            ("layout.get", {"name": name}),
            ("policy.list", {}), ("daemon.info", {}), ("daemon.stats", {}), ("daemon.schema", {})))
        found = self.call(method, "not_found", **params)
        if method == "layout.get" and found:
            compared = self.call("layout.compare", "not_found",
                                 **{"from": {"layout": found["layout"]}, "to": {"name": name}})
            assert compared is None or "compatible" in compared


class Refused(Part):
    """Sends invalid lines on one connection, which stays open."""

    def step(self):
        line, why = self.random.choice(REFUSED)
        self.client.send(line + b"\n")
        got = reason(self.client.read_reply())
        assert got == why, f"{line[:80]}: {got}, not {why}"


class Dying(Part):
    """Clients that disconnect in the middle of something."""

    def begin(self):
        self.ways = (
            lambda client: None,
            lambda client: client.send(b'{"jsonrpc":"2.0","id":1,"meth'),
            lambda client: self.ask(client, "layout.explain", 50, request=STAGES[-1]),
            lambda client: self.ask(client, "layout.create", name=self.name(), request=REQUEST),
            lambda client: self.ask(client, "layout.delete", name=self.name()),
            lambda client: client.call("events.subscribe"),
        )

    def name(self):
        return f"dying-{self.random.randrange(3)}"

    @staticmethod
    def ask(client, method, times=1, **params):
        message = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\n"
        client.send(message * times)

    def step(self):
        with self.connect() as client:
            self.random.choice(self.ways)(client)


class Subscriber(Part):
    """
    Sees every event once and in order. One subscriber keeps its connection, and reports to the ledger. Another
    reconnects now and then, from the revision that it has seen.
    """

    INSPECT = True

    def __init__(self, soak, is_over, comes_back):
        super().__init__(soak, is_over)
        self.comes_back = comes_back
        self.revision = soak.start_revision
        self.dying = set()  # layouts of clients that did not wait for an answer

    def begin(self):
        self.call("events.subscribe", since=self.revision)

    def step(self):
        """Reads up to the revision that was current at its start."""
        present = self.soak.daemon.call("layout.list")["result"]["revision"]
        while self.revision < present:
            self.read(json.loads(self.client.read_line())["params"])
        if self.comes_back and self.random.random() < 0.2:
            self.client.close()
            self.client = self.connect()
            self.begin()

    def end(self):
        self.step()

    def read(self, event):
        assert event["revision"] == self.revision + 1, f"{event} follows revision {self.revision}"
        self.revision += 1
        if event["name"].startswith("dying-"):
            assert event["event"] == ("deleted" if event["name"] in self.dying else "created"), event
            self.dying ^= {event["name"]}
        elif not self.comes_back:
            self.soak.ledger.add("seen", event["name"], (event["event"], event["digest"]))


class Sample:
    """The resources that the daemon uses at a point in time."""

    def __init__(self, daemon):
        with open(f"/proc/{daemon.process.pid}/status", encoding="ascii") as status:
            fields = dict(line.split(":", 1) for line in status)
        self.memory = int(fields["VmRSS"].split()[0]) * 1024
        self.space = int(fields["VmSize"].split()[0]) * 1024
        self.descriptors = descriptors(daemon)
        self.state = sum(entry.stat().st_size for entry in os.scandir(daemon.state))

    def __str__(self):
        return (f"{self.memory // 1024} KiB of memory, {self.descriptors} descriptors, "
                f"{self.state // 1024} KiB in the state folder")


def descriptors(daemon):
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


class Soak(unittest.TestCase):
    def setUp(self):
        self.seeds = random.Random(SEED)
        self.daemon = Daemon("--limit", f"events_kept={EVENTS_KEPT}", "--log-level", "error")
        self.addCleanup(self.daemon.__exit__, None)
        self.start_revision = self.daemon.call("layout.list")["result"]["revision"]
        self.load_is_over = threading.Event()
        self.problems = []
        self.ledger = Ledger()
        self.known = {}

    def test_nothing_is_lost_and_nothing_is_left(self):
        idle = self.idle_descriptors()
        all_is_over = threading.Event()
        subscribers = [Subscriber(self, all_is_over, comes_back) for comes_back in (False, True)]
        load = [kind(self, self.load_is_over) for kind in (Asker, Refused, Dying, *[Changer] * CHANGERS)]
        for part in subscribers + load:
            part.start()
        samples = self.sample()
        for over, parts in ((self.load_is_over, load), (all_is_over, subscribers)):
            over.set()
            for part in parts:
                part.join()
        print("# " + ", ".join(f"{type(part).__name__} {part.steps}" for part in subscribers + load))
        self.assertEqual(self.problems, [], f"SOAK_SEED={SEED}")
        self.assertEqual(self.ledger.left(), {}, f"SOAK_SEED={SEED}")
        self.assertGreater(self.ledger.met, 0)
        print(f"# {self.ledger.met} changes were acknowledged, and each was seen once")
        self.check_samples(samples)
        self.assertEqual(self.idle_descriptors(), idle)
        self.check_layouts(subscribers)
        self.daemon.stop()
        self.daemon.start()
        self.check_layouts(subscribers)

    def sample(self):
        samples = []
        while len(samples) < SAMPLES and not self.load_is_over.wait(SECONDS / SAMPLES):
            samples.append(Sample(self.daemon))
            print(f"# {time.strftime('%H:%M:%S')} {samples[-1]}", flush=True)
        return samples

    def check_samples(self, samples):
        begin = 2 * len(samples) // 3
        before, last = (max(sample.memory for sample in part) for part in (samples[:begin], samples[begin:]))
        # A sanitizer keeps freed memory, and reports leaks itself.
        if max(sample.space for sample in samples) < 1 << 40:
            self.assertLess(last, before + MEMORY_GROWTH)
        self.assertLess(max(sample.state for sample in samples), STATE_BYTES)

    def idle_descriptors(self):
        """Returns the number of descriptors after all clients but one have gone."""
        with self.daemon.connect() as client:
            wait_until(lambda: client.call("daemon.stats")["result"]["connections"]["open"] == 1, "other clients are still connected")
            return descriptors(self.daemon)

    def check_layouts(self, subscribers):
        """Checks that the live layouts are those that clients and subscribers know."""
        page = self.daemon.call("layout.list", {"limit": 1000})["result"]["layouts"]
        there = {row["name"]: (row["generation"], row["digest"]) for row in page}
        dying = {name for name in there if name.startswith("dying-")}
        for subscriber in subscribers:
            self.assertEqual(subscriber.dying, dying)
        self.assertEqual({name: facts for name, facts in there.items() if name not in dying},
                         {name: (generation, digest) for name, (_, generation, digest) in self.known.items()})


if __name__ == "__main__":
    main()
