#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Maps as draw.c draws them: the examples byte for byte, and the rules of every map.

With UPDATE_MAPS=1 the test writes the files in tests/map/golden anew.
"""

import collections
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unicodedata
import unittest
import xml.etree.ElementTree as ElementTree

TOP_SRCDIR = os.path.abspath(os.environ.get("TOP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", "..")))
sys.path.insert(0, os.path.join(TOP_SRCDIR, "tests", "socket"))
sys.dont_write_bytecode = True  # the source tree may be read-only

from harness import PATIENCE, main

DRAW = os.path.join(os.environ.get("TOP_BUILDDIR", "."), "tests", "map", "draw")
FOLDER = os.path.join(TOP_SRCDIR, "tests", "map")
GOLDEN = os.path.join(FOLDER, "golden")
SVG = "{http://www.w3.org/2000/svg}"
KIB, MIB, GIB, TIB = 1 << 10, 1 << 20, 1 << 30, 1 << 40
WIDTHS = (60, 80, 100, 120)


def draw(drawings, **env):
    text = "".join(json.dumps(each) + "\n" for each in drawings)
    result = subprocess.run([DRAW], input=text, stdout=subprocess.PIPE, encoding="utf-8", timeout=PATIENCE, check=True,
                            env=dict(os.environ, **env))
    return [json.loads(line) for line in result.stdout.splitlines()]


def drawing(name="vm", arch="x86_64", nodes=("4GiB",), bits=None, **request):
    if bits:
        request["host"] = {"physical_address_bits": bits}
    return {"name": name, "request": {"arch": arch, "memory": {"nodes": list(nodes)}, **request}}


def root_complexes(count, name="rc{}", **members):
    return {"root_complexes": [{"name": name.format(i), "segment": i, "end_bus": 0, "low_mmio": "2MiB", **members}
                               for i in range(count)]}


def holes(count, start=8 * GIB, size=GIB, stride=2 * GIB):
    return [{"name": f"h{i}", "start": hex(start + i * stride), "end": hex(start + i * stride + size)}
            for i in range(count)]


def pinned(count, gap, sizes, start=4 * TIB):
    """High windows of these sizes in turn, with gaps between them."""
    rows = root_complexes(count, iommu="amd-vi")["root_complexes"]
    for row, size in zip(rows, itertools.cycle(sizes)):
        row["high_mmio"] = {"start": hex(start), "end": hex(start + size)}
        start += size + gap
    return {"root_complexes": rows}


def pairs(count):
    """Reserved ranges in pairs, with RAM between the pairs."""
    return [{"name": f"h{i}{j}", "start": hex(8 * GIB + i * 2 * GIB + j * GIB // 2),
             "end": hex(8 * GIB + i * 2 * GIB + (j + 1) * GIB // 2)}
            for i in range(count) for j in range(2)]


def matrix():
    for nodes, count, arch, size in itertools.product((1, 2, 64), (0, 1, 4, 64), ("x86_64", "aarch64"),
                                                      (2 * GIB, 24 * TIB)):
        iommu = {"x86_64": "intel-vtd", "aarch64": "smmuv3"}[arch]
        extra = {"pcie": root_complexes(count, iommu=iommu)} if count else {}
        yield drawing(arch=arch, nodes=[hex(size // nodes)] * nodes, bits=(None, 52)[count % 8 > 0], **extra)


LONG = "W" * 64
HOSTILE = "<&\">\x07\u202e\uffff"
EXTREMES = {
    "a long name": drawing(name=LONG),
    "a name of no layout": drawing(name="W" * 300),
    "a policy of a newer daemon": dict(drawing(arch="aarch64", profile="linux-direct", bits=64), policy=LONG,
                                       generation=1 << 31),
    "long root complexes": drawing(pcie=root_complexes(2, name="W" * 63 + "{}", iommu="amd-vi", node=0,
                                                     cxl={"hdm": "1GiB"})),
    "wide": dict(drawing(name="界" * 21, pcie=root_complexes(2, iommu="amd-vi", node=0)), root_complex="界" * 85),
    "the end of the address space": drawing(pcie={"root_complexes": [{"name": "rc0", "high_mmio": {
        "start": "0xffffffff00000000", "end": "0xffffffffffe00000"}}]}, bits=64),
    "an address of many digits": drawing(nodes=[hex(1048448 * MIB)],
                                       chipset={"high_mmio": "0"}),
    "odd sizes": drawing(nodes=[hex(3 * GIB - 4 * KIB), hex(17 * TIB + 4 * KIB)]),
    "VTL2": drawing(vtl2={"memory": {"size": "4KiB", "alignment": "4KiB"}}),
    "holes": drawing(nodes=["64GiB"], reserved=holes(40), bits=46),
    "4,529 ranges": drawing(nodes=["1TiB"] * 8, reserved=holes(2260), bits=52),
    "warnings": dict(drawing(), warnings=[[LONG, "words " * 40], ["b", "x" * 300], ["界" * 26, "界" * 120], ["d", "e"],
                                        ["f", "g"]]),
    "markup": dict(drawing(name=HOSTILE, pcie=root_complexes(1, iommu="amd-vi")), root_complex=HOSTILE,
                   warnings=[[HOSTILE, HOSTILE]]),
}

# {name: (level, a drawing that needs this level)}. At level 0, the first two have 32 and 33 rows.
LEVELS = {
    "32 rows": (0, drawing(nodes=["64GiB"], reserved=holes(13), virtio_mmio={"slots": 1})),
    "33 rows": (5, drawing(nodes=["64GiB"], reserved=holes(14))),
    "neighbours": (1, drawing(pcie=root_complexes(40))),
    "a run of 3": (1, drawing(nodes=["3GiB"] * 4, pcie=root_complexes(9))),
    "a run of 4": (1, drawing(nodes=["3GiB"] * 5, pcie=root_complexes(9))),
    "gaps as large as a neighbour": (2, drawing(pcie=pinned(40, 3 * GIB, (GIB, 3 * GIB)), virtio_mmio={"slots": 1})),
    "larger gaps": (3, drawing(pcie=pinned(40, 4 * GIB, (GIB, 3 * GIB)), virtio_mmio={"slots": 1})),
    "pairs": (4, drawing(nodes=["64GiB"], reserved=pairs(12))),
    "all sorts": (5, drawing(nodes=["64GiB"], reserved=holes(60))),
    "on both sides of 4 GiB": (1, drawing(nodes=["1GiB"] * 40)),
}


def cells(text):
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


class Text:
    """The box around a text, computed from its cells. Its height leaves out the free space of the line."""

    def __init__(self, element):
        self.text = "".join(element.itertext())
        size = float(element.get("font-size", 11))
        width = self.width(element, size, False)
        if element.get("transform"):
            x, y = map(float, re.match(r"translate\((\S+) (\S+)\)", element.get("transform")).groups())
            self.box = (x - .73 * size, y - width / 2, x + .03 * size, y + width / 2)
            return
        x, y = float(element.get("x")), float(element.get("y"))
        x -= {"end": width, "middle": width / 2}.get(element.get("text-anchor"), 0)
        self.box = (x, y - .73 * size, x + width, y + .03 * size)

    @classmethod
    def width(cls, element, size, is_mono):
        is_mono = is_mono or "mo" in element.get("class", "").split()
        em = size * (.605 if is_mono else .6)
        width = float(element.get("dx", 0)) + em * cells(element.text or "")
        for child in element:
            width += cls.width(child, size, is_mono) + em * cells(child.tail or "")
        return width

    def overlaps(self, other):
        a, b = self.box, other.box
        return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


Row = collections.namedtuple("Row", "count title start end top height")


class Figure:
    def __init__(self, svg):
        self.root = ElementTree.fromstring(svg)
        self.height = float(self.root.get("height"))
        self.texts = [Text(element) for element in self.root.iter(SVG + "text")]
        self.rows = []  # from the top down
        for group in self.root.findall(SVG + "g"):
            title, box = group.find(SVG + "title").text.split("\n"), group.find(SVG + "rect")
            start, end = (int(word, 16) for word in title[1].split(" to "))
            self.rows.append(Row(int(group.get("data-ranges", 0)), title, start, end, float(box.get("y")),
                                 float(box.get("height"))))


FAMILIES = ((r"ram\d+", "ram"), (r"pcie-.*-low-mmio", "window"), (r"pcie-.*-high-mmio", "window"),
            (r"pcie-seg\d+-ecam", "ecam"), (r"pcie-.*-cxl-hdm", "cxl"), (r"pcie-.*-cxl-chbcr", "cxl"),
            (r"(amd-iommu|intel-vtd|smmu)-\d+", "device"), ("virtio-mmio", "device"), ("vtl2", "vtl2"),
            ("vtl2-chipset-mmio", "vtl2"), ("vtl2-framebuffer", "vtl2"), ("chipset-low-mmio", "chipset"),
            ("chipset-high-mmio", "chipset"), (r"reserved-.*|low-ram-gap", "reserved"))


def family(entry):
    return next(row for row in FAMILIES if re.fullmatch(row[0], entry["tag"]))


def paint(entry):
    return family(entry)[1]


def expected_rows(entries):
    """Follows the rules one by one. Returns the level, and the number of ranges in each row from the lowest up; 0 is a
    gap."""
    ranges = [(int(entry["start"], 16), int(entry["end"], 16), entry) for entry in entries]
    sides = [sum(start < 4 * GIB for start, _, _ in ranges), sum(start >= 4 * GIB for start, _, _ in ranges)]

    def joins(level, run, new):
        (_, end, last), (start, _, entry) = run[-1], new
        largest = max(run[-1][1] - run[-1][0], new[1] - new[0])
        if "chipset-low-mmio" in (last["tag"], entry["tag"]) or run[-1][0] < 4 * GIB <= start:
            return False
        return {0: False, 1: family(last) == family(entry) and start == end,
                2: family(last) == family(entry) and start - end <= largest, 3: paint(last) == paint(entry),
                4: paint(last) == paint(entry), 5: len(run) < -(-sides[start >= 4 * GIB] // 14)}[level]

    for level in range(6):
        runs = []
        for new in ranges:
            if runs and joins(level, runs[-1], new):
                runs[-1].append(new)
            else:
                runs.append([new])
        rows, covered = [], 0
        for run in runs:
            for part in [run] if level > 3 or len(run) > 3 else [[single] for single in run]:
                if part[0][0] > covered:
                    rows += [0] * (1 + (covered < 4 * GIB < part[0][0]))
                rows.append(len(part))
                covered = part[-1][1]
        if len(rows) <= 32:
            break
    return level, rows


class Maps(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        with open(os.path.join(FOLDER, "examples.jsonl"), encoding="utf-8") as file:
            cls.examples = [json.loads(line) for line in file]
        cls.drawings = cls.examples + list(matrix()) + list(EXTREMES.values()) + [case for _, case in LEVELS.values()]
        cls.svgs = draw([dict(case, svg=True) for case in cls.drawings])
        cls.entries = [json.loads(text) for text in draw([dict(case, entries=True) for case in cls.drawings])]
        cls.figures = [Figure(svg) for svg in cls.svgs]

    def each(self):
        """Returns, for each drawing, a label for failures, the SVG, its figure and its map entries."""
        return zip((json.dumps(case)[:200] for case in self.drawings), self.svgs, self.figures, self.entries)

    def compare(self, name, text):
        path = os.path.join(GOLDEN, name)
        if "UPDATE_MAPS" in os.environ:
            os.makedirs(GOLDEN, exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        with open(path, encoding="utf-8") as file:
            self.assertEqual(text, file.read(), name)

    def test_the_examples_are_drawn_byte_for_byte(self):
        for i, example in enumerate(self.examples, 1):
            svg, text, other = draw([dict(example, svg=True), dict(example, width=80),
                                     dict(example, width=60 + 10 * i, colour=i % 2 == 0, ascii=i % 3 == 0)])
            name = example["name"].split()[0]
            self.compare(f"{name}.svg", svg)
            self.compare(f"{name}.txt", text)
            self.compare(f"{name}-other.txt", other)

    def test_the_surroundings_change_nothing(self):
        case = [dict(self.examples[1], svg=True), dict(self.examples[1], width=80)]
        self.assertEqual(draw(case, LC_ALL="C.UTF-8", TZ="Asia/Tokyo"), draw(case, LC_ALL="C", TZ="UTC"))

    @unittest.skipUnless(shutil.which("xmllint"), "needs xmllint")
    def test_the_figures_are_xml(self):
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, f"{i}.svg") for i in range(len(self.svgs))]
            for path, svg in zip(paths, self.svgs):
                with open(path, "w", encoding="utf-8") as file:
                    file.write(svg)
            result = subprocess.run(["xmllint", "--noout", *paths], stderr=subprocess.PIPE, check=False)
            self.assertEqual((result.returncode, result.stderr), (0, b""))

    def test_a_figure_stands_alone_and_is_described(self):
        for label, svg, figure, _ in self.each():
            with self.subTest(label):
                self.assertNotRegex(svg, r"href|url\((?!#)|<script|<image|@import")
                ids = re.findall(r' id="([^"]*)"', svg)
                self.assertEqual(len(ids), len(set(ids)))
                self.assertEqual(figure.root.get("role"), "img")
                for identity in figure.root.get("aria-labelledby").split():
                    self.assertIn(identity, ids)
                self.assertLessEqual(set(re.findall(r"url\(#([^)]*)\)", svg)), set(ids))
                style = figure.root.find(SVG + "style").text
                self.assertIn("@media screen and (prefers-color-scheme:dark){", style)
                for rule in re.findall(r"([^{}]+)\{[a-z-]+:", style.partition("@media")[2].partition("{")[2]):
                    self.assertTrue(rule.strip().startswith(".gpal"), rule)

    def test_every_range_is_in_a_row_and_rows_follow_the_rules(self):
        for label, _, figure, entries in self.each():
            with self.subTest(label):
                rows = [row for row in figure.rows[::-1] if row.start < int(entries[-1]["end"], 16)]
                self.assertEqual([row.count for row in rows], expected_rows(entries)[1])
                self.assertEqual(sum(row.count for row in rows), len(entries))
                known = {(entry["start"], entry["end"]): entry["tag"] for entry in entries}
                for row in rows:
                    if row.count == 1:
                        self.assertEqual(known[(hex(row.start), hex(row.end))], row.title[0])

    def test_rows_touch_and_fall(self):
        for label, _, figure, _ in self.each():
            with self.subTest(label):
                for above, below in zip(figure.rows, figure.rows[1:]):
                    self.assertAlmostEqual(above.top + above.height, below.top, 5)
                    self.assertEqual(above.start, below.end)
                self.assertLessEqual(len(figure.rows), 61)

    def test_each_level_is_reached(self):
        for name, (level, case) in LEVELS.items():
            with self.subTest(name):
                entries = json.loads(draw([dict(case, entries=True)])[0])
                reached, rows = expected_rows(entries)
                self.assertEqual(reached, level)
                if name == "32 rows":
                    self.assertEqual(len(rows), 32)
                if name.startswith("a run of"):
                    self.assertEqual(sorted(set(rows)), {"3": [0, 1, 9], "4": [0, 1, 4, 9]}[name[-1]])
        self.assertEqual({level for level, _ in LEVELS.values()}, set(range(6)))

    def test_the_strip_is_to_scale(self):
        checked = 0
        for label, svg, figure, _ in self.each():
            with self.subTest(label):
                if "M66 " in svg:
                    continue  # a cut
                limited = "up to the host" in svg
                for side in (lambda row: row.start < 4 * GIB, lambda row: row.start >= 4 * GIB):
                    rows = [row for row in figure.rows[limited:] if side(row)]
                    if not rows:
                        continue
                    top, height = rows[0].top, rows[-1].top + rows[-1].height - rows[0].top
                    low, total = rows[-1].start, rows[0].end - rows[-1].start
                    drawn = {tuple(map(float, found)) for found in re.findall(
                        r'<path class="t-\w+" fill="#\w+" d="M95 ([\d.]+)C.* 95 ([\d.]+)z"', svg)}
                    for row in rows:
                        if row.count:
                            ends = tuple(top + height - height * (at - low) / total for at in (row.end, row.start))
                            near = [pair for pair in drawn if all(abs(a - b) <= .2 for a, b in zip(pair, ends))]
                            self.assertTrue(near, row)
                            checked += 1
        self.assertGreater(checked, 300)

    def test_no_text_leaves_the_figure_or_runs_into_another(self):
        for label, _, figure, _ in self.each():
            with self.subTest(label):
                for text in figure.texts:
                    left, top, right, bottom = text.box
                    self.assertTrue(left >= 0 and right <= 800 and top >= 0 and bottom <= figure.height, vars(text))
                for a, b in itertools.combinations(figure.texts, 2):
                    self.assertFalse(a.overlaps(b), (vars(a), vars(b)))

    def test_the_size_of_a_figure_is_bounded(self):
        for label, svg, figure, _ in self.each():
            with self.subTest(label):
                self.assertLess(len(svg), 300000)
                self.assertLess(figure.height, 3000)

    def forms(self, case):
        texts = draw([dict(case, width=width, ascii=ascii, colour=colour)
                      for width in WIDTHS for ascii in (False, True) for colour in (False, True)])
        return zip(itertools.product(WIDTHS, (False, True), (False, True)), texts)

    def test_the_terminal_form_keeps_its_width_and_its_characters(self):
        for case in self.drawings:
            plain = {}
            for (width, ascii, colour), text in self.forms(case):
                with self.subTest(json.dumps(case)[:200], width=width, ascii=ascii, colour=colour):
                    if ascii:
                        self.assertTrue(text.isascii())
                    self.assertNotRegex(text, "[\x00-\x09\x0b-\x1a\x1c-\x1f\x7f-\x9f\u2028-\u202e]")
                    if colour:
                        self.assertEqual(re.sub("\x1b\\[\\d+m", "", text), plain[width, ascii])
                        continue
                    self.assertNotIn("\x1b", text)
                    plain[width, ascii] = text
                    name, *lines, digest = text.splitlines()
                    self.assertTrue(digest.startswith("sha256:"))
                    for line in lines:
                        self.assertLessEqual(cells(line), width, line)
                        self.assertEqual(line, line.rstrip())

    def test_each_range_of_its_own_has_one_line_with_its_tag(self):
        for case, figure in zip(self.drawings, self.figures):
            text, = draw([dict(case, width=120)])
            counts = collections.Counter(re.findall(r"(?m)^ *(0x[0-9a-f]+) ├\S+ (\S+) ", text))
            for row in figure.rows:
                if row.count == 1 and len(row.title[0]) < 60:
                    self.assertEqual(counts[hex(row.start), row.title[0]], 1, row)

    def test_names_are_escaped(self):
        svg, text = draw([dict(EXTREMES["markup"], svg=True), EXTREMES["markup"]])
        self.assertIn("&lt;&amp;&quot;&gt;\\u0007\\u202e\\uffff", svg)
        self.assertNotRegex(svg + text, "[\x07\u202e\uffff]")


if __name__ == "__main__":
    main()
