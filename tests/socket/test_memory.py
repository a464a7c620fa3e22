# SPDX-License-Identifier: MIT
"""
The promises of the daemon if memory runs out: it goes on, every request is answered, acknowledged changes are there,
refused ones are not, and nothing leaks.

The library made from memory.c fails allocations of the daemon by their number: one alone, or one and all later ones.
Each scenario runs again and again. Each time a later allocation fails, until the scenario makes fewer allocations than
that. MEMORY_STEP is the distance between their numbers; with 1, which takes minutes, most scenarios leave none out. A
build with gcc and --enable-sanitizers also finds invalid uses of memory, and every leak. clang makes AddressSanitizer a
part of the program, so memory.c cannot replace its allocator.
"""

import contextlib
import json
import mmap
import os
import re
import resource
import select
import shutil
import sqlite3
import struct
import tempfile
import threading
import time
import unittest

from harness import GPALAYOUT_MEMORY_LIBRARY, PATIENCE, Daemon, main
from vm import REQUEST, reason, request

STEP = int(os.environ.get("MEMORY_STEP", "61"))

RICH = request(
    3, policy="openvmm-2026.06", profile="hcl-host", virtio_mmio={"slots": 40}, vtl2={"framebuffer": "8MiB"},
    reserved=[{"name": "hole", "start": "2GiB", "end": "0x81000000"}], host={"physical_address_bits": 46},
    pcie={"ecam": "below-4gib", "root_complexes": [
        {"name": f"rc{i}", "segment": i // 2, "start_bus": i % 2 * 128, "end_bus": i % 2 * 128 + 127, "node": 0,
         "cxl": {"hdm": "256MiB"}, "iommu": "amd-vi"} for i in range(8)]})


class Memory:
    """The control struct of memory.c, which is shared with the daemon."""

    FORM = struct.Struct("=6q")

    def __init__(self, path):
        self.path = path
        with open(path, "w+b") as file:
            file.truncate(mmap.PAGESIZE)
            self.map = mmap.mmap(file.fileno(), mmap.PAGESIZE)

    def fail(self, which, forever=False):
        """Makes allocation `which`, counted from now, fail. With `forever`, all later ones fail too."""
        self.map[8:40] = struct.pack("=4q", 0, which, forever, 0)
        self.map[0:8] = struct.pack("=q", 1)

    def stop(self):
        """From now on no allocation fails. Returns how many have failed."""
        self.map[0:8] = struct.pack("=q", 0)
        return self.FORM.unpack_from(self.map)[4]

    def allocations(self):
        return self.FORM.unpack_from(self.map)[1]

    def live_blocks(self):
        return self.FORM.unpack_from(self.map)[5]


class ShortDaemon(Daemon):
    """A daemon whose memory can run out."""

    def __init__(self, *options):
        # The limit unfinished_line_ms shortens the interval of ticks. At each tick the daemon retries what it had put off.
        super().__init__("--limit", "unfinished_line_ms=100", *options, wait=False,
                         env={"LD_PRELOAD": GPALAYOUT_MEMORY_LIBRARY})
        self.wait_ready()

    def start(self, wait=True):
        if not hasattr(self, "memory"):
            self.memory = Memory(os.path.join(self.folder, "memory"))
        self.env["GPALAYOUT_MEMORY"] = self.memory.path
        self.env["ASAN_OPTIONS"] = self.env.get("ASAN_OPTIONS", "detect_leaks=1") + ":verify_asan_link_order=0"
        super().start(wait)


def line(method, params, number=1):
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode() + b"\n"


