# SPDX-License-Identifier: MIT
"""gpalayoutctl: requests from flags and files, readable output, errors, exit codes.

Most tests are about the client alone and use a scripted peer, which can misbehave in ways the daemon does not. The last
class, and a test of --retry, use the real daemon.
"""

import json
import os
import re
import select
import signal
import socket
import subprocess
import tempfile
import termios
import threading
import time

from ctl_harness import (BASE_ENV, INFO, INFO_SHOWN, NO_DAEMON, NO_ROOM, NOT_FOUND, OK, REFUSED, STATUS, USAGE, Case, FakeDaemon,
                         ctl, digest, entry, holds_socket, layout, on_terminal, peer_pid, refusal, reply, rows, run_against,
                         send_slowly)
from harness import GPALAYOUTCTL, GPALAYOUTD, PATIENCE, PROGRAM, DaemonTestCase, is_asleep, main, wait_until


COMMANDS = ("create", "update", "get", "map", "list", "delete", "probe", "explain", "advise", "compare", "watch",
            "resolve", "fit", "allocate", "history", "backup", "policies", "info", "stats", "doctor", "schema", "call")


class CommandLine(Case):
    def test_help_lists_every_command_and_global_option(self):
        result = ctl("--help")
        self.check(result, OK)
        for word in (*COMMANDS, "--socket", "--inspect-socket", "--timeout", "--retry", "--json", "--field", "-q, --quiet", "--no-pager",
                     "-h, --help", "-V, --version", "Exit status"):
            self.assertRegex(result.out, rf"(?m)^ *{word}\b")
        self.assertEqual(ctl("-h").out, result.out)

    def test_each_command_has_help_before_and_after_it(self):
        for command in COMMANDS:
            with self.subTest(command):
                result = ctl(command, "--help")
                self.check(result, OK)
                self.assertTrue(result.out.startswith(f"Usage: gpalayoutctl {command} "), result.out)
                self.assertEqual(ctl("--help", command).out, result.out)

    def test_no_line_of_the_help_has_more_than_80_columns(self):
        for args in ([], *([command] for command in COMMANDS)):
            for line in ctl(*args, "--help").out.splitlines():
                self.assertLessEqual(len(line), 80, line)

    def test_version_names_program_and_project(self):
        result = ctl("--version")
        self.check(result, OK)
        self.assertRegex(result.out, r"^gpalayoutctl \(gpalayoutd\) \d+\.\d+\.\d+\S*\n$")

    def test_wrong_usage_is_exit_2_and_says_what_is_wrong(self):
        cases = [
            ([], "no command was given"),
            (["frobnicate"], "unknown command frobnicate"),
            (["--frob", "info"], "unknown option --frob"),
            (["info", "--frob"], "gpalayoutctl info --help"),
            (["info", "--memory", "4G"], "unknown option --memory"),
            (["--memory", "4G", "resolve"], "come after it"),
            (["resolve", "--mem", "4G"], "unknown option --mem"),
            (["info", "extra"], "unexpected argument extra"),
            (["allocate"], "allocate needs FILE|-"),
            (["allocate", "a", "b"], "unexpected argument b"),
            (["call"], "call needs METHOD"),
            (["resolve"], "resolve needs a request"),
            (["resolve", "--memory"], "--memory needs a value: SIZE"),
            (["resolve", "--policy", "--json"], "--policy needs a value"),
            (["resolve", "--print-request=yes", "--memory", "1G"], "--print-request takes no value"),
            (["info", "--json=no"], "--json takes no value"),
            (["info", "--timeout", "0"], "'0' is not a number of seconds"),
            (["info", "--timeout", "-1"], "'-1' is not"),
            (["info", "--timeout", "1.2345"], "'1.2345' is not"),
            (["info", "--timeout", "1."], "'1.' is not"),
            (["info", "--timeout", "99999999999999999999"], "is not a number of seconds"),
            (["info", "--timeout", "ten"], "'ten' is not"),
            (["info", "--socket", ""], "a socket path must have 1 to 107 bytes"),
            (["info", "--socket", "/" + "x" * 107], "a socket path must have 1 to 107 bytes"),
        ]
        for args, text in cases:
            with self.subTest(" ".join(args)):
                result = ctl(*args)
                self.check(result, USAGE, text)
                self.assertEqual(result.raw, b"")

    def test_global_options_work_before_and_after_the_command(self):
        with FakeDaemon(reply(INFO)) as daemon:
            for args in (["--socket", daemon.path, "--timeout", "99", "info"],
                         ["info", "--socket", daemon.path, "--timeout", "99"],
                         ["--timeout=99.5", "info", f"--socket={daemon.path}"]):
                with self.subTest(" ".join(args)):
                    result = ctl(*args)
                    self.check(result, OK)
                    self.assertEqual(result.out, INFO_SHOWN)

    def test_the_environment_names_the_socket_and_the_option_wins(self):
        with FakeDaemon(reply(INFO)) as daemon:
            self.check(ctl("info", env={"GPALAYOUT_SOCKET": daemon.path}), OK)
            result = ctl("info", "--socket", "/nonexistent/s", env={"GPALAYOUT_SOCKET": daemon.path})
            self.check(result, NO_DAEMON, "/nonexistent/s: cannot connect")

    def test_without_option_and_environment_the_default_socket_is_used(self):
        self.assertIn("/run/gpalayoutd/control.sock", ctl("--help").out)
        result = ctl("info", "--timeout", "0.001", env={"GPALAYOUT_SOCKET": ""})
        if result.code:
            self.check(result, NO_DAEMON, "/run/gpalayoutd/control.sock: ")

    def test_double_dash_ends_the_options(self):
        self.check(ctl("allocate", "--", "--no-such-file"), USAGE, "--no-such-file: No such file")


# Flags of a request, and what each adds to it.
RC = "--pcie-root-complex"
FLAGS = [
    (["--arch", "aarch64"], {"arch": "aarch64"}),
    (["--policy", "openvmm-2026.05"], {"policy": "openvmm-2026.05"}),
    (["--profile", "linux-direct"], {"profile": "linux-direct"}),
    (["--memory", "4G"], {"memory": {"nodes": ["4G"]}}),
    (["--memory", "size=4GiB"], {"memory": {"nodes": ["4GiB"]}}),
    (["--memory=4G"], {"memory": {"nodes": ["4G"]}}),
    (["--memory=size=4G"], {"memory": {"nodes": ["4G"]}}),
    (["--memory", "nonsense"], {"memory": {"nodes": ["nonsense"]}}),
    (["--numa", "4G", "--numa", "size=0x1000", "--numa", "0"], {"memory": {"nodes": ["4G", "0x1000", "0"]}}),
    (["--memory-start", "0x40000000"], {"memory": {"start": "0x40000000"}}),
    (["--memory-low-window", "64M"], {"memory": {"low_window": "64M"}}),
    (["--hotplug", "16G"], {"memory": {"hotplug": [{"size": "16G"}]}}),
    (["--hotplug", "size=16G,alignment=4G,node=1", "--hotplug", "node=0,8G"],
     {"memory": {"hotplug": [{"node": 1, "size": "16G", "alignment": "4G"}, {"node": 0, "size": "8G"}]}}),
    (["--chipset-low-mmio", "64M"], {"chipset": {"low_mmio": "64M"}}),
    (["--chipset-high-mmio", "1G"], {"chipset": {"high_mmio": "1G"}}),
    (["--chipset-high-mmio", "0xfe0000000-64G"], {"chipset": {"high_mmio": {"start": "0xfe0000000", "end": "64G"}}}),
    (["--host-hole", "arm-msi", "--host-hole", "x"], {"host": {"holes": ["arm-msi", "x"]}}),
    (["--host-hole", "arm-msi", "--host-bits", "40"], {"host": {"holes": ["arm-msi"], "physical_address_bits": 40}}),
    (["--no-vmbus"], {"chipset": {"vmbus": False}}),
    (["--vtl2-alias-map"], {"vtl2": {"alias_map": True}}),
    (["--no-vmbus", "--chipset-high-mmio", "1G"], {"chipset": {"vmbus": False, "high_mmio": "1G"}}),
    ([RC, "a,low_mmio=none,high_mmio=2G,high_mmio_alignment=4G"],
     {"pcie": {"root_complexes": [{"name": "a", "low_mmio": None, "high_mmio": {"size": "2G", "alignment": "4G"}}]}}),
    ([RC, "a,low_mmio_alignment=8M,high_mmio=none"],
     {"pcie": {"root_complexes": [{"name": "a", "low_mmio": {"size": "64M", "alignment": "8M"}, "high_mmio": None}]}}),
    ([RC, "a,hdm=none"], {"pcie": {"root_complexes": [{"name": "a", "cxl": {}}]}}),
    ([RC, "a,cxl,hdm=none"], {"pcie": {"root_complexes": [{"name": "a", "cxl": {}}]}}),
    (["--pcie-ecam", "above-4gib"], {"pcie": {"ecam": "above-4gib"}}),
    (["--pcie-ecam-below-4gb"], {"pcie": {"ecam": "below-4gib"}}),
    ([RC, "rc0"], {"pcie": {"root_complexes": [{"name": "rc0"}]}}),
    ([RC, "rc0,segment=1,start_bus=2,end_bus=3,node=4"],
     {"pcie": {"root_complexes": [{"name": "rc0", "segment": 1, "start_bus": 2, "end_bus": 3, "node": 4}]}}),
    ([RC, "rc0,node=9007199254740991"],
     {"pcie": {"root_complexes": [{"name": "rc0", "node": 9007199254740991}]}}),
    ([RC, "rc0,segment=1000000000000000"],
     {"pcie": {"root_complexes": [{"name": "rc0", "segment": 1000000000000000}]}}),
    ([RC, "b,high_mmio=0x1000,low_mmio=4M", RC, "a"],
     {"pcie": {"root_complexes": [{"name": "b", "low_mmio": "4M", "high_mmio": "0x1000"}, {"name": "a"}]}}),
    ([RC, "rc0,low_mmio_base=0xe0000000"],
     {"pcie": {"root_complexes": [{"name": "rc0", "low_mmio": {"start": "0xe0000000", "end": "0xe4000000"}}]}}),
    ([RC, "rc0,low_mmio=2M,low_mmio_base=3G"],
     {"pcie": {"root_complexes": [{"name": "rc0", "low_mmio": {"start": "0xc0000000", "end": "0xc0200000"}}]}}),
    ([RC, "rc0,high_mmio_base=0x4000000000"],
     {"pcie": {"root_complexes": [{"name": "rc0",
                                   "high_mmio": {"start": "0x4000000000", "end": "0x4040000000"}}]}}),
    ([RC, "rc0,high_mmio_base=256GiB,high_mmio=1TB"],
     {"pcie": {"root_complexes": [{"name": "rc0",
                                   "high_mmio": {"start": "0x4000000000", "end": "0x14000000000"}}]}}),
    ([RC, "rc0,high_mmio_base=0,high_mmio=18446744073709551615"],
     {"pcie": {"root_complexes": [{"name": "rc0", "high_mmio": {"start": "0x0", "end": "0xffffffffffffffff"}}]}}),
    ([RC, "rc0,high_mmio_base=0xffff,high_mmio=0xFFFFFFFFFFFF0000"],
     {"pcie": {"root_complexes": [{"name": "rc0",
                                   "high_mmio": {"start": "0xffff", "end": "0xffffffffffffffff"}}]}}),
    ([RC, "rc0,cxl"], {"pcie": {"root_complexes": [{"name": "rc0", "cxl": {"hdm": "1G"}}]}}),
    ([RC, "rc0,hdm=512M"], {"pcie": {"root_complexes": [{"name": "rc0", "cxl": {"hdm": "512M"}}]}}),
    ([RC, "rc0,cxl,hdm=512M"], {"pcie": {"root_complexes": [{"name": "rc0", "cxl": {"hdm": "512M"}}]}}),
    ([RC, "a,bars=128G+32M"],
     {"pcie": {"root_complexes": [{"name": "a", "high_mmio": {"devices": [{"bars": ["128G", "32M"]}]}}]}}),
    ([RC, "a,bars=128G+32M,vfs=7:512M+16M,node=1,bars=4K,low_bars=16M,low_vfs=2:0x1000"],
     {"pcie": {"root_complexes": [{"name": "a", "node": 1,
                                   "low_mmio": {"devices": [{"bars": ["16M"], "sriov": {"vfs": 2, "bars": ["0x1000"]}}]},
                                   "high_mmio": {"devices": [{"bars": ["128G", "32M"], "sriov": {"vfs": 7, "bars": ["512M", "16M"]}},
                                                             {"bars": ["4K"]}]}}]}}),
    # vfs belongs to the last device of its own window, not to one of the other window.
    ([RC, "a,bars=1G,low_bars=1M,vfs=1:2G,low_bars=2M"],
     {"pcie": {"root_complexes": [{"name": "a", "low_mmio": {"devices": [{"bars": ["1M"]}, {"bars": ["2M"]}]},
                                   "high_mmio": {"devices": [{"bars": ["1G"], "sriov": {"vfs": 1, "bars": ["2G"]}}]}}]}}),
    ([RC, "a,low_mmio=4M,bars=x"],
     {"pcie": {"root_complexes": [{"name": "a", "low_mmio": "4M", "high_mmio": {"devices": [{"bars": ["x"]}]}}]}}),
    (["--cxl-window", "w,size=1G,targets=a"], {"cxl_windows": [{"name": "w", "targets": ["a"], "size": "1G"}]}),
    (["--cxl-window", "w,granularity=4K,targets=a+b+a,size=1", "--cxl-window", "v,size=2,targets="],
     {"cxl_windows": [{"name": "w", "targets": ["a", "b", "a"], "size": "1", "granularity": "4K"},
                      {"name": "v", "targets": [""], "size": "2"}]}),
    (["--virtio-mmio", "4"], {"virtio_mmio": {"slots": 4}}),
    ([RC, "rc0", RC, "rc1", "--iommu", "rc1=amd-vi"],
     {"pcie": {"root_complexes": [{"name": "rc0"}, {"name": "rc1", "iommu": "amd-vi"}]}}),
    (["--iommu", "rc0=smmuv3", "--iommu", "rc1=smmuv3", RC, "rc0", RC, "rc1"],
     {"pcie": {"root_complexes": [{"name": "rc0", "iommu": "smmuv3"}, {"name": "rc1", "iommu": "smmuv3"}]}}),
    (["--amd-iommu", "rc0", RC, "rc0"], {"pcie": {"root_complexes": [{"name": "rc0", "iommu": "amd-vi"}]}}),
    (["--intel-vtd", "rc0", RC, "rc0"], {"pcie": {"root_complexes": [{"name": "rc0", "iommu": "intel-vtd"}]}}),
    (["--smmu", "rc0", RC, "rc0"], {"pcie": {"root_complexes": [{"name": "rc0", "iommu": "smmuv3"}]}}),
    (["--smmu", "rc=rc0", RC, "rc0"], {"pcie": {"root_complexes": [{"name": "rc0", "iommu": "smmuv3"}]}}),
    (["--vtl2-chipset-mmio", "1G"], {"vtl2": {"chipset_mmio": "1G"}}),
    (["--vtl2-memory", "512M"], {"vtl2": {"memory": {"size": "512M", "alignment": "2M"}}}),
    (["--vtl2-memory", "512M,alignment=1G"], {"vtl2": {"memory": {"size": "512M", "alignment": "1G"}}}),
    (["--vtl2-framebuffer", "8MiB"], {"vtl2": {"framebuffer": "8MiB"}}),
    (["--reserve", "a-b=0xfd00000000-1T", "--reserve", "c=0-4K"],
     {"reserved": [{"name": "a-b", "start": "0xfd00000000", "end": "1T"},
                   {"name": "c", "start": "0", "end": "4K"}]}),
    (["--host-bits", "46"], {"host": {"physical_address_bits": 46}}),
]


