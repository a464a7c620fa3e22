#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The VMs of matrix.py. Each front end that can express a VM gets the same layout or the same refusal.
front-ends/README.md says why a front end cannot express a VM, and what OpenVMM says about a refused one."""

import collections
import contextlib
import importlib.machinery
import importlib.util
import io
import os
import re
import shlex
import sys
import unittest

TOP_SRCDIR = os.path.abspath(os.environ.get("TOP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", "..")))
for folder in ("front-ends/python", "front-ends/petri", "tests/socket", "tests/front-ends"):
    sys.path.insert(0, os.path.join(TOP_SRCDIR, folder))
sys.dont_write_bytecode = True  # the source tree may be read-only

import gpalayout
import gpalayout_petri as petri
import matrix
import vmservice_harness
from gpalayout_ttrpc import Refused
from harness import PATIENCE, main
from matrix import ARM, X86, CannotExpress
from ttrpc_harness import Daemon

PROGRAM = os.path.join(TOP_SRCDIR, "front-ends", "openvmm", "gpalayout-openvmm")
GUIDE = os.path.join(TOP_SRCDIR, "front-ends", "README.md")
POLICY = "openvmm-2026.07"
# gpalayoutd only warns about this, but OpenVMM refuses it.
REFUSE = ["partial_intel_vtd"]
FRONT_ENDS = ("line", "config", "builder")


def load(path):
    loader = importlib.machinery.SourceFileLoader("gpalayout_openvmm", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


openvmm = load(PROGRAM)


def table(title):
    """Returns the rows of the table in a section of the guide, without the heading."""
    with open(GUIDE, encoding="utf-8") as file:
        section = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", file.read(), re.MULTILINE | re.DOTALL)[1]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")]
            for line in section.splitlines() if line.startswith("| ")]
    return rows[1:]


def can_express(vm, front_end):
    return not isinstance(getattr(vm, front_end), CannotExpress)


def convert(vm, policy=None):
    """Returns the request for the command line, and the lines that explain it."""
    return openvmm.convert(shlex.split(vm.line.flags), vm.arch, policy, matrix.HOST_BITS, **vm.line.options)


def builder(vm, policy=None):
    def begin(boot):
        return petri.VmBuilder("harness", vm.arch, boot, policy=policy, host_bits=matrix.HOST_BITS)
    return vm.builder(begin)


def flag_at(explanation, pointer):
    """Returns the flag that determines the member at a pointer, or a part of the member; "" if no flag does."""
    member = re.sub("/([0-9]+)", r"[\1]", pointer[len("/request/"):]).replace("/", ".")
    found = {}
    for line in explanation:
        words, _, members = line.rpartition(": ")
        for each in members.split(", "):
            if f"{member}.".startswith((f"{each}.", f"{each}[")) or each.startswith(f"{member}["):
                found.setdefault(each, words)
    return found[max(found, key=len)] if found else ""


class Matrix(unittest.TestCase):
    """The list of VMs itself."""

    def test_there_are_many_and_all_differ(self):
        self.assertGreaterEqual(len(matrix.RESOLVED), 60)
        self.assertGreaterEqual(len(matrix.REFUSED), 20)
        for what in ("name", "line"):
            found = collections.Counter(str((vm.arch, value.flags, value.options) if what == "line" else value)
                                        for vm in matrix.VMS for value in [getattr(vm, what)]
                                        if not isinstance(value, CannotExpress))
            self.assertEqual({each for each, count in found.items() if count > 1}, set())

    def test_two_front_ends_express_most_vms_and_three_express_many(self):
        for vms, two, three in ((matrix.RESOLVED, 65, 40), (matrix.REFUSED, 28, 18)):
            counts = [sum(can_express(vm, each) for each in FRONT_ENDS) for vm in vms]
            self.assertGreaterEqual(min(counts), 1)
            self.assertGreaterEqual(sum(count >= 2 for count in counts), two)
            self.assertGreaterEqual(sum(count == 3 for count in counts), three)

    def test_each_kind_of_vm_is_there(self):
        found = collections.Counter()
        for vm in matrix.RESOLVED:
            request = convert(vm)[0] if can_express(vm, "line") else builder(vm).request()
            nodes = request["memory"]["nodes"]
            roots = request.get("pcie", {}).get("root_complexes", [])
            segments = collections.Counter(each["segment"] for each in roots)
            vtl2 = request.get("vtl2", {})
            found.update([(vm.arch, request["profile"]), *{each.get("iommu") for each in roots}, *vtl2,
                          *(name for name, applies in (
                              ("NUMA", len(nodes) > 1), ("memoryless node", len(nodes) > 1 and 0 in nodes),
                              ("CXL", any("cxl" in each for each in roots)),
                              ("node of a root complex", any("node" in each for each in roots)),
                              ("segments", len(segments) > 1),
                              ("shared segment", any(count > 1 for count in segments.values())),
                              ("pinned low", any("start" in str(each["low_mmio"]) for each in roots)),
                              ("pinned high", any("start" in str(each["high_mmio"]) for each in roots)),
                              ("virtio-mmio", "virtio_mmio" in request), ("no VMBus", "chipset" in request),
                              ("low ECAM", "ecam" in request.get("pcie", {})),
                              ("RAM from 0", "start" in request["memory"])) if applies)])
        profiles = [(arch, profile) for arch in (X86, ARM) for profile in (
            "linux-direct", "linux-direct-unenlightened", "gen2-uefi", "gen1", "hcl-host")]
        for kind in [*profiles, "amd-vi", "intel-vtd", "smmuv3", "memory", "framebuffer", "NUMA", "memoryless node",
                     "CXL", "node of a root complex", "segments", "shared segment", "pinned low", "pinned high",
                     "virtio-mmio", "no VMBus", "low ECAM", "RAM from 0"]:
            with self.subTest(kind):
                least = 0 if kind == (ARM, "gen1") else 1 if kind in profiles else 2
                self.assertGreaterEqual(found[kind], least)


class Guide(unittest.TestCase):
    """The tables of front-ends/README.md."""

    def test_the_guide_lists_everything_that_a_front_end_cannot_express(self):
        guide = {}
        for what, *cells in table("What each front end can say"):
            self.assertNotIn(what, guide)
            guide[what] = dict(zip(FRONT_ENDS, cells))
            for cell in cells:
                self.assertRegex(cell, "^(yes(: .+)?|no: .+)$")
        used = collections.defaultdict(set)
        for vm in matrix.VMS:
            for front_end in FRONT_ENDS:
                if not can_express(vm, front_end):
                    row = getattr(vm, front_end).row
                    with self.subTest(vm.name, front_end=front_end):
                        self.assertRegex(guide[row][front_end], "^no: ")
                    used[row, front_end].add(vm.name)
        for what, cells in guide.items():
            names = set().union(*(used[what, front_end] for front_end in FRONT_ENDS))
            for front_end, cell in cells.items():
                with self.subTest(what, front_end=front_end):
                    if cell.startswith("no"):
                        self.assertTrue(used[what, front_end])
                    else:
                        self.assertTrue(any(can_express(vm, front_end) for vm in matrix.VMS if vm.name in names))

    def test_each_folder_is_in_the_guide(self):
        with open(GUIDE, encoding="utf-8") as file:
            listed = re.findall(r"^\| `(\w+)` \|", file.read().split("\n## ")[0], re.MULTILINE)
        folder = os.path.dirname(GUIDE)
        self.assertEqual(listed, sorted(each for each in os.listdir(folder)
                                        if os.path.isdir(os.path.join(folder, each)) and not each.startswith("_")))


class Layouts(unittest.TestCase):
    """One daemon, and a VM service for each architecture."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        program = vmservice_harness.build()
        cls.daemon = cls.enterClassContext(Daemon("--store=memory"))
        cls.client = cls.enterClassContext(gpalayout.Client(cls.daemon.socket, timeout=PATIENCE))
        cls.services = {arch: cls.enterClassContext(cls.enterClassContext(vmservice_harness.VmService(
            program, cls.daemon.ttrpc_socket, "--arch", arch, "--policy", POLICY, "--host-bits",
            str(matrix.HOST_BITS))).connect()) for arch in (X86, ARM)}

    def by_line(self, vm, policy):
        request, _ = convert(vm, policy)
        status, layout, complaints = openvmm.resolve(request, self.daemon.socket, PATIENCE)
        self.assertEqual((status, complaints), (openvmm.OK, []))
        return petri.Layout(layout)

    def by_service(self, vm):
        reply = self.services[vm.arch].call("CreateVM", {"name": "service", "config": vm.config})
        layout = petri.Layout(self.client.get("service")["layout"])
        self.services[vm.arch].call("TeardownVM", {"name": "service"})
        self.assertEqual(reply.layout.digest, layout.digest)
        return layout

    def by_harness(self, vm, policy):
        with builder(vm, policy).start(self.client, refuse=REFUSE) as started:
            return started.layout

    def test_all_front_ends_that_can_express_a_vm_get_the_same_layout(self):
        for vm in matrix.RESOLVED:
            with self.subTest(vm.name):
                layouts = []
                for policy in (None, POLICY):
                    if can_express(vm, "line"):
                        layouts.append(self.by_line(vm, policy))
                    if can_express(vm, "builder"):
                        layouts.append(self.by_harness(vm, policy))
                if can_express(vm, "config"):
                    layouts.append(self.by_service(vm))
                for layout in layouts:
                    layout.assert_sound()
                    layout.assert_same(layouts[0])
                    self.assertEqual((layout.result["arch"], layout.result["policy"]), (vm.arch, POLICY))
                    self.assertEqual(layout.result.get("warnings"), layouts[0].result.get("warnings"))

    def test_other_vms_get_other_layouts(self):
        names = collections.defaultdict(list)
        for vm in matrix.RESOLVED:
            layout = self.by_line(vm, None) if can_express(vm, "line") else self.by_harness(vm, None)
            names[layout.digest].append(vm.name)
        self.assertCountEqual([each for each in names.values() if len(each) > 1], matrix.SAME)

    def test_all_front_ends_that_can_express_a_vm_are_refused_for_the_same_reason(self):
        for vm in matrix.REFUSED:
            if can_express(vm, "config"):
                with self.subTest(vm.name, front_end="VM service"), self.assertRaises(Refused) as caught:
                    self.services[vm.arch].call("CreateVM", {"name": "refused", "config": vm.config})
                with self.subTest(vm.name, front_end="VM service"):
                    self.assertEqual((caught.exception.reason, caught.exception.pointer),
                                     (vm.refused.reason, vm.refused.config_at))
            if can_express(vm, "builder"):
                with self.subTest(vm.name, front_end="harness"), self.assertRaises(gpalayout.Refused) as caught:
                    builder(vm, POLICY).start(self.client, refuse=REFUSE)
                with self.subTest(vm.name, front_end="harness"):
                    self.assertEqual((caught.exception.reason, caught.exception.pointer),
                                     (vm.refused.reason, vm.refused.at))
        self.assertEqual(list(self.client.list()), [])

    def run_program(self, vm):
        """Returns the exit status of gpalayout-openvmm --resolve, and its lines about a refusal."""
        options = [f"--{name.replace('_', '-')}={value}" for name, value in vm.line.options.items()]
        with contextlib.redirect_stderr(io.StringIO()) as printed:
            status = openvmm.main([f"--arch={vm.arch}", f"--host-bits={matrix.HOST_BITS}", *options, "--resolve",
                                   f"--socket={self.daemon.socket}", "--", "openvmm", *shlex.split(vm.line.flags)])
        return status, [line.partition(": ")[2] for line in printed.getvalue().splitlines()]

    def test_a_refused_command_line_comes_with_what_openvmm_says(self):
        # The entries of the guide for a reason: patterns of texts, or None if it has no text.
        guide = collections.defaultdict(list)
        for reasons, text in table("What OpenVMM says"):
            pattern = re.match("`([^`]+)`", text)
            pattern = pattern and re.sub(r"\\{[a-z\\ ]+\\}", "(.+)", re.escape(pattern[1]))
            for reason in re.findall("`([^`]+)`", reasons.partition(":")[0]):
                guide[reason].append(pattern)
        met = set()
        for vm in matrix.REFUSED:
            if not can_express(vm, "line"):
                continue
            reason = vm.refused.reason
            with self.subTest(vm.name):
                status, printed = self.run_program(vm)
                if vm.refused.line_says:
                    self.assertEqual((status, len(printed)), (openvmm.USAGE, 1), printed)
                    self.assertIn(vm.refused.line_says, printed[0])
                    said = vm.refused.line_says
                else:
                    self.assertEqual(status, openvmm.STATUSES.get(reason, openvmm.REFUSED))
                    self.assertTrue(printed[0].startswith(f"{reason} at {vm.refused.at}: "), printed)
                    self.assertEqual(flag_at(convert(vm)[1], vm.refused.at), vm.refused.flag)
                    said = " ".join(printed[1:])
                    self.assertTrue(not said or said.startswith("OpenVMM says: "), printed)
                    said = said[len("OpenVMM says: "):]
                rows = [pattern for pattern in guide[reason] if pattern and re.fullmatch(pattern, said)]
                if not rows and None in guide[reason] and (vm.refused.line_says or not said):
                    rows = [None]
                self.assertEqual(len(rows), 1, f"{reason}: {said!r} is not in {guide[reason]}")
                met.add((reason, rows[0]))
        self.assertEqual({(reason, pattern) for reason, patterns in guide.items() for pattern in patterns} - met, set())
        self.assertLessEqual(set(openvmm.OPENVMM_SAYS), set(guide))


if __name__ == "__main__":
    main()
