#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Records state folders with the daemon of GPALAYOUTD. Run it as root: record.py FOLDER KIND... deletes each FOLDER/KIND,
and makes it again with the database that the daemon left (after a kill also its write-ahead log) and recorded.json, the
daemon's answers. See README.md.
"""

import itertools
import json
import os
import shutil
import sys

TOP_SRCDIR = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(TOP_SRCDIR, "tests", "socket"))
sys.dont_write_bytecode = True

from harness import Daemon, call_as

POLICIES = ("openvmm-2026.05", "openvmm-2026.06", "openvmm-2026.07")
PROFILES = ("gen1", "gen2-uefi", "linux-direct", "linux-direct-unenlightened", "hcl-host")
OTHER_UID = 65534
LONGEST = "Aa0._:-" + "n" * 57

REQUEST = {"arch": "x86_64", "memory": {"nodes": ["4GiB"]}}
ARM = {"arch": "aarch64", "memory": {"nodes": ["2GiB"]}}


def with_complexes(*complexes, **members):
    return {**REQUEST, **members, "pcie": {**members.get("pcie", {}), "root_complexes": list(complexes)}}


# Each optional member of a request of 0.1.0, in each of its forms.
MEMBERS = {
    "nodes": {**REQUEST, "memory": {"nodes": ["3GiB", 0, "300MiB", "1GiB"]}},
    "memory-start-0": {**ARM, "profile": "linux-direct", "memory": {"nodes": ["2GiB"], "start": 0}},
    "memory-start": {**REQUEST, "memory": {"nodes": ["2GiB"], "start": "1GiB"}},
    "chipset": {**REQUEST, "chipset": {"low_mmio": "200MiB", "high_mmio": "3GiB"}},
    "chipset-0": {**ARM, "chipset": {"low_mmio": "272MiB", "high_mmio": 0}},
    "chipset-whole-low": {**REQUEST, "chipset": {"low_mmio": "4GiB"}},
    "ecam-below": with_complexes({"name": "rc0", "end_bus": 31}, pcie={"ecam": "below-4gib"}),
    "ecam-above": with_complexes({"name": "rc0"}, policy=POLICIES[0], pcie={"ecam": "above-4gib"}),
    "complexes": with_complexes(
        {"name": "rc0", "end_bus": 63, "node": 0, "low_mmio": "32MiB", "high_mmio": "5GiB"},
        {"name": "rc1", "start_bus": 128, "end_bus": 255, "node": 1},
        {"name": "Other._:-9", "segment": 65535, "start_bus": 7, "end_bus": 7},
        memory={"nodes": ["4GiB", "4GiB"]}),
    "pinned": with_complexes(
        {"name": "rc0", "low_mmio": {"start": "0xd0000000", "end": "0xd4000000"},
         "high_mmio": {"start": "0x4000000000", "end": "0x4040000000"}}),
    "pinned-warned": with_complexes(
        {"name": "rc0", "low_mmio": {"start": "0xd0001000", "end": "0xd4000000"},
         "high_mmio": {"start": "0xc0000000", "end": "0xc8000000"}}),
    "cxl": with_complexes({"name": "rc0", "end_bus": 127, "cxl": {"hdm": "1GiB"}},
                          {"name": "rc1", "start_bus": 128, "cxl": {"hdm": "256MiB"}, "iommu": "amd-vi"}),
    "smmuv3": {**ARM, "pcie": {"root_complexes": [{"name": "rc0", "end_bus": 127, "iommu": "smmuv3"},
                                                  {"name": "rc1", "start_bus": 128, "iommu": "smmuv3"}]}},
    "amd-vi": with_complexes({"name": "rc0", "iommu": "amd-vi"}),
    "intel-vtd": with_complexes({"name": "rc0", "end_bus": 127, "iommu": "intel-vtd"},
                                {"name": "rc1", "start_bus": 128, "iommu": "intel-vtd"}),
    "intel-vtd-partial": with_complexes({"name": "rc0", "end_bus": 127}, {"name": "rc1", "start_bus": 128,
                                                                          "iommu": "intel-vtd"}),
    "slots": {**REQUEST, "virtio_mmio": {"slots": 4}},
    "slots-many": {**REQUEST, "virtio_mmio": {"slots": 101}},
    "vtl2-chipset": {**REQUEST, "vtl2": {"chipset_mmio": "1GiB"}},
    "vtl2-chipset-0": {**REQUEST, "profile": "hcl-host", "vtl2": {"chipset_mmio": 0}},
    "vtl2-memory": {**REQUEST, "vtl2": {"memory": {"size": "512MiB", "alignment": "2MiB"}}},
    "vtl2-framebuffer": {**REQUEST, "vtl2": {"framebuffer": "8MiB"}},
    "reserved": {**REQUEST, "reserved": [
        {"name": "hole", "start": "0x40000000", "end": "0x50000000"},
        {"name": "hypertransport", "start": "0xfd00000000", "end": "0x10000000000"},
        {"name": "last-page", "start": "0xffffffffffffe000", "end": "0xfffffffffffff000"}]},
    "host-bits": {**REQUEST, "host": {"physical_address_bits": 46}},
    "host-bits-64": {**REQUEST, "host": {"physical_address_bits": 64}},
    # The record is longer than a page of the database, and its parts need several pages.
    "large": with_complexes(*({"name": f"root-complex-{i:03}", "segment": i, "end_bus": 3, "low_mmio": "2MiB", "iommu": "amd-vi"}
                              for i in range(24))),
    LONGEST: REQUEST,
}

EVERYTHING = {
    "arch": "x86_64", "policy": POLICIES[2], "profile": "hcl-host",
    "memory": {"nodes": ["4GiB", "4GiB"], "start": 0},
    "chipset": {"low_mmio": "256MiB", "high_mmio": "1GiB"},
    "pcie": {"ecam": "above-4gib", "root_complexes": [
        {"name": "rc0", "segment": 1, "start_bus": 0, "end_bus": 127, "node": 1, "low_mmio": "64MiB",
         "high_mmio": {"start": "0x4000000000", "end": "0x4040000000"}, "cxl": {"hdm": "1GiB"}, "iommu": "amd-vi"}]},
    "virtio_mmio": {"slots": 4},
    "vtl2": {"chipset_mmio": "1GiB", "memory": {"size": "512MiB", "alignment": "2MiB"}, "framebuffer": "8MiB"},
    "reserved": [{"name": "hypertransport", "start": "0xfd00000000", "end": "0x10000000000"}],
    "host": {"physical_address_bits": 46},
}


def call(client, method, **params):
    reply = client.call(method, params)
    if "error" in reply:
        sys.exit(f"{method} {params}: {reply['error']}")
    return reply["result"]


def create(client, name, request):
    return call(client, "layout.create", name=name, request=request)


def update(client, name, request, **params):
    return call(client, "layout.update", name=name, request=request, **params)


def record_forms(daemon):
    """Records each form that a layout's record has in 0.1.0, from a daemon that was stopped."""
    with daemon.connect() as client:
        create(client, "plain", REQUEST)
        create(client, "everything", EVERYTHING)
        for number, (arch, policy, profile) in enumerate(itertools.product(("x86_64", "aarch64"), POLICIES, PROFILES)):
            create(client, f"defaults-{number:02}",
                   {"arch": arch, "policy": policy, "profile": profile, "memory": {"nodes": ["1GiB"]},
                    "pcie": {"root_complexes": [{"name": "rc0"}]}})
        for name, request in MEMBERS.items():
            create(client, name, request)
        # The record marks the ranges that an update kept. These updates move nothing and add ranges.
        grown = {**REQUEST, "virtio_mmio": {"slots": 2}, "vtl2": {"framebuffer": "8MiB"}}
        create(client, "kept", REQUEST)
        update(client, "kept", {**REQUEST, "virtio_mmio": {"slots": 2}})
        update(client, "kept", grown)
        create(client, "kept-complex", MEMBERS["amd-vi"])
        update(client, "kept-complex", with_complexes({"name": "rc0", "iommu": "amd-vi"},
                                                      {"name": "rc1", "segment": 1, "iommu": "amd-vi"}))
        # A layout that is resolved afresh has no marks.
        create(client, "moved", grown)
        update(client, "moved", {**grown, "memory": {"nodes": ["64GiB"]}}, allow_moves=True)
        for name in ("gone-0", "gone-1"):
            create(client, name, REQUEST)
        update(client, "gone-1", grown)
        gone = {name: call(client, "layout.delete", name=name)["generation"] for name in ("gone-0", "gone-1")}
        # A name that is used again gets a new generation.
        create(client, "again", REQUEST)
        call(client, "layout.delete", name="again")
        create(client, "again", REQUEST)
    os.chmod(daemon.folder, 0o755)
    os.chmod(daemon.socket, 0o666)
    reply = call_as(OTHER_UID, [], daemon.socket, "layout.create", {"name": "of-another-user", "request": REQUEST})
    assert "result" in reply, reply
    return gone


