#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""front-ends/petri/gpalayout_petri.py: its requests, the daemon's answers to them, and the daemon that it starts."""

import ast
import copy
import doctest
import os
import select
import signal
import stat
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

TOP_SRCDIR = os.path.abspath(os.environ.get("TOP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", "..")))
FOLDERS = [os.path.join(TOP_SRCDIR, folder) for folder in ("tests/socket", "front-ends/python", "front-ends/petri")]
sys.path[:0] = FOLDERS
sys.dont_write_bytecode = True  # the source tree may be read-only

import gpalayout
import gpalayout_petri as petri
from gpalayout_petri import GIB, MIB, VmBuilder
from harness import GPALAYOUTD, PATIENCE, DaemonTestCase, main

POLICY = "openvmm-2026.07"
TOPOLOGIES = ((0, 0), (1, 1), (1, 4), (2, 3), (4, 8))
PROFILES = {
    ("x86_64", "linux-direct"): "linux-direct", ("aarch64", "linux-direct"): "linux-direct",
    ("x86_64", "openhcl"): "hcl-host", ("aarch64", "openhcl"): "hcl-host",
    ("x86_64", "pcat"): "gen1",
    ("x86_64", "uefi"): "gen2-uefi", ("aarch64", "uefi"): "gen2-uefi",
}
IOMMUS = (("x86_64", "with_amd_iommu", "amd-vi", "amd-iommu", 16 << 10),
          ("x86_64", "with_intel_vtd", "intel-vtd", "intel-vtd", 4 << 10),
          ("aarch64", "with_smmu", "smmuv3", "smmu", 128 << 10))
BY_HAND = {
    "arch": "x86_64", "policy": POLICY, "profile": "linux-direct",
    "memory": {"nodes": ["1GiB", "0x80000000"]},
    "pcie": {"root_complexes": [
        {"name": "s0rc0", "segment": 0, "start_bus": 0, "end_bus": 127, "low_mmio": "64MiB", "high_mmio": "1GiB",
         "iommu": "intel-vtd"},
        {"name": "s0rc1", "segment": 0, "start_bus": 128, "end_bus": 255, "node": 1,
         "low_mmio": {"start": "0xd0000000", "end": "0xd4000000"}, "high_mmio": None, "iommu": "intel-vtd"}]},
    "virtio_mmio": {"slots": 0}}


def topology(segments, root_complexes, arch="x86_64", name="vm"):
    return VmBuilder(name, arch, policy=POLICY).with_pcie_root_topology(segments, root_complexes)


def built_as_by_hand():
    return (VmBuilder("vm", "x86_64", "linux-direct", policy=POLICY)
            .with_memory([GIB, 2 * GIB])
            .with_intel_vtd("s0rc1", "s0rc0")
            .with_pcie_root_topology(1, 2)
            .with_root_complex("s0rc1", low_mmio=(0xd0000000, 0xd4000000), high_mmio=None, node=1))


def buses(builder):
    return [(rc["name"], rc["segment"], rc["start_bus"], rc["end_bus"])
            for rc in builder.request()["pcie"]["root_complexes"]]


class Source(unittest.TestCase):
    def test_the_module_is_python_3_9_and_imports_only_the_standard_library_and_the_client(self):
        with open(petri.__file__, encoding="utf-8") as file:
            source = file.read()
        tree = ast.parse(source, feature_version=(3, 9))
        imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
        self.assertFalse(any(isinstance(node, ast.ImportFrom) for node in ast.walk(tree)))
        if hasattr(sys, "stdlib_module_names"):
            self.assertEqual(imported - sys.stdlib_module_names, {"gpalayout"})
        self.assertEqual([line for line in source.splitlines() if len(line) > 100], [])

    def test_all_that_is_public_is_exported_and_explained(self):
        kinds = {name: value for name, value in vars(petri).items() if isinstance(value, type)}
        self.assertCountEqual([*kinds, "GIB", "MIB"], petri.__all__)
        for kind in kinds.values():
            self.assertTrue(kind.__doc__)
            for name, value in vars(kind).items():
                if not name.startswith("_"):
                    with self.subTest(f"{kind.__name__}.{name}"):
                        self.assertTrue(value.__doc__)

    def test_the_example_of_the_module_works(self):
        shown = []
        test, = (test for test in doctest.DocTestFinder().find(petri) if test.examples)
        with mock.patch.dict(os.environ, GPALAYOUTD=GPALAYOUTD):
            doctest.DocTestRunner(verbose=False).run(test, out=shown.append)
        self.assertEqual("".join(shown), "")


