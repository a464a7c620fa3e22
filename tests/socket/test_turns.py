# SPDX-License-Identifier: MIT
"""The order in which users are served. A request that takes long does not delay short ones of other
connections."""

import contextlib
import json
import mmap
import os
import signal
import socket
import threading
import unittest

from harness import Daemon, can_be_another_user, main, wait_until
from vm import request

FLOOD, OTHER = 65533, 65532


def line(method, params, number):
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode() + b"\n"


COUNT = 1500


def large(count=COUNT):
    """Returns a request that takes far longer than a turn. It has 187 KB, its explanation megabytes."""
    return request(pcie={"root_complexes": [
        {"name": f"rc{i}", "segment": i, "end_bus": 0, "high_mmio": "2MiB",
         "low_mmio": {"start": 0xc0000000 + 4096 * i, "end": 0xc0001000 + 4096 * i}}
        for i in range(count)]})


LARGE = large()
FLOOD_CONNECTIONS = 48  # their requests together take seconds, even if each takes a tenth of one


def send_flood(daemon, clients):
    """Sends a request that takes long on each connection, and waits until the daemon has read them."""
    for client in clients:
        client.send(line("layout.advise", {"request": LARGE}, 1))
    daemon.wait_read(*clients)


@contextlib.contextmanager
def user(uid):
    """Connections made inside the `with` block belong to this user."""
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)


def open_daemon(*options):
    daemon = Daemon("--socket-mode", "666", *options)
    os.chmod(daemon.folder, 0o755)
    return daemon


def served(daemon, uid):
    """Returns the microseconds for which a user was served, from daemon.stats."""
    users = daemon.call("daemon.stats")["result"]["users"]
    return next((row["served_us"] for row in users if row["uid"] == uid), 0)