# Each is a request that changes nothing. Some are refused.
READS = [
    ("layout.resolve", {"request": REQUEST}),
    ("layout.resolve", {"request": RICH}),
    ("layout.resolve", {"request": REQUEST, "advise": True}),
    ("layout.resolve", {"request": request(0)}),
    ("layout.resolve", {"request": request("x")}),
    ("layout.resolve", {"request": request(4, pcie={"root_complexes": [{"name": "rc0", "low_mmio": "8GiB"}]})}),
    ("layout.resolve", {"request": request(4, host={"physical_address_bits": 32})}),
    ("layout.allocate", {"reserved": [{"tag": "a", "start": "0x0", "end": "0x1000"}],
                         "fixed": [{"tag": "b", "start": "0x1000", "end": "0x2000"}],
                         "mmio32": [{"tag": "c", "size": "1MiB", "alignment": "1MiB"}],
                         "ram": [{"tag": "d", "size": "8GiB", "alignment": "2MiB"}],
                         "mmio64": [{"tag": "e", "size": "1GiB", "alignment": "1GiB"}],
                         "post_mmio": [{"tag": "f", "size": "4KiB", "alignment": "4KiB"}]}),
    ("layout.allocate", {"mmio32": [{"tag": "c", "size": "8GiB", "alignment": "1MiB"}]}),
    ("layout.get", {"name": "there"}),
    ("layout.get", {"name": "not-there"}),
    ("layout.list", {}),
    ("layout.list", {"limit": 1}),
    ("layout.list", {"limit": -1}),
    ("layout.probe", {"name": "there", "address": "0x1000"}),
    ("layout.probe", {"request": RICH, "address": "0xffffffffff"}),
    ("layout.probe", {"name": "there", "address": "0xffffffffffffffff"}),
    ("layout.compare", {"from": {"name": "there"}, "to": {"name": "rich"}}),
    ("layout.compare", {"from": {"request": REQUEST}, "to": {"name": "not-there"}}),
    ("layout.explain", {"name": "rich"}),
    ("layout.explain", {"name": "updated", "tag": "virtio-mmio"}),
    ("layout.explain", {"request": REQUEST, "tag": "no-such-tag"}),
    ("policy.list", {}),
    ("daemon.info", {}),
    ("daemon.stats", {}),
    ("daemon.stats", {"format": "openmetrics"}),
    ("daemon.schema", {}),
    ("daemon.nothing", {}),
]

# Each is a change, and the steps that undo it. A refused change needs no undoing.
CHANGES = [
    ("layout.create", {"name": "new", "request": RICH}, [("layout.delete", {"name": "new"})]),
    ("layout.create", {"name": "there", "request": REQUEST}, []),
    ("layout.create", {"name": "there", "request": RICH}, []),
    ("layout.create", {"name": "new", "request": request(0)}, []),
    ("layout.update", {"name": "updated", "request": request(virtio_mmio={"slots": 4}, vtl2={"framebuffer": "8MiB"})},
     [("layout.delete", {"name": "updated"}),
      ("layout.create", {"name": "updated", "request": request(virtio_mmio={"slots": 4})})]),
    ("layout.update", {"name": "updated", "request": request(virtio_mmio={"slots": 8}), "dry_run": True}, []),
    ("layout.update", {"name": "updated", "request": request(8)}, []),
    ("layout.update", {"name": "not-there", "request": REQUEST}, []),
    ("layout.delete", {"name": "there"}, [("layout.create", {"name": "there", "request": REQUEST})]),
    ("layout.delete", {"name": "not-there"}, []),
]


# Members of a result that vary.
VOLATILE = ("generation", "uptime_ms", "requests", "connections", "store", "started_at", "registry", "users")


def stable_part(reply):
    """Returns the part that must be the same in every reply. A hint may be missing if its search ran out of memory."""
    if "openmetrics" in reply.get("result", {}).values():
        return reply["result"]["text"].splitlines()[-1]
    if "result" in reply:
        return {key: value for key, value in reply["result"].items() if key not in VOLATILE}
    data = {key: value for key, value in reply["error"]["data"].items() if key != "largest_size"}
    return {**reply["error"], "data": data}


