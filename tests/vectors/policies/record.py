#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the golden corpus of a new policy.

    GPALAYOUTD=build/gcc/gpalayoutd tests/vectors/policies/record.py POLICY

Asks a daemon that has the policy to resolve each of the requests below under it, and writes POLICY.jsonl next to this
file. An existing file is never overwritten: a corpus says where guests have their memory, so once it is recorded, only
a daemon can be wrong.

The requests are the same for every policy and have the same ids, so that two corpora show, line by line, where their
policies differ. Add what a new policy needs at the end of a list. Each drawn request depends on its own number alone,
so no request of an older corpus changes.
"""

import json
import os
import random
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(FOLDER, "..", "..", "socket"))
sys.dont_write_bytecode = True

from harness import Daemon

IOMMUS = {"x86_64": ("amd-vi", "intel-vtd"), "aarch64": ("smmuv3",)}
PROFILES = ("gen1", "gen2-uefi", "linux-direct", "linux-direct-unenlightened", "hcl-host")

PAGE, KIB, MIB, GIB, TIB = 1 << 12, 1 << 10, 1 << 20, 1 << 30, 1 << 40

DRAWN = 150


def size(number):
    """A size or an address in its shortest form."""
    for unit, name in ((TIB, "TiB"), (GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if number and number % unit == 0 and number // unit < 8192:
            return f"{number // unit}{name}"
    return hex(number)


def span(start, length):
    return {"start": size(start), "end": size(start + length)}


def hole(name, start, length):
    return {"name": name, **span(start, length)}


def rc(name="rc0", **members):
    return {"name": name, **members}


def pcie(*root_complexes, **members):
    return {"pcie": {**members, "root_complexes": list(root_complexes)}}


def memory(*nodes, **members):
    return {"memory": {"nodes": list(nodes), **members}}


def shapes(arch):
    """VMs for every profile. For each default, one omits the member and another states it, except memory.low_window."""
    yield "no-pcie", {}
    yield "pcie", pcie(rc())
    yield "ecam-below", pcie(rc(end_bus=127), ecam="below-4gib")
    yield "ecam-above", pcie(rc(end_bus=127), ecam="above-4gib")
    yield "chipset", {**pcie(rc()), "chipset": {"low_mmio": "0x12300005", "high_mmio": "254MiB"}}
    yield "chipset-least", {**pcie(rc()), "chipset": {"low_mmio": 0, "high_mmio": 0}}
    yield "start", {**memory("3GiB", "1GiB", start="2GiB"), **pcie(rc(end_bus=15))}
    yield "start-at-0", {**memory("3GiB", "1GiB", start=0), **pcie(rc(end_bus=15))}
    yield "nodes", {**memory("512MiB", 0, "1GiB", "0x3ffff000", "9GiB", 0, "1022MiB"),
                    **pcie(rc("near", end_bus=7, node=0), rc("far", start_bus=8, end_bus=15, node=5))}
    yield "windows", pcie(rc("a", end_bus=63, low_mmio="0x3000", high_mmio="0x40001000"),
                          rc("b", start_bus=64, end_bus=127, low_mmio="128MiB", high_mmio="64GiB"))
    yield "pinned", {**memory("2GiB"),
                     **pcie(rc("a", end_bus=31, low_mmio=span(3 * GIB, 64 * MIB), high_mmio=span(256 * GIB, GIB)),
                            rc("b", segment=1, end_bus=31, low_mmio=span(3 * GIB + 65 * MIB, 3 * MIB),
                               high_mmio=span(GIB + 5 * PAGE, 6 * MIB)))}
    yield "segments", pcie(rc("a", segment=7, start_bus=16, end_bus=31), rc("b", segment=0, start_bus=128),
                           rc("c", segment=0, start_bus=1, end_bus=1), rc("d", segment=65535, end_bus=0))
    yield "cxl", pcie(rc("a", end_bus=63, cxl={"hdm": "256MiB"}),
                      rc("b", start_bus=64, end_bus=127, cxl={"hdm": "64GiB"}))
    for kind in IOMMUS[arch]:
        yield kind, pcie(rc("a", end_bus=15, iommu=kind), rc("b", start_bus=16, end_bus=31),
                         rc("c", segment=1, end_bus=15, iommu=kind))
    yield "virtio-mmio", {**pcie(rc(end_bus=127)), "virtio_mmio": {"slots": 37}}
    yield "vtl2", {**pcie(rc(end_bus=127)), "vtl2": {"memory": {"size": "512MiB", "alignment": "2MiB"},
                                                     "framebuffer": "8MiB"}}
    yield "vtl2-chipset", {"vtl2": {"chipset_mmio": "0x1ff000", "memory": {"size": "0x3000", "alignment": "1GiB"}}}
    yield "vtl2-no-chipset", {"vtl2": {"chipset_mmio": 0, "framebuffer": "0x1000"}}
    yield "reserved", {**memory("6GiB", "100MiB"), **pcie(rc(end_bus=127)),
                       "reserved": [hole("low", GIB + 640 * KIB, 384 * KIB), hole("mid", 2 * GIB + PAGE, PAGE),
                                    hole("high", 5 * GIB, 3 * MIB), hole("ht", 1012 * GIB, 12 * GIB)]}
    yield "everything", {
        **memory("4GiB", "300MiB", start="1MiB"), "chipset": {"low_mmio": "300MiB", "high_mmio": "2MiB"},
        **pcie(rc("a", end_bus=127, node=0, iommu=IOMMUS[arch][0], cxl={"hdm": "1GiB"}),
               rc("b", start_bus=128, node=1, iommu=IOMMUS[arch][0], low_mmio="4MiB", high_mmio="256GiB")),
        "virtio_mmio": {"slots": 4},
        "vtl2": {"chipset_mmio": "1GiB", "memory": {"size": "64MiB", "alignment": "64MiB"}, "framebuffer": "8MiB"},
        "reserved": [hole("ht", 1012 * GIB, 12 * GIB)], "host": {"physical_address_bits": 46}}


# Each of these is requested on both architectures, with the default profile.
EXTREMES = (
    ("page", memory("0x1000")),
    ("two-mib", memory("2MiB")),
    ("below-one-gib", {**memory("0x3ffff000"), **pcie(rc(end_bus=0))}),
    ("odd-page", {**memory("0x40001000", "0x40000000"), **pcie(rc(end_bus=0))}),
    ("below-four-gib", {**memory("3GiB"), **pcie(rc(end_bus=127))}),
    ("twelve-tib", {**memory(*["6TiB"] * 2), **pcie(rc(end_bus=127, node=1))}),
    ("huge", memory(hex(1 << 62))),
    ("huge-from-1gib", memory(hex((1 << 63) - (8 * GIB)), start="1GiB")),
    ("many-nodes", {**memory(*["1GiB", "512MiB"] * 32), **pcie(rc(end_bus=127, node=63))}),
    ("many-empty-nodes", memory(*[0] * 63, "1GiB")),
    ("many-root-complexes", pcie(*[
        rc(f"rc{i}", start_bus=8 * i, end_bus=8 * i + 7, low_mmio="4MiB") for i in range(32)])),
    ("many-segments", pcie(*[rc(f"rc{i}", segment=3 * i, end_bus=i, low_mmio="2MiB") for i in range(16)])),
    ("many-slots", {"virtio_mmio": {"slots": 4096}}),
    ("one-slot", {"virtio_mmio": {"slots": 1}}),
    ("no-low-memory", {"chipset": {"low_mmio": "4GiB"}}),
    ("holes", {**memory("5GiB", "3GiB"), "reserved": [
        hole(f"h{i}", i * 700 * MIB, PAGE * (1 + i % 5)) for i in range(16)]}),
    ("start-at-3gib", memory("1GiB", start="3GiB")),
    ("notations", memory(1 << 30, "1073741824", "0x40000000", "1G", "1024MB", "1048576KiB")),
)

# No policy has a layout for these.
REFUSED = (
    ("no-memory", memory(0, 0)),
    ("odd-memory", memory("0x40000001")),
    ("odd-start", memory("1GiB", start="0x800")),
    ("duplicate-name", pcie(rc("a", end_bus=0), rc("a", start_bus=1))),
    ("buses-reversed", pcie(rc(start_bus=2, end_bus=1))),
    ("buses-shared", pcie(rc("a", end_bus=16), rc("b", start_bus=16))),
    ("odd-hdm", pcie(rc(cxl={"hdm": "257MiB"}))),
    ("no-such-node", pcie(rc(node=1))),
    ("pinned-above-4gib", pcie(rc(low_mmio=span(4 * GIB, MIB)))),
    ("pinned-over-chipset", pcie(rc(low_mmio=span(4 * GIB - 33 * MIB, 2 * MIB)))),
    ("odd-window", pcie(rc(high_mmio="0x1001"))),
    ("odd-vtl2-alignment", {"vtl2": {"memory": {"size": "1MiB", "alignment": "0x3000"}}}),
    ("no-low-room", {**pcie(rc()), "chipset": {"low_mmio": "4GiB"}}),
    ("ecam-below-minimum", {**pcie(rc(low_mmio="4MiB"), ecam="below-4gib"), "chipset": {"low_mmio": "3796MiB"}}),
    ("host-too-narrow", {**memory("64GiB"), "host": {"physical_address_bits": 36}}),
)


class Draw:
    """Random choices that are the same in every version of Python, because they use only random()."""

    def __init__(self, seed):
        self.random = random.Random(seed).random

    def below(self, bound):
        return int(self.random() * bound)

    def between(self, low, high):
        return low + self.below(high - low + 1)

    def once_in(self, times):
        return self.below(times) == 0

    def one_of(self, choices):
        return choices[self.below(len(choices))]

    def odd_size(self, most):
        """A size of any magnitude: a power of two, one a page off, or any other."""
        length = PAGE << self.below((most // PAGE).bit_length())
        length += self.one_of((0, PAGE, -PAGE, self.below(length // PAGE) * PAGE))
        return size(max(length, PAGE))


def draw_node(draw):
    return draw.one_of((lambda: 0, lambda: draw.odd_size(64 * GIB), lambda: size(MIB * draw.between(1, 1024)),
                        lambda: size(GIB - 2 * MIB + MIB * draw.below(4)), lambda: size(GIB * draw.between(1, 4)),
                        lambda: size(GIB * draw.between(1, 512))))()


def draw_memory(draw):
    nodes = [draw_node(draw) for _ in range(draw.between(1, 12 if draw.once_in(6) else 3))]
    if not any(nodes):
        nodes.append("1GiB")
    members = {}
    if draw.once_in(4):
        members["start"] = size(draw.one_of((0, PAGE, MIB, GIB, 2 * GIB, 3 * GIB + 5 * PAGE)))
    return memory(*nodes, **members)["memory"]


def draw_chipset(draw):
    chipset = {}
    if draw.once_in(4):
        chipset["low_mmio"] = size(draw.one_of((0, 1, 33 * MIB + 5, 273 * MIB, 512 * MIB, GIB, 2 * GIB + 1)))
    if draw.once_in(4):
        chipset["high_mmio"] = size(draw.one_of((0, PAGE, 2 * MIB, 254 * MIB, 512 * MIB, TIB)))
    return chipset


def draw_root_complexes(draw, arch, nodes):
    kind = draw.one_of(IOMMUS[arch] + (None,))
    next_bus = {}
    for i in range(draw.one_of((0, 1, 1, 2, 2, 3, 4, 7))):
        segment = draw.one_of((0, 0, 0, 1, 2, 40000))
        first = next_bus.get(segment, 0) + draw.one_of((0, 0, 1, 5))
        last = draw.one_of((first + draw.below(32), 255))
        if first > 255 or last > 255:
            continue
        next_bus[segment] = last + 1
        members = {"segment": segment, "start_bus": first, "end_bus": last}
        # A member that has its default may also be omitted.
        for name, default in (("segment", 0), ("start_bus", 0), ("end_bus", 255)):
            if members[name] == default and draw.once_in(2):
                del members[name]
        if draw.once_in(4):
            members["node"] = draw.below(nodes)
        if draw.once_in(3):
            members["low_mmio"] = size(draw.one_of((PAGE, 3 * MIB, 4 * MIB, 32 * MIB, 64 * MIB, 256 * MIB)))
        elif draw.once_in(8):
            members["low_mmio"] = span(2 * GIB + 128 * MIB * i + PAGE * draw.below(4), 2 * MIB << draw.below(6))
        if draw.once_in(3):
            members["high_mmio"] = size(draw.one_of((PAGE, 512 * MIB, GIB, GIB + PAGE, 64 * GIB, TIB)))
        elif draw.once_in(8):
            members["high_mmio"] = span((8 + i) * TIB + draw.one_of((0, 0, 3 * PAGE)), GIB * draw.between(1, 64))
        if draw.once_in(5):
            members["cxl"] = {"hdm": size(256 * MIB * draw.between(1, 64))}
        if kind and not draw.once_in(4):
            members["iommu"] = kind
        yield rc(f"rc{i}", **members)


def draw_vtl2(draw):
    vtl2 = {}
    if draw.once_in(5):
        vtl2["chipset_mmio"] = draw.one_of((0, draw.odd_size(4 * GIB)))
    if draw.once_in(4):
        vtl2["memory"] = {"size": draw.odd_size(4 * GIB), "alignment": size(PAGE << draw.below(22))}
    if draw.once_in(5):
        vtl2["framebuffer"] = draw.odd_size(32 * MIB)
    return vtl2


def draw_reserved(draw):
    """Ranges in ascending order, apart from each other, and outside the last GiB below 4 GiB."""
    at, gap, length, most = draw.one_of((
        (16 * MIB, 400 * MIB, 64 * MIB, 6), (4 * GIB, GIB, 16 * MIB, 6), (5 * GIB, TIB, 16 * GIB, 3),
        (TIB, 64 * TIB, TIB, 2)))
    for i in range(draw.between(1, most)):
        at += PAGE * draw.between(1, gap // PAGE)
        pages = PAGE * draw.between(1, length // PAGE)
        if at >= 4 * GIB or at + pages <= 3 * GIB:
            yield hole(f"hole{i}", at, pages)
        at += pages


def draw_request(number):
    draw = Draw(number)
    arch = draw.one_of(tuple(IOMMUS))
    request = {"arch": arch, "profile": draw.one_of(PROFILES), "memory": draw_memory(draw)}
    members = {
        "chipset": draw_chipset(draw),
        "pcie": {"ecam": draw.one_of((None, None, "below-4gib", "above-4gib")),
                 "root_complexes": list(draw_root_complexes(draw, arch, len(request["memory"]["nodes"])))},
        "virtio_mmio": {"slots": draw.one_of((1, 3, 32, 101, 600))} if draw.once_in(3) else {},
        "vtl2": draw_vtl2(draw),
        "reserved": list(draw_reserved(draw)) if draw.once_in(3) else [],
        "host": {"physical_address_bits": draw.one_of((40, 46, 48, 52, 64))} if draw.once_in(4) else {},
    }
    if not members["pcie"]["ecam"]:
        del members["pcie"]["ecam"]
    request.update({name: value for name, value in members.items() if value})
    return request


def requests():
    """Pairs of an id and a request. The request names no policy yet."""
    for arch in IOMMUS:
        for profile in PROFILES:
            for name, members in shapes(arch):
                yield f"{arch}/{profile}/{name}", {"arch": arch, "profile": profile, **memory("4GiB"), **members}
        for name, members in EXTREMES:
            yield f"{arch}/{name}", {"arch": arch, **memory("4GiB"), **members}
    for number in range(DRAWN):
        yield f"drawn/{number}", draw_request(number)
    for name, members in REFUSED:
        yield f"refused/{name}", {"arch": "x86_64", **memory("4GiB"), **members}
    yield "refused/mixed-iommu", {"arch": "x86_64", **memory("4GiB"), **pcie(
        rc("a", end_bus=0, iommu="amd-vi"), rc("b", start_bus=1, iommu="intel-vtd"))}
    for arch, kind in (("x86_64", "smmuv3"), ("aarch64", "amd-vi"), ("aarch64", "intel-vtd")):
        yield f"refused/{arch}-{kind}", {"arch": arch, **memory("4GiB"), **pcie(rc(iommu=kind))}


def record(policy):
    with Daemon("--store", "memory") as daemon, daemon.connect() as client:
        if policy not in client.call("daemon.info")["result"]["policies"]:
            sys.exit(f"the daemon has no policy {policy}")
        for name, request in requests():
            request = {"arch": request["arch"], "policy": policy, **request}
            reply = client.call("layout.resolve", {"request": request})
            line = {"id": name, "request": request}
            if "result" in reply:
                line["digest"] = reply["result"]["layout"]["digest"]
            else:
                line["reason"] = reply["error"]["data"]["reason"]
            yield line


def main():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} POLICY")
    path = os.path.join(FOLDER, f"{sys.argv[1]}.jsonl")
    if os.path.exists(path):
        sys.exit(f"{path} exists already, and a corpus is never changed")
    lines = list(record(sys.argv[1]))
    with open(path, "x", encoding="ascii") as file:
        for line in lines:
            file.write(json.dumps(line, separators=(",", ":")) + "\n")
    layouts = sum("digest" in line for line in lines)
    print(f"{path}: {layouts} layouts, {len(lines) - layouts} refused")


if __name__ == "__main__":
    main()
