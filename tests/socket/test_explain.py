# SPDX-License-Identifier: MIT
"""layout.explain, and gpalayoutctl explain: the steps lead to the layout, even if it was updated and has survived a
restart."""

import json
import subprocess
import unittest

from ctl_harness import NOT_FOUND, OK, USAGE
from harness import GPALAYOUTCTL, PATIENCE, Daemon, DaemonTestCase, main
from test_vectors import read_vectors

REQUEST = {"arch": "x86_64", "memory": {"nodes": ["6GiB"]},
           "pcie": {"root_complexes": [{"name": "rc0", "end_bus": 15},
                                       {"name": "rc1", "start_bus": 16, "end_bus": 31, "low_mmio": "128MiB"}]},
           "reserved": [{"name": "flash", "start": "0xf0000000", "end": "0xf0001000"}]}
KEPT = "kept where the live layout had it"


def placed(explanation):
    """Returns the ranges that the steps have placed, in the form of the map."""
    return sorted((int(chosen["start"], 16), chosen["end"], step["tag"], step["phase"])
                  for step in explanation["ranges"] for chosen in step["chosen"])


def mapped(layout):
    return sorted((int(entry["start"], 16), entry["end"], entry["tag"], entry["kind"]) for entry in layout["map"])


class Explaining(DaemonTestCase):
    def test_the_steps_lead_to_the_layout(self):
        with self.daemon.connect() as client:
            count = 0
            for vector in read_vectors("resolve.jsonl"):
                if "layout" not in vector:
                    continue
                with self.subTest(vector["id"]):
                    layout = client.call("layout.resolve", {"request": vector["request"]})["result"]["layout"]
                    result = client.call("layout.explain", {"request": vector["request"]})["result"]
                    self.assertEqual(result["digest"], layout["digest"])
                    steps = placed(result)
                    # The map omits reserved ranges above the top.
                    self.assertEqual(steps[:len(layout["map"])], mapped(layout))
                    self.assertEqual({phase for *_, phase in steps[len(layout["map"]):]} - {"reserved"}, set())
                    count += 1
            self.assertGreater(count, 500)

    def test_a_tag_is_explained_alone(self):
        with self.daemon.connect() as client:
            whole = client.call("layout.explain", {"request": REQUEST})["result"]
            for step in whole["ranges"]:
                alone = client.call("layout.explain", {"request": REQUEST, "tag": step["tag"]})["result"]
                self.assertEqual(alone["ranges"], [step])

    def test_invalid_params_are_refused(self):
        with self.daemon.connect() as client:
            for params, reason, pointer in (
                    ({"request": REQUEST, "tag": "ram1"}, "not_found", "/tag"),
                    ({"name": "nobody"}, "not_found", "/name"),
                    ({"tag": "ram0"}, "missing_member", "/name"),
                    ({"name": "a", "request": REQUEST}, "unknown_member", "/request"),
                    ({"request": {**REQUEST, "memory": {"nodes": ["1023"]}}}, "invalid_memory", "/request/memory/nodes/0")):
                with self.subTest(params=params):
                    data = client.call("layout.explain", params)["error"]["data"]
                    self.assertEqual((data["reason"], data["pointer"]), (reason, pointer))

    def test_a_huge_vm_is_explained_within_bounds(self):
        request = {**REQUEST, "pcie": {"root_complexes": [
            {"name": f"rc{i}", "segment": i, "end_bus": 0, "low_mmio": "4KiB"} for i in range(200)]},
            "reserved": [{"name": f"r{i}", "start": hex(0x100000 * i), "end": hex(0x100000 * i + 0x1000)}
                         for i in range(3000)]}
        with self.daemon.connect() as client:
            result = client.call("layout.explain", {"request": request})["result"]
            self.assertTrue(all(len(step.get("passed_over", [])) <= 64 for step in result["ranges"]))
            cut = [step["tag"] for step in result["ranges"] if step.get("passed_over_cut")]
            self.assertIn("ram0", cut)
            step = client.call("layout.explain", {"request": request, "tag": "ram0"})["result"]["ranges"][0]
            self.assertGreater(len(step["passed_over"]), 2900)
            self.assertNotIn("passed_over_cut", step)

    def test_a_long_search_is_cut_at_its_end(self):
        request = {"arch": "x86_64", "memory": {"nodes": ["1MiB"]}, "reserved": [
            {"name": f"r{i}", "start": hex(0x10000000 + 0x400000 * i), "end": hex(0x10000000 + 0x400000 * i + 0x1000)}
            for i in range(928)],
            "pcie": {"root_complexes": [{"name": "a", "end_bus": 0, "low_mmio": "4MiB"}]}}
        with self.daemon.connect() as client:
            whole = client.call("layout.explain", {"request": request})["result"]["ranges"]
            for step in whole:
                alone = client.call("layout.explain", {"request": request, "tag": step["tag"]})["result"]["ranges"][0]
                self.assertEqual(step.get("passed_over", []), alone.get("passed_over", [])[:64], step["tag"])
            self.assertIn("pcie-a-low-mmio", [step["tag"] for step in whole if "passed_over_cut" in step])


