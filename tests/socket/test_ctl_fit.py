# SPDX-License-Identifier: MIT
"""gpalayoutctl fit: the hosts that VMs can run on, by the width of their addresses.

The client's requests and output are tested against a scripted peer. The class WithDaemon uses the real daemon.
"""

import json
import os
import re
import shutil
import tempfile
import unittest

from ctl_harness import (NO, NO_DAEMON, OK, USAGE, Case, FakeDaemon, Recorder, conversation, ctl, ctl_as, layout, on_terminal,
                         refusal, reply, run_against)
from harness import DaemonTestCase, can_be_another_user, main

DEFAULT = "39,40,42,44,46,48,52"


def needing(bits, **members):
    """Returns the result for a layout whose top is the last address of this width."""
    return {"layout": {**layout(top=hex((1 << bits) - 1), required_address_bits=bits), **members}}


def of_request(_, params):
    """The results of a peer whose requests say how many bits they need: {"bits": N}."""
    return needing(params["request"]["bits"])


def exceeded(**data):
    return refusal(1, "too wide", reason="address_width_exceeded", pointer="/request/host/x", **data)


def cells(text):
    """Returns the rows of a table, the heading first. No cell of these tests has two spaces in a row."""
    return [re.split(r" {2,}", line.strip()) for line in text.splitlines()]


def column(text, index):
    return [row[index] for row in cells(text)[1:]]


class Fleet(Case):
    """Fills folders with requests."""

    def setUp(self):
        super().setUp()
        self.addCleanup(os.chdir, os.getcwd())

    def fill(self, folder, **bits):
        """Writes a request NAME.json for each name. Returns the path of the folder."""
        path = os.path.join(self.folder, folder)
        os.mkdir(path)
        for name, count in bits.items():
            self.write(f"{folder}/{name}.json", json.dumps({"bits": count}).encode())
        return path

    def fit(self, *args, results=of_request, **options):
        """Runs the command. Returns its output, and the peer with the recorded requests."""
        recorder = Recorder(results)
        return run_against(conversation(recorder), "fit", *args, **options), recorder


class Usage(Fleet):
    def test_invalid_lists_are_exit_2_and_say_what_would_be_right(self):
        for text in ("", ",", "40,", ",40", "40,,46", "40 46", "40, 46", " 40", "0", "40,0", "65", "40,65", "-1", "+40",
                     "0x28", "40.0", "4G", "forty", "40;46", "18446744073709551656", "9" * 400):
            with self.subTest(text[:20]):
                result = ctl("fit", f"--bits={text}", "/nonexistent", "--socket", "/nonexistent")
                self.check(result, USAGE, f"--bits: '{text}' is not a list of widths from 1 to 64\n",
                           "\nhint: write only commas between widths: 40,46,48\n")
                self.assertEqual((result.raw, result.raw_err.count(b"\n")), (b"", 2))

    def test_a_width_that_is_there_twice_is_exit_2(self):
        for text, bits in (("40,46,40", 40), ("1,1", 1), ("64,064", 64)):
            with self.subTest(text):
                result = ctl("fit", "--bits", text, "/nonexistent")
                self.check(result, USAGE, f"--bits: {bits} is in '{text}' twice\n")
                self.assertEqual(result.raw, b"")

    def test_other_wrong_usage_is_exit_2(self):
        cases = [
            (["fit"], "fit needs REQUEST..."),
            (["fit", "--bits", "40"], "fit needs REQUEST..."),
            (["fit", "-", "--bits"], "--bits needs a value: LIST"),
            (["fit", "-", "--bits", "40", "--bits", "46"], "--bits is given twice"),
            (["fit", "--memory", "4G"], "unknown option --memory"),
            (["fit", "-", "--host-bits", "40"], "unknown option --host-bits"),
            (["resolve", "-", "--bits", "40"], "unknown option --bits"),
        ]
        for args, text in cases:
            with self.subTest(" ".join(args)):
                result = ctl(*args, "--socket", "/nonexistent", stdin=b"{}")
                self.check(result, USAGE, text)
                self.assertEqual(result.raw, b"")

    def test_the_help_has_the_flag_the_default_and_the_exit_status(self):
        text = ctl("fit", "--help").out
        own = text.split("\nOptions:")[0]
        self.assertEqual(re.findall(r"(?m)^  (--[a-z0-9-]+)", own), ["--bits"])
        self.assertIn(f"default {DEFAULT}.", own)
        self.assertIn("exit status is 0 if", own)
        self.assertIn("0 done or yes; 1 no (compare, fit) or a fault found (doctor)", text)


