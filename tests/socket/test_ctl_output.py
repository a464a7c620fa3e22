# SPDX-License-Identifier: MIT
"""gpalayoutctl: which part of an answer is printed (--quiet, --field, a pager), and what is printed about a refusal.

The first classes use a scripted peer. The places and hints of refusals are tested with the daemon.
"""

import json
import os

from ctl_harness import (BASE_ENV, CONFLICT, INFO, NO, NO_DAEMON, NO_ROOM, NOT_FOUND, OK, REFUSED, STATUS, USAGE, Case,
                         FakeDaemon, Recorder, conversation, ctl, entry, layout, on_terminal, refusal, reply, run_against)
from harness import DaemonTestCase, main

LIVE = {"name": "vm", "generation": 3, "owner_uid": 0, "created_at": "c", "updated_at": "u", "created": True,
        "request": {"arch": "x86_64", "memory": {"nodes": ["3G"]}},
        "layout": layout([entry("ram0", "ram", 0, 0xc0000000)]), "changes": []}
ENTRY = {"name": "vm", "generation": 3, "arch": "x86_64", "policy": "p", "ram_size": "0x1000", "top": "0x1000",
         "digest": "d", "owner_uid": 0, "created_at": "c"}
PAGE = {"revision": 7, "layouts": [{**ENTRY, "name": name} for name in ("a", "b")]}
FREE = {"free": {"start": "0x0", "end": "0x1000"}}
CHANGES = {"changes": [], "compatible": True}
STATS = {"started_at": "s", "uptime_ms": 1, "users": [], "requests": {},
         "connections": {"open": 1, "accepted": 1, "turned_away": 0, "subscribers": 0},
         "registry": {"layouts": 0, "revision": 1, "oldest_since": 1},
         "store": {"kind": "memory", "commits": 0, "changes": 0, "full": 0}}
STEP = {"tag": "ram0", "phase": "ram", "rule": "r", "size": "0x1000", "chosen": [{"start": "0x0", "end": "0x1000"}]}
POLICY = {"name": "p", "summary": "s", "defaults": {}}
COMMANDS = [
    (["create", "vm", "-"], LIVE), (["update", "vm", "-"], LIVE), (["get", "vm"], LIVE), (["get", "vm", "--request"], LIVE),
    (["delete", "vm"], LIVE), (["list"], PAGE), (["probe", "0", "vm"], FREE), (["probe", "0", "--request", "-"], FREE),
    (["explain", "vm"], {"ranges": [STEP]}), (["compare", "a", "b"], CHANGES), (["resolve", "-"], LIVE), (["map", "vm"], LIVE),
    (["fit", "-", "--bits", "40"], LIVE), (["allocate", "-"], {"map": []}),
    (["policies"], {"default": "p", "policies": [POLICY]}),
    (["info"], INFO), (["stats"], STATS), (["schema"], {}), (["call", "a.b"], {}),
]


class Quiet(Case):
    def test_nothing_is_printed_and_the_status_is_the_same(self):
        for args, result in COMMANDS:
            for flag in ("-q", "--quiet"):
                with self.subTest(" ".join((*args, flag))):
                    loud = run_against(reply(result), *args, stdin=b"{}")
                    quiet = run_against(reply(result), *args, flag, stdin=b"{}")
                    self.assertEqual((loud.code, loud.err), (OK, ""))
                    self.assertNotEqual(loud.raw, b"")
                    self.assertEqual((quiet.code, quiet.raw, quiet.err), (OK, b"", ""))

    def test_a_request_is_not_printed(self):
        result = ctl("resolve", "--memory", "1G", "--print-request", "-q")
        self.assertEqual((result.code, result.raw, result.err), (OK, b"", ""))

    def test_quiet_prints_nothing_for_exit_status_1(self):
        for args, result in [(["compare", "a", "b"], {**CHANGES, "compatible": False}), (["fit", "-", "--bits", "31"], LIVE)]:
            result = run_against(reply(result), "-q", *args, stdin=b"{}")
            self.assertEqual((result.code, result.raw, result.err), (NO, b"", ""))

    def test_a_refusal_is_printed(self):
        result = run_against(refusal(4, "it is at 7", reason="generation_mismatch", generation=7), "delete", "vm", "-q")
        self.check(result, CONFLICT, "generation_mismatch: it is at 7\n", "\nhint: ")
        self.assertEqual(result.raw, b"")

    def test_an_invalid_reply_is_reported(self):
        self.check(run_against(reply({"changes": []}), "-q", "compare", "a", "b"), NO_DAEMON, "invalid reply to ")
        self.check(run_against(b"{}\n", "-q", "get", "vm"), NO_DAEMON, "not a JSON-RPC 2.0 message")

    def test_a_quiet_watch_still_waits_for_events(self):
        lines = reply({"revision": 1}) + b"".join(
            json.dumps({"jsonrpc": "2.0", "method": "layout.event",
                        "params": {"revision": number, "event": "created", "name": "vm"}}).encode() + b"\n"
            for number in (2, 3))
        result = run_against(lines, "watch", "-q", "--count", "2")
        self.assertEqual((result.code, result.raw, result.err), (OK, b"", ""))
        # With a greater count it reads on, until something after the two events ends it.
        behind = refusal(9, "m", None, reason="resync_required", revision=9, oldest_since=8)
        result = run_against(lines + behind, "watch", "-q", "--count", "3")
        self.check(result, REFUSED, "resync_required: ")
        self.assertEqual(result.raw, b"")

    def test_quiet_excludes_options_that_print(self):
        for args, name in [(["--json"], "--json"), (["--field", "a"], "--field")]:
            self.check(ctl("-q", *args, "info"), USAGE, f"--quiet leaves nothing for {name} to print\n")