class Live(unittest.TestCase):
    def test_ranges_that_an_update_kept_are_explained_after_a_restart(self):
        with Daemon() as daemon:
            with daemon.connect() as client:
                client.call("layout.create", {"name": "vm", "request": REQUEST})
                fresh = client.call("layout.explain", {"name": "vm"})["result"]
                self.assertEqual(fresh, client.call("layout.explain", {"request": REQUEST})["result"])
                changed = {**REQUEST, "virtio_mmio": {"slots": 2}, "vtl2": {"framebuffer": "8MiB"}}
                layout = client.call("layout.update", {"name": "vm", "request": changed})["result"]["layout"]
                updated = client.call("layout.explain", {"name": "vm"})["result"]
            daemon.stop()
            daemon.start()
            with daemon.connect() as client:
                self.assertEqual(client.call("layout.explain", {"name": "vm"})["result"], updated)
                self.assertEqual(client.call("layout.get", {"name": "vm"})["result"]["layout"], layout)
        self.assertEqual((updated["digest"], placed(updated)), (layout["digest"], mapped(layout)))
        self.assertEqual({step["tag"] for step in updated["ranges"]
                          if step["rule"] not in (KEPT, "as given, before anything is placed")},
                         {"virtio-mmio", "vtl2-framebuffer"})
        self.assertEqual(sum(step["rule"] == KEPT for step in updated["ranges"]), 7)


class Command(DaemonTestCase):
    """gpalayoutctl explain [NAME] [TAG]"""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with cls.daemon.connect() as client:
            client.call("layout.create", {"name": "vm-1", "request": REQUEST})

    def run_ctl(self, *arguments, stdin=""):
        return subprocess.run([GPALAYOUTCTL, "--socket", self.daemon.socket, "explain", *arguments], input=stdin,
                              capture_output=True, text=True, timeout=PATIENCE, check=False)

    def test_the_text_of_each_phase(self):
        for tag, text in {
            "chipset-low-mmio": "  phase fixed: as given, before anything is placed\n"
                                "  placed at 0xf8000000-0x100000000 (128 MiB)\n",
            "pcie-rc1-low-mmio": "  phase mmio32: highest aligned fit below 4 GiB\n"
                                 "  needs 128 MiB, aligned to 2 MiB, from 0x100000000 down\n"
                                 "  passed over 0xf0001000-0xf8000000 (~128 MiB): too small by 4 KiB\n"
                                 "  placed at 0xe8000000-0xf0000000 (128 MiB), in the free range 0x0-0xf0000000 "
                                 "(3.75 GiB)\n",
            "ram0": "  phase ram: upwards from the end of the RAM before it, split around holes\n"
                    "  needs 6 GiB, aligned to 1 GiB, from 0x0 up\n"
                    "  passed over 0xf0001000-0xf4000000 (~64.0 MiB): too small by ~960 MiB\n"
                    "  placed at 0x0-0xc0000000 (3 GiB), in the free range 0x0-0xe8000000 (3.625 GiB): alignment "
                    "leaves 640 MiB of it empty\n"
                    "  placed at 0x100000000-0x1c0000000 (3 GiB), in all that is free from 0x100000000 up\n"
                    "  lost to alignment in all: 640 MiB\n",
            "chipset-high-mmio": "  phase mmio64: lowest aligned fit above RAM and 4 GiB\n"
                                 "  needs 512 MiB, aligned to 2 MiB, from 0x1c0000000 up\n"
                                 "  passed over 0xc0000000-0xe8000000 (640 MiB): below the floor\n"
                                 "  passed over 0xf0001000-0xf4000000 (~64.0 MiB): below the floor\n"
                                 "  placed at 0x240000000-0x260000000 (512 MiB), in all that is free from "
                                 "0x240000000 up\n",
        }.items():
            with self.subTest(tag):
                done = self.run_ctl("vm-1", tag)
                self.assertEqual((done.returncode, done.stdout, done.stderr), (OK, tag + "\n" + text, ""))

    def test_without_a_tag_every_range_is_explained(self):
        done = self.run_ctl("vm-1")
        whole = "\n".join(self.run_ctl("vm-1", tag).stdout for tag in
                          [block.splitlines()[0] for block in done.stdout.split("\n\n")])
        self.assertEqual((done.returncode, done.stdout, done.stderr), (OK, whole, ""))

    def test_a_request_has_no_name_in_front(self):
        done = self.run_ctl("--request", "-", "ram0", stdin=json.dumps(REQUEST))
        self.assertEqual(done.stdout, self.run_ctl("vm-1", "ram0").stdout)
        done = self.run_ctl("--arch", "x86_64", "--memory", "1G", "ram0")
        self.assertTrue(done.stdout.startswith("ram0\n  phase ram: "))

    def test_json_is_the_reply(self):
        done = self.run_ctl("vm-1", "ram0", "--json")
        self.assertEqual(json.loads(done.stdout)["result"]["ranges"][0]["tag"], "ram0")

    def test_wrong_usage_and_refusals(self):
        for arguments, code, text in (([], USAGE, "explain needs NAME, --request or options of a request"),
                                      (["--memory", "1G", "ram0", "ram1"], USAGE, "one TAG at most"),
                                      (["vm-1", "ram7"], NOT_FOUND, "hint: omit TAG to list the tags that this command accepts: ram7"),
                                      (["nobody"], NOT_FOUND, "hint: gpalayoutctl list"),
                                      (["vm-1", "a/b"], NOT_FOUND, "hint: omit TAG to list the tags that this command accepts: a/b"),
                                      (["vm-1", 281 * "a"], USAGE, "bad_name at TAG: ")):
            with self.subTest(arguments=arguments):
                done = self.run_ctl(*arguments)
                self.assertEqual((done.returncode, done.stdout), (code, ""))
                self.assertIn(text, done.stderr)


if __name__ == "__main__":
    main()
