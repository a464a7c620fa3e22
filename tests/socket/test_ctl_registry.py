# SPDX-License-Identifier: MIT
"""gpalayoutctl on the layouts that the daemon keeps: create, update, get, list, delete, probe and stats.

The client's handling of answers is tested against a scripted peer. The last class uses the real daemon.
"""

import json
import os
import pwd
import re
import unittest

from ctl_harness import (CONFLICT, NO_DAEMON, NOT_FOUND, OK, REFUSED, STATUS, USAGE, Case, FakeDaemon, Recorder, conversation,
                         ctl, ctl_as, digest, entry, layout, on_terminal, refusal, reply, rows, run_against)
from harness import Daemon, DaemonTestCase, can_be_another_user, main

LAYOUT = layout([entry("ram0", "ram", 0, 0xc0000000)])
LAYOUT_TEXT = ("START         END   SIZE  KIND  TAG\n"
               "  0x0  0xc0000000  3 GiB  ram   ram0\n"
               "\n"
               "architecture           x86_64\n"
               "policy                 openvmm-2026.07\n"
               "profile                gen2-uefi\n"
               "RAM                    3 GiB\n"
               "end of RAM             0xc0000000 (3 GiB)\n"
               "end of layout          0x100000000 (4 GiB)\n"
               "top                    0x100000000 (4 GiB)\n"
               "required address bits  32\n"
               f"digest                 {digest(LAYOUT)}\n")
NAME_AND_LAYOUT = {"name": "vm-1", "generation": 3, "layout": LAYOUT}

# Real revisions are this large.
BASE = 1780000000000000


NOT_THERE = refusal(2, "there is no layout of this name", reason="not_found", pointer="/name")

# A uid without a name.
NAMELESS_UID = 4123456789


def user(uid):
    return pwd.getpwuid(uid).pw_name


class Usage(Case):
    def test_wrong_usage_is_exit_2_and_says_what_is_wrong(self):
        cases = [
            (["create"], "create needs NAME [FILE|-]"),
            (["create", "vm"], "create needs a request: a file, - for standard input, or options"),
            (["create", "vm", "-", "--memory", "1G"], "create takes a file or options of a request, not both"),
            (["create", "vm", "a", "b"], "unexpected argument b"),
            (["create", "vm", "--print-request", "--memory", "1G"], "unknown option --print-request"),
            (["create", "vm", "--generation", "1", "--memory", "1G"], "unknown option --generation"),
            (["update", "vm"], "update needs a request"),
            (["update", "vm", "-", "--generation", "two"], "--generation: 'two' is not a whole number"),
            (["update", "vm", "--memory", "1G", "--generation", "-1"], "'-1' is not a whole number"),
            (["update", "vm", "--memory", "1G", "--dry-run=yes"], "--dry-run takes no value"),
            (["get"], "get needs NAME"),
            (["get", "a", "b"], "unexpected argument b"),
            (["list", "--arch", "arm64"], "--arch: 'arm64' is not x86_64 or aarch64\n"),
            (["list", "--owner", "no such user"], "--owner: no such user is neither a user of this host nor a uid\n"),
            (["list", "--owner", "4294967296"], "--owner: 4294967296 is neither a user of this host nor a uid\n"),
            (["list", "--limit", "0"], "--limit: '0' is not a whole number above 0"),
            (["list", "--limit", "1K"], "--limit: '1K' is not a whole number above 0"),
            (["list", "--after"], "--after needs a value: NAME"),
            (["delete"], "delete needs NAME"),
            (["delete", "a", "--generation", "1.0"], "'1.0' is not a whole number"),
            (["probe"], "probe needs ADDR [NAME]..."),
            (["probe", "0", "vm", "--memory", "1G"], "probe takes names or a request, not both"),
            (["probe", "0", "vm", "--request", "-"], "probe takes names or a request, not both"),
            (["probe", "0", "--request", "-", "--memory", "1G"], "probe takes a file or options of a request, not both"),
            (["watch", "a"], "unexpected argument a"),
            (["watch", "--since", "now"], "--since: 'now' is not a whole number\n"),
            (["watch", "--since", "9007199254740992"], "'9007199254740992' is above 9007199254740991, the largest number\n"),
            (["list", "--limit", "00"], "'00' is not a whole number above 0\n"),
            (["list", "--limit", ""], "'' is not a whole number above 0\n"),
            (["delete", "a", "--generation", 30 * "9"], "9' is above 9007199254740991, the largest number\n"),
            (["watch", "--count", "0"], "--count: '0' is not a whole number above 0"),
            (["stats", "a"], "unexpected argument a"),
        ]
        for args, text in cases:
            with self.subTest(" ".join(args)):
                result = ctl(*args, "--socket", "/nonexistent", stdin=b"{}")
                self.check(result, USAGE, text)
                self.assertEqual(result.raw, b"")

    # The flags of some commands. Each flag has a test, in this file or another.
    FLAGS = {"create": {"--refuse"},
             "update": {"--set", "--add-pcie-root-complex", "--add-cxl-window", "--add-hotplug", "--remove", "--generation", "--dry-run",
                        "--allow-moves", "--allow-removals", "--refuse"},
             "get": {"--request"},
             "list": {"--owner", "--arch", "--policy", "--after", "--limit"}, "delete": {"--generation"}, "probe": {"--request"},
             "watch": {"--since", "--count"}, "stats": {"--openmetrics", "--prometheus"}}

    def test_the_help_lists_these_flags(self):
        for command, flags in self.FLAGS.items():
            with self.subTest(command):
                own = ctl(command, "--help").out.split("\nOptions of the request:")[0].split("\nOptions:")[0]
                self.assertEqual(set(re.findall(r"^  (--[a-z0-9-]+)", own, re.M)), flags)

    def test_commands_that_take_a_request_have_the_flags_of_resolve(self):
        def request_flags(command):
            return ctl(command, "--help").out.split("\nOptions of the request:")[1]
        for command in ("create", "update", "probe"):
            self.assertEqual(request_flags(command), request_flags("resolve"))