class Operands(Fleet):
    def test_a_folder_is_its_json_files_in_byte_order(self):
        names = ["10", "9", "B", "a.b", "a", "b", "\u00e9", "\uff5e", "\U0001f4be"]
        folder = self.fill("fleet", **dict.fromkeys(reversed(names), 33))
        for name in (".json", ".hidden.json", "c.JSON", "d.json.bak", "e.txt", "json", "fjson"):
            self.write(f"fleet/{name}", b"not read")
        self.fill("fleet/g.json", inner=64)
        result, recorder = self.fit(folder)
        self.check(result, OK)
        self.assertEqual(column(result.out, 0), [f"{folder}/{name}.json" for name in names])
        self.assertEqual(len(recorder.messages), len(names))

    def test_operands_keep_their_order_and_may_name_a_file_again(self):
        one, two = self.fill("one", a=33, b=34), self.fill("two", a=35)
        result, recorder = self.fit(f"{two}/", f"{one}/b.json", "-", one, f"{one}//", stdin=b'{"bits": 36}')
        self.check(result, OK)
        self.assertEqual(column(result.out, 0), [f"{two}/a.json", f"{one}/b.json", "-", f"{one}/a.json",
                                                 f"{one}/b.json", f"{one}//a.json", f"{one}//b.json"])
        self.assertEqual(column(result.out, 3), ["35", "34", "36", "33", "34", "33", "34"])
        self.assertEqual([params["request"]["bits"] for _, params in recorder.sent()], [35, 34, 36, 33, 34, 33, 34])

    def test_links_are_followed(self):
        folder, links = self.fill("fleet", a=33), self.fill("links")
        os.symlink(f"{folder}/a.json", f"{links}/file.json")
        os.symlink(folder, f"{links}/folder")
        result, _ = self.fit(links, f"{links}/folder")
        self.check(result, OK)
        self.assertEqual(column(result.out, 0), [f"{links}/file.json", f"{links}/folder/a.json"])

    def test_a_file_may_have_any_name(self):
        path = self.write("-", b'{"bits": 33}')
        odd = self.write("--odd", b'{"bits": 34}')
        result, _ = self.fit(path, "--", odd)
        self.check(result, OK)
        self.assertEqual(column(result.out, 3), ["33", "34"])

    def test_requests_are_sent_as_they_are_written_over_one_connection(self):
        folder = self.fill("fleet")
        texts = [b' {"n": 9007199254740993,\n "e": 1E2}', b"[]", b'"\xc3\xa9\\n"', b"7\r\n"]
        for number, text in enumerate(texts):
            self.write(f"fleet/{number}.json", text)
        lines, connections = [], []

        def script(connection):
            connections.append(connection)
            while line := FakeDaemon.read_line(connection):
                lines.append(line)
                connection.sendall(reply(needing(40), json.loads(line)["id"]))

        self.check(run_against(script, "fit", folder, "--bits", "40"), OK)
        self.assertEqual(len(connections), 1)
        self.assertEqual(len(lines), len(texts))
        for text, line in zip(texts, lines):
            self.assertEqual(json.loads(line)["method"], "layout.resolve")
            self.assertIn(b'"params":{"request":' + re.sub(rb"[\r\n]", b" ", text) + b"}}\n", line)

    def test_standard_input_can_be_read_once(self):
        result = ctl("fit", "-", "-", "--socket", "/nonexistent", stdin=b"{}")
        self.check(result, USAGE, "-: standard input can be read only once")
        self.assertEqual(result.raw, b"")

    def test_each_file_that_is_unusable_is_named_and_nothing_is_asked(self):
        folder = self.fill("fleet", good=33)
        self.write("fleet/bad.json", b'{"bits": 040}')
        self.write("fleet/empty.json", b"")
        os.symlink("nowhere", f"{folder}/lost.json")
        result, recorder = self.fit("/nonexistent/a.json", folder, "-", "", stdin=b"{")
        self.check(result, USAGE)
        self.assertEqual([line for line in result.err.splitlines() if not line.startswith("hint: ")], [
            "gpalayoutctl: /nonexistent/a.json: No such file or directory",
            f"gpalayoutctl: {folder}/bad.json:9: number with a leading zero at byte 9",
            f"gpalayoutctl: {folder}/empty.json:0: input ends too early at byte 0",
            f"gpalayoutctl: {folder}/lost.json: No such file or directory",
            "gpalayoutctl: standard input:1: input ends too early at byte 1",
            "gpalayoutctl: : No such file or directory"])
        self.assertEqual((result.raw, recorder.messages), (b"", []))

    def test_a_folder_without_requests_is_exit_2(self):
        bare, full = self.fill("bare"), self.fill("full", a=33)
        self.write("bare/.a.json", b"{}")
        self.write("bare/a.yaml", b"{}")
        self.fill("bare/sub.json", a=33)
        for args in ([bare], [full, bare], [bare, full]):
            result, recorder = self.fit(*args)
            self.check(result, USAGE, f"gpalayoutctl: {bare}: there is no request in this folder\n"
                       "hint: a folder stands for the *.json files in it that are not hidden; ")
            self.assertEqual((result.raw, recorder.messages), (b"", []))

    @unittest.skipUnless(can_be_another_user(), "needs root, to become another user")
    def test_a_folder_that_cannot_be_read_is_exit_2(self):
        folder = self.fill("fleet", a=33)
        os.chmod(self.folder, 0o755)
        os.chmod(folder, 0o700)
        result = ctl_as(65534, "fit", folder, "--socket", "/nonexistent")
        self.assertEqual((result.code, result.out, result.err),
                         (USAGE, "", f"gpalayoutctl: {folder}: Permission denied\n"))


