#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""front-ends/python/gpalayout.py: every method and every kind of error, with the daemon, and with peers that misbehave
in ways the daemon does not."""

import ast
import contextlib
import doctest
import functools
import inspect
import io
import json
import os
import pickle
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest
from unittest import mock

TOP_SRCDIR = os.path.abspath(os.environ.get("TOP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", "..")))
for folder in ("tests/socket", "tests/proto", "front-ends/python"):
    sys.path.insert(0, os.path.join(TOP_SRCDIR, folder))
sys.dont_write_bytecode = True  # the source tree may be read-only

import corpus
import gpalayout
from ctl_harness import FakeDaemon, conversation, refusal, reply
from harness import AS_ADMIN, GPALAYOUTCTL, PATIENCE, Daemon, DaemonTestCase, main, wait_until

DOCUMENT = corpus.load_document()
METHODS = {method["name"]: method for method in DOCUMENT["methods"]}
REQUEST = {"arch": "x86_64", "memory": {"nodes": ["1GiB"]}}
LARGE_REQUEST = {**REQUEST, "pcie": {"root_complexes": [
    {"name": f"rc{number}", "segment": number, "end_bus": 0, "low_mmio": "1MiB"} for number in range(1500)]}}
BASE = 1780000000000000  # revisions are this large in real life


def read(*path):
    return corpus.read(os.path.join(TOP_SRCDIR, *path))


def function_name(method):
    """Returns the name of the client's function for a method."""
    return method.removeprefix("layout.").removeprefix("events.").replace(".", "_")


def call_function(client, method, params):
    """Calls the function of a method. Raises TypeError if the function has no such parameters."""
    given = {"from_" if name == "from" else name: value for name, value in params.items()}
    if method == "layout.list":
        return next(client.pages(**given))
    return getattr(client, function_name(method))(**given)


def event(revision, **members):
    params = {"revision": revision, "event": "created", "name": "vm-1", "digest": "sha256:00", **members}
    return json.dumps({"jsonrpc": "2.0", "method": "layout.event", "params": params}).encode() + b"\n"


@contextlib.contextmanager
def client_of_peer(script, **options):
    """A client connected to a peer that follows a script of ctl_harness.FakeDaemon."""
    with FakeDaemon(script) as peer, gpalayout.Client(peer.path, **{"timeout": PATIENCE, **options}) as client:
        yield client


class Surface(unittest.TestCase):
    """The functions of the client, without a daemon."""

    def test_every_method_of_the_daemon_has_a_function_with_its_parameters(self):
        served = re.findall(r'\b(?:QUERY|ON_LOOP|CHANGE)\("([a-z.]+)"', read("src", "server", "methods.c"))
        self.assertGreater(len(served), 10)
        for name in served:
            with self.subTest(name):
                function = getattr(gpalayout.Client, function_name(name), None)
                self.assertIsNotNone(function, "the client has no function for this method")
                parameters = list(inspect.signature(function).parameters)[1:]
                documented = [param["name"] for param in METHODS[name]["params"]]
                self.assertCountEqual([parameter.rstrip("_") for parameter in parameters], documented)

    def test_the_members_of_every_result_are_those_that_the_protocol_requires(self):
        for name, method in METHODS.items():
            schemas = [method["result"]["schema"]]
            while "$ref" in schemas[0]:
                schema = DOCUMENT
                for part in schemas[0]["$ref"].removeprefix("#/").split("/"):
                    schema = schema[part]
                # The first of several forms is the one without params.
                schemas = [schema["oneOf"][0] if "$ref" in schema.get("oneOf", [{}])[0] else schema]
            with self.subTest(name):
                self.assertCountEqual(gpalayout.RESULT_MEMBERS[name], schemas[0].get("required", []))
        self.assertCountEqual(gpalayout.RESULT_MEMBERS, METHODS)

    def test_every_kind_of_refusal_has_a_reason_of_the_protocol(self):
        reasons = set(re.findall(r"^\| -?\d+ \| `(\w+)` \|", read("proto", "README.md"), re.MULTILINE))
        kinds = gpalayout.Refused.__subclasses__()
        self.assertLessEqual({kind.REASON for kind in kinds}, reasons)
        self.assertEqual(len({kind.REASON for kind in kinds}), len(kinds))

    def test_all_that_is_public_is_exported_and_explained(self):
        public = [name for name, value in vars(gpalayout).items()
                  if not name.startswith("_") and callable(value)]
        self.assertCountEqual(public, gpalayout.__all__)
        for name in public:
            with self.subTest(name):
                self.assertTrue(vars(gpalayout)[name].__doc__)
        for kind in (gpalayout.Client, gpalayout.Events):
            for name, value in vars(kind).items():
                if not name.startswith("_"):
                    with self.subTest(f"{kind.__name__}.{name}"):
                        self.assertTrue(value.__doc__)

    def test_the_module_is_python_3_9_and_imports_only_the_standard_library(self):
        source = read("front-ends", "python", "gpalayout.py")
        tree = ast.parse(source, feature_version=(3, 9))
        imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
        self.assertFalse(any(isinstance(node, ast.ImportFrom) for node in ast.walk(tree)))
        self.assertEqual({sys.modules[name].__spec__.origin for name in imported} & {None}, set())
        if hasattr(sys, "stdlib_module_names"):
            self.assertLessEqual(imported, sys.stdlib_module_names)
        self.assertEqual([line for line in source.splitlines() if len(line) > 100], [])

    def test_addresses_become_integers(self):
        self.assertEqual(gpalayout.address("0xffffffffffff000"), 0xffffffffffff000)
        for text in ("4096", "", "4GiB"):
            with self.subTest(text), self.assertRaises(ValueError):
                gpalayout.address(text)

    def test_a_missing_member_of_a_map_is_named(self):
        entry = {"start": "0x0", "end": "0x1000", "kind": "ram", "tag": "ram0"}
        self.assertEqual(gpalayout.ranges({"map": [{**entry, "more": 1}]}),
                         [gpalayout.Range(0, 0x1000, "ram", "ram0")])
        self.assertEqual(gpalayout.Range(0x1000, 0x3000, "ram", "ram0").size, 0x2000)
        with self.assertRaisesRegex(gpalayout.ProtocolError, "no map"):
            gpalayout.ranges({})
        for name in entry:
            rest = {other: value for other, value in entry.items() if other != name}
            with self.subTest(name), self.assertRaisesRegex(gpalayout.ProtocolError, f"no {name}"):
                gpalayout.ranges({"map": [rest]})