class Shortage(unittest.TestCase):
    """Fails allocations of one daemon while it answers."""

    OPTIONS = ()

    def setUp(self):
        self.daemon = ShortDaemon(*self.OPTIONS)
        self.addCleanup(self.daemon.__exit__, None)
        self.memory = self.daemon.memory
        self.quiet = self.daemon.connect()
        self.addCleanup(self.quiet.close)
        for name, wanted in (("there", REQUEST), ("rich", RICH), ("updated", request(virtio_mmio={"slots": 4}))):
            self.assertIn("result", self.quiet.call("layout.create", {"name": name, "request": wanted}))
        self.memory.fail(1 << 40)
        # Most requests allocate nothing, but a layout does.
        self.quiet.call("layout.resolve", {"request": REQUEST})
        self.memory.stop()
        if self.memory.allocations() == 0:
            self.skipTest("the allocator of this build cannot be replaced")
        self.client = None
        self.connect()
        self.addCleanup(lambda: self.client.close())
        self.log = open(self.daemon.log_path, encoding="utf-8", errors="replace")
        self.addCleanup(self.log.close)

    def connect(self):
        self.memory.stop()
        if self.client:
            self.client.close()
        self.client = self.daemon.connect()

    def reply(self, client):
        """Returns the next reply, or None if the daemon has hung up. If a reply waits for memory, it gets some."""
        deadline = time.monotonic() + PATIENCE
        while b"\n" not in client.buffer and not select.select([client.sock], [], [], 0.001)[0]:
            self.assertIsNone(self.daemon.process.poll(), "the daemon has exited")
            self.assertLess(time.monotonic(), deadline, "no answer")
            new = self.log.read()
            if "event=reply_delayed" in new or "event=accept_failed" in new:
                self.memory.stop()
        try:
            return client.read_reply()
        except (AssertionError, ConnectionResetError):
            return None

    def layouts(self):
        return {row["name"]: (row["generation"], row["digest"])
                for row in self.quiet.call("layout.list")["result"]["layouts"]}

    def attempt(self, which, forever, method, params):
        """Returns the reply to one request while memory is short, and whether an allocation failed."""
        self.memory.fail(which, forever)
        self.client.send(line(method, params))
        reply = self.reply(self.client)
        failed = self.memory.stop()
        # If the daemon could not read the line, it closes the connection.
        if reply is None or reply["id"] is None:
            self.connect()
        self.assertIsNotNone(reply, "the daemon hung up")
        if reply["id"] is None:
            self.assertEqual(reason(reply), "overloaded")
        return reply, failed

    def fail_each_allocation(self, forever, method, params, undo=()):
        """Fails one allocation after the other."""
        expected = stable_part(self.quiet.call(method, params))
        for step in undo:
            self.quiet.call(*step)
        which, failed = 1, True
        while failed:
            before = self.layouts()
            reply, failed = self.attempt(which, forever, method, params)
            after = self.layouts()
            if reason(reply) == "overloaded":
                self.assertEqual(after, before)
            else:
                self.assertEqual(stable_part(reply), expected)
            if "error" in reply:
                self.assertEqual(after, before)
            elif method == "layout.delete":
                self.assertNotIn(params["name"], after)
            elif "generation" in reply["result"] and not params.get("dry_run"):
                self.assertEqual(after[params["name"]],
                                 (reply["result"]["generation"], reply["result"]["layout"]["digest"]))
            if after != before:
                for step in undo:
                    self.assertIn("result", self.quiet.call(*step))
            which += STEP

    def settled(self, live=None):
        """Returns the blocks in use when the daemon is idle. Waits until there are no more than `live`."""
        self.connect()
        deadline = time.monotonic() + PATIENCE
        while True:
            self.quiet.call("daemon.info")
            found = self.memory.live_blocks()
            if live is None or found <= live or time.monotonic() > deadline:
                return found

    def run_all(self, scenarios):
        for scenario in scenarios:
            for forever in (False, True):
                with self.subTest(scenario[0], params=str(scenario[1])[:80], forever=forever):
                    self.fail_each_allocation(forever, *scenario)
                    live = self.settled()
                    self.fail_each_allocation(forever, *scenario)
                    self.assertLessEqual(self.settled(live), live, "the daemon has more blocks than before the request")


class Api(Shortage):
    OPTIONS = ("--store", "memory")

    def test_reads_are_answered_while_memory_is_short(self):
        self.run_all(READS)

    def test_changes(self):
        self.run_all(CHANGES)