class Table(Fleet):
    def test_a_row_for_each_request_and_a_column_for_each_width(self):
        self.fill("fleet", small=33, edge=40, large=47)
        os.chdir(self.folder)
        result, _ = self.fit("fleet", "--bits", "48,39,40,41")
        self.assertEqual(result.code, NO)
        self.assertEqual(result.err, "")
        self.assertEqual(result.out, (
            "REQUEST             RAM             TOP  BITS  48   39   40   41\n"
            "fleet/edge.json   3 GiB    0xffffffffff    40  yes  no   yes  yes\n"
            "fleet/large.json  3 GiB  0x7fffffffffff    47  yes  no   no   no\n"
            "fleet/small.json  3 GiB     0x1ffffffff    33  yes  yes  yes  yes\n"))

    def test_without_a_list_the_widths_are_those_of_common_hosts(self):
        result, _ = self.fit("-", stdin=b'{"bits": 42}')
        self.assertEqual(result.code, NO)
        self.assertEqual(cells(result.out)[0], ["REQUEST", "RAM", "TOP", "BITS", *DEFAULT.split(",")])
        self.assertEqual(cells(result.out)[1][4:], ["no", "no", "yes", "yes", "yes", "yes", "yes"])

    def test_all_64_widths_can_be_named(self):
        widths = [str(bits) for bits in range(64, 0, -1)]
        refused = refusal(1, "no", reason="overlap")
        for needed in (1, 33, 63, 64):
            result, _ = self.fit("-", "--bits", ",".join(widths), stdin=json.dumps({"bits": needed}).encode())
            heading, row = cells(result.out)
            self.assertEqual(heading[4:], widths)
            self.assertEqual(row[4:], ["yes" if int(bits) >= needed else "no" for bits in widths])
            self.assertEqual(result.code, OK if needed == 1 else NO)
        result, _ = self.fit("-", "--bits", ",".join(widths), stdin=b"{}", results=lambda *_: refused)
        self.assertEqual(cells(result.out), [[*heading, "REFUSED"], ["-"] * 68 + ["overlap"]])

    def test_the_exit_status_is_1_when_any_vm_misses_any_width(self):
        folder = self.fill("fleet", a=36, b=40)
        for widths, code in (("40", OK), ("39", NO), ("64,40", OK), ("64,39", NO), ("39,64", NO),
                             ("1", NO), ("64", OK)):
            with self.subTest(widths):
                for options in ([], ["--json"]):
                    result, _ = self.fit(folder, "--bits", widths, *options)
                    self.assertEqual((result.code, result.err), (code, ""))

    def test_a_host_in_the_request_does_not_hide_what_is_needed(self):
        span = {"start": "0x1040000000", "end": "0x1060000000"}
        for data, row in (({"range": span}, ["-", "-", "0x1060000000", "37", "no", "yes"]),
                          ({}, ["-", "-", "-", "37", "no", "yes"]),
                          ({"range": 7}, ["-", "-", "-", "37", "no", "yes"])):
            for options in ([], ["--json"]):
                result, _ = self.fit("-", "--bits", "36,37", *options, stdin=b"{}",
                                     results=lambda *_, data=data: exceeded(bits=36, required_bits=37, **data))
                self.assertEqual((result.code, result.err), (NO, ""))
                if not options:
                    self.assertEqual(cells(result.out)[1:], [row])
            result, _ = self.fit("-", "--bits", "37", stdin=b"{}",
                                 results=lambda *_: exceeded(bits=36, required_bits=37))
            self.check(result, OK)

    def test_a_width_refusal_that_does_not_say_what_is_needed_is_a_refusal(self):
        for data in ({}, {"required_bits": "37"}, {"required_bits": -1}, {"required_bits": None}):
            result, _ = self.fit("-", "--bits", "64", stdin=b"{}", results=lambda *_, data=data: exceeded(**data))
            self.check(result, NO,
                       "gpalayoutctl: standard input: address_width_exceeded at /host/x: too wide\n")
            self.assertEqual(cells(result.out)[1:], [["-"] * 5 + ["address_width_exceeded at /host/x"]])


