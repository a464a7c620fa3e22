# SPDX-License-Identifier: MIT
"""Live layouts: create, get, list, update, delete, probe; permissions, and what a restart keeps."""

import datetime
import grp
import json
import os
import threading
import unittest

from harness import Client, Daemon, DaemonTestCase, call_as, can_be_another_user, main
from vm import REQUEST, reason, request


def create(client, name, wanted=None):
    return client.call("layout.create", {"name": name, "request": wanted or REQUEST})


def get(client, name):
    return client.call("layout.get", {"name": name})


def delete(client, name, **params):
    return client.call("layout.delete", {"name": name, **params})


def update(client, name, wanted, **params):
    return client.call("layout.update", {"name": name, "request": wanted, **params})


def kinds_and_tags(changes):
    return {(change["change"], change["tag"]) for change in changes}


def names(reply):
    return [row["name"] for row in reply["result"]["layouts"]]


class Creating(DaemonTestCase):
    def test_create_returns_the_layout_that_resolve_returns(self):
        with self.daemon.connect() as client:
            made = create(client, "as-resolved")["result"]
            resolved = client.call("layout.resolve", {"request": REQUEST})["result"]
            self.assertEqual((made["name"], made["created"]), ("as-resolved", True))
            self.assertEqual(made["layout"], resolved["layout"])

    def test_the_same_request_again_is_the_same_answer(self):
        with self.daemon.connect() as client:
            first = create(client, "again")["result"]
            second = create(client, "again")["result"]
            self.assertEqual(second, dict(first, created=False))

    def test_requests_are_compared_after_decoding(self):
        """Sizes may be written in any way, members may be in any order, and defaults of the protocol may be stated."""
        with self.daemon.connect() as client:
            first = create(client, "decoded")["result"]
            same = (
                {"memory": {"nodes": [4294967296]}, "arch": "x86_64", "pcie": REQUEST["pcie"]},
                {"memory": {"nodes": ["0x100000000"]}, "pcie": REQUEST["pcie"], "arch": "x86_64"},
                dict(REQUEST, profile="gen2-uefi", reserved=[], virtio_mmio={"slots": 0}),
                dict(REQUEST, pcie={"root_complexes": [
                    {"iommu": "amd-vi", "end_bus": 127, "start_bus": 0, "segment": 0, "name": "rc0"}]}),
                dict(REQUEST, policy="openvmm-2026.07"),
            )
            for again in same:
                with self.subTest(again):
                    self.assertEqual(create(client, "decoded", again).get("result"), dict(first, created=False))

    def test_another_request_is_a_conflict(self):
        with self.daemon.connect() as client:
            first = create(client, "taken")["result"]
            others = (request(8), dict(REQUEST, profile="gen1"), dict(REQUEST, policy="openvmm-2026.06"),
                      dict(REQUEST, host={"physical_address_bits": 46}))
            for other in others:
                reply = create(client, "taken", other)
                self.assertEqual(reply["error"]["code"], 3)
                self.assertEqual(reply["error"]["data"],
                                 {"reason": "conflict", "pointer": "/name", "generation": first["generation"]})
            self.assertEqual(create(client, "taken")["result"], dict(first, created=False))

    def test_a_layout_that_does_not_fit_is_not_created(self):
        with self.daemon.connect() as client:
            reply = create(client, "too-large", request(4, chipset={"low_mmio": "4GiB"}))
            self.assertEqual((reason(reply), reply["error"]["data"]["pointer"]),
                             ("exhausted", "/request/pcie/root_complexes/0/low_mmio"))
            self.assertEqual(reason(get(client, "too-large")), "not_found")

    def test_many_connections_at_once_create_a_layout_once(self):
        """All ask for one name before any of them is answered."""
        message = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "layout.create",
                              "params": {"name": "raced", "request": REQUEST}}).encode() + b"\n"
        clients = [self.daemon.connect() for _ in range(40)]
        with self.daemon.paused():
            for client in clients:
                client.send(message)
        results = [client.read_reply()["result"] for client in clients]
        for client in clients:
            client.close()
        self.assertEqual(sum(result["created"] for result in results), 1)
        self.assertEqual({result["generation"] for result in results}, {results[0]["generation"]})

    def test_a_connection_sees_its_own_writes(self):
        """This also holds if it did not wait for the answer."""
        lines = []
        for i in range(20):
            lines += [("layout.create", {"name": "own", "request": REQUEST}), ("layout.get", {"name": "own"}),
                      ("layout.delete", {"name": "own"}), ("layout.get", {"name": "own"})]
        with self.daemon.connect() as client:
            client.send_aside(b"".join(
                json.dumps({"jsonrpc": "2.0", "id": i, "method": method, "params": params}).encode() + b"\n"
                for i, (method, params) in enumerate(lines)))
            replies = [client.read_reply() for _ in lines]
        self.assertEqual([reply["id"] for reply in replies], list(range(len(lines))))
        self.assertEqual([reason(reply) for reply in replies], [None, None, None, "not_found"] * 20)

    def test_a_notification_creates_nothing(self):
        with self.daemon.connect() as client:
            client.send(json.dumps({"jsonrpc": "2.0", "method": "layout.create",
                                    "params": {"name": "silent", "request": REQUEST}}).encode() + b"\n")
            self.assertEqual(reason(get(client, "silent")), "not_found")


