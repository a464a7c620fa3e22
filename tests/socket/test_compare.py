# SPDX-License-Identifier: MIT
"""layout.compare, and gpalayoutctl compare: the differences between live layouts, requests and layouts in full, and the
exit status of a migration check."""

import hashlib
import json
import os
import re
import subprocess
import tempfile

from ctl_harness import NO, NOT_FOUND, OK, REFUSED, USAGE
from harness import GPALAYOUTCTL, PATIENCE, Daemon, DaemonTestCase, main

REQUEST = {"arch": "x86_64", "memory": {"nodes": ["4GiB"]},
           "pcie": {"root_complexes": [{"name": "rc0", "end_bus": 15, "iommu": "amd-vi"},
                                       {"name": "rc1", "start_bus": 16, "end_bus": 31, "iommu": "amd-vi"}]},
           "virtio_mmio": {"slots": 4}}
OLD, NEW = "openvmm-2026.06", "openvmm-2026.07"


def changed(**members):
    return {**REQUEST, **members}


class Comparing(DaemonTestCase):
    def compare(self, client, one, other):
        reply = client.call("layout.compare", {"from": one, "to": other})
        self.assertIn("result", reply, reply)
        return reply["result"]

    def test_a_layout_is_the_same_however_it_is_given(self):
        with self.daemon.connect() as client:
            layout = client.call("layout.create", {"name": "same", "request": REQUEST})["result"]["layout"]
            sides = [{"name": "same"}, {"request": REQUEST}, {"layout": layout}]
            for one in sides:
                for other in sides:
                    with self.subTest(one=list(one), other=list(other)):
                        self.assertEqual(self.compare(client, one, other), {"compatible": True, "changes": []})

    def test_additions_and_growth_in_place_are_compatible_and_the_reverse_is_not(self):
        cases = {
            "slots grow downwards, and move": (changed(virtio_mmio={"slots": 5}), False),
            "vtl2": (changed(vtl2={"memory": {"size": "1GiB", "alignment": "2MiB"}}), True),
            "more buses after the last one": (
                changed(pcie={"root_complexes": [REQUEST["pcie"]["root_complexes"][0],
                                                 {**REQUEST["pcie"]["root_complexes"][1], "end_bus": 33}]}), True),
        }
        with self.daemon.connect() as client:
            for what, (request, compatible) in cases.items():
                with self.subTest(what):
                    there = self.compare(client, {"request": REQUEST}, {"request": request})
                    back = self.compare(client, {"request": request}, {"request": REQUEST})
                    self.assertEqual((there["compatible"], back["compatible"]), (compatible, False))
                    self.assertTrue(there["changes"])

    def test_an_iommu_of_another_kind_is_another_device(self):
        vtd = changed(pcie={"root_complexes": [{**rc, "iommu": "intel-vtd"}
                                               for rc in REQUEST["pcie"]["root_complexes"]]})
        with self.daemon.connect() as client:
            for one, other in ((REQUEST, vtd), (vtd, REQUEST)):
                result = self.compare(client, {"request": one}, {"request": other})
                self.assertFalse(result["compatible"])
                self.assertEqual(sorted(c["change"] for c in result["changes"] if "-iommu-" in c["tag"]
                                        or "-vtd-" in c["tag"]), ["added", "added", "removed", "removed"])

    def test_a_root_complex_keeps_its_buses(self):
        def buses(*ranges, **first):
            return changed(pcie={"root_complexes": [
                {"name": f"rc{i}", "start_bus": start, "end_bus": end, **(first if i == 0 else {})}
                for i, (start, end) in enumerate(ranges)]})

        base = buses((0, 63), (128, 191))
        with self.daemon.connect() as client:
            for what, request, compatible, told in (
                    ("swapped", buses((128, 191), (0, 63)), False, {("moved", "pcie-rc0-ecam"), ("moved", "pcie-rc1-ecam")}),
                    ("fewer", buses((0, 31), (128, 191)), False, {("resized", "pcie-rc0-ecam")}),
                    ("more, between the two", buses((0, 127), (128, 191)), True, {("resized", "pcie-rc0-ecam")}),
                    ("more, after both", buses((0, 63), (128, 255)), True,
                     {("resized", "pcie-rc1-ecam"), ("resized", "pcie-seg0-ecam")})):
                with self.subTest(what):
                    result = self.compare(client, {"request": base}, {"request": request})
                    self.assertEqual(result["compatible"], compatible)
                    self.assertEqual({(c["change"], c["tag"]) for c in result["changes"]}, told)
                    client.call("layout.create", {"name": "buses", "request": base})
                    reply = client.call("layout.update", {"name": "buses", "request": request})
                    self.assertEqual("result" in reply, compatible)
                    if not compatible:
                        self.assertEqual(reply["error"]["data"]["reason"], "would_move")
                        self.assertTrue(told <= {(c["change"], c["tag"]) for c in reply["error"]["data"]["changes"]})
                    client.call("layout.delete", {"name": "buses"})
            elsewhere = buses((0, 63), (128, 191), segment=1)
            result = self.compare(client, {"request": base}, {"request": elsewhere})
            self.assertFalse(result["compatible"])
            self.assertIn(("moved", "pcie-rc0-ecam"), {(c["change"], c["tag"]) for c in result["changes"]})

    def test_another_architecture_is_never_compatible(self):
        plain = {"arch": "x86_64", "memory": {"nodes": ["1GiB"]}, "chipset": {"low_mmio": "512MiB"}}
        with self.daemon.connect() as client:
            result = self.compare(client, {"request": plain}, {"request": {**plain, "arch": "aarch64"}})
            self.assertEqual(result, {"compatible": False, "changes": []})

    def test_the_same_request_under_two_policies(self):
        with self.daemon.connect() as client:
            result = self.compare(client, {"request": changed(policy=OLD)}, {"request": changed(policy=NEW)})
            self.assertFalse(result["compatible"])
            self.assertIn(("moved", "pcie-seg0-ecam"), {(c["change"], c["tag"]) for c in result["changes"]})

    def test_a_layout_of_another_host_is_compared_as_it_is(self):
        with Daemon() as host, host.connect() as there, self.daemon.connect() as here:
            there.call("layout.create", {"name": "vm", "request": REQUEST})
            there.call("layout.update", {"name": "vm", "request": changed(vtl2={"framebuffer": "8MiB"})})
            layout = there.call("layout.get", {"name": "vm"})["result"]["layout"]
            here.call("layout.create", {"name": "arrived", "request": REQUEST})
            self.assertFalse(self.compare(here, {"layout": layout}, {"name": "arrived"})["compatible"])
            self.assertTrue(self.compare(here, {"name": "arrived"}, {"layout": layout})["compatible"])

    def test_each_side_is_one_layout(self):
        with self.daemon.connect() as client:
            for side, reason, pointer in (
                    ({}, "missing_member", "/name"),
                    ({"name": "nobody"}, "not_found", "/name"),
                    ({"name": "a", "request": REQUEST}, "unknown_member", "/request"),
                    ({"request": {"arch": "x86_64"}}, "missing_member", "/request/memory"),
                    ({"request": changed(memory={"nodes": [0]})}, "invalid_memory", "/request/memory/nodes"),
                    ({"layout": {}}, "missing_member", "/layout/arch"),
                    ("vm-1", "wrong_type", "")):
                for at, other in (("from", "to"), ("to", "from")):
                    with self.subTest(side=side, at=at):
                        error = client.call("layout.compare", {other: {"request": REQUEST}, at: side})["error"]
                        self.assertEqual((error["data"]["reason"], error["data"]["pointer"]), (reason, f"/{at}{pointer}"))

    def test_a_large_layout_in_full_fits_a_line(self):
        request = changed(memory={"nodes": ["16MiB"] * 1024}, virtio_mmio={"slots": 4096},
                          pcie={"root_complexes": [{"name": f"rc{i}", "segment": i, "end_bus": 0, "low_mmio": "2MiB"}
                                                   for i in range(500)]})
        with self.daemon.connect() as client:
            layout = client.call("layout.resolve", {"request": request})["result"]["layout"]
            result = self.compare(client, {"layout": layout}, {"request": request})
            self.assertEqual(result, {"compatible": True, "changes": []})