class OneLayout(Case):
    def asked(self, result, *args, **options):
        """Runs a command that the peer answers with `result`. Returns what was sent and what was printed."""
        with FakeDaemon(reply(result)) as daemon:
            printed = ctl("--socket", daemon.path, *args, **options)
        self.check(printed, OK)
        message = json.loads(daemon.lines[0])
        self.assertEqual(len(daemon.lines), 1)
        return message["method"], message["params"], printed.out

    def test_create_sends_name_and_request_and_shows_the_layout(self):
        self.assertEqual(
            self.asked(dict(NAME_AND_LAYOUT, created=True), "create", "vm-1", "--arch", "x86_64", "--memory", "3G"),
            ("layout.create", {"name": "vm-1", "request": {"arch": "x86_64", "memory": {"nodes": ["3G"]}}},
             "created vm-1 (generation 3)\n\n" + LAYOUT_TEXT))

    def test_create_says_when_it_was_there_already(self):
        out = self.asked(dict(NAME_AND_LAYOUT, created=False), "create", "vm-1", "-", stdin=b"{}")[2]
        self.assertEqual(out, "already there: vm-1 (generation 3)\n\n" + LAYOUT_TEXT)

    def test_a_file_is_sent_as_it_was_written(self):
        path = self.write("r.json", b' {"n": 9007199254740993,\n"a": 1E2}\n')
        for command, result in [("create", dict(NAME_AND_LAYOUT, created=True)),
                                ("update", dict(NAME_AND_LAYOUT, changes=[]))]:
            with FakeDaemon(reply(result)) as daemon:
                self.check(ctl("--socket", daemon.path, command, "vm-1", path), OK)
                self.assertIn(b'"request": {"n": 9007199254740993, "a": 1E2} }', daemon.lines[0])

    def test_only_the_daemon_checks_names(self):
        for name in ('a"b', "a\nb", "", "-x"):
            with self.subTest(name):
                params = self.asked(dict(NAME_AND_LAYOUT), "delete", "--", name)[1]
                self.assertEqual(params, {"name": name})

    CHANGES = [
        {"change": "moved", "tag": "pcie-rc0-high-mmio", "from": {"start": "0x140000000", "end": "0x180000000"},
         "to": {"start": "0x180000000", "end": "0x1c0000000"}},
        {"change": "resized", "tag": "ram0", "from": {"start": "0x0", "end": "0x40000000"},
         "to": {"start": "0x0", "end": "0x80000000"}},
        {"change": "added", "tag": "virtio-mmio", "to": {"start": "0xf7fff000", "end": "0xf8000000"}},
        {"change": "removed", "tag": "vtl2", "from": {"start": "0x1000", "end": "0x2000"}}]
    CHANGES_TEXT = ("CHANGE   TAG                 FROM                     TO\n"
                    "moved    pcie-rc0-high-mmio  0x140000000-0x180000000  0x180000000-0x1c0000000\n"
                    "resized  ram0                0x0-0x40000000           0x0-0x80000000\n"
                    "added    virtio-mmio         -                        0xf7fff000-0xf8000000\n"
                    "removed  vtl2                0x1000-0x2000            -\n")

    def test_update_shows_the_changes_before_the_layout(self):
        self.assertEqual(
            self.asked(dict(NAME_AND_LAYOUT, changes=self.CHANGES), "update", "vm-1", "-", stdin=b'{"x": 1}'),
            ("layout.update", {"name": "vm-1", "request": {"x": 1}},
             "updated vm-1 (generation 3)\n\n" + self.CHANGES_TEXT + "\n" + LAYOUT_TEXT))

    def test_refuse_is_passed_on(self):
        for args, refuse in ((["a"], ["a"]), (["b", "a"], ["b", "a"]), (["no_low_memory", "all"], "all"), (["all"], "all"), (['"'], ['"'])):
            flags = [word for token in args for word in ("--refuse", token)]
            for command, result in (("create", {**NAME_AND_LAYOUT, "created": True}), ("update", {**NAME_AND_LAYOUT, "changes": []})):
                with FakeDaemon(reply(result)) as daemon:
                    self.check(ctl("--socket", daemon.path, command, "vm-1", "--memory", "3G", *flags), OK)
                    self.assertEqual(json.loads(daemon.lines[0])["params"]["refuse"], refuse)

    def test_update_passes_its_conditions_on(self):
        for args, members in [(["--generation", "2"], {"generation": 2}), (["--generation=0"], {"generation": 0}),
                              (["--generation", "9007199254740991"], {"generation": 9007199254740991}),
                              (["--allow-moves"], {"allow_moves": True}),
                              (["--allow-removals"], {"allow_removals": True}), (["--dry-run"], {"dry_run": True}),
                              (["--dry-run", "--allow-moves", "--generation", "2"],
                               {"dry_run": True, "allow_moves": True, "generation": 2})]:
            with self.subTest(" ".join(args)):
                params = self.asked(dict(NAME_AND_LAYOUT, changes=[]), "update", "vm-1", "-", *args, stdin=b"{}")[1]
                self.assertEqual(params, {"name": "vm-1", "request": {}, **members})

    def test_a_dry_run_says_that_nothing_was_changed(self):
        out = self.asked(dict(NAME_AND_LAYOUT, changes=[]), "update", "vm-1", "-", "--dry-run", stdin=b"{}")[2]
        self.assertEqual(out, "dry run: nothing was changed; vm-1 (generation 3)\n\nno range changes; reserved ranges are not compared\n\n" + LAYOUT_TEXT)

    def test_ranges_that_would_move_are_listed_with_the_refusal(self):
        line = refusal(5, "2 ranges would move", reason="would_move", pointer="/request", changes=self.CHANGES)
        result = run_against(line, "update", "vm-1", "-", stdin=b"{}")
        self.check(result, REFUSED)
        self.assertEqual(result.raw, b"")
        first, rest = result.err.split("\n", 1)
        self.assertEqual(first, "gpalayoutctl: would_move at the request: 2 ranges would move")
        self.assertTrue(rest.startswith(self.CHANGES_TEXT + "hint: "), rest)
        for odd in (7, []):
            with self.subTest(str(odd)):
                line = refusal(5, "no", reason="would_move", changes=odd)
                result = run_against(line, "update", "vm-1", "-", stdin=b"{}")
                self.check(result, REFUSED)
                self.assertEqual(len(result.err.splitlines()), 2)
        for odd in ([7], [{"change": "moved"}], [{"change": "a", "tag": "b"}], [{"change": "moved", "tag": "b", "from": 1}]):
            with self.subTest(str(odd)):
                line = refusal(5, "no", reason="would_move", changes=odd)
                result = run_against(line, "update", "vm-1", "-", stdin=b"{}")
                self.check(result, REFUSED, "gpalayoutctl: would_move: no\n", "invalid reply to ", "update --allow-moves")

    REQUEST = '{"arch":"x86_64","memory":{"nodes":["0x100000000"]},"n":9007199254740993}'
    RECORD = dict(NAME_AND_LAYOUT, request={"arch": "x86_64", "memory": {"nodes": ["4GiB"]}}, owner_uid=NAMELESS_UID,
                  created_at="2026-11-22T15:04:05.123Z", updated_at="2026-11-23T15:04:05.123Z")

    def test_get_shows_whose_it_is_and_the_layout(self):
        self.assertEqual(self.asked(self.RECORD, "get", "vm-1"),
                         ("layout.get", {"name": "vm-1"},
                          "name        vm-1\n"
                          "generation  3\n"
                          "owner       4123456789\n"
                          "created     2026-11-22T15:04:05.123Z\n"
                          "updated     2026-11-23T15:04:05.123Z\n"
                          "\n" + LAYOUT_TEXT))

    def test_an_owner_who_has_a_name_is_shown_by_it(self):
        for uid in {0, os.getuid()}:
            out = self.asked(dict(self.RECORD, owner_uid=uid), "get", "vm-1")[2]
            self.assertIn(f"\nowner       {user(uid)}\n", out)

    def test_get_request_is_the_request_alone_with_every_digit(self):
        line = ('{"jsonrpc":"2.0","id":1,"result":{"name":"request","x":{"request":1}, "request" : %s ,"layout":{"policy":"of-old"}}}\n'
                % self.REQUEST).encode()
        result = run_against(line, "get", "vm-1", "--request")
        self.check(result, OK)
        self.assertEqual(json.loads(result.out), {"policy": "of-old", **json.loads(self.REQUEST)})
        printed = ctl("resolve", "--print-request", self.write("r.json", result.raw))
        self.assertEqual(printed.out, result.out)

    def test_the_policy_of_a_request_that_names_one_stays(self):
        line = reply({"name": "vm-1", "request": {"arch": "x86_64", "policy": "own"}, "layout": {"policy": "other"}})
        self.assertEqual(json.loads(run_against(line, "get", "vm-1", "--request").out), {"arch": "x86_64", "policy": "own"})

    def test_delete_is_one_line(self):
        self.assertEqual(self.asked({"name": "vm-1", "generation": 3}, "delete", "vm-1"),
                         ("layout.delete", {"name": "vm-1"}, "deleted vm-1 (generation 3)\n"))
        self.assertEqual(self.asked({"name": "vm-1", "generation": 3}, "delete", "vm-1", "--generation", "3")[1],
                         {"name": "vm-1", "generation": 3})

    def test_json_is_the_reply_line_as_it_came(self):
        line = b'{"id":1, "jsonrpc":"2.0" ,"result":{"b":1.50}}\n'
        for args in (["create", "a", "-"], ["update", "a", "-"], ["get", "a"], ["get", "a", "--request"],
                     ["delete", "a"], ["stats"], ["probe", "0", "--request", "-"]):
            with self.subTest(args[0]):
                result = run_against(line, "--json", *args, stdin=b"{}")
                self.check(result, OK)
                self.assertEqual(result.raw, line)

    def test_a_refusal_has_the_status_of_its_reason_and_its_line_for_json(self):
        line = refusal(4, "it is at 7", reason="generation_mismatch", pointer="/generation", generation=7)
        for args in (["create", "a", "-"], ["update", "a", "-"], ["get", "a"], ["delete", "a"], ["list"], ["watch"],
                     ["stats"], ["probe", "0"], ["probe", "0", "--request", "-"]):
            with self.subTest(" ".join(args)):
                takes_one = args[0] in ("update", "delete")
                result = run_against(line, *args, stdin=b"{}")
                place = "" if takes_one else " at /generation"
                self.check(result, CONFLICT, f"generation_mismatch{place}: it is at 7\n", "--generation 7\n")
                self.assertEqual(result.raw, b"")
                if takes_one:
                    result = run_against(line, *args, "--generation", "6", stdin=b"{}")
                    self.check(result, CONFLICT, "generation_mismatch at --generation: it is at 7\n")
        result = run_against(line, "delete", "a", "--json")
        self.check(result, CONFLICT, "it is at 7")
        self.assertEqual(result.raw, line)

    def test_a_result_of_another_shape_is_exit_3(self):
        created = dict(NAME_AND_LAYOUT, created=True)
        updated = dict(NAME_AND_LAYOUT, changes=[])
        cases = [(["create", "a", "-"], {**created, key: value}) for key, value in
                 [("created", 1), ("name", None), ("generation", "3"), ("generation", -1), ("layout", 7)]]
        cases += [(["update", "a", "-"], {**updated, "changes": value}) for value in
                  (None, {}, [1], [{"change": "moved"}], [{"change": "moved", "tag": "a", "to": "0x0"}],
                   [{"change": "moved", "tag": "a", "to": {"start": "0x0", "end": "x"}}],
                   [{"change": "gone", "tag": "a"}])]
        cases += [(["get", "a"], {**self.RECORD, key: None}) for key in
                  ("name", "generation", "owner_uid", "created_at", "updated_at", "layout", "request")]
        cases += [(["get", "a"], {**self.RECORD, "owner_uid": value}) for value in (1.5, 1e300, -1, "0")]
        cases += [(["get", "a", "--request"], value) for value in ({}, {"request": 7}, {"request": []}, 7)]
        cases += [(["delete", "a"], value) for value in ({}, {"name": "a"}, {"name": 7, "generation": 1}, [])]
        for args, result in cases:
            with self.subTest(f"{args[0]} {result}"):
                printed = run_against(reply(result), *args, stdin=b"{}")
                self.check(printed, NO_DAEMON, "invalid reply to ")
                self.assertEqual(printed.raw, b"")


def listed(number, **members):
    return {"name": f"vm-{number:04}", "generation": 1, "arch": "x86_64", "policy": "openvmm-2026.07",
            "ram_size": "0x100000000", "top": "0x160000000", "digest": "sha256:00", "owner_uid": NAMELESS_UID,
            "created_at": "2026-11-22T15:04:05.123Z", **members}


class FakeRegistry:
    """Pages through layouts as the daemon does, and answers probes of them."""

    def __init__(self, names, gone=(), page=100):
        self.names = sorted(names)
        self.gone = gone
        self.page = page

    def __call__(self, method, params):
        if method == "layout.list":
            found = [name for name in self.names if name > params.get("after", "")]
            page = found[:self.page]
            result = {"revision": BASE, "layouts": [dict(listed(0), name=name) for name in page]}
            return result | ({"next": page[-1]} if len(page) < len(found) else {})
        if params["name"] in self.gone or params["name"] not in self.names:
            return NOT_THERE
        return {"free": {"start": "0x0", "end": "0x1000"}}


