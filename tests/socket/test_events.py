# SPDX-License-Identifier: MIT
"""Events come in order, without a gap or a repeat, even if some clients do not read."""

import json
import os
import socket
import threading
import time
import unittest

from harness import PATIENCE, Client, Daemon, main, wait_until
from vm import REQUEST, reason


def create(client, name):
    reply = client.call("layout.create", {"name": name, "request": REQUEST})
    assert "result" in reply, reply
    return reply["result"]


def come_and_go(client, name, count=1):
    """Makes two events each time."""
    for _ in range(count):
        create(client, name)
        client.call("layout.delete", {"name": name})


def subscribe(client, since=None):
    """Returns the revision in the reply, or the whole reply if it is a refusal."""
    reply = client.call("events.subscribe", {} if since is None else {"since": since})
    return reply["result"]["revision"] if "result" in reply else reply


def read_events(client, count):
    events = []
    for _ in range(count):
        notification = client.read_reply()
        assert notification["method"] == "layout.event" and "id" not in notification, notification
        events.append(notification["params"])
    return events


def revision_of(daemon):
    return daemon.call("layout.list")["result"]["revision"]


class Following(unittest.TestCase):
    def setUp(self):
        self.daemon = Daemon("--store", "memory")
        self.addCleanup(self.daemon.__exit__, None)

    def test_an_event_says_what_has_changed(self):
        with self.daemon.connect() as client, self.daemon.connect(inspect=True) as subscriber:
            revision = subscribe(subscriber)
            self.assertEqual(revision, revision_of(self.daemon))
            made = create(client, "vm")
            more = dict(REQUEST, virtio_mmio={"slots": 2})
            updated = client.call("layout.update", {"name": "vm", "request": more})["result"]
            client.call("layout.delete", {"name": "vm"})
            uid = os.geteuid()
            events = read_events(subscriber, 3)
            times = [event.pop("at") for event in events]
            self.assertEqual(events, [
                {"revision": revision + 1, "event": "created", "name": "vm", "digest": made["layout"]["digest"],
                 "generation": 1, "uid": uid},
                {"revision": revision + 2, "event": "updated", "name": "vm", "digest": updated["layout"]["digest"],
                 "generation": 2, "uid": uid},
                {"revision": revision + 3, "event": "deleted", "name": "vm", "digest": updated["layout"]["digest"],
                 "generation": 2, "uid": uid}])
            self.assertEqual(times, sorted(times))

    def test_a_call_that_changes_nothing_makes_no_event(self):
        with self.daemon.connect() as client:
            create(client, "vm")
            before = revision_of(self.daemon)
            create(client, "vm")
            client.call("layout.create", {"name": "vm", "request": dict(REQUEST, profile="gen1")})
            client.call("layout.update", {"name": "vm", "request": dict(REQUEST, virtio_mmio={"slots": 1}),
                                          "dry_run": True})
            client.call("layout.update", {"name": "vm", "request": REQUEST})
            client.call("layout.delete", {"name": "nobody"})
            client.call("layout.get", {"name": "vm"})
            self.assertEqual(revision_of(self.daemon), before)

    def test_a_subscriber_may_go_on_asking(self):
        """The client's own changes are events, too. Replies are in order, and events between them are whole lines."""
        with self.daemon.connect() as client:
            start = subscribe(client)
            lines = []
            for i in range(50):
                for method in ("layout.create", "layout.delete"):
                    params = {"name": "vm", "request": REQUEST} if method == "layout.create" else {"name": "vm"}
                    lines.append({"jsonrpc": "2.0", "id": len(lines), "method": method, "params": params})
            client.send_aside(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
            messages = [client.read_reply() for _ in range(200)]
        self.assertEqual([message["id"] for message in messages if "id" in message], list(range(100)))
        revisions = [message["params"]["revision"] for message in messages if "method" in message]
        self.assertEqual(revisions, list(range(start + 1, start + 101)))

    def test_a_connection_has_at_most_one_subscription(self):
        with self.daemon.connect() as client:
            subscribe(client)
            self.assertEqual(reason(subscribe(client)), "invalid_request")
            create(client, "vm")
            self.assertEqual(len(read_events(client, 1)), 1)

    def test_a_refused_client_is_not_subscribed(self):
        """The refusal here is that the reply would be too long."""
        with Daemon("--store", "memory", "--limit", "reply_bytes=64KiB") as daemon, daemon.connect() as client:
            long = "x" * 65536
            client.send(json.dumps({"jsonrpc": "2.0", "id": long, "method": "events.subscribe"}).encode() + b"\n")
            self.assertEqual(reason(client.read_reply()), "message_too_large")
            come_and_go(client, "vm")
            self.assertEqual(client.call("daemon.stats")["result"]["connections"]["subscribers"], 0)

    def test_many_subscribers_and_many_writers(self):
        subscribers = [self.daemon.connect(inspect=i % 2 == 0) for i in range(20)]
        starts = [subscribe(subscriber) for subscriber in subscribers]

        def work(number):
            with self.daemon.connect() as client:
                come_and_go(client, f"vm-{number}", 20)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        seen = [read_events(subscriber, 8 * 40) for subscriber in subscribers]
        for thread in threads:
            thread.join()
        for subscriber, start, events in zip(subscribers, starts, seen):
            self.assertEqual([event["revision"] for event in events], list(range(start + 1, start + 1 + 8 * 40)))
            self.assertEqual(events, seen[0])
            subscriber.close()
        # The events of each layout match what happened to it.
        for number in range(8):
            told = [event["event"] for event in seen[0] if event["name"] == f"vm-{number}"]
            self.assertEqual(told, ["created", "deleted"] * 20)

    def test_after_the_end_of_input_the_remaining_events_are_sent(self):
        with self.daemon.connect() as client:
            start = revision_of(self.daemon)
            come_and_go(client, "vm", 30)
        with self.daemon.connect() as subscriber:
            subscriber.send(b'{"jsonrpc":"2.0","id":1,"method":"events.subscribe","params":{"since":%d}}' % start)
            subscriber.shutdown()
            self.assertEqual(subscriber.read_reply()["result"]["revision"], start + 60)
            self.assertEqual(len(read_events(subscriber, 60)), 60)
            self.assertIsNone(subscriber.read_line())


class CatchingUp(unittest.TestCase):
    def test_since_replays_without_a_gap_or_a_repeat(self):
        with Daemon("--store", "memory", "--limit", "events_kept=100") as daemon, daemon.connect() as client:
            start = revision_of(daemon)
            # Before the ring is full, while it wraps, and after it has wrapped several times.
            for made in (0, 10, 90, 100, 120, 230, 500):
                while revision_of(daemon) < start + made:
                    come_and_go(client, "vm")
                newest = start + made
                oldest = max(start, newest - 100)
                for since in {oldest, oldest + 1, (oldest + newest) // 2, newest - 1, newest}:
                    if not oldest <= since <= newest:
                        continue
                    with Client(daemon.socket) as subscriber:
                        self.assertEqual(subscribe(subscriber, since), newest)
                        events = read_events(subscriber, newest - since)
                        self.assertEqual([event["revision"] for event in events], list(range(since + 1, newest + 1)))
                        # No more events come until something happens.
                        self.assertIn("result", subscriber.call("daemon.info"))
                for since in (oldest - 1, newest + 1, 0):
                    with Client(daemon.socket) as subscriber:
                        reply = subscribe(subscriber, since)
                        self.assertEqual(reply["error"]["code"], 9)
                        self.assertEqual(reply["error"]["data"], {
                            "reason": "resync_required", "pointer": "/since", "revision": newest,
                            "oldest_since": oldest})

    def test_the_ring_holds_4096(self):
        with Daemon("--store", "memory") as daemon, daemon.connect() as client:
            start = revision_of(daemon)
            clients = [daemon.connect() for _ in range(64)]
            for round_number in range(33):
                for method in ("layout.create", "layout.delete"):
                    for i, other in enumerate(clients):
                        params = {"name": f"vm-{i}"}
                        if method == "layout.create":
                            params["request"] = REQUEST
                        other.send(json.dumps({"jsonrpc": "2.0", "id": round_number, "method": method,
                                               "params": params}).encode() + b"\n")
                    for other in clients:
                        self.assertIn("result", other.read_reply())
            for other in clients:
                other.close()
            newest = start + 33 * 128
            self.assertEqual(revision_of(daemon), newest)
            self.assertEqual(reason(subscribe(client, newest - 4097)), "resync_required")
            self.assertEqual(subscribe(client, newest - 4096), newest)
            self.assertEqual([event["revision"] for event in read_events(client, 4096)],
                             list(range(newest - 4095, newest + 1)))

    def test_replay_continues_with_new_events(self):
        """Other clients change layouts all the time."""
        with Daemon("--store", "memory") as daemon:
            done = threading.Event()

            def work(number):
                with daemon.connect() as client:
                    while not done.is_set():
                        come_and_go(client, f"vm-{number}")

            start = revision_of(daemon)
            threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
            for thread in threads:
                thread.start()
            for _ in range(10):
                wait_until(lambda: revision_of(daemon) >= start + 20, "fewer than 20 changes")
                since = revision_of(daemon) - 15
                with Client(daemon.socket) as subscriber:
                    subscribe(subscriber, since)
                    events = read_events(subscriber, 200)
                    self.assertEqual([event["revision"] for event in events], list(range(since + 1, since + 201)))
            done.set()
            for thread in threads:
                thread.join()

    def test_replay_goes_on_after_a_restart_and_after_a_crash(self):
        with Daemon() as daemon:
            start = revision_of(daemon)
            for number in range(4):
                with daemon.connect() as client:
                    come_and_go(client, "vm", 5)
                if number % 2:
                    daemon.stop()
                else:
                    daemon.process.kill()
                    daemon.process.wait()
                daemon.start()
            with daemon.connect() as client:
                come_and_go(client, "vm", 5)
                newest = revision_of(daemon)
                self.assertEqual(subscribe(client, start), newest)
                events = read_events(client, 50)
                # Each start leaves a gap, and the first event after it says so.
                gaps = [number for number, event in enumerate(events) if "follows" in event]
                self.assertEqual(gaps, [10, 20, 30, 40])
                for event in events:
                    self.assertEqual(event.get("follows", event["revision"] - 1), start)
                    start = event["revision"]
                self.assertEqual(start, newest)
                self.assertEqual([event["event"] for event in events], ["created", "deleted"] * 25)

    def test_revisions_of_another_registry_are_refused(self):
        """A new registry has other revisions, even if as much has happened in it."""
        with Daemon("--store", "memory") as daemon:
            with daemon.connect() as client:
                come_and_go(client, "vm", 10)
            since = revision_of(daemon) - 4
            daemon.stop()
            daemon.start()
            with daemon.connect() as client:
                come_and_go(client, "vm", 10)
                self.assertEqual(reason(subscribe(client, since)), "resync_required")

    def test_the_limit_holds_for_a_registry_that_had_more(self):
        with Daemon() as daemon:
            with daemon.connect() as client:
                come_and_go(client, "vm", 20)
            newest = revision_of(daemon)
            daemon.stop()
            daemon.options += ["--limit", "events_kept=10"]
            daemon.start()
            with daemon.connect() as client, daemon.connect() as subscriber:
                self.assertEqual(reason(subscribe(subscriber, newest - 11)), "resync_required")
                subscribe(subscriber, newest - 10)
                come_and_go(client, "vm")
                events = read_events(subscriber, 12)
                self.assertEqual([event["revision"] for event in events[:10]], list(range(newest - 9, newest + 1)))
                self.assertEqual(events[10]["follows"], newest)


class NotReading(unittest.TestCase):
    def test_a_subscriber_that_does_not_read_is_closed_and_no_one_else_notices(self):
        with Daemon("--store", "memory", "--limit", "events_kept=200") as daemon:
            with daemon.connect() as client, daemon.connect() as reading, daemon.connect() as stuck:
                start = subscribe(reading)
                stuck.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                subscribe(stuck)
                told = []
                deadline = time.monotonic() + PATIENCE
                while "subscriber_too_slow" not in daemon.log() and time.monotonic() < deadline:
                    come_and_go(client, "vm", 100)
                    told += read_events(reading, 200)
                self.assertIn("reason=subscriber_too_slow", daemon.log())
                self.assertEqual([event["revision"] for event in told], list(range(start + 1, start + 1 + len(told))))
                # The events before the cut are whole and in order. Then the connection is closed.
                revisions = []
                try:
                    while (text := stuck.read_line()) is not None:
                        revisions.append(json.loads(text)["params"]["revision"])
                except (AssertionError, ConnectionResetError):
                    # The last line was cut off.
                    pass
                self.assertEqual(revisions, list(range(start + 1, start + 1 + len(revisions))))
                self.assertLess(len(revisions), len(told) - 1)
                self.assertEqual(client.call("daemon.stats")["result"]["connections"]["subscribers"], 1)

    def test_a_subscriber_that_stops_reading_is_closed_though_few_events_are_sent(self):
        with Daemon("--store", "memory", "--limit", "output_stall_ms=300") as daemon:
            with daemon.connect() as client, daemon.connect() as stuck:
                stuck.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                subscribe(stuck)
                come_and_go(client, "vm", 1500)
                daemon.wait_log("reason=output_stalled")
                self.assertEqual(client.call("daemon.stats")["result"]["connections"]["subscribers"], 0)


if __name__ == "__main__":
    main()
