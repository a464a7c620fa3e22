# SPDX-License-Identifier: MIT
"""Errors and advice about sizes, over the socket: what they say is tried."""

import copy

from harness import DaemonTestCase, main

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

    def test_create_and_update_say_it_too(self):
        pointer = "/request/pcie/root_complexes/0/low_mmio"
        with self.daemon.connect() as client:
            client.call("layout.create", {"name": "there", "request": REQUEST})
            for method, name in (("layout.create", "new"), ("layout.update", "there")):
                reply = client.call(method, {"name": name, "request": put(REQUEST, pointer, "4GiB")})
                self.assertEqual(reply["error"]["data"]["largest_size"], "0xf4000000")


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
                                    "required_bits": 34, "alignment_gap": "0xbfe00000"})


if __name__ == "__main__":
    main()