class List(Case):
    def listing(self, names, *args, page=100):
        recorder = Recorder(FakeRegistry(names, page=page))
        result = run_against(conversation(recorder), "list", *args)
        self.check(result, OK)
        return result.out, recorder.sent()

    def test_layouts_are_rows_of_a_table(self):
        layouts = [listed(1, name="a", generation=12, arch="aarch64", ram_size="0x1000", top="0xfffff000", owner_uid=0),
                   listed(2, name="web-1.example:b")]
        result = run_against(reply({"revision": BASE, "layouts": layouts}), "list")
        self.check(result, OK)
        self.assertEqual(result.out, (
            "NAME             GENERATION  ARCH     POLICY             RAM          TOP  OWNER       CREATED\n"
            f"a                        12  aarch64  openvmm-2026.07  4 KiB   0xfffff000  {user(0):10}"
            "  2026-11-22T15:04:05.123Z\n"
            "web-1.example:b           1  x86_64   openvmm-2026.07  4 GiB  0x160000000  4123456789"
            "  2026-11-22T15:04:05.123Z\n"))

    def test_an_empty_list_is_a_heading_and_no_error(self):
        self.assertEqual(self.listing([]),
                         ("NAME  GENERATION  ARCH  POLICY  RAM  TOP  OWNER  CREATED\n", [("layout.list", {})]))

    def test_all_pages_are_followed_over_one_connection(self):
        names = [f"vm-{number:04}" for number in range(250)]
        out, sent = self.listing(names)
        self.assertEqual([line.split()[0] for line in out.splitlines()[1:]], names)
        self.assertEqual([params for _, params in sent], [{}, {"after": "vm-0099"}, {"after": "vm-0199"}])

    def test_each_page_is_a_question_with_a_number_of_its_own(self):
        recorder = Recorder(FakeRegistry("abcde", page=2))
        connections = []

        def script(connection):
            connections.append(1)
            conversation(recorder)(connection)

        self.check(run_against(script, "list"), OK)
        self.assertEqual(([message["id"] for message in recorder.messages], len(connections)), ([1, 2, 3], 1))

    def test_limit_applies_to_all_pages_together(self):
        names = [f"vm-{number:04}" for number in range(250)]
        for limit, pages in [(1, 1), (100, 1), (101, 2), (150, 2), (250, 3), (999, 3)]:
            with self.subTest(limit):
                out, sent = self.listing(names, "--limit", str(limit))
                self.assertEqual([line.split()[0] for line in out.splitlines()[1:]], names[:limit])
                self.assertEqual(len(sent), pages)

    def test_after_is_where_the_list_begins(self):
        out, sent = self.listing("abcde", "--after", "b", page=2)
        self.assertEqual([line.split()[0] for line in out.splitlines()[1:]], ["c", "d", "e"])
        self.assertEqual(sent, [("layout.list", {"after": "b"}), ("layout.list", {"after": "d"})])

    MIXED = [listed(0, name=name, owner_uid=uid, arch=arch, policy=policy) for name, uid, arch, policy in [
        ("db", 0, "x86_64", "a"), ("db-1", NAMELESS_UID, "aarch64", "a"), ("db-2", 0, "x86_64", "b"), ("vm-1", 0, "aarch64", "a"),
        ("vm-10", NAMELESS_UID, "x86_64", "b"), ("vm-2", 65534, "x86_64", "a"), ("web", NAMELESS_UID, "aarch64", "b")]]

    def chosen(self, *args):
        """Returns the names that are listed as a table and as JSON, and how many pages were read. A page has two
        layouts."""
        def results(_, params):
            found = [row for row in self.MIXED if row["name"] > params.get("after", "")]
            page = found[:2]
            return {"revision": BASE, "layouts": page, **({"next": page[-1]["name"]} if len(page) < len(found) else {})}

        recorder = Recorder(results)
        table = run_against(conversation(recorder), "list", *args)
        self.check(table, OK)
        document = run_against(conversation(Recorder(results)), "list", "--json", *args)
        self.check(document, OK)
        names = [line.split()[0] for line in table.out.splitlines()[1:]]
        self.assertEqual([row["name"] for row in json.loads(document.out)["result"]["layouts"]], names)
        self.assertTrue(all("limit" not in params for _, params in recorder.sent()))
        return names, len(recorder.sent())

    def test_patterns_and_filters_choose_from_all_pages(self):
        everything = [row["name"] for row in self.MIXED]
        cases = [
            ([], everything), (["*"], everything), (["db"], ["db"]), (["db*"], ["db", "db-1", "db-2"]),
            (["vm-?"], ["vm-1", "vm-2"]), (["*-[12]"], ["db-1", "db-2", "vm-1", "vm-2"]), (["web", "db"], ["db", "web"]),
            (["nothing"], []), ([""], []),
            (["--owner", "0"], ["db", "db-2", "vm-1"]), (["--owner", user(0)], ["db", "db-2", "vm-1"]),
            (["--owner", str(NAMELESS_UID)], ["db-1", "vm-10", "web"]), (["--owner", "4294967295"], []),
            (["--arch", "aarch64"], ["db-1", "vm-1", "web"]),
            (["--policy", "b"], ["db-2", "vm-10", "web"]), (["--policy", "c"], []),
            (["--arch", "x86_64", "--policy", "a", "--owner", "0", "db*", "vm-*"], ["db"]),
            (["--after", "db-2", "db*", "w*"], ["web"]),
        ]
        for args, names in cases:
            with self.subTest(" ".join(args)):
                self.assertEqual(self.chosen(*args)[0], names)
                for limit in range(1, len(names) + 2):
                    self.assertEqual(self.chosen("--limit", str(limit), *args)[0], names[:limit])

    def test_no_page_is_read_after_the_limit_is_reached(self):
        self.assertEqual(self.chosen("--limit", "1", "web")[1], 4)
        self.assertEqual(self.chosen("--limit", "1", "db*")[1], 1)
        self.assertEqual(self.chosen("--limit", "3")[1], 2)

    def test_the_user_nobody_is_found_by_name(self):
        nobody = next((entry for entry in pwd.getpwall() if entry.pw_uid == 65534), None)
        if not nobody:
            self.skipTest("no user 65534 here")
        self.assertEqual(self.chosen("--owner", nobody.pw_name)[0], ["vm-2"])
        row = run_against(reply({"revision": BASE, "layouts": [self.MIXED[5]]}), "list").out.splitlines()[1]
        self.assertIn(f" {nobody.pw_name} ", row)

    def test_json_is_one_document_however_many_pages(self):
        for names in ("abcde", "ab", ""):
            with self.subTest(names):
                out, _ = self.listing(names, "--json", page=2)
                self.assertEqual(out.count("\n"), 1)
                document = json.loads(out)
                self.assertEqual([layout["name"] for layout in document["result"]["layouts"]], list(names))
                self.assertEqual(document["result"]["revision"], BASE)

    def test_a_page_that_cannot_be_joined_is_no_list(self):
        line = b'{"jsonrpc":"2.0","id":1,"result":{"revision":7,"l\\u0061youts":[]}}\n'
        result = run_against(line, "list", "--json")
        self.check(result, NO_DAEMON, "invalid reply to layout.list: it has keys with escapes")
        self.assertEqual(result.raw, b"")

    def test_if_a_page_is_refused_no_part_of_the_table_is_printed(self):
        def second_is_refused(method, params):
            if params:
                return refusal(-32002, "busy", reason="overloaded")
            return FakeRegistry("abc", page=2)(method, params)

        result = run_against(conversation(Recorder(second_is_refused)), "list")
        self.check(result, NO_DAEMON, "overloaded: busy")
        self.assertEqual(result.raw, b"")
        result = run_against(conversation(Recorder(second_is_refused)), "list", "--json")
        self.check(result, NO_DAEMON, "overloaded: busy")
        self.assertEqual(json.loads(result.out)["error"]["data"]["reason"], "overloaded")

    def test_pages_that_lead_nowhere_end_the_list(self):
        page = {"revision": BASE, "layouts": [listed(1)]}
        for result in (dict(page, next="vm-0001"), dict(page, next=""), dict(page, next=7),
                       dict(page, layouts=[], next="z")):
            with self.subTest(str(result)):
                self.check(run_against(conversation(Recorder(lambda *_, result=result: result)), "list"), NO_DAEMON,
                           "invalid reply to ")

    def test_a_result_of_another_shape_is_exit_3(self):
        page = {"revision": BASE}
        for result in ([], {}, {"layouts": []}, page, {**page, "layouts": 7}, {**page, "layouts": [7]},
                       *({**page, "layouts": [listed(1, **{key: value})]}
                       for key in ("name", "generation", "arch", "policy", "ram_size", "top", "owner_uid", "created_at")
                       for value in (None, [], -1))):
            with self.subTest(str(result)):
                printed = run_against(reply(result), "list")
                self.check(printed, NO_DAEMON, "invalid reply to ")
                self.assertEqual(printed.raw, b"")


def placed(address=0xfe000000, **members):
    return {"range": {"tag": "chipset-low-mmio", "kind": "fixed", "start": "0xf8000000", "end": "0x100000000",
                      "offset": hex(address - 0xf8000000), **members}}