class Requests(unittest.TestCase):
    """The requests of the builder, without a daemon."""

    def test_a_vm_has_4_gib_and_nothing_else(self):
        self.assertEqual(VmBuilder("vm").request(),
                         {"arch": "x86_64", "profile": "gen2-uefi", "memory": {"nodes": [4 * GIB]}})
        self.assertEqual(topology(0, 0).request(), VmBuilder("vm", policy=POLICY).request())

    def test_root_complexes_have_petri_s_names_buses_and_windows(self):
        self.assertEqual(topology(1, 1).request()["pcie"], {"root_complexes": [
            {"name": "s0rc0", "segment": 0, "start_bus": 0, "end_bus": 255, "low_mmio": 64 * MIB, "high_mmio": GIB}]})
        self.assertEqual(buses(topology(2, 3)), [
            ("s0rc0", 0, 0, 84), ("s0rc1", 0, 85, 169), ("s0rc2", 0, 170, 254),
            ("s1rc0", 1, 0, 84), ("s1rc1", 1, 85, 169), ("s1rc2", 1, 170, 254)])
        self.assertEqual(buses(topology(1, 256)), [(f"s0rc{bus}", 0, bus, bus) for bus in range(256)])
        self.assertEqual(buses(topology(65536, 1))[-1], ("s65535rc0", 65535, 0, 255))

    def test_another_topology_goes_into_segments_of_its_own(self):
        asymmetric = topology(1, 2).with_pcie_root_topology(1, 3)
        self.assertEqual(asymmetric.root_complexes, ["s0rc0", "s0rc1", "s1rc0", "s1rc1", "s1rc2"])

    def test_each_way_to_boot_has_its_profile(self):
        for (arch, boot), profile in PROFILES.items():
            with self.subTest(arch=arch, boot=boot):
                request = VmBuilder("vm", arch, boot).request()
                self.assertEqual((request["arch"], request["profile"]), (arch, profile))
                self.assertEqual(request["memory"].get("start"), 0 if (arch, boot) == ("aarch64", "openhcl") else None)

    def test_sizes_beyond_those_of_json_are_text(self):
        nodes = [2**53 - 1, 2**53, "4GiB", 0]
        self.assertEqual(VmBuilder("vm").with_memory(nodes).request()["memory"]["nodes"],
                         [2**53 - 1, hex(2**53), "4GiB", 0])

    def test_vtl2_and_whatever_else_can_be_stated(self):
        builder = VmBuilder("vm", boot="openhcl").with_vtl2(framebuffer=8 * MIB)
        builder.with_custom_request(lambda request: request.update(virtio_mmio={"slots": 2}))
        request = builder.request()
        self.assertEqual((request["vtl2"], request["virtio_mmio"]), ({"framebuffer": 8 * MIB}, {"slots": 2}))

    def test_policy_and_width_of_the_host_are_sent_if_they_are_stated(self):
        self.assertEqual(VmBuilder("vm", policy=POLICY, host_bits=40).request(), {
            **VmBuilder("vm").request(), "policy": POLICY, "host": {"physical_address_bits": 40}})

    def test_a_request_is_a_copy(self):
        builder = topology(1, 1).with_amd_iommu("s0rc0")
        first = builder.request()
        expected = copy.deepcopy(first)
        first["pcie"]["root_complexes"].clear()
        self.assertEqual(builder.request(), expected)

    def test_an_iommu_finds_its_root_complex_when_the_vm_starts(self):
        builder = VmBuilder("vm").with_amd_iommu("s0rc1", "by-hand")
        for there in ("has none$", "has s0rc0, s0rc1$"):
            with self.assertRaisesRegex(ValueError, "^with_amd_iommu: .*'(s0rc1|by-hand)'; it " + there):
                builder.request()
            if not builder.root_complexes:
                builder.with_pcie_root_topology(1, 2)
        builder.with_custom_request(lambda request: request["pcie"]["root_complexes"].append({"name": "by-hand"}))
        self.assertEqual([rc.get("iommu") for rc in builder.request()["pcie"]["root_complexes"]],
                         [None, "amd-vi", "amd-vi"])

    def test_a_wrong_argument_is_named(self):
        vm, one = VmBuilder("vm"), topology(1, 1)
        for call, kind, argument in (
                (lambda: VmBuilder("vm", "riscv64"), ValueError,
                 "arch: expected one of x86_64, aarch64, not 'riscv64'"),
                (lambda: VmBuilder("vm", boot="bios"), ValueError,
                 "boot: expected one of linux-direct, openhcl, pcat, uefi, not 'bios'"),
                (lambda: VmBuilder("vm", "aarch64", "pcat"), ValueError, "boot: pcat exists only on x86_64"),
                (lambda: VmBuilder("vm", host_bits="46"), TypeError, "host_bits: expected an integer, not '46'"),
                (lambda: vm.with_memory(-1), ValueError, "size: expected 0 or more"),
                (lambda: vm.with_memory([GIB, 1.5]), TypeError, "size: expected an integer, not 1.5"),
                (lambda: vm.with_memory(True), TypeError, "size: expected an integer, not True"),
                (lambda: vm.with_pcie_root_topology(1, 257), ValueError, "root_complexes: expected 1 to 256, the buses of a segment, not 257"),
                (lambda: vm.with_pcie_root_topology(1, 0), ValueError, "root_complexes: expected 1 to 256"),
                (lambda: vm.with_pcie_root_topology(1, "1"), TypeError, "root_complexes: expected an integer"),
                (lambda: vm.with_pcie_root_topology(-1, 1), ValueError, "segments: expected 0 or more"),
                (lambda: vm.with_pcie_root_topology(65537, 1), ValueError,
                 "segments: a VM has at most 65536 segments, not 65537"),
                (lambda: one.with_pcie_root_topology(65536, 1), ValueError,
                 "segments: a VM has at most 65536 segments, not 65537"),
                (lambda: one.with_root_complex("s0rc1", node=0), ValueError, "name: .*'s0rc1'; it has s0rc0"),
                (lambda: one.with_root_complex("s0rc0", mode=0), TypeError,
                 "mode: no such member; there are segment, start_bus"),
                (lambda: one.with_root_complex("s0rc0", node="0"), TypeError, "node: expected an integer"),
                (lambda: one.with_root_complex("s0rc0", low_mmio=(1, 2, 3)), ValueError, "low_mmio: .*start and end"),
                (lambda: one.with_root_complex("s0rc0", high_mmio=(0, -1)), ValueError,
                 "high_mmio: expected 0 or more")):
            with self.subTest(argument), self.assertRaisesRegex(kind, "^" + argument):
                call()
        self.assertEqual((vm.request(), one.request()), (VmBuilder("vm").request(), topology(1, 1).request()))


