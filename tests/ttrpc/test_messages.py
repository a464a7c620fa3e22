#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Answers over ttrpc and in JSON have the same content, member by member. The tests compare them for every golden
vector, for questions about the vectors, and for the recorded examples. Refusals have the same reason, pointer, message
and details, and the status that src/wire/reason.c has for the reason."""

import collections
import copy
import doctest
import io
import itertools
import json
import os
import re
import unittest

from ttrpc_harness import RPCS, TOP_SRCDIR, Daemon, Refused, gpalayout_pb2, reply_class, request_class
import forms

import corpus
import gpalayout_ttrpc
import harness
from test_proto import documented_errors
from test_vectors import read_corpora, read_vectors

IN_FLIGHT = 32
EXAMPLES = corpus.load_examples()

# What protobuf cannot express, and how many requests of the examples and vectors need it. If a number grows, a request
# is not compared.
INEXPRESSIBLE_EXAMPLES = {
    forms.LACKS: 1,
    forms.UNKNOWN: 1,
    forms.WRONG_TYPE: 1,
    forms.NO_NUMBER: 1,
    forms.NO_METHOD: 1,
    forms.NO_REQUEST: 4,
    forms.OTHER_SOCKET: 2,
    forms.SUBSCRIBED: 1,
}
INEXPRESSIBLE_VECTORS = {forms.EMPTY: 35}


def read_statuses():
    """Reads the status of each reason from the table in reason.c."""
    with open(os.path.join(TOP_SRCDIR, "src", "wire", "reason.c"), encoding="utf-8") as source:
        text = source.read()
    numbers = dict(re.findall(r"\b(STATUS_\w+) = (\d+),", text))
    rows = re.findall(r"(?:CORE\((\w+)\)|\[GPALD_(\w+)\]) = \{([^}]*)\}", text)
    statuses = {}
    for core, own, row in rows:
        token = re.search(r'"(\w+)"', row)
        status = re.search(r"STATUS_\w+", row)[0]
        statuses[token[1] if token else (core or own).lower()] = int(numbers[status])
    return statuses


STATUSES = read_statuses()


def difference(one, other, path=""):
    """Returns the first difference between two JSON values, or None."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in {**one, **other}:
            if name not in one or name not in other:
                return f"{path}/{name}: only in {'ttrpc' if name in one else 'JSON'}: {(one | other)[name]!r:.200}"
            found = difference(one[name], other[name], f"{path}/{name}")
            if found:
                return found
        return None
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return next(filter(None, (difference(a, b, f"{path}/{i}") for i, (a, b) in enumerate(zip(one, other)))), None)
    if type(one) is not type(other) or one != other:
        return f"{path}: {one!r:.200} over ttrpc, {other!r:.200} in JSON"
    return None


def as_reply(rpc, answer):
    """Returns an answer over ttrpc as a reply in JSON, without its envelope."""
    if isinstance(answer, Refused):
        return {"error": {"status": answer.status, "message": answer.message,
                          "data": forms.from_message(answer.data)}}
    if rpc == "Schema":
        return {"result": json.loads(answer.document)}
    return {"result": forms.from_message(answer)}


def expected_reply(rpc, reply):
    """Returns a JSON reply in the same form."""
    if "error" in reply:
        error = reply["error"]
        data = dict(error["data"])
        return {"error": {"status": STATUSES[data["reason"]], "message": error["message"],
                          "data": forms.comparable(gpalayout_pb2.ErrorData, data)}}
    if rpc == "Schema":
        return {"result": reply["result"]}
    return {"result": forms.comparable(reply_class(rpc), reply["result"])}


def why_inexpressible(params, reply):
    """Returns why protobuf cannot express a request that can be converted, or None."""
    pointer = reply.get("error", {}).get("data", {}).get("pointer")
    if pointer is not None and forms.is_empty_list(params, pointer):
        return forms.EMPTY
    return None


def answer_of(client, stream):
    try:
        return client.receive(stream)
    except Refused as refusal:
        return refusal


