# SPDX-License-Identifier: MIT
"""`refuse` of layout.resolve, layout.create and layout.update: a client names the warnings that it does not accept."""

import copy

from harness import DaemonTestCase, main
from vm import reason, request

# {reason of a warning: a request whose layout has only that warning}
WARNED = {
    "ram_not_at_zero": request(memory={"nodes": ["4GiB"], "start": "1MiB"}),
    "pinned_high_mmio_below_4gib": request(pcie={"root_complexes": [
        {"name": "rc0", "high_mmio": {"start": "2GiB", "end": "3GiB"}}]}),
    "pinned_window_unaligned": request(pcie={"root_complexes": [
        {"name": "rc0", "high_mmio": {"start": "0x1000100000", "end": "0x1000200000"}}]}),
    "many_virtio_mmio_slots": request(virtio_mmio={"slots": 101}),
    "partial_intel_vtd": request(pcie={"root_complexes": [
        {"name": "rc0", "end_bus": 15, "iommu": "intel-vtd"}, {"name": "rc1", "start_bus": 16, "end_bus": 31}]}),
    "largest_bar_below_size": request(pcie={"root_complexes": [{"name": "rc0", "high_mmio": "64GiB"}]}),
    "amd_vi_crosses_hypertransport": request(1100),
    "most_ram_above_pinned_window": request(12, chipset={"high_mmio": {"start": "5GiB", "end": "6GiB"}}),
    "no_ram_below_1gib": {"arch": "aarch64", "memory": {"nodes": ["4GiB"], "start": "1GiB"}},
    "hotplug_off_block": request(memory={"nodes": ["4GiB"], "hotplug": [{"size": "100MiB"}]}),
    "no_low_memory": {"arch": "aarch64", "profile": "hcl-host", "memory": {"nodes": ["4GiB"], "start": 0},
                      "chipset": {"low_mmio": "4GiB"}},
}
CLEAN = request()


def warnings(reply):
    """Returns the reasons of the warnings in an answer."""
    return [warning["reason"] for warning in reply["result"]["layout"]["warnings"]]