class Store(Shortage):
    """At any moment, the folder has the layouts that the daemon reports. SQLite's cache may grow, so blocks are not
    counted."""

    def layouts(self):
        found = super().layouts()
        with tempfile.TemporaryDirectory() as folder:
            for name in os.listdir(self.daemon.state):
                shutil.copy(os.path.join(self.daemon.state, name), folder)
            with sqlite3.connect(os.path.join(folder, "registry.db")) as db:
                on_disk = {name: (generation, digest) for name, generation, digest
                           in db.execute("SELECT name, generation, digest FROM layouts")}
            db.close()
        self.assertEqual(on_disk, found)
        return found

    def settled(self, live=None):
        self.connect()
        return 0

    def test_changes(self):
        self.run_all(CHANGES)


class Connections(Shortage):
    OPTIONS = ("--store", "memory")

    def exchange(self, inspect):
        """Uses a new connection, so that accepting it may also fail."""
        with self.daemon.connect(inspect) as client:
            # The daemon may turn the client away before it has sent anything.
            with contextlib.suppress(BrokenPipeError):
                client.send(line("layout.get", {"name": "there"}))
            return self.reply(client)

    def test_a_new_connection_gets_an_answer_or_a_refusal(self):
        expected = stable_part(self.quiet.call("layout.get", {"name": "there"}))
        for inspect, forever in ((False, False), (False, True), (True, False), (True, True)):
            live = self.settled()
            which, failed = 1, True
            while failed:
                self.memory.fail(which, forever)
                reply = self.exchange(inspect)
                failed = self.memory.stop()
                self.assertIsNotNone(reply, "the daemon hung up")
                if reason(reply) != "overloaded":
                    self.assertEqual(stable_part(reply), expected)
                which += 3
            self.assertLessEqual(self.settled(live), live, "the daemon has more blocks than before the request")

    def test_each_new_highest_descriptor(self):
        """libuv has a table of descriptors that grows with them, and aborts if it cannot grow."""
        with contextlib.ExitStack() as stack:
            for _ in range(120):
                self.memory.fail(2)
                with self.daemon.connect() as client:
                    client.send(line("daemon.info", {}))
                    self.assertIsNotNone(self.reply(client), "the daemon hung up")
                    # Waits until its descriptor is free for the next one.
                    client.shutdown()
                    self.assertIsNone(client.read_line())
                self.memory.stop()
                stack.enter_context(self.daemon.connect()).call("daemon.info")

    def test_a_refusal_has_the_id_of_its_own_request(self):
        """The request waits for a thread while another one with as long an id is answered. Then memory runs out. The
        requests before it take seconds, because those of a user run one after another."""
        large = request(pcie={"root_complexes": [{"name": f"rc{i}", "segment": i, "end_bus": 0, "low_mmio": "4KiB"}
                                                 for i in range(1000)]})
        with contextlib.ExitStack() as stack:
            *earlier, second = [stack.enter_context(self.daemon.connect()) for _ in range(33)]
            for client in earlier:
                client.send(line("layout.advise", {"request": large}))
            self.daemon.wait_read(*earlier)
            second.send(line("layout.advise", {"request": REQUEST}, "second"))
            self.daemon.wait_read(second)
            self.quiet.send(line("policy.list", {}, "others"))
            self.assertEqual(self.quiet.read_reply()["id"], "others")
            self.memory.fail(1, forever=True)
            reply = self.reply(second)
            self.memory.stop()
            self.assertEqual((reply["id"], reason(reply)), ("second", "overloaded"))

    def test_many_lines_at_once_are_answered_in_order(self):
        """Each line is answered, in order, or the connection is closed after a refusal."""
        count = 40
        data = b"".join(line("layout.get", {"name": "there" if i % 2 else "no"}, i) for i in range(count))
        for forever in (False, True):
            which, failed = 1, True
            while failed:
                self.connect()
                self.memory.fail(which, forever)
                self.client.send(data)
                is_refused = False
                for i in range(count):
                    reply = self.reply(self.client)
                    if reply is None and is_refused:
                        break
                    self.assertIsNotNone(reply, "the daemon hung up")
                    is_refused = reply["id"] is None
                    self.assertIn(reply["id"], (i, None))
                    if reason(reply) != "overloaded":
                        self.assertEqual("result" in reply, i % 2 == 1)
                failed = self.memory.stop()
                which += 5 * STEP

    def test_a_subscriber_gets_every_event_or_is_closed(self):
        """A subscriber gets every event, or the daemon hangs up with a line in the log."""
        large = request(pcie={"root_complexes": [{"name": f"rc{i}", "segment": i, "end_bus": 0, "low_mmio": "4KiB"}
                                                 for i in range(200)]})
        closed = 0
        # Which allocations fail also depends on what the daemon does besides, so no single round must have a close.
        for number in range(20):
            if closed and number > 1:
                break
            forever, which, failed = number % 2 == 1, 1, True
            while failed:
                with self.daemon.connect(inspect=True) as subscriber:
                    self.assertIn("result", subscriber.call("events.subscribe"))
                    # After so long a reply, the daemon has to allocate memory for its output again.
                    self.quiet.call("layout.explain", {"request": large})
                    made, failed = self.attempt(which, forever, "layout.create", {"name": "new", "request": REQUEST})
                    gone = self.quiet.call("layout.delete", {"name": "new"})
                    wanted = [event for event, reply in (("created", made), ("deleted", gone)) if "result" in reply]
                    events = []
                    while len(events) < len(wanted):
                        event = self.reply(subscriber)
                        if event is None:
                            closed += 1
                            break
                        events.append(event["params"]["event"])
                    self.assertEqual(events, wanted[:len(events)])
                which += 1
        lines = re.findall("event=connection_closed .* socket=inspect .* reason=out_of_memory", self.daemon.log())
        self.assertEqual(len(lines), closed)
        self.assertGreater(closed, 0)