class LargestBar(Fleet):
    """The column appears if a request has root complexes."""

    @staticmethod
    def windows(*windows, warnings=()):
        """Returns a layout that needs 40 bits and has such high windows, (start, end) or None."""
        rcs = [{"name": f"rc{number}", "segment": 0, "start_bus": number, "end_bus": number, "ecam": {"start": "0x0", "end": "0x1000"},
                **({"high_mmio": {"start": hex(window[0]), "end": hex(window[1])}} if window else {})} for number, window in enumerate(windows)]
        ecam = {"segment": 0, "start_bus": 0, "end_bus": 0, "ecam": {"start": "0x0", "end": "0x1000"}, "bus0_base": "0x0"}
        return needing(40, **({"pcie": {"segments": [ecam], "root_complexes": rcs}} if rcs else {}),
                       warnings=[{"reason": reason, "tag": "pcie-rc0-high-mmio", "message": "m"} for reason in warnings])

    def rows(self, *layouts, bits="39,40", code=NO):
        files = FilesOf(range(len(layouts)))
        self.addCleanup(files.remove)
        result, _ = self.fit(files.folder, "--bits", bits, results=lambda _, params: layouts[params["request"]])
        self.assertEqual(result.code, code, result.err)
        return [row[3:] for row in cells(result.out)]

    def test_the_largest_bar_is_that_of_all_high_windows(self):
        gib = 1 << 30
        for windows, text in (([(4 * gib, 8 * gib)], "4 GiB"), ([(6 * gib, 12 * gib)], "4 GiB"), ([(5 * gib, 8 * gib)], "2 GiB"),
                              ([(4 * gib, 5 * gib), None, (6 * gib, 8 * gib)], "2 GiB"), ([None], "-"),
                              ([(4 * gib + 4096, 4 * gib + 12288)], "4 KiB")):
            with self.subTest(str(windows)):
                self.assertEqual(self.rows(self.windows(*windows)), [["BITS", "LARGEST BAR", "39", "40"], ["40", text, "no", "yes"]])

    def test_without_root_complexes_there_is_no_such_column(self):
        self.assertEqual(self.rows(self.windows()), [["BITS", "39", "40"], ["40", "no", "yes"]])
        self.assertEqual(self.rows(needing(33), self.windows(None), code=NO),
                         [["BITS", "LARGEST BAR", "39", "40"], ["33", "-", "yes", "yes"], ["40", "-", "no", "yes"]])

    def test_a_window_too_badly_aligned_does_not_fit(self):
        window = (5 << 30, 9 << 30)
        for warnings, bits, verdicts, code in ((["largest_bar_below_size"], "39,40", ["no", "no BAR"], NO),
                                               (["largest_bar_below_size"], "40,52", ["no BAR", "no BAR"], NO),
                                               (["new_warning", "largest_bar_below_size"], "40", ["no BAR"], NO),
                                               (["pinned_window_unaligned", "new_warning"], "40", ["yes"], OK)):
            with self.subTest(str(warnings)):
                rows = self.rows(self.windows(window, warnings=warnings), bits=bits, code=code)
                self.assertEqual(rows[1], ["40", "2 GiB", *verdicts])


