#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Metrics: a parser accepts each of the two forms, and both have the values of daemon.stats in JSON."""

import json
import os
import unittest

from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_prometheus

from ctl_harness import ctl
from harness import Client, Daemon, main

PARSERS = {"openmetrics": parse_openmetrics, "prometheus": parse_prometheus}
REQUEST = {"arch": "x86_64", "policy": "openvmm-2026.07", "memory": {"nodes": ["1GiB"]}}


def families_of(client, form):
    reply = client.call("daemon.stats", {"format": form})["result"]
    assert reply["format"] == form, reply
    return reply["text"], list(PARSERS[form](reply["text"]))


def samples_of(families):
    """Returns {(name, labels): value}. In both forms, samples have the same names."""
    return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in families for sample in family.samples}


def value(samples, name, **labels):
    return samples["gpalayoutd_" + name, tuple(sorted(labels.items()))]


class Metrics(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon()
        with Client(cls.daemon.socket) as client:
            for number in range(20):
                client.call("layout.create", {"name": f"vm-{number}", "request": REQUEST})
            client.call("layout.delete", {"name": "vm-0"})
            client.call("layout.delete", {"name": "vm-0"})
            client.call("layout.delete", {"name": "no/name"})
            client.call("layout.get", {})
            client.call("no.method", {})

    @classmethod
    def tearDownClass(cls):
        cls.daemon.__exit__(None)

    def setUp(self):
        self.client = Client(self.daemon.inspect_socket)
        self.addCleanup(self.client.close)

    def test_each_form_is_accepted_by_its_parser_and_has_no_series_twice(self):
        for form in PARSERS:
            with self.subTest(form):
                text, families = families_of(self.client, form)
                names = [family.name for family in families]
                self.assertEqual(len(names), len(set(names)))
                series = [line.rsplit(" ", 1)[0] for line in text.splitlines() if not line.startswith("#")]
                self.assertEqual(len(series), len(set(series)))
                self.assertEqual(sum(len(family.samples) for family in families), len(series))
                self.assertGreater(len(series), 200)
                self.assertTrue(all(family.documentation for family in families))
                self.assertTrue(all(line.startswith(("gpalayoutd_", "# ")) for line in text.splitlines()))

    def test_the_forms_differ_in_what_each_parser_wants(self):
        openmetrics, families = families_of(self.client, "openmetrics")
        self.assertTrue(openmetrics.endswith("# EOF\n"))
        types = {family.name: (family.type, family.unit) for family in families}
        self.assertEqual(types["gpalayoutd_build"], ("info", ""))
        self.assertEqual(types["gpalayoutd_requests_answered"], ("counter", ""))
        self.assertEqual(types["gpalayoutd_request_duration_seconds"], ("histogram", "seconds"))
        prometheus, _ = families_of(self.client, "prometheus")
        with self.assertRaises(ValueError):
            list(parse_openmetrics(prometheus))
        self.assertNotIn("EOF", prometheus)
        self.assertNotIn("# UNIT", prometheus)
        self.assertIn("# TYPE gpalayoutd_requests_answered_total counter\n", prometheus)
        self.assertIn("# TYPE gpalayoutd_build_info gauge\n", prometheus)

    def test_both_forms_have_the_same_series(self):
        found = {form: set(samples_of(families_of(self.client, form)[1])) for form in PARSERS}
        # The histogram of daemon.stats has its series from the start.
        self.assertEqual(found["openmetrics"], found["prometheus"])

    def test_requests_are_those_of_the_result_as_json(self):
        stats = self.client.call("daemon.stats")["result"]
        for form in PARSERS:
            samples = samples_of(families_of(self.client, form)[1])
            for method, counted in stats["requests"].items():
                if method == "daemon.stats":
                    continue
                with self.subTest(form, method=method):
                    latency = counted["latency"]
                    self.assertEqual(value(samples, "requests_answered_total", method=method), counted["answered"])
                    refusals = [number for (name, labels), number in samples.items()
                                if name == "gpalayoutd_requests_refused_total" and ("method", method) in labels]
                    self.assertEqual(sum(refusals), counted["refused"])
                    histogram = "request_duration_seconds"
                    self.assertEqual(value(samples, histogram + "_count", method=method), latency["count"])
                    self.assertAlmostEqual(value(samples, histogram + "_sum", method=method), latency["sum_us"] / 1e6, 6)
                    for exponent in range(0, 31, 2):
                        below = sum(bucket["count"] for bucket in latency["buckets"] if bucket["le_us"] <= 1 << exponent)
                        edge = [number for (name, labels), number in samples.items()
                                if name == f"gpalayoutd_{histogram}_bucket" and ("method", method) in labels
                                and float(dict(labels)["le"]) == (1 << exponent) / 1e6]
                        self.assertEqual(edge, [below], (1 << exponent) / 1e6)

    def test_refusals_are_counted_by_reason(self):
        samples = samples_of(families_of(self.client, "openmetrics")[1])
        refused = {tuple(dict(labels).values()): number for (name, labels), number in samples.items()
                   if name == "gpalayoutd_requests_refused_total" and dict(labels)["method"] != "daemon.stats"}
        self.assertEqual(refused, {("layout.delete", "not_found"): 1, ("layout.delete", "bad_name"): 1,
                                   ("layout.get", "missing_member"): 1, ("other", "method_not_found"): 1})

    def test_the_registry_and_its_store(self):
        stats = self.client.call("daemon.stats")["result"]
        samples = samples_of(families_of(self.client, "prometheus")[1])
        self.assertEqual(value(samples, "layouts"), 19)
        self.assertEqual(value(samples, "events_kept"), 21)
        self.assertEqual(value(samples, "revision"), stats["registry"]["revision"])
        self.assertEqual(value(samples, "store_changes_total"), 21)
        self.assertEqual(value(samples, "store_commits_total"), stats["store"]["commits"])
        self.assertEqual(value(samples, "store_full_total"), 0)
        self.assertEqual(value(samples, "store_batch_changes_count"), stats["store"]["commits"])
        self.assertEqual(value(samples, "store_batch_changes_sum"), 21)
        self.assertEqual(value(samples, "store_commit_duration_seconds_count"), stats["store"]["commits"])
        for label, name in (("database", "registry.db"), ("log", "registry.db-wal")):
            self.assertEqual(value(samples, "store_file_bytes", file=label),
                             os.stat(os.path.join(self.daemon.state, name)).st_size)

    def test_connections_and_users(self):
        with Client(self.daemon.socket) as other:
            other.call("events.subscribe", {})
            stats = self.client.call("daemon.stats")["result"]
            samples = samples_of(families_of(self.client, "openmetrics")[1])
            self.assertEqual(value(samples, "connections", socket="control"), 1)
            self.assertEqual(value(samples, "connections", socket="inspect"), 1)
            self.assertEqual(value(samples, "subscribers"), 1)
            self.assertEqual(value(samples, "connections_accepted_total"), stats["connections"]["accepted"])
            self.assertEqual(value(samples, "connections_turned_away_total"), 0)
            self.assertEqual(value(samples, "user_connections", uid=str(os.getuid())), 2)
            self.assertGreaterEqual(value(samples, "user_served_seconds_total", uid=str(os.getuid())),
                                    stats["users"][0]["served_us"] / 1e6)
            self.assertEqual((value(samples, "work_running"), value(samples, "work_waiting")), (0, 0))
            info = [dict(labels) for (name, labels) in samples if name == "gpalayoutd_build_info"]
            self.assertEqual(info, [{"version": self.client.call("daemon.info")["result"]["version"]}])

    def test_a_store_in_memory_has_no_files(self):
        with Daemon("--store=memory") as daemon, Client(daemon.socket) as client:
            for form in PARSERS:
                samples = samples_of(families_of(client, form)[1])
                self.assertEqual([name for name, _ in samples if "file_bytes" in name], [])

    def test_another_form_is_refused(self):
        for form in ("json", "", "OpenMetrics", 1, None, {}):
            with self.subTest(form):
                error = self.client.call("daemon.stats", {"format": form})["error"]
                self.assertEqual(error["data"]["pointer"], "/format")
                self.assertIn(error["data"]["reason"], ("out_of_range", "wrong_type"))
        error = self.client.call("daemon.stats", {"format": "json"})["error"]
        self.assertIn("openmetrics, prometheus", error["message"])

    def test_gpalayoutctl_prints_the_text(self):
        for form in PARSERS:
            with self.subTest(form):
                done = ctl("--socket", self.daemon.socket, "stats", f"--{form}")
                self.assertEqual((done.code, done.err), (0, ""))
                own = {(name, labels) for name, labels in samples_of(PARSERS[form](done.out))}
                self.assertEqual(own, set(samples_of(families_of(self.client, form)[1])))
                done = ctl("--socket", self.daemon.socket, "--json", "stats", f"--{form}")
                self.assertEqual(json.loads(done.out)["result"]["format"], form)
        done = ctl("--socket", self.daemon.socket, "stats", "--openmetrics", "--prometheus")
        self.assertEqual((done.code, done.out), (2, ""))
        self.assertIn("gpalayoutctl: --prometheus: the metrics can have only one format\n", done.err)


if __name__ == "__main__":
    main()