class Order(unittest.TestCase):
    def test_others_are_answered_while_something_takes_long(self):
        with Daemon() as daemon, daemon.connect() as quick, contextlib.ExitStack() as stack:
            slow = [stack.enter_context(daemon.connect()) for _ in range(FLOOD_CONNECTIONS)]
            send_flood(daemon, slow)
            for _ in range(3):
                self.assertIn("result", quick.call("layout.resolve", {"request": request()}))
            self.assertTrue(slow[-1].has_nothing())
            self.assertEqual(len(slow[0].read_reply()["result"]["advice"]), 2 * COUNT + 3)

    def test_a_connection_has_its_replies_in_order(self):
        with Daemon() as daemon, daemon.connect() as client:
            lines = [line("layout.explain", {"request": LARGE}, "a"), line("daemon.info", {}, 1),
                     line("layout.create", {"name": "vm", "request": LARGE}, "b"),
                     line("layout.get", {"name": "vm"}, 2), line("layout.list", {}, 3),
                     line("layout.update", {"name": "vm", "request": large(COUNT - 1), "allow_removals": True}, "c"),
                     line("layout.compare", {"from": {"name": "vm"}, "to": {"request": LARGE}}, 4),
                     line("layout.delete", {"name": "vm"}, 5), line("layout.get", {"name": "vm"}, 6),
                     line("daemon.info", {"junk": "x" * 100000}, 7), line("daemon.stats", {}, "s" * 20000),
                     b" " * 30000 + line("layout.probe", {"name": "vm", "address": 0}, 8)]
            client.send_aside(b"".join(lines))
            replies = [client.read_reply() for _ in lines]
            self.assertEqual([reply["id"] for reply in replies],
                             ["a", 1, "b", 2, 3, "c", 4, 5, 6, 7, "s" * 20000, 8])
            self.assertEqual(["result" in reply for reply in replies],
                             [True] * 8 + [False, False, True, False])
            self.assertTrue(replies[2]["result"]["created"])
            self.assertEqual(replies[3]["result"]["layout"], replies[2]["result"]["layout"])
            self.assertEqual(replies[4]["result"]["layouts"][0]["name"], "vm")
            self.assertEqual(replies[5]["result"]["generation"], replies[2]["result"]["generation"] + 1)
            self.assertEqual([row["change"] for row in replies[6]["result"]["changes"]], ["added"] * 3)

    def test_changes_of_one_name_follow_each_other(self):
        with Daemon() as daemon, contextlib.ExitStack() as stack:
            clients = [stack.enter_context(daemon.connect()) for _ in range(6)]
            for number, client in enumerate(clients):
                client.send(line("layout.create", {"name": "vm", "request": LARGE}, number))
            replies = [client.read_reply()["result"] for client in clients]
            self.assertEqual(sorted(reply["created"] for reply in replies), [False] * 5 + [True])
            self.assertEqual(len({reply["generation"] for reply in replies}), 1)
            for number, client in enumerate(clients):
                client.send(line("layout.update", {"name": "vm", "request": large(COUNT - 9 + number), "generation": 1,
                                                   "allow_removals": True}, number))
            replies = [client.read_reply() for client in clients]
            self.assertEqual(sum("result" in reply for reply in replies), 1, replies)

    def test_a_refusal_that_takes_long_to_find_is_sent(self):
        too_much = request(pcie={"root_complexes": [
            {"name": f"rc{i}", "segment": i, "low_mmio": "64MiB"} for i in range(96)]})
        with Daemon() as daemon, daemon.connect() as client:
            for method, params in (("layout.resolve", {"request": too_much}),
                                   ("layout.probe", {"request": too_much, "address": 0}),
                                   ("layout.create", {"name": "vm", "request": too_much})):
                for spaces in (0, 20000):
                    client.send(b" " * spaces + line(method, params, 1))
                    reply = client.read_reply()
                    self.assertEqual(reply["error"]["data"]["reason"], "exhausted", method)
                    self.assertEqual(reply["error"]["data"]["pointer"].split("/")[1], "request")
            self.assertEqual(client.call("layout.list")["result"]["layouts"], [])

    def test_a_notification_is_not_answered_however_long_it_is(self):
        with Daemon() as daemon, daemon.connect() as client:
            message = {"jsonrpc": "2.0", "method": "layout.create", "params": {"name": "vm", "request": LARGE}}
            client.send(json.dumps(message).encode() + b"\n")
            self.assertEqual(client.call("layout.list")["result"]["layouts"], [])


    def test_a_subscription_in_a_long_line_works(self):
        with Daemon() as daemon, daemon.connect() as client:
            client.send(b" " * 20000 + line("events.subscribe", {}, 1))
            revision = client.read_reply()["result"]["revision"]
            daemon.call("layout.create", {"name": "vm", "request": request()})
            self.assertGreater(client.read_reply()["params"]["revision"], revision)

    def test_a_large_update_that_would_remove_is_refused(self):
        with Daemon() as daemon, daemon.connect() as client:
            client.call("layout.create", {"name": "vm", "request": LARGE})
            reply = client.call("layout.update", {"name": "vm", "request": request()})
            self.assertEqual(reply["error"]["data"]["reason"], "would_remove")
            self.assertEqual(len(reply["error"]["data"]["changes"]), 3 * (COUNT - 1))

    def test_creates_that_fail_take_no_place(self):
        too_much = request(pcie={"root_complexes": [
            {"name": f"rc{i}", "segment": i, "low_mmio": "64MiB"} for i in range(96)]})
        with Daemon("--limit", "live_layouts=2") as daemon, contextlib.ExitStack() as stack:
            clients = [stack.enter_context(daemon.connect()) for _ in range(12)]
            for number, client in enumerate(clients):
                client.send(line("layout.create", {"name": f"none-{number}", "request": too_much}, number))
            daemon.wait_read(*clients)
            with daemon.connect() as other:
                for name in ("a", "b"):
                    self.assertIn("result", other.call("layout.create", {"name": name, "request": request()}))
            for client in clients:
                self.assertIn(client.read_reply()["error"]["data"]["reason"], ("exhausted", "store_full"))