class Getting(DaemonTestCase):
    def test_get_returns_every_member(self):
        with self.daemon.connect() as client:
            made = create(client, "all")["result"]
            found = get(client, "all")["result"]
            self.assertEqual(list(found), ["name", "generation", "owner_uid", "created_at", "updated_at", "request",
                                           "layout"])
            self.assertEqual((found["name"], found["generation"], found["owner_uid"], found["layout"]),
                             ("all", made["generation"], os.getuid(), made["layout"]))
            self.assertEqual(found["created_at"], found["updated_at"])
            self.assertRegex(found["created_at"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

    def test_an_update_has_a_time_of_its_own(self):
        with self.daemon.connect() as client:
            create(client, "timed")
            created = get(client, "timed")["result"]["created_at"]
            while datetime.datetime.utcnow().isoformat(timespec="milliseconds") <= created[:-1]:
                pass
            update(client, "timed", {**REQUEST, "virtio_mmio": {"slots": 1}})
            found = get(client, "timed")["result"]
            self.assertEqual(found["created_at"], created)
            self.assertGreater(found["updated_at"], created)

    def test_get_returns_every_member_of_the_request(self):
        full = {
            "arch": "x86_64", "policy": "openvmm-2026.06", "profile": "linux-direct",
            "memory": {"nodes": ["0x100000000", "0x0", "0x40000000"], "start": "0x200000"},
            "chipset": {"low_mmio": "0x8000000", "high_mmio": "0x20000000"},
            "pcie": {"ecam": "above-4gib", "root_complexes": [
                {"name": "a", "segment": 1, "start_bus": 2, "end_bus": 9, "node": 2, "low_mmio": "0x4000000",
                 "high_mmio": {"start": "0x4000000000", "end": "0x4040000000"}, "cxl": {"hdm": "0x40000000"},
                 "iommu": "intel-vtd"},
                {"name": "b", "segment": 2, "start_bus": 0, "end_bus": 255}]},
            "virtio_mmio": {"slots": 3},
            "vtl2": {"chipset_mmio": "0x40000000", "memory": {"size": "0x20000000", "alignment": "0x200000"},
                     "framebuffer": "0x800000"},
            "reserved": [{"name": "ht", "start": "0xfd00000000", "end": "0x10000000000"}],
            "host": {"physical_address_bits": 46}}
        with self.daemon.connect() as client:
            self.assertIn("result", create(client, "full", full))
            self.assertEqual(get(client, "full")["result"]["request"], full)
            self.assertFalse(create(client, "full", full)["result"]["created"])

    def test_unknown_names_are_not_found(self):
        with self.daemon.connect() as client:
            for method, params in (("layout.get", {}), ("layout.delete", {}), ("layout.probe", {"address": 0}),
                                   ("layout.update", {"request": REQUEST})):
                reply = client.call(method, {"name": "nobody", **params})
                self.assertEqual((reply["error"]["code"], reply["error"]["data"]),
                                 (2, {"reason": "not_found", "pointer": "/name"}), method)

    def test_the_inspect_socket_shows_layouts_and_changes_none(self):
        with self.daemon.connect() as client:
            create(client, "seen")
        with self.daemon.connect(inspect=True) as client:
            self.assertIn("result", get(client, "seen"))
            self.assertIn("seen", names(client.call("layout.list")))
            self.assertIn("result", client.call("layout.probe", {"name": "seen", "address": 0}))
            self.assertIn("result", client.call("events.subscribe"))
            self.assertIn("result", client.call("daemon.stats"))
            for method, params in (("layout.create", {"request": REQUEST}), ("layout.delete", {}),
                                   ("layout.update", {"request": REQUEST})):
                reply = client.call(method, {"name": "seen", **params})
                self.assertEqual(reason(reply), "method_not_found")
                self.assertIn("control socket", reply["error"]["message"])
            self.assertIn("result", get(client, "seen"))


class Deleting(DaemonTestCase):
    def test_a_deleted_layout_is_gone_and_its_name_is_free(self):
        with self.daemon.connect() as client:
            made = create(client, "gone")["result"]
            self.assertEqual(delete(client, "gone")["result"], {"name": "gone", "generation": made["generation"]})
            self.assertEqual(reason(get(client, "gone")), "not_found")
            self.assertTrue(create(client, "gone", request(8))["result"]["created"])

    def test_a_name_never_gets_the_same_generation_again(self):
        with self.daemon.connect() as client:
            seen = set()
            for _ in range(3):
                generation = create(client, "reused")["result"]["generation"]
                self.assertNotIn(generation, seen)
                seen.add(generation)
                generation = update(client, "reused", request(4, virtio_mmio={"slots": 1}))["result"]["generation"]
                self.assertNotIn(generation, seen)
                seen.add(generation)
                delete(client, "reused")

    def test_a_wrong_generation_deletes_nothing(self):
        with self.daemon.connect() as client:
            generation = create(client, "guarded")["result"]["generation"]
            reply = delete(client, "guarded", generation=generation + 1)
            self.assertEqual((reply["error"]["code"], reply["error"]["data"]), (4, {
                "reason": "generation_mismatch", "pointer": "/generation", "generation": generation}))
            self.assertIn("result", get(client, "guarded"))
            self.assertIn("result", delete(client, "guarded", generation=generation))


class Updating(DaemonTestCase):
    def test_new_ranges_are_placed_and_nothing_moves(self):
        more = request(4, virtio_mmio={"slots": 4}, vtl2={"memory": {"size": "512MiB", "alignment": "2MiB"}})
        # Inserted before the other root complex, so that the numbers of IOMMUs change.
        more["pcie"]["root_complexes"].insert(0, {"name": "rc1", "start_bus": 128, "iommu": "amd-vi"})
        with self.daemon.connect() as client:
            before = create(client, "grown")["result"]
            after = update(client, "grown", more)["result"]
            self.assertEqual(after["generation"], before["generation"] + 1)
            self.assertEqual({change["change"] for change in after["changes"]}, {"added", "resized"})
            self.assertEqual([change["tag"] for change in after["changes"] if change["change"] == "resized"],
                             ["pcie-seg0-ecam"])
            old, new = before["layout"], after["layout"]
            self.assertEqual(new["ram"], old["ram"])
            self.assertEqual(new["pcie"]["root_complexes"][1], old["pcie"]["root_complexes"][0])
            self.assertEqual(new["iommu"]["instances"][1], old["iommu"]["instances"][0])
            self.assertEqual(new["pcie"]["segments"][0]["bus0_base"], old["pcie"]["segments"][0]["bus0_base"])
            self.assertEqual(get(client, "grown")["result"]["layout"], new)

    def test_an_invalid_alignment_is_refused(self):
        def with_vtl2(alignment):
            return request(4, vtl2={"memory": {"size": "512MiB", "alignment": alignment}})

        with self.daemon.connect() as client:
            create(client, "aligned", with_vtl2("2MiB"))
            for alignment in (0, 1, "3MiB"):
                error = update(client, "aligned", with_vtl2(alignment))["error"]
                self.assertEqual(error["data"]["reason"], "invalid_alignment")
                self.assertEqual(error["data"]["pointer"], "/request/vtl2/memory/alignment")

    def test_dropped_ranges_are_freed(self):
        with self.daemon.connect() as client:
            create(client, "shrunk")
            after = update(client, "shrunk", request(4, pcie={"root_complexes": []}), allow_removals=True)["result"]
            self.assertEqual(kinds_and_tags(after["changes"]), {
                ("removed", "amd-iommu-0"), ("removed", "pcie-rc0-low-mmio"), ("removed", "pcie-rc0-high-mmio"),
                ("removed", "pcie-seg0-ecam")})

    def test_nothing_is_dropped_unless_that_is_allowed(self):
        """The update states only what is to be added."""
        only = {"arch": "x86_64", "memory": {"nodes": ["4GiB"]}, "virtio_mmio": {"slots": 4}}
        gone = {("removed", "amd-iommu-0"), ("removed", "pcie-rc0-low-mmio"), ("removed", "pcie-rc0-high-mmio"),
                ("removed", "pcie-seg0-ecam")}
        with self.daemon.connect() as client:
            create(client, "whole")
            before = get(client, "whole")["result"]
            for members in ({}, {"dry_run": True}, {"allow_moves": True}, {"allow_moves": True, "dry_run": True}):
                with self.subTest(members):
                    reply = update(client, "whole", only, **members)
                    self.assertEqual((reply["error"]["code"], reason(reply)), (10, "would_remove"))
                    self.assertEqual(reply["error"]["data"]["pointer"], "/request")
                    self.assertEqual(kinds_and_tags(reply["error"]["data"]["changes"]), gone)
                    self.assertEqual(get(client, "whole")["result"], before)
            tried = update(client, "whole", only, allow_removals=True, dry_run=True)["result"]
            self.assertEqual(kinds_and_tags(tried["changes"]), gone | {("added", "virtio-mmio")})
            self.assertEqual(get(client, "whole")["result"], before)
            done = update(client, "whole", only, allow_removals=True)["result"]
            self.assertEqual((done["layout"], done["changes"]), (tried["layout"], tried["changes"]))

    def test_an_error_comes_before_removals_and_removals_before_moves(self):
        two = request(4)
        two["memory"]["nodes"].append("2GiB")
        two["pcie"]["root_complexes"].append({"name": "rc1", "start_bus": 128})
        with self.daemon.connect() as client:
            create(client, "order", two)
            for name, wanted, allowed, refused in [
                    ("error", request(4, host={"physical_address_bits": 32}), {}, "address_width_exceeded"),
                    ("both", request(8), {}, "would_remove"),
                    ("removal alone is not allowed", request(8), {"allow_moves": True}, "would_remove"),
                    ("move alone is not allowed", request(8), {"allow_removals": True}, "would_move")]:
                with self.subTest(name):
                    reply = update(client, "order", wanted, **allowed)
                    self.assertEqual(reason(reply), refused)
            self.assertIn(("removed", "ram1"), kinds_and_tags(reply["error"]["data"]["changes"]))
            self.assertIn("result", update(client, "order", request(8), allow_moves=True, allow_removals=True))

    def test_a_reserved_range_that_is_dropped_is_no_removal(self):
        with self.daemon.connect() as client:
            create(client, "reserved", request(4, reserved=[{"name": "hole", "start": "1GiB", "end": "2GiB"}]))
            after = update(client, "reserved", request(4, virtio_mmio={"slots": 1}))["result"]
            self.assertEqual(kinds_and_tags(after["changes"]), {("added", "virtio-mmio")})

    def test_an_ecam_that_shrinks_with_a_root_complex_is_part_of_its_removal(self):
        two = request(4)
        two["pcie"]["root_complexes"].append({"name": "rc1", "start_bus": 128})
        with self.daemon.connect() as client:
            create(client, "ecam", two)
            reply = update(client, "ecam", REQUEST)
            self.assertEqual(reason(reply), "would_remove")
            self.assertEqual(kinds_and_tags(reply["error"]["data"]["changes"]), {
                ("removed", "pcie-rc1-low-mmio"), ("removed", "pcie-rc1-high-mmio"), ("resized", "pcie-seg0-ecam")})
            self.assertEqual(update(client, "ecam", REQUEST, allow_removals=True)["result"]["changes"],
                             reply["error"]["data"]["changes"])

    def test_ram_that_shrinks_would_move(self):
        """This holds even if the RAM needs one extent less. A node without any RAM is removed."""
        two = request(4)
        two["memory"]["nodes"].append("2GiB")
        with self.daemon.connect() as client:
            create(client, "ram", two)
            two["memory"]["nodes"][0] = "2GiB"
            for members in ({}, {"allow_removals": True}):
                self.assertEqual(reason(update(client, "ram", two, **members)), "would_move")
            two["memory"]["nodes"] = ["4GiB", 0]
            reply = update(client, "ram", two)
            self.assertEqual((reason(reply), kinds_and_tags(reply["error"]["data"]["changes"])),
                             ("would_remove", {("removed", "ram1")}))

    def test_an_update_that_would_move_a_range_is_refused_unless_that_is_allowed(self):
        with self.daemon.connect() as client:
            before = create(client, "stays")["result"]
            reply = update(client, "stays", request(8))
            self.assertEqual((reply["error"]["code"], reason(reply)), (5, "would_move"))
            self.assertIn({"change": "resized", "tag": "ram0",
                           "from": {"start": "0x100000000", "end": "0x140000000"},
                           "to": {"start": "0x100000000", "end": "0x240000000"}}, reply["error"]["data"]["changes"])
            self.assertEqual(get(client, "stays")["result"]["layout"], before["layout"])

            after = update(client, "stays", request(8), allow_moves=True)["result"]
            afresh = client.call("layout.resolve", {"request": request(8)})["result"]
            self.assertEqual(after["layout"], afresh["layout"])
            self.assertEqual(after["changes"], reply["error"]["data"]["changes"])

    def test_a_dry_run_reports_changes_and_makes_none(self):
        more = request(4, virtio_mmio={"slots": 4})
        with self.daemon.connect() as client:
            create(client, "dry")
            before = get(client, "dry")
            tried = update(client, "dry", more, dry_run=True)["result"]
            self.assertEqual(get(client, "dry")["result"], before["result"])
            done = update(client, "dry", more)["result"]
            self.assertEqual((tried["layout"], tried["changes"]), (done["layout"], done["changes"]))
            self.assertEqual(tried["generation"] + 1, done["generation"])

    def test_the_same_request_changes_nothing(self):
        with self.daemon.connect() as client:
            made = create(client, "same")["result"]
            done = update(client, "same", REQUEST)["result"]
            self.assertEqual((done["generation"], done["changes"], done["layout"]),
                             (made["generation"], [], made["layout"]))

    def test_a_wrong_generation_changes_nothing(self):
        with self.daemon.connect() as client:
            generation = create(client, "checked")["result"]["generation"]
            more = request(4, virtio_mmio={"slots": 4})
            self.assertEqual(reason(update(client, "checked", more, generation=generation + 1)), "generation_mismatch")
            self.assertIn("result", update(client, "checked", more, generation=generation))
            self.assertEqual(reason(update(client, "checked", REQUEST, generation=generation)), "generation_mismatch")

    def test_a_layout_keeps_its_policy(self):
        with self.daemon.connect() as client:
            create(client, "kept", request(4, policy="openvmm-2026.05"))
            reply = update(client, "kept", request(4, policy="openvmm-2026.06"), allow_moves=True)
            self.assertEqual((reason(reply), reply["error"]["data"]["pointer"]), ("conflict", "/request/policy"))
            # A request without a policy keeps the layout's policy: the ECAM stays below 4 GiB.
            after = update(client, "kept", request(4, virtio_mmio={"slots": 1}))["result"]["layout"]
            self.assertEqual(after["policy"], "openvmm-2026.05")
            self.assertLess(int(after["pcie"]["segments"][0]["ecam"]["end"], 16), 1 << 32)


class Listing(unittest.TestCase):
    def test_pages_in_order_of_names(self):
        with Daemon("--store", "memory") as daemon, daemon.connect() as client:
            made = [f"vm-{i:03}" for i in range(250)]
            for name in sorted(made, key=lambda name: name[::-1]):
                create(client, name)
            found, params = [], {}
            while True:
                page = client.call("layout.list", params)["result"]
                self.assertEqual(len(page["layouts"]), min(100, 250 - len(found)))
                found += [row["name"] for row in page["layouts"]]
                if "next" not in page:
                    break
                self.assertEqual(page["next"], found[-1])
                params = {"after": page["next"]}
            self.assertEqual(found, made)
            self.assertEqual(names(client.call("layout.list", {"after": "vm-100", "limit": 2})), ["vm-101", "vm-102"])
            self.assertEqual(names(client.call("layout.list", {"after": "vm-1005", "limit": 1})), ["vm-101"])
            self.assertEqual(client.call("layout.list", {"after": "vm-249"})["result"]["layouts"], [])
            # A page that ends with the last layout is the last page.
            self.assertNotIn("next", client.call("layout.list", {"after": "vm-149", "limit": 100})["result"])

    def test_a_row_agrees_with_the_layout(self):
        with Daemon("--store", "memory") as daemon, daemon.connect() as client:
            layout = create(client, "row")["result"]["layout"]
            row = client.call("layout.list")["result"]["layouts"][0]
            found = get(client, "row")["result"]
            self.assertEqual(row, {
                "name": "row", "generation": found["generation"], "arch": layout["arch"], "policy": layout["policy"],
                "ram_size": layout["ram_size"], "top": layout["top"], "digest": layout["digest"],
                "owner_uid": os.getuid(), "created_at": found["created_at"]})

    def test_layouts_that_stay_are_listed_once_while_others_come_and_go(self):
        with Daemon("--store", "memory") as daemon, daemon.connect() as client, daemon.connect() as other:
            staying = [f"stay-{i:04}" for i in range(400)]
            for name in staying:
                create(client, name)
            done = threading.Event()

            def come_and_go():
                i = 0
                while not done.is_set():
                    name = f"stay-{i * 37 % 400:04}-guest"
                    create(other, name)
                    delete(other, name)
                    i += 1

            thread = threading.Thread(target=come_and_go)
            thread.start()
            for _ in range(10):
                found, params = [], {"limit": 7}
                while True:
                    page = client.call("layout.list", params)["result"]
                    found += [row["name"] for row in page["layouts"]]
                    if "next" not in page:
                        break
                    params = {"limit": 7, "after": page["next"]}
                self.assertEqual(found, sorted(found))
                self.assertEqual([name for name in found if not name.endswith("guest")], staying)
            done.set()
            thread.join()

    def test_a_limit_outside_its_bounds_is_refused(self):
        with Daemon("--store", "memory", "--limit", "list_page=50") as daemon, daemon.connect() as client:
            for limit in (0, 51, -1):
                reply = client.call("layout.list", {"limit": limit})
                self.assertEqual((reason(reply), reply["error"]["data"]["pointer"]), ("out_of_range", "/limit"))
            for i in range(60):
                create(client, f"vm-{i}")
            self.assertEqual(len(names(client.call("layout.list"))), 50)


class Holes(unittest.TestCase):
    def test_a_hole_that_is_named_more_than_once_is_refused(self):
        """layout.create encodes the request and reads it back before it checks it."""
        with Daemon("--store", "memory") as daemon, daemon.connect() as client:
            for count in (2, 3, 16, 17):
                wanted = request(4, host={"holes": ["amd-hypertransport"] * count})
                reply = client.call("layout.create", {"name": "vm", "request": wanted})
                self.assertEqual(reason(reply), "duplicate_name" if count < 17 else "out_of_range")


class Probing(DaemonTestCase):
    def test_each_kind_of_range(self):
        wanted = request(4, virtio_mmio={"slots": 4},
                         reserved=[{"name": "ht", "start": "0xfd00000000", "end": "0x10000000000"}])
        with self.daemon.connect() as client:
            layout = create(client, "probed", wanted)["result"]["layout"]
            low = dict(layout["pcie"]["root_complexes"][0]["low_mmio"])
            self.assertEqual(low.pop("largest_bar"), "0x4000000")
            slot = int(layout["virtio_mmio"]["slots"][2], 16)
            ecam = int(layout["pcie"]["segments"][0]["ecam"]["start"], 16)
            rows = (
                (0x1000, {"tag": "ram0", "kind": "ram", "start": "0x0", "end": "0xc0000000", "offset": "0x1000",
                          "node": 0}),
                (0xfee00000, {"tag": "chipset-low-mmio", "kind": "fixed", "start": "0xf8000000",
                              "end": "0x100000000", "offset": "0x6e00000"}),
                (int(low["start"], 16), {"tag": "pcie-rc0-low-mmio", "kind": "mmio32", **low, "offset": "0x0",
                                         "root_complex": "rc0"}),
                (slot + 8, {"tag": "virtio-mmio", "kind": "mmio32", "start": layout["virtio_mmio"]["start"],
                            "end": layout["virtio_mmio"]["end"], "offset": "0x2008", "slot": 2}),
                (ecam + 0x100000, {"tag": "pcie-seg0-ecam", "kind": "mmio64",
                                   **layout["pcie"]["segments"][0]["ecam"], "offset": "0x100000",
                                   "root_complex": "rc0"}),
                (0xfd00000000, {"tag": "reserved-ht", "kind": "reserved", "start": "0xfd00000000",
                                "end": "0x10000000000", "offset": "0x0"}),
            )
            for address, found in rows:
                for params in ({"name": "probed"}, {"request": wanted}):
                    reply = client.call("layout.probe", {**params, "address": hex(address)})
                    self.assertEqual(reply.get("result"), {"range": found}, hex(address))
            free = client.call("layout.probe", {"name": "probed", "address": "0xc0000000"})["result"]["free"]
            self.assertEqual(free["start"], "0xc0000000")
            above = client.call("layout.probe", {"name": "probed", "address": "0x10000000000"})["result"]
            self.assertEqual(above, {"free": {"start": "0x10000000000", "end": "0xfffffffffffff000"}})

    def test_an_address_out_of_range(self):
        with self.daemon.connect() as client:
            for address in ("0xfffffffffffff000", "0xffffffffffffffff"):
                reply = client.call("layout.probe", {"request": REQUEST, "address": address})
                self.assertEqual((reason(reply), reply["error"]["data"]["pointer"]), ("out_of_range", "/address"))

    def test_either_a_name_or_a_request_is_needed(self):
        with self.daemon.connect() as client:
            reply = client.call("layout.probe", {"address": 0})
            self.assertEqual((reason(reply), reply["error"]["data"]["pointer"]), ("missing_member", "/name"))
            reply = client.call("layout.probe", {"address": 0, "name": "a", "request": REQUEST})
            self.assertEqual((reason(reply), reply["error"]["data"]["pointer"]), ("unknown_member", "/request"))


@unittest.skipUnless(can_be_another_user(), "needs root, to become another user")
class Owning(unittest.TestCase):
    def setUp(self):
        self.group = grp.getgrnam("daemon").gr_gid
        self.daemon = Daemon("--socket-mode", "0666", "--admin-group", "daemon")
        self.addCleanup(self.daemon.__exit__, None)
        os.chmod(self.daemon.folder, 0o755)
        made = self.call(1001, "layout.create", {"name": "of-1001", "request": REQUEST})
        self.assertTrue(made.get("result", {}).get("created"), made)

    def call(self, uid, method, params, groups=()):
        return call_as(uid, list(groups), self.daemon.socket, method, params)

    def test_others_may_look_and_not_change(self):
        self.assertEqual(self.call(1002, "layout.get", {"name": "of-1001"})["result"]["owner_uid"], 1001)
        for method, params in (("layout.delete", {}), ("layout.update", {"request": request(8)})):
            reply = self.call(1002, method, {"name": "of-1001", **params})
            self.assertEqual((reply["error"]["code"], reply["error"]["data"]),
                             (6, {"reason": "denied", "pointer": "/name", "owner_uid": 1001}))
        self.assertIn("result", self.call(1002, "layout.get", {"name": "of-1001"}))

    def test_only_the_owner_may_create_a_layout_again(self):
        """Others get a conflict, whatever the request, even root and the admin group."""
        made = self.call(1001, "layout.create", {"name": "of-1001", "request": REQUEST})["result"]
        self.assertFalse(made["created"])
        for uid, groups in ((1002, []), (1003, [self.group]), (0, [])):
            for wanted in (REQUEST, request(8)):
                reply = self.call(uid, "layout.create", {"name": "of-1001", "request": wanted}, groups)
                self.assertEqual((reply["error"]["code"], reply["error"]["data"]), (3, {
                    "reason": "conflict", "pointer": "/name", "generation": made["generation"], "owner_uid": 1001}))
        other = self.call(1001, "layout.create", {"name": "of-1001", "request": request(8)})
        self.assertEqual((reason(other), "owner_uid" in other["error"]["data"]), ("conflict", False))
        of_root = self.call(0, "layout.create", {"name": "of-root", "request": REQUEST})["result"]
        reply = self.call(1001, "layout.create", {"name": "of-root", "request": REQUEST})
        self.assertEqual(reply["error"]["data"], {
            "reason": "conflict", "pointer": "/name", "generation": of_root["generation"], "owner_uid": 0})

    def test_an_update_that_changes_nothing_is_denied_to_others(self):
        for params in ({"request": REQUEST}, {"request": REQUEST, "dry_run": True},
                       {"request": request(8), "dry_run": True}):
            self.assertEqual(reason(self.call(1002, "layout.update", {"name": "of-1001", **params})), "denied")

    def test_the_owner_may_delete_a_layout(self):
        self.assertIn("result", self.call(1001, "layout.delete", {"name": "of-1001"}))

    def test_root_may_delete_a_layout_of_another(self):
        self.assertIn("result", self.call(0, "layout.delete", {"name": "of-1001"}))

    def test_members_of_the_admin_group_may_change_a_layout_of_another(self):
        """Supplementary groups count. The owner stays the same."""
        reply = self.call(1003, "layout.update",
                          {"name": "of-1001", "request": request(4, virtio_mmio={"slots": 2})}, [7, self.group])
        self.assertIn("result", reply)
        self.assertEqual(self.call(1003, "layout.get", {"name": "of-1001"})["result"]["owner_uid"], 1001)
        self.assertEqual(reason(self.call(1003, "layout.delete", {"name": "of-1001"}, [7])), "denied")
        self.assertIn("result", self.call(1003, "layout.delete", {"name": "of-1001"}, [7, self.group]))


class Restarting(unittest.TestCase):
    def test_a_restart_keeps_everything(self):
        with Daemon() as daemon:
            with daemon.connect() as client:
                for i in range(1, 20):
                    create(client, f"vm-{i}", request(i))
                update(client, "vm-3", request(3, virtio_mmio={"slots": 9}))
                delete(client, "vm-7")
                before = [get(client, f"vm-{i}").get("result") for i in range(20)]
                listed = client.call("layout.list")["result"]
            daemon.stop()
            daemon.start()
            with daemon.connect() as client:
                self.assertEqual([get(client, f"vm-{i}").get("result") for i in range(20)], before)
                self.assertEqual(client.call("layout.list")["result"], listed)
                self.assertFalse(create(client, "vm-1", request(1))["result"]["created"])

    def test_generations_are_not_used_again(self):
        with Daemon() as daemon:
            with daemon.connect() as client:
                first = create(client, "vm")["result"]["generation"]
                delete(client, "vm")
            daemon.stop()
            daemon.start()
            with daemon.connect() as client:
                self.assertGreater(create(client, "vm")["result"]["generation"], first)

    def test_a_request_without_a_policy_is_the_same_under_another_default(self):
        with Daemon("--default-policy", "openvmm-2026.05") as daemon:
            with daemon.connect() as client:
                made = create(client, "vm")["result"]
            daemon.stop()
            daemon.options += ["--default-policy", "openvmm-2026.07"]
            daemon.start()
            with daemon.connect() as client:
                self.assertEqual(create(client, "vm")["result"], dict(made, created=False))
                named = request(4, policy="openvmm-2026.05")
                self.assertEqual(create(client, "vm", named)["result"], dict(made, created=False))
                self.assertEqual(reason(create(client, "vm", request(4, policy="openvmm-2026.07"))), "conflict")

    def test_memory_keeps_nothing(self):
        with Daemon("--store", "memory") as daemon:
            with daemon.connect() as client:
                create(client, "vm")
            daemon.stop()
            daemon.start()
            with daemon.connect() as client:
                self.assertEqual(client.call("layout.list")["result"]["layouts"], [])
            self.assertFalse(os.path.exists(daemon.state))


class Limits(unittest.TestCase):
    def test_live_layouts(self):
        with Daemon("--store", "memory", "--limit", "live_layouts=3") as daemon:
            clients = [daemon.connect() for _ in range(10)]
            for i, client in enumerate(clients):
                client.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "layout.create",
                                        "params": {"name": f"vm-{i}", "request": REQUEST}}).encode() + b"\n")
            reasons = [reason(client.read_reply()) for client in clients]
            self.assertEqual(sorted(reasons, key=str), [None] * 3 + ["store_full"] * 7)
            for client in clients:
                client.close()
            with daemon.connect() as client:
                self.assertEqual(len(names(client.call("layout.list"))), 3)
                # The existing layouts are still there, and a place that becomes free can be used.
                self.assertFalse(create(client, f"vm-{reasons.index(None)}")["result"]["created"])
                delete(client, f"vm-{reasons.index(None)}")
                self.assertTrue(create(client, "one-more")["result"]["created"])

    @unittest.skipUnless(can_be_another_user(), "needs root, to become another user")
    def test_each_owner_has_limits_of_its_own(self):
        def as_user(uid, method, **params):
            return call_as(uid, [], daemon.socket, method, params)

        def refusal(reply):
            self.assertEqual(reason(reply), "store_full")
            return reply["error"]["message"]

        with Daemon("--socket-mode", "666", "--limit", "live_layouts_per_uid=2", "--limit",
                    "store_bytes_per_uid=1000") as daemon:
            os.chmod(daemon.folder, 0o755)
            for _ in range(2):
                for uid in 0, 1, 2:
                    created = [as_user(uid, "layout.create", name=f"vm-{uid}-{i}", request=REQUEST) for i in range(3)]
                    self.assertEqual([reason(reply) for reply in created], [None, None, "store_full"])
                    self.assertIn("(live_layouts_per_uid)", refusal(created[2]))
                    # The bytes count for the owner, whoever makes the layout larger.
                    for who in uid, 0:
                        larger = as_user(who, "layout.update", name=f"vm-{uid}-0", request=dict(
                            REQUEST, reserved=[{"name": f"far-away-{i}", "start": (1 << 40) + (i << 20),
                                                "end": (1 << 40) + (i << 20) + 4096} for i in range(50)]))
                        self.assertIn("(store_bytes_per_uid)", refusal(larger))
                # Stored layouts count after a restart.
                daemon.stop()
                daemon.start()
            # A user who deletes a layout can use the room.
            self.assertIsNone(reason(as_user(1, "layout.delete", name="vm-1-0")))
            self.assertIsNone(reason(as_user(1, "layout.create", name="vm-1-2", request=REQUEST)))

    def test_a_reply_that_is_too_long_says_whether_the_change_was_made(self):
        many = request(4, virtio_mmio={"slots": 4096}, reserved=[
            {"name": f"range-{i}", "start": hex(i << 12), "end": hex((i + 1) << 12)} for i in range(0, 400, 2)])
        with Daemon("--store", "memory", "--limit", "reply_bytes=64KiB") as daemon, daemon.connect() as client:
            made = create(client, "vm")["result"]
            for dry_run, words, generation in ((True, "the reply would have", made["generation"]),
                                               (False, "the change was made, but the reply would have",
                                                made["generation"] + 1)):
                reply = update(client, "vm", many, dry_run=dry_run, allow_moves=True)
                self.assertEqual(reason(reply), "message_too_large")
                self.assertTrue(reply["error"]["message"].startswith(words), reply)
                row = client.call("layout.list")["result"]["layouts"][0]
                self.assertEqual(row["generation"], generation)


