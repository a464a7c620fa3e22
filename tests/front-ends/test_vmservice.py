#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""front-ends/vmservice: its requests for VM configurations, its messages about wrong ones, and restarts: no VM is lost
when the service or the daemon exits."""

import contextlib
import io
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import unittest
from unittest import mock

TOP_SRCDIR = os.path.abspath(os.environ.get("TOP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", "..")))
sys.path.insert(0, os.path.join(TOP_SRCDIR, "tests/front-ends"))
sys.dont_write_bytecode = True  # the source tree may be read-only

import vmservice_harness
from vmservice_harness import VmService, vmservice_pb2

import go_program
import gpalayout_pb2
from gpalayout_ttrpc import HEADER, RESPONSE, Refused, bytes_field, fields, frame, request_bytes, varint
from harness import DaemonTestCase, PATIENCE, main, wait_until
from ttrpc_harness import Daemon, Frames

MIB, GIB = 1 << 20, 1 << 30
POLICY = "openvmm-2026.07"
SERVICE = "gpalayout.vmservice.v1.VM"
INVALID, DEADLINE, NOT_FOUND, EXISTS, DENIED, ABORTED, INTERNAL, UNAVAILABLE = 3, 4, 5, 6, 7, 10, 13, 14

program = None


def setUpModule():
    global program
    program = vmservice_harness.build()


def root_complex(name="rc0", **members):
    return {"name": name, "end_bus": 255, "low_mmio": 64 * MIB, "high_mmio": GIB, **members}


def config(*root_complexes, boot="uefi", **members):
    if "numa_config" not in members:
        members.setdefault("memory_config", {"memory_mb": 4096})
    if root_complexes:
        members["pcie"] = {"root_complexes": list(root_complexes)}
    return {boot: {}, **members} if boot else members


def requested(*root_complexes, nodes=("0x100000000",), arch="x86_64", profile="gen2-uefi", **members):
    """Returns the request as the daemon keeps it."""
    if root_complexes:
        members["pcie"] = {"root_complexes": list(root_complexes)}
    return {"arch": arch, "policy": POLICY, "profile": profile, "memory": {"nodes": list(nodes)}, **members}


def requested_rc(name="rc0", **members):
    return {"name": name, "segment": 0, "start_bus": 0, "end_bus": 255, "low_mmio": "0x4000000",
            "high_mmio": "0x40000000", **members}


# A configuration and its request.
CONFIGS = {
    "UEFI": (config(), requested()),
    "Linux direct boot": (config(boot="direct_boot"), requested(profile="linux-direct")),
    "memory in MiB": (config(memory_config={"memory_mb": 3}), requested(nodes=["0x300000"])),
    "NUMA nodes, one without memory": (
        config(numa_config={"nodes": [{"memory": {"memory_mb": 1024}}, {}, {"memory": {"memory_mb": 1}}]}),
        requested(nodes=["0x40000000", "0x0", "0x100000"])),
    "no VMBus": (config(disable_vmbus=True), requested(chipset={"vmbus": False})),
    "a root complex": (config(root_complex()), requested(requested_rc())),
    "an omitted end_bus is bus 0": (config(root_complex(end_bus=0)), requested(requested_rc(end_bus=0))),
    "segments, buses and nodes": (
        config(root_complex(segment=7, start_bus=3, end_bus=9, node=0), root_complex("b", segment=65535)),
        requested(requested_rc(segment=7, start_bus=3, end_bus=9, node=0), requested_rc("b", segment=65535))),
    "windows are not rounded": (
        config(root_complex(low_mmio=MIB + 4096, high_mmio=GIB + 4096)),
        requested(requested_rc(low_mmio="0x101000", high_mmio="0x40001000"))),
    "pinned windows": (
        config(root_complex(low_mmio_base=0xD0000000, high_mmio_base=0x4000000000)),
        requested(requested_rc(low_mmio={"start": "0xd0000000", "end": "0xd4000000"},
                        high_mmio={"start": "0x4000000000", "end": "0x4040000000"}))),
    "virtio-mmio devices": (
        config(devices_config={"virtiofs_config": [{"tag": "a"}, {"tag": "b"}],
                               "virtio_console": {"socket_path": "/c"}}),
        requested(virtio_mmio={"slots": 3})),
    "a console without a path takes no slot": (config(devices_config={"virtio_console": {}}), requested()),
}
SMMU = (config(root_complex(iommu={"smmu": {}})), requested(requested_rc(iommu="smmuv3"), arch="aarch64"))

TOO_MUCH = {"memory_mb": 1 << 44}
# A refused configuration: its reason, its pointer, and a part of the message.
REFUSALS = {
    "no boot kind": (config(boot=None), "missing_member", "/config", "set direct_boot or uefi"),
    "no memory": ({"uefi": {}}, "missing_member", "/config", "set memory_config or numa_config"),
    "two memories": (config(numa_config={}, memory_config={}), "unknown_member", "/config/memory_config",
                     "mutually exclusive"),
    "no RAM": (config(memory_config={}), "invalid_memory", "/config/memory_config/memory_mb", ""),
    "no RAM on any node": (config(numa_config={"nodes": [{}, {}]}), "invalid_memory",
                           "/config/numa_config/nodes", ""),
    "no nodes": (config(numa_config={}), "missing_member", "/config/numa_config/nodes", ""),
    "too much memory": (config(memory_config=TOO_MUCH), "out_of_range", "/config/memory_config/memory_mb", "2^64"),
    "too much memory on a node": (config(numa_config={"nodes": [{}, {"memory": TOO_MUCH}]}), "out_of_range",
                                  "/config/numa_config/nodes/1/memory/memory_mb", "2^64"),
    "an omitted window": (config(root_complex(), root_complex("b", segment=1, low_mmio=0)), "invalid_size",
                          "/config/pcie/root_complexes/1/low_mmio", "a size of 0 B"),
    "a window beyond 2^64": (config(root_complex(high_mmio_base=(1 << 64) - 4096)), "out_of_range",
                             "/config/pcie/root_complexes/0/high_mmio_base", "2^64"),
    "a pinned window of 0 bytes": (config(root_complex(low_mmio=0, low_mmio_base=0xD0000000)), "invalid_size",
                                   "/config/pcie/root_complexes/0/low_mmio", "end is not above its start"),
    "a pinned window off a page": (config(root_complex(low_mmio_base=0xD0000001)), "invalid_alignment",
                                   "/config/pcie/root_complexes/0/low_mmio_base", ""),
    "a pinned window above 4 GiB": (config(root_complex(low_mmio_base=5 * GIB)), "fixed_low_mmio_above_4gib",
                                    "/config/pcie/root_complexes/0/low_mmio_base", ""),
    "no name of a root complex": (config(root_complex("")), "bad_name", "/config/pcie/root_complexes/0/name", ""),
    "a large segment": (config(root_complex(segment=65536)), "out_of_range",
                        "/config/pcie/root_complexes/0/segment", ""),
    "a large bus": (config(root_complex(end_bus=256)), "out_of_range", "/config/pcie/root_complexes/0/end_bus", ""),
    "buses that run backwards": (config(root_complex(start_bus=9, end_bus=8)), "invalid_bus_range",
                                 "/config/pcie/root_complexes/0/start_bus", ""),
    "buses that overlap": (config(root_complex(), root_complex("b")), "bus_overlap",
                           "/config/pcie/root_complexes/1/start_bus", ""),
    "a node that is not there": (config(root_complex(node=1)), "node_out_of_range",
                                 "/config/pcie/root_complexes/0/node", ""),
    "an IOMMU of no kind": (config(root_complex(iommu={})), "missing_member",
                            "/config/pcie/root_complexes/0/iommu", "set smmu"),
    "an IOMMU of the other architecture": (config(root_complex(iommu={"smmu": {}})), None,
                                           "/config/pcie/root_complexes/0/iommu", ""),
    "windows that do not fit": (config(root_complex(low_mmio=4 * GIB)), "exhausted",
                                "/config/pcie/root_complexes/0/low_mmio", ""),
}


def temporary_folder(case, prefix="gpalayout-vmservice-test-"):
    folder = tempfile.TemporaryDirectory(prefix=prefix)
    case.addCleanup(folder.cleanup)
    return folder.name


class ServiceTestCase(DaemonTestCase):
    """One daemon and one service for all tests of the class."""

    OPTIONS = ()
    SERVICE_OPTIONS = ("--policy", POLICY)

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(*cls.OPTIONS)
        cls.service = VmService(program, cls.daemon.ttrpc_socket, *cls.SERVICE_OPTIONS)

    @classmethod
    def tearDownClass(cls):
        try:
            cls.service.__exit__(None)
        finally:
            cls.daemon.__exit__(None)

    def setUp(self):
        self.client = self.service.connect()
        self.addCleanup(self.client.close)

    def refused(self, rpc, request, status):
        with self.assertRaises(Refused) as caught:
            self.client.call(rpc, request)
        self.assertEqual(caught.exception.status, status, caught.exception)
        return caught.exception


class Configurations(ServiceTestCase):
    maxDiff = None

    def made(self, config_, arch=None):
        reply = self.client.call("CreateVM", {"name": "vm", "config": config_})
        kept = self.daemon.call("layout.get", {"name": "vm"})["result"]
        self.client.call("TeardownVM", {"name": "vm"})
        self.assertEqual(reply.layout.digest, kept["layout"]["digest"])
        self.assertEqual([(each.tag, hex(each.start), hex(each.end)) for each in reply.layout.map],
                         [(each["tag"], hex(int(each["start"], 16)), hex(int(each["end"], 16)))
                          for each in kept["layout"]["map"]])
        return kept["request"]

    def test_each_configuration_has_its_request(self):
        for name, (config_, request) in CONFIGS.items():
            with self.subTest(name):
                self.assertEqual(self.made(config_), request)

    def test_an_omitted_number_is_0(self):
        omitted = root_complex()
        del omitted["end_bus"]
        self.assertEqual(self.made(config(omitted)), requested(requested_rc(end_bus=0)))

    def test_the_other_fields_of_openvmm_change_nothing(self):
        # Processors, SCSI disks, an HvSocket, SMBIOS; a root port; the gaps of MMIO.
        others = b"".join(bytes_field(number, b"\x08\x01") for number in (2, 4, 9, 12, 13))
        ports = bytes_field(1, b"rc0") + bytes(varint(4 << 3)) + varint(255) + varint(5 << 3) + varint(64 * MIB) \
            + varint(6 << 3) + varint(GIB) + varint(9 << 3) + b"\x01" + bytes_field(11, bytes_field(1, b"rp0"))
        gaps = varint(1 << 3) + varint(4096) + varint(7 << 3) + varint(512) + varint(9 << 3) + varint(512)
        message = bytes_field(1, gaps) + others + bytes_field(3, bytes_field(1, b"\x08\x01")) \
            + bytes_field(6, bytes_field(1, b"/firmware.fd")) + bytes_field(11, bytes_field(1, ports))
        request = vmservice_pb2.CreateVMRequest(name="raw").SerializeToString() + bytes_field(1, message)
        self.client.call("CreateVM", vmservice_pb2.CreateVMRequest.FromString(request))
        self.assertEqual(self.daemon.call("layout.get", {"name": "raw"})["result"]["request"], requested(requested_rc()))

    def test_each_wrong_configuration_is_refused_at_its_fault(self):
        for name, (config_, reason, pointer, text) in REFUSALS.items():
            with self.subTest(name):
                refusal = self.refused("CreateVM", {"name": "vm", "config": config_}, INVALID)
                self.assertEqual((refusal.reason, refusal.pointer), (reason or refusal.reason, pointer))
                self.assertIn(text, refusal.message)

    def test_a_configuration_and_a_name_are_needed(self):
        for request, reason, pointer in (({"name": "vm"}, "missing_member", "/config"),
                                         ({"config": config()}, "bad_name", "/name"),
                                         ({"name": "a b", "config": config()}, "bad_name", "/name")):
            refusal = self.refused("CreateVM", request, INVALID)
            self.assertEqual((refusal.reason, refusal.pointer), (reason, pointer))

    def test_each_field_of_the_table_is_one_of_the_schema(self):
        with open(os.path.join(TOP_SRCDIR, "front-ends/vmservice/README.md"), encoding="utf-8") as readme:
            table = readme.read().split("| field of VMConfig")[1].split("\n\n")[0]
        known = {field.name for message in vmservice_pb2.DESCRIPTOR.message_types_by_name.values()
                 for field in message.fields}
        named = {part for row in table.splitlines()[2:] for path in re.findall("`(.*?)`", row.split("|")[1])
                 for part in path.split(".")}
        self.assertGreater(len(named), 15)
        self.assertEqual(named - known, set())


class OnAarch64(Configurations):
    """A service for aarch64: the IOMMU, and the address width of the host."""

    SERVICE_OPTIONS = ("--policy", POLICY, "--arch", "aarch64", "--host-bits", "48")

    def test_each_configuration_has_its_request(self):
        config_, request = SMMU
        self.assertEqual(self.made(config_), {**request, "host": {"physical_address_bits": 48}})

    test_an_omitted_number_is_0 = None
    test_the_other_fields_of_openvmm_change_nothing = None
    test_each_wrong_configuration_is_refused_at_its_fault = None


class Vms(ServiceTestCase):
    def create(self, name, memory_mb=1024):
        return self.client.call("CreateVM", {"name": name, "config": config(memory_config={"memory_mb": memory_mb})})

    def test_a_vm_is_there_until_it_is_torn_down(self):
        made = self.create("a")
        self.assertTrue(made.created)
        found = self.client.call("GetVM", {"name": "a"})
        self.assertEqual((found.name, found.generation, found.created, found.layout),
                         (made.name, made.generation, False, made.layout))
        self.client.call("TeardownVM", {"name": "a"})
        for rpc in ("GetVM", "TeardownVM"):
            self.assertEqual(self.refused(rpc, {"name": "a"}, NOT_FOUND).pointer, "/name")
        self.assertGreater(self.create("a").generation, made.generation)

    def test_only_the_vm_of_the_generation_is_torn_down(self):
        first = self.create("reused").generation
        self.client.call("TeardownVM", {"name": "reused", "generation": first})
        second = self.create("reused").generation
        refusal_ = self.refused("TeardownVM", {"name": "reused", "generation": first}, ABORTED)
        self.assertEqual((refusal_.reason, refusal_.pointer), ("generation_mismatch", "/generation"))
        self.client.call("TeardownVM", {"name": "reused", "generation": second})
        self.refused("TeardownVM", {"name": "reused", "generation": second}, NOT_FOUND)

    def test_the_same_configuration_again_changes_nothing(self):
        made, again = self.create("again"), self.create("again")
        self.assertEqual((again.created, again.generation, again.layout), (False, made.generation, made.layout))

    def test_another_configuration_of_the_name_is_refused(self):
        self.create("taken")
        request = {"name": "taken", "config": config(memory_config={"memory_mb": 2048})}
        self.assertEqual(self.refused("CreateVM", request, EXISTS).reason, "conflict")

    def test_many_clients_at_once(self):
        calls = []
        for number in range(8):
            client = self.service.connect()
            self.addCleanup(client.close)
            calls += [(client, client.send("CreateVM", {"name": f"many-{number}-{call}", "config": config()}))
                      for call in range(25)]
        made = [client.receive(call) for client, call in calls]
        self.assertEqual({reply.name for reply in made},
                         {f"many-{number}-{call}" for number in range(8) for call in range(25)})
        self.assertTrue(all(reply.created for reply in made))

    def test_an_invalid_message_is_refused_and_the_connection_goes_on(self):
        with Frames(self.service.socket) as client:
            for payload, status in ((b"\xff", INTERNAL), (b"", INVALID)):
                client.send(frame(1, request_bytes("CreateVM", payload, SERVICE)))
                self.assertEqual(client.read_response(vmservice_pb2.VMReply)[1].status, status)

    def test_a_connection_that_ends_inside_a_message_is_closed(self):
        def open_descriptors():
            return len(os.listdir(f"/proc/{self.service.process.pid}/fd"))

        before, log = open_descriptors(), self.service.log()
        header = HEADER.pack(100, 1, 1, 0)
        for sent in (header[:4], header, header + b"x", b"GET / HTTP/1.1\r\n"):
            for _ in range(10):
                with Frames(self.service.socket) as client:
                    client.send(sent)
        # The service may have opened a connection to the daemon meanwhile. If one kind stayed open, there would be ten more.
        wait_until(lambda: open_descriptors() < before + 10, lambda: f"{open_descriptors()} descriptors, {before} before")
        self.assertEqual(self.service.log(), log)

    def test_the_readme_s_example_works(self):
        with open(os.path.join(TOP_SRCDIR, "front-ends/vmservice/README.md"), encoding="utf-8") as readme:
            code = re.search("```python\n(.*?)```", readme.read(), re.DOTALL).group(1)
        with contextlib.redirect_stdout(io.StringIO()) as output:
            exec(code.replace("/run/vm.sock", self.service.socket), {})
        self.assertEqual(output.getvalue().splitlines()[0], "0x0-0xc0000000 ram0")

    def test_only_its_user_may_connect(self):
        self.assertEqual(stat.S_IMODE(os.stat(self.service.socket).st_mode), 0o600)


class Restarts(unittest.TestCase):
    """The service or the daemon is stopped or killed and starts again, and nothing is lost."""

    def test_restarts_of_the_service(self):
        with Daemon() as daemon, VmService(program, daemon.ttrpc_socket) as service:
            with service.connect() as client:
                made = client.call("CreateVM", {"name": "vm", "config": config()})
            for sig, status in ((signal.SIGTERM, 0), (signal.SIGINT, 0), (signal.SIGKILL, -signal.SIGKILL)):
                self.assertEqual(service.stop(sig), status)
                self.assertEqual(os.path.exists(service.socket), status != 0)
                service.start()
                with service.connect() as client:
                    self.assertEqual(client.call("GetVM", {"name": "vm"}).layout, made.layout)
                    self.assertFalse(client.call("CreateVM", {"name": "vm", "config": config()}).created)

    def test_restarts_of_the_daemon(self):
        with Daemon() as daemon, VmService(program, daemon.ttrpc_socket) as service, service.connect() as client:
            made = client.call("CreateVM", {"name": "vm", "config": config()})
            for sig in (signal.SIGTERM, signal.SIGKILL):
                daemon.stop(sig)
                daemon.start()
                self.assertEqual(client.call("GetVM", {"name": "vm"}).layout, made.layout)
            daemon.stop(signal.SIGKILL)
            call = client.send("TeardownVM", {"name": "vm"})
            daemon.start()
            client.receive(call)
            with self.assertRaises(Refused):
                client.call("GetVM", {"name": "vm"})

    def test_a_vm_that_is_made_while_the_daemon_is_killed_again_and_again(self):
        with Daemon() as daemon, VmService(program, daemon.ttrpc_socket, "--timeout", f"{PATIENCE}s") as service, \
                service.connect() as client:
            calls = [client.send("CreateVM", {"name": f"vm-{number}", "config": config()}) for number in range(20)]
            for _ in range(5):
                daemon.stop(signal.SIGKILL)
                daemon.start()
            self.assertEqual([client.receive(call).name for call in calls],
                             [f"vm-{number}" for number in range(20)])
            layouts = daemon.call("layout.list")["result"]["layouts"]
            self.assertEqual({each["name"] for each in layouts}, {f"vm-{number}" for number in range(20)})


class FakeTtrpcDaemon:
    """Answers each request with the next function of `answers`. The function gets the stream id. It returns the bytes
    to send, and false to close the connection after them."""

    def __init__(self, path, *answers):
        self.path, self.answers, self.methods = path, list(answers), []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while self.answers:
            connection, _ = self.listener.accept()
            with connection, connection.makefile("rb") as stream:
                # The connection stays open after the last answer: its end could hide the reply from the client.
                while len(header := stream.read(HEADER.size)) == HEADER.size:
                    length, stream_id, _, _ = HEADER.unpack(header)
                    self.methods.append(fields(stream.read(length))[2].decode())
                    answer, goes_on = self.answers.pop(0)(stream_id)
                    connection.sendall(answer)
                    if not goes_on:
                        break

    def close(self):
        self.thread.join(PATIENCE)
        self.listener.close()


def reply(message, unknown=b""):
    return lambda stream: (frame(stream, bytes_field(2, message.SerializeToString() + unknown), RESPONSE), True)


def refusal(status):
    return lambda stream: (frame(stream, bytes_field(1, varint(1 << 3) + varint(status)), RESPONSE), True)


def cut(message):
    return lambda stream: (frame(stream, bytes_field(2, message.SerializeToString()), RESPONSE)[:-1], False)


def closed(_):
    return b"", False


def silent(_):
    return b"", True


FOUND = gpalayout_pb2.GetReply(name="vm", generation=3)
MADE = gpalayout_pb2.CreateReply(name="vm", generation=3, created=True)
DELETED = gpalayout_pb2.DeleteReply(name="vm", generation=3)


class Daemons(unittest.TestCase):
    """The service with a daemon that misbehaves."""

    def beside(self, *answers, options=()):
        folder = temporary_folder(self)
        fake = FakeTtrpcDaemon(os.path.join(folder, "ttrpc.sock"), *answers)
        self.addCleanup(fake.close)
        service = VmService(program, fake.path, *options)
        self.addCleanup(service.__exit__, None)
        client = service.connect()
        self.addCleanup(client.close)
        return fake, client

    def test_a_call_that_is_cut_off_is_repeated(self):
        fake, client = self.beside(closed, cut(MADE), reply(MADE))
        self.assertEqual(client.call("CreateVM", {"name": "vm", "config": config()}).generation, 3)
        self.assertEqual(fake.methods, ["Create"] * 3)

    def test_a_vm_whose_deletion_was_not_confirmed_is_torn_down(self):
        fake, client = self.beside(reply(FOUND), closed, refusal(NOT_FOUND))
        client.call("TeardownVM", {"name": "vm"})
        self.assertEqual(fake.methods, ["Get", "Delete", "Delete"])

    def test_a_vm_that_was_not_there_after_a_refused_deletion_is_not_found(self):
        _, client = self.beside(refusal(UNAVAILABLE), refusal(NOT_FOUND))
        with self.assertRaises(Refused) as caught:
            client.call("TeardownVM", {"name": "vm", "generation": 3})
        self.assertEqual(caught.exception.status, NOT_FOUND)

    def test_a_vm_that_another_has_changed_meanwhile_is_not_said_to_be_torn_down(self):
        for answers in ((refusal(ABORTED),), (closed, refusal(ABORTED)), (refusal(UNAVAILABLE), refusal(ABORTED))):
            _, client = self.beside(reply(FOUND), *answers)
            with self.assertRaises(Refused) as caught:
                client.call("TeardownVM", {"name": "vm"})
            self.assertEqual(caught.exception.status, ABORTED)

    def test_a_daemon_that_stops_or_is_overloaded_is_asked_again(self):
        fake, client = self.beside(refusal(UNAVAILABLE), refusal(UNAVAILABLE), reply(MADE))
        client.call("CreateVM", {"name": "vm", "config": config()})
        self.assertEqual(len(fake.methods), 3)

    def test_fields_of_a_newer_daemon_are_passed_over(self):
        _, client = self.beside(reply(MADE, bytes_field(999, b"new")))
        self.assertTrue(client.call("CreateVM", {"name": "vm", "config": config()}).created)

    def test_a_refusal_of_a_newer_daemon_comes_through(self):
        _, client = self.beside(refusal(99))
        with self.assertRaises(Refused) as caught:
            client.call("CreateVM", {"name": "vm", "config": config()})
        self.assertEqual(caught.exception.status, 99)

    def test_a_missing_daemon_is_reported_when_the_time_is_over(self):
        folder = temporary_folder(self)
        with VmService(program, os.path.join(folder, "none.sock"), "--timeout", "100ms") as service, \
                service.connect() as client, self.assertRaises(Refused) as caught:
            client.call("GetVM", {"name": "vm"})
        self.assertEqual(caught.exception.status, UNAVAILABLE)
        self.assertRegex(caught.exception.message, r"gpalayoutd at .*/none\.sock does not serve \(.*no such file.*\)")

    def test_a_full_queue_of_connections_is_reported_after_the_timeout(self):
        folder = temporary_folder(self)
        path = os.path.join(folder, "full.sock")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen(0)
            fillers = []
            while True:
                filler = socket.socket(socket.AF_UNIX)
                self.addCleanup(filler.close)
                filler.setblocking(False)
                fillers.append(filler)
                try:
                    filler.connect(path)
                except BlockingIOError:
                    break
            with VmService(program, path, "--timeout", "100ms") as service, service.connect() as client, \
                    self.assertRaises(Refused) as caught:
                client.call("GetVM", {"name": "vm"})
        self.assertEqual(caught.exception.status, UNAVAILABLE)

    def test_a_stopped_daemon_is_reported_when_the_time_is_over_and_found_again(self):
        with Daemon() as daemon, VmService(program, daemon.ttrpc_socket, "--timeout", "200ms") as service, \
                service.connect() as client:
            with daemon.paused(), self.assertRaises(Refused) as caught:
                client.call("CreateVM", {"name": "vm", "config": config()})
            self.assertEqual(caught.exception.status, DEADLINE)
            self.assertRegex(caught.exception.message, "did not answer in time; .* can be repeated")

            def made():
                try:
                    return client.call("CreateVM", {"name": "vm", "config": config()})
                except Refused as refused:
                    self.assertEqual(refused.status, DEADLINE)
                    return None
            self.assertEqual(wait_until(made, "no VM").name, "vm")

    def test_the_timeout_of_a_call_applies_before_that_of_the_service(self):
        payload = vmservice_pb2.GetVMRequest(name="vm").SerializeToString()
        with Daemon() as daemon, VmService(program, daemon.ttrpc_socket, "--timeout", "1h") as service, \
                Frames(service.socket) as client, daemon.paused():
            client.send(frame(1, request_bytes("GetVM", payload, SERVICE, timeout_nano=10 ** 8)))
            self.assertEqual(client.read_response(vmservice_pb2.VMReply)[1].status, DEADLINE)

    def test_a_call_whose_time_is_over_does_not_cut_off_others(self):
        def both(stream):
            made, found = (bytes_field(2, message.SerializeToString()) for message in (MADE, FOUND))
            return frame(1, made, RESPONSE) + frame(stream, found, RESPONSE), True

        fake, client = self.beside(silent, silent, both, options=("--timeout", f"{PATIENCE}s"))
        create = client.send("CreateVM", {"name": "vm", "config": config()})
        wait_until(lambda: fake.methods, "no request")
        with self.assertRaises(Refused) as caught:
            client.receive(client.send("GetVM", {"name": "vm"}, timeout=0.1))
        self.assertEqual(caught.exception.status, DEADLINE)
        client.call("GetVM", {"name": "vm"})
        self.assertTrue(client.receive(create).created)
        self.assertEqual(fake.methods, ["Create", "Get", "Get"])

    @unittest.skipUnless(os.geteuid(), "root may connect anywhere")
    def test_a_daemon_that_is_not_for_this_user_is_reported_at_once(self):
        with Daemon() as daemon, VmService(program, daemon.ttrpc_socket, "--timeout", "1h") as service, \
                service.connect() as client:
            os.chmod(daemon.ttrpc_socket, 0)
            with self.assertRaises(Refused) as caught:
                client.call("GetVM", {"name": "vm"})
            self.assertEqual(caught.exception.status, DENIED)


class Program(unittest.TestCase):
    def run_program(self, *options):
        return subprocess.run([program, *options], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=PATIENCE, check=False)

    def test_wrong_options_are_refused_with_the_usage(self):
        for options, text in (((), "--socket is missing"), (("--socket", ""), "--socket is missing"),
                              (("--socket", "s", "word"), 'unexpected argument "word"'), (("--nothing",), "-nothing"),
                              (("--socket", "s", "--arch", "arm64"), '--arch: expected x86_64 or aarch64, not "arm64"'),
                              (("--socket", "s", "--host-bits", "65"), "--host-bits: expected 1 to 64, not 65"),
                              (("--socket", "s", "--timeout", "0s"), "--timeout: expected more than 0, not 0s"),
                              (("--socket", "s", "--timeout", "ten"), '"ten"')):
            run = self.run_program(*options)
            self.assertEqual((run.returncode, run.stdout), (2, ""), options)
            self.assertIn(text, run.stderr.splitlines()[0])
            self.assertIn("-socket", run.stderr)

    def test_the_service_is_built_in_a_folder_whose_name_has_a_space(self):
        folder = temporary_folder(self, "a b")
        names = [os.path.join(vmservice_harness.FOLDER, name) for name in ("main.go", "request.go", "daemon.go",
                                                                           "vmservice.proto")]
        files = [shutil.copy(os.path.join(TOP_SRCDIR, name), folder) for name in (*names, "proto/gpalayout.proto")]
        self.assertTrue(os.access(go_program.build("space", *files), os.X_OK))

    def test_every_option_is_in_the_readme(self):
        with open(os.path.join(TOP_SRCDIR, "front-ends/vmservice/README.md"), encoding="utf-8") as readme:
            documented = set(re.findall(r"^\| `--([\w-]+)", readme.read(), re.MULTILINE))
        self.assertEqual(set(re.findall(r"^  -([\w-]+)", self.run_program("--help").stderr, re.MULTILINE)), documented)

    def test_a_path_that_cannot_be_served_is_reported(self):
        folder = temporary_folder(self)
        file = os.path.join(folder, "file")
        with open(file, "w", encoding="utf-8"):
            pass
        for path, text in ((os.path.join(folder, "no", "where"), "no such file"), (file, "is not a socket"),
                           (os.path.join(folder, "x" * 108), "a socket path has at most 107")):
            run = self.run_program("--socket", path)
            self.assertEqual(run.returncode, 1)
            self.assertIn(text, run.stderr)
        self.assertTrue(os.path.isfile(file))
        self.assertEqual(os.listdir(folder), ["file"])

    def test_a_second_service_leaves_the_first_its_socket(self):
        with Daemon() as daemon, VmService(program, daemon.ttrpc_socket) as service:
            run = self.run_program("--socket", service.socket)
            self.assertEqual(run.returncode, 1)
            self.assertIn("another service has locked", run.stderr)
            with service.connect() as client:
                self.assertTrue(client.call("CreateVM", {"name": "vm", "config": config()}).created)

    def test_a_socket_that_another_program_has_open_is_left_alone(self):
        for kind, text in ((socket.SOCK_STREAM, "another program listens at"), (socket.SOCK_DGRAM, "cannot find out")):
            path = os.path.join(temporary_folder(self), "s")
            with socket.socket(socket.AF_UNIX, kind) as other:
                other.bind(path)
                if kind == socket.SOCK_STREAM:
                    other.listen()
                before = os.stat(path).st_ino
                run = self.run_program("--socket", path)
                self.assertEqual(run.returncode, 1)
                self.assertIn(text, run.stderr)
                self.assertEqual(os.stat(path).st_ino, before)

    def test_the_lock_is_held_after_garbage_was_collected(self):
        with mock.patch.dict(os.environ, GOGC="1"), Daemon() as daemon, \
                VmService(program, daemon.ttrpc_socket) as service, service.connect() as client:
            for _ in range(100):
                with self.assertRaises(Refused):
                    client.call("GetVM", {"name": "x" * 100000})
            self.assertIn("another service has locked", self.run_program("--socket", service.socket).stderr)


if __name__ == "__main__":
    main()