class Refuse(DaemonTestCase):
    def assert_refused(self, reply, *expected):
        """Asserts that the request was refused for its warnings, and that the reply lists all of them."""
        data = reply["error"]["data"]
        self.assertEqual((reply["error"]["code"], data["reason"], data["pointer"]), (1, "warning_refused", "/refuse"))
        self.assertEqual([warning["reason"] for warning in data["warnings"]], list(expected))
        self.assertTrue(reply["error"]["message"])
        self.assertIn(data["tag"], {warning["tag"] for warning in data["warnings"]})

    def test_each_warning_can_be_refused_alone(self):
        with self.daemon.connect() as client:
            known = client.call("layout.resolve", {"request": CLEAN, "refuse": ["nothing"]})["error"]["message"].split(": ")[-1].split(", ")
            self.assertEqual(set(known), set(WARNED))
            for warning, warned in WARNED.items():
                with self.subTest(warning):
                    self.assertEqual(warnings(client.call("layout.resolve", {"request": warned})), [warning])
                    for refuse in ([warning], [warning, warning], [*known], "all"):
                        self.assert_refused(client.call("layout.resolve", {"request": warned, "refuse": refuse}), warning)
                    others = [other for other in known if other != warning]
                    reply = client.call("layout.resolve", {"request": warned, "refuse": others})
                    self.assertEqual(reply, client.call("layout.resolve", {"request": warned}) | {"id": reply["id"]})

    def test_a_refusal_has_all_warnings_and_names_the_first_that_is_refused(self):
        warned = request(memory={"nodes": ["4GiB"], "start": "1MiB", "hotplug": [{"size": "100MiB"}]}, virtio_mmio={"slots": 101})
        everything = ["ram_not_at_zero", "hotplug_off_block", "many_virtio_mmio_slots"]
        tags = dict(zip(everything, ("ram0", "hotplug-0", "virtio-mmio")))
        with self.daemon.connect() as client:
            for refuse in (["many_virtio_mmio_slots"], ["many_virtio_mmio_slots", "hotplug_off_block"], "all"):
                with self.subTest(refuse):
                    reply = client.call("layout.resolve", {"request": warned, "refuse": refuse})
                    self.assert_refused(reply, *everything)
                    first = next(warning for warning in everything if refuse == "all" or warning in refuse)
                    self.assertEqual(reply["error"]["data"]["tag"], tags[first])

    def test_a_layout_without_warnings_is_made_whatever_is_refused(self):
        with self.daemon.connect() as client:
            self.assertEqual(warnings(client.call("layout.resolve", {"request": CLEAN, "refuse": "all"})), [])
            made = client.call("layout.create", {"name": "clean", "request": CLEAN, "refuse": "all"})
            self.assertEqual((warnings(made), made["result"]["created"]), ([], True))
            reply = client.call("layout.update", {"name": "clean", "request": {**CLEAN, "virtio_mmio": {"slots": 100}}, "refuse": "all"})
            self.assertEqual((warnings(reply), reply["result"]["generation"]), ([], made["result"]["generation"] + 1))

    def test_resolve_has_refuse_on_the_inspect_socket_too(self):
        params = {"request": WARNED["ram_not_at_zero"], "refuse": "all"}
        self.assert_refused(self.daemon.call("layout.resolve", params, inspect=True), "ram_not_at_zero")

    def test_with_advise_the_warnings_come_first(self):
        params = {"request": WARNED["ram_not_at_zero"], "refuse": "all", "advise": True}
        self.assert_refused(self.daemon.call("layout.resolve", params), "ram_not_at_zero")
        self.assertIn("advice", self.daemon.call("layout.resolve", {**params, "refuse": []})["result"])

    def test_an_error_of_the_request_comes_before_its_warnings(self):
        wall = {"reserved": [{"name": "wall", "start": "5GiB", "end": "0xfffffffffffff000"}]}
        cases = {"exhausted": wall, "address_width_exceeded": {"host": {"physical_address_bits": 32}}}
        with self.daemon.connect() as client:
            for expected, members in cases.items():
                for method, params in (("layout.resolve", {}), ("layout.create", {"name": "never"})):
                    with self.subTest(expected, method=method):
                        warned = {**WARNED["ram_not_at_zero"], **members}
                        reply = client.call(method, {**params, "request": warned, "refuse": "all"})
                        self.assertEqual(reason(reply), expected)

    def test_an_unknown_warning_is_an_error_that_points_to_it(self):
        cases = [(["no_low_memory", "x"], "out_of_range", "/refuse/1"), (["all"], "out_of_range", "/refuse/0"),
                 ("none", "wrong_type", "/refuse"), ([1], "wrong_type", "/refuse/0"), (None, "wrong_type", "/refuse"),
                 ({}, "wrong_type", "/refuse")]
        with self.daemon.connect() as client:
            for refuse, expected, pointer in cases:
                for method, params in (("layout.resolve", {}), ("layout.create", {"name": "never"}), ("layout.update", {"name": "never"})):
                    with self.subTest(refuse, method=method):
                        data = client.call(method, {**params, "request": CLEAN, "refuse": refuse})["error"]["data"]
                        self.assertEqual((data["reason"], data["pointer"]), (expected, pointer))

    def test_no_other_method_has_refuse(self):
        with self.daemon.connect() as client:
            for method, params in (("layout.advise", {"request": CLEAN}), ("layout.explain", {"request": CLEAN}),
                                   ("layout.probe", {"request": CLEAN, "address": 0}), ("layout.get", {"name": "a"})):
                with self.subTest(method):
                    data = client.call(method, {**params, "refuse": "all"})["error"]["data"]
                    self.assertEqual((data["reason"], data["pointer"]), ("unknown_member", "/refuse"))

    def test_a_create_that_is_refused_keeps_nothing(self):
        warned = WARNED["hotplug_off_block"]
        with self.daemon.connect() as client:
            before = client.call("layout.list", {"limit": 1})["result"]["revision"]
            self.assert_refused(client.call("layout.create", {"name": "odd", "request": warned, "refuse": "all"}), "hotplug_off_block")
            self.assertEqual(reason(client.call("layout.get", {"name": "odd"})), "not_found")
            self.assertEqual(client.call("layout.list", {"limit": 1})["result"]["revision"], before)
            # The name is still free for any request.
            self.assertIs(client.call("layout.create", {"name": "odd", "request": CLEAN, "refuse": "all"})["result"]["created"], True)

    def test_a_repeated_create_is_answered_whatever_it_refuses(self):
        warned = WARNED["pinned_window_unaligned"]
        with self.daemon.connect() as client:
            first = client.call("layout.create", {"name": "again", "request": warned, "refuse": ["no_low_memory"]})["result"]
            for refuse in ("all", ["pinned_window_unaligned"], []):
                with self.subTest(refuse):
                    again = client.call("layout.create", {"name": "again", "request": warned, "refuse": refuse})["result"]
                    self.assertEqual(again, first | {"created": False})
            # A different request is a conflict, whatever its warnings.
            other = client.call("layout.create", {"name": "again", "request": WARNED["ram_not_at_zero"], "refuse": "all"})
            self.assertEqual(reason(other), "conflict")

    def test_refuse_is_not_part_of_the_request(self):
        with self.daemon.connect() as client:
            client.call("layout.create", {"name": "plain", "request": CLEAN, "refuse": "all"})
            kept = client.call("layout.get", {"name": "plain"})["result"]
            self.assertNotIn("refuse", kept["request"])
            # The option is not stored, so each update must repeat it.
            self.assertEqual(warnings(client.call("layout.update", {"name": "plain", "request": {**CLEAN, "virtio_mmio": {"slots": 101}}})),
                             ["many_virtio_mmio_slots"])

    def test_an_update_reports_other_reasons_first(self):
        live = request(virtio_mmio={"slots": 101})
        steps = [
            # The request, what is allowed, and the expected reason.
            (request(memory={"nodes": ["1"]}), {}, "invalid_memory"),
            (request(memory={"nodes": ["8GiB"], "start": "1MiB"}), {}, "would_remove"),
            (request(memory={"nodes": ["8GiB"], "start": "1MiB"}), {"allow_moves": True}, "would_remove"),
            (request(memory={"nodes": ["8GiB"], "start": "1MiB"}), {"allow_removals": True}, "would_move"),
            (request(memory={"nodes": ["8GiB"], "start": "1MiB"}), {"allow_removals": True, "allow_moves": True}, "warning_refused"),
        ]
        with self.daemon.connect() as client:
            client.call("layout.create", {"name": "ordered", "request": live})
            before = client.call("layout.get", {"name": "ordered"})
            for wanted, allowed, expected in steps:
                for more in ({}, {"dry_run": True}):
                    with self.subTest(expected, **allowed, **more):
                        reply = client.call("layout.update", {"name": "ordered", "request": wanted, "refuse": "all", **allowed, **more})
                        self.assertEqual(reason(reply), expected)
                        if expected == "warning_refused":
                            self.assert_refused(reply, "ram_not_at_zero")
            after = client.call("layout.get", {"name": "ordered"})
            self.assertEqual(after["result"], before["result"])
            # `refuse` is checked after the name, the policy and the generation, too.
            params = {"request": steps[-1][0], "refuse": "all", "allow_moves": True, "allow_removals": True}
            self.assertEqual(reason(client.call("layout.update", {"name": "nobody", **params})), "not_found")
            self.assertEqual(reason(client.call("layout.update", {"name": "ordered", "generation": 0, **params})), "generation_mismatch")
            other = {**params["request"], "policy": "openvmm-2026.05"}
            self.assertEqual(reason(client.call("layout.update", {"name": "ordered", **params, "request": other})), "conflict")
            # Nothing else prevents the change.
            self.assertEqual(warnings(client.call("layout.update", {"name": "ordered", **params, "refuse": ["hotplug_off_block"]})),
                             ["ram_not_at_zero"])

    def test_an_update_that_adds_a_warning_is_refused_and_one_with_the_same_request_is_not(self):
        slots = copy.deepcopy(CLEAN) | {"virtio_mmio": {"slots": 101}}
        with self.daemon.connect() as client:
            client.call("layout.create", {"name": "slots", "request": CLEAN})
            self.assert_refused(client.call("layout.update", {"name": "slots", "request": slots, "refuse": "all"}), "many_virtio_mmio_slots")
            client.call("layout.update", {"name": "slots", "request": slots})
            # The update changes nothing, so nothing is refused.
            same = client.call("layout.update", {"name": "slots", "request": slots, "refuse": "all"})["result"]
            self.assertEqual(same["changes"], [])
            # A new layout is refused even for a warning that the old one had.
            more = slots | {"vtl2": {"framebuffer": "8MiB"}}
            self.assert_refused(client.call("layout.update", {"name": "slots", "request": more, "refuse": "all"}), "many_virtio_mmio_slots")


if __name__ == "__main__":
    main()
