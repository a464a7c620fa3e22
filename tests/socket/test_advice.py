# SPDX-License-Identifier: MIT
"""Errors and advice about sizes, over the socket: what they say is tried."""

import copy
import json
import subprocess

from harness import GPALAYOUTCTL, PATIENCE, DaemonTestCase, main

REQUEST = {"arch": "x86_64", "memory": {"nodes": ["4GiB"]},
           "pcie": {"root_complexes": [{"name": "rc0", "end_bus": 15}, {"name": "rc1", "start_bus": 16, "end_bus": 31}]}}

HOLE = {"reserved": [{"name": "wall", "start": "0x200000000", "end": "0xfffffffffffff000"}]}


def put(request, pointer, value):
    """A copy of the request with another value at the JSON pointer, which begins behind /request."""
    changed = copy.deepcopy(request)
    *groups, member = pointer.split("/")[2:]
    place = changed
    for group in groups:
        place = place[int(group)] if isinstance(place, list) else place.setdefault(group, {})
    place[int(member) if isinstance(place, list) else member] = value
    return changed


class Exhausted(DaemonTestCase):
    """{pointer: (what else the request has, a size that is too large)}"""

    CASES = {
        "/request/pcie/root_complexes/0/low_mmio": ({}, "4GiB"),
        "/request/pcie/root_complexes/1/high_mmio": (HOLE, "8GiB"),
        "/request/memory/nodes/0": (HOLE, "32GiB"),
        "/request/chipset/high_mmio": (HOLE, "16GiB"),
        "/request/vtl2/chipset_mmio": (HOLE, "16GiB"),
        "/request/vtl2/framebuffer": (HOLE, "16GiB"),
        "/request/vtl2/memory/size": ({**HOLE, "vtl2": {"memory": {"alignment": "2MiB"}}}, "16GiB"),
        "/request/pcie/root_complexes/0/cxl/hdm": (HOLE, "16GiB"),
    }

    def test_the_largest_size_does_and_a_step_more_does_not(self):
        with self.daemon.connect() as client:
            for pointer, (others, size) in self.CASES.items():
                with self.subTest(pointer):
                    request = {**REQUEST, **others}
                    reply = client.call("layout.resolve", {"request": put(request, pointer, size)})
                    data = reply["error"]["data"]
                    self.assertEqual((data["reason"], data["pointer"]), ("exhausted", pointer))
                    largest = int(data["largest_size"], 16)
                    step = 0x10000000 if pointer.endswith("hdm") else 0x1000
                    good = client.call("layout.resolve", {"request": put(request, pointer, hex(largest))})
                    self.assertIn("result", good)
                    bad = client.call("layout.resolve", {"request": put(request, pointer, hex(largest + step))})
                    self.assertEqual(bad["error"]["code"], 1)

    def test_what_bounds_the_best_fit_is_next_to_it(self):
        with self.daemon.connect() as client:
            request = put({**REQUEST, **HOLE}, "/request/pcie/root_complexes/1/high_mmio", "8GiB")
            data = client.call("layout.resolve", {"request": request})["error"]["data"]
            self.assertEqual(data["below"]["tag"], "ram0")
            self.assertEqual(data["above"], {"tag": "reserved-wall", "start": "0x200000000",
                                             "end": "0xfffffffffffff000"})
            self.assertEqual(data["fit"], {"start": data["below"]["end"], "end": data["above"]["start"]})
            self.assertEqual(int(data["largest_fit"], 16), 0x200000000 - 0x140000000)

    def test_where_nothing_would_do_no_size_is_named(self):
        request = {**REQUEST, "pcie": {"root_complexes": [
            {"name": "big", "end_bus": 0, "low_mmio": "3GiB"},
            *({"name": f"rc{i}", "segment": i, "end_bus": 0, "low_mmio": "512MiB"} for i in range(1, 3))]}}
        with self.daemon.connect() as client:
            data = client.call("layout.resolve", {"request": request})["error"]["data"]
            self.assertEqual((data["tag"], data["largest_size"]), ("pcie-rc2-low-mmio", "0x18000000"))
            request["pcie"]["root_complexes"].append({"name": "last", "segment": 9, "low_mmio": "512MiB"})
            data = client.call("layout.resolve", {"request": request})["error"]["data"]
            self.assertEqual(data["tag"], "pcie-rc2-low-mmio")
            self.assertNotIn("largest_size", data)

    def test_the_bare_allocator_says_the_same(self):
        request = {"reserved": [{"tag": "wall", "start": "8GiB", "end": "0xfffffffffffff000"}],
                   "ram": [{"tag": "ram", "size": "16GiB", "alignment": "1GiB"}],
                   "post_mmio": [{"tag": "top", "size": "1GiB", "alignment": "1GiB"}]}
        with self.daemon.connect() as client:
            data = client.call("layout.allocate", request)["error"]["data"]
            self.assertEqual((data["largest_fit"], data["largest_size"]), ("0x200000000", "0x1c0000000"))
            request["ram"][0]["size"] = data["largest_size"]
            self.assertIn("result", client.call("layout.allocate", request))

    def test_create_says_it_too(self):
        pointer = "/request/pcie/root_complexes/0/low_mmio"
        with self.daemon.connect() as client:
            reply = client.call("layout.create", {"name": "new", "request": put(REQUEST, pointer, "4GiB")})
            self.assertEqual(reply["error"]["data"]["largest_size"], "0xf4000000")

    def test_update_says_what_would_fit_beside_what_is_live(self):
        def more(size):
            third = {"name": "rc2", "start_bus": 32, "end_bus": 47, "low_mmio": size}
            return {**REQUEST, "pcie": {"root_complexes": [*REQUEST["pcie"]["root_complexes"], third]}}

        with self.daemon.connect() as client:
            client.call("layout.create", {"name": "there", "request": REQUEST})
            data = client.call("layout.update", {"name": "there", "request": more("4GiB")})["error"]["data"]
            self.assertEqual((data["reason"], data["pointer"]),
                             ("exhausted", "/request/pcie/root_complexes/2/low_mmio"))
            self.assertEqual((data["below"]["tag"], data["above"]["tag"]), ("ram0", "pcie-rc1-low-mmio"))
            self.assertEqual(data["largest_size"], hex(0xf0000000 - 0xc0000000))
            reply = client.call("layout.update", {"name": "there", "request": more(data["largest_size"])})
            self.assertIn("result", reply)

            # Where the live window itself is asked for larger, no place is named that is not there.
            bigger = put(REQUEST, "/request/pcie/root_complexes/0/low_mmio", "4GiB")
            data = client.call("layout.update", {"name": "there", "request": bigger})["error"]["data"]
            self.assertEqual(data["reason"], "exhausted")
            self.assertFalse({"fit", "below", "above", "largest_size"} & set(data))


