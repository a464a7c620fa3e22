# SPDX-License-Identifier: MIT
"""Layouts of an older policy under a daemon with a newer default, and the recording of corpora."""

import json
import os
import subprocess
import sys
import unittest

from harness import TOP_SRCDIR, Daemon, main
from vm import REQUEST, request

CORPORA = os.path.join(TOP_SRCDIR, "tests", "vectors", "policies")
RECORD = os.path.join(CORPORA, "record.py")
sys.path.insert(0, CORPORA)
# The folder is distributed as it is, so it must get no bytecode.
sys.dont_write_bytecode = True

import record

OLD = "openvmm-2026.05"

# None of them names a policy. Under today's default they have other addresses.
REQUESTS = {
    "uefi": dict(REQUEST, vtl2={"memory": {"size": "512MiB", "alignment": "2MiB"}}),
    "unenlightened": request(3, profile="linux-direct-unenlightened", reserved=[
        {"name": "ht", "start": "0xfd00000000", "end": "0x10000000000"}]),
    "aarch64": {"arch": "aarch64", "profile": "linux-direct", "memory": {"nodes": ["3GiB", "300MiB"]},
                "pcie": {"root_complexes": [{"name": "rc0", "iommu": "smmuv3", "cxl": {"hdm": "1GiB"}}]}},
}


def read_corpus(policy):
    with open(os.path.join(CORPORA, f"{policy}.jsonl"), encoding="ascii") as lines:
        return [json.loads(line) for line in lines]


def line(method, params):
    return json.dumps({"jsonrpc": "2.0", "id": method, "method": method, "params": params}).encode() + b"\n"


class Upgrading(unittest.TestCase):
    """Each test finds layouts that a daemon made from REQUESTS when its default policy was OLD."""

    def setUp(self):
        self.daemon = Daemon("--default-policy", OLD)
        self.addCleanup(self.daemon.__exit__, None)
        with self.daemon.connect() as client:
            self.made = {name: client.call("layout.create", {"name": name, "request": wanted})["result"]
                         for name, wanted in REQUESTS.items()}
            self.found = {name: self.ask(client, "layout.get", {"name": name}) for name in REQUESTS}
            self.probed = {name: list(self.probe(client, name)) for name in REQUESTS}
        self.daemon.stop()
        del self.daemon.options[:2]
        self.daemon.start()
        self.client = self.daemon.connect()
        self.addCleanup(self.client.close)

    def ask(self, client, method, params):
        """Returns the bytes of a reply."""
        client.send(line(method, params))
        return client.read_line()

    def probe(self, client, name, **of):
        """Probes both ends of each range, in a layout or in the result of a request."""
        for entry in self.made[name]["layout"]["map"]:
            for address in (entry["start"], entry["end"]):
                yield self.ask(client, "layout.probe", {**(of or {"name": name}), "address": address})

    def own_request(self, name):
        """Returns the request from layout.get, with the policy that layout.get reports."""
        found = self.client.call("layout.get", {"name": name})["result"]
        self.assertNotIn("policy", found["request"])
        return dict(found["request"], policy=found["layout"]["policy"])

    def test_these_requests_have_other_addresses_now(self):
        """Otherwise the other tests would prove nothing."""
        self.assertNotEqual(self.client.call("daemon.info")["result"]["default_policy"], OLD)
        for name, wanted in REQUESTS.items():
            now = self.client.call("layout.resolve", {"request": wanted})["result"]["layout"]
            self.assertNotEqual(now["digest"], self.made[name]["layout"]["digest"], name)

    def test_get_gives_the_same_bytes(self):
        for name in REQUESTS:
            self.assertIn(b'"result"', self.found[name])
            self.assertEqual(self.ask(self.client, "layout.get", {"name": name}), self.found[name])

    def test_a_repeated_create_changes_nothing(self):
        for name, wanted in REQUESTS.items():
            for again in (wanted, dict(wanted, policy=OLD), self.own_request(name)):
                reply = self.client.call("layout.create", {"name": name, "request": again})
                self.assertEqual(reply.get("result"), dict(self.made[name], created=False))
            self.assertEqual(self.ask(self.client, "layout.get", {"name": name}), self.found[name])

    def test_the_request_that_get_returns_resolves_to_the_layout(self):
        for name in REQUESTS:
            reply = self.client.call("layout.resolve", {"request": self.own_request(name)})
            self.assertEqual(reply.get("result"), {"layout": self.made[name]["layout"]})

    def test_probe_finds_the_same(self):
        for name in REQUESTS:
            self.assertEqual(list(self.probe(self.client, name)), self.probed[name])
            self.assertEqual(list(self.probe(self.client, name, request=self.own_request(name))), self.probed[name])

    def test_an_update_keeps_the_policy_and_moves_nothing(self):
        for name, wanted in REQUESTS.items():
            before = self.made[name]
            reply = self.client.call("layout.update", {"name": name, "request": dict(wanted, virtio_mmio={"slots": 4})})
            after = reply["result"]
            self.assertEqual([(change["change"], change["tag"]) for change in after["changes"]],
                             [("added", "virtio-mmio")])
            self.assertEqual(after["layout"]["policy"], OLD)
            self.assertEqual([entry for entry in after["layout"]["map"] if entry["tag"] != "virtio-mmio"],
                             before["layout"]["map"])
            self.assertEqual(self.client.call("layout.get", {"name": name})["result"]["layout"], after["layout"])

    def test_layouts_compare_as_before(self):
        for name, wanted in REQUESTS.items():
            for other in ({"name": name}, {"request": self.own_request(name)}, {"layout": self.made[name]["layout"]}):
                for sides in ({"from": {"name": name}, "to": other}, {"from": other, "to": {"name": name}}):
                    self.assertEqual(self.client.call("layout.compare", sides)["result"],
                                     {"compatible": True, "changes": []})
            now = {"from": {"name": name}, "to": {"request": wanted}}
            self.assertFalse(self.client.call("layout.compare", now)["result"]["compatible"])

    def test_layouts_are_explained_as_they_were_made(self):
        for name in REQUESTS:
            explained = self.client.call("layout.explain", {"name": name})["result"]
            self.assertEqual((explained["policy"], explained["digest"]), (OLD, self.made[name]["layout"]["digest"]))
            self.assertEqual(explained, self.client.call("layout.explain", {"request": self.own_request(name)})["result"])


