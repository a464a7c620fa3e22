# SPDX-License-Identifier: MIT
"""layout.compare, and gpalayoutctl compare: what differs between live layouts, requests and
layouts in full, and the exit status of a migration check."""

import json
import os
import subprocess
import tempfile

from ctl_harness import OK, REFUSED, USAGE
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

    def test_what_is_added_or_grows_in_place_is_compatible_and_its_reverse_is_not(self):
        cases = {
            "slots grow downwards, and move": (changed(virtio_mmio={"slots": 5}), False),
            "vtl2": (changed(vtl2={"memory": {"size": "1GiB", "alignment": "2MiB"}}), True),
            "more buses behind the last one": (
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

    def test_another_architecture_is_never_compatible(self):
        plain = {"arch": "x86_64", "memory": {"nodes": ["1GiB"]}, "chipset": {"low_mmio": "512MiB"}}
        with self.daemon.connect() as client:
            result = self.compare(client, {"request": plain}, {"request": {**plain, "arch": "aarch64"}})
            self.assertEqual(result, {"compatible": False, "changes": []})

    def test_one_request_under_two_policies(self):
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
                    ({}, "missing_member", "/to"),
                    ({"name": "nobody"}, "not_found", "/to/name"),
                    ({"name": "a", "request": REQUEST}, "unknown_member", "/to"),
                    ({"request": {"arch": "x86_64"}}, "missing_member", "/to/request/memory"),
                    ({"request": changed(memory={"nodes": [0]})}, "invalid_memory", "/to/request/memory/nodes"),
                    ({"layout": {}}, "missing_member", "/to/layout/arch"),
                    ("vm-1", "wrong_type", "/to")):
                with self.subTest(side=side):
                    error = client.call("layout.compare", {"from": {"request": REQUEST}, "to": side})["error"]
                    self.assertEqual((error["data"]["reason"], error["data"]["pointer"]), (reason, pointer))

    def test_a_large_layout_in_full_fits_a_line(self):
        request = changed(memory={"nodes": ["16MiB"] * 1024}, virtio_mmio={"slots": 4096},
                          pcie={"root_complexes": [{"name": f"rc{i}", "segment": i, "end_bus": 0, "low_mmio": "2MiB"}
                                                   for i in range(500)]})
        with self.daemon.connect() as client:
            layout = client.call("layout.resolve", {"request": request})["result"]["layout"]
            result = self.compare(client, {"layout": layout}, {"request": request})
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

    def test_its_exit_status_is_the_answer(self):
        there, back = self.run_ctl("vm-1", "vm-2"), self.run_ctl("vm-2", "vm-1")
        self.assertEqual((there.returncode, back.returncode), (OK, REFUSED))
        self.assertEqual(there.stdout,
                         "CHANGE  TAG               FROM  TO\n"
                         "added   vtl2-framebuffer  -     0x1e2000000-0x1e2800000\n"
                         "\n"
                         "compatible: no range of FROM moves, shrinks or goes\n")
        self.assertIn("\nnot compatible: ranges of FROM move, shrink or go\n", back.stdout)
        self.assertEqual((there.stderr, back.stderr), ("", ""))

    def test_json_is_the_reply_and_the_exit_status_stays(self):
        back = self.run_ctl("vm-2", "vm-1", "--json")
        self.assertEqual((back.returncode, json.loads(back.stdout)["result"]["compatible"]), (REFUSED, False))

    def test_a_file_may_be_a_request_a_layout_or_an_answer_with_one(self):
        for what, content in (("request", REQUEST), ("layout", self.saved["result"]["layout"]),
                              ("answer", self.saved), ("result", self.saved["result"])):
            with self.subTest(what):
                done = self.run_ctl("vm-1", self.file(what, content))
                self.assertEqual((done.returncode, done.stdout.splitlines()[0], done.stderr),
                                 (OK, "no range changes", ""))
        done = self.run_ctl("@-", "vm-1", stdin=json.dumps(REQUEST))
        self.assertEqual((done.returncode, done.stderr), (OK, ""))

    def test_one_request_under_two_policies(self):
        request = self.file("request", changed(policy="openvmm-2026.05"))
        done = self.run_ctl(request, "--from-policy", OLD, "--to-policy", NEW)
        self.assertEqual((done.returncode, done.stderr), (REFUSED, ""))
        self.assertRegex(done.stdout, r"(?m)^moved +pcie-seg0-ecam ")
        done = self.run_ctl(request, "--from-policy", NEW, "--to-policy", NEW)
        self.assertEqual(done.returncode, OK)
        done = self.run_ctl(request, request, "--to-policy", "openvmm-2026.05")
        self.assertEqual(done.returncode, OK)

    def test_wrong_usage_says_what_is_wrong(self):
        layout = self.file("layout", self.saved["result"]["layout"])
        for arguments, text in (
                (["vm-1"], "compare needs FROM and TO, or one request and --to-policy"),
                (["@-", "@-"], "standard input can be read once"),
                (["vm-1", "vm-2", "--to-policy", NEW], "vm-2 is a layout the daemon keeps"),
                ([layout, "vm-2", "--from-policy", NEW], "is a layout, which has its policy"),
                (["vm-1", "@/nowhere"], "/nowhere: No such file"),
                (["vm-1", self.file("broken", "{")], "input ends too early")):
            with self.subTest(arguments=arguments):
                done = self.run_ctl(*arguments)
                self.assertEqual((done.returncode, done.stdout), (USAGE, ""))
                self.assertIn(text, done.stderr)

    def test_a_side_at_fault_is_named(self):
        self.saved["result"]["layout"]["top"] = "0x1000"
        for arguments, text in ((["vm-1", "nobody"], "not_found at /to/name"),
                                ([self.file("layout", self.saved), "vm-1"], "bad_layout at /from/layout/top"),
                                (["vm-1", self.file("list", "[]")], "wrong_type at /to/request")):
            with self.subTest(arguments=arguments):
                done = self.run_ctl(*arguments)
                self.assertEqual((done.returncode, done.stdout), (REFUSED, ""))
                self.assertIn(text, done.stderr)
                self.assertIn("\nhint: ", done.stderr)


if __name__ == "__main__":
    main()