class Conversations(unittest.TestCase):
    """Sends the same requests to one daemon over both sockets, many at a time."""

    def setUp(self):
        self.inexpressible = collections.Counter()
        self.compared = collections.Counter()

    def compare(self, case, method, params, reply, answer):
        """Compares an answer with the reply in JSON, which is right. Notes a difference as a fault."""
        rpc = RPCS[method]
        fault = difference(as_reply(rpc, answer), expected_reply(rpc, reply))
        if fault:
            self.faults.append(f"{case} {method}: {fault}; params {json.dumps(params)[:1000]}")
        self.compared[rpc, reply.get("error", {}).get("data", {}).get("reason", "")] += 1

    def ask(self, json_client, client, cases):
        """Sends each case (an id, a method and its params), compares the answers, and yields the case with its reply in
        JSON."""
        cases = iter(cases)
        self.faults = []
        while batch := list(itertools.islice(cases, IN_FLIGHT)):
            lines, streams = [], []
            for number, (case, method, params) in enumerate(batch):
                lines.append(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}))
                try:
                    stream = client.send(RPCS[method], forms.to_request(request_class(RPCS[method]), params))
                except forms.Inexpressible as reason:
                    stream = reason
                streams.append(stream)
            json_client.send_aside("".join(line + "\n" for line in lines).encode())
            for (case, method, params), stream in zip(batch, streams):
                reply = json_client.read_reply()
                if isinstance(stream, forms.Inexpressible):
                    self.inexpressible[str(stream)] += 1
                    if "result" in reply:
                        self.faults.append(f"{case}: served in JSON, but protobuf cannot say it: {stream}")
                else:
                    answer = answer_of(client, stream)
                    reason = why_inexpressible(params, reply)
                    if reason:
                        self.inexpressible[reason] += 1
                        if not isinstance(answer, Refused) or answer.status != 3:
                            self.faults.append(f"{case}: served over ttrpc, though JSON refuses it: {reason}")
                    else:
                        self.compare(case, method, params, reply, answer)
                yield case, method, params, reply
        self.assertEqual(self.faults[:10], [])