def digest(layout):
    text = f"gpalayout-digest-1\n{layout['arch']}\n"
    text += "".join(f"{e['kind']} {e['tag']} {e['start']}-{e['end']}\n" for e in layout["map"])
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


class Contradictions(DaemonTestCase):
    """Layouts in full with a correct digest that contradict themselves."""

    FULL = {**REQUEST, "memory": {"nodes": ["4GiB", "1GiB"], "start": "1MiB"},
            "pcie": {"root_complexes": [
                {"name": "rc0", "end_bus": 15, "iommu": "amd-vi", "node": 0, "cxl": {"hdm": "256MiB"}},
                {"name": "rc1", "start_bus": 16, "end_bus": 31, "iommu": "amd-vi"},
                {"name": "rc2", "segment": 1, "end_bus": 3}]},
            "vtl2": {"chipset_mmio": "2MiB", "memory": {"size": "1GiB", "alignment": "2MiB"}, "framebuffer": "4KiB"}}

    # A change of layout l, whose map is m and whose root complexes are r, and the pointer to the fault.
    CASES = {
        "no map": ("m.clear()", "/map"),
        "a range off a page": ("m[0].update(end='0x100001')", "/map/0"),
        "an empty range": ("m[0].update(end='0x0')", "/map/0"),
        "a range up to the end of all": ("m[-1].update(end='0xffffffffffffffff')", None),
        "ranges that overlap": ("m[1].update(start='0xff000')", "/map/1"),
        "a map out of order": ("m.insert(0, m.pop(1))", "/map/1"),
        "a range of no member": ("m.append({'tag': 'x', 'kind': 'fixed', 'start': '0xff00000000', 'end': '0xff00001000'})",
                              "/map"),
        "a part that is reserved": ("by('chipset-high-mmio').update(kind='reserved')", "/chipset/high_mmio"),
        "ram that is mmio": ("by('ram1').update(kind='mmio64')", "/ram/2"),
        "mmio that is ram": ("by('virtio-mmio').update(kind='ram')", "/virtio_mmio"),
        "ram out of order": ("l['ram'].reverse()", "/ram/1"),
        "ram listed twice": ("l['ram'].insert(1, l['ram'][0])", "/ram/1"),
        "ram left out": ("l['ram'].pop()", "/map"),
        "ram of another node": ("l['ram'][0].update(node=1)", "/ram/0"),
        "a root complex listed twice": ("r.append(dict(r[2]))", "/pcie/root_complexes/3/name"),
        "segments out of order": ("l['pcie']['segments'].reverse()", "/pcie/segments/1"),
        "an ecam of other buses": ("l['pcie']['segments'][0].update(end_bus=30)", "/pcie/segments/0"),
        "another base": ("l['pcie']['segments'][0].update(bus0_base='0x1000')", "/pcie/segments/0"),
        "buses reversed": ("r[1].update(start_bus=31, end_bus=16)", "/pcie/root_complexes/1/ecam"),
        "buses outside the segment": ("r[2].update(end_bus=4)", "/pcie/root_complexes/2/ecam"),
        "a segment that is not there": ("r[2].update(segment=7)", "/pcie/root_complexes/2/ecam"),
        "a slice elsewhere": ("r[0]['ecam'].update(start='0x1000')", "/pcie/root_complexes/0/ecam"),
        "hdm elsewhere": ("r[0]['cxl'].update(hdm=r[0]['cxl']['chbcr'])", "/pcie/root_complexes/0/cxl/hdm"),
        "cxl left out": ("r[0].pop('cxl')", "/map"),
        "an iommu of another": ("l['iommu']['instances'].reverse()", "/iommu/instances/0"),
        "an iommu of an unknown root complex": ("l['iommu']['instances'][1].update(root_complex='rc7')", "/iommu/instances/1"),
        "an iommu of another architecture": ("l.update(arch='aarch64')", "/iommu/kind"),
        "slots elsewhere": ("l['virtio_mmio']['slots'].reverse()", "/virtio_mmio"),
        "slots left out": ("l['virtio_mmio']['slots'].pop()", "/virtio_mmio"),
        "vtl2 left out": ("l.pop('vtl2')", "/map"),
        "another size of ram": ("l.update(ram_size='0x1000')", "/ram_size"),
        "another end of ram": ("l.update(end_of_ram='0x1000')", "/end_of_ram"),
        "another end of the layout": ("l.update(end_of_layout=l['top'])", "/end_of_layout"),
        "another top": ("l.update(top='0x1000')", "/top"),
        "other bits": ("l.update(required_address_bits=64)", "/required_address_bits"),
    }
    EMPTY = {"ram": "l['ram'].clear()", "pcie/segments": "l['pcie']['segments'].clear()",
             "pcie/root_complexes": "r.clear()", "iommu/instances": "l['iommu']['instances'].clear()",
             "virtio_mmio/slots": "l['virtio_mmio']['slots'].clear()"}

    def edited(self, client, edit):
        layout = client.call("layout.resolve", {"request": self.FULL})["result"]["layout"]
        ranges = layout["map"]
        # pylint: disable-next=exec-used
        exec(edit, {"l": layout, "m": ranges, "r": layout["pcie"]["root_complexes"],
                    "by": lambda tag: next(entry for entry in ranges if entry["tag"] == tag)})
        layout["digest"] = digest(layout)
        return layout

    def refused(self, client, edit):
        params = {"from": {"request": self.FULL}, "to": {"layout": self.edited(client, edit)}}
        return client.call("layout.compare", params)["error"]["data"]

    def test_each_contradiction_is_found_at_its_pointer(self):
        with self.daemon.connect() as client:
            for what, (edit, pointer) in self.CASES.items():
                with self.subTest(what):
                    data = self.refused(client, edit)
                    self.assertEqual(data["reason"], "bad_layout")
                    pointer = pointer or f"/map/{len(self.edited(client, 'pass')['map']) - 1}"
                    self.assertEqual(data["pointer"], "/to/layout" + pointer)

    def test_empty_lists_are_refused(self):
        with self.daemon.connect() as client:
            for member, edit in self.EMPTY.items():
                with self.subTest(member):
                    data = self.refused(client, edit)
                    self.assertEqual((data["reason"], data["pointer"]), ("out_of_range", "/to/layout/" + member))
            data = self.refused(client, "l['vtl2'].clear()")
            self.assertEqual((data["reason"], data["pointer"]), ("missing_member", "/to/layout/vtl2"))

    # Members that a layout may omit.
    OPTIONAL = re.compile(r"/(pcie|virtio_mmio|iommu|vtl2|chipset/high_mmio|vtl2/\w+|pcie/root_complexes/\d+/(node|cxl|cxl/hdm|(low|high)_mmio(/largest_bar)?))")

    def members(self, value, pointer=""):
        """Yields the pointer to each member of a layout, its object, and its name. In a list, only the first element
        counts."""
        if isinstance(value, list):
            yield from self.members(value[0], pointer + "/0")
        elif isinstance(value, dict):
            for name in list(value):
                yield pointer + "/" + name, value, name
                yield from self.members(value[name], pointer + "/" + name)

    def test_a_missing_required_member_is_named(self):
        with self.daemon.connect() as client:
            layout = self.edited(client, "l.update(warnings=[{'reason': 'news', 'tag': 'ram0', 'message': ''}])")
            missed = 0
            for pointer, owner, name in self.members(layout):
                before = dict(owner)
                del owner[name]
                reply = client.call("layout.compare", {"from": {"request": self.FULL}, "to": {"layout": layout}})
                # Restores the order of the members, too.
                owner.clear()
                owner.update(before)
                with self.subTest(pointer):
                    if not self.OPTIONAL.fullmatch(pointer):
                        missed += 1
                        data = reply["error"]["data"]
                        self.assertEqual((data["reason"], data["pointer"]), ("missing_member", "/to/layout" + pointer))
                    elif name not in ("node", "largest_bar"):
                        self.assertEqual(reply["error"]["data"]["reason"], "bad_layout")
            self.assertGreater(missed, 60)

    def test_addresses_are_written_as_replies_write_them(self):
        with self.daemon.connect() as client:
            for text in ("0x0100000", "0X100000", "1048576", "1MiB", 1048576):
                with self.subTest(text):
                    data = self.refused(client, f"m[0].update(end={text!r})")
                    self.assertIn(data["reason"], ("bad_size", "wrong_type"))
                    self.assertEqual(data["pointer"], "/to/layout/map/0/end")

    def test_unknown_warnings_of_a_newer_host_are_accepted(self):
        with self.daemon.connect() as client:
            layout = self.edited(client, "l.update(policy='openvmm-2031.01', warnings=[{'reason': 'news', 'tag': 'ram0', "
                                         "'message': ''}])")
            result = client.call("layout.compare", {"from": {"layout": layout}, "to": {"request": self.FULL}})["result"]
            self.assertEqual(result, {"compatible": True, "changes": []})


