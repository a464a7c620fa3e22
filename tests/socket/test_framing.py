# SPDX-License-Identifier: MIT
"""One message a line: framing, envelopes, order, and invalid lines."""

import json
import os
import random
import subprocess
import unittest

from harness import PATIENCE, Daemon, DaemonTestCase, main

REQUEST = {"arch": "x86_64", "memory": {"nodes": ["4GiB"]}}
INFO = b'{"jsonrpc":"2.0","id":%d,"method":"daemon.info"}'


def line(number=1, method="layout.resolve", **params):
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode()


class Framing(DaemonTestCase):
    def setUp(self):
        self.client = self.daemon.connect()
        self.addCleanup(self.client.close)

    def test_a_line_is_a_request_and_its_reply_a_line(self):
        self.client.send(line(request=REQUEST) + b"\n")
        reply = json.loads(self.client.read_line())
        self.assertEqual(list(reply), ["jsonrpc", "id", "result"])
        self.assertEqual(reply["jsonrpc"], "2.0")
        self.assertEqual(reply["id"], 1)
        self.assertEqual(reply["result"]["layout"]["top"], "0x160000000")

    def test_cr_lf_ends_a_line(self):
        self.client.send(INFO % 1 + b"\r\n" + INFO % 2 + b"\r\n")
        self.assertEqual([self.client.read_reply()["id"] for _ in range(2)], [1, 2])

    def test_blank_lines_are_skipped(self):
        self.client.send(b"\n\r\n \t \n" + INFO % 7 + b"\n\n\n" + INFO % 8 + b"\n")
        self.assertEqual([self.client.read_reply()["id"] for _ in range(2)], [7, 8])

    def test_a_last_line_without_lf_counts_at_end_of_input(self):
        self.client.send(INFO % 1 + b"\n" + INFO % 2)
        self.client.shutdown()
        self.assertEqual([self.client.read_reply()["id"] for _ in range(2)], [1, 2])
        self.assertIsNone(self.client.read_line())

    def test_end_of_input_is_not_end_of_output(self):
        count = 2000
        self.client.send_aside(b"".join(line(i, request=REQUEST) + b"\n" for i in range(count)), then_shutdown=True)
        for i in range(count):
            self.assertEqual(self.client.read_reply()["id"], i)
        self.assertIsNone(self.client.read_line())

    def test_nothing_sent_is_nothing_answered(self):
        self.client.shutdown()
        self.assertIsNone(self.client.read_line())

    def test_bytes_may_come_one_by_one(self):
        for byte in INFO % 5 + b"\n":
            self.client.send(bytes([byte]))
        self.assertEqual(self.client.read_reply()["id"], 5)

    def test_socat_gets_one_line(self):
        done = subprocess.run(["socat", "-t5", "-", f"UNIX-CONNECT:{self.daemon.socket}"],
                              input=line(request=REQUEST) + b"\n", capture_output=True, timeout=PATIENCE, check=True)
        self.assertEqual(done.stdout.count(b"\n"), 1)
        self.assertIn("layout", json.loads(done.stdout)["result"])

    def test_replies_come_in_request_order_on_many_connections(self):
        clients = [self.daemon.connect() for _ in range(20)]
        for number, client in enumerate(clients):
            client.send(b"".join(line(1000 * number + i, request=REQUEST) + b"\n" for i in range(100)))
        for number, client in enumerate(clients):
            self.assertEqual([client.read_reply()["id"] for _ in range(100)],
                             [1000 * number + i for i in range(100)])
            client.close()