class Probe(Case):
    def test_a_line_says_which_range_has_the_address(self):
        cases = [
            (placed(), "0xfe000000 is in chipset-low-mmio (fixed) 0xf8000000-0x100000000, offset 0x6000000"),
            (placed(tag="ram0", kind="ram", node=0), "0xfe000000 is in ram0 (ram) 0xf8000000-0x100000000, "
             "offset 0x6000000, node 0"),
            (placed(root_complex="rc0"), "0xfe000000 is in chipset-low-mmio (fixed) 0xf8000000-0x100000000, "
             "offset 0x6000000, root complex rc0"),
            (placed(slot=17), "0xfe000000 is in chipset-low-mmio (fixed) 0xf8000000-0x100000000, "
             "offset 0x6000000, slot 17"),
            ({"free": {"start": "0xc0000000", "end": "0xf4000000"}}, "0xfe000000 is free, 0xc0000000-0xf4000000"),
        ]
        for result, text in cases:
            with self.subTest(text):
                recorder = Recorder(lambda *_, result=result: result)
                printed = run_against(conversation(recorder), "probe", "0xfe000000", "vm-1")
                self.check(printed, OK)
                self.assertEqual(printed.out, f"vm-1: {text}\n")
                self.assertEqual(recorder.sent(), [("layout.probe", {"name": "vm-1", "address": "0xfe000000"})])

    def test_known_devices_are_named_on_their_architecture(self):
        cases = [("0xfec00000", "x86_64", ", IOAPIC"), ("0xfed40fff", "x86_64", ", TPM"),
                 ("0xfee00000", "x86_64", ", LAPIC"), ("0xfee01000", "x86_64", ""), ("0xfebfffff", "x86_64", ""),
                 ("0xfee00000", "aarch64", ""), ("0xffff0000", "aarch64", ", GIC distributor"),
                 ("0xffff0000", "x86_64", "")]
        for address, arch, device in cases:
            with self.subTest(address=address, arch=arch):
                found = placed(int(address, 16))
                answers = {"layout.probe": found, "layout.get": {"layout": {"arch": arch}}}
                printed = run_against(conversation(Recorder(lambda method, _, a=answers: a[method])), "probe", address, "vm")
                self.check(printed, OK)
                self.assertTrue(printed.out.endswith(f", offset {found['range']['offset']}{device}\n"), printed.out)
                recorder = Recorder(lambda *_, found=found: found)
                printed = run_against(conversation(recorder), "probe", address, "--arch", arch, "--memory", "1G")
                self.assertTrue(printed.out.endswith(f", offset {found['range']['offset']}{device}\n"), printed.out)
                self.assertEqual([method for method, _ in recorder.sent()], ["layout.probe"])
                printed = run_against(reply(found), "probe", address, "--request", "-", stdin=f'\n {{"arch": "{arch}"}}'.encode())
                self.assertTrue(printed.out.endswith(f", offset {found['range']['offset']}{device}\n"), printed.out)

    def test_a_layout_that_goes_meanwhile_has_no_known_devices(self):
        answers = {"layout.probe": placed(0xfee00000), "layout.get": NOT_THERE}
        printed = run_against(conversation(Recorder(lambda method, _: answers[method])), "probe", "0xfee00000", "vm")
        self.check(printed, OK)
        self.assertTrue(printed.out.endswith(", offset 0x6e00000\n"), printed.out)

    def test_a_request_has_no_name_in_front(self):
        request = {"arch": "x86_64", "memory": {"nodes": ["1G"]}}
        path = self.write("r.json", json.dumps(request).encode())
        for args in (["--arch", "x86_64", "--memory", "1G"], ["--request", path], ["--request", "-"],
                     [f"--request={path}"]):
            with self.subTest(" ".join(args)):
                recorder = Recorder(lambda *_: {"free": {"start": "0x0", "end": "0x1000"}})
                result = run_against(conversation(recorder), "probe", "16", *args, stdin=json.dumps(request).encode())
                self.check(result, OK)
                self.assertEqual(result.out, "0x10 is free, 0x0-0x1000\n")
                self.assertEqual(recorder.sent(), [("layout.probe", {"request": request, "address": "16"})])

    def test_addresses_are_shown_in_one_form_however_they_are_typed(self):
        for typed, shown in [("4G", "0x100000000"), ("4096", "0x1000"), ("0x00001000", "0x1000")]:
            with self.subTest(typed):
                result = run_against(conversation(Recorder(FakeRegistry(["a"]))), "probe", typed, "a")
                self.assertEqual(result.out, f"a: {shown} is free, 0x0-0x1000\n")

    def test_several_names_are_a_line_each(self):
        recorder = Recorder(FakeRegistry("abc"))
        result = run_against(conversation(recorder), "probe", "0", "c", "a")
        self.check(result, OK)
        self.assertEqual(result.out, "c: 0x0 is free, 0x0-0x1000\na: 0x0 is free, 0x0-0x1000\n")
        self.assertEqual([params["name"] for _, params in recorder.sent()], ["c", "a"])

    def test_a_name_that_is_not_there_is_exit_5_and_the_others_are_shown(self):
        result = run_against(conversation(Recorder(FakeRegistry("ac"))), "probe", "0", "a", "b", "c")
        self.check(result, NOT_FOUND, "gpalayoutctl: b: not_found at NAME: ", "hint: gpalayoutctl list")
        self.assertEqual([line[0] for line in result.out.splitlines()], ["a", "c"])

    def test_any_other_refusal_ends_the_command(self):
        recorder = Recorder(lambda *_: refusal(-32602, "4G is no size", reason="bad_size", pointer="/address"))
        result = run_against(conversation(recorder), "probe", "4G", "a", "b")
        self.check(result, USAGE, "gpalayoutctl: a: bad_size at ADDR: 4G is no size\n")
        self.assertEqual(len(recorder.messages), 1)

    def test_without_a_name_every_layout_is_probed(self):
        names = [f"vm-{number:04}" for number in range(5)]
        recorder = Recorder(FakeRegistry(names, page=2))
        result = run_against(conversation(recorder), "probe", "0")
        self.check(result, OK)
        self.assertEqual(result.out, "".join(f"{name}: 0x0 is free, 0x0-0x1000\n" for name in names))

    def test_without_a_name_a_layout_that_has_just_gone_is_left_out(self):
        result = run_against(conversation(Recorder(FakeRegistry("abc", gone="b"))), "probe", "0")
        self.check(result, OK)
        self.assertEqual([line[0] for line in result.out.splitlines()], ["a", "c"])

    def test_without_layouts_nothing_is_printed(self):
        result = run_against(conversation(Recorder(FakeRegistry(""))), "probe", "0")
        self.check(result, OK)
        self.assertEqual(result.raw, b"")

    def test_the_id_of_each_json_line_is_the_layouts_name(self):
        for args in ([], ["a", "b", "c"]):
            result = run_against(conversation(Recorder(FakeRegistry("abc"))), "--json", "probe", "0", *args)
            self.check(result, OK)
            self.assertEqual([(line["id"], list(line["result"])) for line in map(json.loads, result.out.splitlines())],
                             [("a", ["free"]), ("b", ["free"]), ("c", ["free"])])

    def test_a_reply_about_another_layout_is_exit_3(self):
        self.check(run_against(reply(placed(), "b"), "probe", "0", "a"), NO_DAEMON, "its id is not that of the request")
        self.check(run_against(refusal(2, "no", "b", reason="not_found"), "probe", "0", "a", "b"), NO_DAEMON,
                   "its id is not that of the request")

    def test_a_result_of_another_shape_is_exit_3(self):
        for result in ([], {}, {"free": {}}, {"free": {"start": "0x0"}}, {"range": 7}, placed(tag=7), placed(kind=None),
                       placed(kind="attic"), placed(start=-1), placed(end="x"), placed(offset=None), placed(node=-1),
                       placed(root_complex=7),
                       placed(slot="1")):
            with self.subTest(str(result)):
                printed = run_against(reply(result), "probe", "0", "--memory", "1G")
                self.check(printed, NO_DAEMON, "invalid reply to ")
                self.assertEqual(printed.raw, b"")


def histogram(*buckets, max_us):
    return {"count": sum(count for _, count in buckets), "sum_us": 1, "max_us": max_us,
            "buckets": [{"le_us": edge, "count": count} for edge, count in buckets]}


NOTHING = histogram(max_us=0)


def stats(**members):
    return {"started_at": "2026-11-22T15:04:05.123Z", "uptime_ms": 93784005,
            "connections": {"open": 2, "accepted": 17, "turned_away": 1, "subscribers": 1},
            "users": [{"uid": NAMELESS_UID, "connections": 1, "served_us": 2500000}, {"uid": 0, "connections": 1, "served_us": 9}],
            "requests": {"layout.resolve": {"answered": 98, "refused": 2, "latency": histogram(
                             (64, 50), (128, 48), (2048, 1), (4194304, 1), max_us=3000001)},
                         "layout.create": {"answered": 0, "refused": 0, "latency": NOTHING},
                         "other": {"answered": 0, "refused": 3, "latency": histogram((2, 3), max_us=2)}},
            "registry": {"layouts": 12, "revision": BASE + 7, "oldest_since": BASE},
            "store": {"kind": "sqlite", "path": "/var/lib/gpalayoutd/registry.db", "commits": 40, "changes": 55,
                      "full": 0, "latency": histogram((1024, 39), (16384, 1), max_us=9999)}, **members}