class Layouts(unittest.TestCase):
    """Each assertion fails when it should."""

    RESULT = {
        "arch": "x86_64", "digest": "sha256:3e77a746dfba228e36e4c8b6ae97c6546564506c500fe4dd66f39638ba1a3bef",
        "map": [{"start": "0x0", "end": "0x1000", "kind": "ram", "tag": "ram0"},
                {"start": "0x2000", "end": "0x3000", "kind": "mmio32", "tag": "window"},
                {"start": "0x3000", "end": "0x4000", "kind": "ram", "tag": "ram0"}]}

    def changed(self, number, **members):
        result = copy.deepcopy(self.RESULT)
        result["map"][number].update(members)
        return petri.Layout(result)

    def test_ranges_are_found_by_tag(self):
        layout = petri.Layout(self.RESULT)
        self.assertEqual(layout["window"], gpalayout.Range(0x2000, 0x3000, "mmio32", "window"))
        self.assertEqual([each.start for each in layout.pieces("ram0")], [0, 0x3000])
        self.assertEqual(("window" in layout, "ram1" in layout), (True, False))
        for call, message in ((lambda: layout["ram0"], "ram0 is in 2 pieces"), (lambda: layout["ram1"], "tag ram1"),
                              (lambda: layout.pieces("ram1"), "tag ram1"), (lambda: layout.ecam("s0rc0"), "s0rc0"),
                              (lambda: layout.iommu("s0rc0"), "s0rc0"), (lambda: layout.root_complex("x"), "x")):
            with self.subTest(message), self.assertRaisesRegex(KeyError, message):
                call()

    def test_a_different_address_fails(self):
        layout = petri.Layout(self.RESULT)
        layout.assert_at("window", 0x2000)
        layout.assert_at("ram0", 0)
        with self.assertRaisesRegex(AssertionError, "^window is at 0x2000, not at 0x3000$"):
            layout.assert_at("window", 0x3000)

    def test_a_different_layout_fails_with_the_differences(self):
        layout = petri.Layout(self.RESULT)
        layout.assert_same(petri.Layout(self.RESULT))
        other = self.changed(1, end="0x2800")
        other.digest = "sha256:00"
        with self.assertRaisesRegex(AssertionError, r"\n\+ window 0x2000-0x2800\n- window 0x2000-0x3000$"):
            layout.assert_same(other)

    def test_an_unsound_map_fails(self):
        petri.Layout(self.RESULT).assert_sound()
        for layout, message in ((self.changed(1, end="0x3001"), "ram0 is at 0x3000-.* ends at 0x3001"),
                                (self.changed(1, start="0x3000"), "window is at 0x3000-0x3000"),
                                (self.changed(0, start="0x5000", end="0x6000"), "window is at .* ends at 0x6000"),
                                (self.changed(1, tag="other"), "the map has digest sha256:.*, the layout says")):
            with self.subTest(message), self.assertRaisesRegex(AssertionError, message):
                layout.assert_sound()