class Envelope(DaemonTestCase):
    def setUp(self):
        self.client = self.daemon.connect()
        self.addCleanup(self.client.close)

    def ask(self, data):
        self.client.send(data + b"\n")
        return self.client.read_reply()

    def refused(self, data, code, reason, request_id=None):
        reply = self.ask(data)
        self.assertEqual((reply["error"]["code"], reply["error"]["data"]["reason"], reply["id"]),
                         (code, reason, request_id), reply)
        self.assertTrue(reply["error"]["message"])
        # The connection still works.
        self.assertIn("result", self.ask(INFO % 1))
        return reply["error"]

    def test_ids_come_back_as_they_were(self):
        for request_id in (0, -1, 1, 2**53 - 1, 1 - 2**53, 10**15, "", "a", "\u00e9\U0001f600", "\"\\\n\t\u0001"):
            reply = self.ask(json.dumps({"jsonrpc": "2.0", "id": request_id, "method": "policy.list"}).encode())
            self.assertIn("result", reply)
            self.assertEqual(reply["id"], request_id)
            self.assertIs(type(reply["id"]), type(request_id))

    def test_an_integer_id_is_written_in_digits(self):
        self.client.send(b'{"jsonrpc":"2.0","id":1000000000000000,"method":"policy.list"}\n')
        self.assertTrue(self.client.read_line().startswith(b'{"jsonrpc":"2.0","id":1000000000000000,'))

    def test_the_greatest_and_the_least_integer_id_are_echoed(self):
        for request_id in (9007199254740991, -9007199254740991):
            self.client.send(b'{"jsonrpc":"2.0","id":%d,"method":"policy.list"}\n' % request_id)
            self.assertEqual(self.client.read_reply()["id"], request_id)

    def test_other_ids_are_refused(self):
        for request_id in ("null", "1.5", "true", "[]", "{}", "9007199254740992", "-9007199254740992", "1e300"):
            data = '{"jsonrpc":"2.0","id":%s,"method":"policy.list"}' % request_id
            self.refused(data.encode(), -32600, "invalid_request")

    def test_an_invalid_request_is_refused(self):
        for data, request_id in (
                (b"1", None), (b'"x"', None), (b"null", None), (b"{}", None), (b"[]", None),
                (b'[{"jsonrpc":"2.0","id":1,"method":"policy.list"}]', None),
                (b'{"id":3,"method":"policy.list"}', 3),
                (b'{"jsonrpc":"1.0","id":3,"method":"policy.list"}', 3),
                (b'{"jsonrpc":2.0,"id":3,"method":"policy.list"}', 3),
                (b'{"jsonrpc":"2.0","id":3}', 3),
                (b'{"jsonrpc":"2.0","id":3,"method":7}', 3),
                (b'{"jsonrpc":"2.0","id":3,"method":"policy.list","extra":1}', 3),
                (b'{"jsonrpc":"2.0","ID":3,"id":4,"method":"policy.list"}', 4),
                (b'{"jsonrpc":"2.0","id":3,"method":"policy.list","params":[]}', 3),
                (b'{"jsonrpc":"2.0","id":3,"method":"policy.list","params":null}', 3)):
            with self.subTest(data=data):
                self.refused(data, -32600, "invalid_request", request_id)

    def test_unknown_methods_are_refused(self):
        for method in ("", "layout", "layout.Resolve", "layout.resolve ", "rpc.discover", "x" * 10000, "\u00e9" * 100):
            error = self.refused(json.dumps({"jsonrpc": "2.0", "id": "m", "method": method}).encode(),
                                 -32601, "method_not_found", "m")
            self.assertLess(len(error["message"]), 500)

    def test_invalid_json_is_refused_with_its_offset(self):
        for data, reason, offset in (
                (b"x", "invalid_json", 0), (b"{", "invalid_json", 1), (b'{"a":1,"a":2}', "duplicate_key", 7),
                (b'"\xff"', "invalid_utf8", 1), (b'"\\u0000"', "invalid_json", 1), (b"{}\0", "invalid_json", 2),
                (b"[" * 100, "too_deep", 32), (b"[" + b"0," * 70000 + b"0]", "too_many_values", 2 * 65535 + 1)):
            with self.subTest(data=data[:20]):
                self.assertEqual(self.refused(data, -32700, reason)["data"]["offset"], offset)

    def test_params_errors_name_the_member(self):
        error = self.refused(line(9, request=dict(REQUEST, polcy="x")), -32602, "unknown_member", 9)
        self.assertEqual(error["data"]["pointer"], "/request/polcy")
        self.assertIn("policy", error["message"])

    def test_a_layout_that_does_not_exist_says_why(self):
        request = dict(REQUEST, pcie={"root_complexes": [{"name": "rc0", "low_mmio": "8GiB"}]})
        error = self.refused(line(9, request=request), 1, "exhausted", 9)
        self.assertEqual(error["data"], {
            "reason": "exhausted", "pointer": "/request/pcie/root_complexes/0/low_mmio", "tag": "pcie-rc0-low-mmio",
            "size": "0x200000000", "alignment": "0x200000", "phase": "mmio32", "free_space": "0xf8000000",
            "largest_fit": "0xf8000000", "fit": {"start": "0x0", "end": "0xf8000000"},
            "above": {"tag": "chipset-low-mmio", "start": "0xf8000000", "end": "0x100000000"},
            "largest_size": "0xf8000000", "demand": "0x200000000", "demands": 1, "supply": "0xf8000000",
            "equal_share": "0xf8000000"})

    def test_notifications_get_no_reply(self):
        self.client.send(b'{"jsonrpc":"2.0","method":"policy.list"}\n'
                         b'{"jsonrpc":"2.0","method":"no.such.method"}\n' + INFO % 3 + b"\n")
        self.assertEqual(self.client.read_reply()["id"], 3)

    def test_the_inspect_socket_serves_what_changes_nothing(self):
        with self.daemon.connect(inspect=True) as client:
            for method, params in (("layout.resolve", {"request": REQUEST}), ("layout.allocate", {}),
                                   ("layout.list", {}), ("layout.probe", {"request": REQUEST, "address": 0}),
                                   ("layout.compare", {"from": {"request": REQUEST}, "to": {"request": REQUEST}}),
                                   ("layout.explain", {"request": REQUEST}),
                                   ("policy.list", {}), ("events.subscribe", {}), ("daemon.info", None),
                                   ("daemon.stats", {}), ("daemon.schema", {})):
                self.assertIn("result", client.call(method, params), method)
            self.assertEqual(client.call("layout.get", {"name": "vm"})["error"]["data"]["reason"], "not_found")

    def test_the_inspect_socket_changes_nothing(self):
        with self.daemon.connect(inspect=True) as client:
            for method, params in (("layout.create", {"name": "vm", "request": REQUEST}),
                                   ("layout.delete", {"name": "vm"})):
                self.assertEqual(client.call(method, params)["error"]["data"]["reason"], "method_not_found", method)
        self.assertEqual(self.client.call("layout.list")["result"]["layouts"], [])

    def test_info_has_the_sockets_the_limits_and_the_policies(self):
        info = self.client.call("daemon.info")["result"]
        self.assertEqual(info["sockets"], {"control": self.daemon.socket, "inspect": self.daemon.inspect_socket})
        self.assertEqual(info["limits"], {
            "request_line_bytes": 1 << 20, "reply_bytes": 16 << 20, "connections": 1024,
            "inspect_connections": 256, "connections_per_uid": 256,
            "connections_for_root": 16, "queued_requests": 64, "output_pause_bytes": 1 << 20,
            "output_close_bytes": 32 << 20, "output_user_bytes": 128 << 20, "output_stall_ms": 30000, "unfinished_line_ms": 10000,
            "inspect_idle_ms": 600000,
            "virtio_mmio_slots": 4096, "memory_nodes": 1024, "root_complexes": 4096, "hotplug_rooms": 1024,
            "cxl_windows": 256, "window_devices": 256, "live_layouts": 131072,
            "live_layouts_per_uid": 0, "list_page": 1000, "events_kept": 4096, "store_bytes": 4 << 30,
            "store_bytes_per_uid": 0, "drain_ms": 5000})
        self.assertEqual(info["policies"], ["openvmm-2026.05", "openvmm-2026.06", "openvmm-2026.07"])
        self.assertEqual(info["default_policy"], "openvmm-2026.07")

    def test_refusals_are_logged_with_the_peer(self):
        with Daemon() as daemon:
            daemon.call("no\nsuch \u00e9")
            entry = daemon.wait_log('method="no\\x0asuch \\xc3\\xa9" reason=method_not_found')
            peer = f"uid={os.getuid()} pid={os.getpid()}"
            self.assertIn(f" level=info event=request_refused {peer} socket=control ", entry)

    def test_damaged_requests_never_hurt(self):
        """Flips, drops and doubles bytes of a valid line. There is at most one reply, and the daemon survives."""
        draw = random.Random(20260521)
        original = line(1, request=dict(REQUEST, pcie={"root_complexes": [
            {"name": "rc0", "high_mmio": {"start": "0x4000000000", "end": "0x4040000000"}, "iommu": "amd-vi"}]}))
        for _ in range(3000):
            data = bytearray(original)
            for _ in range(draw.randint(1, 4)):
                at = draw.randrange(len(data))
                kind = draw.randrange(3)
                if kind == 0:
                    data[at] = draw.randrange(256)
                elif kind == 1:
                    del data[at]
                else:
                    data[at:at] = data[at:at + draw.randint(1, 8)]
            data = bytes(data).replace(b"\n", b"")
            self.client.send(data + b"\n" + INFO % 424242 + b"\n")
            replies = 0
            while True:
                reply = self.client.read_reply()
                if reply.get("id") == 424242:
                    break
                replies += 1
            # There is no reply only if the damage removed the id and left a notification.
            self.assertLessEqual(replies, 1, data)


if __name__ == "__main__":
    unittest.TestCase.maxDiff = None
    main()
