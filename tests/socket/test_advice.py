# SPDX-License-Identifier: MIT
"""Errors and advice about sizes, over the socket. The tests try the sizes."""

import copy
import json
import re
import subprocess

from harness import GPALAYOUTCTL, PATIENCE, DaemonTestCase, main

REQUEST = {"arch": "x86_64", "memory": {"nodes": ["4GiB"]},
           "pcie": {"root_complexes": [{"name": "rc0", "end_bus": 15}, {"name": "rc1", "start_bus": 16, "end_bus": 31}]}}

BRIDGES = {"pcie": {"root_complexes": [{**rc, "cxl": {}} for rc in REQUEST["pcie"]["root_complexes"]]}}

HOLE = {"reserved": [{"name": "wall", "start": "0x200000000", "end": "0xfffffffffffff000"}]}


def put(request, pointer, value):
    """Returns a copy of the request with another value at the JSON pointer. The pointer starts with /request."""
    changed = copy.deepcopy(request)
    *groups, member = pointer.split("/")[2:]
    place = changed
    for group in groups:
        place = place[int(group)] if isinstance(place, list) else place.setdefault(group, {})
    place[int(member) if isinstance(place, list) else member] = value
    return changed


class Exhausted(DaemonTestCase):
    """Refused sizes. The error says which size would fit."""

    # {pointer: (other members of the request, a size that is too large)}
    CASES = {
        "/request/pcie/root_complexes/0/low_mmio": ({}, "4GiB"),
        "/request/pcie/root_complexes/1/high_mmio": (HOLE, "8GiB"),
        "/request/memory/nodes/0": (HOLE, "32GiB"),
        "/request/chipset/high_mmio": (HOLE, "16GiB"),
        "/request/vtl2/chipset_mmio": (HOLE, "16GiB"),
        "/request/vtl2/framebuffer": (HOLE, "16GiB"),
        "/request/vtl2/memory/size": ({**HOLE, "vtl2": {"memory": {"alignment": "2MiB"}}}, "16GiB"),
        "/request/pcie/root_complexes/0/cxl/hdm": (HOLE, "16GiB"),
        "/request/memory/hotplug/0/size": ({**HOLE, "memory": {"nodes": ["3GiB"], "hotplug": [{"alignment": "2MiB"}]}}, "16GiB"),
        "/request/cxl_windows/0/size": ({**HOLE, **BRIDGES, "memory": {"nodes": ["3GiB"]}, "cxl_windows": [{"name": "pool", "targets": ["rc0", "rc1"]}]}, "16GiB"),
    }
    STEPS = {"/request/pcie/root_complexes/0/cxl/hdm": 256 << 20, "/request/cxl_windows/0/size": 512 << 20}

    def test_the_largest_size_fits_and_a_step_more_does_not(self):
        with self.daemon.connect() as client:
            for pointer, (others, size) in self.CASES.items():
                with self.subTest(pointer):
                    request = {**REQUEST, **others}
                    reply = client.call("layout.resolve", {"request": put(request, pointer, size)})
                    data = reply["error"]["data"]
                    self.assertEqual((data["reason"], data["pointer"]), ("exhausted", pointer))
                    largest = int(data["largest_size"], 16)
                    step = self.STEPS.get(pointer, 4096)
                    good = client.call("layout.resolve", {"request": put(request, pointer, hex(largest))})
                    self.assertIn("result", good)
                    bad = client.call("layout.resolve", {"request": put(request, pointer, hex(largest + step))})
                    self.assertEqual(bad["error"]["code"], 1)

    def test_the_neighbours_of_the_best_fit_are_reported(self):
        with self.daemon.connect() as client:
            request = put({**REQUEST, **HOLE}, "/request/pcie/root_complexes/1/high_mmio", "8GiB")
            data = client.call("layout.resolve", {"request": request})["error"]["data"]
            self.assertEqual(data["below"]["tag"], "ram0")
            self.assertEqual(data["above"], {"tag": "reserved-wall", "start": "0x200000000",
                                             "end": "0xfffffffffffff000"})
            self.assertEqual(data["fit"], {"start": data["below"]["end"], "end": data["above"]["start"]})
            self.assertEqual(int(data["largest_fit"], 16), 0x200000000 - 0x140000000)

    def test_if_nothing_would_fit_no_size_is_named(self):
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

    def share(self, client, request):
        """Returns the equal share in the refusal of a request, or None."""
        data = client.call("layout.resolve", {"request": request})["error"]["data"]
        self.assertEqual(data["reason"], "exhausted")
        return int(data["equal_share"], 16) if "equal_share" in data else None

    def with_windows(self, member, windows, **members):
        return {**REQUEST, **members, "pcie": {"root_complexes": [
            {"name": f"rc{i}", "segment": i, "end_bus": 0, member: window} for i, window in enumerate(windows)]}}

    def test_with_the_equal_share_all_windows_fit_and_with_a_step_more_they_do_not(self):
        cases = {
            "low": ("low_mmio", ["2GiB", "2GiB", "2GiB"], {}, 2 << 20),
            "low, of several sizes": ("low_mmio", ["3GiB", "64MiB", "1GiB", "4KiB"], {}, 2 << 20),
            "high": ("high_mmio", ["1TiB"] * 5, {"reserved": [
                {"name": "wall", "start": "2TiB", "end": "0xfffffffffffff000"}]}, 1 << 30),
            "high, one of them with an alignment": ("high_mmio", [{"size": "1TiB", "alignment": "1TiB"}, "1TiB"], {"reserved": [
                {"name": "wall", "start": "2TiB", "end": "0xfffffffffffff000"}]}, 1 << 30),
            "high, one of them for devices": ("high_mmio", [{"devices": [{"bars": ["1TiB", "1TiB"]}]}, "16GiB"], {"reserved": [
                {"name": "wall", "start": "2TiB", "end": "0xfffffffffffff000"}]}, 1 << 30),
        }
        with self.daemon.connect() as client:
            for what, (member, windows, members, step) in cases.items():
                with self.subTest(what):
                    share = self.share(client, self.with_windows(member, windows, **members))
                    self.assertEqual(share % step, 0)
                    for size, answer in ((share, "result"), (share + step, "error")):
                        request = self.with_windows(member, [hex(size)] * len(windows), **members)
                        self.assertIn(answer, client.call("layout.resolve", {"request": request}))

    def test_pinned_and_omitted_windows_have_no_share(self):
        pin, size = {"start": "1GiB", "end": "2GiB"}, 2 << 20
        windows = [pin, None, "3GiB", "3GiB"]
        with self.daemon.connect() as client:
            share = self.share(client, self.with_windows("low_mmio", windows))
            for more, answer in ((0, "result"), (size, "error")):
                shared = [pin, None, hex(share + more), hex(share + more)]
                self.assertIn(answer, client.call("layout.resolve", {"request": self.with_windows("low_mmio", shared)}))

    def test_no_share_is_named_if_none_is_enough_or_something_else_does_not_fit(self):
        # Below 4 GiB there is room for 1984 windows of 2 MiB.
        many = self.with_windows("low_mmio", ["4KiB"] * 2000)
        slots = {**self.with_windows("low_mmio", ["2GiB"], virtio_mmio={"slots": 4096}), "chipset": {"low_mmio": "4088MiB"}}
        with self.daemon.connect() as client:
            self.assertIsNone(self.share(client, many))
            slots["pcie"]["root_complexes"][0]["low_mmio"] = None
            self.assertIsNone(self.share(client, slots))

    def test_the_bare_allocator_reports_the_same_quantities(self):
        request = {"reserved": [{"tag": "wall", "start": "8GiB", "end": "0xfffffffffffff000"}],
                   "ram": [{"tag": "ram", "size": "16GiB", "alignment": "1GiB"}],
                   "post_mmio": [{"tag": "top", "size": "1GiB", "alignment": "1GiB"}]}
        with self.daemon.connect() as client:
            data = client.call("layout.allocate", request)["error"]["data"]
            self.assertEqual((data["largest_fit"], data["largest_size"]), ("0x200000000", "0x1c0000000"))
            request["ram"][0]["size"] = data["largest_size"]
            self.assertIn("result", client.call("layout.allocate", request))

    def test_create_reports_what_would_fit_too(self):
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

            # If the live window itself must be larger, the error names no place.
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

    def test_rooms_shrink_before_windows_and_devices_never_do(self):
        request = {"arch": "x86_64", "memory": {"nodes": ["4GiB"], "hotplug": [{"size": "300GiB"}, {"size": "600GiB"}]},
                   "pcie": {"root_complexes": [
                       {"name": "rc0", "end_bus": 15, "high_mmio": {"devices": [{"bars": ["128GiB"]}]}},
                       {"name": "rc1", "start_bus": 16, "end_bus": 31, "high_mmio": "64GiB"}]},
                   "host": {"physical_address_bits": 40}}
        with self.daemon.connect() as client:
            def data():
                return client.call("layout.resolve", {"request": request})["error"]["data"]
            self.assertEqual(data()["largest_size_of"], "hotplug-1")
            for more, answer in ((0, "result"), (4096, "error")):
                changed = put(request, "/request/memory/hotplug/1/size", hex(int(data()["largest_size"], 16) + more))
                self.assertIn(answer, client.call("layout.resolve", {"request": changed}))
            request["memory"]["hotplug"] = []
            request["pcie"]["root_complexes"][1]["high_mmio"] = "640GiB"
            request["host"]["physical_address_bits"] = 39
            self.assertEqual(data()["largest_size_of"], "pcie-rc1-high-mmio")
            del request["pcie"]["root_complexes"][1]
            request["host"]["physical_address_bits"] = 37
            self.assertNotIn("largest_size_of", data())

    def test_many_nodes_get_one_size_for_all(self):
        request = {"arch": "x86_64", "memory": {"nodes": ["1GiB"] * 600}, "host": {"physical_address_bits": 36}}
        with self.daemon.connect() as client:
            data = client.call("layout.resolve", {"request": request})["error"]["data"]
            self.assertEqual(data["largest_size_of"], "ram")
            for size, reply in ((int(data["largest_size"], 16), "result"), (int(data["largest_size"], 16) + 4096, "error")):
                request["memory"]["nodes"] = [size] * 600
                self.assertIn(reply, client.call("layout.resolve", {"request": request}))

    def test_an_update_gets_a_size_only_if_ranges_may_move(self):
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
    """advise: true. Each size is tried as the protocol says, and one page more."""

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
        """Returns "fails" if the request does not resolve with another value, "stays" if at most that range differs and
        nothing moves, otherwise "moves"."""
        changed = {"request": put(self.REQUEST, pointer, value)}
        reply = client.call("layout.compare", {"from": {"request": self.REQUEST}, "to": changed})
        if "error" in reply:
            self.assertEqual(reply["error"]["code"], 1)
            return "fails"
        tags = {change["tag"] for change in reply["result"]["changes"]}
        return "stays" if reply["result"]["compatible"] and len(tags) <= 1 else "moves"

    def test_each_range_grows_as_far_as_advised_and_no_further(self):
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

    def test_a_reply_has_no_advice_unless_asked_for(self):
        with self.daemon.connect() as client:
            for params in ({}, {"advise": False}):
                result = client.call("layout.resolve", {"request": self.REQUEST, **params})["result"]
                self.assertEqual(list(result), ["layout"])
            data = client.call("layout.resolve", {"request": self.REQUEST, "advise": 1})["error"]["data"]
            self.assertEqual((data["reason"], data["pointer"]), ("wrong_type", "/advise"))

    def test_advice_on_very_many_ranges_is_cut(self):
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

    def test_a_size_that_no_host_can_have_is_shown_as_above_4_pib(self):
        done = subprocess.run([GPALAYOUTCTL, "--socket", self.daemon.socket, "resolve", "--advise", "--arch", "x86_64",
                               "--memory", "1GiB"], capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertRegex(done.stdout, r"(?m)^ram0 .* > 4 PiB$")

    def test_gpalayoutctl_shows_advice_as_a_table(self):
        done = subprocess.run([GPALAYOUTCTL, "--socket", self.daemon.socket, "resolve", "--advise", "-"],
                              input=json.dumps(self.REQUEST), capture_output=True, text=True, timeout=PATIENCE,
                              check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        rows = done.stdout.split("in a new VM, each range alone could grow to these sizes, in place or if the request is resolved again:\n\n")[1].splitlines()
        self.assertEqual(rows[0].split(), ["RANGE", "SIZE", "IN", "PLACE", "PINNED", "TO", "RE-RESOLVED"])
        self.assertEqual({row.split()[0] for row in rows[1:]}, set(self.MEMBERS))
        pinned = next(row for row in rows if row.startswith("pcie-rc2-high-mmio"))
        self.assertRegex(pinned, r" 4 GiB +58 GiB +0x280000000-0x1100000000 +-$")


class LayoutAdvise(DaemonTestCase):
    """layout.advise on live layouts and on requests. Each size is tried, and one step more."""

    REQUEST = {"arch": "x86_64",
               "memory": {"nodes": ["2GiB", "1GiB"], "hotplug": [{"size": "8GiB"}, {"node": 1, "size": "4GiB", "alignment": "1GiB"}]},
               "pcie": {"root_complexes": [
                   {"name": "rc0", "end_bus": 15, "low_mmio": "32MiB", "cxl": {}},
                   {"name": "rc1", "start_bus": 16, "end_bus": 31, "high_mmio": {"devices": [{"bars": ["2GiB", "2GiB"]}]}, "cxl": {}}]},
               "cxl_windows": [{"name": "pool", "targets": ["rc1", "rc0"], "size": "1GiB"}], "host": {"physical_address_bits": 39}}
    MEMBERS = {"chipset-low-mmio": "/request/chipset/low_mmio", "chipset-high-mmio": "/request/chipset/high_mmio",
               **{f"ram{i}": f"/request/memory/nodes/{i}" for i in range(2)},
               **{f"hotplug-{i}": f"/request/memory/hotplug/{i}/size" for i in range(2)},
               **{f"pcie-rc{i}-{side}-mmio": f"/request/pcie/root_complexes/{i}/{side}_mmio"
                  for i in range(2) for side in ("low", "high")},
               "cxl-window-pool": "/request/cxl_windows/0/size"}
    STEPS = {"cxl-window-pool": 512 << 20}

    def advise(self, **params):
        """Returns the answer, which must be the same on both sockets."""
        reply = self.daemon.call("layout.advise", params)
        self.assertEqual(self.daemon.call("layout.advise", params, inspect=True), reply)
        return reply

    def test_the_client_has_columns_for_bars(self):
        done = subprocess.run([GPALAYOUTCTL, "--socket", self.daemon.socket, "advise", "--request", "-", "pcie-rc1-high-mmio"],
                              input=json.dumps(self.REQUEST), capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        heading, row = done.stdout.splitlines()[2:]
        self.assertEqual(re.split("  +", heading),
                         ["RANGE", "SIZE", "IN PLACE", "PINNED TO", "RE-RESOLVED", "LARGEST BAR", "BAR IF PINNED"])
        self.assertRegex(row, r"^pcie-rc1-high-mmio .* \d+ GiB +\d+ GiB$")

    def assert_stays(self, client, live, pointer, value, stays):
        changed = {"request": put(self.REQUEST, pointer, value)}
        reply = client.call("layout.compare", {"from": live, "to": changed})
        compatible = "result" in reply and reply["result"]["compatible"]
        self.assertEqual(compatible, stays, reply)

    def assert_rows(self, rows, live):
        with self.daemon.connect() as client:
            for row in rows:
                pointer, step = self.MEMBERS[row["tag"]], self.STEPS.get(row["tag"], 4096)
                more = {name: hex(int(row[name], 16) + step) for name in ("in_place", "resolved") if name in row}
                with self.subTest(row["tag"]):
                    if "pin" in row:
                        start, end = (int(row["pin"][name], 16) for name in ("start", "end"))
                        self.assertEqual(int(row["in_place"], 16), end - start)
                        self.assert_stays(client, live, pointer, row["pin"], True)
                        self.assert_stays(client, live, pointer, {"start": hex(start), "end": hex(end + 4096)}, False)
                        pinned = client.call("layout.resolve", {"request": put(self.REQUEST, pointer, row["pin"])})
                        side = pointer.rpartition("/")[2]
                        root = int(row["tag"][len("pcie-rc")])
                        self.assertEqual(pinned["result"]["layout"]["pcie"]["root_complexes"][root][side]["largest_bar"],
                                         row["pin_largest_bar"])
                        self.assertGreaterEqual(int(row["pin_largest_bar"], 16), int(row["largest_bar"], 16))
                    else:
                        self.assertFalse({"largest_bar", "pin_largest_bar"} & set(row))
                        self.assert_stays(client, live, pointer, row["in_place"], True)
                        self.assert_stays(client, live, pointer, more["in_place"], False)
                    # The devices decide the size of their window.
                    self.assertEqual("resolved" in row, row["tag"] != "pcie-rc1-high-mmio")
                    for size, answer in ((row.get("resolved"), "result"), (more.get("resolved"), "error")):
                        if size:
                            self.assertIn(answer, client.call("layout.resolve", {"request": put(self.REQUEST, pointer, size)}))

    def test_a_request_is_advised_on_as_by_resolve(self):
        result = self.advise(request=self.REQUEST)["result"]
        resolved = self.daemon.call("layout.resolve", {"request": self.REQUEST, "advise": True})["result"]
        self.assertEqual(result, {"resolves": True, "advice": resolved["advice"]})
        self.assertEqual([row["tag"] for row in result["advice"]],
                         [entry["tag"] for entry in resolved["layout"]["map"] if entry["tag"] in self.MEMBERS])
        self.assert_rows(result["advice"], {"request": self.REQUEST})

    def test_a_live_layout_is_advised_on_by_name(self):
        with self.daemon.connect() as client:
            client.call("layout.create", {"name": "live", "request": self.REQUEST})
        result = self.advise(name="live")["result"]
        self.assertEqual(result, self.advise(request=self.REQUEST)["result"])
        self.assert_rows(result["advice"], {"name": "live"})

    def test_after_an_update_the_advice_is_about_the_updated_layout(self):
        first = {**REQUEST, "host": {"physical_address_bits": 39}}
        second = put(first, "/request/memory/hotplug", [{"size": "4GiB"}])
        second["pcie"]["root_complexes"].append({"name": "rc2", "start_bus": 32, "end_bus": 47})
        with self.daemon.connect() as client:
            client.call("layout.create", {"name": "grown", "request": first})
            layout = client.call("layout.update", {"name": "grown", "request": second})["result"]["layout"]
            afresh = client.call("layout.resolve", {"request": second})["result"]["layout"]
        # The updated layout differs from a fresh one.
        self.assertNotEqual(layout["digest"], afresh["digest"])
        result = self.advise(name="grown")["result"]
        self.assertIs(result["resolves"], True)
        taken = sorted((int(entry["start"], 16), int(entry["end"], 16)) for entry in layout["map"])
        places = {entry["tag"]: entry for entry in layout["map"]}
        self.assertEqual([row["tag"] for row in result["advice"]],
                         [tag for tag in dict.fromkeys(entry["tag"] for entry in layout["map"]) if not tag.endswith("ecam")])
        for row in result["advice"]:
            with self.subTest(row["tag"]):
                if "pin" not in row:
                    self.assertGreaterEqual(int(row["in_place"], 16), int(row["size"], 16))
                    continue
                start, end = (int(row["pin"][name], 16) for name in ("start", "end"))
                own = tuple(int(places[row["tag"]][name], 16) for name in ("start", "end"))
                # The pin covers its own place and only free space beside it.
                self.assertTrue(start <= own[0] and own[1] <= end)
                self.assertEqual([other for other in taken if other[0] < end and start < other[1]], [own])

    def test_a_tag_limits_the_advice_to_its_range(self):
        with self.daemon.connect() as client:
            client.call("layout.create", {"name": "one", "request": self.REQUEST})
        for source in ({"name": "one"}, {"request": self.REQUEST}):
            for row in self.advise(**source)["result"]["advice"]:
                with self.subTest(row["tag"], source=list(source)):
                    self.assertEqual(self.advise(**source, tag=row["tag"])["result"], {"resolves": True, "advice": [row]})

    def test_a_tag_that_is_not_there_is_not_found(self):
        with self.daemon.connect() as client:
            client.call("layout.create", {"name": "few", "request": self.REQUEST})
        tags = ("ram2", "hotplug-2", "pcie-rc2-low-mmio", "cxl-window-other", "no such tag")
        too_large = put(self.REQUEST, "/request/pcie/root_complexes/0/low_mmio", "8GiB")
        for source in ({"name": "few"}, {"request": self.REQUEST}, {"request": too_large}):
            for tag in tags:
                with self.subTest(tag, source=list(source)):
                    self.assertEqual(self.advise(**source, tag=tag)["error"]["data"],
                                     {"reason": "not_found", "pointer": "/tag", "tag": tag})
        # These ranges exist, but no member of the request is their size.
        for source in ({"name": "few"}, {"request": self.REQUEST}):
            for tag in ("pcie-seg0-ecam", "pcie-rc0-cxl-chbcr"):
                with self.subTest(tag, source=list(source)):
                    self.assertEqual(self.advise(**source, tag=tag)["error"]["data"],
                                     {"reason": "not_found", "pointer": "/tag", "tag": tag})
        # The devices decide the size of their window, so without a layout there is no advice on it.
        self.assertEqual(self.advise(request=too_large, tag="pcie-rc1-high-mmio")["error"]["data"]["reason"], "not_found")

    def test_a_refused_request_gets_each_size_with_which_alone_it_would_resolve(self):
        cases = {
            "no room below 4 GiB": put(self.REQUEST, "/request/pcie/root_complexes/0/low_mmio", "4GiB"),
            "too wide by its RAM": put(self.REQUEST, "/request/memory/nodes/0", "1TiB"),
            "too wide by a room": put(self.REQUEST, "/request/memory/hotplug/1/size", "1TiB"),
            "too wide by a CXL window": put(self.REQUEST, "/request/cxl_windows/0/size", "1TiB"),
            "too wide by a little of each": put(put(self.REQUEST, "/request/memory/nodes/0", "300GiB"),
                                                "/request/memory/hotplug/0/size", "300GiB"),
        }
        with self.daemon.connect() as client:
            for what, request in cases.items():
                with self.subTest(what):
                    refusal = client.call("layout.resolve", {"request": request})["error"]["data"]
                    self.assertIn(refusal["reason"], ("exhausted", "address_width_exceeded"))
                    result = self.advise(request=request)["result"]
                    self.assertIs(result["resolves"], False)
                    self.assertEqual([row["tag"] for row in result["advice"]][:2], ["ram0", "ram1"])
                    self.assertEqual({row["tag"] for row in result["advice"]}, set(self.MEMBERS) - {"pcie-rc1-high-mmio"})
                    self.assertTrue(any("resolved" in row for row in result["advice"]))
                    for row in result["advice"]:
                        pointer, step = self.MEMBERS[row["tag"]], self.STEPS.get(row["tag"], 4096)
                        self.assertLessEqual(set(row), {"tag", "size", "resolved"})
                        if "resolved" not in row:
                            # Even the smallest size does not help.
                            least = put(request, pointer, hex(step))
                            self.assertIn("error", client.call("layout.resolve", {"request": least}))
                            continue
                        for size, answer in ((int(row["resolved"], 16), "result"), (int(row["resolved"], 16) + step, "error")):
                            self.assertIn(answer, client.call("layout.resolve", {"request": put(request, pointer, hex(size))}))
                        self.assertEqual(self.advise(request=request, tag=row["tag"])["result"],
                                         {"resolves": False, "advice": [row]})

    def test_gpalayoutctl_says_which_sizes_were_tried_in_vain(self):
        for window, operands, text in (("bars=128G", [], "for one range alone"), ("low_mmio=8G,high_mmio=none", ["ram0"], "for this range alone")):
            done = subprocess.run([GPALAYOUTCTL, "--socket", self.daemon.socket, "advise", *operands, "--arch", "x86_64", "--memory", "4G",
                                   "--host-bits", "36", "--pcie-root-complex", "rc0," + window], capture_output=True, text=True,
                                  timeout=PATIENCE, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn(f"no size that was tried {text} helps; pinned windows and windows with devices are not tried", done.stdout)

    def test_any_other_fault_of_a_request_is_its_error(self):
        cases = {
            "invalid_memory": put(self.REQUEST, "/request/memory/nodes/0", "1"),
            "invalid_bus_range": put(self.REQUEST, "/request/pcie/root_complexes/0/end_bus", 0),
            "node_out_of_range": put(self.REQUEST, "/request/memory/hotplug/0/node", 2),
            "invalid_hdm": put(self.REQUEST, "/request/cxl_windows/0/size", "256MiB"),
            "invalid_size": put(self.REQUEST, "/request/chipset/high_mmio", "1"),
        }
        cases["invalid_bus_range"]["pcie"]["root_complexes"][0]["start_bus"] = 1
        for reason, request in cases.items():
            with self.subTest(reason):
                refusal = self.daemon.call("layout.resolve", {"request": request})["error"]
                self.assertEqual(refusal["data"]["reason"], reason)
                self.assertEqual(self.advise(request=request)["error"], refusal)
                self.assertEqual(self.advise(request=request, tag="ram0")["error"], refusal)

    def test_advise_takes_either_a_name_or_a_request(self):
        cases = [
            ({}, "missing_member", "/name"), ({"tag": "ram0"}, "missing_member", "/name"),
            ({"name": "a", "request": self.REQUEST}, "unknown_member", "/request"),
            ({"name": "nobody"}, "not_found", "/name"), ({"name": "nobody", "tag": "ram0"}, "not_found", "/name"),
            ({"name": "a", "tag": 1}, "wrong_type", "/tag"), ({"name": "a", "tag": ""}, "bad_name", "/tag"),
            ({"name": "a", "advise": True}, "unknown_member", "/advise"),
        ]
        for params, reason, pointer in cases:
            with self.subTest(params=list(params)):
                data = self.advise(**params)["error"]["data"]
                self.assertEqual((data["reason"], data["pointer"]), (reason, pointer))

    def test_ram_is_advised_on_even_where_the_budget_ends(self):
        request = {"arch": "x86_64", "memory": {"nodes": ["4GiB", 0, "1GiB"]}, "host": {"physical_address_bits": 40},
                   "pcie": {"root_complexes": [{"name": f"rc{i}", "segment": i, "end_bus": 0, "low_mmio": "4KiB"} for i in range(600)]}}
        too_wide = put(request, "/request/memory/nodes/0", "1TiB")
        with self.daemon.connect() as client:
            for made, resolves in ((request, True), (too_wide, False)):
                result = self.advise(request=made)["result"]
                self.assertEqual((result["resolves"], result["advice_cut"]), (resolves, True))
                rows = {row["tag"]: row for row in result["advice"]}
                self.assertTrue(any("resolved" not in row for row in rows.values()))
                for node in (0, 2):
                    row = rows[f"ram{node}"]
                    if node == 2 and not resolves:
                        self.assertNotIn("resolved", row)
                        continue
                    self.assertEqual("in_place" in row, resolves)
                    for more, answer in ((0, "result"), (4096, "error")):
                        changed = put(made, f"/request/memory/nodes/{node}", hex(int(row["resolved"], 16) + more))
                        self.assertIn(answer, client.call("layout.resolve", {"request": changed}))
            # A tag that was cut from the advice can be asked for alone.
            cut = next(row["tag"] for row in self.advise(request=request)["result"]["advice"] if "resolved" not in row)
            result = self.advise(request=request, tag=cut)["result"]
            self.assertNotIn("advice_cut", result)
            self.assertIn("resolved", result["advice"][0])


if __name__ == "__main__":
    main()