# Names that need quotes on the command line, and their quoted form.
QUOTED = [("a,b", r"a\,b"), ("a=b", r"a\=b"), ("a+b", r"a\+b"), ("\\", r"\\"), ("\\,", r"\\\,"), ("rc=a", r"rc\=a"),
          ("a b\"c'd<&>世界", "a b\"c'd<&>世界"), (",=+" * 85, r"\,\=\+" * 85), ("\N{SMILING FACE WITH SUNGLASSES}", "\N{SMILING FACE WITH SUNGLASSES}")]


class RequestFromFlags(Case):
    def printed(self, *args):
        result = ctl("resolve", "--print-request", "--arch", "x86_64", *args)
        self.check(result, OK)
        return json.loads(result.out)

    def test_a_name_may_contain_separators_if_they_are_quoted(self):
        for name, quoted in QUOTED:
            with self.subTest(name[:9]):
                request = self.printed(RC, f"{quoted},segment=1", RC, "x", "--iommu", f"{quoted}=amd-vi", "--cxl-window",
                                       f"{quoted},size=1G,targets=x+{quoted}+{quoted}", "--reserve", f"{quoted}=1-2")
                self.assertEqual(request["pcie"]["root_complexes"], [{"name": name, "segment": 1, "iommu": "amd-vi"}, {"name": "x"}])
                self.assertEqual(request["cxl_windows"], [{"name": name, "targets": ["x", name, name], "size": "1G"}])
                self.assertEqual(request["reserved"], [{"name": name, "start": "1", "end": "2"}])
                for flag, value in (("--amd-iommu", quoted), ("--intel-vtd", quoted), ("--smmu", quoted), ("--smmu", f"rc={quoted}")):
                    self.assertIn("iommu", self.printed(RC, quoted, flag, value)["pcie"]["root_complexes"][0])

    def test_only_the_last_equals_sign_separates_so_others_need_no_quotes(self):
        request = self.printed(RC, r"a\=b", "--iommu", "a=b=amd-vi", "--reserve", "a=b,c=0-4K")
        self.assertEqual(request["pcie"]["root_complexes"][0]["iommu"], "amd-vi")
        self.assertEqual(request["reserved"][0]["name"], "a=b,c")

    def test_a_backslash_that_quotes_nothing_is_wrong_usage(self):
        for flag, value in ((RC, "a\\b"), (RC, "a\\"), (RC, "a,low_mmio=\\4M"), ("--cxl-window", "\\a,size=1G,targets=a"),
                            ("--cxl-window", "a,size=1G,targets=\\"), ("--reserve", "\\ =1-2"), ("--hotplug", "1G\\"), ("--numa", "\\n"),
                            ("--vtl2-memory", "\\-"), ("--iommu", "\\a=amd-vi"), ("--amd-iommu", "a\\"), ("--smmu", "\\a")):
            with self.subTest(f"{flag} {value}"):
                result = ctl("resolve", "--print-request", flag, value, *([] if flag == RC else [RC, "a"]))
                self.check(result, USAGE, f"gpalayoutctl: {flag}: '{value}': the backslash at byte {value.index(chr(92))} quotes nothing\n",
                           "hint: a backslash quotes a comma")

    def test_each_flag_puts_its_member_into_the_request(self):
        for args, members in FLAGS:
            with self.subTest(" ".join(args)):
                result = ctl("resolve", "--print-request", *args)
                self.check(result, OK)
                expected = {"arch": os.uname().machine, **members}
                self.assertEqual(json.loads(result.out), expected)

    def test_no_flag_of_the_help_is_untested(self):
        listed = set(re.findall(r"^  (--[a-z0-9-]+)", ctl("resolve", "--help").out.split("\nOptions:")[0], re.M))
        tested = {arg.split("=")[0] for args, _ in FLAGS for arg in args if arg.startswith("--")}
        self.assertEqual(listed - {"--print-request", "--advise", "--refuse"}, tested)

    def test_many_flags_together_build_one_request(self):
        result = ctl("resolve", "--host-bits", "46", "--arch", "x86_64", "--numa", "4G", RC, "rc0,cxl", "--amd-iommu",
                     "rc0", "--vtl2-memory", "1G", "--vtl2-framebuffer", "8M", "--memory-start", "0",
                     "--pcie-ecam-below-4gb", "--numa", "2G", "--print-request")
        self.check(result, OK)
        self.assertEqual(json.loads(result.out), {
            "arch": "x86_64", "memory": {"nodes": ["4G", "2G"], "start": "0"},
            "pcie": {"ecam": "below-4gib",
                     "root_complexes": [{"name": "rc0", "cxl": {"hdm": "1G"}, "iommu": "amd-vi"}]},
            "vtl2": {"memory": {"size": "1G", "alignment": "2M"}, "framebuffer": "8M"},
            "host": {"physical_address_bits": 46}})

    def test_equal_flags_in_another_order_build_the_same_text(self):
        one = ctl("resolve", "--print-request", "--arch", "x86_64", "--memory", "4G", RC, "rc0", "--iommu",
                  "rc0=amd-vi")
        other = ctl("resolve", "--iommu", "rc0=amd-vi", RC, "rc0", "--memory", "4G", "--arch", "x86_64",
                    "--print-request")
        self.assertEqual(one.out, other.out)

    def test_the_request_is_sent_as_it_is_printed(self):
        args = ["--arch", "x86_64", "--numa", "4G", "--numa", "2G", RC, "rc0,end_bus=7", "--reserve", "a=1T-2T"]
        with FakeDaemon(reply({"layout": layout()})) as daemon:
            self.check(ctl("resolve", *args, "--socket", daemon.path), OK)
            self.assertEqual(json.loads(daemon.lines[0]), {
                "jsonrpc": "2.0", "id": 1, "method": "layout.resolve",
                "params": {"request": json.loads(ctl("resolve", "--print-request", *args).out)}})

    def test_print_request_shows_a_file_as_it_is(self):
        path = self.write("request.json", b'{"b":[1,{}],"a":9007199254740993,"c":[]}')
        result = ctl("resolve", path, "--print-request")
        self.check(result, OK)
        self.assertEqual(result.out, '{\n  "b": [\n    1,\n    {}\n  ],\n  "a": 9007199254740993,\n  "c": []\n}\n')

    def test_flags_that_make_no_sense_are_wrong_usage(self):
        cases = [
            (["--memory", "1G", "--numa", "1G"], "--memory and --numa exclude each other"),
            (["--memory", "1G", "--memory", "2G"], "--memory is given twice"),
            (["--arch", "x86_64", "--arch", "x86_64"], "--arch is given twice"),
            (["--memory", "4G,file=x"], "unknown key 'file'\nhint: the only key is size\n"),
            (["--numa", "size=4G,host_numa_node=0"], "unknown key 'host_numa_node'"),
            (["--numa", "4G,2G"], "--numa: size is given twice"),
            (["--hotplug", "node=1"], "--hotplug: 'node=1' has no size"),
            (["--hotplug", "1G,node=one"], "--hotplug: node: 'one' is not a whole number"),
            (["--hotplug", "1G,size=1G"], "--hotplug: size is given twice"),
            (["--hotplug", "1G,start=0"], "unknown key 'start'\nhint: the keys are size, node, alignment\n"),
            (["--cxl-window", "size=1G,targets=a"], "'size=1G,targets=a' must start with a name"),
            (["--cxl-window", "w,targets=a"], "'w,targets=a' has no size"),
            (["--cxl-window", "w,size=1G"], "'w,size=1G' has no targets"),
            (["--cxl-window", "w,size=1G,targets=a,b"], "unknown key 'b'\nhint: the keys are size, targets, granularity; several values of a key are joined with +\n"),
            (["--cxl-window", "w,size=1G,targets"], "targets needs a value"),
            (["--cxl-window", "w,size=1G,targets=a,targets=b"], "targets is given twice"),
            (["--cxl-window", "w,size=1G,ways=2"], "hint: the keys are size, targets, granularity\n"),
            ([RC, "rc0,bars"], "bars needs a value"),
            ([RC, "rc0,bars=1G,high_mmio=2G"], "bars and high_mmio exclude each other: the devices determine the window"),
            ([RC, "rc0,high_mmio_base=4G,bars=1G"], "bars and high_mmio_base exclude each other"),
            ([RC, "rc0,bars=1G,high_mmio_alignment=2G"], "bars and high_mmio_alignment exclude each other"),
            ([RC, "rc0,bars=1G,high_mmio=none"], "bars and high_mmio exclude each other"),
            ([RC, "rc0,low_bars=1M,low_mmio=2M"], "low_bars and low_mmio exclude each other"),
            ([RC, "rc0,low_bars=1M,low_mmio_base=2M"], "low_bars and low_mmio_base exclude each other"),
            ([RC, "rc0,low_bars=1M,low_mmio_alignment=2M"], "low_bars and low_mmio_alignment exclude each other"),
            ([RC, "rc0,vfs=1:1G"], ": vfs needs bars before it, for the device with these functions"),
            ([RC, "rc0,bars=1G,low_vfs=1:1G"], ": low_vfs needs low_bars before it"),
            ([RC, "rc0,bars=1G,vfs=1:1G,vfs=1:1G"], "a device has vfs twice"),
            ([RC, "rc0,bars=1G,vfs=7"], "vfs: '7' is not N:SIZE+SIZE..."),
            ([RC, "rc0,bars=1G,vfs=:1G"], "vfs: '' is not a whole number"),
            ([RC, "rc0,bars=1G,vfs=0x1:1G"], "vfs: '0x1' is not a whole number"),
            (["--pcie-ecam", "above-4gib", "--pcie-ecam-below-4gb"], "another option has already set pcie.ecam"),
            ([RC, "rc0,frob=1"], "unknown key 'frob'"),
            ([RC, "rc0,frob=1"], "segment, start_bus, end_bus, node, low_mmio,"),
            ([RC, "rc0,"], "unknown key ''"),
            ([RC, "segment=0"], "must start with a name\nhint: in a name, an equals sign is written \\= and a comma \\,; in a shell, put the value in single quotes\n"),
            ([RC, "rc0,segment"], "segment needs a value"),
            ([RC, "rc0,cxl=on"], "cxl takes no value"),
            ([RC, "rc0,segment=1,segment=1"], "segment is given twice"),
            ([RC, "rc0,segment=0x1"], "'0x1' is not a whole number"),
            ([RC, "rc0,start_bus=-1"], "'-1' is not a whole number"),
            ([RC, "rc0,end_bus="], "'' is not a whole number"),
            ([RC, "rc0,node=9007199254740992"], "node: '9007199254740992' is above 9007199254740991, the largest number"),
            ([RC, "rc0,low_mmio=none,low_mmio_base=3G"],
             "a window can have only one of low_mmio_base, low_mmio_alignment and low_mmio=none"),
            ([RC, "rc0,high_mmio=none,high_mmio_alignment=3G"], "a window can have only one of"),
            ([RC, "rc0,high_mmio_base=3G,high_mmio_alignment=3G"], "a window can have only one of"),
            ([RC, "rc0,low_mmio_base=top"], "'top' is not an address"),
            ([RC, "rc0,low_mmio_base=0x"], "'0x' is not an address"),
            ([RC, "rc0,low_mmio_base=1g"], "'1g' is not an address"),
            ([RC, "rc0,low_mmio_base=1GiBs"], "'1GiBs' is not an address"),
            ([RC, "rc0,low_mmio_base=16384P"], "low_mmio_base: 16384P does not fit in 64 bits"),
            ([RC, "rc0,low_mmio_base=18446744073709551616"], "does not fit in 64 bits"),
            ([RC, "rc0,low_mmio_base=3G,low_mmio=16384P"], "low_mmio: 16384P does not fit in 64 bits"),
            ([RC, "rc0,low_mmio_base=3G,low_mmio=64m"], "'64m' is not a size"),
            ([RC, "rc0,high_mmio_base=0xffffffffffffffff,high_mmio=1"], "end at 2^64 or above"),
            (["--virtio-mmio", "4K"], "'4K' is not a whole number"),
            (["--host-bits", "forty"], "'forty' is not a whole number"),
            (["--iommu", "amd-vi"], "'amd-vi' is not RC=KIND"),
            (["--iommu", "rc0=amd-vi"], "there is no root complex rc0"),
            (["--amd-iommu", "rc1", RC, "rc0"], "there is no root complex rc1"),
            (["--amd-iommu", r"a\,b", RC, "a,cxl"], "there is no root complex a,b\nhint: add --pcie-root-complex 'a\\,b'\n"),
            (["--iommu", r"a\=", RC, r"a\="], "'a\\=' is not RC=KIND"),
            (["--amd-iommu", "rc0", "--iommu", "rc0=amd-vi", RC, "rc0"], "has an IOMMU already"),
            (["--vtl2-memory", "alignment=2M"], "has no size"),
            (["--vtl2-memory", "1G,node=0"], "unknown key 'node'"),
            (["--vtl2-memory", "1G,alignment=2M,alignment=2M"], "--vtl2-memory: alignment is given twice"),
            (["--reserve", "a"], "'a' is not NAME=START-END"),
            (["--reserve", "a-b=0"], "'a-b=0' is not NAME=START-END"),
        ]
        for args, text in cases:
            with self.subTest(" ".join(args)):
                result = ctl("resolve", "--print-request", *args)
                self.check(result, USAGE, text)
                self.assertEqual(result.raw, b"")

    def test_a_file_and_flags_together_are_wrong_usage(self):
        path = self.write("request.json", b"{}")
        self.check(ctl("resolve", path, "--memory", "4G"), USAGE, "not both")
        self.check(ctl("resolve", "--host-bits", "40", "-"), USAGE, "not both")