class WithDaemon(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = petri.Daemon(program=GPALAYOUTD, timeout=PATIENCE)
        cls.addClassCleanup(cls.daemon.close)

    def setUp(self):
        self.client = self.daemon.connect()
        self.addCleanup(self.client.close)
        self.addCleanup(lambda: self.assertEqual(self.names(), []))

    def names(self):
        return [entry["name"] for entry in self.client.list()]

    def test_topologies_get_the_ranges_that_they_ask_for(self):
        for arch in ("x86_64", "aarch64"):
            for segments, count in TOPOLOGIES:
                builder = topology(segments, count, arch)
                with self.subTest(arch=arch, topology=(segments, count)), builder.start(self.client) as vm:
                    layout = vm.layout
                    layout.assert_sound()
                    names = [f"s{segment}rc{index}" for segment in range(segments) for index in range(count)]
                    self.assertEqual(builder.root_complexes, names)
                    self.assertCountEqual(
                        [each.tag for each in layout.ranges if each.tag.startswith("pcie-")],
                        [f"pcie-{name}-{side}-mmio" for name in names for side in ("low", "high")]
                        + [f"pcie-seg{segment}-ecam" for segment in range(segments)])
                    for name in names:
                        self.assertEqual(layout[f"pcie-{name}-low-mmio"].size, 64 * MIB)
                        self.assertEqual(layout[f"pcie-{name}-high-mmio"].size, GIB)
                    for segment in range(segments):
                        whole, buses_each = layout[f"pcie-seg{segment}-ecam"], 256 // count
                        self.assertEqual([(layout.ecam(name).start, layout.ecam(name).size)
                                          for name in names[segment * count:(segment + 1) * count]],
                                         [(whole.start + index * buses_each * MIB, buses_each * MIB)
                                          for index in range(count)])

    def test_256_root_complexes_fit_if_their_windows_are_small(self):
        builder = topology(1, 256)
        with self.assertRaises(gpalayout.Exhausted) as caught:
            builder.start(self.client)
        self.assertRegex(caught.exception.pointer, "^/request/pcie/root_complexes/[0-9]+/low_mmio$")
        for name in builder.root_complexes:
            builder.with_root_complex(name, low_mmio=2 * MIB)
        with builder.start(self.client) as vm:
            vm.layout.assert_sound()
            whole = vm.layout["pcie-seg0-ecam"]
            self.assertEqual([vm.layout.ecam(f"s0rc{bus}").start for bus in range(256)],
                             list(range(whole.start, whole.end, MIB)))

    def test_iommus_are_where_the_layout_says(self):
        for arch, method, kind, tag, size in IOMMUS:
            builder = getattr(topology(2, 2, arch), method)("s1rc1", "s0rc1")
            with self.subTest(kind), builder.start(self.client) as vm:
                vm.layout.assert_sound()
                self.assertEqual([rc.get("iommu") for rc in vm.request["pcie"]["root_complexes"]],
                                 [None, kind, None, kind])
                found = [vm.layout.iommu(name) for name in ("s0rc1", "s1rc1")]
                self.assertEqual([(each.tag, each.size) for each in found], [(f"{tag}-0", size), (f"{tag}-1", size)])
                with self.assertRaisesRegex(KeyError, "s0rc0"):
                    vm.layout.iommu("s0rc0")

    def test_an_iommu_of_an_unknown_root_complex_keeps_the_vm_from_starting(self):
        with self.assertRaisesRegex(ValueError, "^with_smmu: .*'s0rc4'"):
            topology(1, 4, "aarch64").with_smmu("s0rc3", "s0rc4").start(self.client)

    def test_each_way_to_boot_gets_a_layout(self):
        for (arch, boot), profile in PROFILES.items():
            builder = VmBuilder("vm", arch, boot, policy=POLICY)
            with self.subTest(arch=arch, boot=boot), builder.start(self.client) as vm:
                vm.layout.assert_sound()
                self.assertEqual((vm.layout.result["arch"], vm.layout.result["profile"]), (arch, profile))
                vm.layout.assert_at("ram0", GIB if (arch, boot) == ("aarch64", "linux-direct") else 0)
                self.assertEqual("vtl2-chipset-mmio" in vm.layout, boot == "openhcl")
                self.assertNotIn("virtio-mmio", vm.layout)

    def test_vtl2_gets_what_is_stated_besides(self):
        builder = VmBuilder("vm", boot="openhcl").with_vtl2(memory={"size": "64MiB", "alignment": "2MiB"})
        with builder.start(self.client) as vm:
            self.assertEqual((vm.layout["vtl2"].size, vm.layout["vtl2-chipset-mmio"].size), (64 * MIB, GIB))

    def test_windows_that_are_pinned_by_hand_stay(self):
        builder = topology(1, 2).with_root_complex("s0rc0", low_mmio=(0xd0000000, 0xd1000000),
                                                   high_mmio=("1TiB", "0x10080000000"))
        with builder.start(self.client) as vm:
            vm.layout.assert_sound()
            self.assertEqual(vm.layout["pcie-s0rc0-low-mmio"][:2], (0xd0000000, 0xd1000000))
            self.assertEqual(vm.layout["pcie-s0rc0-high-mmio"][:2], (1 << 40, (1 << 40) + 2 * GIB))
            self.assertEqual(vm.layout["pcie-s0rc1-low-mmio"].size, 64 * MIB)

    def test_the_daemon_s_refusals_come_through(self):
        def edited(**members):
            return topology(1, 2).with_root_complex("s0rc1", **members)
        at = "/request/pcie/root_complexes/1/"
        for builder, reason, pointer in (
                (edited(low_mmio=(0xff000000, 0x101000000)), "fixed_low_mmio_above_4gib", at + "low_mmio"),
                (edited(low_mmio=(0xd0000800, 0xd1000800)), "invalid_alignment", at + "low_mmio"),
                (edited(low_mmio=(0xd0000000, 0xd0000000)), "invalid_size", at + "low_mmio"),
                (edited(low_mmio=(0xd0000000, 0xd2000000)).with_root_complex(
                    "s0rc0", low_mmio=(0xd1000000, 0xd3000000)), "overlap", "/request/pcie/root_complexes/0/low_mmio"),
                (edited(low_mmio="8GiB"), "exhausted", at + "low_mmio"),
                (edited(low_mmio="64mib"), "bad_size", at + "low_mmio"),
                (edited(node=1), "node_out_of_range", at + "node"),
                (edited(start_bus=127), "bus_overlap", at + "start_bus"),
                (edited(start_bus=255, end_bus=254), "invalid_bus_range", at + "start_bus"),
                (topology(1, 2).with_smmu("s0rc1"), "iommu_arch_mismatch", at + "iommu"),
                (topology(1, 2, "aarch64").with_amd_iommu("s0rc1"), "iommu_arch_mismatch", at + "iommu"),
                (topology(1, 2).with_amd_iommu("s0rc0").with_intel_vtd("s0rc1"), "mixed_iommu", at + "iommu"),
                (topology(4097, 1), "out_of_range", "/request/pcie/root_complexes"),
                (VmBuilder("vm").with_memory([0, 0]), "invalid_memory", "/request/memory/nodes"),
                (VmBuilder("vm").with_memory(4095), "invalid_memory", "/request/memory/nodes/0"),
                (VmBuilder("vm", policy="openvmm-1999.01"), "unknown_policy", "/request/policy"),
                (VmBuilder("vm").with_vtl2(size=1), "unknown_member", "/request/vtl2/size"),
                (VmBuilder("v m"), "bad_name", "/name"),
                (VmBuilder("vm", host_bits=65), "out_of_range", "/request/host/physical_address_bits"),
                (VmBuilder("vm", host_bits=32), "address_width_exceeded", "/request/host/physical_address_bits")):
            with self.subTest(reason), self.assertRaises(gpalayout.Refused) as caught:
                builder.start(self.client)
            with self.subTest(reason):
                self.assertEqual((caught.exception.reason, caught.exception.pointer), (reason, pointer))

    def test_a_warning_is_refused_if_the_test_says_so(self):
        builder = topology(1, 2).with_intel_vtd("s0rc0")
        with builder.start(self.client) as vm:
            self.assertEqual([each["reason"] for each in vm.layout.result["warnings"]], ["partial_intel_vtd"])
        for refuse in (["partial_intel_vtd"], "all"):
            with self.assertRaises(gpalayout.WarningRefused):
                builder.start(self.client, refuse=refuse)

    def test_the_request_equals_one_written_by_hand(self):
        theirs = petri.Layout(self.client.create("vm", BY_HAND)["layout"])
        with built_as_by_hand().start(self.client) as vm:
            self.assertFalse(vm.created)
            vm.layout.assert_same(theirs)
        # The layout is not the harness's, so it stays.
        self.assertEqual(self.names(), ["vm"])
        with self.assertRaises(gpalayout.Conflict):
            built_as_by_hand().with_memory(GIB).start(self.client)
        vm.stop()

    def test_a_layout_is_there_until_the_vm_stops(self):
        vm = topology(1, 1, name="vm-1").start(self.client)
        self.assertTrue(vm.created)
        with topology(1, 2, name="vm-2").start(self.client):
            self.assertEqual(self.names(), ["vm-1", "vm-2"])
        self.assertEqual(self.names(), ["vm-1"])
        vm.stop()
        with self.assertRaisesRegex(RuntimeError, "the test"), topology(1, 2).start(self.client):
            raise RuntimeError("the test fails")
        with topology(1, 2).start(self.client) as vm:
            vm.stop()
            # The next layout of that name is not the VM's.
            self.client.create("vm", BY_HAND)
            vm.stop()
        self.assertEqual(self.names(), ["vm"])
        self.client.delete("vm")

    def test_a_layout_that_somebody_has_changed_is_not_deleted_unseen(self):
        vm = topology(1, 1).start(self.client)
        self.client.update("vm", topology(2, 1).request(), allow_moves=True)
        with self.assertRaises(gpalayout.GenerationMismatch), vm:
            pass
        self.assertIn("pcie-seg1-ecam", vm.reload())
        vm.stop()
        with self.assertRaises(gpalayout.NotFound):
            vm.reload()

    def test_a_restart_of_the_daemon_keeps_the_layout(self):
        with topology(4, 8).with_amd_iommu("s3rc7").start(self.client) as vm:
            before, generation = vm.layout, vm.generation
            for end in (self.daemon.stop, self.daemon.kill):
                end()
                with self.assertRaises(gpalayout.NoDaemon):
                    vm.reload()
                self.daemon.start()
                vm.reload().assert_same(before)
                self.assertEqual(vm.generation, generation)


class WithDaemonThatRuns(DaemonTestCase):
    def test_a_daemon_that_runs_already_keeps_the_layout(self):
        with mock.patch.dict(os.environ, GPALAYOUT_SOCKET=self.daemon.socket), gpalayout.Client() as client:
            with topology(2, 3).start(client) as vm:
                kept = self.daemon.call("layout.get", {"name": "vm"})["result"]["layout"]
                vm.layout.assert_same(petri.Layout(kept))
            self.assertEqual(self.daemon.call("layout.list")["result"]["layouts"], [])


class PrivateDaemon(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="petri-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        patch = mock.patch.object(tempfile, "tempdir", os.path.join(self.folder, "tmp"))
        patch.start()
        self.addCleanup(patch.stop)
        # Each test must leave this folder empty.
        os.mkdir(tempfile.tempdir)
        self.addCleanup(lambda: self.assertEqual(os.listdir(tempfile.tempdir), []))

    def script(self, text):
        path = os.path.join(self.folder, "gpalayoutd")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\n{text}\n")
        os.chmod(path, 0o700)
        return path

    def test_the_folder_is_private_and_removed_with_the_daemon(self):
        with petri.Daemon(program=GPALAYOUTD, timeout=PATIENCE) as daemon:
            self.assertEqual(stat.S_IMODE(os.stat(daemon.folder).st_mode), 0o700)
            self.assertEqual(os.path.dirname(daemon.socket), daemon.folder)
            self.assertEqual(sorted(os.listdir(daemon.folder)), ["control.sock", "control.sock.lock", "log", "state"])
            self.assertIn("event=ready", daemon.log())
            pid = daemon.process.pid
        with self.assertRaises(ProcessLookupError):
            os.kill(pid, 0)
        self.assertFalse(os.path.exists(daemon.folder))

    def test_the_program_is_found_in_the_environment_and_on_the_path(self):
        self.script(f'exec "{GPALAYOUTD}" --limit=live_layouts=7 "$@"')
        for environment in ({"GPALAYOUTD": GPALAYOUTD}, {"GPALAYOUTD": "", "PATH": f"{self.folder}:/usr/bin:/bin"}):
            with mock.patch.dict(os.environ, environment), petri.Daemon(timeout=PATIENCE) as daemon:
                with daemon.connect() as client:
                    self.assertEqual(client.daemon_info()["limits"]["live_layouts"] == 7, "PATH" in environment)
        with mock.patch.dict(os.environ, GPALAYOUTD="", PATH="/nowhere"), \
                mock.patch.object(petri, "SYSTEM_PATH", "/nowhere"), \
                self.assertRaisesRegex(petri.DaemonFailed, "PATH; set GPALAYOUTD"):
            petri.Daemon()

    def test_options_are_passed_to_the_daemon(self):
        with petri.Daemon("--limit=live_layouts=1", program=GPALAYOUTD, timeout=PATIENCE) as daemon:
            with daemon.connect() as client, topology(1, 1).start(client), self.assertRaises(gpalayout.StoreFull):
                topology(1, 1, name="vm-2").start(client)

    def test_a_failed_start_is_reported_with_the_log(self):
        with self.assertRaisesRegex(petri.DaemonFailed, "(?s)exited before it was ready:\n.*--no-such-option"):
            petri.Daemon("--no-such-option", program=GPALAYOUTD, timeout=PATIENCE)
        with self.assertRaisesRegex(petri.DaemonFailed, "is not ready after 0.1 s:"):
            petri.Daemon(program=self.script("exec sleep 1000"), timeout=0.1)

    def test_a_daemon_that_failed_is_reported_at_the_end(self):
        with self.assertRaisesRegex(petri.DaemonFailed, "(?s)exited with 1:\n.*event=ready"):
            with petri.Daemon(program=GPALAYOUTD, timeout=PATIENCE) as daemon:
                daemon.process.send_signal(signal.SIGUSR1)

    def test_a_daemon_that_the_test_killed_or_stopped_is_no_failure(self):
        for name in ("kill", "stop"):
            with petri.Daemon(program=GPALAYOUTD, timeout=PATIENCE) as daemon:
                getattr(daemon, name)()

    def test_the_kill_of_a_test_leaves_no_daemon(self):
        code = ("import os, sys, gpalayout_petri\n"
                f"daemon = gpalayout_petri.Daemon(timeout={PATIENCE})\n"
                "client = daemon.connect()\n"
                "gpalayout_petri.VmBuilder('vm').start(client)\n"
                "print(daemon.process.pid, daemon.folder, flush=True)\n"
                "sys.stdin.read()\n")
        with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                              env=dict(os.environ, PYTHONPATH=":".join(FOLDERS), GPALAYOUTD=GPALAYOUTD,
                                       TMPDIR=self.folder)) as test:
            pid, folder = test.stdout.readline().split()
            pidfd = os.pidfd_open(int(pid))
            self.addCleanup(os.close, pidfd)
            self.assertEqual(select.select([pidfd], [], [], 0)[0], [])
            test.kill()
        if not select.select([pidfd], [], [], PATIENCE)[0]:
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            self.fail("the daemon still runs")
        self.assertEqual(os.path.dirname(folder), self.folder)


if __name__ == "__main__":
    main()
