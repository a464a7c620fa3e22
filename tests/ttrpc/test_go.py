#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The ttrpc socket as seen by client.go, a client that shares no code with the daemon: containerd's ttrpc, with
messages and stubs that its generator makes from proto/gpalayout.proto. Every rpc must answer as its method does over
JSON, and the connection must keep the promises of ttrpc."""

import json
import os
import re
import select
import subprocess
import sys
import unittest

TOP_SRCDIR = os.path.abspath(os.environ.get("TOP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", "..")))
for folder in ("tests/socket", "tests/ttrpc"):
    sys.path.insert(0, os.path.join(TOP_SRCDIR, folder))
sys.dont_write_bytecode = True  # the source tree may be read-only

import go_program
import harness

PROTO = os.path.join(TOP_SRCDIR, "proto/gpalayout.proto")
GIB = 1 << 30
MIB = 1 << 20

# Status codes of gRPC.
INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, FAILED_PRECONDITION, ABORTED, OUT_OF_RANGE = 3, 5, 6, 9, 10, 11

with open(PROTO, encoding="utf-8") as file:
    SCHEMA = re.sub(r"//.*", "", file.read())
RPCS = re.findall(r"rpc (\w+)\(", SCHEMA)


def fields():
    """Returns the names of the scalars with presence, and of all other fields."""
    with_presence = re.findall(r"oneof optional_\w+ \{ \S+ (\w+) =", SCHEMA)
    without = re.findall(r"^ +(?!oneof)(?:repeated )?[\w.]+ (\w+) = \d+;", SCHEMA, re.MULTILINE)
    return set(with_presence), set(without)


WITH_PRESENCE = fields()[0] - fields()[1]

# Times differ between daemons. Revisions count from a number that each daemon chooses.
TIMES = {"at", "created_at", "updated_at"}
REVISIONS = {"revision", "oldest_since", "follows"}


def normal(value, base, key=None):
    """Returns a value in a form that both protocols share. ttrpc omits defaults of fields without presence."""
    if isinstance(value, dict):
        if set(value) == {"size"}:
            return normal(value["size"], base, key)
        made = {name: normal(item, base, name) for name, item in value.items() if name not in TIMES}
        return {name: item for name, item in made.items()
                if item or (name in WITH_PRESENCE and not isinstance(item, (list, dict)))}
    if isinstance(value, list):
        return [normal(item, base) for item in value]
    if isinstance(value, str) and re.fullmatch(r"0x[0-9a-f]+|0|-?[1-9][0-9]*", value):
        value = int(value, 0)
    if key in REVISIONS:
        return value - base
    return value


def as_json(value, key=None):
    """Converts params to JSON where JSON writes them differently."""
    if isinstance(value, dict):
        if set(value) == {"size"}:
            return as_json(value["size"])
        return {name: as_json(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return "all" if key == "refuse" and value == ["all"] else [as_json(item) for item in value]
    # Not every JSON reader can read such large numbers.
    return hex(value) if isinstance(value, int) and value >= 1 << 53 else value


def request(gib=4, **members):
    return {"arch": "x86_64", "memory": {"nodes": [gib * GIB]}, **members}


def root_complexes(*rows):
    return {"root_complexes": list(rows)}


FULL = {
    "arch": "x86_64", "policy": "openvmm-2026.07", "profile": "gen2-uefi",
    "memory": {"nodes": [4 * GIB, 3 * GIB], "hotplug": [{"node": 1, "size": 8 * GIB, "alignment": GIB}]},
    "chipset": {"low_mmio": 128 * MIB, "high_mmio": {"size": GIB}, "vmbus": True},
    "pcie": {"ecam": "above-4gib", "root_complexes": [
        {"name": "rc0", "segment": 0, "start_bus": 0, "end_bus": 63, "node": 0, "iommu": "amd-vi",
         "low_mmio": {"size": 64 * MIB}, "high_mmio": {"size": 4 * GIB, "alignment": 4 * GIB},
         "cxl": {"hdm": 512 * MIB}},
        {"name": "rc1", "segment": 1, "start_bus": 1, "end_bus": 2, "node": 1,
         "high_mmio": {"devices": [{"bars": [16 * MIB, 4096], "sriov": {"vfs": 4, "bars": [MIB]}}]},
         "cxl": {}}]},
    "cxl_windows": [{"name": "pool", "targets": ["rc0", "rc1"], "size": GIB, "granularity": 1024}],
    "virtio_mmio": {"slots": 3},
    "vtl2": {"chipset_mmio": 2 * MIB, "memory": {"size": 512 * MIB, "alignment": 2 * MIB}, "framebuffer": 8 * MIB},
    "reserved": [{"name": "mine", "start": 1 << 41, "end": (1 << 41) + 4096}],
    "host": {"physical_address_bits": 52},
}
VIRTIO = {"virtio_mmio": {"slots": 1}}
UNALIGNED = request(pcie=root_complexes(
    {"name": "rc0", "high_mmio": {"start": 0x1000100000, "end": 0x1040100000}}))
WIDE = request(pcie=root_complexes({"name": "rc0", "start_bus": 0, "end_bus": 15, "low_mmio": {"size": 2 * GIB}},
                                   {"name": "rc1", "start_bus": 16, "end_bus": 31, "low_mmio": {"size": 2 * GIB}}))

# Calls to make in this order: the rpc, the method, the params of both, and the status of the refusal, or 0.
CALLS = [
    ("Resolve", "layout.resolve", {"request": FULL}, 0),
    ("Resolve", "layout.resolve", {"request": request(pcie=root_complexes({"name": "rc0"})), "advise": True}, 0),
    ("Allocate", "layout.allocate", {"fixed": [{"tag": "a", "start": 0, "end": 4096}],
                                     "mmio32": [{"tag": "b", "size": MIB, "alignment": MIB}],
                                     "ram": [{"tag": "c", "size": GIB, "alignment": 4096}]}, 0),
    ("Create", "layout.create", {"name": "vm", "request": FULL}, 0),
    ("Create", "layout.create", {"name": "vm", "request": FULL}, 0),
    ("Create", "layout.create", {"name": "small", "request": request()}, 0),
    ("Get", "layout.get", {"name": "vm"}, 0),
    ("List", "layout.list", {}, 0),
    ("List", "layout.list", {"limit": 1}, 0),
    ("List", "layout.list", {"after": "small"}, 0),
    ("Probe", "layout.probe", {"name": "vm", "address": 4096}, 0),
    ("Probe", "layout.probe", {"request": request(), "address": 1 << 40}, 0),
    ("Explain", "layout.explain", {"name": "vm"}, 0),
    ("Explain", "layout.explain", {"request": request(), "tag": "ram0"}, 0),
    ("Advise", "layout.advise", {"name": "small"}, 0),
    ("Advise", "layout.advise", {"request": WIDE}, 0),
    ("Compare", "layout.compare", {"from": {"name": "small"}, "to": {"name": "vm"}}, 0),
    ("Update", "layout.update", {"name": "small", "request": request(**VIRTIO), "dry_run": True}, 0),
    ("Update", "layout.update", {"name": "small", "request": request(**VIRTIO), "generation": 1}, 0),
    ("ListPolicies", "policy.list", {}, 0),
    ("Create", "layout.create", {"name": "vm", "request": request()}, ALREADY_EXISTS),
    ("Update", "layout.update", {"name": "small", "request": request(), "generation": 1}, ABORTED),
    ("Update", "layout.update", {"name": "small", "request": request()}, FAILED_PRECONDITION),
    ("Update", "layout.update", {"name": "small", "request": request(8, **VIRTIO)}, FAILED_PRECONDITION),
    ("Delete", "layout.delete", {"name": "small", "generation": 9}, ABORTED),
    ("Delete", "layout.delete", {"name": "small", "generation": 2}, 0),
    ("Delete", "layout.delete", {"name": "small"}, NOT_FOUND),
    ("History", "layout.history", {"name": "small"}, 0),
    ("History", "layout.history", {"name": "nobody"}, NOT_FOUND),
    ("WaitEvents", "events.subscribe", {"since": 1 << 50}, OUT_OF_RANGE),
    ("Resolve", "layout.resolve", {"request": request(0)}, INVALID_ARGUMENT),
    ("Resolve", "layout.resolve", {"request": request(policy="none")}, INVALID_ARGUMENT),
    ("Resolve", "layout.resolve", {"request": WIDE}, INVALID_ARGUMENT),
    ("Resolve", "layout.resolve",
     {"request": request(1 << 10, host={"physical_address_bits": 36})}, INVALID_ARGUMENT),
    ("Resolve", "layout.resolve",
     {"request": request(host={"physical_address_bits": 32}, **VIRTIO)}, INVALID_ARGUMENT),
    ("Resolve", "layout.resolve", {"request": request(reserved=[
        {"name": "a", "start": 1 << 40, "end": (1 << 40) + 8192},
        {"name": "b", "start": (1 << 40) + 4096, "end": 1 << 41}])}, INVALID_ARGUMENT),
    ("Resolve", "layout.resolve", {"request": request(pcie=root_complexes(
        {"name": "rc0", "end_bus": 9}, {"name": "rc1", "start_bus": 9})), }, INVALID_ARGUMENT),
    ("Resolve", "layout.resolve", {"request": request(1 << 24), "refuse": ["all"]}, 0),
    ("Resolve", "layout.resolve", {"request": UNALIGNED, "refuse": ["all"]}, FAILED_PRECONDITION),
    ("Resolve", "layout.resolve", {"request": UNALIGNED, "refuse": ["pinned_window_unaligned"]}, FAILED_PRECONDITION),
    ("Resolve", "layout.resolve", {"request": UNALIGNED, "refuse": ["nothing"]}, INVALID_ARGUMENT),
    ("Allocate", "layout.allocate", {"reserved": [{"tag": "a", "start": GIB, "end": GIB + 4096}],
                                     "mmio32": [{"tag": "b", "size": 5 * GIB, "alignment": 4096}]}, INVALID_ARGUMENT),
    ("Allocate", "layout.allocate", {"mmio32": [{"tag": "b", "size": 5 * GIB, "alignment": 4096}]}, INVALID_ARGUMENT),
    ("Allocate", "layout.allocate", {"ram": [{"tag": "c", "size": 4096, "alignment": 3}]}, INVALID_ARGUMENT),
]

# Rpcs that describe the daemon or its registry. test_the_daemon_describes_itself_alike tests them.
ABOUT_ITSELF = {"Backup", "Info", "Stats", "Schema"}


program = None


def setUpModule():
    global program
    program = go_program.build("client", "tests/ttrpc/client.go", "proto/gpalayout.proto")


class Daemon(harness.Daemon):
    def start(self, wait=True):
        self.ttrpc_socket = os.path.join(self.folder, "ttrpc.sock")
        self.options += [f"--ttrpc-socket={self.ttrpc_socket}", *harness.AS_ADMIN]
        super().start(wait)


class Peer:
    """Runs client.go, which makes calls one after another on one connection."""

    def __init__(self, path):
        self.process = subprocess.Popen([program, path, "calls"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)

    def call(self, rpc, params):
        """Returns (reply, None) or (None, refusal)."""
        self.process.stdin.write(json.dumps({"rpc": rpc, "params": params}) + "\n")
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], harness.PATIENCE)[0]:
            self.process.kill()
            raise AssertionError(f"{rpc}: no reply")
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"{rpc}: {self.process.communicate()[1]}")
        end = json.loads(line)
        return end.get("reply"), end if "status" in end else None

    def close(self):
        self.process.communicate(timeout=harness.PATIENCE)


class Methods(unittest.TestCase):
    """Each rpc answers as its method does over JSON."""

    maxDiff = None

    def peer(self, daemon):
        peer = Peer(daemon.ttrpc_socket)
        self.addCleanup(peer.close)
        return peer

    def test_every_rpc_is_called(self):
        called = {row[0] for row in CALLS if row[3] == 0} | ABOUT_ITSELF | {"WaitEvents"}
        self.assertGreater(len(RPCS), 15)
        self.assertEqual(called, set(RPCS))

    def test_replies_and_refusals_are_those_of_json(self):
        with Daemon() as framed, Daemon() as lines, lines.connect() as client:
            peer = self.peer(framed)
            bases = [int(peer.call("List", {})[0]["revision"]), client.call("layout.list")["result"]["revision"]]
            for rpc, method, params, status in CALLS:
                reply, refusal = peer.call(rpc, params)
                expected = client.call(method, as_json(params))
                with self.subTest(f"{rpc} {json.dumps(params)[:120]}"):
                    self.assertEqual(refusal["status"] if refusal else 0, status)
                    if refusal:
                        self.assertEqual(normal(refusal["data"], bases[0]),
                                         normal(expected["error"]["data"], bases[1]))
                        self.assertEqual(refusal["message"], expected["error"]["message"])
                    else:
                        self.assertEqual(normal(reply, bases[0]), normal(expected["result"], bases[1]))

    def test_every_member_of_a_refusal_is_sent(self):
        """The calls above cover every detail of a refusal, so that none can be lost."""
        seen = set()
        with Daemon() as daemon:
            peer = self.peer(daemon)
            for rpc, _, params, _ in CALLS:
                refusal = peer.call(rpc, params)[1]
                seen |= set(refusal["data"]) if refusal else set()
        message = re.search(r"message ErrorData \{(.*?)^\}", SCHEMA, re.MULTILINE | re.DOTALL).group(1)
        # Only root can be two users, and so get owner_uid.
        self.assertEqual(set(re.findall(r"(\w+) = \d+;", message)) - seen, {"owner_uid"})

    def test_events_are_those_of_the_history(self):
        with Daemon() as daemon, daemon.connect() as client:
            peer = self.peer(daemon)
            since = client.call("layout.list")["result"]["revision"]
            for method, params in (("layout.create", {"request": request()}),
                                   ("layout.update", {"request": request(**VIRTIO)}), ("layout.delete", {})):
                self.assertIn("result", client.call(method, {"name": "vm", **params}))
            history = client.call("layout.history", {"name": "vm"})["result"]
            for behind in range(3):
                reply, _ = peer.call("WaitEvents", {"since": since + behind})
                self.assertEqual([int(event["revision"]) for event in reply["events"]],
                                 [event["revision"] for event in history["events"]][behind:])
                self.assertEqual([normal(event, 0) for event in reply["events"]],
                                 [normal(event, 0) for event in history["events"]][behind:])
                self.assertEqual([event["at"] for event in reply["events"]],
                                 [event["at"] for event in history["events"]][behind:])
                self.assertEqual(int(reply["revision"]), history["revision"])
            reply, _ = peer.call("WaitEvents", {"timeout_ms": 1})
            self.assertEqual((int(reply["revision"]), reply.get("events", [])), (history["revision"], []))

    def test_the_daemon_describes_itself_alike(self):
        with Daemon() as daemon, daemon.connect() as client:
            peer = self.peer(daemon)
            client.call("layout.create", as_json({"name": "vm", "request": FULL}))
            for rpc, method in (("Info", "daemon.info"), ("Backup", "registry.backup")):
                reply, _ = peer.call(rpc, {})
                self.assertEqual(normal(reply, 0), normal(client.call(method)["result"], 0))
            reply, _ = peer.call("Schema", {})
            self.assertEqual(json.loads(reply["document"]), client.call("daemon.schema")["result"])
            reply, _ = peer.call("Stats", {})
            stats = client.call("daemon.stats")["result"]
            self.assertEqual(reply["started_at"], stats["started_at"])
            self.assertEqual(normal(reply["registry"], 0), normal(stats["registry"], 0))
            self.assertEqual(set(reply["requests"]), set(stats["requests"]))
            self.assertEqual(normal(reply["requests"]["layout.create"], 0),
                             normal(stats["requests"]["layout.create"], 0))
            reply, _ = peer.call("Stats", {"format": "prometheus"})
            self.assertIn("gpalayoutd_", reply["text"])


class Connection(unittest.TestCase):
    """Runs the cases of client.go, each with a daemon of its own."""

    def run_case(self, name):
        with Daemon() as daemon:
            run = subprocess.run([program, daemon.ttrpc_socket, name], stdin=subprocess.DEVNULL,
                                 capture_output=True, text=True, timeout=harness.PATIENCE, check=False)
            self.assertEqual((run.returncode, run.stderr), (0, ""), daemon.log())

    def test_many_calls_are_in_flight_while_others_wait(self):
        self.run_case("in-flight")

    def test_a_request_that_is_too_long_is_refused_and_the_connection_goes_on(self):
        self.run_case("request-size")

    def test_a_reply_that_is_too_long_is_refused_and_the_connection_goes_on(self):
        self.run_case("reply-size")

    def test_a_client_may_leave_a_call_that_waits(self):
        self.run_case("cancel")

    def test_the_context_s_deadline_is_that_of_the_call(self):
        self.run_case("deadline")

    def test_the_daemon_itself_applies_the_timeout_of_a_call(self):
        self.run_case("timeout")

    def test_services_and_methods_that_do_not_exist_are_not_implemented(self):
        self.run_case("unknown")

    def test_metadata_changes_nothing(self):
        self.run_case("metadata")

    def test_a_wait_is_answered_with_what_another_connection_does(self):
        self.run_case("two-connections")


if __name__ == "__main__":
    harness.main()