def record_deleted(daemon):
    """Records a registry without layouts. It still knows which generations were used."""
    with daemon.connect() as client:
        create(client, "gone", REQUEST)
        update(client, "gone", MEMBERS["slots"])
        return {"gone": call(client, "layout.delete", name="gone")["generation"]}


def record_killed(daemon):
    """Records a daemon that was killed: some changes are in the database, those after a restart only in its WAL."""
    with daemon.connect() as client:
        for name in ("early", "changed-late", "gone-late"):
            create(client, name, MEMBERS["amd-vi"])
    daemon.stop()
    daemon.start()
    with daemon.connect() as client:
        create(client, "late", EVERYTHING)
        update(client, "changed-late", {**MEMBERS["amd-vi"], "virtio_mmio": {"slots": 4}})
        create(client, "late-arm", MEMBERS["smmuv3"])
        return {"gone-late": call(client, "layout.delete", name="gone-late")["generation"]}


def record_restarted(daemon):
    """Records several starts. Each leaves a gap in the revisions; later layouts get generations above its time in
    microseconds."""
    for number in range(3):
        with daemon.connect() as client:
            for name in ("live", "gone"):
                create(client, f"{name}-{number}", REQUEST)
            gone = {f"gone-{number}": call(client, "layout.delete", name=f"gone-{number}")["generation"]}
        daemon.stop()
        daemon.start()
    return gone


