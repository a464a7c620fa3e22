# SPDX-License-Identifier: MIT
"""Limits on lines, output, connections and descriptors: what happens when one is reached, and that other clients are
served as before."""

import contextlib
import json
import os
import resource
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from harness import LONG_TIME_LIMITS, PATIENCE, PROGRAM, Client, Daemon, can_be_another_user, main, wait_until

INFO = b'{"jsonrpc":"2.0","id":1,"method":"daemon.info"}'
NOBODY = 65534
USERS = range(61000, 61008)
SCHEMA = b'{"jsonrpc":"2.0","id":%d,"method":"daemon.schema"}\n'

# The reply is megabytes long.
EXPLAIN = json.dumps({"jsonrpc": "2.0", "id": 0, "method": "layout.explain", "params": {"request": {
    "arch": "x86_64", "memory": {"nodes": ["4GiB"]}, "pcie": {"root_complexes": [
        {"name": f"rc{i}", "segment": i, "end_bus": 0, "low_mmio": "4KiB"} for i in range(1500)]}}}}).encode() + b"\n"


def padded(length):
    """Returns a valid request of exactly that many bytes."""
    start, end = b'{"jsonrpc":"2.0","id":"', b'","method":"policy.list"}'
    return start + b"x" * (length - len(start) - len(end)) + end


def reason(reply):
    return reply["error"]["data"]["reason"]


class Lines(unittest.TestCase):
    def test_a_line_of_the_greatest_length_is_accepted_and_a_longer_one_refused(self):
        with Daemon() as daemon, daemon.connect() as client:
            client.send(padded(1 << 20) + b"\n")
            self.assertIn("result", client.read_reply())
            client.send(padded(1 << 20) + b"\r\n")
            self.assertIn("result", client.read_reply())
            client.send(padded((1 << 20) + 1) + b"\n")
            reply = client.read_reply()
            self.assertEqual((reply["error"]["code"], reason(reply), reply["id"]), (-32001, "message_too_large", None))
            self.assertIn("result", client.call("daemon.info"))

    def test_the_rest_of_a_line_that_is_too_long_is_skipped(self):
        with Daemon("--limit", "request_line_bytes=4K") as daemon, daemon.connect() as client:
            for _ in range(3):
                client.send(b"[" * 500000)
                client.send(b"[" * 500000 + b"\n" + INFO + b"\n")
                self.assertEqual(reason(client.read_reply()), "message_too_large")
                self.assertIn("result", client.read_reply())

    def test_a_line_that_is_too_long_may_end_with_the_input(self):
        with Daemon("--limit", "request_line_bytes=4K") as daemon, daemon.connect() as client:
            client.send(b"[" * 100000)
            client.shutdown()
            self.assertEqual(reason(client.read_reply()), "message_too_large")
            self.assertIsNone(client.read_line())

    def test_an_unfinished_line_times_out(self):
        with Daemon("--limit", "unfinished_line_ms=200", "--limit", "request_line_bytes=4K") as daemon:
            with daemon.connect() as idle, daemon.connect() as slow, daemon.connect() as too_long:
                slow.send(INFO + b"\n" + INFO[:10])
                too_long.send(b"x" * 5000)
                self.assertIn("result", slow.read_reply())
                reply = slow.read_reply()
                self.assertEqual((reply["error"]["code"], reason(reply), reply["id"]), (-32003, "timeout", None))
                self.assertIsNone(slow.read_line())
                self.assertEqual(reason(too_long.read_reply()), "message_too_large")
                self.assertEqual(reason(too_long.read_reply()), "timeout")
                # A client that has sent nothing may wait for ever.
                self.assertIn("result", idle.call("daemon.info"))
            daemon.wait_log("event=line_unfinished uid=")

    def test_dribbling_does_not_extend_the_time(self):
        self.dribble(b"")

    def test_dribbling_into_a_line_that_is_too_long_does_not_extend_the_time(self):
        self.dribble(b"x" * 5000)

    def dribble(self, start):
        with Daemon("--limit", "unfinished_line_ms=300", "--limit", "request_line_bytes=4K") as daemon, \
                daemon.connect() as client:
            client.send(start)
            if start:
                self.assertEqual(reason(client.read_reply()), "message_too_large")

            def send_a_byte():
                with contextlib.suppress(BrokenPipeError):
                    client.send(b" ")
                return not client.has_nothing()

            wait_until(send_a_byte, "no reply to a line without an end")
            self.assertEqual(reason(client.read_reply()), "timeout")