class Stats(Case):
    def test_stats_are_lists_and_a_table_of_the_methods_that_were_called(self):
        result = run_against(reply(stats()), "stats")
        self.check(result, OK)
        self.assertEqual(result.out, (
            "uptime            1 d 2 h 3 min\n"
            "started           2026-11-22T15:04:05.123Z\n"
            "\n"
            "connections open  2\n"
            "accepted          17\n"
            "turned away       1\n"
            "subscribers       1\n"
            "\n"
            "layouts           12\n"
            "revision          1780000000000007\n"
            "least --since     1780000000000000\n"
            "\n"
            "store             sqlite\n"
            "path              /var/lib/gpalayoutd/registry.db\n"
            "commits           40\n"
            "changes           55\n"
            "refused as full   0\n"
            "changes/commit    1.38\n"
            "commit p50 <=     1.024 ms\n"
            "commit p99 <=     9.999 ms\n"
            "commit max        9.999 ms\n"
            "\n"
            "USER        CONNECTIONS  SERVED\n"
            "4123456789            1   2.5 s\n"
            f"{user(0):10}            1    9 us\n"
            "\n"
            "METHOD          ANSWERED  REFUSED  P50 <=    P99 <=      MAX\n"
            "layout.resolve        98        2   64 us  2.048 ms  3.001 s\n"
            "other                  0        3    2 us      2 us     2 us\n"))

    def test_a_daemon_that_has_done_nothing_has_no_latencies(self):
        store = {"kind": "memory", "commits": 0, "changes": 0, "full": 0, "latency": NOTHING}
        result = run_against(reply(stats(store=store, users=[], requests={}, uptime_ms=999)), "stats")
        self.check(result, OK)
        self.assertIn("uptime            0 s\n", result.out)
        self.assertTrue(result.out.endswith("store             memory\ncommits           0\nchanges           0\n"
                                            "refused as full   0\n\n"
                                            "METHOD  ANSWERED  REFUSED  P50 <=  P99 <=  MAX\n"), result.out)

    def test_percentiles_are_upper_bounds_from_the_buckets(self):
        cases = [
            ([(1, 1)], 1, ("1 us", "1 us")),
            ([(1, 1), (2, 1)], 2, ("1 us", "2 us")),
            ([(1, 1), (4, 2)], 3, ("3 us", "3 us")),
            ([(1, 99), (1024, 1)], 900, ("1 us", "1 us")),
            ([(1, 98), (1024, 2)], 900, ("1 us", "900 us")),
            ([(1, 50), (1048576, 51)], 1000000, ("1 s", "1 s")),
            ([(8192, 1 << 52)], 8000, ("8 ms", "8 ms")),
            # The last bucket also counts all greater values.
            ([(1, 1), (1 << 31, 1)], 1 << 32, ("1 us", "4294.968 s")),
        ]
        for buckets, slowest, expected in cases:
            with self.subTest(str(buckets)):
                requests = {"m": {"answered": 1, "refused": 0, "latency": histogram(*buckets, max_us=slowest)}}
                row = run_against(reply(stats(requests=requests)), "stats").out.splitlines()[-1]
                self.assertEqual(re.split(r" {2,}", row)[3:5], list(expected))

    def test_ages_have_at_most_three_units(self):
        for age_ms, text in [(0, "0 s"), (59999, "59 s"), (60000, "1 min 0 s"), (3599000, "59 min 59 s"),
                             (3600000, "1 h 0 min"), (86399000, "23 h 59 min"), (86400000, "1 d 0 h 0 min"),
                             (36500 * 86400000, "36500 d 0 h 0 min")]:
            with self.subTest(text):
                out = run_against(reply(stats(uptime_ms=age_ms)), "stats").out
                self.assertTrue(out.startswith(f"uptime            {text}\n"), out)

    def test_a_histogram_of_another_shape_hides_only_itself(self):
        latency = histogram((1, 1), max_us=1)
        odd = [{**latency, "count": value} for value in (None, "1", [1], -1)] + [7, None, [], {}]
        odd += [{**latency, "buckets": value} for value in (None, "1", [1], [{"le_us": 1}])]
        for histogram_ in odd:
            with self.subTest(str(histogram_)):
                requests = {"m": {"answered": 17, "refused": 4, "latency": histogram_}}
                result = run_against(reply(stats(requests=requests, store={**stats()["store"], "latency": histogram_})), "stats")
                self.check(result, OK)
                self.assertIn("\nchanges           55\n", result.out)
                self.assertRegex(result.out.splitlines()[-1], r"^m +17 +4 +(- +- +-|1 us +1 us +1 us)$")

    def test_a_result_of_another_shape_is_exit_3(self):
        cases = [[], {}] + [{**stats(), key: value} for key in stats() for value in (None, 7.5, [])
                            if (key, value) != ("users", [])]
        cases += [stats(users=[odd]) for odd in (7, {}, {"uid": 0, "connections": 1, "served_us": -1})]
        cases += [stats(requests={"m": odd}) for odd in (7, {"answered": 1}, {"answered": 1, "refused": "0"})]
        cases += [stats(**{group: {**stats()[group], key: None}}) for group in ("connections", "registry", "store")
                  for key in stats()[group] if key != "latency"]
        for result in cases:
            with self.subTest(str(result)):
                printed = run_against(reply(result), "stats")
                self.check(printed, NO_DAEMON, "invalid reply to ")
                self.assertEqual(printed.raw, b"")


class Terminal(Case):
    def test_control_characters_of_the_daemon_reach_no_terminal(self):
        evil = "\x1b]0;x\x07\r\n\x01\x7f\x9b\u202e\u2028end"
        change = {"change": "moved", "tag": evil}
        record = dict(OneLayout.RECORD, name=evil, created=True, changes=[change], created_at=evil, updated_at=evil,
                      layout=layout(warnings=[{"reason": "odd", "tag": "a", "message": evil}]))
        request = self.write("r.json", b"{}")
        scripts = [
            (OK, ["create", "a", request], reply(record)), (OK, ["update", "a", request], reply(record)),
            (OK, ["get", "a"], reply(record)), (OK, ["delete", "a"], reply(record)),
            (OK, ["get", "a", "--request"], reply({**record, "request": {evil: evil}})),
            (OK, ["get", "a", "--field", "name"], reply(record)),
            (OK, ["get", "a", "--field", "layout"], reply(record)),
            (NOT_FOUND, ["get", "a", "--field", "evil"], reply({evil: evil})),
            (NOT_FOUND, ["get", "a", "--field", evil], reply(record)),
            (OK, ["list"], reply({"revision": 1, "layouts": [listed(1, name=evil, policy=evil, created_at=evil)]})),
            (USAGE, ["probe", evil, "--request", request], b"\n"),
            (OK, ["probe", "0", "--request", request], reply(placed(tag=evil, root_complex=evil))),
            (OK, ["stats"], reply(stats(started_at=evil, requests={evil: stats()["requests"]["other"]},
                                        store={**stats()["store"], "kind": evil, "path": evil}))),
            (REFUSED, ["update", "a", request], refusal(5, evil, reason="would_move", changes=[change])),
            (NO_DAEMON, ["update", "a", request], reply({**record, "changes": [{**change, "change": evil}]})),
            (NO_DAEMON, ["get", "a"], reply({**record, "request": {evil: evil}})),
            (OK, ["list"], reply({"revision": 1, "layouts": [listed(1, arch=evil)]})),
            (NO_DAEMON, ["probe", "0", "--request", request], reply(placed(kind=evil))),
        ]
        safe = set(range(0x20, 0x7f)) | {0x0d, 0x0a}
        for status, args, line in scripts:
            with self.subTest(" ".join(args)), FakeDaemon(line) as daemon:
                code, shown = on_terminal("--socket", daemon.path, *args, env={"NO_COLOR": "1"})
                self.assertEqual(code, status, shown)
                self.assertLessEqual(set(shown), safe, shown)