class Field(Case):
    def field(self, path, result, *args):
        return run_against(reply(result) if isinstance(result, dict) else result, "--field", path, *(args or ("get", "vm")))

    def test_a_value_is_a_line(self):
        for path, text in [("name", "vm"), ("generation", "3"), ("created", "true"), ("layout.ram.0.start", "0x0"),
                           ("layout.map.0.tag", "ram0"), ("request.memory.nodes", '["3G"]'), ("changes", "[]"),
                           ("layout.ram.0", '{"node": 0, "start": "0x0", "end": "0xc0000000"}')]:
            with self.subTest(path):
                result = self.field(path, LIVE)
                self.assertEqual((result.code, result.out, result.err), (OK, text + "\n", ""))

    def test_numbers_have_every_digit_and_strings_are_decoded(self):
        line = (b'{"jsonrpc":"2.0","id":1,"result":{"n":18446744073709551615,"f":1.50,"s":"a\\n\\"\\u00e9\\"","e":"",'
                b'"nothing":null}}\n')
        for path, text in [("n", "18446744073709551615"), ("f", "1.50"), ("s", 'a\n"\u00e9"'), ("e", ""), ("nothing", "null")]:
            with self.subTest(path):
                result = self.field(path, line)
                self.assertEqual((result.code, result.out, result.err), (OK, text + "\n", ""))

    def test_a_name_may_have_dots(self):
        result = {"requests": {"a.b": {"n": 1}, "a.c.e": [2], "d..": 4}}
        for path, text in [("a.b.n", "1"), ("a.c.e.0", "2"), ("d..", "4")]:
            shown = self.field(f"requests.{path}", result)
            self.assertEqual((shown.code, shown.out, shown.err), (OK, text + "\n", ""))
        for path, step in [("a.b.m", "m"), ("a.c", "a"), ("b.a", "b"), ("d.", "d"), (".a", "member without a name")]:
            self.check(self.field(f"requests.{path}", result), NOT_FOUND, f": there is no {step}\nhint: the ")
        self.check(self.field("list.9.n", {"list": [{"9.n": 1}]}), NOT_FOUND,
                   ": there is no 9\nhint: the number of elements there is 1")

    def test_a_missing_field_is_exit_5_and_the_existing_ones_are_listed(self):
        members, count, value = "the members there are ", "the number of elements there is ", "the value before it is not an object"
        cases = [
            ("nam", "nam", members + "name, generation, owner_uid, created_at, updated_at, created, request, layout, changes"),
            ("layout.ram.1", "1", count + "1"), ("layout.ram.00.end.x", "x", value), ("layout.ram.start", "start", count + "1"),
            ("layout.ram.-1", "-1", count + "1"), ("changes.0", "0", count + "0"), ("name.0", "0", value),
            ("", "member without a name", members + "name, "), ("layout.", "member without a name", members + "arch, "),
            ("Name", "Name", members + "name, "),
        ]
        for path, step, there in cases:
            with self.subTest(path):
                result = self.field(path, LIVE)
                self.check(result, NOT_FOUND, f"gpalayoutctl: --field {path}: there is no {step}\nhint: {there}")
                self.assertEqual(result.raw, b"")

    def test_commands_have_fields(self):
        for args, result in COMMANDS:
            with self.subTest(" ".join(args)):
                member = next(iter(result), "x")
                shown = run_against(reply(result), *args, "--field", member, stdin=b"{}")
                self.assertEqual((shown.code, shown.raw != b""), (OK if result else NOT_FOUND, bool(result)), shown.err)

    def test_a_list_is_one_result_however_many_pages(self):
        pages = {None: {**PAGE, "next": "b"}, "b": {"revision": 9, "layouts": [{**ENTRY, "name": "c"}]}}

        def ask(path, *args):
            recorder = Recorder(lambda _, params: pages[params.get("after")])
            return run_against(conversation(recorder), "list", "--field", path, *args)

        self.assertEqual(ask("layouts.2.name").out, "c\n")
        self.assertEqual(ask("revision").out, "7\n")
        self.assertEqual(ask("layouts.0.name", "[bc]").out, "b\n")
        self.check(ask("layouts.2.name", "--limit", "2"), NOT_FOUND, "there is no 2\nhint: the number of elements there is 2\n")

    def test_several_answers_are_a_line_each(self):
        for args in (["probe", "0", "a", "b"], ["fit", self.write("a", b"{}"), self.write("b", b"{}"), "--bits", "40"]):
            recorder = Recorder(lambda method, _: FREE if method == "layout.probe" else LIVE)
            path = "free.end" if args[0] == "probe" else "layout.ram_size"
            result = run_against(conversation(recorder), "--field", path, *args)
            self.assertEqual((result.code, result.out.count("\n"), len(set(result.out.split()))), (OK, 2, 1), result.err)

    def test_field_keeps_exit_status_1(self):
        result = run_against(reply({**CHANGES, "compatible": False}), "--field", "compatible", "compare", "a", "b")
        self.assertEqual((result.code, result.out, result.err), (NO, "false\n", ""))

    def test_a_refusal_has_no_fields(self):
        result = self.field("name", refusal(2, "no", reason="not_found", pointer="/name"))
        self.check(result, NOT_FOUND, "gpalayoutctl: not_found at NAME: no\n")
        self.assertEqual(result.raw, b"")

    def test_field_and_json_exclude_each_other(self):
        self.check(ctl("info", "--json", "--field", "version", "--socket", "/nonexistent"), USAGE,
                   "--json and --field exclude each other\n")