class Refusals(Fleet):
    def answer(self, message):
        """Refuses a request that does not say how many bits it needs."""
        request = message["params"]["request"]
        if "bits" in request:
            return reply(needing(request["bits"]), message["id"])
        return refusal(request.get("code", 1), "no room", None if "null" in request else message["id"],
                       **request.get("data", {}))

    def refuse(self, *requests, options=()):
        """Asks about a good request, then about these, then about another good one."""
        self.fill("fleet", a=33, z=34)
        for number, request in enumerate(requests):
            self.write(f"fleet/m{number}.json", json.dumps(request).encode())
        os.chdir(self.folder)
        result = run_against(conversation(self.answer), "fit", "fleet", "--bits", "40,33", *options)
        self.assertEqual(result.code, NO)
        return result

    def test_the_row_says_why_and_where_and_the_others_go_on(self):
        result = self.refuse({"data": {"reason": "exhausted", "pointer": "/request/memory/nodes/0"}},
                                     {"data": {"reason": "overlap"}})
        self.assertEqual(result.out, (
            "REQUEST          RAM          TOP  BITS  40   33   REFUSED\n"
            "fleet/a.json   3 GiB  0x1ffffffff    33  yes  yes  -\n"
            "fleet/m0.json      -            -     -  -    -    exhausted at /memory/nodes/0\n"
            "fleet/m1.json      -            -     -  -    -    overlap\n"
            "fleet/z.json   3 GiB  0x3ffffffff    34  yes  no   -\n"))
        lines = result.err.splitlines()
        self.assertEqual([lines[0], lines[2]], [
            "gpalayoutctl: fleet/m0.json: exhausted at /memory/nodes/0: no room",
            "gpalayoutctl: fleet/m1.json: overlap: no room"])
        self.assertEqual((len(lines), lines[1][:6], lines[3][:6]), (4, "hint: ", "hint: "))

    def test_any_refusal_has_a_reason_to_show(self):
        cases = [
            ({"code": -32000}, "error -32000", "error -32000: no room"),
            ({"data": {"reason": 7}}, "error 1", "error 1: no room"),
            ({"data": {"reason": "wrong_type", "pointer": "/request"}}, "wrong_type",
             "wrong_type at the request: no room"),
            ({"data": {"reason": "wrong_type", "pointer": ""}}, "wrong_type",
             "wrong_type at the top of params: no room"),
            ({"data": {"reason": "wrong_type", "pointer": "/requests/a"}}, "wrong_type", None),
            ({"data": {"reason": "unknown_member", "pointer": "/request/"}}, "unknown_member at /", None),
            ({"data": {"reason": "unknown_member", "pointer": "/request/a\nb"}}, "unknown_member at /a\\u000ab", None),
            ({"data": {"reason": "message_too_large"}, "null": True}, "message_too_large", None),
        ]
        result = self.refuse(*(request for request, _, _ in cases))
        rows = cells(result.out)
        self.assertEqual([row[-1] for row in rows], ["REFUSED", "-", *(shown for _, shown, _ in cases), "-"])
        for number, (_, _, full) in enumerate(cases):
            if full:
                self.assertIn(f"gpalayoutctl: fleet/m{number}.json: {full}\n", result.err)

    def test_a_refusal_before_the_end_of_a_request_costs_the_others_nothing(self):
        self.fill("fleet", a=33, z=34)
        self.write("fleet/m.json", b'"' + b"y" * (3 << 20) + b'"')
        os.chdir(self.folder)
        connections = []

        def script(connection):
            connections.append(connection)
            while start := connection.recv(1000):
                if b"yyy" in start:
                    connection.sendall(refusal(-32001, "a long line", None, reason="message_too_large"))
                    return
                connection.sendall(self.answer(json.loads(start)))

        result = run_against(script, "fit", "fleet", "--bits", "34")
        self.check(result, NO, "fleet/m.json: message_too_large: a long line\n")
        self.assertEqual(column(result.out, -1), ["-", "message_too_large", "-"])
        self.assertEqual(len(connections), 2)

    def test_with_json_refusals_are_lines_too(self):
        result = self.refuse({"data": {"reason": "overlap"}}, options=["--json"])
        self.assertEqual([(line["id"], "error" in line) for line in map(json.loads, result.out.splitlines())],
                         [("fleet/a.json", False), ("fleet/m0.json", True), ("fleet/z.json", False)])
        self.assertTrue(result.err.startswith("gpalayoutctl: fleet/m0.json: overlap: no room\nhint: "))