class Statistics(unittest.TestCase):
    def test_statistics_count_requests_changes_and_connections(self):
        with Daemon() as daemon, daemon.connect() as client:
            for i in range(5):
                create(client, f"vm-{i}")
            create(client, "vm-0", request(8))
            client.call("nonsense")
            with Client(daemon.inspect_socket) as subscriber:
                subscriber.call("events.subscribe")
                stats = client.call("daemon.stats")["result"]
            created = stats["requests"]["layout.create"]
            self.assertEqual((created["answered"], created["refused"], created["latency"]["count"]), (5, 1, 6))
            self.assertEqual(sum(bucket["count"] for bucket in created["latency"]["buckets"]), 6)
            self.assertEqual(stats["requests"]["other"]["refused"], 1)
            self.assertEqual(stats["connections"]["open"], 2)
            self.assertEqual(stats["connections"]["subscribers"], 1)
            self.assertEqual(stats["registry"]["layouts"], 5)
            self.assertEqual(stats["registry"]["revision"] - stats["registry"]["oldest_since"], 5)
            store = stats["store"]
            self.assertEqual((store["kind"], store["path"], store["changes"], store["full"]),
                             ("sqlite", daemon.state, 5, 0))
            self.assertEqual((store["commits"], store["latency"]["count"]), (5, 5))


if __name__ == "__main__":
    main()
