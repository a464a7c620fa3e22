# SPDX-License-Identifier: MIT
"""gpalayoutctl shows names of root complexes, CXL windows and reserved ranges, whatever they contain.

No byte of a name acts on a terminal or ends an XML element, columns line up, and a shown name can be typed.
"""

import json
import re
import unicodedata
import xml.etree.ElementTree as ET

from ctl_harness import OK, ctl, on_terminal
from harness import DaemonTestCase, main

LONGEST = "世" * 85  # 255 bytes
NAMES = ["my rc", "it's", 'q"uote', "<a href='x'>&amp;", "a,b=c+d", "back\\slash", "世界", "%s%n", "[x]{y}", "-low-mmio", "🙂", LONGEST]
# A name may contain characters that a terminal obeys, except control characters.
OVERRIDES = ["left\u202eright", "two\u2028lines"]
ARCH = ["--arch", "x86_64", "--memory", "4G"]


def quoted(name):
    return re.sub(r"([,=+\\])", r"\\\1", name)


def shown(name):
    return re.sub("[\u202e\u2028]", lambda match: f"\\u{ord(match[0]):04x}", name)


def cells(text):
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def flags(names):
    """Yields flags for a root complex, a CXL window over it and a reserved range with each name."""
    for number, name in enumerate(names):
        yield from ("--pcie-root-complex", f"{quoted(name)},segment={number},end_bus=0,cxl,low_mmio=2M,node=0", "--amd-iommu", quoted(name),
                    "--cxl-window", f"{quoted(name)},size=256M,targets={quoted(name)}",
                    "--reserve", f"{quoted(name)}={(256 + number) << 30}-{(257 + number) << 30}")


class Names(DaemonTestCase):
    OPTIONS = ("--store", "memory")
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for vm, names in (("odd", NAMES), ("other", OVERRIDES)):
            result = ctl("--socket", cls.daemon.socket, "create", vm, *ARCH, *flags(names))
            assert (result.code, result.err) == (OK, ""), result.err

    def ok(self, *args, **options):
        result = ctl("--socket", self.daemon.socket, *args, **options)
        self.assertEqual((result.code, result.err), (OK, ""))
        return result.out

    def layout(self, vm="odd"):
        return self.daemon.call("layout.get", {"name": vm})["result"]["layout"]

    def test_the_request_has_each_name(self):
        request = json.loads(self.ok("get", "odd", "--request"))
        self.assertEqual([rc["name"] for rc in request["pcie"]["root_complexes"]], NAMES)
        self.assertEqual([(window["name"], window["targets"]) for window in request["cxl_windows"]], [(name, [name]) for name in NAMES])
        self.assertEqual([each["name"] for each in request["reserved"]], NAMES)
        self.assertEqual([instance["root_complex"] for instance in self.layout()["iommu"]["instances"]], NAMES)

    def test_tables_have_each_tag_and_line_up(self):
        out = self.ok("get", "odd")
        lines = out.split("\n\n")[1].splitlines()
        for entry in self.layout()["map"]:
            row = next(line for line in lines if line.endswith(f"  {entry['tag']}") and line.split()[:2] == [entry["start"], entry["end"]])
            self.assertEqual(cells(row[:-len(entry["tag"])]), lines[0].index("TAG"))
        windows = out.split("\n\nCXL WINDOW")[1].splitlines()
        edge = windows[0].index("TARGETS") + len("CXL WINDOW")
        for name, row in zip(NAMES, windows[1:], strict=True):
            self.assertTrue(row.startswith(f"{name} ") and row.endswith(f"  {quoted(name)}"), row)
            if name != LONGEST:
                self.assertEqual(cells(row[:-len(quoted(name))]), edge, row)

    def test_characters_that_a_terminal_obeys_are_escaped(self):
        for args in (["get", "other"], ["map", "other"], ["explain", "other"], ["get", "other", "--request"], ["compare", "other", "odd"],
                     ["probe", self.layout("other")["pcie"]["root_complexes"][0]["low_mmio"]["start"], "other"]):
            _, output = on_terminal("--socket", self.daemon.socket, "--no-pager", *args)
            for character in "\u202e\u2028":
                self.assertNotIn(character.encode(), output, args)
            self.assertIn(rb"\u202e", output)
        self.assertIn(f"pcie-{shown(OVERRIDES[0])}-low-mmio", self.ok("get", "other"))

    def test_a_probe_names_tag_and_root_complex(self):
        for name, rc in zip(NAMES, self.layout()["pcie"]["root_complexes"], strict=True):
            out = self.ok("probe", rc["low_mmio"]["start"], "odd")
            self.assertIn(f" is in pcie-{name}-low-mmio (mmio32) ", out)
            self.assertTrue(out.endswith(f", root complex {name}\n"), out)

    def test_an_explanation_is_found_by_its_tag(self):
        for name in NAMES:
            for tag in (f"pcie-{name}-high-mmio", f"cxl-window-{name}"):
                self.assertEqual(self.ok("explain", "odd", tag).splitlines()[0], tag)
        self.assertTrue({f"reserved-{name}" for name in NAMES} <= set(self.ok("explain", "odd").splitlines()))

    def test_changes_name_the_tag(self):
        for name in NAMES:
            out = self.ok("update", "odd", "--remove", f"cxl-window-{name}", "--dry-run")
            self.assertRegex(out, rf"(?m)^removed +cxl-window-{re.escape(name)} ")
        moved = ctl("--socket", self.daemon.socket, "update", "odd", *ARCH, *flags(NAMES[:1]), "--pcie-ecam-below-4gb")
        for name in NAMES[1:]:
            self.assertRegex(moved.err, rf"(?m)^removed +pcie-{re.escape(name)}-low-mmio ")

    def test_a_refusal_names_the_flag_as_it_was_typed(self):
        for name in NAMES:
            value = f"{quoted(name)},node=7"
            result = ctl("--socket", self.daemon.socket, "resolve", *ARCH, "--pcie-root-complex", value)
            self.assertIn(f"node_out_of_range at --pcie-root-complex {value}: ", result.err)

    def test_a_map_has_at_most_80_columns(self):
        for env in ({"LC_ALL": "C.UTF-8"}, {"LC_ALL": "C"}):
            for args in (["odd"], ["other"], [*ARCH, *flags([LONGEST])], [*ARCH, *flags(['q"uote'])]):
                out = self.ok("map", *args, env=env)
                self.assertLessEqual(max(map(cells, out.splitlines()[1:-1])), 80, out)
                if env["LC_ALL"] == "C":
                    self.assertTrue(out.isascii(), out)
        self.assertIn('pcie-q"uote-low-mmio', out)

    def test_a_map_in_svg_has_the_names_as_text(self):
        for args, names in ((["odd"], NAMES), (["other"], OVERRIDES), *(([*ARCH, *flags([name])], [name]) for name in NAMES)):
            tree = ET.fromstring(self.ok("map", *args, "--svg", "-"))
            known = {element.tag.rpartition("}")[2] for element in tree.iter()}
            self.assertLessEqual(known, {"svg", "g", "rect", "path", "text", "tspan", "title", "desc", "style", "defs", "pattern", "circle"})
            titles = " ".join("".join(title.itertext()) for title in tree.iter() if title.tag.endswith("}title"))
            if len(names) == 1:
                self.assertIn(f"pcie-{names[0]}-low-mmio", titles)


if __name__ == "__main__":
    main()
