#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Frames, envelopes and fields over ttrpc, from well-behaved clients and from others; and the rules for connections:
order, deadlines, limits, users and shutdown."""

import json
import os
import signal
import subprocess
import sys
import time
import unittest

from ttrpc_harness import (HEADER, Daemon, Refused, fields, frame, gpalayout_pb2, reply_class, request_bytes,
                           request_class, varint)

import gpalayout_ttrpc
import harness
from gpalayout_ttrpc import LARGEST_MESSAGE, RESPONSE, bytes_field
from harness import GPALAYOUT_FAULT_LIBRARY, LONG_TIME_LIMITS, PATIENCE, wait_until

INVALID, DEADLINE, NOT_FOUND, DENIED, EXHAUSTED, UNIMPLEMENTED, UNAVAILABLE = 3, 4, 5, 7, 8, 12, 14

REQUEST = {"arch": "x86_64", "memory": {"nodes": [1 << 30]}}
HOUR_MS = 3600000
MILLISECOND = 1000000  # nanoseconds


def message(rpc, members=None):
    """Returns the bytes of a request message."""
    return gpalayout_ttrpc.json_format.ParseDict(members or {}, request_class(rpc)()).SerializeToString()


def call_frame(stream, rpc, members=None, flags=0, **envelope):
    return frame(stream, request_bytes(rpc, message(rpc, members), **envelope), flags=flags)


def large_request(count, **members):
    """Returns a request with this many root complexes whose names have the greatest length."""
    return {**REQUEST, "pcie": {"ecam": "above-4gib", "root_complexes": [
        {"name": f"{number:0255}", "segment": number, "end_bus": 0, "low_mmio": {"none": True}, **members}
        for number in range(count)]}}


class Connected(unittest.TestCase):
    OPTIONS = ("--store=memory", *LONG_TIME_LIMITS)

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(*cls.OPTIONS)

    @classmethod
    def tearDownClass(cls):
        cls.daemon.__exit__(None)

    def setUp(self):
        self.client = self.daemon.frames()
        self.addCleanup(self.client.close)
        self.stream = -1

    def next_stream(self):
        self.stream += 2
        return self.stream

    def assert_refused(self, status, reason=None, stream=None, client=None):
        got, refusal = (client or self.client).read_response(reply_class("Info"))
        self.assertIsInstance(refusal, Refused)
        self.assertEqual(refusal.status, status, refusal)
        if reason:
            self.assertEqual(refusal.reason, reason)
        self.assertEqual(got, self.stream if stream is None else stream)
        return refusal

    def assert_goes_on(self, client=None):
        """Asserts that the next call is answered, and that nothing comes before its reply."""
        client = client or self.client
        stream = self.next_stream()
        client.send(call_frame(stream, "ListPolicies"))
        got, reply = client.read_response(reply_class("ListPolicies"))
        self.assertEqual(got, stream)
        self.assertTrue(reply.policies)

    def send_payload(self, rpc, payload):
        self.client.send(frame(self.next_stream(), request_bytes(rpc, payload)))

    def ask_payload(self, rpc, payload):
        self.send_payload(rpc, payload)
        stream, reply = self.client.read_response(reply_class(rpc))
        self.assertEqual(stream, self.stream)
        return reply


class TestFrames(Connected):
    def test_a_header_has_ten_bytes(self):
        body = request_bytes("Info", b"")
        self.client.send(len(body).to_bytes(4, "big") + (7).to_bytes(4, "big") + b"\x01\x00" + body)
        stream, kind, flags, reply = self.client.read_frame()
        self.assertEqual((stream, kind, flags), (7, RESPONSE, 0))
        self.assertEqual(set(fields(reply)), {2})

    def test_a_frame_may_be_cut_anywhere(self):
        data = call_frame(1, "Get", {"name": "nobody"})
        for cut in range(1, len(data)):
            with self.subTest(cut=cut), self.daemon.frames() as client:
                client.send(data[:cut])
                self.daemon.wait_read(client)
                self.daemon.wait_idle()
                self.assertTrue(client.has_nothing())
                client.send(data[cut:])
                self.assert_refused(NOT_FOUND, "not_found", stream=1, client=client)

    def test_a_frame_may_come_byte_by_byte(self):
        for byte in call_frame(1, "Get", {"name": "nobody"}):
            self.client.send(bytes([byte]))
            self.daemon.wait_read(self.client)
        self.assert_refused(NOT_FOUND, "not_found", stream=1)

    def test_many_frames_may_come_in_one_write(self):
        data = b"".join(call_frame(stream, "Resolve", {"request": REQUEST}) for stream in range(1, 4001, 2))
        self.client.send_aside(data, then_shutdown=True)
        for stream in range(1, 4001, 2):
            got, reply = self.client.read_response(reply_class("Resolve"))
            self.assertEqual(got, stream)
            self.assertTrue(reply.layout.map)
        self.assertIsNone(self.client.read_frame())

    def test_an_empty_message_names_no_service(self):
        self.client.send(frame(self.next_stream(), b""))
        self.assert_refused(UNIMPLEMENTED, "method_not_found")
        self.assert_goes_on()

    def test_types_that_are_not_known_are_ignored(self):
        for kind in (0, 2, 3, 4, 255):
            self.client.send(frame(1, request_bytes("Info", b""), kind=kind))
            self.client.send(frame(2, b"", kind=kind, flags=255))
        self.client.send_aside(frame(1, bytes(LARGEST_MESSAGE + 1), kind=9) + call_frame(1, "Info"))
        stream, reply = self.client.read_response(reply_class("Info"))
        self.assertEqual((stream, reply.sockets.ttrpc), (1, self.daemon.ttrpc_socket))

    def test_flags_of_streams_are_refused(self):
        for flags in (1, 2, 4, 0x80, 0xFF):
            self.client.send(call_frame(self.next_stream(), "Info", flags=flags))
            self.assert_refused(INVALID, "invalid_request")
        self.assert_goes_on()

    def test_stream_ids_are_odd_and_rise(self):
        self.client.send(call_frame(5, "ListPolicies"))
        self.assertEqual(self.client.read_response(reply_class("ListPolicies"))[0], 5)
        for wrong in (0, 2, 6, 5, 3, 1, 0xFFFFFFFE):
            self.client.send(call_frame(wrong, "ListPolicies"))
            self.assert_refused(INVALID, "invalid_request", stream=wrong)
        for right in (7, 1001, 0xFFFFFFFF):
            self.client.send(call_frame(right, "ListPolicies"))
            self.assertEqual(self.client.read_response(reply_class("ListPolicies"))[0], right)
        self.client.send(call_frame(0xFFFFFFFF, "ListPolicies"))
        self.assert_refused(INVALID, "invalid_request", stream=0xFFFFFFFF)

    def test_a_refused_call_has_used_its_stream_id(self):
        self.client.send(call_frame(9, "Info", flags=1) + call_frame(9, "Info"))
        self.assert_refused(INVALID, stream=9)
        self.assert_refused(INVALID, stream=9)

    def test_messages_have_at_most_4_mib(self):
        whole = request_bytes("ListPolicies", b"")
        room = LARGEST_MESSAGE - len(whole)
        # Unknown metadata fills the message: its tag has one byte, its length has four.
        full = whole + bytes_field(5, bytes(room - 5))
        self.assertEqual(len(full), LARGEST_MESSAGE)
        self.client.send_aside(frame(self.next_stream(), full))
        stream, reply = self.client.read_response(reply_class("ListPolicies"))
        self.assertTrue(reply.policies)
        # The refusal comes before the whole message is sent, but the daemon reads on.
        self.client.send(frame(self.next_stream(), full + b"\x2a\x00"))
        self.assert_refused(EXHAUSTED, "message_too_large")
        self.assert_goes_on()

    def test_a_frame_that_is_too_long_is_refused_at_once(self):
        self.client.send(HEADER.pack(0xFFFFFFFF, 1, 1, 0))
        self.assert_refused(EXHAUSTED, "message_too_large", stream=1)
        # The content of this frame is not read as frames.
        self.client.send(call_frame(3, "Info") * 100)
        self.client.shutdown()
        self.assertIsNone(self.client.read_frame())

    def test_skipped_bytes_may_end_anywhere_in_a_read(self):
        for more in (1, 2, 9, 10, 11, 65536, 65537):
            with self.subTest(more=more), self.daemon.frames() as client:
                client.send(HEADER.pack(LARGEST_MESSAGE + more, 1, 1, 0) + bytes(LARGEST_MESSAGE))
                self.assert_refused(EXHAUSTED, stream=1, client=client)
                self.daemon.wait_read(client)
                client.send(bytes(more) + call_frame(3, "Info"))
                self.assertEqual(client.read_response(reply_class("Info"))[0], 3)

    def test_a_reply_of_more_than_4_mib_is_refused(self):
        request = large_request(4096, cxl={"hdm": 256 << 20})
        self.client.send_aside(call_frame(self.next_stream(), "Resolve", {"request": request}))
        refusal = self.assert_refused(EXHAUSTED)
        self.assertIn("bytes", refusal.message)
        self.assert_goes_on()
        # With fewer root complexes the reply takes more than one turn, but is whole.
        request = large_request(1500, cxl={"hdm": 256 << 20})
        self.client.send_aside(call_frame(self.next_stream(), "Resolve", {"request": request}))
        stream, reply = self.client.read_response(reply_class("Resolve"))
        self.assertEqual(len(reply.layout.pcie.root_complexes), 1500)

    def test_a_client_that_half_closes_gets_its_replies(self):
        self.client.send(call_frame(1, "WaitEvents", {"timeout_ms": HOUR_MS}) + call_frame(3, "Info")
                         + call_frame(5, "Create", {"name": "half", "request": REQUEST}) + call_frame(7, "Info")[:-1])
        self.client.shutdown()
        streams = []
        while (got := self.client.read_frame()) is not None:
            streams.append(got[0])
        self.assertEqual(sorted(streams), [1, 3, 5])

    def test_a_frame_that_is_not_finished_gets_no_reply(self):
        self.client.send(call_frame(1, "Info")[:-1])
        self.client.shutdown()
        self.assertIsNone(self.client.read_frame())


class TestEnvelopes(Connected):
    def test_services_and_methods_that_are_not_known(self):
        for service, rpc in [("", "Info"), ("gpalayout.v1.Layout", "Info"), ("gpalayout.v1.Layouts2", "Info"),
                             ("gpalayout.v1.layouts", "Info"), ("gpalayout.v1.Layouts", ""),
                             ("gpalayout.v1.Layouts", "info"), ("gpalayout.v1.Layouts", "Inf"),
                             ("gpalayout.v1.Layouts", "Infos"), ("gpalayout.v1.Layouts", "daemon.info"),
                             ("gpalayout.v1.Layouts", "x" * 10000), ("x" * 20000, "Info")]:
            with self.subTest(service=service[:30], rpc=rpc[:30]):
                self.client.send(frame(self.next_stream(), request_bytes(rpc, b"", service=service)))
                self.assert_refused(UNIMPLEMENTED, "method_not_found")
        self.assert_goes_on()

    def test_invalid_envelopes(self):
        good = request_bytes("Info", b"")
        for what, wrong in [("a field too many", good + bytes_field(6, b"")),
                            ("a service twice", bytes_field(1, b"x") + good),
                            ("a method twice", good + bytes_field(2, b"Info")),
                            ("a payload twice", good + bytes_field(3, b"")),
                            ("a method that is a number", b"\x10\x01"),
                            ("a deadline that is a text", good + bytes_field(4, b"1")),
                            ("a deadline twice", good + b"\x20\x00\x20\x00"),
                            ("a group", good + b"\x2b\x2c"),
                            ("a field without a number", good + b"\x02\x00"),
                            ("a wire type that is none", good + b"\x2f"),
                            ("a number that has no end", good + b"\x20\xff"),
                            ("a number too long", good + b"\x20" + b"\xff" * 10 + b"\x01"),
                            ("a length beyond the end", good + b"\x2a\x05abcd"),
                            ("a length beyond all", good + b"\x2a" + varint(2**64 - 1)),
                            ("a text in place of it", b"GET / HTTP/1.1\r\n\r\n")]:
            with self.subTest(what):
                self.client.send(frame(self.next_stream(), wrong))
                self.assert_refused(INVALID, "invalid_request")
        self.assert_goes_on()

    def test_every_prefix_of_an_envelope_is_answered(self):
        whole = request_bytes("Get", message("Get", {"name": "nobody"}), timeout_nano=HOUR_MS * MILLISECOND)
        for length in range(len(whole)):
            self.client.send(frame(self.next_stream(), whole[:length]))
            stream, refusal = self.client.read_response(reply_class("Get"))
            self.assertEqual(stream, self.stream)
            self.assertIn(refusal.status, (INVALID, NOT_FOUND, UNIMPLEMENTED))
        self.assert_goes_on()

    def test_metadata_may_come_often(self):
        self.client.send(frame(1, request_bytes("Info", b"") + bytes_field(5, bytes_field(1, b"key")) * 1000))
        self.assertEqual(self.client.read_response(reply_class("Info"))[0], 1)


class TestFields(Connected):
    def test_unknown_fields(self):
        request = message("Resolve", {"request": REQUEST})
        inner = gpalayout_pb2.Request(arch="x86_64").SerializeToString()
        for number in (4, 15, 16, 100, 2**29 - 1):
            for content in (varint(number << 3) + b"\x01", varint(number << 3 | 1) + bytes(8),
                            bytes_field(number, b"abc"), varint(number << 3 | 5) + bytes(4)):
                self.send_payload("Resolve", request + content)
                refusal = self.assert_refused(INVALID, "unknown_member")
                self.assertIn(str(number), refusal.message)
        self.send_payload("Resolve", bytes_field(1, inner + bytes_field(60, b"")))
        self.assertEqual(self.assert_refused(INVALID, "unknown_member").pointer, "/request")

    def test_invalid_texts(self):
        for name, reason in [(b"\xff", "invalid_utf8"), (b"a\xc0\x80", "invalid_utf8"), (b"\xed\xa0\x80", "invalid_utf8"),
                             (b"\xf4\x90\x80\x80", "invalid_utf8"), (b"caf\xc3", "invalid_utf8"),
                             (b"a\x00b", "invalid_request"), (b"\x00", "invalid_request")]:
            with self.subTest(name):
                self.send_payload("Get", bytes_field(1, name))
                self.assertEqual(self.assert_refused(INVALID, reason).pointer, "/name")
        nested = bytes_field(1, gpalayout_pb2.Request(arch="x86_64").SerializeToString()
                             + bytes_field(6, bytes_field(2, bytes_field(1, b"rc\xff"))))
        self.send_payload("Resolve", nested)
        self.assertEqual(self.assert_refused(INVALID, "invalid_utf8").pointer, "/request/pcie/root_complexes/0/name")

    def test_single_fields_come_once(self):
        for rpc, payload, pointer in [
                ("Get", bytes_field(1, b"a") * 2, "/name"),
                ("List", bytes_field(1, b"a") + b"\x10\x05\x10\x05", "/limit"),
                ("Resolve", message("Resolve", {"request": REQUEST}) * 2, "/request"),
                ("Resolve", bytes_field(1, bytes_field(4, b"\x10\x00\x10\x00")), "/request/memory/start")]:
            self.send_payload(rpc, payload)
            self.assertEqual(self.assert_refused(INVALID, "duplicate_key").pointer, pointer)

    def test_fields_of_other_types(self):
        for rpc, payload, pointer in [
                ("Get", b"\x08\x01", "/name"), ("Get", b"\x09" + bytes(8), "/name"), ("Get", b"\x0d" + bytes(4), "/name"),
                ("List", bytes_field(2, b"1"), "/limit"), ("List", b"\x11" + bytes(8), "/limit"),
                ("List", b"\x15" + bytes(4), "/limit"), ("Resolve", b"\x08\x01", "/request"),
                ("Resolve", bytes_field(2, b""), "/advise"),
                ("Resolve", bytes_field(1, bytes_field(4, b"\x09" + bytes(8))), "/request/memory/nodes")]:
            with self.subTest(rpc, payload=payload):
                self.send_payload(rpc, payload)
                self.assertEqual(self.assert_refused(INVALID, "wrong_type").pointer, pointer)

    def test_invalid_messages(self):
        for payload in (b"\x0a", b"\x0a\x05abcd", b"\x0a" + varint(2**64 - 1), b"\x0a" + b"\xff" * 10 + b"\x01", b"\x80",
                        b"\x0b\x0c", b"\x02\x00", b"\x0f", varint(2**35 | 2) + b"\x00"):
            with self.subTest(payload):
                self.send_payload("Get", payload)
                self.assert_refused(INVALID, "invalid_request")
        whole = message("Resolve", {"request": {**large_request(2), "host": {"holes": ["amd-hypertransport"]}}})
        for length in range(1, len(whole)):
            reply = self.ask_payload("Resolve", whole[:length])
            self.assertEqual((type(reply), getattr(reply, "status", 0)), (Refused, INVALID), length)
        self.assertNotIsInstance(self.ask_payload("Resolve", whole), Refused)

    def test_varints_may_be_longer_than_necessary(self):
        nodes = gpalayout_pb2.MemoryRequest(nodes=[1 << 30]).SerializeToString()
        for start in (b"\x10\x00", b"\x10\x80\x00", b"\x10\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"):
            request = bytes_field(1, b"x86_64") + bytes_field(4, nodes + start)
            self.assertNotIsInstance(self.ask_payload("Resolve", bytes_field(1, request)), Refused)
        for start in (b"\x10\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02", b"\x10" + b"\x80" * 10 + b"\x00"):
            request = bytes_field(1, b"x86_64") + bytes_field(4, nodes + start)
            self.send_payload("Resolve", bytes_field(1, request))
            self.assert_refused(INVALID, "invalid_request")

    def test_numbers_are_packed_or_not(self):
        def layout(nodes):
            reply = self.ask_payload("Resolve", bytes_field(1, bytes_field(1, b"x86_64") + bytes_field(4, nodes)))
            self.assertNotIsInstance(reply, Refused)
            return reply.layout
        sizes = [1 << 30, 2 << 30, 3 << 30]
        packed = bytes_field(1, b"".join(map(varint, sizes)))
        loose = b"".join(b"\x08" + varint(size) for size in sizes)
        mixed = b"\x08" + varint(sizes[0]) + bytes_field(1, b"") + bytes_field(1, b"".join(map(varint, sizes[1:])))
        self.assertEqual(layout(packed).ram_size, 6 << 30)
        self.assertEqual(layout(loose), layout(packed))
        self.assertEqual(layout(mixed), layout(packed))
        self.send_payload("Resolve", bytes_field(1, bytes_field(1, b"x86_64") + bytes_field(4, bytes_field(1, b"\x80"))))
        self.assert_refused(INVALID, "invalid_request")

    def test_fields_may_come_in_any_order(self):
        nodes = bytes_field(4, gpalayout_pb2.MemoryRequest(nodes=[1 << 30]).SerializeToString())
        arch = bytes_field(1, b"aarch64")
        self.assertEqual(self.ask_payload("Resolve", bytes_field(1, nodes + arch)),
                         self.ask_payload("Resolve", bytes_field(1, arch + nodes)))

    def peak(self):
        """Returns the peak of the daemon's memory, in bytes."""
        with open(f"/proc/{self.daemon.process.pid}/status", encoding="utf-8") as status:
            return int(next(line for line in status if line.startswith("VmHWM:")).split()[1]) << 10

    def test_the_values_of_a_message_are_limited(self):
        before = self.peak()
        tags = message("Allocate", {"ram": [{"tag": "t", "size": 4096, "alignment": 4096}]})
        for payload in (b"\x0a\x00" * (1 << 19), tags * ((1 << 20) // len(tags)), b"\x22\x00" * (1 << 19)):
            self.client.send_aside(frame(self.next_stream(), request_bytes("Allocate", payload)))
            self.assert_refused(INVALID, "too_many_values")
        numbers = bytes_field(1, bytes(1 << 20))
        self.client.send_aside(frame(self.next_stream(), request_bytes(
            "Resolve", bytes_field(1, bytes_field(1, b"x86_64") + bytes_field(4, numbers)))))
        self.assert_refused(INVALID, "too_many_values")
        self.assertLess(self.peak() - before, 64 << 20)
        self.assert_goes_on()


class TestCalls(Connected):
    def test_waiting_for_events_holds_up_no_other_call(self):
        self.client.send(call_frame(1, "WaitEvents", {"timeout_ms": HOUR_MS}) + call_frame(3, "Info")
                         + call_frame(5, "WaitEvents", {"timeout_ms": HOUR_MS})
                         + call_frame(7, "Resolve", {"request": REQUEST}))
        self.assertEqual([self.client.read_frame()[0] for _ in range(2)], [3, 7])
        self.daemon.wait_idle()
        self.assertTrue(self.client.has_nothing())
        self.client.send(call_frame(9, "Create", {"name": "waited-for", "request": REQUEST}))
        replies = {}
        for _ in range(3):
            stream, _, _, reply = self.client.read_frame()
            replies[stream] = reply
        self.assertEqual(sorted(replies), [1, 5, 9])
        for stream in (1, 5):
            reply = gpalayout_ttrpc.parse_response(replies[stream], reply_class("WaitEvents"))
            self.assertEqual([(event.event, event.name) for event in reply.events], [("created", "waited-for")])
            self.assertEqual(reply.revision, reply.events[0].revision)

    def test_earlier_events_are_returned_at_once(self):
        with self.daemon.ttrpc() as client:
            since = client.call("List").revision
            for number in range(3):
                client.call("Create", {"name": f"before-{number}", "request": REQUEST})
            reply = client.call("WaitEvents", {"since": since, "timeout_ms": HOUR_MS})
            self.assertEqual([event.name for event in reply.events], [f"before-{number}" for number in range(3)])
            # No event follows, and timeout_ms is 0, so the daemon does not wait.
            reply = client.call("WaitEvents", {"since": reply.revision, "timeout_ms": 0})
            self.assertEqual((list(reply.events), reply.revision), ([], since + 3))

    def test_events_come_in_pieces(self):
        with self.daemon.ttrpc() as client:
            revision = since = client.call("List").revision
            for number in range(300):
                client.send("Create", {"name": f"piece-{number}", "request": REQUEST})
            client.call("Info")
            names, replies = [], 0
            while len(names) < 300:
                reply = client.call("WaitEvents", {"since": since, "timeout_ms": HOUR_MS})
                self.assertTrue(reply.events)
                replies += 1
                names += [event.name for event in reply.events]
                since = reply.revision
            self.assertEqual((names, since), ([f"piece-{number}" for number in range(300)], revision + 300))
            self.assertGreater(replies, 1)

    def test_a_wait_ends_after_its_timeout(self):
        with self.daemon.ttrpc() as client:
            start = time.monotonic()
            reply = client.call("WaitEvents", {"timeout_ms": 20})
            self.assertEqual(list(reply.events), [])
            self.assertGreaterEqual(time.monotonic() - start, 0.01)

    def test_a_deadline_that_has_passed(self):
        for nanoseconds in (1, -1, -2**63):
            self.client.send(call_frame(self.next_stream(), "Resolve", {"request": REQUEST}, timeout_nano=nanoseconds))
            self.assert_refused(DEADLINE, "timeout")
        self.client.send(call_frame(self.next_stream(), "Create", {"name": "too-late", "request": REQUEST},
                                    timeout_nano=1))
        self.assert_refused(DEADLINE, "timeout")
        self.assertEqual(self.ask_payload("Get", message("Get", {"name": "too-late"})).status, NOT_FOUND)
        for nanoseconds in (HOUR_MS * MILLISECOND, 2**63 - 1):
            self.client.send(call_frame(self.next_stream(), "Resolve", {"request": REQUEST}, timeout_nano=nanoseconds))
            self.assertNotIsInstance(self.client.read_response(reply_class("Resolve"))[1], Refused)

    def test_a_deadline_while_a_call_waits_for_events(self):
        self.client.send(call_frame(self.next_stream(), "WaitEvents", {"timeout_ms": HOUR_MS},
                                    timeout_nano=20 * MILLISECOND))
        self.assert_refused(DEADLINE, "timeout")
        self.assert_goes_on()

    def test_a_large_request_whose_deadline_has_passed(self):
        self.client.send(call_frame(self.next_stream(), "Resolve", {"request": large_request(200)}, timeout_nano=1))
        self.assert_refused(DEADLINE, "timeout")
        self.assert_goes_on()

    def test_clients_may_leave_whatever_they_wait_for(self):
        # The changes that the clients began still happen, so other tests must not share this daemon.
        with Daemon(*self.OPTIONS) as daemon:
            for number in range(20):
                with daemon.frames() as client:
                    client.send(call_frame(1, "WaitEvents", {"timeout_ms": HOUR_MS}) * (number % 2)
                                + call_frame(3, "Create", {"name": f"left-{number}", "request": large_request(200)})
                                + call_frame(5, "WaitEvents", {"timeout_ms": HOUR_MS}, timeout_nano=MILLISECOND))
            with daemon.frames() as client:
                self.assert_goes_on(client)

    def test_info_lists_the_ttrpc_socket(self):
        for inspect in (False, True):
            sockets = self.daemon.call("daemon.info", inspect=inspect)["result"]["sockets"]
            self.assertEqual(sockets["ttrpc"], self.daemon.ttrpc_socket)
        with self.daemon.ttrpc() as client:
            self.assertEqual(client.call("Info").sockets.ttrpc, self.daemon.ttrpc_socket)


class FaultyDaemon(Daemon):
    """A daemon whose disk does what the test says."""

    def __init__(self, *options):
        super().__init__(*LONG_TIME_LIMITS, *options, wait=False, env={"LD_PRELOAD": GPALAYOUT_FAULT_LIBRARY})

    def start(self, wait=True):
        self.fault = os.path.join(self.folder, "fault")
        self.set("")
        self.env["GPALAYOUT_FAULT_FILE"] = self.fault
        super().start(wait)
        self.wait_ready()

    def set(self, what):
        with open(self.fault + ".new", "w", encoding="utf-8") as file:
            file.write(what)
        os.rename(self.fault + ".new", self.fault)


@unittest.skipUnless(os.path.exists(GPALAYOUT_FAULT_LIBRARY), "needs fault.so (GPALAYOUT_FAULT_LIBRARY)")
class TestStore(unittest.TestCase):
    def check_change(self, request):
        with FaultyDaemon() as daemon, daemon.frames() as client, daemon.ttrpc() as other:
            daemon.set("stall")
            client.send(call_frame(1, "Create", {"name": "held-up", "request": request},
                                   timeout_nano=300 * MILLISECOND))
            stream, refusal = client.read_response(reply_class("Create"))
            self.assertEqual((stream, refusal.status, refusal.reason), (1, DEADLINE, "timeout"))
            # The connection is usable again before the store is.
            client.send(call_frame(3, "Info"))
            self.assertEqual(client.read_response(reply_class("Info"))[0], 3)
            daemon.set("")
            reply = other.call("Create", {"name": "held-up", "request": request})
            self.assertEqual(reply.layout.ram_size, 1 << 30)
            client.send(call_frame(5, "Info"))
            self.assertEqual(client.read_response(reply_class("Info"))[0], 5)

    def test_a_change_whose_time_ends_while_the_store_is_held_up(self):
        self.check_change(REQUEST)

    def test_a_large_change_whose_time_ends_while_the_store_is_held_up(self):
        self.check_change(large_request(200))

    def test_a_change_that_waits_holds_up_only_its_connection(self):
        with FaultyDaemon() as daemon, daemon.frames() as client, daemon.ttrpc() as other:
            daemon.set("stall")
            client.send(call_frame(1, "Create", {"name": "held-up", "request": REQUEST}) + call_frame(3, "Info"))
            self.assertTrue(other.call("Info").version)
            daemon.wait_idle()
            self.assertTrue(client.has_nothing())
            daemon.set("")
            self.assertEqual([client.read_frame()[0], client.read_frame()[0]], [1, 3])


class TestConnections(unittest.TestCase):
    def test_a_connection_above_the_limit_is_closed(self):
        with Daemon("--store=memory", "--limit=connections_per_uid=2", "--limit=connections=8") as daemon:
            with daemon.ttrpc() as one, daemon.ttrpc() as other:
                self.assertTrue(one.call("Info").version)
                self.assertTrue(other.call("Info").version)
                with daemon.frames() as third:
                    self.assertIsNone(third.read_frame())
                daemon.wait_log("socket=ttrpc")
                # The inspect socket has its own limit on connections.
                self.assertIn("result", daemon.call("daemon.info", inspect=True))

            def is_let_in():
                with daemon.frames() as client:
                    try:
                        client.send(call_frame(1, "Info"))
                        return client.read_frame() is not None
                    except ConnectionError:
                        return False
            wait_until(is_let_in, "no connection is free")

    def test_a_frame_that_is_never_finished_ends_the_connection(self):
        with Daemon("--store=memory", "--limit=unfinished_line_ms=100", "--log-level=debug") as daemon:
            for part in (b"\x00", call_frame(1, "Info")[:10], call_frame(1, "Info")[:-1],
                         HEADER.pack(LARGEST_MESSAGE + 1, 2, 9, 0)):
                with self.subTest(part), daemon.frames() as client:
                    client.send(part)
                    self.assertIsNone(client.read_frame())
            # A client without an unfinished frame may wait for ever.
            with daemon.frames() as client, daemon.frames() as slow:
                client.send(call_frame(1, "WaitEvents", {"timeout_ms": HOUR_MS}))
                slow.send(b"\x00")
                self.assertIsNone(slow.read_frame())
                client.send(call_frame(3, "Info"))
                self.assertEqual(client.read_frame()[0], 3)

    def test_the_waiting_calls_of_a_connection_are_limited(self):
        with Daemon("--store=memory", "--limit=queued_requests=4") as daemon, daemon.frames() as client:
            client.send(b"".join(call_frame(stream, "WaitEvents", {"timeout_ms": HOUR_MS}) for stream in range(1, 11, 2)))
            stream, refusal = client.read_response(reply_class("WaitEvents"))
            self.assertEqual((stream, refusal.status, refusal.reason), (9, UNAVAILABLE, "overloaded"))
            client.send(call_frame(11, "Create", {"name": "vm", "request": REQUEST}))
            self.assertEqual(sorted(client.read_frame()[0] for _ in range(5)), [1, 3, 5, 7, 11])

    def test_a_client_that_does_not_read_is_held_back_and_loses_nothing(self):
        with Daemon("--store=memory", *LONG_TIME_LIMITS) as daemon, daemon.frames() as client:
            calls = [call_frame(stream, "Schema") for stream in range(1, 401, 2)]
            sent = client.send_until_held_back(daemon, b"".join(calls) + b"".join(
                call_frame(stream, "Resolve", {"request": REQUEST}) for stream in range(401, 40001, 2)))
            self.assertGreater(sent, len(b"".join(calls)))
            whole = 200 + (sent - len(b"".join(calls))) // len(call_frame(401, "Resolve", {"request": REQUEST}))
            for stream in range(1, 2 * whole, 2):
                self.assertEqual(client.read_frame()[0], stream)

    def test_refusals_are_logged_with_the_socket(self):
        with Daemon("--store=memory", "--log-level=debug") as daemon:
            with daemon.ttrpc() as client:
                with self.assertRaises(Refused):
                    client.call("Get", {"name": "nobody"})
                line = daemon.wait_log("reason=not_found")
                self.assertIn("socket=ttrpc", line)
            daemon.wait_log(f"event=connection_closed uid={os.getuid()} pid={os.getpid()} socket=ttrpc")

    def test_shutdown_answers_waiting_calls(self):
        with Daemon("--store=memory", *LONG_TIME_LIMITS) as daemon, daemon.frames() as client, daemon.frames() as idle:
            client.send(call_frame(1, "WaitEvents", {"timeout_ms": HOUR_MS})
                        + call_frame(3, "WaitEvents", {"timeout_ms": HOUR_MS}, timeout_nano=HOUR_MS * MILLISECOND)
                        + call_frame(5, "Info"))
            self.assertEqual(client.read_frame()[0], 5)
            idle.send(call_frame(1, "Info")[:12])
            daemon.wait_read(idle)
            daemon.process.send_signal(signal.SIGTERM)
            streams = []
            while (got := client.read_frame()) is not None:
                reply = gpalayout_ttrpc.parse_response(got[3], reply_class("WaitEvents"))
                self.assertEqual(list(reply.events), [])
                streams.append(got[0])
            self.assertEqual(sorted(streams), [1, 3])
            self.assertIsNone(idle.read_frame())
            self.assertEqual(daemon.process.wait(PATIENCE), 0)
            self.assertFalse(os.path.exists(daemon.ttrpc_socket))


def call_as(uid, path, rpc, members):
    """Calls a method as another user. Returns the status (0 for an answer), and the answer or the data of the refusal."""
    code = (
        "import json, os, sys\n"
        "from ttrpc_harness import Refused, gpalayout_ttrpc\n"
        "import forms\n"
        "uid, path, rpc, members = json.loads(sys.argv[1])\n"
        "os.setgroups([]); os.setgid(uid); os.setuid(uid)\n"
        "with gpalayout_ttrpc.Client(path) as client:\n"
        "    try:\n"
        "        print(json.dumps([0, forms.from_message(client.call(rpc, members))]))\n"
        "    except Refused as refusal:\n"
        "        print(json.dumps([refusal.status, forms.from_message(refusal.data)]))\n"
        # Only root can remove the files that root has made.
        "os._exit(sys.stdout.flush() or 0)\n")
    folder = os.path.dirname(os.path.abspath(__file__))
    done = subprocess.run([sys.executable, "-c", code, json.dumps([uid, path, rpc, members])],
                          env=dict(os.environ, PYTHONPATH=folder), capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout)


@unittest.skipUnless(harness.can_be_another_user(), "needs root, to become another user")
class TestUsers(unittest.TestCase):
    def test_the_peer_is_the_owner(self):
        with Daemon("--store=memory", "--socket-mode=0666") as daemon, daemon.ttrpc() as client:
            os.chmod(daemon.folder, 0o755)
            client.call("Create", {"name": "roots", "request": REQUEST})
            status, reply = call_as(65534, daemon.ttrpc_socket, "Create", {"name": "theirs", "request": REQUEST})
            self.assertEqual((status, reply["created"]), (0, True))
            self.assertEqual(client.call("Get", {"name": "theirs"}).owner_uid, 65534)
            self.assertEqual(call_as(65534, daemon.ttrpc_socket, "Delete", {"name": "roots"}),
                             [DENIED, {"reason": "denied", "pointer": "/name", "owner_uid": 0}])
            self.assertEqual(call_as(65534, daemon.ttrpc_socket, "Backup", {})[0], DENIED)
            self.assertEqual(call_as(65534, daemon.ttrpc_socket, "Delete", {"name": "theirs"})[0], 0)
            events = client.call("History", {"name": "theirs"}).events
            self.assertEqual([(event.event, event.uid) for event in events], [("created", 65534), ("deleted", 65534)])

    def test_the_ttrpc_socket_has_the_mode_of_the_control_socket(self):
        with Daemon("--store=memory", "--socket-mode=0600") as daemon:
            os.chmod(daemon.folder, 0o755)
            self.assertEqual(os.stat(daemon.ttrpc_socket).st_mode & 0o777, 0o600)
            with self.assertRaises(AssertionError) as caught:
                call_as(65534, daemon.ttrpc_socket, "Info", {})
            self.assertIn("Permission denied", str(caught.exception))


if __name__ == "__main__":
    harness.main()