class Documents(Case):
    def test_a_file_is_sent_as_it_was_written(self):
        text = b' {"n": 9007199254740993,\r\n\t"s": "\\u0041 \xc3\xa9\\n", "e": 1E2, "a": 1, "A": 2}\n\n'
        with FakeDaemon(reply({"layout": layout()})) as daemon:
            self.check(ctl("resolve", self.write("r.json", text), "--socket", daemon.path), OK)
            line = daemon.lines[0]
        self.assertEqual(line.count(b"\n"), 1)
        self.assertIn(b'"request":' + text.replace(b"\r", b" ").replace(b"\n", b" ") + b"}", line)
        self.assertEqual(json.loads(line)["params"], {"request": json.loads(text)})

    def test_standard_input_may_be_the_document(self):
        with FakeDaemon(reply({"map": [], "layout": layout()})) as daemon:
            for args, method, params in [
                    (["resolve", "-"], "layout.resolve", {"request": {"x": 1}}),
                    (["allocate", "-"], "layout.allocate", {"x": 1}),
                    (["call", "a.b", "-"], "a.b", {"x": 1})]:
                self.check(ctl("--socket", daemon.path, *args, stdin=b'{"x": 1}\n'), OK)
                sent = json.loads(daemon.lines[-1])
                self.assertEqual((sent["method"], sent["params"]), (method, params))

    def test_call_takes_text_a_file_or_nothing(self):
        path = self.write("p.json", b'{"y": 2}')
        with FakeDaemon(reply(None)) as daemon:
            for args, members in [([], {}), (['{"x": [1]}'], {"params": {"x": [1]}}),
                                  ([f"@{path}"], {"params": {"y": 2}})]:
                self.check(ctl("--socket", daemon.path, "call", 'odd "name"\n', *args), OK)
                self.assertEqual(json.loads(daemon.lines[-1]),
                                 {"jsonrpc": "2.0", "id": 1, "method": 'odd "name"\n', **members})

    def test_invalid_json_is_exit_2_with_file_and_offset(self):
        cases = [
            (b"", 0, "ends too early"),
            (b" \n ", 3, "ends too early"),
            (b"{", 1, "ends too early"),
            (b'{"a":1}}', 7, "more bytes after"),
            (b'{"a":1} {}', 8, "more bytes after"),
            (b'{"a" 1}', 5, "expected a colon"),
            (b"[1,]", 3, "expected a JSON value"),
            (b'{"a":01}', 5, "leading zero"),
            (b"[-]", 2, "expected a digit"),
            (b"[1e400]", 1, "too large"),
            (b"[+1]", 1, "expected a JSON value"),
            (b"{'a':1}", 1, "expected a key in quotes"),
            (b"[1] // x", 4, "more bytes after"),
            (b"\xef\xbb\xbf{}", 0, "expected a JSON value"),
            (b"{}\x00", 2, "more bytes after"),
            (b'["\x00"]', 2, "control character"),
            (b'["a\nb"]', 3, "control character"),
            (b'["\\x"]', 2, "unknown escape"),
            (b'["abc', 5, "ends too early"),
            (b'["\xff"]', 2, "invalid UTF-8"),
            (b'["\xe2\x82', 2, "invalid UTF-8"),
            (b'["\\ud800"]', 2, "surrogate"),
            (b"\x7fELF\x02\x01\x01", 0, "expected a JSON value"),
            (b'{"a":1,\n"\\u0061":2}', 8, "duplicate key"),
            (b"[" * 5000, 32, "more than 32 levels"),
            (b"[" + b"0," * 65535 + b"0]", 1 + 2 * 65535, "more than 65536 values"),
        ]
        for text, offset, why in cases:
            with self.subTest(text[:20]):
                path = self.write("r.json", text)
                result = ctl("resolve", path, "--socket", "/nonexistent")
                self.check(result, USAGE, f"{path}:{offset}: ", why, f"hint: byte {offset} is in line ")
                self.assertEqual(result.raw, b"")

    def test_the_hint_counts_lines_and_columns_from_1(self):
        self.check(ctl("allocate", "-", stdin=b'{\n "a": 1,\n "b": 02\n}'), USAGE,
                   "standard input:17: ", "byte 17 is in line 3, column 7")
        self.check(ctl("call", "a.b", "{"), USAGE, "JSON:1: ")

    def test_a_file_that_cannot_be_read_is_exit_2_with_its_name(self):
        missing = os.path.join(self.folder, "missing")
        self.check(ctl("resolve", missing), USAGE, f"{missing}: No such file or directory")
        self.check(ctl("allocate", self.folder), USAGE, f"{self.folder}: Is a directory")
        self.check(ctl("call", "a.b", "@"), USAGE, "No such file")
        self.check(ctl("resolve", "/dev/zero"), USAGE, "/dev/zero: larger than 16 MiB")
        self.check(ctl("resolve", ""), USAGE, "No such file")

    def test_a_file_may_be_a_pipe_that_fills_slowly(self):
        path = os.path.join(self.folder, "fifo")
        os.mkfifo(path)

        def fill():
            with open(path, "wb", buffering=0) as fifo:
                send_slowly(fifo.fileno(), b'{"a": 1}', termios.FIONREAD)

        writer = threading.Thread(target=fill)
        writer.start()
        result = ctl("resolve", "--print-request", path)
        writer.join(PATIENCE)
        self.check(result, OK)
        self.assertEqual(json.loads(result.out), {"a": 1})

    def test_names_of_files_cannot_act_on_the_terminal(self):
        result = ctl("resolve", "/nonexistent/\x1b[31m\nx\xff")
        self.check(result, USAGE, "\\u001b[31m\\u000ax")
        self.assertEqual(result.raw_err.count(b"\n"), 1)