class Niceness(unittest.TestCase):
    def nicenesses(self, daemon):
        """Returns the niceness of each thread by its name."""
        found = {}
        for task in os.listdir(f"/proc/{daemon.process.pid}/task"):
            with open(f"/proc/{daemon.process.pid}/task/{task}/stat", encoding="ascii") as file:
                before, _, after = file.read().rpartition(")")
            name = "loop" if task == str(daemon.process.pid) else before.partition("(")[2]
            found[name] = int(after.split()[16])
        return found

    def test_long_work_runs_at_a_lower_priority_than_the_loop(self):
        with Daemon() as daemon:
            daemon.stop()
            # The daemon's niceness must differ from this program's, which is in the same process group.
            wanted = min(os.nice(0) + 2, 19)

            def start():
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), wanted)
                daemon.start()

            starter = threading.Thread(target=start)
            starter.start()
            starter.join()
            self.assertIn("result", daemon.call("layout.explain", {"request": LARGE}))
            found = self.nicenesses(daemon)
            self.assertEqual((found["loop"], found["work"]), (wanted, min(wanted + 5, 19)))


class DisconnectedClients(unittest.TestCase):
    def test_changes_that_have_not_begun_are_dropped(self):
        with Daemon() as daemon:
            made = daemon.call("layout.create", {"name": "vm", "request": LARGE})["result"]
            clients = []
            for number in range(60):
                client = daemon.connect()
                client.send(line("layout.update", {"name": "vm", "request": large(COUNT + 1 + number)}, 1))
                clients.append(client)
            daemon.wait_read(*clients)
            with daemon.paused():
                for client in clients:
                    client.close()
            wait_until(lambda: daemon.call("daemon.stats")["result"]["connections"]["open"] == 1, "the clients are still connected")
            daemon.wait_idle()
            found = daemon.call("layout.get", {"name": "vm"})["result"]["generation"]
            # Some updates had begun or were done before the last was sent.
            self.assertLess(found - made["generation"], 50)

    def test_changes_that_wait_behind_other_work_are_dropped(self):
        wanted = request(pcie={"root_complexes": [
            {"name": f"rc{i}", "segment": i, "low_mmio": "2MiB"} for i in range(60)]})
        with Daemon() as daemon:
            with contextlib.ExitStack() as stack:
                send_flood(daemon, [stack.enter_context(daemon.connect()) for _ in range(FLOOD_CONNECTIONS)])
                clients = [daemon.connect() for _ in range(40)]
                for number, client in enumerate(clients):
                    client.send(line("layout.create", {"name": f"vm-{number}", "request": wanted}, 1))
                daemon.wait_read(*clients)
                with daemon.paused():
                    for client in clients:
                        client.close()
            wait_until(lambda: daemon.call("daemon.stats")["result"]["connections"]["open"] == 1, "the clients are still connected")
            daemon.wait_idle()
            # Some may have been created before the last was sent.
            self.assertLess(len(daemon.call("layout.list")["result"]["layouts"]), 40)

    def test_the_daemon_stops_after_the_clients_have_left(self):
        with Daemon() as daemon:
            daemon.call("layout.create", {"name": "vm", "request": LARGE})
            clients = [daemon.connect() for _ in range(30)]
            for number, client in enumerate(clients):
                client.send(line("layout.update", {"name": "vm", "request": large(COUNT + 1 + number)}, 1))
            daemon.wait_read(*clients)
            daemon.process.send_signal(signal.SIGTERM)
            for client in clients:
                client.close()
            self.assertEqual(daemon.stop(), 0)

    def test_requests_of_disconnected_clients_are_dropped(self):
        with Daemon() as daemon:
            with contextlib.ExitStack() as stack:
                clients = [stack.enter_context(daemon.connect()) for _ in range(FLOOD_CONNECTIONS)]
                send_flood(daemon, clients)
                # Some requests are under way when the clients leave, and most wait.
                with daemon.paused():
                    answered = sum(not client.has_nothing() for client in clients)
                    for client in clients:
                        client.close()
            wait_until(lambda: daemon.call("daemon.stats")["result"]["connections"]["open"] == 1, "the clients are still connected")
            daemon.wait_idle()
            self.assertEqual(daemon.call("daemon.stats")["result"]["requests"]["layout.advise"]["answered"], answered)

    def test_replies_arrive_after_the_client_shuts_down_sending(self):
        with Daemon() as daemon, daemon.connect() as client:
            client.send_aside(line("layout.explain", {"request": LARGE}, 1) * 3, then_shutdown=True)
            for _ in range(3):
                self.assertIn("result", client.read_reply())
            self.assertIsNone(client.read_line())