class WithDaemon(DaemonTestCase):
    OPTIONS = ("--store", "memory")
    maxDiff = None
    VM = ("--arch", "x86_64", "--memory", "4G")
    WITH_SLOTS = ("--arch", "x86_64", "--memory", "4G", "--virtio-mmio", "2")

    def setUp(self):
        for layout in self.daemon.call("layout.list", {"limit": 1000})["result"]["layouts"]:
            self.daemon.call("layout.delete", {"name": layout["name"]})

    def ctl(self, *args, **options):
        return ctl("--socket", self.daemon.socket, *args, **options)

    def ok(self, *args, **options):
        result = self.ctl(*args, **options)
        self.assertEqual((result.code, result.err), (OK, ""))
        return result.out

    def refused(self, reason, place, *args, hint="", **options):
        """Checks that a refusal is at this place, and that its hint contains this text. If `hint` is None, it must have
        no hint. Returns the messages."""
        result = self.ctl(*args, **options)
        self.assertEqual((result.code, result.raw), (STATUS.get(reason, REFUSED), b""), result.err)
        self.assertRegex(result.err, rf"^gpalayoutctl: (\S+: )?{re.escape(reason)} at {re.escape(place)}: ")
        hints = re.findall(r"(?m)^hint: (.*)$", result.err)
        self.assertEqual(len(hints), 0 if hint is None else 1, result.err)
        for found in hints:
            self.assertIn(hint, found)
        self.assertNotIn("hint: --json", result.err)
        return result.err

    def generation(self, name):
        return json.loads(self.ok("get", name, "--json"))["result"]["generation"]

    def fill(self, count):
        """Creates layouts vm-0000 and so on. Returns their names."""
        names = [f"vm-{number:04}" for number in range(count)]
        with self.daemon.connect() as client:
            for name in names:
                request = {"arch": "x86_64", "memory": {"nodes": ["1GiB"]}}
                self.assertIn("result", client.call("layout.create", {"name": name, "request": request}))
        return names

    def test_create_shows_the_layout_that_resolve_shows_also_when_repeated(self):
        resolved = self.ok("resolve", *self.VM)
        created = self.ok("create", "vm-1", *self.VM)
        number = self.generation("vm-1")
        self.assertEqual(created, f"created vm-1 (generation {number})\n\n{resolved}")
        self.assertEqual(self.ok("create", "vm-1", *self.VM),
                         f"already there: vm-1 (generation {number})\n\n{resolved}")
        head, layout = self.ok("get", "vm-1").split("\n\n", 1)
        self.assertEqual(layout, resolved)
        self.assertRegex(head, rf"^name        vm-1\ngeneration  {number}\nowner       {user(os.getuid())}\n"
                               r"created     (20\S+Z)\nupdated     \1$")

    def test_the_request_that_get_prints_makes_the_same_layout(self):
        self.ok("create", "vm-1", *self.WITH_SLOTS)
        request = self.ok("get", "vm-1", "--request")
        self.assertIn("already there", self.ok("create", "vm-1", "-", stdin=request.encode()))
        self.assertIn("created vm-2 ", self.ok("create", "vm-2", "-", stdin=request.encode()))
        self.assertEqual(self.ok("resolve", "-", stdin=request.encode()), self.ok("resolve", *self.WITH_SLOTS))

    def test_the_request_that_get_prints_works_with_another_default_policy_and_from_a_whole_reply(self):
        self.ok("create", "vm-1", *self.WITH_SLOTS)
        resolved, answer = self.ok("resolve", *self.WITH_SLOTS), self.ok("get", "vm-1", "--json").encode()
        with Daemon("--store", "memory", "--default-policy", "openvmm-2026.05") as other:
            for request in (self.ok("get", "vm-1", "--request").encode(), answer, json.dumps(json.loads(answer)["result"]).encode()):
                there = ctl("--socket", other.socket, "resolve", "-", stdin=request)
                self.assertEqual((there.code, there.out), (OK, resolved))
            self.assertNotEqual(ctl("--socket", other.socket, "resolve", *self.WITH_SLOTS).out, resolved)
        self.assertEqual(ctl("--socket", self.daemon.socket, "fit", "--bits", "46", "-", stdin=answer).code, OK)

    def test_another_request_under_the_name_is_a_conflict(self):
        self.ok("create", "vm-1", *self.VM)
        self.assertIn("gpalayoutctl update", self.refused("conflict", "NAME", "create", "vm-1", *self.WITH_SLOTS))

    def test_a_policy_or_an_architecture_that_cannot_change_gets_no_hint(self):
        self.ok("create", "vm-1", *self.VM)
        self.refused("conflict", "/policy of the changed request", "update", "vm-1", "--set", "policy=openvmm-2026.05", hint=None)
        self.refused("conflict", "/arch of the changed request", "update", "vm-1", "--set", "arch=aarch64", hint=None)

    def test_unknown_names_are_refused(self):
        for args in (["get", "vm-1"], ["delete", "vm-1"], ["update", "vm-1", *self.VM], ["probe", "0", "vm-1"]):
            with self.subTest(args[0]):
                self.assertIn("gpalayoutctl list", self.refused("not_found", "NAME", *args))

    def test_names_and_members_at_fault_are_named(self):
        self.refused("bad_name", "NAME", "create", "a b", *self.VM, hint=None)
        self.refused("bad_size", "--memory 4g", "create", "vm-1", "--memory", "4g")
        self.refused("unknown_member", "/x of standard input", "create", "vm-1", "-",
                     stdin=b'{"arch":"x86_64","memory":{"nodes":["1G"]},"x":1}')
        self.refused("out_of_range", "/limit", "call", "layout.list", '{"limit": 0}', hint=None)

    def test_delete_accepts_only_the_current_generation(self):
        self.ok("create", "vm-1", *self.VM)
        number = self.generation("vm-1")
        error = self.refused("generation_mismatch", "--generation", "delete", "vm-1", "--generation", str(number + 1))
        self.assertIn(f"--generation {number}\n", error)
        self.assertEqual(self.ok("delete", "vm-1", "--generation", str(number)),
                         f"deleted vm-1 (generation {number})\n")
        self.refused("not_found", "NAME", "get", "vm-1")

    def test_list_has_every_layout_over_several_pages(self):
        names = self.fill(250)
        lines = self.ok("list").splitlines()
        self.assertEqual(lines[0].split(), ["NAME", "GENERATION", "ARCH", "POLICY", "RAM", "TOP", "OWNER", "CREATED"])
        self.assertEqual([line.split()[0] for line in lines[1:]], names)
        self.assertRegex(lines[1], rf"^vm-0000 +\d+  x86_64  openvmm-2026\.07  1 GiB  0x\w+ +{user(os.getuid())} +20\S+Z$")
        self.assertEqual([line.split()[0] for line in self.ok("list", "--limit", "150").splitlines()[1:]], names[:150])
        after = self.ok("list", "--after", "vm-0200", "--limit", "20").splitlines()[1:]
        self.assertEqual([line.split()[0] for line in after], names[201:221])
        document = json.loads(self.ok("list", "--json"))
        self.assertEqual([layout["name"] for layout in document["result"]["layouts"]], names)

    def test_a_daemon_of_small_pages_lists_all_layouts(self):
        with Daemon("--store", "memory", "--limit", "list_page=2") as daemon:
            for number in range(5):
                request = {"arch": "x86_64", "memory": {"nodes": ["1GiB"]}}
                self.assertIn("result", daemon.call("layout.create", {"name": f"vm-{number}", "request": request}))
            for args, count in (([], 5), (["--limit", "3"], 3), (["vm-[024]"], 3), (["--owner", str(os.getuid()), "--limit", "3"], 3)):
                result = ctl("--socket", daemon.socket, "list", *args)
                self.assertEqual((result.code, result.err), (OK, ""))
                self.assertEqual(len(result.out.splitlines()), count + 1)

    def test_an_empty_registry_is_a_heading(self):
        self.assertEqual(self.ok("list"), "NAME  GENERATION  ARCH  POLICY  RAM  TOP  OWNER  CREATED\n")
        self.assertEqual(self.ok("probe", "0"), "")

    def test_probe_says_what_is_at_an_address(self):
        self.ok("create", "vm-1", *self.WITH_SLOTS, "--pcie-root-complex", "rc0")
        found = {row[4]: row for row in rows(self.ok("resolve", *self.WITH_SLOTS, "--pcie-root-complex", "rc0"))}
        slots, low = found["virtio-mmio"], found["pcie-rc0-low-mmio"]
        second = hex(int(slots[0], 16) + 0x1234)
        for address, text in [
                ("0xfee00000", "0xfee00000 is in chipset-low-mmio (fixed) 0xf8000000-0x100000000, offset 0x6e00000, "
                 "LAPIC"),
                ("1M", "0x100000 is in ram0 (ram) 0x0-0xc0000000, offset 0x100000, node 0"),
                (second, f"{second} is in virtio-mmio (mmio32) {slots[0]}-{slots[1]}, offset 0x1234, slot 1"),
                (low[0], f"{low[0]} is in pcie-rc0-low-mmio (mmio32) {low[0]}-{low[1]}, offset 0x0, root complex rc0")]:
            with self.subTest(address):
                self.assertEqual(self.ok("probe", address, "vm-1"), f"vm-1: {text}\n")
                self.assertEqual(self.ok("probe", address), f"vm-1: {text}\n")
                self.assertEqual(self.ok("probe", address, *self.WITH_SLOTS, "--pcie-root-complex", "rc0"), f"{text}\n")
        self.assertRegex(self.ok("probe", "0xc0000000", "vm-1"), r"^vm-1: 0xc0000000 is free, 0xc0000000-0x\w+\n$")

    def test_probe_asks_every_layout_over_several_pages(self):
        names = self.fill(120)
        self.assertEqual([line.split(":")[0] for line in self.ok("probe", "0").splitlines()], names)

    def test_several_names_one_of_which_is_unknown(self):
        self.fill(2)
        result = self.ctl("probe", "0", "vm-0001", "vm-0009", "vm-0000")
        self.assertEqual(result.code, NOT_FOUND)
        self.assertEqual([line.split(":")[0] for line in result.out.splitlines()], ["vm-0001", "vm-0000"])
        self.assertIn("vm-0009", result.err)

    def test_layouts_without_the_value_of_field_do_not_hide_the_others(self):
        self.ok("create", "vm-1", *self.VM)
        self.ok("create", "vm-2", "--arch", "x86_64", "--memory", "64GiB")
        for names in ([], ["vm-1", "vm-2"]):
            with self.subTest(names):
                result = self.ctl("probe", "0xc00000000", *names, "--field", "range.tag")
                self.assertEqual((result.code, result.out, result.err.count("gpalayoutctl: ")), (NOT_FOUND, "ram0\n", 1))

    def test_an_update_that_moves_nothing_shows_what_is_new(self):
        self.ok("create", "vm-1", *self.VM)
        number = self.generation("vm-1")
        dry = self.ok("update", "vm-1", *self.WITH_SLOTS, "--dry-run")
        self.assertRegex(dry, r"^dry run: nothing was changed; vm-1 \(generation \d+\)\n\n"
                              r"CHANGE +TAG +FROM +TO\nadded +virtio-mmio +- +0x\w+-0x\w+\n\n +START ")
        self.assertEqual(self.generation("vm-1"), number)
        self.refused("generation_mismatch", "--generation", "update", "vm-1", *self.WITH_SLOTS, "--generation", "0")
        out = self.ok("update", "vm-1", *self.WITH_SLOTS, "--generation", str(number))
        self.assertGreater(self.generation("vm-1"), number)
        self.assertTrue(out.startswith(f"updated vm-1 (generation {self.generation('vm-1')})\n\n"), out)
        self.assertEqual(out.split("\n\n", 1)[1], dry.split("\n\n", 1)[1])

    def test_an_update_that_would_move_a_range_says_which(self):
        self.ok("create", "vm-1", *self.VM)
        more = ("--arch", "x86_64", "--memory", "8G")
        error = self.refused("would_move", "the request", "update", "vm-1", *more)
        self.assertRegex(error, r"(?m)^resized +ram0 ")
        self.assertIn("hint: once the VM is off, use gpalayoutctl update --allow-moves", error)
        out = self.ok("update", "vm-1", *more, "--allow-moves")
        self.assertTrue(out.endswith(self.ok("resolve", *more)), out)

    def test_a_change_that_would_remove_ranges_is_not_told_to_state_them(self):
        self.ok("create", "vm-1", *self.VM)
        change = ("update", "vm-1", "--set", "chipset.high_mmio=0")
        error = self.refused("would_remove", "the request", *change)
        self.assertIn("\nhint: if the VM no longer has these ranges, --allow-removals removes them\n", error)
        self.ok(*change, "--allow-removals")

    def test_a_call_that_would_remove_ranges_is_told_the_member(self):
        self.ok("create", "vm-1", *self.VM)
        request = {"arch": "x86_64", "memory": {"nodes": ["4G"]}, "chipset": {"high_mmio": 0}}
        params = {"name": "vm-1", "request": request}
        self.refused("would_remove", "the request", "call", "layout.update", json.dumps(params),
                     hint='if the VM no longer has these ranges, "allow_removals": true removes them')
        self.ok("call", "layout.update", json.dumps({**params, "allow_removals": True}))

    def test_a_reply_that_is_too_large_can_have_a_larger_limit(self):
        args = ("call", "daemon.schema")
        with Daemon("--store", "memory", "--limit", "reply_bytes=65536") as daemon:
            result = ctl("--socket", daemon.socket, *args)
        self.assertEqual(result.code, REFUSED)
        self.assertIn("or start the daemon with a larger limit request_line_bytes or reply_bytes;", result.err)
        self.ok(*args)

    def test_a_call_with_another_generation_is_not_told_a_flag(self):
        self.ok("create", "vm-1", *self.VM)
        number = self.generation("vm-1")
        self.refused("generation_mismatch", "/generation", "call", "layout.delete", '{"name":"vm-1","generation":0}',
                     hint=f"then give generation {number}")
        self.ok("call", "layout.delete", f'{{"name":"vm-1","generation":{number}}}')

    def test_an_update_that_would_remove_ranges_says_which(self):
        self.ok("create", "vm-1", *self.VM, "--pcie-root-complex", "rc0")
        only = ("--arch", "x86_64", "--memory", "4G", "--virtio-mmio", "4")
        for more in ((), ("--allow-moves",), ("--dry-run",)):
            error = self.refused("would_remove", "the request", "update", "vm-1", *only, *more)
            self.assertRegex(error, r"(?m)^removed +pcie-rc0-low-mmio ")
            self.assertNotIn("virtio-mmio", error)
            self.assertIn("--allow-removals removes them", error)
        out = self.ok("update", "vm-1", *only, "--allow-removals")
        self.assertRegex(out, r"(?m)^removed +pcie-rc0-low-mmio ")
        self.assertNotIn("pcie-rc0", self.ok("get", "vm-1"))

    def request(self, name):
        return json.loads(self.ok("get", name, "--request"))

    def test_an_update_changes_members_of_the_existing_request(self):
        self.ok("create", "vm-1", "--arch", "x86_64", "--numa", "4G", "--numa", "2G", "--pcie-root-complex", "rc0",
                "--reserve", "hole=1T-2T", "--vtl2-memory", "1G")
        before = self.request("vm-1")
        for args, expected in [
                (["--set", "virtio_mmio.slots=4"], {"virtio_mmio": {"slots": 4}}),
                (["--set", "host.physical_address_bits=46"], {"host": {"physical_address_bits": 46}}),
                (["--remove", "virtio-mmio", "--remove", "vtl2"], {"virtio_mmio": None, "vtl2": None}),
                (["--remove", "reserved-hole"], {"reserved": None})]:
            with self.subTest(args):
                self.ok("update", "vm-1", *args)
                for member, value in expected.items():
                    self.assertEqual(self.request("vm-1").get(member) or None, value)
        self.ok("update", "vm-1", "--add-pcie-root-complex", "rc1,segment=1,low_mmio=128M", "--remove", "ram1")
        after = self.request("vm-1")
        self.assertEqual([rc["name"] for rc in after["pcie"]["root_complexes"]], ["rc0", "rc1"])
        self.assertEqual(after["pcie"]["root_complexes"][0], before["pcie"]["root_complexes"][0])
        self.assertEqual(after["memory"]["nodes"], before["memory"]["nodes"][:1])
        for tag in ("pcie-rc1-low-mmio", "pcie-rc0"):
            self.ok("update", "vm-1", "--remove", tag)
        self.assertNotIn("pcie-", self.ok("get", "vm-1"))
        # As in any update, a move is refused, and so is a value that is invalid anyway.
        self.refused("would_move", "the request", "update", "vm-1", "--set", "memory.nodes.0=9G")
        self.ok("update", "vm-1", "--set", "memory.nodes.0=9G", "--set", "memory.nodes.1=1G", "--allow-moves")
        self.assertEqual(self.request("vm-1")["memory"]["nodes"], [hex(9 << 30), hex(1 << 30)])
        self.refused("bad_size", "/memory/nodes/0 of the changed request", "update", "vm-1", "--set", "memory.nodes.0=9z")
        self.refused("unknown_member", "/memry of the changed request", "update", "vm-1", "--set", "memry.nodes=1")
        self.refused("generation_mismatch", "--generation", "update", "vm-1", "--set", "virtio_mmio.slots=1", "--generation", "1")
        # A count may have leading zeros. A value that is not JSON is sent as a string.
        self.refused("generation_mismatch", "--generation", "delete", "vm-1", "--generation", "001")
        for value in ("010", "1.", "+1"):
            self.refused("wrong_type", "/virtio_mmio/slots of the changed request", "update", "vm-1", "--set",
                         f"virtio_mmio.slots={value}")
        self.refused("not_found", "NAME", "update", "vm-9", "--set", "virtio_mmio.slots=1")

    def test_rooms_and_cxl_windows_are_added_and_removed(self):
        self.ok("create", "vm-1", *self.VM, "--pcie-root-complex", "c0,cxl")
        self.ok("update", "vm-1", "--add-hotplug", "4G", "--add-pcie-root-complex", r"c\,1,segment=1,cxl", "--add-hotplug", "2G,node=0",
                "--add-cxl-window", r"w\=0,size=1G,targets=c0+c\,1")
        request = self.request("vm-1")
        self.assertEqual([room["size"] for room in request["memory"]["hotplug"]], [hex(4 << 30), hex(2 << 30)])
        self.assertEqual([(window["name"], window["targets"]) for window in request["cxl_windows"]], [("w=0", ["c0", "c,1"])])
        result = self.ctl("update", "vm-1", "--remove", "hotplug-0")
        self.check_usage(result, "--remove: hotplug-0 is not the last room for memory\nhint: the next one would take its tag: remove those after it first\n")
        for number, args in enumerate((["--remove", "hotplug-1", "--remove", "hotplug-0"], ["--remove", "cxl-window-w=0"],
                                       ["--remove", "pcie-c,1-cxl-hdm"])):
            out = self.ok("update", "vm-1", *args)
            self.assertEqual(set(re.findall(r"(?m)^(\w+) +(?:hotplug|cxl-window|pcie)-", out.split("\n\n")[1])), {"removed"}, number)
        self.assertEqual([self.request("vm-1").get("cxl_windows"), self.request("vm-1")["memory"].get("hotplug")], [None, None])
        for args, text in ((["--add-hotplug", "1G,x=1"], "--add-hotplug: unknown key 'x'"), (["--add-cxl-window", "w,size=1G"], "has no targets"),
                           (["--remove", "hotplug-0"], "has the tag hotplug-0"), (["--remove", "cxl-window-w"], "has the tag cxl-window-w"),
                           (["--add-pcie-root-complex", "a\\b"], "the backslash at byte 1 quotes nothing"),
                           (["--add-cxl-window", "w,size=1G,targets=c0", "--memory", "1G"], "not both")):
            with self.subTest(args):
                self.check_usage(self.ctl("update", "vm-1", *args), text)

    def test_an_invalid_change_names_its_flag(self):
        self.ok("create", "vm-1", *self.VM, "--pcie-root-complex", "c0,cxl", "--hotplug", "2G", "--cxl-window", "w,size=1G,targets=c0")
        for reason, args, place, hint in (
                ("out_of_range", ["--add-cxl-window", "v,size=1G,targets=x"], None, "each target must name a root complex"),
                ("duplicate_name", ["--add-pcie-root-complex", "c0,segment=1"], None, "rename one of the two"),
                ("bad_size", ["--add-pcie-root-complex", "c1,segment=1", "--add-pcie-root-complex", "c2,segment=2,hdm=x"],
                 "--add-pcie-root-complex c2,segment=2,hdm=x", "write a whole number"),
                ("invalid_size", ["--remove", "hotplug-0", "--add-hotplug", "2G", "--add-hotplug", "3"], "--add-hotplug 3", "multiple of 4K"),
                # The last element need not be the one that was added.
                ("invalid_size", ["--add-hotplug", "2G", "--set", "memory.hotplug.2={\"size\":3}"],
                 "/memory/hotplug/2/size of the changed request", "multiple of 4K"),
                ("invalid_size", ["--add-hotplug", "2G", "--remove", "hotplug-1", "--add-hotplug", "3"],
                 "/memory/hotplug/1/size of the changed request", "multiple of 4K")):
            with self.subTest(" ".join(args)):
                self.assertIn(hint, self.refused(reason, place or " ".join(args), "update", "vm-1", *args))
        self.check_usage(self.ctl("update", "vm-1", "--remove", "pcie-c0-low-mmio"),
                         "--remove pcie-c0-low-mmio: the CXL window w has the root complex c0 as a target\n"
                         "hint: remove the window, too, with --remove cxl-window-w\n")
        self.ok("update", "vm-1", "--remove", "pcie-c0", "--add-pcie-root-complex", "c0,hdm=none", "--dry-run")
        self.ok("update", "vm-1", "--remove", "pcie-c0", "--remove", "cxl-window-w")

    def test_numbers_of_tags_have_no_zeros_before_them(self):
        self.ok("create", "vm-1", *self.VM, "--hotplug", "2G")
        for tag, right in (("hotplug-00", "hotplug-0"), ("ram000", "ram0")):
            self.check_usage(self.ctl("update", "vm-1", "--remove", tag),
                             f"gpalayoutctl: --remove: no range has the tag {tag}\nhint: did you mean {right}?\n")
        self.ok("update", "vm-1", "--remove", "hotplug-0")

    def test_nodes_keep_their_numbers_when_one_is_removed(self):
        self.ok("create", "vm-1", "--arch", "x86_64", *["--numa", "1G"] * 4)
        for args, gone, nodes in [(["--remove", "ram1"], {"ram1"}, ["1G", "0", "1G", "1G"]),
                                  (["--remove", "ram2", "--remove", "ram3"], {"ram2", "ram3"}, ["1G", "0", "0"])]:
            out = self.ok("update", "vm-1", *args)
            self.assertEqual(set(re.findall(r"(?m)^removed +(\S+)", out)), gone)
            self.assertNotRegex(out, r"(?m)^(moved|resized|added) ")
            self.assertEqual(self.request("vm-1")["memory"]["nodes"], [hex(1 << 30 if node == "1G" else 0) for node in nodes])

    def test_a_tag_means_a_range_first_and_a_root_complex_second(self):
        for names in (("a", "a-low-mmio"), ("a-low-mmio", "a")):
            rcs = [f"{name},segment={i}" for i, name in enumerate(names)]
            self.ok("create", names[0], "--arch", "x86_64", "--memory", "1G", "--pcie-root-complex", rcs[0], "--pcie-root-complex", rcs[1],
                    "--reserve", "x=1T-2T")
            for tag, left in [("pcie-a-low-mmio-low-mmio", ["a"]), ("pcie-a-low-mmio", ["a-low-mmio"]), ("pcie-a", ["a-low-mmio"])]:
                shown = self.ok("update", names[0], "--remove", tag, "--dry-run", "--json")
                self.assertEqual([rc["name"] for rc in json.loads(shown)["result"]["layout"]["pcie"]["root_complexes"]], left)
            self.check_usage(self.ctl("update", names[0], "--remove", "reserved-x-ecam"), "has the tag reserved-x-ecam")

    def test_later_flags_change_members_that_earlier_ones_set(self):
        self.ok("create", "vm-1", *self.VM)
        self.ok("update", "vm-1", "--set", "pcie={}", "--set", "pcie.ecam=above-4gib", "--add-pcie-root-complex", "rc0",
                "--set", "memory.nodes=[\"4G\"]", "--set", "memory.nodes.1=1G")
        request = self.request("vm-1")
        self.assertEqual(([rc["name"] for rc in request["pcie"]["root_complexes"]], request["pcie"]["ecam"]), (["rc0"], "above-4gib"))
        self.assertEqual(request["memory"]["nodes"], [hex(4 << 30), hex(1 << 30)])

    def test_changes_that_make_no_sense_are_wrong_usage(self):
        self.ok("create", "vm-1", *self.VM)
        for args, text in [(["--set", "a"], "'a' is not MEMBER=VALUE"), (["--set", "memory.nodes.2=1G"], "there is no element 2 in a list of length 1"),
                           (["--set", "memory.nodes.x=1G"], "there is no element x in a list of length 1"), (["--set", "arch.x=1"], "in a single value"),
                           (["--set", "memory.nodes.7.x=1"], "the path names 7, which the request does not have"), (["--remove", "ram1"], "has the tag ram1"),
                           (["--remove", "chipset-low-mmio"], "has the tag chipset-low-mmio"), (["--remove", "pcie-"], "has the tag pcie-"),
                           (["--add-pcie-root-complex", "rc0,x=1"], "unknown key 'x'"), (["--set", "a=1", "--memory", "1G"], "not both"),
                           (["-", "--set", "a=1"], "not both")]:
            with self.subTest(args):
                generation = self.generation("vm-1")
                result = self.ctl("update", "vm-1", *args, stdin=b"{}")
                self.check_usage(result, text)
                self.assertEqual(self.generation("vm-1"), generation)

    def check_usage(self, result, text):
        self.assertEqual((result.code, result.out), (USAGE, ""))
        self.assertIn(text, result.err)

    def test_a_change_of_somebody_else_is_not_undone(self):
        """Another client changes the layout between the read of the request and the update."""
        generations = iter((7, 8))

        def answer(message):
            if message["method"] == "layout.get":
                return reply({"generation": next(generations), "request": {"arch": "x86_64"}, "layout": {"policy": "p"}}, message["id"])
            self.assertEqual(message["params"], {"name": "a", "request": {"policy": "p", "arch": "x86_64", "n": 1}, "generation": 7})
            return refusal(6, "it is at 8", message["id"], reason="generation_mismatch", pointer="/generation", generation=8)

        result = run_against(conversation(answer), "update", "a", "--set", "n=1")
        self.assertEqual(result.code, CONFLICT)
        self.assertIn("generation_mismatch: it is at 8", result.err)

    def test_the_inspect_socket_shows_layouts_and_changes_none(self):
        self.fill(1)

        def inspect(*args):
            return ctl("--socket", self.daemon.inspect_socket, *args)

        for args in (["get", "vm-0000"], ["list"], ["probe", "0"], ["stats"]):
            self.assertEqual((inspect(*args).code, inspect(*args).err), (OK, ""))
        for args in (["create", "vm-1", *self.VM], ["update", "vm-0000", *self.VM], ["delete", "vm-0000"]):
            result = inspect(*args)
            self.assertEqual(result.code, REFUSED)
            self.assertIn("method_not_found", result.err)

    @unittest.skipUnless(can_be_another_user(), "needs root, to become another user")
    def test_another_user_is_denied(self):
        self.fill(1)
        os.chmod(self.daemon.folder, 0o755)
        os.chmod(self.daemon.socket, 0o666)
        result = ctl_as(65534, "--socket", self.daemon.socket, "delete", "vm-0000")
        self.assertEqual(result.code, REFUSED, result.err)
        self.assertRegex(result.err, r"^gpalayoutctl: denied at NAME: .*\nhint: run the command as the layout's owner")
        # This test is root, whose uid is 0.
        result = ctl_as(65534, "--socket", self.daemon.socket, "create", "vm-0000", *self.VM)
        self.assertEqual(result.code, CONFLICT, result.err)
        self.assertIn("\nhint: use another name: that layout belongs to another user\n", result.err)

    @unittest.skipUnless(can_be_another_user(), "needs root, to become another user")
    def test_a_user_who_may_not_use_the_control_socket_reads_through_the_other(self):
        self.fill(1)
        os.chmod(self.daemon.folder, 0o755)
        os.chmod(self.daemon.socket, 0o600)
        self.addCleanup(os.chmod, self.daemon.socket, 0o666)
        looked = ctl_as(65534, "--socket", self.daemon.socket, "list")
        self.assertEqual((looked.code, looked.err), (OK, ""))
        self.assertIn("vm-0000", looked.out)
        # Commands that change something report why they cannot use the control socket.
        for args in (["delete", "vm-0000"], ["create", "vm-1", *self.VM]):
            changed = ctl_as(65534, "--socket", self.daemon.socket, *args)
            self.assertEqual(changed.code, NO_DAEMON)
            self.assertIn("Permission denied\nhint: this user may not use the socket: gpalayoutctl doctor, with the same "
                          "socket options, says why\n", changed.err)
        # A socket that is named is used as it is.
        named = ctl_as(65534, "--socket", self.daemon.socket, "--inspect-socket", "/nowhere/inspect.sock", "list")
        self.assertEqual(named.code, NO_DAEMON)
        self.assertIn(f"{self.daemon.socket}: cannot connect: Permission denied", named.err)

    def test_a_full_registry_says_what_to_do(self):
        with Daemon("--store", "memory", "--limit", "live_layouts=1") as daemon:
            self.assertEqual(ctl("--socket", daemon.socket, "create", "vm-1", *self.VM).code, OK)
            result = ctl("--socket", daemon.socket, "create", "vm-2", *self.VM)
        self.assertEqual((result.code, result.raw), (REFUSED, b""))
        self.assertRegex(result.err, r"^gpalayoutctl: store_full.*\nhint: delete layouts that no VM needs")

    def test_stats_count_what_was_done(self):
        before = self.stats_of("layout.get")
        self.fill(1)
        self.ok("get", "vm-0000")
        self.refused("not_found", "NAME", "get", "vm-9")
        self.assertEqual([after - count for after, count in zip(self.stats_of("layout.get"), before)], [1, 1])
        out = self.ok("stats")
        for line in (r"uptime +\d+ (s|min .*)", r"started +20\S+Z", r"layouts +1", r"revision +\d{16}",
                     r"store +memory", r"connections open +1", r"commits +\d+"):
            self.assertRegex(out, rf"(?m)^{line}$")

    def stats_of(self, method):
        """Returns the numbers of answered and of refused requests of a method."""
        found = re.search(rf"(?m)^{re.escape(method)} +(\d+) +(\d+) ", self.ok("stats"))
        return [int(count) for count in found.groups()] if found else [0, 0]


if __name__ == "__main__":
    main()