class Pager(Case):
    """PAGER marks its output."""

    MARK = "sed s/^/paged:/"

    def shown(self, *args, lines=5, script=reply(PAGE), **env):
        """Returns the exit status, and what a terminal of `lines` lines shows of a list of three lines, or of another
        command."""
        with FakeDaemon(script) as daemon:
            code, shown = on_terminal("--socket", daemon.path, *(args or ("list",)), lines=lines, env=env)
        return code, shown.decode().replace("\r\n", "\n")

    def program(self, name, script):
        os.chmod(self.write(name, b"#!/bin/sh\n" + script), 0o755)

    def path(self):
        return self.folder + ":" + BASE_ENV.get("PATH", "")

    def setUp(self):
        super().setUp()
        self.text = self.shown(lines=0, PAGER=self.MARK)[1]
        self.marked = "".join(f"paged:{line}\n" for line in self.text.splitlines())

    def test_a_text_that_the_terminal_cannot_hold_goes_to_the_pager(self):
        self.assertEqual(self.text.count("\n"), 3)
        self.assertEqual(self.shown(lines=3, PAGER=self.MARK), (OK, self.marked))
        self.assertEqual(self.shown(lines=1, PAGER=self.MARK), (OK, self.marked))
        self.assertEqual(self.shown(lines=4, PAGER=self.MARK), (OK, self.text))
        self.assertEqual(ctl("--help", env={"PAGER": self.MARK}).out.count("paged:"), 0)
        self.assertIn("\npaged:Exit status", self.shown("--help", PAGER=self.MARK)[1])

    def test_the_pager_can_be_turned_off(self):
        for args, env in [(["--no-pager"], {"PAGER": self.MARK}), ([], {"PAGER": ""}), ([], {"PAGER": "cat"}),
                          ([], {"PAGER": self.MARK, "TERM": "dumb"}), ([], {"PAGER": self.MARK, "TERM": None})]:
            with self.subTest(f"{args} {env}"):
                self.assertEqual(self.shown("list", *args, lines=2, **env), (OK, self.text))

    def test_lines_for_programs_do_not_go_to_the_pager(self):
        for args in (["--json"], ["--field", "layouts"]):
            code, shown = self.shown("list", *args, lines=1, PAGER=self.MARK)
            self.assertEqual((code, shown.count("paged:"), shown.count("\n")), (OK, 0, 1))

    def test_a_missing_pager_does_no_harm(self):
        for pager in ("/nonexistent/pager", "no-such-pager -x", self.write("plain", b"")):
            code, shown = self.shown(lines=2, PAGER=pager)
            self.assertEqual(code, OK)
            self.assertTrue(shown.endswith(self.text), shown)

    def test_a_missing_default_pager_does_no_harm(self):
        # The first less in the path fails as a missing one does: sh exits with 127, and so does this script.
        self.program("less", b"exit 127\n")
        self.assertEqual(self.shown(lines=2, PATH=self.path()), (OK, self.text))

    def test_the_default_gets_its_options_unless_there_are_others(self):
        self.program("less", b'echo "LESS=$LESS"; exec cat >/dev/null\n')
        for env, options in [({}, "FRX"), ({"PAGER": "less"}, "FRX"), ({"LESS": "S"}, "S"), ({"LESS": ""}, "")]:
            self.assertEqual(self.shown(lines=2, PATH=self.path(), **env), (OK, f"LESS={options}\n"))

    def test_a_pager_that_exits_early_is_no_failure(self):
        long = reply(list(range(70000)))
        for pager, text in [("sed q", "[\n"), ("true", ""), ("kill -9 $$", "")]:
            with self.subTest(pager):
                self.assertEqual(self.shown("call", "a.b", script=long, PAGER=pager), (OK, text))

    def test_the_status_is_that_of_the_answer(self):
        code, shown = self.shown("compare", "a", "b", lines=1, script=reply({**CHANGES, "compatible": False}), PAGER=self.MARK)
        self.assertEqual(code, NO)
        self.assertIn("paged:not compatible", shown)
        refused = refusal(2, "no", reason="not_found")
        self.assertEqual(self.shown("get", "vm", lines=1, PAGER=self.MARK, script=refused)[0], NOT_FOUND)


class Failures(Case):
    """Changes whose outcome is unknown."""

    REPEAT = "hint: it is not known whether the layout was created: repeat the command"

    def test_a_create_without_an_answer_can_be_repeated(self):
        def silence(connection):
            FakeDaemon.read_line(connection)
            connection.recv(1)

        for script in (silence, b"", b"HTTP/1.1 400\r\n"):
            result = run_against(script, "create", "vm", "--memory", "1G", "--timeout", "0.2")
            self.check(result, NO_DAEMON, self.REPEAT)
            for args in (["update", "vm", "--memory", "1G"], ["delete", "vm"]):
                result = run_against(script, *args, "--timeout", "0.2")
                self.check(result, NO_DAEMON, "hint: it is not known whether this was done: gpalayoutctl get vm shows what the daemon has\n")
            for args in (["get", "vm"], ["resolve", "--memory", "1G"], ["list"]):
                self.assertNotIn("not known", run_against(script, *args, "--timeout", "0.2").err)

    def test_a_change_that_was_never_sent_was_not_made(self):
        self.assertNotIn("not known", ctl("create", "vm", "--memory", "1G", "--socket", "/nonexistent").err)
        # A dry run changes nothing, and --set had only asked for the current request.
        for args in (["--memory", "1G", "--dry-run"], ["--set", "a=1"]):
            result = run_against(b"", "update", "vm", *args)
            self.check(result, NO_DAEMON, "the connection was closed")
            self.assertNotIn("not known", result.err)


class Json(Case):
    """The hint to use --json appears only without --json."""

    def test_with_json_no_hint_offers_json(self):
        strange = {"revision": 1, "layouts": [{**ENTRY, "generation": "riscv"}]}
        for line, args in [(reply(strange), ["list"]), (reply({}), ["compare", "a", "b"]), (b"{}\n", ["info"]),
                           (refusal(reason="of_2031"), ["info"])]:
            with self.subTest(line):
                plain, whole = run_against(line, *args), run_against(line, *args, "--json")
                self.assertEqual((plain.raw, whole.raw, plain.code), (b"", line, whole.code))
                self.assertIn("--json shows ", plain.err)
                self.assertNotIn("--json", whole.err)