class Exchange(Case):
    def test_no_socket_is_exit_3_with_a_hint(self):
        path = os.path.join(self.folder, "none.sock")
        self.check(ctl("info", "--socket", path), NO_DAEMON, f"{path}: cannot connect: No such file",
                   "hint: is gpalayoutd running?")

    def test_a_socket_nobody_listens_on_is_exit_3_with_a_hint(self):
        path = os.path.join(self.folder, "dead.sock")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
            dead.bind(path)
        self.check(ctl("info", "--socket", path), NO_DAEMON, "Connection refused", "hint: ")
        self.check(ctl("info", "--socket", self.write("file", b"")), NO_DAEMON, "hint: the path is not a socket")

    def test_commands_without_a_daemon_are_exit_3(self):
        for args in (["create", "a", "--memory", "1G"], ["update", "a", "-"], ["get", "a"], ["list"], ["delete", "a"],
                     ["probe", "0"], ["probe", "0", "a"], ["probe", "0", "--request", "-"], ["watch"],
                     ["resolve", "--memory", "1G"], ["fit", "-"], ["allocate", "-"], ["policies"], ["info"], ["stats"],
                     ["schema"], ["call", "a.b"]):
            with self.subTest(args[0]):
                self.check(ctl("--socket", "/nonexistent", *args, stdin=b"{}"), NO_DAEMON, "cannot connect")

    def test_a_connection_that_is_closed_is_exit_3(self):
        self.check(run_against(lambda connection: None, "info"), NO_DAEMON, "the connection was closed without a reply")
        self.check(run_against(b"", "info"), NO_DAEMON, "the connection was closed without a reply")
        self.check(run_against(b'{"jsonrpc"', "info"), NO_DAEMON, "closed in the middle of a reply")
        self.check(run_against(reply(1)[:-1], "info"), NO_DAEMON, "closed in the middle of a reply")

    def test_silence_is_exit_3_once_the_time_is_up(self):
        def silence(connection):
            connection.recv(1 << 16)
            connection.recv(1)  # returns when the client leaves

        start = time.monotonic()
        self.check(run_against(silence, "info", "--timeout", "0.3"), NO_DAEMON, "no reply within 0.3 s",
                   "hint: --timeout")
        self.assertGreaterEqual(time.monotonic() - start, 0.3)

    def test_the_time_is_for_the_whole_exchange(self):
        def drip(connection):
            while True:
                send_slowly(connection.fileno(), b" ")

        self.check(run_against(drip, "info", "--timeout", "0.5"), NO_DAEMON, "no reply within 0.5 s")

    def test_a_full_listen_queue_is_waited_for_and_then_exit_3(self):
        path = os.path.join(self.folder, "full.sock")
        waiting = []
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(path)
            listener.listen(0)
            try:
                for _ in range(64):
                    waiting.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
                    waiting[-1].setblocking(False)
                    waiting[-1].connect(path)
            except BlockingIOError:
                pass
            self.check(ctl("info", "--socket", path, "--timeout", "0.3"), NO_DAEMON, "accepts no connection", "hint: --timeout")

            process = subprocess.Popen([GPALAYOUTCTL, "info", "--socket", path], stdout=subprocess.PIPE, env=BASE_ENV)
            wait_until(lambda: holds_socket(process.pid) and is_asleep(process.pid), "the client is still busy")
            # Frees the places in the queue one by one.
            while True:
                connection, _ = listener.accept()
                with connection:
                    if peer_pid(connection) == process.pid:
                        FakeDaemon.read_line(connection)
                        connection.sendall(reply(INFO))
                        break
            self.assertEqual(process.communicate(timeout=PATIENCE)[0], INFO_SHOWN.encode())
            self.assertEqual(process.returncode, OK)
        for client in waiting:
            client.close()

    def test_an_invalid_reply_is_exit_3_with_a_clear_text(self):
        cases = [
            (b"HTTP/1.1 400 Bad Request\r\n", "invalid reply: "),
            (b"\n", "invalid reply: "),
            (b'{"jsonrpc":"2.0","id":1,"result":{}}{}\n', "invalid reply: "),
            (b"[]\n", "not a JSON-RPC 2.0 message"),
            (b'{"id":1,"result":{}}\n', "not a JSON-RPC 2.0 message"),
            (b'{"jsonrpc":"2.1","id":1,"result":{}}\n', "not a JSON-RPC 2.0 message"),
            (b'{"jsonrpc":"2.00","id":1,"result":{}}\n', "not a JSON-RPC 2.0 message"),
            (b'{"jsonrpc":"2.0","id":1}\n', "either a result or an error"),
            (b'{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":"m"}}\n', "either a result or"),
            (b'{"jsonrpc":"2.0","id":1,"error":"no"}\n', "lacks a code or a message"),
            (b'{"jsonrpc":"2.0","id":1,"error":{"message":"m"}}\n', "lacks a code or a message"),
            (reply({}, 2), "its id is not that of the request"),
            (reply({}, "1"), "its id is not that of the request"),
            (reply({}, None), "its id is not that of the request"),
            (refusal(identity=2, reason="overlap"), "its id is not that of the request"),
            (b'{"jsonrpc":"2.0","method":"layout.event","params":{}}\n', "a notification without a subscription"),
        ]
        for line, text in cases:
            with self.subTest(line[:60]):
                result = run_against(line, "info")
                self.check(result, NO_DAEMON, text)
                self.assertEqual(result.raw, b"")

    def test_a_result_of_another_shape_is_exit_3(self):
        for args, result in [(["resolve", "--memory", "1G"], {}), (["resolve", "--memory", "1G"], {"layout": 7}),
                             (["allocate", "-"], {"map": {}}), (["allocate", "-"], {"map": [1]}),
                             (["allocate", "-"], {"map": [{"tag": "a", "kind": "ram", "start": "0x0"}]}),
                             (["allocate", "-"], {"map": [entry("a", "ram", 0, 1 << 64)]}),
                             (["resolve", "--memory", "1G"], {"layout": layout([entry("a", "attic", 0, 4096)])}),
                             (["info"], []), (["policies"], {}), (["policies"], {"default": "p", "policies": [{}]})]:
            with self.subTest(f"{args[0]} {result}"):
                self.check(run_against(reply(result), *args, stdin=b"{}"), NO_DAEMON, "invalid reply to ")

    def test_an_error_without_an_id_is_a_refusal(self):
        self.check(run_against(refusal(-32002, "too many", None, reason="overloaded"), "info"), NO_DAEMON,
                   "overloaded: too many", "hint: try again")

    def test_an_answer_in_pieces_is_put_together(self):
        line = reply({**INFO, "version": "1.2.3 é"})

        def dribble(connection):
            FakeDaemon.read_line(connection)
            send_slowly(connection.fileno(), line)

        result = run_against(dribble, "info")
        self.check(result, OK)
        self.assertEqual(result.out.splitlines()[0], "version         1.2.3 é")

    def test_replies_beyond_16_mib_are_read_whole(self):
        value = "x" * (20 << 20)
        line = reply(value)

        def pieces(connection):
            FakeDaemon.read_line(connection)
            for start in range(0, len(line), 99991):
                connection.sendall(line[start:start + 99991])

        result = run_against(pieces, "call", "a.b")
        self.check(result, OK)
        self.assertTrue(result.raw == b'"' + value.encode() + b'"\n')
        result = run_against(pieces, "call", "a.b", "--json")
        self.check(result, OK)
        self.assertTrue(result.raw == line)

    def test_large_requests_arrive_whole_at_a_slow_reader(self):
        text = b'["' + b"y" * (3 << 20) + b'"]'
        received = []

        def slow(connection):
            # Waits until the client has sent all that the socket takes.
            wait_until(lambda: select.select([connection], [], [], 0)[0] and is_asleep(peer_pid(connection)),
                       "the client is still busy")
            received.append(FakeDaemon.read_line(connection))
            connection.sendall(reply({"map": []}))

        self.check(run_against(slow, "allocate", "-", stdin=text), OK)
        self.assertTrue(received[0] == b'{"jsonrpc":"2.0","id":1,"method":"layout.allocate","params":' + text + b"}\n")

    def test_a_refusal_before_the_end_of_the_request_is_seen(self):
        def refuse(connection):
            connection.recv(100)
            connection.sendall(refusal(-32001, "line above 1 MiB", None, reason="message_too_large"))

        self.check(run_against(refuse, "allocate", "-", stdin=b'["' + b"y" * (3 << 20) + b'"]'), REFUSED,
                   "message_too_large: line above 1 MiB", "hint: ")

    def test_a_refusal_by_a_peer_that_reads_no_further_is_seen(self):
        seen = threading.Event()

        def refuse(connection):
            connection.recv(100)
            connection.sendall(refusal(-32001, "line above 1 MiB", None, reason="message_too_large"))
            seen.wait(PATIENCE)

        with FakeDaemon(refuse) as daemon:
            result = ctl("--socket", daemon.path, "--timeout", "20", "allocate", "-",
                         stdin=b'["' + b"y" * (3 << 20) + b'"]')
            seen.set()
        self.check(result, REFUSED, "message_too_large: line above 1 MiB")

    def test_a_peer_that_leaves_while_the_request_is_sent_is_exit_3_and_no_signal(self):
        result = run_against(lambda connection: connection.recv(100), "allocate", "-",
                          stdin=b'["' + b"y" * (3 << 20) + b'"]')
        self.check(result, NO_DAEMON, "the connection was closed without a reply")

    def test_being_stopped_and_continued_does_no_harm(self):
        go_on = threading.Event()

        def wait(connection):
            FakeDaemon.read_line(connection)
            go_on.wait(PATIENCE)
            connection.sendall(reply(INFO))

        with FakeDaemon(wait) as daemon:
            process = subprocess.Popen([GPALAYOUTCTL, "info", "--socket", daemon.path], env=BASE_ENV,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for _ in range(5):
                wait_until(lambda: holds_socket(process.pid) and is_asleep(process.pid), "the client is still busy")
                process.send_signal(signal.SIGSTOP)
                os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
                process.send_signal(signal.SIGCONT)
            go_on.set()
            self.assertEqual(process.communicate(timeout=PATIENCE), (INFO_SHOWN.encode(), b""))
            self.assertEqual(process.returncode, OK)


class Output(Case):
    def map_of(self, entries, *args):
        result = run_against(reply({"map": entries}), "allocate", "-", *args, stdin=b"{}")
        self.check(result, OK)
        return rows(result.out)

    def test_gaps_are_rows_also_before_the_first_entry(self):
        self.assertEqual(
            self.map_of([entry("a", "ram", 0x40000000, 0x80000000), entry("b", "fixed", 0x80000000, 0x80001000),
                         entry("c", "mmio64", 0x100000000, 0x100200000)]),
            [("0x0", "0x40000000", "1 GiB", "gap", "-"),
             ("0x40000000", "0x80000000", "1 GiB", "ram", "a"),
             ("0x80000000", "0x80001000", "4 KiB", "fixed", "b"),
             ("0x80001000", "0x100000000", "~2.00 GiB", "gap", "-"),
             ("0x100000000", "0x100200000", "2 MiB", "mmio64", "c")])

    def test_adjacent_entries_have_no_gap(self):
        self.assertEqual([row[3] for row in self.map_of([entry("a", "ram", 0, 4096), entry("b", "ram", 4096, 8192)])],
                         ["ram", "ram"])

    def test_the_map_is_sorted_by_address(self):
        found = self.map_of([entry("b", "ram", 0x3000, 0x4000), entry("a", "ram", 0, 0x1000)])
        self.assertEqual([(row[0], row[4]) for row in found], [("0x0", "a"), ("0x1000", "-"), ("0x3000", "b")])

    def test_entries_inside_another_make_no_gap(self):
        self.assertEqual(
            [row[3] for row in self.map_of([entry("a", "reserved", 0, 0x9000), entry("b", "ram", 0x1000, 0x2000),
                                            entry("c", "ram", 0x9000, 0xa000)])],
            ["reserved", "ram", "ram"])

    def test_an_empty_map_has_a_heading_only(self):
        self.assertEqual(self.map_of([]), [])

    def test_sizes_are_readable(self):
        kib, mib, gib, tib = 1 << 10, 1 << 20, 1 << 30, 1 << 40
        for size, text in [(3 * gib, "3 GiB"), (gib + gib // 2, "1.5 GiB"), (gib + gib // 4, "1.25 GiB"),
                           (gib + gib // 8, "1.125 GiB"), (gib + gib // 16, "~1.06 GiB"), (3 * gib + mib, "~3.00 GiB"),
                           (3 * gib + 4 * kib, "~3.00 GiB"), (3014172 * mib, "~2.87 TiB"), (12 * gib + mib, "~12.0 GiB"),
                           (100 * gib + mib, "~100 GiB"), (1023 * gib + mib, "~1023 GiB"), (4 * kib, "4 KiB"), (kib + 512, "1.5 KiB"),
                           (1025, "~1.00 KiB"), (1, "1 B"), (1023 * mib, "1023 MiB"), (1024 * mib, "1 GiB"),
                           (2 * tib, "2 TiB"), (1 << 50, "1 PiB"), (1 << 63, "8 EiB"),
                           ((1 << 64) - 4096, "~16.0 EiB"), ((1 << 63) + (1 << 59), "8.5 EiB"),
                           (mib + mib // 2 + mib // 8, "1.625 MiB")]:
            with self.subTest(text):
                self.assertEqual(self.map_of([entry("a", "ram", 0, size)])[0][2], text)

    def test_columns_line_up(self):
        entries = [entry("long-tag-" * 9, "post_mmio", 0, 1 << 40), entry("b", "ram", 1 << 40, 1 << 41)]
        out = run_against(reply({"map": entries}), "allocate", "-", stdin=b"{}").out.splitlines()
        for column in ("END", "SIZE", "KIND", "TAG"):
            edge = out[0].index(column) + (len(column) if column in ("END", "SIZE") else 0)
            for line in out[1:]:
                self.assertRegex(line[edge - 1:edge + 1], r"\S | \S", line)

    LAYOUT = layout([entry("ram0", "ram", 0, 0xc0000000)],
                    warnings=[{"reason": "many_virtio_mmio_slots", "tag": "virtio-mmio", "message": "more than 100"}])

    def test_resolve_ends_with_a_summary_and_warnings(self):
        result = run_against(reply({"layout": self.LAYOUT}), "resolve", "--memory", "3G")
        self.check(result, OK)
        self.assertEqual(result.out.split("\n\n")[1].splitlines(), [
            "architecture           x86_64",
            "policy                 openvmm-2026.07",
            "profile                gen2-uefi",
            "RAM                    3 GiB",
            "end of RAM             0xc0000000 (3 GiB)",
            "end of layout          0x100000000 (4 GiB)",
            "top                    0x100000000 (4 GiB)",
            "required address bits  32",
            f"digest                 {digest(self.LAYOUT)}"])
        self.assertEqual(result.out.split("\n\n")[2], "warning: many_virtio_mmio_slots at virtio-mmio: more than 100\n")

    def test_a_layout_without_warnings_has_no_such_section(self):
        result = run_against(reply({"layout": dict(self.LAYOUT, warnings=[])}), "resolve", "--memory", "3G")
        self.assertNotIn("warning", result.out)
        self.assertTrue(result.out.endswith(f"{digest(self.LAYOUT)}\n"))

    def test_gaps_are_dim_on_a_terminal_only_and_not_with_no_color(self):
        line = reply({"map": [entry("a", "ram", 0x1000, 0x2000)]})
        path = self.write("a.json", b"{}")
        with FakeDaemon(line) as daemon:
            args = ["--socket", daemon.path, "allocate", path]
            code, shown = on_terminal(*args)
            self.assertEqual(code, OK)
            gap, ram = shown.splitlines()[1:3]
            self.assertTrue(gap.startswith(b"\x1b[2m") and gap.endswith(b"\x1b[0m"), gap)
            self.assertNotIn(b"\x1b", ram)
            self.assertNotIn(b"\x1b", on_terminal(*args, env={"NO_COLOR": "1"})[1])
            self.assertIn(b"\x1b", on_terminal(*args, env={"NO_COLOR": ""})[1])
            self.assertNotIn("\x1b", ctl(*args, env={"TERM": "xterm"}).out)

    # The first and the last character of each range that a terminal obeys.
    EVIL = "\x1b]0;x\x07\r\n\x00\x1f\x7f\x9b\x9f\u061c\u200e\u200f\u2028\u202e\u2066\u2069end"

    def test_control_characters_of_the_daemon_reach_no_terminal(self):
        evil = self.EVIL
        path = self.write("a.json", b"{}")
        shown = layout(policy=evil, warnings=[{"reason": evil, "tag": evil, "message": evil}])
        scripts = [
            (["allocate", path], reply({"map": [entry(evil, "ram", 0, 4096)]})),
            (["allocate", path], reply({"map": [entry("a", evil, 0, 4096)]})),
            (["resolve", "--memory", "1G"], reply({"layout": shown})),
            (["resolve", "--memory", "1G"], reply({"layout": layout(end_of_ram=evil)})),
            (["info"], reply({**INFO, evil: evil, "list": [evil], "deep": {evil: {evil: [[evil]]}}})),
            (["policies"], reply({"default": "p", "policies": [{"name": evil, "summary": evil, "defaults": {
                evil: evil, "profiles": {evil: {evil: evil}}}}]})),
            (["call", "a.b"], reply({evil: [evil]})),
            (["schema"], reply(evil)),
            (["info"], refusal(1, evil, reason=evil, pointer=evil, tag=evil)),
            (["info"], refusal(1, evil, reason="overlap", tag=evil, other_tag=evil)),
            (["info"], b"\x1b[2J\n"),
            (["info"], b'{"jsonrpc":"2.0","id":1,"result":{"\x1b\xff":"\x1b[2J\xff"}}\n'),
            (["call", "a.b"], b'{"jsonrpc":"2.0",\x1b"id":1,"result":\x1b{"\x1b\xff":["\x1b[2J\xff",\x1b1\x1b]}}\n'),
            (["info", "--json"], b'{"jsonrpc":"2.0","id":1,"result":"\x7f\xc2\x9b\xe2\x80\xae"}\n'),
        ]
        safe = set(range(0x20, 0x7f)) | {0x0d, 0x0a}
        for args, line in scripts:
            with self.subTest(f"{args[0]} {line[:50]}"):
                with FakeDaemon(line) as daemon:
                    _, shown = on_terminal("--socket", daemon.path, *args, env={"NO_COLOR": "1"})
                    self.assertLessEqual(set(shown), safe, shown)
                    result = ctl("--socket", daemon.path, *args)
                    if "--json" not in args:
                        self.assertLessEqual(set(result.raw + result.raw_err), safe)

    def test_ordinary_text_of_other_scripts_is_shown(self):
        self.assertEqual(self.map_of([entry("héllo-世界-🙂", "ram", 0, 4096)])[0][4], "héllo-世界-🙂")

    def test_call_prints_the_result_with_every_digit(self):
        line = (b'{"jsonrpc":"2.0", "result" : {"n":18446744073709551615,"e":[],'
                b'"s":"\\u0001\\"result\\"","f":1.50} ,"id":1}\n')
        result = run_against(line, "call", "a.b")
        self.check(result, OK)
        self.assertEqual(result.out, '{\n  "n": 18446744073709551615,\n  "e": [],\n  "s": "\\u0001\\"result\\"",\n'
                                     '  "f": 1.50\n}\n')

    def test_call_finds_the_result_after_look_alikes(self):
        line = b'{"jsonrpc":"2.0","x":{"result":1},"y":"result","z":[{"result":2}],"result":[3],"id":1}\n'
        self.assertEqual(json.loads(run_against(line, "call", "a.b").out), [3])

    def test_any_result_is_cut_out_of_its_line(self):
        for text in (b"null", b'""', b'"]}\\""', b"[]", b'["result",{"result":[]}]', b"-1.5E+2", b'"\\\\"', b'{"]":"["}'):
            for before, after in [(b"", b""), (b" ", b"\t"), (b"", b',"results":0')]:
                line = b'{"id":1,"jsonrpc":"2.0","result":' + before + text + after + b"}\n"
                with self.subTest(line):
                    result = run_against(line, "call", "a.b")
                    self.check(result, OK)
                    self.assertEqual(json.loads(result.raw), json.loads(text))

    def test_a_result_under_an_escaped_name_is_not_guessed_at(self):
        line = b'{"id":1,"jsonrpc":"2.0","r\\u0065sult":1}\n'
        self.check(run_against(line, "call", "a.b"), NO_DAEMON, "a key has escapes")

    def test_a_result_of_very_many_values_is_shown(self):
        values = list(range(70000))
        result = run_against(reply(values), "call", "a.b")
        self.check(result, OK)
        self.assertEqual(json.loads(result.raw), values)

    def test_json_is_the_reply_line_as_it_came(self):
        line = b'{"id":1, "jsonrpc":"2.0" ,"result":{"b":1.50,"a":"\\u0041\xc3\xa9\xc2\x9b"}}\n'
        for args in (["info"], ["policies"], ["schema"], ["call", "a.b"], ["allocate", "-"], ["resolve", "-"]):
            with self.subTest(args[0]):
                result = run_against(line, "--json", *args, stdin=b"{}")
                self.check(result, OK)
                self.assertEqual(result.raw, line)

    def test_json_is_the_reply_line_also_for_a_refusal(self):
        line = refusal(1, "they overlap", reason="overlap", tag="a", other_tag="b")
        result = run_against(line, "--json", "resolve", "--memory", "1G")
        self.check(result, REFUSED, "overlap: they overlap")
        self.assertEqual(result.raw, line)

    def test_json_shows_an_invalid_reply(self):
        result = run_against(reply({}, 7), "--json", "info")
        self.check(result, NO_DAEMON, "its id")
        self.assertEqual(result.raw, reply({}, 7))

    def test_info_shows_limits_in_their_units(self):
        result = run_against(reply({"version": "0.1.0", "protocol": "1", "default_policy": "p", "none": [], "part": 1.5,
                                 "sockets": {"control": "/c", "more": "/m"},
                                 "limits": {"request_line_bytes": 1048576, "reply_bytes": 1048577,
                                            "store_bytes_per_uid": 0, "nodes": 1024, "drain_ms": 5000, "big": 9007199254740991, "ms": 7}}), "info")
        self.check(result, OK)
        self.assertEqual(result.out, "version         0.1.0\n"
                                     "protocol        1\n"
                                     "default policy  p\n"
                                     "control socket  /c\n"
                                     "\n"
                                     "LIMIT                           VALUE\n"
                                     "request_line_bytes              1 MiB\n"
                                     "reply_bytes                 1048577 B\n"
                                     "store_bytes_per_uid                 0\n"
                                     "nodes                            1024\n"
                                     "drain_ms                          5 s\n"
                                     "big                  9007199254740991\n"
                                     "ms                                  7\n")

    def test_policies_that_are_known_show_their_defaults(self):
        result = run_against(reply({"default": "openvmm-2031.01", "policies": [
            {"name": "openvmm-2026.05", "summary": "first", "defaults": {"pcie": {"ecam": "below-4gib"}}},
            {"name": "openvmm-2031.01", "summary": "second", "defaults": 7}]}), "policies")
        self.check(result, OK)
        lines = result.out.splitlines()
        self.assertEqual(lines[:2], ["openvmm-2026.05: first", "pcie.ecam                    below-4gib"])
        self.assertEqual(lines[-1], "openvmm-2031.01 (default): second")
        self.assertEqual(len(lines), 4 + 9 + 2)

    def test_output_that_cannot_be_written_is_an_error(self):
        path = self.write("a.json", b"{}")
        with FakeDaemon(reply({"map": [], "layout": layout(), "default": "a", "policies": [{"name": "a", "summary": "s"}], **INFO})) as daemon:
            for args in (["--help"], ["--version"], ["resolve", "--help"], ["resolve", "--print-request", path],
                         ["resolve", path], ["allocate", path], ["policies"], ["info"], ["schema"], ["call", "a.b"],
                         ["info", "--json"]):
                with self.subTest(" ".join(args)), open("/dev/full", "wb") as full:
                    result = ctl("--socket", daemon.path, *args, stdout=full)
                    self.check(result, USAGE, "cannot write the output: No space left on device")

    def test_a_closed_standard_output_is_an_error(self):
        with FakeDaemon(reply(INFO)) as daemon:
            process = subprocess.run(["/bin/sh", "-c", 'exec "$0" "$@" <&- >&-', GPALAYOUTCTL, "--socket", daemon.path,
                                      "info"], stderr=subprocess.PIPE, env=BASE_ENV, timeout=PATIENCE, check=False)
        self.assertEqual(process.returncode, USAGE)
        self.assertIn(b"cannot write the output", process.stderr)

    def test_with_standard_error_closed_no_complaint_goes_to_the_daemon(self):
        received = []

        def listen(connection):
            while data := connection.recv(1 << 16):
                received.append(data)

        with FakeDaemon(listen) as daemon:
            process = subprocess.run(["/bin/sh", "-c", 'exec "$0" "$@" 2>&-', GPALAYOUTCTL, "--socket", daemon.path,
                                      "info", "--timeout", "0.2"], env=BASE_ENV, timeout=PATIENCE, check=False)
        self.assertEqual(process.returncode, NO_DAEMON)
        self.assertEqual(b"".join(received), b'{"jsonrpc":"2.0","id":1,"method":"daemon.info"}\n')

    def test_a_reader_that_leaves_ends_the_output_quietly(self):
        with FakeDaemon(reply("x" * (4 << 20))) as daemon:
            process = subprocess.Popen([GPALAYOUTCTL, "--socket", daemon.path, "schema"], stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, env=BASE_ENV,
                                       preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_DFL))
            process.stdout.read(1)
            process.stdout.close()
            self.assertEqual(process.stderr.read(), b"")
            process.stderr.close()
            self.assertEqual(process.wait(PATIENCE), -signal.SIGPIPE)


# The data of a refusal, and what the hint must say.
HINTS = [
    ({"reason": "invalid_json", "offset": 3}, "JSON text"),
    ({"reason": "invalid_utf8"}, "UTF-8"),
    ({"reason": "duplicate_key"}, "keep one of them"),
    ({"reason": "too_deep"}, "nesting"),
    ({"reason": "too_many_values"}, "merge adjacent reserved ranges"),
    ({"reason": "invalid_request"}, "params must be an object, as in '{\"request\": {...}}'"),
    ({"reason": "method_not_found"}, "gpalayoutctl schema"),
    ({"reason": "missing_member"}, "gpalayoutctl schema lists all members"),
    ({"reason": "unknown_member"}, "correct the spelling, or omit the member"),
    ({"reason": "wrong_type"}, "integers or strings"),
    ({"reason": "bad_size"}, "1536M, not 1.5G"),
    ({"reason": "out_of_range"}, None),
    ({"reason": "bad_name"}, None),
    ({"reason": "unknown_policy"}, "gpalayoutctl policies"),
    ({"reason": "bad_layout"}, "use the daemon's reply unchanged"),
    ({"reason": "duplicate_name"}, "rename"),
    ({"reason": "invalid_bus_range"}, "start_bus must not be above end_bus"),
    ({"reason": "bus_overlap", "tag": "rc1", "other_tag": "rc0"}, "give rc1 and rc0 buses of their own"),
    ({"reason": "bus_overlap"}, "buses of its own"),
    ({"reason": "mixed_iommu", "tag": "rc1", "other_tag": "rc0"}, "give rc1 and rc0 the same kind"),
    ({"reason": "mixed_iommu"}, "the same kind"),
    ({"reason": "iommu_arch_mismatch"}, "smmuv3 is for aarch64"),
    ({"reason": "duplicate_name", "pointer": "/request/cxl_windows/0/targets/1"}, "name each target of a CXL window once"),
    ({"reason": "invalid_hdm"}, "make hdm a multiple of 256M"),
    ({"reason": "invalid_hdm", "pointer": "/request/cxl_windows/0/size"}, "a multiple of 256M times the number of targets"),
    ({"reason": "node_out_of_range"}, "memory.nodes"),
    ({"reason": "invalid_memory"}, "multiples of 4K"),
    ({"reason": "invalid_memory", "pointer": "/request/memory/low_window"}, "the low RAM window is a multiple of 2M, is no larger than node 0, and ends below memory.start"),
    ({"reason": "invalid_size", "tag": "a", "size": "0xc0000000",
      "pointer": "/request/pcie/root_complexes/0/high_mmio/devices/0/bars/0"}, "a BAR is a power of two"),
    ({"reason": "invalid_size", "tag": "a", "size": "0x0", "pointer": "/request/pcie/root_complexes/0/low_mmio/devices"}, "fewer devices"),
    ({"reason": "warning_refused", "pointer": "/refuse"}, "without refuse the layout is made and has its warnings"),
    ({"reason": "invalid_size", "tag": "a", "size": "0x401"}, "make a a multiple of 4K above 0; it has ~1.00 KiB (1025)"),
    ({"reason": "invalid_size", "tag": "a", "size": "0x0"}, "sizes are multiples of 4K"),
    ({"reason": "invalid_alignment", "tag": "a", "alignment": "0x1800"}, "change the alignment of a from 6 KiB to a power of two of at least the minimum in the message"),
    ({"reason": "invalid_alignment", "tag": "a", "alignment": "0x1000"}, "change the alignment of a from 4 KiB to a power of two of at least the minimum in the message"),
    ({"reason": "invalid_alignment", "tag": "a", "alignment": "0x0"}, "a power of two"),
    ({"reason": "overlap", "tag": "a", "other_tag": "b"}, "move or shrink a or b"),
    ({"reason": "overlap"}, "one of the two"),
    ({"reason": "exhausted", "tag": "pcie-rc0-low-mmio", "size": "0x80000000", "alignment": "0x200000",
      "phase": "mmio32", "free_space": "0x60000000", "largest_fit": "0x40000000"},
     "pcie-rc0-low-mmio needs 2 GiB, but at most 1 GiB fits there at an alignment of 2 MiB: make it smaller, or make room for it"),
    ({"reason": "exhausted", "tag": "a", "size": "0x1000", "alignment": "0x1000", "phase": "mmio32",
      "free_space": "0x0", "largest_fit": "0x0"}, "nothing with an alignment of 4 KiB fits there: make room for a"),
    ({"reason": "exhausted", "tag": "ram0", "size": "0x80000000", "alignment": "0x40000000", "phase": "ram",
      "free_space": "0x40000000", "largest_fit": "0x40000000"}, "1 GiB is free for ram0, which needs 2 GiB"),
    ({"reason": "exhausted", "tag": "h", "size": "0x80000000", "alignment": "0x40000000", "phase": "mmio64",
      "free_space": "0x40000000", "largest_fit": "0x20000000"}, "h needs 2 GiB, but at most 512 MiB fits there"),
    ({"reason": "exhausted", "tag": "h", "phase": "post_mmio", "largest_fit": "0x0"}, "make room for the refused range"),
    ({"reason": "exhausted", "tag": "a", "size": "0x1000", "phase": "mmio32", "largest_fit": "0x40000000",
      "largest_size": "0x20000000"}, "if nothing else changes, a can have 512 MiB"),
    ({"reason": "exhausted", "tag": "pcie-a-low-mmio", "phase": "mmio32", "largest_size": "0x20000000"},
     "if nothing else changes, pcie-a-low-mmio can have 512 MiB"),
    ({"reason": "exhausted", "tag": "ram0", "phase": "ram", "largest_size": "0x40000000"},
     "if nothing else changes, ram0 can have 1 GiB"),
    ({"reason": "exhausted", "tag": "pcie-rc0-low-mmio", "phase": "mmio32", "largest_size": "0x8000000", "equal_share": "0x2800000"},
     "if nothing else changes, pcie-rc0-low-mmio can have 128 MiB"),
    ({"reason": "exhausted"}, "make room for the refused range"),
    ({"reason": "ecam_below_minimum"}, "make room between 256 MiB and 4 GiB, or put the ECAM above 4 GiB"),
    ({"reason": "fixed_low_mmio_above_4gib"}, "give its size alone"),
    ({"reason": "address_width_exceeded", "tag": "vtl2", "bits": 40, "required_bits": 46},
     "vtl2 ends highest; the layout needs 46 address bits, but the host has 40"),
    ({"reason": "address_width_exceeded", "tag": "vtl2", "bits": 40, "required_bits": 46, "excess": "0x100000000",
      "largest_tag": "vtl2-framebuffer", "largest_tag_size": "0x200000000"},
     "the layout ends 4 GiB too high: use a host with 46 address bits, less RAM or smaller windows; vtl2-framebuffer takes the most space: 8 GiB"),
    ({"reason": "address_width_exceeded"}, "a host with more bits"),
    ({"reason": "invalid_size", "tag": "a", "size": "0x0", "pointer": "/request/memory/hotplug/0/size"}, "omit the room, or"),
    ({"reason": "invalid_size", "tag": "a", "size": "0x401", "pointer": "/request/memory/hotplug/0/size"}, "a multiple of 4K above 0; it has"),
    ({"reason": "invalid_size", "tag": "a", "size": "0x0", "pointer": "/request/cxl_windows/0/size"}, "omit the window, or make its size a multiple of 256M"),
    ({"reason": "duplicate_name", "pointer": "/request/host/holes/0"}, "state each hole once"),
    ({"reason": "out_of_range", "pointer": "/request/cxl_windows/0/targets/0"}, "each target must name a root complex of the request that has cxl"),
    ({"reason": "missing_member", "pointer": "/request/pcie/root_complexes/0/high_mmio"}, None),
    ({"reason": "exhausted", "phase": "ram", "tag": "ram0", "size": "0x4000000", "free_space": "0x3000000",
      "pointer": "/request/memory/low_window"},
     "free the addresses that the low RAM window needs, from 0 to its size"),
    ({"reason": "not_found"}, "gpalayoutctl list"),
    ({"reason": "not_found", "tag": "ram7"}, "omit TAG to list the tags that this command accepts: ram7 is not one of them"),
    ({"reason": "conflict"}, "gpalayoutctl update"),
    ({"reason": "conflict", "owner_uid": 1001}, "use another name: that layout belongs to another user"),
    ({"reason": "conflict", "owner_uid": 0}, "use another name: that layout belongs to another user"),
    ({"reason": "generation_mismatch", "generation": 7}, "--generation 7"),
    ({"reason": "generation_mismatch"}, "gpalayoutctl get, which shows its generation"),
    ({"reason": "would_move"}, "--allow-moves"),
    ({"reason": "would_remove"}, "--allow-removals removes them"),
    ({"reason": "denied", "owner_uid": 4294967294}, "as the layout's owner, uid 4294967294, as root, or"),
    ({"reason": "denied", "owner_uid": 0}, "as the layout's owner, as root, or as a member of the daemon's admin group"),
    ({"reason": "store_failed"}, "log"),
    ({"reason": "store_full"}, "delete layouts that no VM needs any more (gpalayoutctl list, gpalayoutctl delete)"),
    ({"reason": "resync_required", "revision": 1780000000000123, "oldest_since": 5}, "--since 1780000000000123"),
    ({"reason": "resync_required"}, "start gpalayoutctl watch again"),
    ({"reason": "internal"}, "defect"),
    ({"reason": "message_too_large"}, "gpalayoutctl info"),
    ({"reason": "overloaded"}, "try again"),
    ({"reason": "timeout"}, "try again"),
    ({"reason": "shutting_down"}, "try again"),
    ({"reason": "something_new"}, "--json shows the whole reply"),
    ({}, "--json shows the whole reply"),
]


class Refusals(Case):
    def test_reason_pointer_and_message_are_on_one_line(self):
        line = refusal(-32602, "4g is not a size", reason="bad_size", pointer="/request/memory/nodes/0")
        result = run_against(line, "resolve", "--memory", "4g")
        self.check(result, USAGE)
        self.assertEqual(result.err.splitlines()[0],
                         "gpalayoutctl: bad_size at --memory 4g: 4g is not a size")
        self.assertEqual(result.raw, b"")

    def test_without_a_pointer_there_is_no_at(self):
        self.check(run_against(refusal(1, "full", reason="exhausted"), "info"), NO_ROOM,
                   "gpalayoutctl: exhausted: full\n")

    def test_without_a_reason_there_is_the_code(self):
        line = b'{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"oops"}}\n'
        self.check(run_against(line, "info"), REFUSED, "gpalayoutctl: error -32603: oops\n")

    def test_each_reason_has_its_next_step(self):
        for data, text in HINTS:
            with self.subTest(str(data)):
                result = run_against(refusal(1, "m", **data), "info")
                self.check(result, STATUS.get(data.get("reason"), REFUSED))
                hints = [line for line in result.err.splitlines() if line.startswith("hint: ")]
                # A message that says everything needs no hint.
                self.assertEqual(len(hints), 1 if text else 0, result.err)
                for hint in hints:
                    self.assertIn(text, hint)
                    self.assertNotRegex(hint, r"\{[a-z_]+\}")

    def test_notes_say_what_else_there_is_to_know(self):
        fit = {"largest_fit": "0x40000000", "fit": {"start": "0x1000", "end": "0x40001000"}}
        below = {"below": {"tag": "ram0", "start": "0x0", "end": "0x1000"}}
        above = {"above": {"tag": "reserved-a", "start": "0x40001000", "end": "0x50000000"}}
        width = {"reason": "address_width_exceeded", "tag": "vtl2", "bits": 40, "required_bits": 46}
        for data, text in (
                ({"reason": "exhausted", **fit, **below, **above}, "(1 GiB), between ram0 and reserved-a"),
                ({"reason": "exhausted", **fit, **below},
                 "the largest free place for it is 0x1000-0x40001000 (1 GiB), above ram0"),
                ({"reason": "exhausted", **fit, **above}, "(1 GiB), below reserved-a"),
                ({"reason": "exhausted", **fit}, "the largest free place for it is 0x1000-0x40001000 (1 GiB)"),
                ({"reason": "exhausted", "largest_fit": "0x0"}, None),
                ({"reason": "exhausted", "phase": "mmio32", "demand": "0x180000000", "demands": 96, "supply": "0xf8000000",
                  "size": "0x4000000", **fit},
                 "the 96 ranges of phase mmio32 need 6 GiB in all, but only 3.875 GiB (3968M) was free"),
                ({"reason": "exhausted", "phase": "ram", "demand": "0x2000", "demands": 1, "supply": "0x1000"}, None),
                ({"reason": "exhausted", "phase": "ram", "size": "0x2000", "demand": "0x3000", "demands": 2,
                  "supply": "0x1000"}, None),
                ({"reason": "exhausted", "phase": "ram", "size": "0x1000", "demand": "0x1000", "demands": 2, "supply": "0x1000"}, None),
                ({**width, "alignment_gap": "0x100000"}, "1 MiB below vtl2 are empty only because"),
                ({**width, "alignment_gap": "0x0"}, None),
                ({"reason": "overlap"}, None)):
            with self.subTest(str(data)):
                result = run_against(refusal(1, "m", **data), "info")
                notes = [line for line in result.err.splitlines() if line.startswith("note: ")]
                self.assertEqual(len(notes), 1 if text else 0, result.err)
                if text:
                    self.assertTrue(notes[0].endswith(text) or text in notes[0], notes[0])

    def test_warnings_that_are_refused_are_listed(self):
        warnings = [{"reason": "ram_not_at_zero", "tag": "ram0", "message": "it is not"},
                    {"reason": "new", "tag": "", "message": "no tag"}, {"reason": "no message", "tag": "a"}, 7]
        line = refusal(1, "m", reason="warning_refused", pointer="/refuse", tag="ram0", warnings=warnings)
        for command in (["resolve"], ["create", "vm"], ["update", "vm"]):
            result = run_against(line, *command, "--memory", "1G", "--refuse", "all")
            self.check(result, REFUSED)
            self.assertEqual(result.err, ("gpalayoutctl: warning_refused at --refuse: m\n"
                                          "warning: ram_not_at_zero at ram0: it is not\n"
                                          "warning: new: no tag\n"
                                          "hint: change what the warnings name; without --refuse the layout is made and its "
                                          "warnings are printed\n"))

    def test_an_unknown_warning_is_named(self):
        line = refusal(-32602, "m", reason="out_of_range", pointer="/refuse/1")
        result = run_against(line, "resolve", "--refuse", "a", "--memory", "1G", "--refuse", "b")
        self.check(result, USAGE, "gpalayoutctl: out_of_range at --refuse b: m\n")
        result = run_against(refusal(-32602, "m", reason="out_of_range", pointer="/refuse/7"), "resolve", "--refuse", "a", "--memory", "1G")
        self.check(result, USAGE, "gpalayoutctl: out_of_range at --refuse: m\n")

    def test_refuse_all_does_not_hide_an_unknown_warning(self):
        result = ctl("resolve", "--memory", "1G", "--refuse", "all", "--refuse", "bogus")
        self.check(result, USAGE, "gpalayoutctl: --refuse: there is no warning bogus; all stands for every warning\n")

    def test_a_value_that_is_not_utf8_is_named(self):
        for flag, value in (("--reserve", b"a\xff=1-2"), ("--refuse", b"\xe4"), (RC, b"a\xed\xa0\x80"), ("--policy", b"\xc3")):
            result = ctl("resolve", "--memory", "1G", flag, value)
            byte = next(byte for byte in value if byte > 0x7f)
            self.assertRegex(result.err, rf"^gpalayoutctl: {flag} \S+: the value must be UTF-8, and the byte \\x{byte:02x} is not\n$")
            self.assertEqual(result.code, USAGE)

    def test_windows_that_share_are_counted(self):
        low = {"reason": "exhausted", "phase": "mmio32", "tag": "pcie-a-low-mmio", "equal_share": "0x2800000"}
        high = {**low, "phase": "mmio64", "tag": "pcie-a-high-mmio"}
        windows = [RC, "a,low_mmio=none", RC, "b,low_mmio=1M,high_mmio_base=1T", RC, "c", RC, "d,high_mmio=none"]
        request = json.dumps({"pcie": {"root_complexes": [{"low_mmio": {"none": True}}, {"low_mmio": {"none": True}}, {}, {}]}}).encode()
        for data, args, text in (
                (low, ["resolve", *windows], "40 MiB for each of the 3 low MMIO windows would fit there, but a later check may still refuse the request\n"),
                (high, ["create", "vm", *windows], "40 MiB for each of the 2 high MMIO windows would fit there, but a later check may still refuse the request\n"),
                (low, ["resolve", "-"], "40 MiB for each of the 2 low MMIO windows would fit there, but a later check may still refuse the request\n"),
                (low, ["update", "vm", *windows], "make room for the refused range"),
                (low, ["resolve", RC, "a"], "make room for the refused range"),
                # The devices decide how large their window is.
                (low, ["resolve", RC, "a", RC, "b,low_bars=1M"], "make room for the refused range"),
                (high, ["resolve", RC, "a", RC, "b,low_bars=1M"], "40 MiB for each of the 2 high MMIO windows"),
                ({**low, "largest_size": "0x200000", "pointer": "/request/pcie/root_complexes/0/low_mmio"},
                 ["resolve", RC, "a,low_bars=1M", RC, "b"],
                 "give pcie-a-low-mmio fewer or smaller devices"),
                ({**low, "pointer": "/request/pcie/root_complexes/1/low_mmio"},
                 ["resolve", RC, "a,low_bars=1M", RC, "b"], "make room for the refused range")):
            with self.subTest(f"{data['tag']} {args[:9]}"):
                self.check(run_against(refusal(1, "m", **data), *args, stdin=request), NO_ROOM, "hint: ", text)

    def test_odd_details_do_no_harm(self):
        for data in ({"tag": "a", "fit": "0x1", "below": {"tag": 7}, "above": [], "largest_size": {}},
                     {"tag": 7, "largest_fit": "0xzz", "size": [], "alignment": None},
                     {"tag": "a", "largest_fit": "-1", "size": "0x" + "f" * 30, "alignment": "x"}):
            with self.subTest(str(data)):
                self.check(run_against(refusal(1, "m", reason="exhausted", phase="mmio32", **data), "info"), NO_ROOM,
                           "exhausted: m", "hint: ")


class Conveniences(Case):
    def test_a_misspelt_word_has_a_proposal(self):
        for args, word in ((["creat"], "create"), (["resovle"], "resolve"), (["pobe", "0"], "probe"), (["polices"], "policies"),
                           (["list", "--limt", "3"], "--limit"), (["get", "vm", "--requst"], "--request"),
                           (["resolve", "--memoyr", "1G"], "--memory"), (["--sockt", "x", "list"], "--socket"),
                           (["resolve", "--root-complex", "a"], "--pcie-root-complex"), (["resolve", "--bits=40"], "--host-bits")):
            with self.subTest(args):
                self.check(ctl(*args), USAGE, f"unknown {'option' if word[0] == '-' else 'command'} ", f"hint: did you mean {word}?\n")

    def test_a_word_that_is_near_to_none_has_no_proposal(self):
        for args in (["frobnicate"], ["x"], ["li"], ["list", "--colour-of-the-moon"], ["list", "--no"],
                     ["resolve", "--rc", "a"]):
            with self.subTest(args):
                result = ctl(*args)
                self.check(result, USAGE)
                self.assertNotIn("did you mean", result.err)

    def test_short_forms_and_help_as_a_command(self):
        self.assertEqual(ctl("-V").out, ctl("--version").out)
        self.assertEqual(ctl("-h").out, ctl("--help").out)
        self.assertEqual(ctl("help").out, ctl("--help").out)
        self.assertEqual(ctl("help", "list").out, ctl("list", "--help").out)
        self.assertNotEqual(ctl("help", "list").out, ctl("help").out)
        self.check(ctl("help", "nothing-such"), USAGE, "unknown command nothing-such")
        for short, long in (("-V", "--version"), ("-h", "--help")):
            self.assertEqual(ctl(short, program=GPALAYOUTD).out, ctl(long, program=GPALAYOUTD).out)

    def test_retry_waits_for_a_daemon_that_comes_later(self):
        path = os.path.join(self.folder, "later.sock")
        process = subprocess.Popen([GPALAYOUTCTL, "--socket", path, "--retry", "60", "info"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=BASE_ENV)
        # The client, or the script that starts it, sleeps.
        wait_until(lambda: is_asleep(process.pid), "the client is still busy")
        daemon = subprocess.Popen([*PROGRAM, "--socket", path, "--store", "memory", "--log-level", "error"])
        try:
            out, err = process.communicate(timeout=PATIENCE)
        finally:
            daemon.terminate()
            daemon.wait()
        self.assertEqual((process.returncode, err), (OK, b""))
        self.assertIn(b"version", out)

    def test_retry_ends_if_no_daemon_comes(self):
        self.check(ctl("--socket", "/nowhere/x.sock", "--retry", "0.2", "info"), NO_DAEMON, "No such file or directory")


class WithDaemon(DaemonTestCase):
    maxDiff = None

    def ctl(self, *args, **options):
        return ctl("--socket", self.daemon.socket, *args, **options)

    def ok(self, *args, **options):
        result = self.ctl(*args, **options)
        self.assertEqual((result.code, result.err), (OK, ""))
        return result

    def refused(self, reason, pointer, *args, **options):
        result = self.ctl(*args, **options)
        self.assertEqual(result.code, STATUS.get(reason, REFUSED), result.err)
        where = f" at {pointer}" if pointer is not None else ""
        self.assertTrue(result.err.startswith(f"gpalayoutctl: {reason}{where}: "), result.err)
        self.assertIn("\nhint: ", result.err)
        self.assertNotIn("hint: --json", result.err)
        return result

    def test_resolve_shows_where_everything_goes(self):
        out = self.ok("resolve", "--arch", "x86_64", "--memory", "4G").out
        self.assertEqual(rows(out), [
            ("0x0", "0xc0000000", "3 GiB", "ram", "ram0"),
            ("0xc0000000", "0xf8000000", "896 MiB", "gap", "-"),
            ("0xf8000000", "0x100000000", "128 MiB", "fixed", "chipset-low-mmio"),
            ("0x100000000", "0x140000000", "1 GiB", "ram", "ram0"),
            ("0x140000000", "0x160000000", "512 MiB", "mmio64", "chipset-high-mmio")])
        for line in ("RAM                    4 GiB\n", "end of RAM             0x140000000 (5 GiB)\n",
                     "top                    0x160000000 (5.5 GiB)\n", "required address bits  33\n",
                     "policy                 openvmm-2026.07\n", "profile                gen2-uefi\n",
                     "digest                 sha256:"):
            self.assertIn(line, out)

    def test_file_standard_input_and_flags_give_the_same_answer(self):
        request = b'{"arch": "aarch64",\n "memory": {"nodes": ["2GiB"]},\n "virtio_mmio": {"slots": 3}}\n'
        with tempfile.NamedTemporaryFile() as file:
            file.write(request)
            file.flush()
            answers = {self.ok("resolve", file.name).out, self.ok("resolve", "-", stdin=request).out,
                       self.ok("resolve", "--arch", "aarch64", "--memory", "2GiB", "--virtio-mmio", "3").out}
        self.assertEqual(len(answers), 1)
        self.assertIn("virtio-mmio", answers.pop())

    def test_the_daemon_accepts_many_flags_together(self):
        out = self.ok("resolve", "--arch", "x86_64", "--policy", "openvmm-2026.06", "--profile", "gen2-uefi",
                      "--numa", "4G", "--numa", "size=2G", "--memory-start", "1M", "--chipset-low-mmio", "64M",
                      "--chipset-high-mmio", "1G", "--pcie-ecam", "above-4gib", RC,
                      "rc0,segment=0,start_bus=0,end_bus=127,node=1,low_mmio=32M,high_mmio=2G,hdm=512M", RC,
                      "rc1,segment=1,low_mmio_base=0xe0000000,high_mmio_base=0x8000000000,cxl", "--virtio-mmio", "2",
                      "--amd-iommu", "rc0", "--iommu", "rc1=amd-vi", "--vtl2-chipset-mmio", "128M",
                      "--vtl2-memory", "256M,alignment=1G", "--vtl2-framebuffer", "8M",
                      "--reserve", "ht=0xfd00000000-1T", "--host-bits", "46").out
        found = {row[4]: row for row in rows(out)}
        self.assertEqual(found["pcie-rc1-low-mmio"][:3], ("0xe0000000", "0xe4000000", "64 MiB"))
        self.assertEqual(found["pcie-rc1-high-mmio"][:3], ("0x8000000000", "0x8040000000", "1 GiB"))
        for tag, size in [("low-ram-gap", "1 MiB"), ("chipset-low-mmio", "64 MiB"), ("chipset-high-mmio", "1 GiB"),
                          ("pcie-seg0-ecam", "128 MiB"), ("pcie-seg1-ecam", "256 MiB"),
                          ("pcie-rc0-low-mmio", "32 MiB"), ("pcie-rc0-high-mmio", "2 GiB"),
                          ("pcie-rc0-cxl-hdm", "512 MiB"), ("pcie-rc1-cxl-hdm", "1 GiB"), ("virtio-mmio", "8 KiB"),
                          ("amd-iommu-0", "16 KiB"), ("amd-iommu-1", "16 KiB"), ("vtl2-chipset-mmio", "128 MiB"),
                          ("vtl2", "256 MiB"), ("vtl2-framebuffer", "8 MiB")]:
            self.assertEqual(found[tag][2], size, tag)
        self.assertIn("policy                 openvmm-2026.06\n", out)

    def test_every_other_iommu_flag_is_accepted(self):
        for arch, flag, tag in [("x86_64", "--intel-vtd", "intel-vtd-0"), ("aarch64", "--smmu", "smmu-0")]:
            out = self.ok("resolve", "--arch", arch, "--memory", "1G", RC, "rc0", flag, "rc0").out
            self.assertIn(tag, {row[4] for row in rows(out)})

    def test_warnings_are_shown(self):
        out = self.ok("resolve", "--arch", "x86_64", "--memory", "1G", "--virtio-mmio", "101").out
        self.assertRegex(out, r"\n\nwarning: \S+ at virtio-mmio: .+\n$")

    def test_an_alias_map_takes_an_address_bit(self):
        request = ["--arch", "x86_64", "--memory", "8G", "--vtl2-alias-map", "--host-bits", "40"]
        out = self.ok("resolve", "--advise", *request).out
        self.assertIn("required address bits  35\nVTL2 alias map         takes one of these bits\n", out)
        self.assertRegex(out, r"\nchipset-high-mmio +512 MiB +503 GiB ")
        out = self.ok("map", *request).out
        self.assertIn("35 of 40 address bits\n", out)
        self.assertIn(" host limit, 39 bits of 40, 512 GiB ", out)
        self.assertIn("5 bits left: the host’s limit is 512 GiB", self.ok("map", "--svg", "-", *request).out)
        created = self.ok("create", "alias", *request).out
        self.assertIn("VTL2 alias map  ", created)
        self.assertEqual(json.loads(self.ok("get", "--json", "alias").out)["result"]["layout"]["vtl2"], {"alias_map": True})
        self.ok("delete", "alias")

    def test_devices_make_a_window_of_their_size(self):
        out = self.ok("resolve", "--arch", "x86_64", "--memory", "64G", RC, "gpus,bars=128G+32M,bars=128G+32M,low_bars=16M").out
        found = {row[4]: row for row in rows(out)}
        self.assertEqual(found["pcie-gpus-high-mmio"][:3], ("0x2000000000", "0x8040000000", "385 GiB"))
        self.assertEqual(found["pcie-gpus-low-mmio"][2], "16 MiB")
        for more, text in (("vfs=7:3M", "a BAR is a power of two"), ("bars=1G+1G+1G+1G+1G+1G+1G", "at most 6"), ("vfs=0:1G", "from 1 to 256")):
            flag = f"{RC} a,bars=1G,{more}"
            result = self.ctl("resolve", "--arch", "x86_64", "--memory", "1G", *flag.split())
            self.assertIn(f" at {flag}: ", result.err)
            self.assertIn(text, result.err)

    def test_rooms_and_cxl_windows_are_shown(self):
        out = self.ok("resolve", "--arch", "x86_64", "--numa", "4G", "--numa", "2G", RC, "c0,cxl", RC, r"c\+1,segment=1,cxl", "--cxl-window",
                      r"w\,0,size=1G,targets=c\+1+c0,granularity=4K", "--cxl-window", "w1,size=512M,targets=c0", "--hotplug", "16G,node=1",
                      "--hotplug", "4G").out
        self.assertIn("\n\nHOTPLUG ROOM  NODE    SIZE\n"
                      "hotplug-0        1  16 GiB\n"
                      "hotplug-1        0   4 GiB\n"
                      "\nCXL WINDOW  GRANULARITY  TARGETS\n"
                      "w,0               4 KiB  c\\+1+c0\n"
                      "w1                256 B  c0\n", out)
        self.assertLessEqual({"hotplug-0", "hotplug-1", "cxl-window-w,0", "cxl-window-w1"}, {row[4] for row in rows(out)})
        out = self.ok("map", "--arch", "x86_64", "--memory", "4G", RC, "c0,cxl", "--cxl-window", "w,size=1G,targets=c0", "--hotplug", "4G",
                      env={"LC_ALL": "C"}).out
        self.assertRegex(out, r"(?m)\| cxl-window-w +1 GiB  w, over 1 root complex$")
        self.assertRegex(out, r"(?m)\| hotplug-0 +4 GiB  for node 0$")
        self.assertIn("** CXL  .. hotplug room", out)

    def test_a_low_ram_window_belongs_to_node_0(self):
        out = self.ok("resolve", "--arch", "aarch64", "--memory", "1G", "--memory-start", "1G", "--memory-low-window", "64M").out
        self.assertEqual([row[:2] for row in rows(out) if row[4] == "ram0"], [("0x0", "0x4000000"), ("0x40000000", "0x7c000000")])
        self.refused("invalid_memory", "--memory-low-window 3M", "resolve", "--memory", "1G", "--memory-low-window", "3M")

    def test_the_user_chooses_which_warnings_are_refused(self):
        big = ["--arch", "x86_64", "--memory", "1G", "--virtio-mmio", "101"]
        for refused in (["all"], ["many_virtio_mmio_slots"], ["ram_not_at_zero", "many_virtio_mmio_slots"], ["no_low_memory", "all"]):
            flags = [word for token in refused for word in ("--refuse", token)]
            for command in (["resolve"], ["create", "vm-r"], ["create", "vm-r", "--json"]):
                result = self.ctl(*command, *big, *flags)
                self.assertEqual(result.code, REFUSED)
                self.assertIn("warning_refused at --refuse: ", result.err)
                self.assertIn("\nwarning: many_virtio_mmio_slots at virtio-mmio: ", result.err)
        self.ok("resolve", *big, "--refuse", "ram_not_at_zero")
        self.ok("create", "vm-r", *big)
        self.addCleanup(self.ctl, "delete", "vm-r")
        self.refused("warning_refused", "--refuse", "update", "vm-r", "--set", "memory.nodes.0=512M", "--allow-moves", "--refuse", "all")
        # An existing layout is not checked again.
        self.assertIn("already there", self.ok("create", "vm-r", *big, "--refuse", "all").out)

    def test_allocate_shows_the_map(self):
        out = self.ok("allocate", "-", stdin=b'{"ram": [{"tag": "r", "size": "2GiB", "alignment": "1GiB"}],'
                      b' "fixed": [{"tag": "f", "start": "0x40000000", "end": "0x80000000"}]}').out
        self.assertEqual(rows(out), [("0x0", "0x40000000", "1 GiB", "ram", "r"),
                                     ("0x40000000", "0x80000000", "1 GiB", "fixed", "f"),
                                     ("0x80000000", "0xc0000000", "1 GiB", "ram", "r")])

    def test_policies_lists_all_three_and_the_default(self):
        out = self.ok("policies").out
        self.assertEqual(re.findall(r"^(openvmm-\S+?)( \(default\))?: ", out, re.M),
                         [("openvmm-2026.05", ""), ("openvmm-2026.06", ""), ("openvmm-2026.07", " (default)")])
        self.assertRegex(out, r"(?m)^low_mmio of a root complex   64 MiB$")
        self.assertRegex(out, r"(?m)^DEFAULT .*gen2-uefi.*linux-direct-unenlightened")
        # The output agrees with the daemon.
        policies = self.daemon.call("policy.list")["result"]["policies"]
        shown = [re.findall(r"(?m)^chipset.high_mmio +(.*)$", part)[0].split() for part in out.split("\n\n")]
        for policy, cells in zip(policies, shown):
            sizes = [int(profile["chipset"]["high_mmio"], 16) for profile in policy["defaults"]["profiles"].values()]
            self.assertEqual([cell for cell in cells if cell != "MiB"], [str(size >> 20) for size in sizes])

    def test_info_shows_sockets_and_limits(self):
        out = self.ok("info").out
        self.assertRegex(out, rf"(?m)^control socket  {re.escape(self.daemon.socket)}$")
        self.assertRegex(out, r"(?m)^version +\d")
        self.assertRegex(out, r"(?m)^default policy  openvmm-2026\.07$")
        self.assertRegex(out, r"(?m)^request_line_bytes +1 MiB$")

    def test_schema_prints_the_openrpc_document(self):
        document = json.loads(self.ok("schema").out)
        self.assertIn("openrpc", document)
        self.assertIn("layout.resolve", [method["name"] for method in document["methods"]])

    def test_call_reaches_any_method(self):
        self.assertEqual(json.loads(self.ok("call", "daemon.info").out), self.daemon.call("daemon.info")["result"])
        params = {"request": {"arch": "x86_64", "memory": {"nodes": ["1GiB"]}}}
        self.assertEqual(json.loads(self.ok("call", "layout.resolve", json.dumps(params)).out),
                         self.daemon.call("layout.resolve", params)["result"])

    def test_json_is_what_the_daemon_sent(self):
        line = b'{"jsonrpc":"2.0","id":1,"method":"policy.list"}\n'
        with self.daemon.connect() as client:
            client.send(line)
            self.assertEqual(self.ok("policies", "--json").raw, client.read_line() + b"\n")

    def test_refusals_name_the_member_and_give_a_hint(self):
        self.refused("bad_size", "--memory 1.5G", "resolve", "--memory", "1.5G")
        self.refused("bad_size", "--numa 64m", "resolve", "--numa", "1G", "--numa", "64m")
        self.refused("unknown_member", "/memry of standard input", "resolve", "-",
                     stdin=b'{"arch":"x86_64","memory":{"nodes":["1G"]},"memry":1}')
        self.refused("missing_member", "--memory", "resolve", "--arch", "x86_64")
        self.refused("unknown_policy", "--policy openvmm-1999.01", "resolve", "--memory", "1G", "--policy", "openvmm-1999.01")
        self.refused("method_not_found", None, "call", "no.such")
        result = self.ctl("resolve", "--memory", "1G", RC, "rc0,start_bus=9,end_bus=3")
        self.assertEqual(result.code, REFUSED)
        self.assertIn("invalid_bus_range", result.err)

    def test_no_room_says_what_would_fit(self):
        result = self.ctl("resolve", "--arch", "x86_64", "--memory", "1G", RC, "rc0,low_mmio=3968M", RC,
                          "rc1,segment=1,low_mmio=64M")
        self.assertEqual(result.code, NO_ROOM)
        self.assertIn("exhausted", result.err)
        self.assertIn("\nhint: ~1.94 GiB (1984M) for each of the 2 low MMIO windows would fit there, but a later check may still refuse the request\n", result.err)

    def test_too_few_host_bits_say_how_many_are_needed(self):
        result = self.ctl("resolve", "--arch", "x86_64", "--memory", "64G", "--host-bits", "36")
        self.assertEqual(result.code, NO_ROOM)
        self.assertIn("address_width_exceeded", result.err)
        self.assertIn("needs 37 address bits, but the host has 36: if nothing else changes, ram0 can have 62.5 GiB (64000M)\n", result.err)

    def test_a_request_above_the_limit_is_refused(self):
        result = self.ctl("allocate", "-", stdin=b'{"ram": ["' + b"y" * (3 << 20) + b'"]}')
        self.assertEqual(result.code, REFUSED, result.err)
        self.assertIn("message_too_large", result.err)

    def test_the_inspect_socket_resolves_too(self):
        result = ctl("--socket", self.daemon.inspect_socket, "resolve", "--memory", "1G")
        self.assertEqual((result.code, result.err), (OK, ""))


if __name__ == "__main__":
    main()
