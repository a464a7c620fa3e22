#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The configuration file: what it may contain, which source wins, and what is shown of it. The installed sample has
every option."""

import os
import random
import re
import shutil
import socket
import subprocess
import tempfile
import unittest

from ctl_harness import ctl
from harness import GPALAYOUTD, PATIENCE, PROGRAM, TOP_SRCDIR, Client, Daemon, main
from test_service import Manager

SEED = int(os.environ.get("CONFIG_SEED", "1"))
SAMPLE = os.path.join(TOP_SRCDIR, "systemd", "gpalayoutd.conf")
HELP = subprocess.run([GPALAYOUTD, "--help"], capture_output=True, text=True, check=True).stdout
NO_KEYS = ["config", "check-config", "restore", "version", "help"]
# The default is no in builds whose runtime needs more system calls.
CONFINE = re.search(r"(?ms)^  --confine=.*?\[(yes|no)\]$", HELP)[1]
KEYS = [name for name in re.findall(r"(?m)^  --([a-z-]+)", HELP) if name not in NO_KEYS]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in ("RUNTIME_DIRECTORY", "STATE_DIRECTORY")}


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="gpalayoutd-test-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = os.path.join(self.folder, "gpalayoutd.conf")

    def write(self, content):
        with open(self.path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())

    def check_config(self, *options, before=(), env=None):
        return subprocess.run([*before, GPALAYOUTD, f"--config={self.path}", "--check-config", *options],
                              capture_output=True, timeout=PATIENCE, check=False, env=env)

    def assert_fine(self, content, *options):
        self.write(content)
        done = self.check_config(*options)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertIn(self.path.encode(), done.stdout)

    def assert_wrong(self, content, *complaints, options=()):
        """Each complaint is LINE: TEXT, where TEXT is a part of the message."""
        self.write(content)
        done = self.check_config(*options)
        self.assertEqual((done.returncode, done.stdout), (2, b""))
        said = done.stderr.decode().splitlines()
        self.assertEqual(len(said), len(complaints), said)
        for line, complaint in zip(said, complaints):
            number, _, text = complaint.partition(": ")
            self.assertTrue(line.startswith(f"gpalayoutd: {self.path}:{number}: "), line)
            self.assertIn(text, line)


class Reading(Case):
    def test_space_comments_and_blank_lines_do_not_count(self):
        self.assert_fine("# a comment\n\n \t\n  # another = one, \xe4\xf6\xfc\n\tsocket\t=  /tmp/a b \t\nsocket-mode=0600\r\n\r\n")

    def test_an_empty_file_and_one_without_a_line_end_are_fine(self):
        for content in ("", "\n", "# x", "log-level = debug", "require-state = no\r"):
            with self.subTest(content):
                self.assert_fine(content)

    def test_the_last_line_without_its_end_is_read(self):
        self.assert_wrong("\nlog-level = loud", "2: log-level: expected error")

    def test_each_wrong_line_is_named_and_says_what_is_right(self):
        self.assert_wrong(
            "sokcet = /x\n" "# fine\n" "socket-mode = 888\n" "store = disk\n" "require-state = true\n"
            "default-policy = openvmm\n" "socket-group = no-such-group\n" "limit = colour=1\n" "limit = connections\n"
            "limit = connections=0\n" "limit = memory_nodes=1\n" "log-level = loud\n" "Socket = /x\n",
            "1: sokcet: no such key; the keys are: " + " ".join(KEYS), "3: octal", "4: sqlite or memory", "5: yes or no",
            "6: openvmm-2026.07", "7: no such group", "8: no such limit", "9: NAME=VALUE", "10: out of range",
            "11: part of the protocol", "12: debug", "13: no such key")

    def test_limits_say_which_there_are_and_how_large(self):
        self.assert_wrong("limit = conections=5\nlimit = connections=0\nlimit = list_page=1000000000\n",
                          "1: no such limit; the limits are: request_line_bytes reply_bytes connections ",
                          "2: limit: the value is out of range: expected 1 to ", "3: out of range: expected 1 to ")

    def test_sockets_have_paths_that_fit(self):
        self.assert_wrong(f"socket = /{'x' * 107}\ninspect-socket = /{'x' * 107}\n",
                          "1: socket: a socket path may have at most 107 bytes", "2: inspect-socket: a socket path may have at most 107 bytes")
        self.assert_wrong("socket = none\n", "1: socket: the control socket cannot be turned off")
        self.assert_fine(f"socket = /{'x' * 106}\ninspect-socket = none\n")
        # The default of inspect-socket would be too long.
        self.assert_wrong(f"socket = /{'x' * 100}/c\n", "1: socket: the default of inspect-socket, beside this path, has more than")

    def test_options_of_the_command_line_alone_are_no_keys(self):
        for key in NO_KEYS:
            with self.subTest(key):
                self.assert_wrong(f"{key} = x\n", f"1: {key}: this option may only be on the command line")

    def test_a_key_is_given_once(self):
        self.assert_wrong("store = sqlite\n\nstore = sqlite\n", "3: store is given twice; line 1 has it already")
        self.assert_fine("limit = connections=9\nlimit = list_page=9\n")
        self.assert_wrong("limit = connections=9\nlimit = list_page=9\nlimit = connections=9\n",
                          "3: limit: connections is given twice; line 1 has it already")

    def test_a_value_is_needed(self):
        for line in ("socket", "socket =", "socket = \t", "socket=\r", "socket /x"):
            with self.subTest(line):
                self.assert_wrong(f"{line}\n", "1: no such key" if "/x" in line else "1: a value is missing; expected socket = PATH")
        self.assert_wrong("require-state\n", "1: expected require-state = yes|no")
        self.assert_wrong("= /x\n", "1: expected KEY = VALUE")

    def test_the_syntax_of_other_formats_is_refused(self):
        self.assert_wrong("socket = /x # here\n", "1: a comment must be on a line of its own")
        self.assert_wrong("socket = # here\n", "1: a comment must be on a line of its own")
        self.assert_wrong("socket = /x#y # here\n", "1: a comment must be on a line of its own")
        self.assert_wrong("socket = \"/x\"\n", "1: remove the quotes")
        self.assert_wrong("[daemon]\n", "1: no such key")
        self.assert_fine("socket = /x#1\n")

    def test_options_that_exclude_each_other_name_the_line(self):
        self.assert_wrong("store = memory\nstate-dir = /x\n", "2: state-dir: the memory store has no folder")
        self.assert_wrong("require-state = yes\nstore = memory\n", "1: require-state: the memory store is empty at each start")
        self.assert_wrong("socket = /x\n\ninspect-socket = /x\n", "3: inspect-socket: each socket needs a path of its own")
        self.assert_wrong("socket = /x/inspect.sock\n",
                          "1: socket: each socket needs a path of its own, and this is the default of inspect-socket")

    def test_bytes_that_are_not_text_are_refused_at_their_line(self):
        for junk, text in ((b"\0", "control character"), (b"\x1b[31m", "control character"), (b"a\rb", "control character"),
                           (b"\x7fELF", "control character")):
            with self.subTest(junk):
                self.assert_wrong(b"# x\n" + junk + b"\nsokcet = 1\n", f"2: {text}")
        self.assert_wrong(b"\xef\xbb\xbfstore = sqlite\n", "1: a byte order mark")
        self.assert_wrong(b"state-dir = /\xff\n", "1: not UTF-8")
        for value in (b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\xf0\x80\x80\x80", b"\x80", b"\xe0\x80\x80"):
            with self.subTest(value):
                self.assert_wrong(b"state-dir = /" + value + b"\n", "1: not UTF-8")
        self.assert_fine("state-dir = /\xe4\u20ac\U0001f600\U0010ffff\n")

    def test_a_line_has_at_most_4096_bytes(self):
        self.assert_fine("#" * 4096 + "\nstate-dir = /" + "x" * 4000 + "\n")
        self.assert_wrong("\n" + "#" * 4097 + "\n", "2: the line has more than 4096 bytes")
        self.assert_wrong("k" * 4000 + " = 1\n", "1: kkk")

    def test_a_large_file_is_refused(self):
        self.assert_fine("#\n" * 32768)
        self.write("#\n" * 32768 + "\n")
        done = self.check_config()
        self.assertEqual((done.returncode, done.stderr.decode()), (2, f"gpalayoutd: {self.path}: it is larger than 64 KiB\n"))

    def test_any_bytes_are_accepted_or_refused(self):
        draw = random.Random(SEED)
        pieces = [*(key.encode() for key in KEYS), b"=", b" ", b"\n", b"#", b"\0", b"\xff", b"\"", b"0660", b"none", b"yes", b"a=1", b"\t", b"\r"]
        for number in range(60):
            content = b"".join(draw.choice(pieces) for _ in range(draw.randrange(40)))
            if number % 3 == 0:
                content = draw.randbytes(draw.randrange(2000))
            with self.subTest(seed=SEED, content=content):
                self.write(content)
                done = self.check_config()
                self.assertIn(done.returncode, (0, 2))
                self.assertEqual(bool(done.stderr), done.returncode == 2, done.stderr)

    def test_a_file_that_cannot_be_read_is_named(self):
        cases = [(self.folder, "it is a folder"), (self.path, "No such file or directory"), ("/dev/zero", "it is not a regular file")]
        os.mkfifo(os.path.join(self.folder, "fifo"))
        cases.append((os.path.join(self.folder, "fifo"), "it is not a regular file"))
        for path, text in cases:
            with self.subTest(path):
                done = subprocess.run([GPALAYOUTD, f"--config={path}", "--check-config"], capture_output=True, text=True,
                                      timeout=PATIENCE, check=False)
                self.assertEqual(done.returncode, 2)
                self.assertTrue(done.stderr.startswith(f"gpalayoutd: {path}: {text}"), done.stderr)

        done = subprocess.run([GPALAYOUTD, "--config=", "--check-config"], capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual((done.returncode, done.stderr),
                         (2, "gpalayoutd: --config: the name of a file must not be empty; use none for no file\n"))

    def test_complaints_are_errors_to_the_journal(self):
        self.write("store = disk\n")
        ours, theirs = socket.socketpair()
        with ours, theirs:
            info = os.fstat(theirs.fileno())
            done = subprocess.run([GPALAYOUTD, f"--config={self.path}", "--check-config"], stderr=theirs, timeout=PATIENCE,
                                  env=dict(os.environ, JOURNAL_STREAM=f"{info.st_dev}:{info.st_ino}"), check=False)
            said = ours.recv(4096).decode()
        self.assertEqual((done.returncode, said), (2, f"<3>gpalayoutd: {self.path}:1: store: expected sqlite or memory\n"))

    def test_a_file_that_may_not_be_read_is_named(self):
        self.write("log-level = debug\n")
        os.chmod(self.path, 0)
        # Without capabilities, root may not read the file either.
        done = self.check_config(before=["setpriv", "--bounding-set=-all"] if os.getuid() == 0 else [])
        self.assertEqual((done.returncode, done.stderr.decode()), (2, f"gpalayoutd: {self.path}: Permission denied\n"))


class Checking(Case):
    def test_nothing_is_started(self):
        self.write(f"socket = {self.folder}/s\nstate-dir = {self.folder}/state\n")
        self.assertEqual(self.check_config().returncode, 0)
        self.assertEqual(os.listdir(self.folder), ["gpalayoutd.conf"])

    def test_the_command_line_is_checked_too(self):
        self.write("")
        for options, text in ((["--log-level=loud"], b"--log-level=loud: expected error"), (["extra"], b"extra: unexpected argument"),
                              (["--store=memory", "--state-dir=/x"], b"--state-dir: the memory store has no folder")):
            done = self.check_config(*options)
            self.assertEqual((done.returncode, done.stdout), (2, b""))
            self.assertIn(text, done.stderr)

    def test_a_wrong_variable_is_named(self):
        for variable, value in (("RUNTIME_DIRECTORY", "/" + "x" * 120), ("STATE_DIRECTORY", os.fsdecode(b"/\xff"))):
            done = subprocess.run([*PROGRAM, "--check-config"], capture_output=True, text=True, timeout=PATIENCE,
                                  check=False, env={**os.environ, variable: value})
            self.assertEqual((done.returncode, done.stderr.split(": ")[:2]), (1, ["gpalayoutd", f"${variable}"]))

    def test_a_wrong_variable_that_is_not_used_does_no_harm(self):
        for options in (["--check-config", "--socket=/tmp/s", "--store=memory"], ["--help"]):
            done = subprocess.run([*PROGRAM, *options], capture_output=True, text=True, timeout=PATIENCE, check=False,
                                  env={**os.environ, "RUNTIME_DIRECTORY": "/" + "x" * 120, "STATE_DIRECTORY": os.fsdecode(b"/\xff")})
            self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_none_reads_no_file(self):
        done = subprocess.run([*PROGRAM, "--check-config"], capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, "gpalayoutd: the options are valid; no configuration file was read\n"))

    def test_the_file_of_the_system_is_read_if_it_is_there(self):
        default = re.search(r"\[(\S+), if it exists\]", HELP)[1]
        if not os.path.isdir(os.path.dirname(default)):
            self.skipTest(f"no folder {os.path.dirname(default)}")
        # The mount is visible only inside the test.
        script = 'mount -t tmpfs none "$1" && { test -z "$2" || echo "$2" >"$1/gpalayoutd.conf"; } || exit 77; shift 2; exec "$@"'
        for content, code, text in (("sokcet = /x", 2, f"{default}:1: sokcet"), ("log-level = info", 0, f"gpalayoutd: the options and {default} are valid\n"),
                                    ("", 0, "no configuration file")):
            with self.subTest(content):
                done = subprocess.run(["unshare", "--mount", "sh", "-c", script, "sh", os.path.dirname(default), content,
                                       GPALAYOUTD, "--check-config"], capture_output=True, text=True, timeout=PATIENCE, check=False)
                if done.returncode == 77 or done.stderr.startswith("unshare: "):
                    self.skipTest(f"no mounts here: {done.stderr}")
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(text, done.stdout + done.stderr)


def options_of(info):
    return [(option["name"], option.get("value"), option["from"]) for option in info["options"]]


class Sources(Case):
    """The values in force and their sources. The command line wins over the file, and the file over the environment."""

    def serve(self, *options, environment=None):
        """Starts a daemon with the file. Returns daemon.info, and the options that the harness does not set."""
        with Daemon(f"--config={self.path}", *options, env=environment) as daemon:
            self.shown = ctl("--socket", daemon.socket, "info").out
            result = daemon.call("daemon.info", inspect=True)["result"]
            return result, [option for option in options_of(result) if option[0] not in ("socket", "inspect-socket", "state-dir")]

    def test_each_source(self):
        self.write("socket-mode = 0600\nadmin-group = 0\nstore = sqlite\nlog-level = warning\nrequire-state = yes\n"
                   "limit = connections=100\nlimit = drain_ms=4000\nlimit = events_kept=1KiB\n")
        result, options = self.serve("--log-level=error", "--limit=drain_ms=3000", "--limit", "list_page=9", "--require-state=no",
                                     "--inspect-socket-mode=0644")
        self.assertEqual(options, [
            ("ttrpc-socket", "none", "default"), ("socket-mode", "0600", "file"),
            ("inspect-socket-mode", "0644", "command line"), ("socket-group", None, "default"),
            ("admin-group", "0", "file"), ("store", "sqlite", "file"), ("require-state", "no", "command line"),
            ("default-policy", "openvmm-2026.07", "default"), ("limit", "connections=100", "file"),
            ("limit", "list_page=9", "command line"), ("limit", "events_kept=1024", "file"),
            ("limit", "drain_ms=3000", "command line"), ("user", None, "default"), ("confine", CONFINE, "default"), ("log-level", "error", "command line")])
        self.assertEqual([result["limits"][name] for name in ("connections", "list_page", "events_kept", "drain_ms")],
                         [100, 9, 1024, 3000])
        table = [re.split(r" {2,}", line.rstrip()) for line in self.shown.split("\n\n")[-1].splitlines()]
        self.assertEqual(table, [["OPTION", "VALUE", "FROM"]] +
                         [[name, value or "-", source] for name, value, source in options_of(result)])

    def test_the_values_take_effect(self):
        self.write("default-policy = openvmm-2026.05\nlog-level = debug\nsocket-mode = 0640\n")
        with Daemon(f"--config={self.path}") as daemon:
            self.assertEqual(os.stat(daemon.socket).st_mode & 0o777, 0o640)
            self.assertEqual(daemon.call("policy.list")["result"]["default"], "openvmm-2026.05")
            daemon.wait_log("level=debug")

    def test_an_option_that_takes_no_value_on_the_command_line(self):
        self.write("require-state = no\n")
        with Daemon() as daemon:
            daemon.stop()
            daemon.options += ["--require-state", f"--config={self.path}"]
            daemon.start()
            self.assertIn(("require-state", "yes", "command line"), options_of(daemon.call("daemon.info")["result"]))

    def test_the_store_in_memory_of_the_command_line_wins_over_a_folder_of_the_file(self):
        self.write("state-dir = /nonexistent/x\nrequire-state = yes\n")
        with Daemon(f"--config={self.path}", "--store=memory") as daemon:
            options = options_of(daemon.call("daemon.info")["result"])
            self.assertEqual([options[index] for index in (7, 8, 9)],
                             [("store", "memory", "command line"), ("state-dir", None, "default"), ("require-state", "no", "default")])

    def socket_and_state_options(self, manager, path):
        """Returns the options of the sockets and of the state folder, with their sources."""
        manager.wait_notified("READY=1")
        with Client(path) as client:
            options = options_of(client.call("daemon.info")["result"])
        self.assertEqual(manager.stop()[0], 0)
        return [option for option in options if option[0].startswith(("socket", "inspect", "ttrpc", "state"))]

    def test_paths_of_sockets_and_state(self):
        for file, line, socket, source in ((False, False, "control", "environment"), (True, False, "file", "file"),
                                           (True, True, "line", "command line")):
            with self.subTest(source), Manager() as manager:
                self.write(f"socket = {manager.path('file')}\nstate-dir = {manager.folder}/file\n" if file else "# nothing\n")
                options = [f"--socket={manager.path('line')}", f"--state-dir={manager.folder}/line"] if line else []
                manager.process = subprocess.Popen(
                    [GPALAYOUTD, f"--config={self.path}", *options], stderr=subprocess.PIPE,
                    env={**ENVIRONMENT, "NOTIFY_SOCKET": manager.folder + "/notify", "RUNTIME_DIRECTORY": manager.folder,
                         "STATE_DIRECTORY": manager.folder + "/control"})
                self.assertEqual(self.socket_and_state_options(manager, manager.path(socket)), [
                    ("socket", manager.path(socket), source), ("inspect-socket", manager.path("inspect"), "default"),
                    ("ttrpc-socket", "none", "default"),
                    ("socket-mode", "0660", "default"), ("inspect-socket-mode", "0666", "default"), ("socket-group", None, "default"),
                    ("state-dir", f"{manager.folder}/{socket}", source)])

    def test_sockets_of_the_service_manager_win(self):
        self.write("socket = /nonexistent/s\nsocket-mode = 0600\nsocket-group = 0\ninspect-socket = none\n")
        for names in (("control", "inspect"), ("control",), ("ttrpc", "control")):
            # If an option is given twice, the later one counts.
            with self.subTest(names), Manager(f"--config={self.path}", sockets=names) as manager:
                manager.start()
                source = "service manager"
                self.assertEqual(self.socket_and_state_options(manager, manager.path("control")), [
                    ("socket", manager.path("control"), source),
                    ("inspect-socket", manager.path("inspect") if "inspect" in names else "none", source),
                    ("ttrpc-socket", manager.path("ttrpc") if "ttrpc" in names else "none", source),
                    ("socket-mode", None, source), ("inspect-socket-mode", None, source), ("socket-group", None, source),
                    ("state-dir", manager.state, "command line")])


class Sample(Case):
    """The installed file has every option, commented out, with its default."""

    @classmethod
    def setUpClass(cls):
        with open(SAMPLE, encoding="utf-8") as file:
            cls.text = file.read()
        cls.lines = re.findall(r"(?m)^#([a-z-]+) = (.*)$", cls.text)

    def test_all_lines_are_comments(self):
        self.assertEqual([line for line in self.text.splitlines() if line and not line.startswith("#")], [])

    def test_the_sample_has_each_option_once(self):
        self.assertEqual(list(dict.fromkeys(name for name, _ in self.lines)), KEYS)
        self.assertEqual([name for name, _ in self.lines if name != "limit"], [key for key in KEYS if key != "limit"])

    def test_each_option_has_a_sentence(self):
        for key in KEYS:
            with self.subTest(key):
                self.assertRegex(self.text, rf"(?m)\n\n# [A-Z][^\n]*(\n# [^\n]*)*\.\n#{key} = ")

    def test_the_defaults_are_those_of_the_help_and_of_the_daemon(self):
        defaults = {}
        for name, text in re.findall(r"(?m)^  --([a-z-]+)(.*(?:\n {10,}.*)*)", HELP):
            if standard := re.search(r"\[([^\]=][^\]]*)\]$", text):
                defaults[name] = standard[1].split()[-1]
        for name, value in self.lines:
            if name in defaults and name != "inspect-socket" and (name != "confine" or CONFINE == "yes"):
                with self.subTest(name):
                    self.assertEqual(value, defaults[name])
        self.assertEqual(len(defaults), 12)  # one of these is the default of --config
        with Daemon(env=ENVIRONMENT) as daemon:
            limits = daemon.call("daemon.info")["result"]["limits"]
        fixed = ("virtio_mmio_slots", "memory_nodes", "root_complexes", "hotplug_rooms", "cxl_windows", "window_devices")
        self.assertEqual([value for name, value in self.lines if name == "limit"],
                         [f"{name}={value}" for name, value in limits.items() if name not in fixed])

    def test_the_sample_without_its_comment_signs_is_valid(self):
        self.assert_fine(re.sub(r"(?m)^#(?=[a-z-]+ = )", "", self.text))
        self.assert_fine(self.text)


if __name__ == "__main__":
    main()