class Memory(unittest.TestCase):
    """Memory that the daemon used for clients is freed after they have left."""

    def size(self, daemon):
        """Returns the MiB of address space, and of memory."""
        with open(f"/proc/{daemon.process.pid}/statm", encoding="ascii") as file:
            return [int(pages) * mmap.PAGESIZE >> 20 for pages in file.read().split()[:2]]

    def check(self, daemon, clients, idle, most):
        self.assertLess(self.size(daemon)[1], most)
        for client in clients:
            # The rest of what the daemon is sending is dropped, too.
            with contextlib.suppress(OSError):
                client.sock.shutdown(socket.SHUT_RDWR)
            client.close()
        wait_until(lambda: self.size(daemon)[1] <= idle + 10, lambda: f"{self.size(daemon)[1]} MiB of memory, {idle} MiB before")

    def test_subscribers_that_do_not_read_take_little(self):
        with Daemon() as daemon, daemon.connect() as client:
            space, idle = self.size(daemon)
            if space > 1 << 20:
                self.skipTest("a sanitizer keeps what is freed")
            subscribers = [daemon.connect(inspect=True) for _ in range(200)]
            for subscriber in subscribers:
                subscriber.call("events.subscribe")
            for number in range(300):
                client.call("layout.create", {"name": f"vm-{number}", "request": request()})
            self.check(daemon, subscribers, idle, idle + 32)

    def test_large_replies_that_are_not_read_are_limited(self):
        with Daemon("--limit", "output_user_bytes=16M") as daemon:
            space, idle = self.size(daemon)
            if space > 1 << 20:
                self.skipTest("a sanitizer keeps what is freed")
            clients = [daemon.connect(inspect=True) for _ in range(24)]
            for client in clients:
                client.send(line("layout.explain", {"request": LARGE}, 1))
            daemon.wait_read(*clients)
            daemon.wait_idle()
            # The limit, the reply that exceeds it, and as much again for the reply being made.
            self.check(daemon, clients, idle, idle + 64)


@unittest.skipUnless(can_be_another_user(), "needs root, to become another user")
class Users(unittest.TestCase):
    def test_a_user_is_charged_for_what_takes_long(self):
        with open_daemon() as daemon:
            with user(FLOOD):
                busy = daemon.connect()
            with user(OTHER):
                quiet = daemon.connect()
            with busy, quiet:
                def charge_of_short_request():
                    before = served(daemon, OTHER)
                    quiet.call("layout.resolve", {"request": request()})
                    return served(daemon, OTHER) - before

                busy.call("layout.explain", {"request": LARGE})
                # A turn is charged in wall time, so on a busy machine it may be charged for time in which the daemon did not run.
                short = min(charge_of_short_request() for _ in range(20))
                self.assertGreater(served(daemon, FLOOD), 20 * short)
                self.assertGreater(short, 0)

    def test_a_user_without_rights_does_not_lock_a_name(self):
        with open_daemon() as daemon, contextlib.ExitStack() as stack:
            with user(FLOOD):
                flood = [stack.enter_context(daemon.connect()) for _ in range(1 + FLOOD_CONNECTIONS)]
            with user(OTHER):
                owner = stack.enter_context(daemon.connect())
            owner.call("layout.create", {"name": "vm", "request": LARGE})
            send_flood(daemon, flood[1:])
            flood[0].send(line("layout.delete", {"name": "vm"}, 1))
            self.assertEqual(flood[0].read_reply()["error"]["data"]["reason"], "denied")
            self.assertIn("result", owner.call("layout.delete", {"name": "vm"}))
            self.assertGreater(sum(client.has_nothing() for client in flood[1:]), 4)

    def test_each_user_has_one_request_under_way(self):
        with open_daemon() as daemon, contextlib.ExitStack() as stack:
            with user(FLOOD):
                flood = [stack.enter_context(daemon.connect(inspect=True)) for _ in range(FLOOD_CONNECTIONS)]
            with user(OTHER):
                other = stack.enter_context(daemon.connect(inspect=True))
            send_flood(daemon, flood)
            other.send(line("layout.explain", {"request": LARGE}, 1))
            other.read_reply()
            # One request was under way, and a few more may have followed. With one queue for all, all of them would
            # come first.
            self.assertGreater(sum(client.has_nothing() for client in flood), 4)


if __name__ == "__main__":
    main()