class Corpora(unittest.TestCase):
    def test_layouts_made_under_an_older_default_stay_as_recorded(self):
        """Creates the layouts of each corpus from requests without a policy, and restarts with the newest default."""
        with Daemon("--store", "memory") as daemon:
            older = daemon.call("daemon.info")["result"]["policies"][:-1]
        self.assertIn(OLD, older)
        for policy in older:
            lines = {case["id"].replace("/", "."): case for case in read_corpus(policy) if "digest" in case}
            for case in lines.values():
                self.assertEqual(case["request"].pop("policy"), policy)
            recorded = {name: (policy, case["digest"]) for name, case in lines.items()}
            creates = b"".join(line("layout.create", {"name": name, "request": case["request"]})
                               for name, case in lines.items())
            with Daemon("--default-policy", policy) as daemon:
                for created in (True, False):
                    with daemon.connect() as client:
                        client.send_aside(creates)
                        results = [client.read_reply()["result"] for _ in lines]
                        listed = client.call("layout.list", {"limit": 1000})["result"]["layouts"]
                    self.assertEqual({result["created"] for result in results}, {created})
                    self.assertEqual({result["name"]: (result["layout"]["policy"], result["layout"]["digest"])
                                      for result in results}, recorded)
                    self.assertEqual({row["name"]: (row["policy"], row["digest"]) for row in listed}, recorded)
                    if created:
                        daemon.stop()
                        del daemon.options[:2]
                        daemon.start()

    def test_the_requests_of_a_corpus_are_those_that_are_recorded_for_the_next(self):
        """Corpora can thus be compared line by line. A later corpus may have more requests."""
        wanted = dict(record.requests())
        for name in os.listdir(CORPORA):
            policy, suffix = os.path.splitext(name)
            if suffix != ".jsonl":
                continue
            for case in read_corpus(policy):
                self.assertEqual(case["request"], dict(wanted.get(case["id"], {}), policy=policy), case["id"])

    def test_a_corpus_is_never_overwritten(self):
        path = os.path.join(CORPORA, f"{OLD}.jsonl")
        with open(path, "rb") as file:
            before = file.read()
        done = subprocess.run([sys.executable, RECORD, OLD], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (1, f"{path} exists already, and a corpus is never changed\n"))
        with open(path, "rb") as file:
            self.assertEqual(file.read(), before)

    def test_an_unknown_policy_has_no_corpus(self):
        done = subprocess.run([sys.executable, RECORD, "openvmm-1999.01"], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (1, "the daemon has no policy openvmm-1999.01\n"))
        self.assertFalse(os.path.exists(os.path.join(CORPORA, "openvmm-1999.01.jsonl")))


if __name__ == "__main__":
    main()