class Output(unittest.TestCase):
    def test_a_reply_that_would_be_too_long_is_refused(self):
        with Daemon("--limit", "reply_bytes=64K") as daemon, daemon.connect() as client:
            request = {"arch": "x86_64", "memory": {"nodes": ["4GiB"]}, "virtio_mmio": {"slots": 4096},
                       "pcie": {"root_complexes": [
                           {"name": f"rc{i}", "start_bus": i, "end_bus": i, "low_mmio": "2M"} for i in range(200)]}}
            reply = client.call("layout.resolve", {"request": request})
            self.assertEqual((reply["error"]["code"], reason(reply)), (-32001, "message_too_large"))
            request["virtio_mmio"]["slots"] = 1
            del request["pcie"]
            self.assertIn("result", client.call("layout.resolve", {"request": request}))

    def test_the_length_in_the_refusal_does_not_depend_on_earlier_replies(self):
        request = {"arch": "x86_64", "memory": {"nodes": ["4GiB"]}, "virtio_mmio": {"slots": 4096},
                   "pcie": {"root_complexes": [{"name": f"rc{i}", "segment": i, "low_mmio": "2MiB"} for i in range(180)]}}
        line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "layout.resolve", "params": {"request": request}}).encode()
        with Daemon("--limit", "reply_bytes=64K") as daemon, daemon.connect() as client:
            client.send_aside((INFO + b"\n" + line + b"\n") * 30)
            replies = [client.read_reply() for _ in range(60)][1::2]
            self.assertEqual({reason(reply) for reply in replies}, {"message_too_large"})
            self.assertEqual(len({reply["error"]["message"] for reply in replies}), 1)

    def test_a_refusal_too_long_for_its_changes_is_message_too_large(self):
        def with_root_complexes(count, nodes=("4GiB",)):
            return {"arch": "x86_64", "memory": {"nodes": nodes}, "pcie": {"root_complexes": [
                {"name": f"root-complex-{i}", "segment": i, "low_mmio": "2MiB"} for i in range(count)]}}

        with Daemon("--store", "memory", "--limit", "reply_bytes=64K") as daemon, daemon.connect() as client:
            many = {"name": "vm", "request": with_root_complexes(300)}
            # The layout is created, although the reply is too long.
            self.assertIn("the change was made", client.call("layout.create", many)["error"]["message"])
            before = client.call("layout.list")["result"]["layouts"]
            for wanted, why in ((with_root_complexes(1), "would_remove"),
                                (with_root_complexes(300, ["512GiB", "8GiB"]), "would_move")):
                update = {"name": "vm", "request": wanted}
                reply = client.call("layout.update", update)
                self.assertEqual((reply["error"]["code"], reason(reply)), (-32001, "message_too_large"))
                self.assertRegex(reply["error"]["message"], "^the reply would have ")
                self.assertIsNotNone(reply["id"])
                daemon.wait_log(f"reason={why} ")
                client.send(json.dumps({"jsonrpc": "2.0", "id": "x" * 100000, "method": "layout.update",
                                        "params": update}).encode() + b"\n")
                reply = client.read_reply()
                self.assertEqual((reason(reply), reply["id"]), ("message_too_large", None))
                self.assertEqual(client.call("layout.list")["result"]["layouts"], before)

    def test_a_reply_that_would_be_too_long_says_that_the_change_was_made_only_if_it_was(self):
        def ask(method, params):
            client.send(json.dumps({"jsonrpc": "2.0", "id": "x" * 65536, "method": method,
                                    "params": params}).encode() + b"\n")
            reply = client.read_reply()
            self.assertEqual((reason(reply), reply["id"]), ("message_too_large", None))
            return reply["error"]["message"].startswith("the change was made, but ")

        small, large = ({"name": "vm", "request": {"arch": "x86_64", "memory": {"nodes": [size]}}}
                        for size in ("4GiB", "8GiB"))
        with Daemon("--store", "memory", "--limit", "reply_bytes=64K") as daemon, daemon.connect() as client:
            self.assertTrue(ask("layout.create", small))
            self.assertFalse(ask("layout.create", small))
            self.assertFalse(ask("layout.update", small))
            self.assertFalse(ask("layout.update", {**large, "dry_run": True, "allow_moves": True}))
            self.assertTrue(ask("layout.update", {**large, "allow_moves": True}))
            self.assertFalse(ask("layout.get", {"name": "vm"}))
            self.assertTrue(ask("layout.delete", {"name": "vm"}))
            self.assertEqual(client.call("layout.list")["result"]["layouts"], [])

    def test_an_id_that_makes_a_refusal_too_long_is_left_out(self):
        with Daemon("--limit", "reply_bytes=64K") as daemon, daemon.connect() as client:
            client.send(padded(100000) + b"\n")
            reply = client.read_reply()
            self.assertEqual((reason(reply), reply["id"]), ("message_too_large", None))
            self.assertIn("result", client.call("policy.list"))

    def test_unread_output_of_a_user_is_limited_over_all_connections(self):
        with Daemon(*LONG_TIME_LIMITS, "--limit", "output_user_bytes=64K") as daemon:
            with daemon.connect() as greedy, daemon.connect() as other:
                greedy.send(b"".join(SCHEMA % i for i in range(200)))
                self.assertEqual(greedy.read_reply()["id"], 0)
                # Waits until the daemon has filled the socket and its own buffer.
                daemon.wait_idle()
                other.send(INFO + b"\n")
                daemon.wait_idle()
                self.assertTrue(other.has_nothing())
                for i in range(1, 200):
                    self.assertEqual(greedy.read_reply()["id"], i)
                self.assertIn("result", other.read_reply())

    def test_clients_that_are_held_back_may_leave_together(self):
        # The short limit makes the next tick come at once.
        with Daemon(*LONG_TIME_LIMITS[:-1], "--limit", "unfinished_line_ms=100", "--limit", "output_user_bytes=64K") as daemon, \
                daemon.connect() as third:
            first, second = daemon.connect(), daemon.connect()
            first.send(b"".join(SCHEMA % i for i in range(20)))
            daemon.wait_idle()
            # The daemon reads only a part of this before the turn of `second`.
            second.send((INFO + b"\n") * 2000)
            daemon.wait_idle()
            with daemon.paused():
                first.close()
                second.close()
                time.sleep(0.1)
            self.assertIn("result", third.call("daemon.info"))

    def test_a_client_that_does_not_read_is_held_back_and_loses_nothing(self):
        with Daemon(*LONG_TIME_LIMITS) as daemon, daemon.connect() as client:
            # Far more replies than the daemon may keep, so it must stop reading.
            data = b"".join(SCHEMA % i for i in range((8 << 20) // len(SCHEMA)))
            sent = client.send_until_held_back(daemon, data)
            self.assertLess(sent, len(data), "the daemon never stopped reading")
            with open(f"/proc/{daemon.process.pid}/status", encoding="ascii") as status:
                resident = [int(entry.split()[1]) for entry in status if entry.startswith("VmRSS")][0]
            self.assertLess(resident, 400 << 10, "kilobytes resident")
            with daemon.connect() as other:
                self.assertIn("result", other.call("daemon.info"))
            # When the client reads, it gets everything. It first finishes the line in which the daemon stopped reading.
            end = data.index(b"\n", sent) + 1
            client.send_aside(data[sent:end], then_shutdown=True)
            for request_id in range(data[:end].count(b"\n")):
                self.assertEqual(client.read_reply()["id"], request_id)
            self.assertIsNone(client.read_line())

    def test_a_client_that_never_reads_is_cut_off(self):
        with Daemon("--limit", "output_stall_ms=200") as daemon, daemon.connect() as client:
            client.send(b"".join(SCHEMA % i for i in range(100)))
            daemon.wait_log("reason=output_stalled")
            with daemon.connect() as other:
                self.assertIn("result", other.call("daemon.info"))

    def test_a_slow_reader_is_not_cut_off(self):
        """All replies together take longer than one reply may."""
        with Daemon("--limit", "output_stall_ms=4000") as daemon, daemon.connect() as client:
            client.send(b"".join(SCHEMA % i for i in range(60)))
            for i in range(60):
                time.sleep(0.08)
                self.assertEqual(client.read_reply()["id"], i)

    def test_a_slow_reader_of_one_reply_is_not_cut_off(self):
        """The reply takes longer than output_stall_ms, but the client reads some of it all the time."""
        with Daemon("--limit", "output_stall_ms=4000") as daemon, daemon.connect() as client:
            client.send(EXPLAIN)
            received = b""
            while not received.endswith(b"\n"):
                data = client.sock.recv(65536)
                self.assertTrue(data, "cut off")
                received += data
                time.sleep(0.06)
            self.assertIn("ranges", json.loads(received)["result"])

    def test_a_client_that_asks_and_reads_steadily_is_not_cut_off(self):
        """New replies after an old one must not hide that the client is reading the old one."""
        with Daemon("--limit", "output_stall_ms=4000", "--limit", "output_pause_bytes=64M") as daemon, \
                daemon.connect() as client:
            client.send(EXPLAIN)
            deadline = time.monotonic() + 5
            asked = 0
            while time.monotonic() < deadline:
                daemon.wait_idle()
                # The daemon finds the read bytes and the new request when it continues.
                with daemon.paused():
                    client.read_what_is_there()
                    client.send(INFO + b"\n")
                    asked += 1
                time.sleep(0.2)
            self.assertNotIn(b"\n", client.buffer)
            self.assertIn("ranges", client.read_reply()["result"])
            for _ in range(asked):
                self.assertIn("limits", client.read_reply()["result"])

    def test_too_much_unsent_output_closes_the_connection(self):
        with Daemon("--limit", "output_close_bytes=64K") as daemon, daemon.connect() as client:
            client.send(b"".join(SCHEMA % i for i in range(60)))
            daemon.wait_log("reason=output_queue_full")
            with daemon.connect() as other:
                self.assertIn("result", other.call("daemon.info"))

    def test_few_queued_requests_are_enough(self):
        with Daemon("--limit", "queued_requests=1") as daemon, daemon.connect() as client:
            client.send(b"".join(SCHEMA % i for i in range(50)))
            client.shutdown()
            self.assertEqual([client.read_reply()["id"] for _ in range(50)], list(range(50)))
            self.assertIsNone(client.read_line())

    def test_no_further_request_is_answered_while_a_reply_is_queued(self):
        with Daemon(*LONG_TIME_LIMITS, "--limit", "queued_requests=1") as daemon, daemon.connect() as client:
            client.send(b"".join(SCHEMA % i for i in range(60)))
            daemon.wait_idle()
            taken = daemon.call("daemon.stats")["result"]["requests"]["daemon.schema"]["answered"]
            with daemon.paused():
                client.read_what_is_there()
            # The socket has room for only a part of the last reply.
            self.assertEqual(taken, client.buffer.count(b"\n") + 1)
            for i in range(60):
                self.assertEqual(client.read_reply()["id"], i)

    def test_clients_that_leave_early_do_no_harm(self):
        with Daemon() as daemon:
            for _ in range(50):
                client = daemon.connect()
                client.send(b"".join(SCHEMA % i for i in range(20)))
                client.close()
            self.assertIn("result", daemon.call("daemon.info"))


class Connections(unittest.TestCase):
    def refused(self, path):
        with Client(path) as client:
            reply = client.read_reply()
            self.assertEqual((reply["error"]["code"], reason(reply), reply["id"]), (-32002, "overloaded", None))
            self.assertIsNone(client.read_line())

    def accepted(self, path):
        client = Client(path)
        self.addCleanup(client.close)
        self.assertIn("result", client.call("daemon.info"))
        return client

    def when_free(self, path):
        """Waits until a place is free, because the daemon must first see that the other side has closed."""
        def is_let_in():
            with Client(path) as client:
                # A connection that is turned away may close before the request is sent.
                with contextlib.suppress(BrokenPipeError):
                    client.send(INFO + b"\n")
                return "result" in client.read_reply()

        wait_until(is_let_in, "no connection is free")

    def test_connections_are_limited_on_each_socket(self):
        with Daemon("--limit", "connections=4", "--limit", "connections_for_root=0",
                    "--limit", "inspect_connections=2") as daemon:
            clients = [self.accepted(path) for path in (daemon.inspect_socket, daemon.socket) for _ in range(2)]
            self.refused(daemon.inspect_socket)
            daemon.wait_log("socket=inspect method=\"\" reason=overloaded")
            clients += [self.accepted(daemon.socket) for _ in range(2)]
            self.refused(daemon.socket)
            stats = clients[0].call("daemon.stats")["result"]
            self.assertEqual((stats["connections"]["open"], stats["users"][0]["connections"]), (6, 6))
            for path, client in (daemon.inspect_socket, clients[0]), (daemon.socket, clients[-1]):
                client.close()
                self.when_free(path)

    def test_connections_are_limited_for_each_uid_on_each_socket(self):
        with Daemon("--limit", "connections_per_uid=3") as daemon:
            for path in daemon.socket, daemon.inspect_socket:
                for _ in range(3):
                    self.accepted(path)
                self.refused(path)

    def test_the_default_limits_are_enforced(self):
        with Daemon() as daemon:
            for _ in range(256):
                self.accepted(daemon.socket)
            self.refused(daemon.socket)
            # An eighth is for users who have few connections.
            for _ in range(224):
                self.accepted(daemon.inspect_socket)
            self.refused(daemon.inspect_socket)

    @contextlib.contextmanager
    def user(self, uid):
        """Connections made inside the `with` block belong to this user."""
        os.seteuid(uid)
        try:
            yield
        finally:
            os.seteuid(0)

    def connect_all(self, path, count):
        """Connects as the current user until the daemon refuses, at most `count` times. Returns the number of
        connections."""
        for taken in range(count):
            client = Client(path)
            self.addCleanup(client.close)
            # A connection that is turned away may close before the request is sent.
            with contextlib.suppress(BrokenPipeError):
                client.send(INFO + b"\n")
            if "result" not in client.read_reply():
                return taken
        return count

    @unittest.skipUnless(can_be_another_user(), "needs root, to become another user")
    def test_users_with_many_connections_lock_nobody_out(self):
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, limits)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
        if limits[1] < 2048:
            self.skipTest("needs 2048 open files")
        with Daemon("--socket-mode", "666") as daemon:
            os.chmod(daemon.folder, 0o755)
            taken = {}
            for path in daemon.inspect_socket, daemon.socket:
                for uid in USERS[:4]:
                    with self.user(uid):
                        taken[path, uid] = self.connect_all(path, 257)
            self.assertEqual([taken[daemon.socket, uid] for uid in USERS[:4]], [256, 256, 256, 112])
            self.assertEqual([taken[daemon.inspect_socket, uid] for uid in USERS[:4]], [224, 4, 4, 4])
            for uid in USERS[4:]:
                with self.user(uid):
                    self.assertEqual(self.connect_all(daemon.socket, 5), 4)
                    self.assertEqual(self.connect_all(daemon.inspect_socket, 1), 1)
            self.accepted(daemon.inspect_socket)
            # Root, too, may have only few connections there: those of connections_for_root.
            self.assertEqual(self.connect_all(daemon.socket, 257), 16)

    @contextlib.contextmanager
    def as_nobody(self, run):
        """Runs `run(say)` as another user in a process of its own. The caller's block begins when `run` calls `say`,
        which returns when the block ends. `run` must return true."""
        here, there = socket.socketpair()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                here.close()
                os.setuid(NOBODY)

                def say():
                    there.send(b"x")
                    there.recv(1)
                status = 0 if run(say) else 1
            finally:
                os._exit(status)
        there.close()
        try:
            with here:
                self.assertEqual(here.recv(1), b"x", "the child has failed")
                yield
        finally:
            status = os.waitpid(child, 0)[1]
        self.assertEqual(status, 0)

    @unittest.skipUnless(can_be_another_user(), "needs root, to become another user")
    def test_some_connections_are_kept_for_root(self):
        with Daemon("--limit", "connections=6", "--limit", "connections_for_root=2", "--socket-mode", "666") as daemon:
            os.chmod(daemon.folder, 0o755)

            def fill(say):
                clients = [Client(daemon.socket) for _ in range(4)]
                is_right = all("result" in client.call("daemon.info") for client in clients)
                with Client(daemon.socket) as client:
                    is_right = is_right and reason(client.read_reply()) == "overloaded"
                say()
                return is_right

            with self.as_nobody(fill):
                self.accepted(daemon.socket)
                self.accepted(daemon.socket)
                self.refused(daemon.socket)
            daemon.wait_log(f"event=request_refused uid={NOBODY} ")

    @unittest.skipUnless(can_be_another_user(), "needs root, to become another user")
    def test_connections_turned_away_take_no_one_elses_place(self):
        with Daemon("--limit", "connections=40", "--limit", "connections_per_uid=4", "--limit",
                    "connections_for_root=10", "--socket-mode", "666") as daemon:
            os.chmod(daemon.folder, 0o755)
            # While the daemon is stopped, the user nobody connects sixty times, and then root once.
            daemon.process.send_signal(signal.SIGSTOP)

            def connect_sixty_times(say):
                clients = [Client(daemon.socket) for _ in range(60)]
                say()
                return bool(clients)

            try:
                with self.as_nobody(connect_sixty_times), daemon.connect() as client:
                    client.send(INFO + b"\n")
                    daemon.process.send_signal(signal.SIGCONT)
                    self.assertIn("result", client.read_reply())
            finally:
                daemon.process.send_signal(signal.SIGCONT)

    @unittest.skipUnless(can_be_another_user(), "needs root, to become another user")
    def test_at_most_half_of_the_connections_are_kept_for_root(self):
        with Daemon("--limit", "connections=4", "--limit", "connections_for_root=16", "--socket-mode", "666") as daemon:
            os.chmod(daemon.folder, 0o755)

            def fill(say):
                served = []
                clients = [Client(daemon.socket) for _ in range(3)]
                for client in clients:
                    # A connection that is turned away may close before the request is sent.
                    with contextlib.suppress(BrokenPipeError):
                        client.send(INFO + b"\n")
                    served.append("result" in client.read_reply())
                say()
                return served == [True, True, False]

            with self.as_nobody(fill):
                pass

    def test_a_flood_of_connections_does_not_flood_the_log(self):
        with Daemon("--limit", "connections_per_uid=1") as daemon:
            start = time.monotonic()
            self.accepted(daemon.socket)

            def is_limited():
                with contextlib.ExitStack() as clients:
                    for client in [clients.enter_context(Client(daemon.socket)) for _ in range(200)]:
                        client.read_line()
                return "event=log_limited left_out=" in daemon.log()

            # This needs a machine that makes more than a hundred connections a second.
            wait_until(is_limited, "no lines were left out")
            self.assertLess(daemon.log().count("\n"), 100 * (time.monotonic() - start + 3))

    def flood(self, path, parent):
        """Connects and hangs up, until this process is killed or the test is gone."""
        try:
            while os.getppid() == parent:
                with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                    connection.setblocking(False)
                    connection.connect(path)
        finally:
            os._exit(1)

    def test_a_flood_of_connections_keeps_no_one_waiting(self):
        with Daemon("--limit", "connections_per_uid=4") as daemon, daemon.connect() as client:
            parent, children = os.getpid(), []
            # Together, the children connect faster than the daemon can turn them away.
            for _ in range(4):
                child = os.fork()
                if child == 0:
                    self.flood(daemon.socket, parent)
                children.append(child)
            try:
                for _ in range(200):
                    self.assertIn("result", client.call("daemon.info"))
            finally:
                for child in children:
                    os.kill(child, signal.SIGKILL)
                    os.waitpid(child, 0)

    def test_a_client_turned_away_sees_why_though_it_has_sent_something(self):
        with Daemon("--limit", "connections_per_uid=1") as daemon:
            first = self.accepted(daemon.socket)
            with Client(daemon.socket) as client:
                client.send_aside(b"x" * 1000, then_shutdown=True)
                self.assertEqual(reason(client.read_reply()), "overloaded")
            self.assertIn("result", first.call("daemon.info"))



class Idle(unittest.TestCase):
    """The daemon disconnects clients of the inspect socket that ask nothing, and no others."""

    LIMIT = "--limit=inspect_idle_ms=200"

    def test_an_idle_client_of_the_inspect_socket_is_disconnected(self):
        with Daemon(self.LIMIT, "--log-level", "debug") as daemon:
            with daemon.paused():
                client = daemon.connect(inspect=True)
                client.send(INFO + b"\n")
            with client:
                self.assertIn("result", client.read_reply())
                self.assertIsNone(client.read_line())
            line = daemon.wait_log(" reason=idle")
            for words in ("level=debug event=connection_closed ", " socket=inspect "):
                self.assertIn(words, line)

    def test_subscribers_and_clients_of_the_control_socket_may_wait(self):
        with Daemon(self.LIMIT, "--store=memory") as daemon, daemon.connect() as control:
            with daemon.paused():
                watching, reading = daemon.connect(inspect=True), daemon.connect(inspect=True)
                watching.send(b'{"jsonrpc":"2.0","id":1,"method":"events.subscribe"}\n')
                # The replies are more than the socket buffers hold.
                reading.send(b"".join(SCHEMA % i for i in range(60)))
            with watching, reading:
                for _ in range(2):
                    with daemon.connect(inspect=True) as idle:
                        self.assertIsNone(idle.read_line())
                self.assertIn("result", control.call("layout.create", {
                    "name": "vm", "request": {"arch": "x86_64", "memory": {"nodes": ["1GiB"]}}}))
                self.assertIn("result", watching.read_reply())
                self.assertEqual(watching.read_reply()["params"]["name"], "vm")
                self.assertEqual([reading.read_reply()["id"] for _ in range(60)], list(range(60)))

    def test_a_client_that_waits_for_a_long_request_is_not_idle(self):
        request = {"arch": "x86_64", "memory": {"nodes": ["4GiB"]}, "pcie": {"root_complexes": [
            {"name": f"rc{i}", "segment": i, "end_bus": 0, "low_mmio": "4KiB"} for i in range(1000)]}}
        line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "layout.explain", "params": {"request": request}})
        with Daemon("--limit=inspect_idle_ms=100") as daemon, contextlib.ExitStack() as stack:
            with daemon.paused():
                # The requests are answered one after another, because they are one user's.
                clients = [stack.enter_context(daemon.connect(inspect=True)) for _ in range(16)]
                for client in clients:
                    client.send(line.encode() + b"\n")
            for client in clients:
                self.assertIn("result", client.read_reply())