class AddressWidth(DaemonTestCase):
    def test_the_tag_at_the_top_the_bits_and_what_alignment_adds(self):
        request = {"arch": "x86_64", "memory": {"nodes": ["4GiB"]}, "chipset": {"high_mmio": 0},
                   "vtl2": {"chipset_mmio": "2MiB", "memory": {"size": "1GiB", "alignment": "4GiB"}},
                   "host": {"physical_address_bits": 33}}
        with self.daemon.connect() as client:
            data = client.call("layout.resolve", {"request": request})["error"]["data"]
            self.assertEqual(data, {"reason": "address_width_exceeded",
                                    "pointer": "/request/host/physical_address_bits", "tag": "vtl2",
                                    "range": {"start": "0x200000000", "end": "0x240000000"}, "bits": 33,
                                    "required_bits": 34, "alignment_gap": "0xbfe00000", "excess": "0x40000000",
                                    "largest_tag": "ram0", "largest_tag_size": "0x100000000"})

    def test_many_nodes_are_told_a_size_for_all(self):
        request = {"arch": "x86_64", "memory": {"nodes": ["1GiB"] * 600}, "host": {"physical_address_bits": 36}}
        with self.daemon.connect() as client:
            data = client.call("layout.resolve", {"request": request})["error"]["data"]
            self.assertEqual(data["largest_size_of"], "ram")
            for size, reply in ((int(data["largest_size"], 16), "result"), (int(data["largest_size"], 16) + 4096, "error")):
                request["memory"]["nodes"] = [size] * 600
                self.assertIn(reply, client.call("layout.resolve", {"request": request}))

    def test_an_update_is_told_what_it_may_do(self):
        request = {"arch": "x86_64", "memory": {"nodes": ["8GiB"]}}
        larger = {"arch": "x86_64", "memory": {"nodes": ["2TiB"]}, "host": {"physical_address_bits": 40}}
        with self.daemon.connect() as client:
            client.call("layout.create", {"name": "wide", "request": request})
            params = {"name": "wide", "request": larger, "dry_run": True}
            data = client.call("layout.update", params)["error"]["data"]
            self.assertEqual((data["reason"], data.get("largest_size")), ("address_width_exceeded", None))
            data = client.call("layout.update", {**params, "allow_moves": True})["error"]["data"]
            self.assertEqual(data["largest_size_of"], "ram0")
            for size, reply in ((int(data["largest_size"], 16), "result"), (int(data["largest_size"], 16) + 4096, "error")):
                larger["memory"]["nodes"] = [size]
                self.assertIn(reply, client.call("layout.update", {**params, "allow_moves": True}))
            client.call("layout.delete", {"name": "wide"})