class Vectors(Conversations):
    def questions(self, resolves):
        """Yields further questions about the requests of vectors, a few of each kind."""
        addresses = [0, 0xFEC00000, 1 << 32, 1 << 40, 2**64 - 1]
        for number, (case, params) in enumerate(resolves):
            request = params["request"]
            other = resolves[(number + 1) % len(resolves)][1]["request"]
            kind = number % 6
            if kind == 0:
                yield case, "layout.explain", {"request": request}
            elif kind == 1:
                yield case, "layout.explain", {"request": request, "tag": "ram0"}
            elif kind == 2:
                yield case, "layout.probe", {"request": request, "address": hex(addresses[number // 6 % len(addresses)])}
            elif kind == 3:
                yield case, "layout.compare", {"from": {"request": request}, "to": {"request": other}}
            elif kind == 4:
                yield case, "layout.resolve", {"request": request, "refuse": "all"}
            elif number % 60 == 5:
                yield case, "layout.advise", {"request": request}
            elif number % 60 == 11:
                yield case, "layout.resolve", {"request": request, "advise": True}

    def saved(self, layouts):
        """Yields comparisons of layouts in full. Every fifth layout has a wrong digest."""
        for number, (case, request, layout) in enumerate(layouts):
            if number % 5 == 0:
                layout = dict(layout, digest=layout["digest"][::-1])
            yield case, "layout.compare", {"from": {"layout": layout}, "to": {"request": request}}

    def test_every_vector_and_what_can_be_asked_about_it(self):
        resolves = [(vector["id"], {"request": vector["request"], **vector.get("params", {})})
                    for vector in itertools.chain(read_vectors("resolve.jsonl"), read_vectors("requests.jsonl"),
                                                  read_corpora())]
        allocates = [(vector["id"], vector["request"]) for vector in read_vectors("allocate.jsonl")]
        layouts = []
        with Daemon("--store=memory") as daemon, daemon.connect() as json_client, daemon.ttrpc() as client:
            cases = itertools.chain(((case, "layout.resolve", params) for case, params in resolves),
                                    ((case, "layout.allocate", params) for case, params in allocates),
                                    self.questions(resolves))
            for number, (case, _, params, reply) in enumerate(self.ask(json_client, client, cases)):
                if number < len(resolves) and number % 10 == 0 and "result" in reply:
                    layouts.append((case, params["request"], reply["result"]["layout"]))
            for _ in self.ask(json_client, client, self.saved(layouts)):
                pass
        self.assertEqual(dict(self.inexpressible), INEXPRESSIBLE_VECTORS)
        asked = {rpc for rpc, _ in self.compared}
        self.assertEqual(asked, {"Resolve", "Allocate", "Explain", "Probe", "Compare", "Advise"})
        for rpc in asked:
            self.assertTrue(self.compared[rpc, ""], f"no answer of {rpc}")
        self.assertGreater(sum(self.compared.values()), len(resolves) + len(allocates))
        reasons = {reason for _, reason in self.compared} - {""}
        self.assertLessEqual({"exhausted", "overlap", "address_width_exceeded", "warning_refused", "bad_layout",
                              "invalid_memory", "out_of_range"}, reasons)


class Live(unittest.TestCase):
    """Two daemons that keep layouts. One gets JSON and the other ttrpc."""

    def setUp(self):
        self.inexpressible = collections.Counter()
        self.compared = collections.Counter()

    def fault(self, method, reply, answer):
        rpc = RPCS[method]
        return difference(answer, expected_reply(rpc, reply))

    def pair(self, *options):
        return Daemon("--store=memory", *options), Daemon("--store=memory", *options)

    def ask(self, pair, method, params):
        """Returns the replies of both daemons, in the form of the example."""
        (json_client, json_run), (client, run) = pair
        rpc = RPCS[method]
        reply = json_run.received(json_client.call(method, json_run.sent(params)))
        request = forms.to_request(request_class(rpc), run.sent(params))
        answer = as_reply(rpc, answer_of(client, client.send(rpc, request)))
        return reply, run.received(answer)

    def test_changes_are_answered_as_by_json(self):
        vectors = [vector for vector in read_vectors("requests.jsonl") if "error" not in vector][::16]
        one, other = self.pair()
        with one, other, one.connect() as json_client, other.ttrpc() as client:
            pair = ((json_client, corpus.Run(one)), (client, corpus.Run(other)))
            outcomes = collections.Counter()
            for number, vector in enumerate(vectors):
                name, request = vector["id"], vector["request"]
                grown = copy.deepcopy(request)
                grown["memory"]["nodes"][0] = forms.parse_size(grown["memory"]["nodes"][0]) * 2
                following = vectors[(number + 1) % len(vectors)]["request"]
                for method, params in [
                        ("layout.create", {"name": name, "request": request}),
                        ("layout.create", {"name": name, "request": request}),
                        ("layout.create", {"name": name, "request": following, "refuse": ["ram_not_at_zero"]}),
                        ("layout.get", {"name": name}),
                        ("layout.probe", {"name": name, "address": 4096}),
                        ("layout.explain", {"name": name}),
                        ("layout.update", {"name": name, "request": grown}),
                        ("layout.update", {"name": name, "request": following, "dry_run": True}),
                        ("layout.update", {"name": name, "request": following}),
                        ("layout.update", {"name": name, "request": following, "allow_moves": True,
                                           "allow_removals": True}),
                        ("layout.delete", {"name": name, "generation": 1}),
                        ("layout.compare", {"from": {"name": name}, "to": {"request": request}}),
                        ("layout.history", {"name": name}),
                        ("layout.list", {"limit": 1 + number % 3}),
                        ("layout.list", {"after": name}),
                        *([("layout.delete", {"name": name}), ("layout.get", {"name": name})] if number % 3 else [])]:
                    reply, answer = self.ask(pair, method, params)
                    with self.subTest(name, method=method, params=params):
                        self.assertIsNone(self.fault(method, reply, answer))
                    outcomes[method, reply.get("error", {}).get("data", {}).get("reason", "")] += 1
        for wanted in [("layout.create", "conflict"), ("layout.update", "would_move"), ("layout.update", "would_remove"),
                       ("layout.delete", "generation_mismatch"), ("layout.get", "not_found"), ("layout.get", ""),
                       ("layout.update", ""), ("layout.delete", "")]:
            self.assertTrue(outcomes[wanted], f"never {wanted}: {outcomes}")

    def test_a_backup(self):
        with Daemon("--store=memory", "--limit=reply_bytes=65536", *harness.AS_ADMIN) as daemon, daemon.connect() as json_client, \
                daemon.ttrpc() as client:
            for number in range(200):
                json_client.call("layout.create", {"name": f"vm-{number}", "request":
                                                   {"arch": "x86_64", "memory": {"nodes": ["1GiB"]}}})
            params = {}
            pages = 0
            while True:
                result = json_client.call("registry.backup", params)["result"]
                answer = client.call("Backup", params)
                self.assertIsNone(difference(forms.from_message(answer), result))
                pages += 1
                if "next" not in result:
                    break
                params = {"after": result["next"], "revision": result["revision"]}
            self.assertGreater(pages, 1)

    def play(self, example, one, other):
        """Runs the steps of an example with both daemons."""
        with other.ttrpc() as client:
            run = corpus.Run(other)
            followed = None  # the revision up to which events have been compared
            events = []
            for step, reply in example.play(one):
                if not step.sends:
                    if not events:
                        answer = run.received(as_reply("WaitEvents", client.call("WaitEvents", {"since": followed})))
                        events += answer["result"]["events"]
                    event = events.pop(0)
                    followed = event["revision"] - corpus.START_REVISION + run.revision
                    yield step, difference(event, reply["params"])
                    continue
                try:
                    rpc, answer = self.answer(step, client, run, reply)
                except forms.Inexpressible as reason:
                    self.inexpressible[str(reason)] += 1
                    self.assertIn("error", reply, f"{example.name}: {reason}")
                    continue
                if rpc == "WaitEvents" and "result" in reply:
                    followed = run.sent({"since": answer["result"]["revision"]})["since"]
                    events += answer["result"].pop("events", [])
                self.compared[rpc] += 1
                yield step, difference(answer, expected_reply(rpc, reply))
            self.assertFalse(events, "events that JSON does not have")

    def answer(self, step, client, run, reply):
        if not step.request:
            raise forms.Inexpressible(forms.NO_REQUEST)
        if step.method not in RPCS:
            raise forms.Inexpressible(forms.NO_METHOD)
        rpc, params = RPCS[step.method], step.request.get("params", {})
        if step.inspect and reply.get("error", {}).get("data", {}).get("reason") == "method_not_found":
            raise forms.Inexpressible(forms.OTHER_SOCKET)
        if rpc == "WaitEvents" and reply.get("error", {}).get("data", {}).get("reason") == "invalid_request":
            raise forms.Inexpressible(forms.SUBSCRIBED)
        if rpc == "WaitEvents":
            params = dict(params, timeout_ms=0)
        request = forms.to_request(request_class(rpc), run.sent(params))
        if why_inexpressible(params, reply):
            raise forms.Inexpressible(why_inexpressible(params, reply))
        return rpc, run.received(as_reply(rpc, answer_of(client, client.send(rpc, request))))

    def test_every_example(self):
        with Daemon() as shared:
            for example in EXAMPLES:
                if example.has_own_daemon:
                    with Daemon(*example.options) as one, Daemon(*example.options) as other:
                        self.check_example(example, one, other)
                else:
                    self.check_example(example, shared, shared)
        self.assertEqual(dict(self.inexpressible), INEXPRESSIBLE_EXAMPLES)
        missing = set(RPCS.values()) - set(self.compared)
        self.assertEqual(missing, {"Schema"}, "rpcs without an example")

    def check_example(self, example, one, other):
        for step, fault in self.play(example, one, other):
            # Counters change from one call to the next, and a backup contains times. Other tests compare them.
            if step.method == "daemon.stats" or (step.method == "registry.backup" and "/data: " in (fault or "")):
                continue
            with self.subTest(example.name, step=step.method):
                self.assertIsNone(fault)


class About(unittest.TestCase):
    """Methods that describe the daemon itself."""

    def shape(self, value):
        """Returns a JSON value with the types of its scalars in place of the scalars."""
        if isinstance(value, dict):
            return {name: self.shape(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.shape(item) for item in value[:1]]
        return type(value).__name__

    def test_statistics_have_the_same_members(self):
        with Daemon() as daemon, daemon.connect() as json_client, daemon.ttrpc() as client:
            for _ in range(2):
                result = json_client.call("daemon.stats")["result"]
                answer = forms.from_message(client.call("Stats"))
            for stats in (result, answer):
                for entry in stats["requests"].values():
                    entry["latency"].pop("buckets", None)
                stats["store"]["latency"].pop("buckets", None)
            self.assertIsNone(difference(self.shape(answer), self.shape(
                forms.comparable(reply_class("Stats"), result))))
            for name in ("started_at", "registry"):
                self.assertEqual(answer[name], result[name])
            for name in ("commits", "changes", "kind", "path"):
                self.assertEqual(answer["store"][name], result["store"][name])

    def test_statistics_as_a_text(self):
        def names(text):
            return {line.split()[0] for line in text.splitlines() if not line.startswith("#")}
        with Daemon() as daemon, daemon.connect() as json_client, daemon.ttrpc() as client:
            params = {"format": "openmetrics"}
            for _ in range(2):
                reply = json_client.call("daemon.stats", params)
                answer = client.call("Stats", params)
            self.assertEqual(answer.format, reply["result"]["format"])
            self.assertEqual(names(answer.text), names(reply["result"]["text"]))
            self.assertFalse(answer.HasField("uptime_ms"))

    def test_the_examples_of_the_client_module_work(self):
        with Daemon() as daemon:
            tests = doctest.DocTestFinder().find(gpalayout_ttrpc, globs={"path": daemon.ttrpc_socket})
            output = io.StringIO()
            runner = doctest.DocTestRunner()
            for test in tests:
                runner.run(test, out=output.write)
            self.assertEqual((runner.failures, output.getvalue()), (0, ""))
            self.assertGreater(runner.tries, 5)

    def test_schema_returns_the_openrpc_document(self):
        with Daemon() as daemon, daemon.connect() as json_client, daemon.ttrpc() as client:
            self.assertEqual(json.loads(client.call("Schema").document), json_client.call("daemon.schema")["result"])


class Statuses(unittest.TestCase):
    def test_each_reason_has_a_status(self):
        """Checks that the whole table of statuses was read, because other tests rely on it."""
        self.assertEqual(set(STATUSES), {reason for _, reason in documented_errors()})
        self.assertEqual([STATUSES[reason] for reason in ("not_found", "conflict", "denied", "store_full", "timeout")],
                         [5, 6, 7, 8, 4])


if __name__ == "__main__":
    harness.main()