def record_authors(daemon):
    """Records events with their user, time and generation. The daemon is started more than once."""
    os.chmod(daemon.folder, 0o755)
    os.chmod(daemon.socket, 0o666)
    with daemon.connect() as client:
        create(client, "live", REQUEST)
        update(client, "live", MEMBERS["slots"])
        reply = call_as(OTHER_UID, [], daemon.socket, "layout.create", {"name": "gone", "request": REQUEST})
        assert "result" in reply, reply
        gone = {"gone": call(client, "layout.delete", name="gone")["generation"]}
    daemon.stop()
    daemon.start()
    with daemon.connect() as client:
        create(client, "later", MEMBERS["cxl"])
    return gone


def read_back(daemon, start, gone):
    """Returns what the daemon answers about everything, as the text of its lines."""
    with daemon.connect() as client:
        page = call(client, "layout.list", limit=1000)
        layouts = {}
        for row in page["layouts"]:
            client.send(json.dumps({"jsonrpc": "2.0", "id": row["name"], "method": "layout.get",
                                    "params": {"name": row["name"]}}).encode() + b"\n")
            layouts[row["name"]] = client.read_line().decode()
        call(client, "events.subscribe", since=start)
        events = []
        while not events or json.loads(events[-1])["params"]["revision"] != page["revision"]:
            events.append(client.read_line().decode())
    return {"start": start, "revision": page["revision"], "gone": gone, "layouts": layouts, "events": events}


def record(name, make, killed, folder):
    target = os.path.join(folder, name)
    shutil.rmtree(target, ignore_errors=True)
    os.makedirs(target)
    with Daemon() as daemon:
        start = daemon.call("layout.list")["result"]["revision"]
        gone = make(daemon)
        recorded = read_back(daemon, start, gone)
        if killed:
            daemon.process.kill()
            daemon.process.wait()
        else:
            daemon.stop()
        for file in ("registry.db", "registry.db-wal"):
            if killed or file == "registry.db":
                shutil.copyfile(os.path.join(daemon.state, file), os.path.join(target, file))
        # Daemon expects at its end that a running daemon exits with 0.
        daemon.start()
    with open(os.path.join(target, "recorded.json"), "w", encoding="ascii") as file:
        json.dump(recorded, file, indent=1)
        file.write("\n")


def main():
    kinds = {"forms": (record_forms, False), "deleted": (record_deleted, False), "killed": (record_killed, True),
             "restarted": (record_restarted, False), "authors": (record_authors, False)}
    if len(sys.argv) < 3 or os.getuid() != 0 or not set(sys.argv[2:]) <= set(kinds):
        sys.exit("usage, as root: GPALAYOUTD=PROGRAM record.py FOLDER KIND...")
    for name in sys.argv[2:]:
        record(name, *kinds[name], sys.argv[1])


if __name__ == "__main__":
    main()