class TooLong(Shortage):
    """A change whose reply is too long, while there is no memory to report it."""

    OPTIONS = ("--store", "memory", "--limit", "reply_bytes=64KiB")
    CHANGE = "layout.create", {"name": "new", "request": request(pcie={"root_complexes": [
        {"name": f"root-complex-{i}", "segment": i, "low_mmio": "2MiB", "cxl": {"hdm": "256MiB"}}
        for i in range(120)]})}

    def test_a_change_that_was_made_is_not_reported_as_refused(self):
        self.attempt(1 << 40, False, *self.CHANGE)
        # The refusal and its sending need fewer allocations than these.
        last = range(self.memory.allocations() - 30, self.memory.allocations() + 1)
        done = 0
        for forever in (False, True):
            for which in last:
                self.quiet.call("layout.delete", {"name": "new"})
                reply, _ = self.attempt(which, forever, *self.CHANGE)
                if "new" not in self.layouts():
                    self.assertEqual(reason(reply), "overloaded")
                    continue
                done += 1
                self.assertEqual((reason(reply), reply["id"]), ("message_too_large", 1))
                self.assertRegex(reply["error"]["message"], "^the change was made, but the reply would have ")
        self.assertGreater(done, 6)


class StoreFailed(Shortage):
    """A store that has failed, while there is no memory to report it."""

    CHANGE = "layout.create", {"name": "new", "request": REQUEST}

    def lose_store(self, which):
        """Returns the reply to a change when the store finds its file gone, and whether the store has failed."""
        os.truncate(self.daemon.log_path, 0)
        os.unlink(os.path.join(self.daemon.state, "registry.db"))
        reply, _ = self.attempt(which, True, *self.CHANGE)
        has_failed = "event=store_failed" in self.daemon.log()
        self.daemon.stop()
        shutil.rmtree(self.daemon.state)
        self.daemon.start()
        self.connect()
        return reply, has_failed

    def test_the_reply_is_store_failed(self):
        self.lose_store(1 << 40)
        # The first daemon had layouts, and the others have none.
        _, has_failed = self.lose_store(1 << 40)
        which = self.memory.allocations() + 20  # the next runs may allocate a few times more
        count = 0
        while has_failed:
            reply, has_failed = self.lose_store(which)
            if has_failed:
                self.assertEqual((reason(reply), reply["id"]), ("store_failed", 1))
                count += 1
            which -= 1
        self.assertGreater(count, 0)