class Descriptors(unittest.TestCase):
    """The limit on open files decides how many connections there can be."""

    def limited(self, limit, test):
        """Runs a test in a process of its own. Its daemons get `limit` as soft and hard limit."""
        child = os.fork()
        if child == 0:
            status = 1
            try:
                resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
                test()
                status = 0
            finally:
                os._exit(status)
        self.assertEqual(os.waitpid(child, 0)[1], 0)

    def test_the_soft_limit_is_raised(self):
        with Daemon() as daemon:
            daemon.stop()
            before = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, before[1]))
            try:
                daemon.start()
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, before)
            found = resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE)
            self.assertEqual(found, (before[1], before[1]))

    def test_descriptors_that_a_client_sends_are_closed(self):
        with Daemon() as daemon, daemon.connect() as client, open(os.devnull, "rb") as file:
            def count():
                return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))

            self.assertIn("result", client.call("daemon.info"))
            before = count()
            socket.send_fds(client.sock, [INFO + b"\n"], [file.fileno()] * 9)
            self.assertIn("result", client.read_reply())
            self.assertEqual(count(), before)

    def serve_few(self):
        with Daemon("--limit", "connections_for_root=4096") as daemon:
            opened = len(os.listdir(f"/proc/{daemon.process.pid}/fd"))
            limits = daemon.call("daemon.info")["result"]["limits"]
            places = limits["connections"]
            # Some descriptors are kept for a short use. The shares are in the proportion of 1024 and 256.
            self.assertEqual(places, (64 - opened - 14) * 4 // 5)
            self.assertEqual(limits["connections_for_root"], places // 2)
            inspect = limits["inspect_connections"]
            self.assertIn(inspect, range(places // 5, places // 3))
            self.assertIn(f"event=few_descriptors limit=64 connections={places} inspect_connections={inspect} "
                          'wanted=1280 what="the limit on open files lowers the limits on connections"', daemon.log())
            self.assertRegex(daemon.log(), r'hint="raise it: ulimit -Hn (13\d\d), or LimitNOFILE=\1 '
                             'in the systemd unit"')
            self.assertIn(f" connections={places} inspect_connections={inspect}\n", daemon.log())
            # Each child holds only 16 connections, because Python itself needs some of the 64 descriptors.
            children = []
            for path, total in (daemon.inspect_socket, inspect), (daemon.socket, places):
                # An eighth is for users who have few connections, and half of the control socket's places are for root.
                total -= total // 8
                if path == daemon.socket and os.geteuid() != 0:
                    total -= places // 2
                for first in range(0, total, 16):
                    children.append(self.hold(path, min(16, total - first)))
                with Client(path) as client:
                    self.assertEqual(reason(client.read_reply()), "overloaded")
            # The store and the sockets have the descriptors that they need.
            os.unlink(daemon.inspect_socket)
            daemon.wait_log("event=socket_restored")
            children.pop()()
            for i in range(20):
                self.assertTrue(self.create_when_free(daemon, f"vm-{i}"))
            for leave in children:
                leave()
            self.assertNotIn("accept_failed", daemon.log())

    def hold(self, path, count):
        """Connects `count` clients in a process of its own and checks that each is served. Returns a function that ends
        it."""
        ready, go = os.pipe(), os.pipe()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                # The child must see the end of the pipe if this program exits.
                os.close(go[1])
                clients = [Client(path) for _ in range(count)]
                if all("result" in client.call("daemon.info") for client in clients):
                    os.write(ready[1], b"x")
                    os.read(go[0], 1)
                    status = 0
            finally:
                os._exit(status)
        os.close(ready[1])
        self.assertEqual(os.read(ready[0], 1), b"x")

        def leave():
            os.write(go[1], b"x")
            self.assertEqual(os.waitpid(child, 0)[1], 0)
        return leave

    def create_when_free(self, daemon, name):
        def create():
            # The daemon turns the client away until the others have left.
            with daemon.connect() as client, contextlib.suppress(AssertionError, ConnectionError, KeyError):
                return client.call("layout.create", {
                    "name": name, "request": {"arch": "x86_64", "memory": {"nodes": ["1GiB"]}}})["result"]["created"]

        return wait_until(create, "no connection is free")

    def test_few_connections_are_all_served(self):
        self.limited(64, self.serve_few)

    def refuse(self):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([*PROGRAM, "--socket", folder + "/s", "--state-dir", folder + "/state"],
                                  capture_output=True, text=True, timeout=PATIENCE, check=False)
            self.assertEqual(done.returncode, 1)
            for words in ("level=error event=few_descriptors limit=47 least=48", "LimitNOFILE=48"):
                self.assertIn(words, done.stderr)
            self.assertEqual(os.listdir(folder), [])

    def test_too_few_descriptors_are_refused(self):
        self.limited(47, self.refuse)

    def serve_at_least(self):
        with Daemon() as daemon:
            self.assertGreaterEqual(daemon.call("daemon.info")["result"]["limits"]["connections"], 8)

    def test_just_enough_descriptors(self):
        self.limited(48, self.serve_at_least)


if __name__ == "__main__":
    main()