class WithDaemon(DaemonTestCase):
    OPTIONS = ("--store", "memory")
    maxDiff = None

    def ctl(self, *args, **options):
        return ctl("--socket", self.daemon.socket, *args, **options)

    def said(self, reason, *args, stdin=b"", arch="x86_64"):
        """Returns the place and the message of a refusal, and all hints and notes."""
        result = self.ctl(*args, *(["--arch", arch] if arch else []), stdin=stdin)
        self.assertEqual((result.code, result.raw), (STATUS.get(reason, REFUSED), b""), result.err)
        first, *rest = result.err.splitlines()
        self.assertTrue(first.startswith(f"gpalayoutctl: {reason} at "), first)
        place, message = first.split(" at ", 1)[1].split(": ", 1)
        return place, message, "\n".join(rest)

    def with_request_inside(self, request):
        """Returns commands whose params have the request inside, alone or as one side of a comparison."""
        paths = []
        for name, each in (("refused", request), ("fits", {"arch": "x86_64", "memory": {"nodes": ["1G"]}})):
            paths.append("@" + os.path.join(self.daemon.folder, name))
            with open(paths[-1][1:], "w", encoding="utf-8") as file:
                json.dump(each, file)
        return [["call", "layout.resolve", json.dumps({"request": request})], ["compare", *paths], ["compare", *paths[::-1]]]

    def test_choices_are_in_the_message_and_need_no_hint(self):
        for args, place, choices in [
                (["--arch", "arm64"], "--arch arm64", "x86_64, aarch64"),
                (["--profile", "uefi"], "--profile uefi", "gen2-uefi, gen1, linux-direct"),
                (["--pcie-root-complex", "rc0,end_bus=300"], "--pcie-root-complex rc0,end_bus=300", "0 to 255"),
                (["--host-bits", "99"], "--host-bits 99", "1 to 64")]:
            with self.subTest(place):
                arch = None if args[0] == "--arch" else "x86_64"
                said = self.said("out_of_range", "resolve", "--memory", "1G", *args, arch=arch)
                self.assertEqual((said[0], said[2]), (place, ""))
                self.assertIn(choices, said[1])

    def test_hexadecimal_without_0x_gets_a_hint(self):
        for address, hint in (("fee00000", "hint: addresses in hexadecimal begin with 0x: 0xfee00000\n"),
                              ("80000000x", "hint: an address is 0x and"), ("", "hint: an address is 0x and")):
            # The hint is also given without a layout in which to look.
            for names in ([], ["vm-9"], ["--memory", "1G"]):
                result = self.ctl("probe", address, *names)
                self.assertEqual((result.code, result.out), (USAGE, ""))
                self.assertTrue(result.err.startswith(f"gpalayoutctl: ADDR: '{address}' is not an address\n{hint}"), result.err)
        self.assertIn("write a whole number", self.said("bad_size", "resolve", "--memory", "fee00000")[2])
        result = self.ctl("probe", "16384P")
        self.assertEqual((result.code, result.err), (USAGE, "gpalayoutctl: ADDR: 16384P does not fit in 64 bits\n"))
        result = self.ctl("probe", "80000000", "--memory", "1G", "--arch", "x86_64")
        self.assertEqual((result.code, result.out.split()[0]), (OK, "0x4c4b400"))
        self.assertEqual(result.err, "note: 80000000 is decimal, that is 0x4c4b400; write 0x80000000 if it is hexadecimal\n")
        for address in ("4096", "0x80000000", "1M"):
            self.assertEqual(self.ctl("probe", address, "--memory", "1G", "--arch", "x86_64").err, "")

    def test_a_demand_without_a_member_is_shown_one(self):
        for demand in ({"tag": "a", "size": "1G"}, {"tag": "a", "alignment": "4K"}, {"size": "1G", "alignment": "4K"}):
            place, _, rest = self.said("missing_member", "allocate", "-", arch=None, stdin=json.dumps({"ram": [demand]}).encode())
            self.assertTrue(place.startswith("/ram/0/"), place)
            self.assertIn('has a tag, a size and an alignment, such as {"tag": "a", "size": "1M", "alignment": "4K"}', rest)
            self.assertNotIn("--memory", rest)

    def test_a_given_range_without_a_member_is_shown_one(self):
        for kind in ("reserved", "fixed"):
            for given in ({"tag": "a"}, {"tag": "a", "start": 0}, {"start": 0, "end": "4K"}):
                request = json.dumps({kind: [given]}).encode()
                rest = self.said("missing_member", "allocate", "-", arch=None, stdin=request)[2]
                self.assertIn('has a tag, a start and an end, such as {"tag": "a", "start": "1M", "end": "2M"}', rest)
        example = {"reserved": [{"tag": "a", "start": "1M", "end": "2M"}]}
        self.assertEqual(self.ctl("allocate", "-", stdin=json.dumps(example).encode()).code, OK)

    def test_only_a_request_without_a_required_member_is_told_which_there_are(self):
        whole = {"arch": "x86_64", "memory": {"nodes": ["1G"]}}
        required = "hint: a request has at least arch and memory.nodes"
        schema = "hint: gpalayoutctl schema lists all members"
        for request, hint in (({}, required), ({"arch": "x86_64"}, required),
                              ({"arch": "x86_64", "memory": {}}, required),
                              ({**whole, "reserved": [{"name": "a"}]}, schema),
                              ({**whole, "vtl2": {"memory": {"size": "1G"}}}, schema)):
            text = json.dumps(request).encode()
            for args in (["resolve", "-"], ["call", "layout.resolve", json.dumps({"request": request})]):
                self.assertEqual(self.said("missing_member", *args, arch=None, stdin=text)[2], hint)

    def test_a_name_that_is_not_utf8_is_not_said_to_be_in_the_file(self):
        request = json.dumps({"arch": "x86_64", "memory": {"nodes": ["1G"]}}).encode()
        result = self.ctl("create", b"a\xff", "-", stdin=request)
        self.assertRegex(result.err, r"^gpalayoutctl: invalid_utf8: .*\nhint: requests and names must be UTF-8\n$")

    def test_an_id_and_a_saved_empty_request_are_valid_json(self):
        probed = self.ctl("probe", "--json", "0x1000", b"a\xff")
        self.assertEqual(json.loads(probed.out)["id"], "a\\xff")
        for empty in ("{}", "{ }"):
            saved = '{"request": %s, "layout": {"policy": "openvmm-2026.07"}}' % empty
            self.assertNotIn("invalid_json", self.ctl("create", "a", "-", stdin=saved.encode()).err)

    def test_deep_nesting_is_not_said_to_lack_a_bracket(self):
        result = self.ctl("resolve", "-", stdin=b'{"arch":' + b"[" * 31 + b"]" * 31 + b"}")
        self.assertRegex(result.err, r"^gpalayoutctl: too_deep: .*\n"
                                     r"hint: remove brackets: no request needs that much nesting\n$")

    def test_a_window_of_size_0_can_be_none(self):
        rc, hint = "--pcie-root-complex", "hint: make it a multiple of 4K above 0, or {} to have no such window"
        for window in ("low_mmio", "high_mmio"):
            args = ["resolve", "--memory", "1G", rc]
            self.assertEqual(self.said("invalid_size", *args, f"a,{window}=0")[2], hint.format("none"))
            self.assertEqual(self.ctl(*args, f"a,{window}=none", "--arch", "x86_64").code, OK)
            # A pinned window that is empty has an end.
            pinned = self.said("invalid_size", *args, f"a,{window}=0,{window}_base=1G")[2]
            self.assertIn("a range ends after its start", pinned)
            for value in (0, {"size": 0}):
                request = {"arch": "x86_64", "memory": {"nodes": ["1G"]},
                           "pcie": {"root_complexes": [{"name": "a", window: value}]}}
                text = self.said("invalid_size", "resolve", "-", arch=None, stdin=json.dumps(request).encode())[2]
                self.assertEqual(text, hint.format("null"))
                request["pcie"]["root_complexes"][0][window] = None
                self.assertEqual(self.ctl("resolve", "-", stdin=json.dumps(request).encode()).code, OK)
        self.ctl("create", "empty", "--memory", "1G", "--arch", "x86_64", rc, "a")
        self.addCleanup(self.ctl, "delete", "empty")
        for change, word in ((["--add-pcie-root-complex", "b,segment=1,low_mmio=0"], "none"),
                             (["--set", "pcie.root_complexes.0.low_mmio=0"], "null")):
            self.assertEqual(self.said("invalid_size", "update", "empty", *change, arch=None)[2], hint.format(word))
        none = "pcie.root_complexes.0.low_mmio=null"
        self.assertEqual(self.ctl("update", "empty", "--set", none, "--allow-removals").code, OK)

    def test_an_hdm_of_size_0_has_the_unit_of_others(self):
        args = ["resolve", "--memory", "1G", "--pcie-root-complex"]
        self.assertEqual(self.said("invalid_size", *args, "a,hdm=0")[2],
                         "hint: make hdm a multiple of 256M above 0, or none to have no HDM")
        self.assertEqual(self.ctl(*args, "a,hdm=256M", "--arch", "x86_64").code, OK)

    ADVISE = "; gpalayoutctl advise with the same request options tries other sizes"

    def no_room(self, reason, *args, **options):
        return self.said(reason, "resolve", "--memory", "1G", *args, **options)[2]

    def test_a_range_without_room_is_told_what_would_help(self):
        rc = "--pcie-root-complex"
        below = ("--pcie-ecam", "below-4gib", "--chipset-low-mmio", "3G")
        nothing, above = ("--reserve", "a=4G-0xfffffffffffff000", "--chipset-high-mmio", "0"), "--pcie-ecam above-4gib"
        holes = [word for hole in ("a=512M-516M", "b=1536M-1540M", "c=2560M-2564M", "d=3584M-3588M", "e=4G-0xffffffffffffe000")
                 for word in ("--reserve", hole)]
        devices = "give pcie-a-{}-mmio fewer or smaller devices, or make room for it"
        ecam = "make room for pcie-seg0-ecam, which has 1 MiB for each bus"
        for args, text in (
                (["--virtio-mmio", "1", "--reserve", "a=0-3968M"], "nothing with an alignment of 4 KiB fits there: make room for virtio-mmio"),
                ([rc, "a,low_mmio=2M,low_mmio_alignment=4G", "--reserve", "a=0-4K"],
                 "nothing with an alignment of 4 GiB fits there: make room for pcie-a-low-mmio"),
                ([rc, "a,low_bars=4G"], devices.format("low")),
                ([rc, "a,bars=4096P", "--reserve", "b=1P-16380P"], devices.format("high")),
                ([*below, rc, "a,low_mmio=1G"], f"{ecam}, or put the ECAM above 4 GiB ({above})"),
                (["--pcie-ecam-below-4gb", *below[2:], rc, "a,low_mmio=1G,end_bus=0"],
                 f"{ecam}, or put the ECAM above 4 GiB ({above} instead of --pcie-ecam-below-4gb)"),
                ([*nothing, rc, "a,high_mmio=none"], f"{ecam}, or put the ECAM below 4 GiB (--pcie-ecam below-4gib)"),
                (["--numa", "2G", "--numa", "512G", *holes], "use less RAM, or make room for ram0")):
            with self.subTest(args=args):
                more = [] if "--numa" in args else ["--memory", "1G"]
                text_ = self.said("exhausted", "resolve", *more, *args)[2]
                self.assertEqual(text_.splitlines()[-1], f"hint: {text}{self.ADVISE}")
                self.assertEqual(self.ctl("advise", "--arch", "x86_64", *more, *args).code, OK)
        for args in (["--chipset-low-mmio", "3G", rc, "a,low_mmio=1G", "--pcie-ecam", "above-4gib"],
                     [*nothing, rc, "a,high_mmio=none", "--pcie-ecam", "below-4gib"]):
            self.assertEqual(self.ctl("resolve", "--arch", "x86_64", "--memory", "1G", *args).code, OK, args)

    def test_a_size_that_fits_is_exact(self):
        args = ["--arch", "x86_64", "--memory", "1G", "--pcie-root-complex"]
        text = self.no_room("exhausted", args[-1], "a,low_mmio=4G")
        self.assertEqual(text.splitlines()[-1], "hint: if nothing else changes, pcie-a-low-mmio can have 3.875 GiB (3968M)")
        self.assertEqual(self.ctl("resolve", *args, "a,low_mmio=3968M").code, OK)
        self.assertEqual(self.ctl("resolve", *args, "a,low_mmio=3970M").code, NO_ROOM)
        args[-1:] = ["--reserve", "a=0-0xf7f00000", "--virtio-mmio"]
        text = self.no_room("exhausted", *args[4:], "4096")
        self.assertEqual(text.splitlines()[-1], "hint: if nothing else changes, there can be 256 virtio-mmio slots")
        self.assertEqual(self.ctl("resolve", *args, "256").code, OK)

    def test_advice_is_suggested_in_the_form_of_the_request(self):
        request = {"arch": "x86_64", "memory": {"nodes": ["1G"]}, "virtio_mmio": {"slots": 1},
                   "chipset": {"low_mmio": "4G"}}
        path = os.path.join(self.daemon.folder, "advise.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(request, file)
        room = "hint: nothing with an alignment of 4 KiB fits there: make room for virtio-mmio"
        for args in (["resolve", path], ["create", "x", path], ["explain", "--request", path], ["probe", "0", "--request", path]):
            text = self.said("exhausted", *args, arch=None)[2]
            self.assertEqual(text.splitlines()[-1], f"{room}; gpalayoutctl advise --request FILE, with the same file, tries other sizes", args)
        self.assertEqual(self.ctl("advise", "--request", path).code, OK)
        for args, stdin in ((["resolve", "-"], json.dumps(request)), (["compare", f"@{path}", "--to-policy", "openvmm-2026.05"], ""),
                            (["call", "layout.resolve", json.dumps({"request": request})], "")):
            text = self.said("exhausted", *args, arch=None, stdin=stdin.encode())[2]
            self.assertEqual(text.splitlines()[-1], room, args)

    def test_a_range_of_a_map_without_room_is_told_what_would_help(self):
        demands = [{"tag": tag, "size": size, "alignment": "4K"} for tag, size in (("a", "5G"), ("b", "1G"))]
        one, ecam = {"mmio32": demands[:1]}, {**demands[0], "tag": "pcie-seg0-ecam"}
        for lists, text in (
                ({"mmio32": demands}, "if nothing else changes, a can have 3 GiB"),
                (one, "if nothing else changes, a can have 4 GiB"),
                ({**one, "reserved": [{"tag": "f", "start": 0, "end": "4G"}]},
                 "nothing with an alignment of 4 KiB fits there: make room for a"),
                # No tag means a root complex here.
                ({"mmio64": [ecam], "fixed": [{"tag": "f", "start": 0, "end": "0xfffffffffffff000"}]},
                 "nothing with an alignment of 4 KiB fits there: make room for pcie-seg0-ecam")):
            rest = self.said("exhausted", "allocate", "-", arch=None, stdin=json.dumps(lists).encode())[2]
            self.assertEqual(rest.splitlines()[-1], f"hint: {text}")

    def test_a_hole_that_ends_the_low_ram_window_is_named(self):
        text = self.no_room("exhausted", "--memory-start", "1G", "--memory-low-window", "256M", "--host-hole", "arm-msi", arch="aarch64")
        self.assertEqual(text.splitlines()[-1], "hint: make the low RAM window smaller: reserved-arm-msi is a hole of the host and cannot move")

    def test_an_update_may_make_room_by_moves(self):
        self.ctl("create", "full", "--arch", "x86_64", "--chipset-low-mmio", "32M", *("--numa", "508M") * 8)
        self.addCleanup(self.ctl, "delete", "full")
        room = "hint: nothing with an alignment of 2 MiB fits there: make room for pcie-a-low-mmio"
        live = ["--arch", "x86_64", "--memory", "1G", "--memory-start", "1M"]
        self.ctl("create", "roomy", *live)
        self.addCleanup(self.ctl, "delete", "roomy")
        for args, text in (
                (["full", "--add-pcie-root-complex", "a,low_mmio=8G"], f"{room}; once the VM is off, --allow-moves may make room"),
                # What was allowed already is not proposed.
                (["full", "--add-pcie-root-complex", "a,low_mmio=8G", "--allow-moves"],
                 "hint: if nothing else changes, pcie-a-low-mmio can have ~3.97 GiB (4064M)"),
                (["roomy", *live, "--pcie-root-complex", "a,low_mmio=2M,low_mmio_alignment=4G"],
                 "hint: nothing with an alignment of 4 GiB fits there: make room for pcie-a-low-mmio; once the VM is off, "
                 "--allow-moves may make room"),
                (["roomy", *live, "--pcie-root-complex", "a,low_mmio=8G"],
                 "hint: if nothing else changes, pcie-a-low-mmio can have 1.875 GiB (1920M); once the VM is off, --allow-moves may make room")):
            with self.subTest(args=args):
                self.assertEqual(self.said("exhausted", "update", *args, arch=None)[2].splitlines()[-1], text)
        params = {"name": "full", "request": {"arch": "x86_64", "memory": {"nodes": ["508M"] * 8}, "chipset": {"low_mmio": "32M"},
                                              "pcie": {"root_complexes": [{"name": "a", "low_mmio": "8G"}]}}}
        text = self.said("exhausted", "call", "layout.update", json.dumps(params), arch=None)[2]
        self.assertEqual(text.splitlines()[-1], f'{room}; once the VM is off, "allow_moves": true may make room')

    def test_an_update_that_resizes_needs_moves_and_a_smaller_size(self):
        live = ["--arch", "x86_64", "--memory", "4G", "--pcie-root-complex"]
        self.ctl("create", "resized", *live, "rc0")
        self.addCleanup(self.ctl, "delete", "resized")
        text = self.said("exhausted", "update", "resized", *live, "rc0,low_mmio=8G", arch=None)[2]
        self.assertEqual(text.splitlines()[-1],
                         "hint: pcie-rc0-low-mmio needs 8 GiB, but at most 3.875 GiB (3968M) fits there at an alignment of 2 MiB: make it "
                         "smaller, or make room for it; a smaller size may also need --allow-moves, once the VM is off")
        self.assertEqual(self.ctl("update", "resized", *live, "rc0,low_mmio=3G").code, REFUSED)
        self.assertEqual(self.ctl("update", "resized", *live, "rc0,low_mmio=3G", "--allow-moves").code, OK)

    def test_a_low_ram_window_needs_the_addresses_from_0(self):
        args = ["--memory-start", "512M", "--memory-low-window", "256M", "--pcie-root-complex", "a,low_mmio=3456M"]
        text = self.no_room("exhausted", *args, "--pcie-root-complex", "b,segment=1")
        self.assertEqual(text.splitlines()[-1], "hint: free the addresses that the low RAM window needs, from 0 to its size")
        self.assertEqual(self.ctl("resolve", "--memory", "1G", "--arch", "x86_64", *args).code, OK)

    def test_windows_that_differ_have_no_equal_share(self):
        rc = "--pcie-root-complex"
        share = "; ~1.94 GiB (1984M) for each of the 2 low MMIO windows would fit there, but a later check may still refuse the request"
        args = [rc, "a,low_mmio=3G", rc, "b,segment=1,low_mmio=2G"]
        self.assertTrue(self.no_room("exhausted", *args).endswith(share))
        for more in (",low_mmio_alignment=1G", "devices"):
            changed = args[:3] + ["b,segment=1,low_bars=2G" if more == "devices" else args[3] + more]
            self.assertNotIn("for each", self.no_room("exhausted", *changed))
        # An update may keep some of the windows.
        self.ctl("create", "share", "--memory", "1G", "--arch", "x86_64", rc, "a")
        self.addCleanup(self.ctl, "delete", "share")
        for moves in ([], ["--allow-moves"]):
            self.assertNotIn("for each", self.said("exhausted", "update", "share", "--add-pcie-root-complex", "b,segment=1,low_mmio=5G",
                                                   *moves, arch=None)[2])

    def test_an_ecam_that_is_too_low_can_go_above(self):
        args = ["--pcie-root-complex", "rc0,low_mmio=3600M", "--pcie-ecam"]
        text = self.no_room("ecam_below_minimum", *args, "below-4gib")
        self.assertEqual(text, "hint: make room between 256 MiB and 4 GiB, or put the ECAM above 4 GiB (--pcie-ecam above-4gib)")
        self.assertEqual(self.ctl("resolve", "--arch", "x86_64", "--memory", "1G", *args, "above-4gib").code, OK)

    def test_the_other_side_for_the_ecam_is_in_the_user_s_form(self):
        request = {"arch": "x86_64", "memory": {"nodes": ["1G"]}, "pcie": {"ecam": "below-4gib", "root_complexes": [
            {"name": "rc0", "low_mmio": "3600M"}]}}
        member = 'or put the ECAM above 4 GiB ("pcie": {"ecam": "above-4gib"})'
        place, _, rest = self.said("ecam_below_minimum", "resolve", "-", arch=None, stdin=json.dumps(request).encode())
        self.assertEqual(place, "/pcie/root_complexes/0 of standard input")
        self.assertTrue(rest.endswith(member), rest)
        for args in self.with_request_inside(request):
            rest = self.said("ecam_below_minimum", *args, arch=None)[2]
            self.assertTrue(rest.endswith(member), rest)
        self.ctl("create", "low", "--arch", "x86_64", "--memory", "1G", "--pcie-ecam", "below-4gib", "--pcie-root-complex", "rc0")
        self.addCleanup(self.ctl, "delete", "low")
        change = ["update", "low", "--set", "pcie.root_complexes.0.low_mmio=3600M", "--allow-moves"]
        rest = self.said("ecam_below_minimum", *change, arch=None)[2]
        self.assertTrue(rest.endswith("(--set pcie.ecam=above-4gib)"), rest)
        self.assertEqual(self.ctl(*change, "--set", "pcie.ecam=above-4gib").code, OK)

    def test_places_are_those_of_the_command_line(self):
        path = os.path.join(self.daemon.folder, "r.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"arch": "x86_64", "memory": {"nodes": ["1.5G"]}}, file)
        array = os.path.join(self.daemon.folder, "array.json")
        with open(array, "w", encoding="utf-8") as file:
            file.write("[]")
        rc = "--pcie-root-complex"
        cases = [
            ("bad_size", ["resolve", "--memory", "1.5G"], "--memory 1.5G"),
            ("bad_size", ["resolve", "--numa", "1G", "--numa", "size=1.5G"], "--numa size=1.5G"),
            ("bad_size", ["resolve", "--memory", "1G", "--memory-start", "x"], "--memory-start x"),
            ("bad_size", ["resolve", "--memory", "1G", "--vtl2-memory", "x"], "--vtl2-memory x"),
            ("bad_size", ["resolve", "--memory", "1G", "--reserve", "a=0-4K", "--reserve", "b=0-x"], "--reserve b=0-x"),
            ("bad_size", ["resolve", "--memory", "1G", rc, "a", rc, "b,segment=1,low_mmio=x"], f"{rc} b,segment=1,low_mmio=x"),
            ("iommu_arch_mismatch", ["resolve", "--memory", "1G", rc, "a", rc, "ab,segment=1", "--iommu", "ab=smmuv3"],
             "--iommu ab=smmuv3"),
            ("missing_member", ["resolve", "--host-bits", "40"], "--memory"),
            ("bad_size", ["create", "vm", path], f"/memory/nodes/0 of {path}"),
            ("bad_size", ["probe", "0", "--request", path], f"/memory/nodes/0 of {path}"),
            ("bad_size", ["explain", "--request", path], f"/memory/nodes/0 of {path}"),
            ("wrong_type", ["create", "vm", array], "the request"),
            ("not_found", ["get", "nobody"], "NAME"), ("bad_name", ["get", "a b"], "NAME"),
            ("not_found", ["explain", "nobody"], "NAME"), ("not_found", ["map", "nobody"], "NAME"),
            ("not_found", ["compare", "nobody", "nobody"], "nobody"),
            ("not_found", ["explain", "--memory", "1G", "nothing"], "TAG"),
        ]
        with open(path + ".whole", "w", encoding="utf-8") as file:
            json.dump({"arch": "x86_64", "memory": {"nodes": ["1G"]}}, file)
        whole = f"@{path}.whole"
        cases += [("unknown_policy", ["compare", whole, whole, "--to-policy", "x"], "--to-policy x"),
                  ("unknown_policy", ["compare", whole, whole, "--from-policy", "x"], "--from-policy x"),
                  ("bad_size", ["compare", f"@{path}", "--to-policy", "openvmm-2026.07"], f"/memory/nodes/0 of {path}")]
        for reason, args, place in cases:
            with self.subTest(" ".join(args)):
                takes_flags = any(word in ("--memory", "--numa", "--host-bits") for word in args)
                self.assertEqual(self.said(reason, *args, arch="x86_64" if takes_flags else None)[0], place)

    def test_a_given_range_that_is_off_a_page_has_a_hint_about_its_start(self):
        for request, text in ((["--reserve", "x=0x40000800-0x40001800"], "start reserved-x at a multiple of 4K"),
                              (["--pcie-root-complex", "a,high_mmio_base=0x200000800,high_mmio=1G"],
                               "start pcie-a-high-mmio at a multiple of 4K"),
                              (["--pcie-root-complex", "a,high_mmio=1G,high_mmio_alignment=4K"],
                               "change the alignment of pcie-a-high-mmio from 4 KiB")):
            self.assertIn(text, self.said("invalid_alignment", "resolve", "--memory", "1G", *request)[2])
        request = json.dumps({"reserved": [{"tag": "x", "start": "0x40000800", "end": "0x40001800"}]})
        self.assertIn("start x at a multiple of 4K", self.said("invalid_alignment", "call", "layout.allocate", request, arch=None)[2])

    def test_a_request_inside_the_params_has_the_same_hints(self):
        off = {"arch": "x86_64", "memory": {"nodes": ["1G"]}, "reserved": [{"name": "x", "start": 2048, "end": 6144}]}
        for args in self.with_request_inside(off):
            self.assertIn("start reserved-x at a multiple of 4K", self.said("invalid_alignment", *args, arch=None)[2])

    def test_an_unknown_tag_has_a_hint_about_tags(self):
        self.assertIn("omit TAG to list the tags that this command accepts: nothing is not one of them",
                      self.said("not_found", "explain", "--memory", "1G", "nothing")[2])
        params = json.dumps({"request": {"arch": "x86_64", "memory": {"nodes": ["1G"]}}, "tag": "nothing"})
        self.assertIn("omit tag to list the tags that this method accepts: nothing is not one of them",
                      self.said("not_found", "call", "layout.explain", params, arch=None)[2])
        self.assertIn("gpalayoutctl list shows", self.said("not_found", "explain", "nobody", arch=None)[2])

    def test_only_a_range_that_can_move_is_to_be_moved(self):
        rc, ends = "--pcie-root-complex", ": chipset-low-mmio ends at 4 GiB"
        gap = ": low-ram-gap ends where RAM starts"
        reach = ": low-ram-gap reaches from the low RAM window, or 0, to the start of RAM"
        both = (", make chipset-low-mmio smaller, or both: low-ram-gap ends where RAM starts, and chipset-low-mmio at "
                "4 GiB")
        for args, text in (
                (["--reserve", "a=0-2M", "--reserve", "b=1M-3M"], "move or shrink reserved-b or reserved-a: both "),
                (["--reserve", "a=0xffffe000-4G"], f"move or shrink reserved-a{ends}"),
                ([rc, "a,low_mmio_base=4032M"], f"move or shrink pcie-a-low-mmio{ends}"),
                (["--memory-start", "1G", "--reserve", "a=512M-2G"], f"move or shrink reserved-a{reach} (--memory-start)"),
                (["--memory-start", "1G", "--memory-low-window", "512M", "--reserve", "a=0-600M"],
                 f"move or shrink reserved-a{reach} (--memory-start)"),
                (["--memory-start", "1G", "--memory-low-window", "512M", "--reserve", "a=512M-2G"],
                 f"move or shrink reserved-a{reach} (--memory-start)"),
                (["--memory-start", "5G"], f"lower --memory-start{both}"),
                (["--memory-start", "1G", "--memory-low-window", "512M", "--chipset-low-mmio", "3700M"], f"lower --memory-start{both}"),
                (["--memory-start", "3G", "--memory-low-window", "1G", "--chipset-low-mmio", "3G"], f"lower --memory-start{both}"),
                (["--host-hole", "amd-hypertransport", "--reserve", "a=0xfd00000000-0xfd00001000"],
                 "move, shrink or omit reserved-a: a hole of the host cannot move")):
            found = self.said("overlap", "resolve", "--memory", "1G", *args)[2]
            self.assertTrue(found.startswith(f"hint: {text}"), found)
        for args, text in ((["--profile", "linux-direct", "--reserve", "a=0-1M"],
                            f"move or shrink reserved-a{reach} (--memory-start)"),
                           (["--host-hole", "arm-msi", "--memory-start", "0x8080000"], f"lower --memory-start{gap}"),
                           (["--host-hole", "arm-msi", "--chipset-low-mmio", "4G"],
                            "make chipset-low-mmio smaller: it ends at 4 GiB")):
            found = self.said("overlap", "resolve", "--memory", "1G", *args, arch="aarch64")[2]
            self.assertEqual(found, f"hint: {text}")
        request = {"arch": "x86_64", "memory": {"nodes": ["1G"], "start": "5G"}}
        found = self.said("overlap", "resolve", "-", arch=None, stdin=json.dumps(request).encode())[2]
        self.assertEqual(found, f"hint: lower memory.start{both}")
        # In layout.allocate, a range may have any tag.
        given = [{"tag": "low-ram-gap", "start": 0, "end": "8K"}, {"tag": "b", "start": "4K", "end": "12K"}]
        found = self.said("overlap", "allocate", "-", arch=None, stdin=json.dumps({"fixed": given}).encode())[2]
        self.assertIn("move or shrink b or low-ram-gap", found)

    def test_a_window_that_is_pinned_above_the_host_is_to_be_moved(self):
        args = ["--memory", "1G", "--host-bits", "40"]
        end = " is pinned too high for this host: pin it lower, or give its size alone to have it placed"
        rc = "--pcie-root-complex"
        for more, tag, fits in (
                (["--chipset-high-mmio", "2T-3T"], "chipset-high-mmio", ["--chipset-high-mmio", "512M"]),
                ([rc, "a,high_mmio_base=1T"], "pcie-a-high-mmio", [rc, "a,high_mmio_base=1023G"]),
                # The range at the top is another one.
                ([rc, "a", rc, "b,segment=1,high_mmio_base=1T", "--hotplug", "2G"], "pcie-b-high-mmio",
                 [rc, "a", rc, "b,segment=1", "--hotplug", "2G"]),
                # One bit is for the alias map.
                (["--vtl2-alias-map", "--vtl2-memory", "2M", rc, "a,high_mmio_base=600G"], "pcie-a-high-mmio",
                 ["--vtl2-alias-map", "--vtl2-memory", "2M", rc, "a,high_mmio_base=500G"])):
            found = self.said("address_width_exceeded", "resolve", *args, *more)[2]
            self.assertEqual(found.splitlines()[-1], f"hint: {tag}{end}")
            self.assertEqual(self.ctl("resolve", *args, *fits, "--arch", "x86_64").code, OK)
        self.assertNotIn("pinned", self.said("address_width_exceeded", "resolve", *args, "--hotplug", "2T", rc,
                                             "a,high_mmio_base=512G")[2])

    def test_sizes_to_type_are_exact(self):
        request = ["--chipset-low-mmio", "130M", "--pcie-root-complex"]
        text = self.no_room("exhausted", *request, "rc0,low_mmio=4G")
        self.assertIn("pcie-rc0-low-mmio can have ~3.87 GiB (3966M)", text)
        self.assertIn("the largest free place for it is 0x0-0xf7e00000 (~3.87 GiB, 3966M), below", text)
        self.assertEqual(self.ctl("resolve", "--arch", "x86_64", "--memory", "1G", *request, "rc0,low_mmio=3966M").code, OK)
        self.no_room("exhausted", *request, "rc0,low_mmio=3968M")

    def test_a_width_says_what_sets_it(self):
        place, _, rest = self.said("address_width_exceeded", "resolve", "--memory", "8G", "--host-bits", "32")
        self.assertEqual((place, self.ctl("resolve", "--arch", "x86_64", "--memory", "8G", "--host-bits", "32").code),
                         ("--host-bits 32", NO_ROOM))
        self.assertRegex(rest, r"^hint: the layout ends .* too high: use a host with 34 address bits, less RAM or smaller windows; ")


if __name__ == "__main__":
    main()