class Limit(unittest.TestCase):
    """A real limit of memory, under load. Any allocation may fail."""

    def work(self, daemon, number, acknowledged, refused):
        large = request(reserved=[{"name": f"r{i}", "start": hex((1 << 40) + (i << 13)),
                                   "end": hex((1 << 40) + (i << 13) + 4096)} for i in range(4000)])
        with daemon.connect() as client:
            for i in range(12):
                name = f"vm-{number}-{i}"
                try:
                    client.send(line("layout.create", {"name": name, "request": large if i % 3 else RICH}))
                    reply = client.read_reply()
                except (AssertionError, ConnectionError):
                    return
                if "result" in reply:
                    acknowledged[name] = reply["result"]["layout"]["digest"]
                else:
                    refused.append((name, reason(reply)))
                # If the daemon could not read the line, it closes the connection.
                if reply["id"] is None:
                    return

    def test_nothing_is_lost_at_the_limit(self):
        overloaded = 0
        for spare in (512 << 10, 1 << 20, 2 << 20, 4 << 20, 8 << 20):
            acknowledged, refused = {}, []
            with Daemon() as daemon:
                with open(f"/proc/{daemon.process.pid}/statm", encoding="ascii") as file:
                    size = int(file.read().split()[0]) * mmap.PAGESIZE
                if size > 1 << 40:
                    self.skipTest("AddressSanitizer reserves more address space than any limit")
                resource.prlimit(daemon.process.pid, resource.RLIMIT_AS, (size + spare, resource.RLIM_INFINITY))
                threads = [threading.Thread(target=self.work, args=(daemon, i, acknowledged, refused)) for i in range(8)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                resource.prlimit(daemon.process.pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
                self.assertEqual({why for _, why in refused} - {"overloaded"}, set())
                overloaded += len(refused)
                for restart in (False, True):
                    if restart:
                        self.assertEqual(daemon.stop(), 0, daemon.log())
                        daemon.start()
                    found = {row["name"]: row["digest"] for row in
                             daemon.call("layout.list", {"limit": 1000})["result"]["layouts"]}
                    self.assertEqual({name: found.get(name) for name in acknowledged}, acknowledged)
                    self.assertFalse({name for name, _ in refused} & set(found))
        self.assertGreater(overloaded, 0)


class Start(unittest.TestCase):
    """A start without enough memory fails with a message, or succeeds. It damages nothing."""

    def start(self, which, forever):
        """Returns the exit status of a start (0 if it serves), its messages, and how many allocations failed."""
        self.daemon.memory.fail(which, forever)
        self.daemon.start(wait=False)
        deadline = time.monotonic() + PATIENCE
        while self.daemon.process.poll() is None and "event=ready" not in self.daemon.log():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.001)
        failed = self.daemon.memory.stop()
        log = self.daemon.log()
        if self.daemon.process.poll() is None:
            self.daemon.process.kill()
            self.daemon.process.wait()
            return 0, log, failed
        return self.daemon.process.returncode, log, failed

    def run_all(self, prepare):
        with ShortDaemon() as daemon:
            self.daemon = daemon
            for i in range(20):
                daemon.call("layout.create", {"name": f"vm-{i}", "request": REQUEST})
            before = daemon.call("layout.list")["result"]["layouts"]
            daemon.stop()
            for forever in (False, True):
                which, failed = 1, True
                while failed:
                    prepare(daemon)
                    os.truncate(daemon.log_path, 0)
                    status, log, failed = self.start(which, forever)
                    self.assertIn(status, (0, 1), log)
                    if status:
                        self.assertRegex(log, "out of memory|ENOMEM|not enough memory|Cannot allocate memory")
                        self.assertNotIn("damaged", log)
                    which += STEP
            prepare(daemon)
            daemon.start()
            return before, daemon.call("layout.list")["result"]["layouts"]

    def test_a_start_with_a_registry_damages_nothing(self):
        before, after = self.run_all(lambda daemon: None)
        self.assertEqual(after, before)

    def test_a_start_without_a_registry_succeeds_or_fails_with_a_message(self):
        _, after = self.run_all(lambda daemon: shutil.rmtree(daemon.state, ignore_errors=True))
        self.assertEqual(after, [])


if __name__ == "__main__":
    main()