class Command(DaemonTestCase):
    """gpalayoutctl compare FROM [TO]"""

    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        with self.daemon.connect() as client:
            client.call("layout.create", {"name": "vm-1", "request": REQUEST})
            self.saved = client.call("layout.get", {"name": "vm-1"})
            bigger = changed(vtl2={"framebuffer": "8MiB"})
            client.call("layout.create", {"name": "vm-2", "request": bigger})

    def file(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(content if isinstance(content, str) else json.dumps(content))
        return "@" + path

    def run_ctl(self, *arguments, stdin=""):
        return subprocess.run([GPALAYOUTCTL, "--socket", self.daemon.socket, "compare", *arguments], input=stdin,
                              capture_output=True, text=True, timeout=PATIENCE, check=False)

    def test_the_exit_status_is_the_answer(self):
        there, back = self.run_ctl("vm-1", "vm-2"), self.run_ctl("vm-2", "vm-1")
        self.assertEqual((there.returncode, back.returncode), (OK, NO))
        self.assertEqual(there.stdout,
                         "CHANGE  TAG               FROM  TO\n"
                         "added   vtl2-framebuffer  -     0x1e2000000-0x1e2800000\n"
                         "\n"
                         "compatible: a guest that knows FROM finds everything at its place in TO\n")
        self.assertIn("\nnot compatible: a guest that knows FROM does not find everything in TO at its place and for the same use, or the architectures differ\n", back.stdout)
        self.assertEqual((there.stderr, back.stderr), ("", ""))

    def test_json_is_the_reply_and_the_exit_status_stays(self):
        back = self.run_ctl("vm-2", "vm-1", "--json")
        self.assertEqual((back.returncode, json.loads(back.stdout)["result"]["compatible"]), (NO, False))

    def test_a_file_may_be_a_request_a_layout_or_an_answer_with_one(self):
        for what, content in (("request", REQUEST), ("layout", self.saved["result"]["layout"]),
                              ("answer", self.saved), ("result", self.saved["result"])):
            with self.subTest(what):
                done = self.run_ctl("vm-1", self.file(what, content))
                self.assertEqual((done.returncode, done.stdout.splitlines()[0], done.stderr),
                                 (OK, "no range changes; reserved ranges are not compared", ""))
        done = self.run_ctl("@-", "vm-1", stdin=json.dumps(REQUEST))
        self.assertEqual((done.returncode, done.stderr), (OK, ""))

    def test_another_architecture_is_named(self):
        plain = {"arch": "x86_64", "memory": {"nodes": ["1GiB"]}, "chipset": {"low_mmio": "512MiB"}}
        done = self.run_ctl(self.file("x86_64", plain), self.file("aarch64", {**plain, "arch": "aarch64"}))
        self.assertEqual((done.returncode, done.stdout), (
            NO, "no range changes; reserved ranges are not compared\n\nnot compatible: FROM and TO have different architectures\n"))
        # The chipset window of aarch64 is larger and grows in place.
        del plain["chipset"]
        done = self.run_ctl(self.file("x86_64", plain), self.file("aarch64", {**plain, "arch": "aarch64"}))
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1][-27:]), (NO, "or the architectures differ"))

    def test_the_same_request_under_two_policies(self):
        request = self.file("request", changed(policy="openvmm-2026.05"))
        done = self.run_ctl(request, "--from-policy", OLD, "--to-policy", NEW)
        self.assertEqual((done.returncode, done.stderr), (NO, ""))
        self.assertRegex(done.stdout, r"(?m)^moved +pcie-seg0-ecam ")
        done = self.run_ctl(request, "--from-policy", NEW, "--to-policy", NEW)
        self.assertEqual(done.returncode, OK)
        done = self.run_ctl(request, request, "--to-policy", "openvmm-2026.05")
        self.assertEqual(done.returncode, OK)

    def test_wrong_usage_says_what_is_wrong(self):
        layout = self.file("layout", self.saved["result"]["layout"])
        for arguments, text in (
                (["vm-1"], "compare needs FROM and TO, or one request and --to-policy"),
                (["@-", "@-"], "standard input can be read only once"),
                (["vm-1", "vm-2", "--to-policy", NEW], "vm-2 is a layout that the daemon keeps"),
                ([layout, "vm-2", "--from-policy", NEW], "is a layout, whose policy cannot be changed"),
                (["vm-1", "@/nowhere"], "/nowhere: No such file"),
                (["vm-1", self.file("broken", "{")], "input ends too early")):
            with self.subTest(arguments=arguments):
                done = self.run_ctl(*arguments)
                self.assertEqual((done.returncode, done.stdout), (USAGE, ""))
                self.assertIn(text, done.stderr)

    def test_a_side_at_fault_is_named(self):
        self.saved["result"]["layout"]["top"] = "0x1000"
        changed, array = self.file("layout", self.saved), self.file("list", "[]")
        for arguments, status, text in ((["vm-1", "nobody"], NOT_FOUND, "not_found at nobody: "),
                                        (["nobody", "vm-1"], NOT_FOUND, "not_found at nobody: "),
                                        ([changed, "vm-1"], REFUSED, f"bad_layout at /top of {changed[1:]}: "),
                                        (["vm-1", array], USAGE, f"wrong_type at {array[1:]}: ")):
            with self.subTest(arguments=arguments):
                done = self.run_ctl(*arguments)
                self.assertEqual((done.returncode, done.stdout), (status, ""))
                self.assertIn(text, done.stderr)
                self.assertIn("\nhint: ", done.stderr)


if __name__ == "__main__":
    main()
