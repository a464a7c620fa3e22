#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The map command with a daemon: the requests that it sends, and where it writes the map."""

import json
import os
import stat
import sys
import tempfile

TOP_SRCDIR = os.path.abspath(os.environ.get("TOP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", "..")))
sys.path.insert(0, os.path.join(TOP_SRCDIR, "tests", "socket"))
sys.dont_write_bytecode = True  # the source tree may be read-only

from ctl_harness import NO_DAEMON, NOT_FOUND, OK, USAGE, ctl, on_terminal, reply, run_against
from harness import DaemonTestCase, main

VM = ["--arch", "x86_64", "--memory", "4GiB", "--pcie-root-complex", "rc0"]


class Command(DaemonTestCase):
    def setUp(self):
        super().setUp()
        self.folder = tempfile.mkdtemp(dir=self.daemon.folder)

    def ctl(self, *args, **options):
        return ctl(*args, "--socket", self.daemon.socket, **options)

    def create(self):
        self.assertEqual(self.ctl("create", "vm-1", *VM).code, OK)

    def test_a_layout_and_its_request_have_the_same_map(self):
        self.create()
        request = self.ctl("resolve", *VM, "--print-request").raw
        path = os.path.join(self.folder, "request.json")
        with open(path, "wb") as file:
            file.write(request)
        kept = self.ctl("map", "vm-1")
        self.assertEqual((kept.code, kept.err), (OK, ""))
        self.assertTrue(kept.out.startswith("vm-1\nx86_64, gen2-uefi, policy openvmm-2026.07, generation 1\n"))
        for args, stdin in ((VM, b""), ([f"@{path}"], b""), (["@-"], request)):
            resolved = self.ctl("map", *args, stdin=stdin)
            self.assertEqual(resolved.out, kept.out.replace("vm-1\n", "request\n").replace(", generation 1", ""))

    def test_nodes_without_ram_are_counted(self):
        for flags, text in ((["--numa", "1G", "--numa", "0", "--numa", "1G"], "2 GiB of RAM in 2 of 3 nodes, "),
                            (["--numa", "1G", "--numa", "0", "--hotplug", "2G,node=1"], "1 GiB of RAM in 1 of 2 nodes, "),
                            (["--numa", "1G", "--numa", "1G"], "2 GiB of RAM in 2 nodes, "), (["--numa", "1G"], "1 GiB of RAM in 1 node, ")):
            self.assertIn(text, self.ctl("map", "--arch", "x86_64", *flags).out)

    def test_warnings_and_the_host_are_those_of_the_daemon(self):
        shown = self.ctl("map", *VM, "--virtio-mmio", "101", "--host-bits", "40").out
        self.assertIn("33 of 40 address bits", shown)
        self.assertIn("warning: virtio-mmio: more than 100", shown)

    def test_without_a_terminal_it_is_80_columns_and_follows_the_locale(self):
        for locale, is_ascii in (("C", True), ("C.UTF-8", False)):
            shown = self.ctl("map", *VM, env={"LC_ALL": locale}).out
            self.assertEqual(shown.isascii(), is_ascii)
            self.assertEqual(max(map(len, shown.splitlines())), 80)
            self.assertNotIn("\x1b", shown)

    def test_a_terminal_gets_colour(self):
        code, shown = on_terminal("map", *VM, "--socket", self.daemon.socket)
        self.assertEqual(code, OK)
        self.assertIn(b"\x1b[34m", shown)
        code, shown = on_terminal("map", *VM, "--socket", self.daemon.socket, env={"NO_COLOR": "1"})
        self.assertNotIn(b"\x1b", shown)

    def test_svg_replaces_the_file_as_a_whole(self):
        self.create()
        path = os.path.join(self.folder, "map.svg")
        with open(path, "w", encoding="utf-8") as file:
            file.write("old")
        with open(path, encoding="utf-8") as old:
            result = self.ctl("map", "vm-1", "--svg", path)
            self.assertEqual((result.code, result.out, result.err), (OK, "", ""))
            self.assertEqual(old.read(), "old")  # the reader keeps the file that it opened
        with open(path, encoding="utf-8") as file:
            written = file.read()
        self.assertRegex(written, r"(?s)^<svg .*</svg>\n$")
        self.assertEqual(os.listdir(self.folder), ["map.svg"])
        self.assertEqual(self.ctl("map", "vm-1", "--svg", "-").out, written)

    def test_a_file_that_is_not_regular_is_written_in_place(self):
        pipe = os.path.join(self.folder, "pipe")
        os.mkfifo(pipe)
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        result = self.ctl("map", *VM, "--svg", pipe)
        self.assertEqual((result.code, result.err), (OK, ""))
        self.assertTrue(os.read(reader, 1 << 16).decode().startswith("<svg "))
        self.assertTrue(stat.S_ISFIFO(os.stat(pipe).st_mode))
        self.assertEqual(os.listdir(self.folder), ["pipe"])

    def test_a_file_that_cannot_be_written_is_named_and_nothing_is_left(self):
        for path in (os.path.join(self.folder, "none", "map.svg"), self.folder):
            result = self.ctl("map", *VM, "--svg", path)
            self.assertEqual((result.code, result.out), (USAGE, ""))
            self.assertTrue(result.err.startswith(f"gpalayoutctl: {path}: "), result.err)
        self.assertEqual(os.listdir(self.folder), [])
        self.assertEqual([name for name in os.listdir(self.daemon.folder) if name.endswith(".tmp")], [])

    def test_json_is_the_daemons_line(self):
        self.create()
        self.assertEqual(self.ctl("map", "vm-1", "--json").out, self.ctl("get", "vm-1", "--json").out)

    def test_wrong_usage_is_refused(self):
        for args, message in (([], "map needs NAME, @FILE or options of a request"),
                              (["vm", *VM], "map takes a name or a request, not both"),
                              (["@-", *VM], "map takes a file or options of a request, not both"),
                              (["a", "b"], "map: unexpected argument b"),
                              (["vm", "--svg", "-", "--json"], "map takes --svg or --json, not both")):
            result = self.ctl("map", *args)
            self.assertEqual((result.code, result.out), (USAGE, ""))
            self.assertIn(message, result.err)

    def test_refusals_are_printed(self):
        result = self.ctl("map", "none")
        self.assertEqual((result.code, result.out), (NOT_FOUND, ""))
        self.assertIn("there is no layout none", result.err)

    def test_ranges_that_only_a_newer_daemon_knows_are_drawn(self):
        self.create()
        real = json.loads(self.ctl("get", "vm-1", "--json").out)["result"]
        newer = {"tag": "newer-0", "kind": "post_mmio", "start": "0x10000000000", "end": "0x10040000000"}
        layout = {**real["layout"], "map": real["layout"]["map"] + [newer], "top": newer["end"], "more": {}}
        shown = run_against(reply({**real, "layout": layout}), "map", "vm-1")
        self.assertEqual(shown.code, OK)
        self.assertRegex(shown.out, r"(?m)^0x10000000000 .*\bnewer-0 +1 GiB  post_mmio$")

    def test_no_run_crosses_4_gib(self):
        self.create()
        real = json.loads(self.ctl("get", "vm-1", "--json").out)["result"]
        ranges = [{"tag": "newer", "kind": "post_mmio", "start": hex(start), "end": hex(start + (1 << 20))}
                  for start in range(0xff000000, 0x102000000, 1 << 20)]
        layout = {**real["layout"], "ram": real["layout"]["ram"][:1], "map": ranges}
        shown = run_against(reply({**real, "layout": layout}), "map", "vm-1")
        self.assertEqual(shown.code, OK)
        self.assertRegex(shown.out, r"(?s)32 ranges, 1 MiB each.* 4 GiB .*16 ranges, 1 MiB each")

    def test_invalid_answers_are_not_drawn(self):
        self.create()
        real = json.loads(self.ctl("get", "vm-1", "--json").out)["result"]
        ranges = real["layout"]["map"]
        no_maps = [[], [ranges[0], *ranges], ranges + [dict(ranges[0], end="0x0")],
                   ranges + [dict(ranges[1], tag="more")]]
        broken = [{}, {"name": "vm", "generation": 1}, {**real, "layout": {}}, {**real, "request": {}},
                  {**real, "request": 1},
                  *({**real, "layout": {**real["layout"], "map": ranges}} for ranges in no_maps)]
        self.assertEqual(run_against(reply(real), "map", "vm-1").code, OK)
        for result in broken:
            shown = run_against(reply(result), "map", "vm-1")
            self.assertEqual((shown.code, shown.out), (NO_DAEMON, ""))
            self.assertRegex(shown.err, "^gpalayoutctl: invalid reply to layout.get: ")


if __name__ == "__main__":
    main()