class Documentation(DaemonTestCase):
    def test_the_examples_of_the_module_work(self):
        with mock.patch.dict(os.environ, GPALAYOUT_SOCKET=self.daemon.socket), gpalayout.Client() as client:
            globs = {**vars(gpalayout), "client": client}
            tests = [test for test in doctest.DocTestFinder().find(gpalayout, globs=globs) if test.examples]
            self.assertGreater(len(tests), 5)
            shown = []
            for test in tests:
                doctest.DocTestRunner(verbose=False).run(test, out=shown.append)
            self.assertEqual("".join(shown), "")

    def test_the_readme_s_example_works(self):
        source, = re.findall("^```python\n(.*?)^```$", read("README.md"), re.MULTILINE | re.DOTALL)
        with mock.patch.dict(os.environ, GPALAYOUT_SOCKET=self.daemon.socket):
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(compile(source, "README.md", "exec"), {})
        self.assertRegex(printed.getvalue(), "^0x0-0x[0-9a-f]+ ram0\n")


class WithDaemon(DaemonTestCase):
    OPTIONS = AS_ADMIN

    def setUp(self):
        self.client = gpalayout.Client(self.daemon.socket, timeout=PATIENCE)
        self.addCleanup(self.client.close)

    def test_the_socket_is_the_argument_or_the_environment_s_or_the_default(self):
        elsewhere = os.path.join(self.daemon.folder, "nobody.sock")
        with mock.patch.dict(os.environ, GPALAYOUT_SOCKET=self.daemon.socket):
            with gpalayout.Client() as client:
                self.assertEqual(client.daemon_info()["sockets"]["control"], self.daemon.socket)
            with self.assertRaisesRegex(gpalayout.NoDaemon, elsewhere):
                gpalayout.Client(elsewhere)
        for value in ({}, {"GPALAYOUT_SOCKET": ""}):
            with mock.patch.dict(os.environ, value):
                if not value:
                    os.environ.pop("GPALAYOUT_SOCKET", None)
                with mock.patch.object(gpalayout, "_Connection") as connection:
                    gpalayout.Client()
                self.assertEqual(connection.call_args[0][0], "/run/gpalayoutd/control.sock")
        self.assertIn('DEFAULT_PATH "/run/gpalayoutd/control.sock"', read("include", "gpalayout", "client.h"))

    def test_a_backup_is_that_of_the_command(self):
        self.client.create("kept", REQUEST)
        mine = b"".join(self.client.backup())
        theirs = subprocess.run([GPALAYOUTCTL, "--socket", self.daemon.socket, "backup", "-"], capture_output=True,
                                timeout=PATIENCE, check=True).stdout
        self.assertEqual(mine, theirs)

    def test_a_history_has_each_change(self):
        made = self.client.create("past", REQUEST)
        self.client.delete("past")
        result = self.client.history("past")
        self.assertEqual([(event["event"], event["generation"], event["uid"]) for event in result["events"]],
                         [("created", made["generation"], os.getuid()), ("deleted", made["generation"], os.getuid())])

    def test_a_layout_with_a_warning_is_refused_if_that_is_asked_for(self):
        request = {**REQUEST, "virtio_mmio": {"slots": 101}}
        for refuse in ("all", ["many_virtio_mmio_slots"], ["no_low_memory", "many_virtio_mmio_slots"]):
            for call in (self.client.resolve, functools.partial(self.client.create, "refused")):
                with self.subTest(str(refuse)), self.assertRaises(gpalayout.WarningRefused) as caught:
                    call(request, refuse=refuse)
                self.assertEqual([warning["reason"] for warning in caught.exception.data["warnings"]], ["many_virtio_mmio_slots"])
        for refuse in (None, [], ["no_low_memory"]):
            self.assertIn("layout", self.client.resolve(request, refuse=refuse))
        self.client.create("refused", REQUEST, refuse="all")
        with self.assertRaises(gpalayout.WarningRefused):
            self.client.update("refused", request, refuse="all")
        self.client.update("refused", request)
        # An existing layout is not checked again.
        self.assertFalse(self.client.create("refused", request, refuse="all")["created"])

    def test_names_have_any_characters(self):
        names = ["a b", 'q"u\\o', "世界", "\N{SMILING FACE WITH SUNGLASSES}", "left\u202eright", "\u2028", "世" * 85]
        request = {**REQUEST, "pcie": {"root_complexes": [{"name": name, "segment": number, "end_bus": 0, "cxl": {}}
                                                          for number, name in enumerate(names)]},
                   "cxl_windows": [{"name": name, "targets": [name], "size": "256MiB"} for name in names],
                   "reserved": [{"name": name, "start": (256 + number) << 30, "end": (257 + number) << 30} for number, name in enumerate(names)]}
        self.client.create("names", request)
        live = self.client.get("names")
        self.assertEqual([rc["name"] for rc in live["request"]["pcie"]["root_complexes"]], names)
        self.assertEqual([(window["name"], window["targets"]) for window in live["layout"]["cxl_windows"]], [(name, [name]) for name in names])
        tags = {each.tag for each in gpalayout.ranges(live["layout"])}
        self.assertLessEqual({f"cxl-window-{name}" for name in names}, tags)
        self.assertEqual([each["name"] for each in live["request"]["reserved"]], names)
        for name in names:
            self.assertEqual(self.client.explain(name="names", tag=f"pcie-{name}-low-mmio")["ranges"][0]["tag"], f"pcie-{name}-low-mmio")
        with self.assertRaises(gpalayout.Refused) as caught:
            self.client.explain(name="names", tag="pcie-\ud800")  # no Unicode text has half a character
        self.assertEqual(caught.exception.reason, "invalid_utf8")

    def test_every_page_of_a_list_is_read(self):
        names = [f"zz-{number}" for number in range(7)]  # sorted after those of all other tests
        for name in names:
            self.client.create(name, REQUEST)
        for limit in (None, 1, 3, 7):
            with self.subTest(limit=limit):
                entries = self.client.list(after="zz", limit=limit)
                self.assertEqual([entry["name"] for entry in entries], names)
                pages = list(self.client.pages(after="zz", limit=limit))
                self.assertEqual(len(pages), -(-7 // (limit or 7)))

    def test_a_reply_that_takes_many_reads(self):
        layout = self.client.resolve(LARGE_REQUEST)["layout"]
        self.assertGreater(len(json.dumps(layout)), 10 * gpalayout.READ_SIZE)
        self.assertEqual(layout["map"][-1]["end"], layout["top"])

    def test_a_line_that_is_too_long_is_refused_and_the_client_goes_on(self):
        for size in (1 << 20, 16 << 20):
            with self.subTest(size=size):
                with self.assertRaises(gpalayout.Refused) as caught:
                    self.client.call("policy.list", {"x": "y" * size})
                self.assertEqual((caught.exception.code, caught.exception.reason), (-32001, "message_too_large"))
                self.assertIn("default", self.client.policy_list())

    def test_the_inspect_socket_has_no_changes(self):
        with gpalayout.Client(self.daemon.inspect_socket) as client:
            with self.assertRaises(gpalayout.MethodNotFound):
                client.create("a", REQUEST)
            self.assertEqual(client.resolve(REQUEST), self.client.resolve(REQUEST))

    def test_refusals_survive_a_process_pool(self):
        with self.assertRaises(gpalayout.NotFound) as caught:
            self.client.get("nobody")
        again = pickle.loads(pickle.dumps(caught.exception))
        self.assertIs(type(again), gpalayout.NotFound)
        self.assertEqual((str(again), again.data), (str(caught.exception), caught.exception.data))

    def test_events_come_between_replies_on_one_connection(self):
        revision = self.client.subscribe()["revision"]
        self.assertIsNone(self.client.next_event(0))
        self.client.create("between", REQUEST)
        self.client.update("between", {**REQUEST, "virtio_mmio": {"slots": 1}})
        self.client.delete("between")
        found = [self.client.next_event(PATIENCE) for _ in range(3)]
        self.assertEqual([(each["event"], each["name"]) for each in found],
                         [(what, "between") for what in ("created", "updated", "deleted")])
        self.assertEqual(found[0].get("follows", found[0]["revision"] - 1), revision)
        self.assertIsNone(self.client.next_event(0))

    def test_a_select_loop_takes_events_as_they_come(self):
        def create(numbers):
            for number in numbers:
                self.client.create(f"selected-{number}", REQUEST)

        revision = next(self.client.pages())["revision"]
        create(range(50))
        with self.client.events(since=revision) as events:
            names = []
            while len(names) < 100:
                while each := events.wait(0):
                    names.append(each["name"])
                if len(names) == 50:
                    self.assertEqual(select.select([events], [], [], 0)[0], [])
                    create(range(50, 100))
                if len(names) < 100:
                    self.assertEqual(select.select([events], [], [], PATIENCE)[0], [events])
        self.assertEqual(names, [f"selected-{number}" for number in range(100)])

    def test_events_before_the_iterator_is_asked_are_not_missed(self):
        with self.client.events() as events:
            self.client.create("soon", REQUEST)
            self.assertEqual(next(events)["name"], "soon")

    def test_lost_events_are_an_error_that_says_where_to_begin(self):
        with self.assertRaises(gpalayout.ResyncRequired) as caught:
            self.client.events(since=1)
        with self.client.events(since=caught.exception.data["revision"]) as events:
            self.client.create("afresh", REQUEST)
            self.assertEqual(events.wait(PATIENCE)["name"], "afresh")


class Examples(unittest.TestCase):
    """Runs the recorded examples through the functions of the client."""

    def play(self, example, daemon):
        """Runs the steps that are requests or events. Returns how many there were."""
        run = corpus.Run(daemon)
        taken = 0
        with contextlib.ExitStack() as stack:
            clients = {}
            for step in example.steps:
                if step.inspect not in clients:
                    path = daemon.inspect_socket if step.inspect else daemon.socket
                    clients[step.inspect] = stack.enter_context(gpalayout.Client(path, timeout=PATIENCE))
                client = clients[step.inspect]
                if not step.sends:
                    found = {"jsonrpc": "2.0", "method": "layout.event", "params": client.next_event(PATIENCE)}
                    self.assertEqual(run.received(found), step.content["notification"])
                    taken += 1
                elif step.request and step.method:
                    self.compare(step, run, self.ask(client, run.sent(step.request)))
                    taken += 1
        return taken

    def ask(self, client, request):
        """Returns the reply in the form in which the client returns it."""
        params = request.get("params", {})
        try:
            try:
                result = call_function(client, request["method"], params)
            except (TypeError, AttributeError):  # the client has no such function or parameter
                result = client.call(request["method"], params)
            return {"result": result}
        except gpalayout.Refused as refused:
            self.assertEqual(refused.data["reason"], refused.reason)
            self.assertEqual(refused.data.get("pointer"), refused.pointer)
            for kind in gpalayout.Refused.__subclasses__():
                self.assertEqual(isinstance(refused, kind), refused.reason == kind.REASON)
            return {"error": {"code": refused.code, "message": refused.message, "data": refused.data}}

    def compare(self, step, run, found):
        found = run.received(found)
        if step.exact:
            self.assertEqual(found, {name: step.reply[name] for name in step.reply if name in ("result", "error")})
        else:
            self.assertEqual(set(found), set(step.reply) & {"result", "error"})

    def test_each_example_is_answered_as_recorded(self):
        taken = 0
        with Daemon(*AS_ADMIN) as shared:
            for example in corpus.load_examples():
                with self.subTest(example.name), contextlib.ExitStack() as stack:
                    own = example.has_own_daemon
                    taken += self.play(example, stack.enter_context(Daemon(*AS_ADMIN, *example.options)) if own else shared)
        self.assertGreater(taken, 100)


class Restarts(unittest.TestCase):
    """The daemon stops and starts again."""

    def test_events_over_restarts_are_each_there_once(self):
        with Daemon() as daemon, gpalayout.Client(daemon.socket).events() as events:
            for stop in (signal.SIGTERM, signal.SIGKILL):
                with self.subTest(stop):
                    with gpalayout.Client(daemon.socket) as client:
                        client.create("before", REQUEST)
                        # The client reads this event only after the daemon has gone.
                        client.create("unread", REQUEST)
                    self.assertEqual(events.wait(PATIENCE)["name"], "before")
                    daemon.stop(stop)
                    daemon.start()
                    with gpalayout.Client(daemon.socket) as client:
                        client.delete("before")
                        client.delete("unread")
                    found = [events.wait(PATIENCE) for _ in range(3)]
                    self.assertEqual([(each["event"], each["name"]) for each in found],
                                     [("created", "unread"), ("deleted", "before"), ("deleted", "unread")])
                    self.assertIsNone(events.wait(0))

    def test_a_select_loop_sees_that_the_daemon_has_gone(self):
        with Daemon() as daemon, gpalayout.Client(daemon.socket).events() as events:
            daemon.stop()
            self.assertEqual(select.select([events], [], [], PATIENCE)[0], [events])
            self.assertIsNone(events.wait(0))
            with self.assertRaises(gpalayout.NoDaemon):
                events.fileno()
            self.assertIsNone(events.wait(0))
            daemon.start()
            self.assertIsNone(events.wait(0))
            with gpalayout.Client(daemon.socket) as client:
                client.create("back", REQUEST)
            self.assertEqual(select.select([events], [], [], PATIENCE)[0], [events])
            self.assertEqual(events.wait(0)["name"], "back")

    def test_waiting_begins_before_the_daemon_is_back(self):
        with Daemon() as daemon, gpalayout.Client(daemon.socket).events() as events:
            def start_again(name):
                daemon.start()
                with gpalayout.Client(daemon.socket) as client:
                    client.create(name, REQUEST)

            for name in ("first", "second"):
                daemon.stop()
                with self.subTest(name), mock.patch.object(gpalayout, "time", mock.Mock(wraps=time)) as clock:
                    # The second pause shows that one attempt has failed.
                    clock.sleep.side_effect = lambda _: start_again(name) if clock.sleep.call_count == 2 else None
                    self.assertEqual(events.wait(PATIENCE)["name"], name)
                    self.assertEqual([call.args for call in clock.sleep.call_args_list], [(0.1,), (0.2,)])

    def test_a_daemon_that_forgot_the_last_event_requires_a_resync(self):
        with Daemon("--store=memory") as daemon, gpalayout.Client(daemon.socket).events() as events:
            with gpalayout.Client(daemon.socket) as client:
                client.create("forgotten", REQUEST)
            self.assertEqual(events.wait(PATIENCE)["name"], "forgotten")
            daemon.stop()
            daemon.start()
            with self.assertRaises(gpalayout.ResyncRequired):
                events.wait(PATIENCE)

    def test_a_client_connects_again_for_its_next_call(self):
        with Daemon() as daemon, gpalayout.Client(daemon.socket) as client:
            client.subscribe()
            daemon.stop()
            daemon.start()
            self.assertIs(client.create("again", REQUEST)["created"], True)
            with self.assertRaisesRegex(gpalayout.ConnectionLost, "not subscribed"):
                client.next_event(0)
            daemon.stop()
            with self.assertRaises(gpalayout.NoDaemon) as caught:
                client.get("again")
            self.assertNotIsInstance(caught.exception, gpalayout.ConnectionLost)

    def test_a_connection_above_the_limit_is_overloaded(self):
        with Daemon("--limit=connections=1", "--limit=connections_for_root=0") as daemon:
            with gpalayout.Client(daemon.socket) as first:
                first.policy_list()
                with gpalayout.Client(daemon.socket) as second, self.assertRaises(gpalayout.Overloaded):
                    second.policy_list()


class Peers(unittest.TestCase):
    """Peers that are no daemon, or a newer one."""

    def assert_fails(self, kind, pattern, script, *, call=lambda client: client.get("a"), **options):
        with client_of_peer(script, **options) as client:
            with self.assertRaisesRegex(kind, pattern) as caught:
                call(client)
            self.assertIs(type(caught.exception), kind)

    def test_members_that_a_newer_daemon_adds_are_kept(self):
        result = {name: name for name in gpalayout.RESULT_MEMBERS["layout.get"]}

        def answer(message):
            line = json.loads(reply({**result, "more": {"x": 1}}, message["id"]))
            notice = {"jsonrpc": "2.0", "method": "layout.rumour", "params": {}}
            return json.dumps(notice).encode() + b"\n" + json.dumps({**line, "surplus": []}).encode() + b"\n"

        with client_of_peer(conversation(answer)) as client:
            self.assertEqual(client.get("a"), {**result, "more": {"x": 1}})

    def test_a_new_reason_is_a_plain_refusal(self):
        with client_of_peer(refusal(77, "too blue", reason="too_blue", pointer="/name", hue=240)) as client:
            with self.assertRaises(gpalayout.Refused) as caught:
                client.get("a")
        self.assertIs(type(caught.exception), gpalayout.Refused)
        self.assertEqual(str(caught.exception), "too_blue at /name: too blue")
        self.assertEqual((caught.exception.code, caught.exception.data["hue"]), (77, 240))

    def test_each_missing_member_of_a_result_is_named(self):
        params = {"name": "a", "request": {}, "address": 0, "from": {}, "to": {}}
        for method, members in gpalayout.RESULT_MEMBERS.items():
            wanted = {param["name"] for param in METHODS[method]["params"] if param.get("required")}
            for name in members:
                with self.subTest(method, member=name):
                    rest = {other: {} for other in members if other != name}
                    given = {key: params[key] for key in wanted | ({"address"} if "probe" in method else set())}
                    self.assert_fails(gpalayout.ProtocolError, f"the result of {method} has no {name}", reply(rest),
                                      call=lambda client: call_function(client, method, given))

    def test_a_page_of_a_backup_that_is_not_base64_is_reported(self):
        page = {name: 1 for name in gpalayout.RESULT_MEMBERS["registry.backup"]}
        for data in "!!", 5, None:
            with self.subTest(data=data):
                self.assert_fails(gpalayout.ProtocolError, "data of the backup are invalid",
                                  reply({**page, "data": data}), call=lambda client: list(client.backup()))

    def test_each_missing_member_of_an_error_is_named(self):
        error = {"code": 1, "message": "no", "data": {"reason": "conflict"}}
        lines = {name: {other: value for other, value in error.items() if other != name} for name in error}
        lines["reason"] = {**error, "data": {}}
        for name, members in lines.items():
            with self.subTest(name):
                line = json.dumps({"jsonrpc": "2.0", "id": 1, "error": members}).encode() + b"\n"
                self.assert_fails(gpalayout.ProtocolError, f"has no {name}", line)

    def test_an_invalid_reply_is_a_protocol_error(self):
        for text, line in {
                "not JSON": b"hello\n", "is not JSON": b"[" * 100000 + b"\n", "a line is not JSON": b'"\xff"\n',
                "jsonrpc": b"{}\n", "no jsonrpc": b"[]\n", "not of JSON-RPC": b'{"jsonrpc":"1"}\n',
                "has no id": b'{"jsonrpc":"2.0","result":{}}\n', "either": b'{"jsonrpc":"2.0","id":1}\n', "that of the request": reply({}, 2),
                "id of the reply": refusal(reason="conflict", identity=2)}.items():
            with self.subTest(line[:40]):
                self.assert_fails(gpalayout.ProtocolError, text, line)

    def test_a_reply_to_an_earlier_call_is_not_taken_for_that_to_a_later_one(self):
        seen = []

        def script(connection):
            message = json.loads(FakeDaemon.read_line(connection))
            seen.append(message["id"])
            if len(seen) > 1:
                connection.sendall(reply({"n": message["id"]}, message["id"]))
            connection.recv(1)

        with client_of_peer(script, timeout=0.05) as client:
            with self.assertRaisesRegex(gpalayout.TimedOut, "0.05 s"):
                client.call("a")
            client.timeout = PATIENCE
            self.assertEqual(client.call("a"), {"n": 2})

    def test_a_time_limit_covers_a_reply_that_comes_bit_by_bit(self):
        stop = threading.Event()

        def drip(connection):
            FakeDaemon.read_line(connection)
            while not stop.wait(0.001):
                connection.sendall(b" ")

        with FakeDaemon(drip) as peer, gpalayout.Client(peer.path, timeout=0.1) as client:
            with self.assertRaises(gpalayout.TimedOut):
                client.policy_list()
            stop.set()

    def test_a_time_limit_covers_a_peer_that_sends_only_events(self):
        def script(connection):
            connection.sendall(event(BASE) + reply({"default": "", "policies": []}))
            connection.recv(1)

        with client_of_peer(script) as client:
            select.select([client], [], [], PATIENCE)
            # After the event is read, no time is left.
            with mock.patch.object(gpalayout, "_left", return_value=0.0), self.assertRaises(gpalayout.TimedOut):
                client.policy_list()

    def test_no_time_limit_and_a_very_long_one(self):
        for timeout in (None, 1e30, float("inf")):
            with self.subTest(timeout), client_of_peer(reply({"default": "", "policies": []}), timeout=timeout) as client:
                client.policy_list()

    def test_a_line_may_be_as_long_as_a_daemon_allows(self):
        with client_of_peer(reply({"default": "x" * (20 << 20), "policies": []})) as client:
            self.assertEqual(len(client.policy_list()["default"]), 20 << 20)

    def test_a_line_may_come_in_pieces(self):
        line = reply({"default": "", "policies": []})

        def script(connection):
            FakeDaemon.read_line(connection)
            for number in range(len(line)):
                connection.sendall(line[number:number + 1])

        with client_of_peer(script) as client:
            client.policy_list()

    def test_a_short_line_may_follow_a_long_one(self):
        def script(connection):
            FakeDaemon.read_line(connection)
            connection.sendall(reply({"revision": BASE, "more": "x" * 300000}) + event(BASE + 1))
            connection.recv(1)

        with client_of_peer(script) as client:
            client.subscribe()
            self.assertEqual(client.next_event(PATIENCE)["revision"], BASE + 1)

    def test_a_line_that_does_not_end_is_given_up(self):
        with mock.patch.object(gpalayout, "LARGEST_LINE", 100000):
            self.assert_fails(gpalayout.ProtocolError, "longer than 100000 bytes", b"x" * 300000)

    def test_a_peer_that_closes_causes_no_signal(self):
        before = signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        self.addCleanup(signal.signal, signal.SIGPIPE, before)
        self.assert_fails(gpalayout.ConnectionLost, "", lambda connection: connection.recv(1),
                          call=lambda client: client.call("a", {"x": "y" * (4 << 20)}))

    def test_a_path_without_a_daemon_is_named(self):
        for path in ("/nowhere/at/all", "/dev/null", "x" * 200, os.path.join(TOP_SRCDIR, "README.md")):
            with self.subTest(path[:20]), self.assertRaisesRegex(gpalayout.NoDaemon, re.escape(path)):
                gpalayout.Client(path)

    def test_a_path_may_be_a_path_object(self):
        import pathlib
        with FakeDaemon(reply({"default": "", "policies": []})) as peer:
            with gpalayout.Client(pathlib.Path(peer.path)) as client:
                client.policy_list()

    def test_no_descriptor_is_left_open(self):
        def opened():
            return len(os.listdir("/proc/self/fd"))

        with client_of_peer(b"x\n") as client:
            with self.assertRaises(gpalayout.ProtocolError):
                client.policy_list()
            with self.assertRaises(gpalayout.NoDaemon):
                client.fileno()
        kept = []  # keeps what an error refers to from being collected
        with FakeDaemon(refusal(9, reason="resync_required")) as peer:
            before = opened()
            for action in (lambda: gpalayout.Client("/nowhere/at/all"),
                           lambda: gpalayout.Events(peer.path, 1, PATIENCE)):
                try:
                    action()
                except gpalayout.Error as error:
                    kept.append(error)
            self.assertEqual([type(error) for error in kept], [gpalayout.NoDaemon, gpalayout.ResyncRequired])
            wait_until(lambda: opened() == before, "descriptors are left open")


class EventPeers(unittest.TestCase):
    """Events from a scripted peer. Each stage says what happens to one connection."""

    def follow(self, *stages):
        """Follows events over connections. Each connection closes after the stage's bytes. Yields the parameters of all
        subscriptions first, then events."""
        stages = list(stages)
        subscriptions = []

        def script(connection):
            message = json.loads(FakeDaemon.read_line(connection))
            subscriptions.append(message["params"])
            connection.sendall(stages.pop(0).replace(b'"id": 1', b'"id": %d' % message["id"]))

        with mock.patch.object(gpalayout, "SHORTEST_PAUSE", 0), FakeDaemon(script) as peer:
            with gpalayout.Events(peer.path, None, PATIENCE) as events:
                yield subscriptions
                while stages:
                    yield events.wait(PATIENCE)

    def test_following_continues_after_the_last_event(self):
        found = self.follow(
            reply({"revision": BASE}), reply({"revision": BASE}) + event(BASE + 1) + event(BASE + 2)[:-9],
            refusal(-32002, reason="overloaded"), reply({"revision": BASE + 9}) + event(BASE + 2), b"")
        subscriptions = next(found)
        self.assertEqual([next(found)["revision"] for _ in range(2)], [BASE + 1, BASE + 2])
        self.assertEqual(subscriptions, [{}, {"since": BASE}, {"since": BASE + 1}, {"since": BASE + 1}])

    def test_a_gap_is_an_error_unless_the_event_says_so(self):
        subscribed = reply({"revision": BASE})
        found = self.follow(subscribed + event(BASE + 5, follows=BASE) + event(BASE + 6), b"")
        next(found)
        self.assertEqual([next(found)["revision"] for _ in range(2)], [BASE + 5, BASE + 6])
        for wrong in (event(BASE + 2), event(BASE), event(BASE + 3, follows=BASE + 1), event(BASE - 1, follows=BASE)):
            with self.subTest(wrong):
                found = self.follow(subscribed + wrong, b"")
                next(found)
                with self.assertRaisesRegex(gpalayout.ProtocolError, f"not {BASE}"):
                    next(found)

    def test_events_stop_after_a_permanent_refusal(self):
        for code, reason in ((-32600, "invalid_request"), (-32601, "method_not_found"), (-32602, "out_of_range"),
                             (9, "resync_required")):
            with self.subTest(reason):
                found = self.follow(reply({"revision": BASE}), refusal(code, reason=reason), b"")
                next(found)
                with self.assertRaises(gpalayout.Refused) as caught:
                    next(found)
                self.assertEqual(caught.exception.reason, reason)

    def test_each_missing_member_of_an_event_is_named(self):
        for name in gpalayout.EVENT_MEMBERS:
            message = json.loads(event(BASE + 1))
            del message["params"][name]
            found = self.follow(reply({"revision": BASE}) + json.dumps(message).encode() + b"\n", b"")
            next(found)
            with self.subTest(name), self.assertRaisesRegex(gpalayout.ProtocolError, f"the event has no {name}"):
                next(found)

    def test_a_temporary_error_between_events_is_waited_out(self):
        subscribed = reply({"revision": BASE})
        found = self.follow(subscribed + refusal(-32002, identity=None, reason="overloaded"),
                            subscribed + event(BASE + 1), b"")
        next(found)
        self.assertEqual(next(found)["revision"], BASE + 1)
        found = self.follow(subscribed + refusal(-32601, reason="method_not_found"), b"")
        next(found)
        with self.assertRaises(gpalayout.MethodNotFound):
            next(found)

    def test_a_daemon_that_does_not_answer_is_asked_again(self):
        lines = []

        def script(connection):
            lines.append(json.loads(FakeDaemon.read_line(connection)))
            if len(lines) == 2:
                connection.recv(1)  # returns when the client has given up
            else:
                connection.sendall(reply({"revision": BASE}, lines[-1]["id"]) + event(BASE + len(lines) // 2))

        with mock.patch.object(gpalayout, "SHORTEST_PAUSE", 0), FakeDaemon(script) as peer:
            with gpalayout.Events(peer.path, BASE - 1, 0.2) as events:
                self.assertEqual([events.wait(PATIENCE)["revision"] for _ in range(2)], [BASE, BASE + 1])
        self.assertEqual(len(lines), 3)

    def test_a_reply_that_nobody_asked_for_is_an_error(self):
        found = self.follow(reply({"revision": BASE}) + reply({}), b"")
        next(found)
        with self.assertRaisesRegex(gpalayout.ProtocolError, "without a request"):
            next(found)


if __name__ == "__main__":
    main()