class Advice(DaemonTestCase):
    """advise: true; each size is tried as the protocol says, and so is a page more."""

    REQUEST = {"arch": "x86_64", "memory": {"nodes": ["2GiB", "1GiB", "512MiB"]},
               "pcie": {"root_complexes": [
                   {"name": "rc0", "end_bus": 15, "low_mmio": "32MiB"},
                   {"name": "rc1", "start_bus": 16, "end_bus": 31, "high_mmio": "4GiB"},
                   {"name": "rc2", "segment": 1, "high_mmio": {"start": "0x1000000000", "end": "0x1100000000"}}]},
               "vtl2": {"memory": {"size": "1GiB", "alignment": "1GiB"}}, "host": {"physical_address_bits": 39}}
    MEMBERS = {"chipset-low-mmio": "/request/chipset/low_mmio", "chipset-high-mmio": "/request/chipset/high_mmio",
               **{f"ram{i}": f"/request/memory/nodes/{i}" for i in range(3)},
               **{f"pcie-rc{i}-{side}-mmio": f"/request/pcie/root_complexes/{i}/{side}_mmio"
                  for i in range(3) for side in ("low", "high")}}

    def outcome(self, client, pointer, value):
        """Whether the request resolves with another value, and whether only that range is another then."""
        changed = {"request": put(self.REQUEST, pointer, value)}
        reply = client.call("layout.compare", {"from": {"request": self.REQUEST}, "to": changed})
        if "error" in reply:
            self.assertEqual(reply["error"]["code"], 1)
            return "fails"
        tags = {change["tag"] for change in reply["result"]["changes"]}
        return "stays" if reply["result"]["compatible"] and len(tags) <= 1 else "moves"

    def test_each_range_grows_as_far_as_is_said_and_no_further(self):
        with self.daemon.connect() as client:
            result = client.call("layout.resolve", {"request": self.REQUEST, "advise": True})["result"]
            self.assertEqual({growth["tag"] for growth in result["advice"]}, set(self.MEMBERS))
            self.assertEqual([growth["tag"] for growth in result["advice"]],
                             [entry["tag"] for entry in result["layout"]["map"] if entry["tag"] in self.MEMBERS])
            for growth in result["advice"]:
                pointer = self.MEMBERS[growth["tag"]]
                more = {name: hex(int(growth[name], 16) + 4096) for name in ("in_place", "resolved") if name in growth}
                with self.subTest(growth["tag"]):
                    if "pin" in growth:
                        pin = growth["pin"]
                        beyond = {"start": pin["start"], "end": hex(int(pin["end"], 16) + 4096)}
                        self.assertEqual(self.outcome(client, pointer, pin), "stays")
                        self.assertNotEqual(self.outcome(client, pointer, beyond), "stays")
                    else:
                        self.assertEqual(self.outcome(client, pointer, growth["in_place"]), "stays")
                        self.assertNotEqual(self.outcome(client, pointer, more["in_place"]), "stays")
                    if growth["tag"] == "pcie-rc2-high-mmio":
                        self.assertNotIn("resolved", growth)
                        continue
                    self.assertNotEqual(self.outcome(client, pointer, growth["resolved"]), "fails")
                    self.assertEqual(self.outcome(client, pointer, more["resolved"]), "fails")

    def test_without_asking_there_is_none(self):
        with self.daemon.connect() as client:
            for params in ({}, {"advise": False}):
                result = client.call("layout.resolve", {"request": self.REQUEST, **params})["result"]
                self.assertEqual(list(result), ["layout"])
            data = client.call("layout.resolve", {"request": self.REQUEST, "advise": 1})["error"]["data"]
            self.assertEqual((data["reason"], data["pointer"]), ("wrong_type", "/advise"))

    def test_of_very_many_ranges_some_are_left_out(self):
        request = {"arch": "x86_64", "memory": {"nodes": ["1GiB"]}, "pcie": {"root_complexes": [
            {"name": f"rc{i}", "segment": i, "end_bus": 0, "low_mmio": "4KiB"} for i in range(1000)]}}
        with self.daemon.connect() as client:
            result = client.call("layout.resolve", {"request": request, "advise": True})["result"]
            self.assertTrue(result["advice_cut"])
            self.assertEqual(len(result["advice"]), 2003)
            self.assertTrue(all("pin" in growth for growth in result["advice"] if growth["tag"].startswith("pcie-")))
            self.assertTrue(any("resolved" not in growth for growth in result["advice"]))

    def test_reserved_ranges_count_as_work_wherever_they_are(self):
        request = {"arch": "x86_64", "memory": {"nodes": ["1MiB"] * 50}, "reserved": [
            {"name": f"r{i}", "start": hex((1 << 45) + i * 0x2000), "end": hex((1 << 45) + i * 0x2000 + 0x1000)}
            for i in range(10000)]}
        with self.daemon.connect() as client:
            result = client.call("layout.resolve", {"request": request, "advise": True})["result"]
            self.assertTrue(result["advice_cut"])
            self.assertEqual(len(result["advice"]), 52)

    def test_what_no_host_can_have_is_no_figure(self):
        done = subprocess.run([GPALAYOUTCTL, "--socket", self.daemon.socket, "resolve", "--advise", "--arch", "x86_64",
                               "--memory", "1GiB"], capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertRegex(done.stdout, r"(?m)^ram0 .* > 4 PiB$")

    def test_the_client_shows_it_as_a_table(self):
        done = subprocess.run([GPALAYOUTCTL, "--socket", self.daemon.socket, "resolve", "--advise", "-"],
                              input=json.dumps(self.REQUEST), capture_output=True, text=True, timeout=PATIENCE,
                              check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        rows = done.stdout.split("each range could grow to this, where it is and if the others may move:\n\n")[1].splitlines()
        self.assertEqual(rows[0].split(), ["RANGE", "SIZE", "IN", "PLACE", "PINNED", "TO", "RE-RESOLVED"])
        self.assertEqual({row.split()[0] for row in rows[1:]}, set(self.MEMBERS))
        pinned = next(row for row in rows if row.startswith("pcie-rc2-high-mmio"))
        self.assertRegex(pinned, r" 4 GiB +58 GiB +0x280000000-0x1100000000 +-$")


if __name__ == "__main__":
    main()