class Answers(Fleet):
    def test_json_is_the_daemons_lines_with_the_files_as_ids(self):
        folder = self.fill("fleet", b=40, a=33)

        def answer(message):
            message = {"id": message["id"], "result": needing(40), "jsonrpc": "2.0", "more": 1}
            return json.dumps(message).encode() + b" \n"

        result = run_against(conversation(answer), "fit", "--json", "-", folder, "--bits", "40", stdin=b"{}")
        self.check(result, OK)
        ids = ["-", f"{folder}/a.json", f"{folder}/b.json"]
        self.assertEqual(result.raw, b"".join(answer({"id": identity}) for identity in ids))

    def test_a_reply_to_another_request_is_exit_3(self):
        self.check(run_against(reply(needing(40), "a"), "fit", "-", stdin=b"{}"), NO_DAEMON,
                   "its id is not that of the request")

    def test_a_result_of_another_shape_is_exit_3_and_no_table(self):
        broken = [needing(40, **{member: value}) for member in ("ram_size", "top", "required_address_bits")
                  for value in (None, [], -1, "x", 1.5)]
        for result in (7, [], {}, {"layout": 7}, *broken):
            for options in ([], ["--json"]):
                with self.subTest(f"{result} {options}"):
                    printed, _ = self.fit("-", *options, stdin=b"{}", results=lambda *_, result=result: result)
                    self.check(printed, NO_DAEMON, "invalid reply to ")
                    self.assertEqual(printed.out.count("\n"), len(options))

    def test_a_connection_that_is_lost_half_way_is_exit_3_and_no_table(self):
        folder = self.fill("fleet", a=33, b=33)
        answers = [reply(needing(33))]

        def script(connection):
            FakeDaemon.read_line(connection)
            connection.sendall(answers.pop() if answers else b"")

        result = run_against(script, "fit", folder)
        self.check(result, NO_DAEMON, "the connection was closed without a reply")
        self.assertEqual(result.raw, b"")

    def test_without_a_daemon_it_is_exit_3(self):
        self.check(ctl("fit", "-", "--socket", "/nonexistent", stdin=b"{}"), NO_DAEMON, "cannot connect")

    def test_output_that_cannot_be_written_is_exit_2(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full here")
        with open("/dev/full", "wb") as full:
            result, _ = self.fit("-", stdin=b'{"bits": 33}', stdout=full)
        self.check(result, USAGE, "cannot write the output")


class OddNames(Fleet):
    NAMES = {b"\xff.json": "\\xff.json", b"a\nb.json": "a\\u000ab.json", b"c\x1b[2J.json": "c\\u001b[2J.json",
             "d\u202egpj.json".encode(): "d\\u202egpj.json", b'e"\\.json': 'e"\\.json', b"f .json": "f .json",
             "g\u00e9.json".encode(): "g\u00e9.json", b"h%s%n.json": "h%s%n.json"}

    def setUp(self):
        super().setUp()
        self.fleet = self.fill("fleet")
        for name in self.NAMES:
            with open(os.path.join(self.fleet.encode(), name), "wb") as file:
                file.write(b'{"bits": 33}')
        self.shown = [f"{self.fleet}/{self.NAMES[name]}" for name in sorted(self.NAMES)]

    def test_names_are_made_safe_in_the_table(self):
        result, _ = self.fit(self.fleet)
        self.check(result, OK)
        self.assertEqual(column(result.out, 0), self.shown)

    def test_names_are_made_safe_in_ids(self):
        result, _ = self.fit(self.fleet, "--json")
        self.check(result, OK)
        self.assertEqual([json.loads(line)["id"] for line in result.out.splitlines()], self.shown)

    def test_names_are_made_safe_in_error_messages(self):
        for name in self.NAMES:
            with open(os.path.join(self.fleet.encode(), name), "wb") as file:
                file.write(b"{")
        result = ctl("fit", self.fleet)
        self.check(result, USAGE)
        self.assertEqual(re.findall(r"(?m)^gpalayoutctl: (.*):1: ", result.err), self.shown)

    def test_nothing_acts_on_a_terminal(self):
        def place(message):
            return reply(needing(33), message["id"])

        def refuse(message):
            return refusal(1, "n\x1bo", message["id"], reason="x\x1b[2J", pointer="/request/\x9b")

        safe = set(range(0x20, 0x7f)) | {0x0d, 0x0a} | set("\u00e9".encode())
        for options in ([], ["--json"]):
            for answer in (place, refuse):
                with FakeDaemon(conversation(answer)) as daemon:
                    code, shown = on_terminal("--socket", daemon.path, "fit", self.fleet, *options)
                self.assertIn(code, (OK, NO), shown)
                self.assertLessEqual(set(shown), safe, shown)


class WithDaemon(DaemonTestCase):
    OPTIONS = ("--store", "memory")
    maxDiff = None

    def fit(self, *requests, bits, options=()):
        """Returns the rows for these requests without their names, the exit status, and standard error."""
        files = FilesOf(requests)
        self.addCleanup(files.remove)
        result = ctl("--socket", self.daemon.socket, "fit", *files.paths, "--bits", bits, *options)
        return [row[1:] for row in cells(result.out)[1:]], result.code, result.err

    @staticmethod
    def request(nodes, **members):
        """A request without MMIO above 4 GiB. The MMIO below displaces 1 GiB of RAM, so the top is 1 GiB above the RAM
        size."""
        return {"arch": "x86_64", "memory": {"nodes": nodes}, "chipset": {"high_mmio": 0}, **members}

    @staticmethod
    def pinned(end):
        """A VM whose last range has 1 GiB and ends at `end`."""
        window = {"start": hex(end - (1 << 30)), "end": hex(end)}
        return {"arch": "x86_64", "memory": {"nodes": ["1GiB"]}, "chipset": {"high_mmio": window}}

    def test_a_width_is_enough_when_the_top_is_exactly_its_end(self):
        rows, code, err = self.fit(self.request(["63GiB"]), self.request(["63GiB", 4096]), bits="35,36,37")
        self.assertEqual(rows, [["63 GiB", "0x1000000000", "36", "no", "yes", "yes"],
                                ["~63.0 GiB", "0x1000001000", "37", "no", "no", "yes"]])
        self.assertEqual((code, err), (NO, ""))
        self.assertEqual(self.fit(self.request(["63GiB"]), bits="36")[1:], (OK, ""))

    def test_each_width_of_hosts_has_its_edge(self):
        for bits in (39, 40, 42, 44, 46, 48, 52, 63):
            with self.subTest(bits):
                rows, _, _ = self.fit(self.pinned(1 << bits), self.pinned((1 << bits) + 4096),
                                      bits=f"{bits - 1},{bits},{bits + 1}")
                self.assertEqual([row[2:] for row in rows], [[str(bits), "no", "yes", "yes"],
                                                            [str(bits + 1), "no", "no", "yes"]])

    def test_a_bar_is_looked_for_in_windows_that_state_no_alignment(self):
        def request(window):
            return {"arch": "x86_64", "memory": {"nodes": ["1GiB"]}, "chipset": {"high_mmio": 0},
                    "pcie": {"root_complexes": [{"name": "rc0", "high_mmio": window}]}}

        gpu = {"bars": ["128GiB", "32MiB"]}
        rows, code, err = self.fit(request("256GiB"), request({"size": "256GiB", "alignment": "128GiB"}), request({"devices": [gpu]}),
                                   request({"devices": [gpu, gpu]}), request(None), bits="39,40")
        self.assertEqual([row[3:] for row in rows], [["128 GiB", "no BAR", "no BAR"], ["128 GiB", "yes", "yes"], ["128 GiB", "yes", "yes"],
                                                     ["256 GiB", "no", "yes"], ["-", "yes", "yes"]])
        self.assertEqual((code, err), (NO, ""))

    def test_64_bits_are_no_limit(self):
        rows, code, err = self.fit(self.pinned((1 << 64) - 8192), bits="63,64")
        self.assertEqual(rows, [["1 GiB", "0xffffffffffffe000", "64", "no", "yes"]])
        self.assertEqual((code, err), (NO, ""))
        self.assertEqual(self.fit(self.pinned((1 << 64) - 8192), bits="64")[1], OK)

    def test_a_host_in_the_request_changes_no_answer(self):
        for bits in (36, 64, 35, 32):
            with self.subTest(bits):
                request = self.request(["63GiB"], host={"physical_address_bits": bits})
                rows, code, err = self.fit(request, bits="35,36")
                self.assertEqual(rows, [["63 GiB", "0x1000000000", "36", "no", "yes"]])
                self.assertEqual((code, err), (NO, ""))
                self.assertEqual(self.fit(request, bits="36")[1:], (OK, ""))

    def test_a_host_in_the_request_hides_no_bar(self):
        gpu = {"arch": "x86_64", "memory": {"nodes": ["64GiB"]}, "pcie": {"root_complexes": [{"name": "rc0", "high_mmio": "512GiB"}]}}
        alone = self.fit(gpu, bits="40,46")
        self.assertEqual(alone[0][0][-2:], ["no BAR", "no BAR"])
        for bits in (36, 39, 46):
            self.assertEqual(self.fit({**gpu, "host": {"physical_address_bits": bits}}, bits="40,46"), alone)
        # Another fault in the request is still reported.
        rows, code, _ = self.fit({**gpu, "host": {"physical_address_bits": 65}}, bits="40")
        self.assertEqual((rows[0][-1], code), ("out_of_range at /host/physical_address_bits", NO))

    def test_refused_requests_are_rows_and_the_rest_goes_on(self):
        rows, code, err = self.fit(
            self.request(["4GiB"]), self.request(["4GB"], arch="riscv"), self.request(["4g"]), [],
            {"arch": "x86_64"}, self.request(["4GiB"], x="y" * (3 << 20)), self.request(["4GiB"]), bits="32,33")
        self.assertEqual([row[-1] for row in rows], [
            "-", "out_of_range at /arch", "bad_size at /memory/nodes/0", "wrong_type", "missing_member at /memory",
            "message_too_large", "-"])
        self.assertEqual([row[2:5] for row in rows], [["33", "no", "yes"], *([["-"] * 3] * 5), ["33", "no", "yes"]])
        self.assertEqual(code, NO)
        self.assertEqual(re.findall(r"(?m)^gpalayoutctl: \S+/(\d)\.json: (\w+)", err),
                         [("1", "out_of_range"), ("2", "bad_size"), ("3", "wrong_type"), ("4", "missing_member"),
                          ("5", "message_too_large")])
        # If a value is out of range, the message lists the choices.
        self.assertEqual(len(re.findall(r"(?m)^hint: ", err)), 4)
        self.assertIn("x86_64", err.split("\n")[0])

    def test_json_lines_say_what_resolve_says(self):
        files = FilesOf([self.request(["4GiB"]), self.request(["8GiB"])])
        self.addCleanup(files.remove)
        out = ctl("--socket", self.daemon.socket, "fit", files.folder, "--bits", "48", "--json").out
        for path, line in zip(files.paths, out.splitlines(), strict=True):
            resolved = json.loads(ctl("--socket", self.daemon.socket, "resolve", path, "--json").out)
            self.assertEqual(json.loads(line), dict(resolved, id=path))

    def test_the_inspect_socket_is_enough(self):
        result = ctl("--socket", self.daemon.inspect_socket, "fit", "-", "--bits", "33",
                     stdin=json.dumps(self.request(["4GiB"])).encode())
        self.assertEqual((result.code, result.err), (OK, ""))

    def test_a_fleet_of_many_is_one_run(self):
        files = FilesOf([self.request([f"{number}GiB"]) for number in range(1, 301)])
        self.addCleanup(files.remove)
        result = ctl("--socket", self.daemon.socket, "fit", files.folder, "--bits", "39")
        self.assertEqual((result.code, result.err), (OK, ""))
        self.assertEqual(column(result.out, 1), [f"{number} GiB" for number in range(1, 301)])


class FilesOf:
    """Requests in files 0.json and so on, in a folder of their own."""

    def __init__(self, requests):
        self.folder = tempfile.mkdtemp(prefix="gpalayoutctl-test-")
        digits = len(str(len(requests) - 1))
        self.paths = [os.path.join(self.folder, f"{number:0{digits}}.json") for number in range(len(requests))]
        for path, request in zip(self.paths, requests):
            with open(path, "w", encoding="utf-8") as file:
                json.dump(request, file)

    def remove(self):
        shutil.rmtree(self.folder)


if __name__ == "__main__":
    main()
