# SPDX-License-Identifier: MIT
"""gpalayoutctl watch: every event is printed once, whatever happens to the connection.

Most tests use a scripted peer, which can lose connections at any byte. The last class restarts the real daemon.
"""

import json
import os
import pwd
import re
import signal
import subprocess
import threading
import time
import unittest

from ctl_harness import (BASE_ENV, NO_DAEMON, OK, REFUSED, USAGE, Case, FakeDaemon, ctl, ctl_as, on_terminal, refusal, reply,
                         run_against)
from harness import GPALAYOUTCTL, PATIENCE, Daemon, can_be_another_user, main, wait_until

# Real revisions are this large.
BASE = 1780000000000000


def event(revision, what="created", name="vm-1", digest="sha256:00ff", **more):
    params = {"revision": revision, "event": what, "name": name, "digest": digest, **more}
    return json.dumps({"jsonrpc": "2.0", "method": "layout.event", "params": params}).encode() + b"\n"


def fields(line):
    """Returns the line of an event as a tuple, without its time and user."""
    revision, _, what, name, _, digest = line.split()
    return int(revision), what, name, digest


class Watching:
    """Runs `watch` in the background, and can wait for its lines."""

    def __init__(self, path, *args, stdout=subprocess.PIPE, **options):
        self.process = subprocess.Popen([GPALAYOUTCTL, "--socket", path, "watch", *args], stdout=stdout,
                                        stderr=subprocess.PIPE, env=BASE_ENV, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()

    def lines(self, count):
        """Returns the next lines, waiting for each."""
        return [self.process.stdout.readline().decode() for _ in range(count)]

    def complaint(self):
        return self.process.stderr.readline().decode()

    def wait_sleeps(self, count):
        """Waits until the client has slept this many times. It sleeps between two attempts to connect."""
        def sleeps():
            with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
                return next(int(line.split()[1]) for line in status if line.startswith("voluntary"))

        enough = sleeps() + count
        wait_until(lambda: sleeps() >= enough, "the client makes no more attempts")

    def end(self):
        """Waits until the client exits. Returns the exit status, the remaining output and the complaints."""
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out.decode(), err.decode()


class Stages:
    """Handles each connection with the next stage. The last stage stays for all further connections.

    A stage is bytes or a function of the connection. The bytes are sent after the subscription, with its id; then the
    connection is closed. `subscriptions` holds the params of these subscriptions.
    """

    def __init__(self, *stages):
        self.stages = list(stages)
        self.subscriptions = []

    def __call__(self, connection):
        stage = self.stages.pop(0) if len(self.stages) > 1 else self.stages[0]
        if callable(stage):
            stage(connection)
            return
        message = json.loads(FakeDaemon.read_line(connection))
        assert message["method"] == "events.subscribe", message
        self.subscriptions.append(message.get("params", {}))
        connection.sendall(stage.replace(b'"id": 1,', b'"id": %d,' % message["id"]))


def stays(data):
    """Makes a stage that sends `data` and keeps the connection open until the client leaves."""
    def run(connection):
        FakeDaemon.read_line(connection)
        connection.sendall(data)
        connection.recv(1)
    return run


class Watch(Case):
    SUBSCRIBED = reply({"revision": BASE})

    def watched(self, *stages, args=()):
        """Runs `watch` over these stages. Returns its result and the params of each subscription."""
        script = Stages(*stages)
        return run_against(script, "watch", *args), script.subscriptions

    def test_events_are_lines_in_columns(self):
        result, subscriptions = self.watched(
            self.SUBSCRIBED + event(BASE + 1)
            + event(BASE + 2, "updated", "a" * 24, generation=2, at="2026-11-27T03:25:41.080Z", uid=0)
            + event(BASE + 3, "deleted", "b" * 64, generation=2, at="2026-11-27T03:25:41.097Z", uid=4294967294),
            args=["--count", "3"])
        self.check(result, OK)
        self.assertEqual(result.out.splitlines(), [
            f"1780000000000001  {'-':24}  created  {'vm-1':24}  -         sha256:00ff",
            f"1780000000000002  2026-11-27T03:25:41.080Z  updated  {'a' * 24}  root      sha256:00ff",
            f"1780000000000003  2026-11-27T03:25:41.097Z  deleted  {'b' * 64}  4294967294  sha256:00ff"])
        self.assertEqual(subscriptions, [{}])

    def test_a_line_is_printed_as_soon_as_its_event_is_there(self):
        go_on = threading.Event()

        def one_by_one(connection):
            FakeDaemon.read_line(connection)
            connection.sendall(self.SUBSCRIBED + event(1 + BASE))
            go_on.wait(PATIENCE)
            connection.sendall(event(2 + BASE))

        with FakeDaemon(one_by_one) as daemon, Watching(daemon.path, "--count", "2") as watching:
            self.assertEqual(fields(watching.lines(1)[0])[0], BASE + 1)
            go_on.set()
            self.assertEqual(fields(watching.lines(1)[0])[0], BASE + 2)
            self.assertEqual(watching.end(), (OK, "", ""))

    def test_watch_exits_after_count_events_though_there_are_more(self):
        events = b"".join(event(BASE + n) for n in range(1, 100))
        result, _ = self.watched(self.SUBSCRIBED + events, args=["--count", "7"])
        self.check(result, OK)
        self.assertEqual(len(result.out.splitlines()), 7)

    def test_json_is_each_notification_as_it_came(self):
        line = b'{"jsonrpc":"2.0", "method":"layout.event" ,"params":{"revision":1780000000000001,"event":"created",' \
               b'"name":"a","digest":"d","more":1.50}}\n'
        result, _ = self.watched(self.SUBSCRIBED + line + event(BASE + 2), args=["--json", "--count", "2"])
        self.check(result, OK)
        self.assertEqual(result.raw, line + event(BASE + 2))

    def test_many_events_in_odd_pieces_are_all_there(self):
        data = self.SUBSCRIBED + b"".join(event(BASE + n, name=f"vm-{n}") for n in range(1, 5001))

        def pieces(connection):
            FakeDaemon.read_line(connection)
            for start in range(0, len(data), 9973):
                connection.sendall(data[start:start + 9973])

        result = run_against(pieces, "watch", "--count", "5000")
        self.check(result, OK)
        self.assertEqual([fields(line)[0] - BASE for line in result.out.splitlines()], list(range(1, 5001)))

    def test_since_is_where_the_events_begin(self):
        result, subscriptions = self.watched(self.SUBSCRIBED + event(BASE - 1),
                                             args=["--since", str(BASE - 2), "--count", "1"])
        self.check(result, OK)
        self.assertEqual(subscriptions, [{"since": BASE - 2}])
        self.assertEqual(self.watched(reply({"revision": 0}) + event(1), args=["--since", "0", "--count", "1"])[1],
                         [{"since": 0}])

    def complaints(self, result):
        """Returns the complaints without the path of the socket."""
        return [re.sub(r"^gpalayoutctl: \S+: ", "", line) for line in result.err.splitlines()]

    def test_a_lost_connection_is_made_again_from_the_last_event(self):
        result, subscriptions = self.watched(
            self.SUBSCRIBED + event(BASE + 1) + event(BASE + 2),
            reply({"revision": BASE + 9}) + event(BASE + 3) + event(BASE + 4),
            args=["--count", "4"])
        self.assertEqual(result.code, OK)
        self.assertEqual([fields(line)[0] - BASE for line in result.out.splitlines()], [1, 2, 3, 4])
        self.assertEqual(subscriptions, [{}, {"since": BASE + 2}])
        self.assertEqual(self.complaints(result), ["the connection was lost; connecting again", "connected again"])

    def test_without_an_event_watch_goes_on_from_the_revision_of_the_reply(self):
        result, subscriptions = self.watched(self.SUBSCRIBED, reply({"revision": BASE + 1}),
                                             reply({"revision": BASE + 3}) + event(BASE + 1), args=["--count", "1"])
        self.assertEqual(result.code, OK)
        self.assertEqual(subscriptions, [{}, {"since": BASE}, {"since": BASE}])

    def test_missing_events_after_since_are_requested_until_they_arrive(self):
        # The revision in the reply is higher than those of events that had not come when the connection broke.
        result, subscriptions = self.watched(self.SUBSCRIBED, self.SUBSCRIBED + event(BASE - 8)[:30],
                                             self.SUBSCRIBED + event(BASE - 8),
                                             args=["--since", str(BASE - 9), "--count", "1"])
        self.assertEqual(result.code, OK)
        self.assertEqual(subscriptions, 3 * [{"since": BASE - 9}])

    def test_half_an_event_is_asked_for_again_whole(self):
        result, subscriptions = self.watched(self.SUBSCRIBED + event(BASE + 1) + event(BASE + 2)[:-1],
                                             self.SUBSCRIBED[:20], reply({"revision": BASE + 2}) + event(BASE + 2),
                                             args=["--count", "2"])
        self.assertEqual(result.code, OK)
        self.assertEqual([fields(line)[0] - BASE for line in result.out.splitlines()], [1, 2])
        self.assertEqual(subscriptions, [{}, {"since": BASE + 1}, {"since": BASE + 1}])

    def test_watch_keeps_trying_while_the_daemon_is_busy_or_away(self):
        busy = refusal(-32002, "too many connections", None, reason="overloaded")
        stopping = refusal(-32004, "the daemon stops", reason="shutting_down")
        result, subscriptions = self.watched(self.SUBSCRIBED, busy, stopping, b"", lambda connection: None,
                                             refusal(-32003, "too slow", reason="timeout"),
                                             reply({"revision": BASE + 1}) + event(BASE + 1), args=["--count", "1"])
        self.assertEqual(result.code, OK)
        self.assertEqual(subscriptions, [{}] + 5 * [{"since": BASE}])
        self.assertEqual(self.complaints(result), ["the connection was lost; connecting again", "connected again"])

    def test_watch_waits_for_a_daemon_that_announces_its_stop(self):
        result, subscriptions = self.watched(
            self.SUBSCRIBED + event(BASE + 1) + refusal(-32004, "the daemon stops", None, reason="shutting_down"),
            reply({"revision": BASE + 2}) + event(BASE + 2), args=["--count", "2"])
        self.assertEqual(result.code, OK)
        self.assertEqual(subscriptions, [{}, {"since": BASE + 1}])
        self.assertEqual(self.complaints(result), ["the daemon stops; connecting again", "connected again"])

    def test_watch_waits_for_a_missing_socket_after_a_lost_connection(self):
        def leaves(connection):
            FakeDaemon.read_line(connection)
            connection.sendall(self.SUBSCRIBED)
            os.rename(first.path, first.path + ".away")

        first = FakeDaemon(leaves)
        with first:
            watching = Watching(first.path, "--count", "1")
            with watching:
                self.assertIn("the connection was lost; connecting again", watching.complaint())
                watching.wait_sleeps(2)
                first.script = Stages(reply({"revision": BASE + 1}) + event(BASE + 1))
                os.rename(first.path + ".away", first.path)
                code, out, err = watching.end()
        self.assertEqual((code, fields(out)[0]), (OK, BASE + 1))
        self.assertEqual(len(err.splitlines()), 1, err)

    @unittest.skipUnless(can_be_another_user(), "needs root, to become another user")
    def test_messages_name_the_socket_in_use(self):
        stages = Stages(self.SUBSCRIBED, self.SUBSCRIBED + event(BASE + 1))
        with FakeDaemon(b"") as control, FakeDaemon(stages) as inspect:
            for daemon, mode in ((control, 0o600), (inspect, 0o666)):
                os.chmod(daemon.folder, 0o755)
                os.chmod(daemon.path, mode)
            result = ctl_as(65534, "--socket", control.path, "--inspect-socket", inspect.path, "watch", "--count", "1")
        self.assertEqual((result.code, result.err), (OK, f"gpalayoutctl: {inspect.path}: the connection was lost; connecting again\n"
                                                         f"gpalayoutctl: {inspect.path}: connected again\n"))

    RESYNC = {"message": "no events that old", "reason": "resync_required", "pointer": "/since",
              "oldest_since": BASE + 5, "revision": BASE + 9}

    def test_a_gap_is_never_hidden(self):
        cases = [("at the start", [refusal(9, **self.RESYNC)], 0),
                 ("on connecting again", [self.SUBSCRIBED + event(BASE + 1), refusal(9, **self.RESYNC)], 1),
                 ("in between", [self.SUBSCRIBED + event(BASE + 1) + refusal(9, identity=None, **self.RESYNC)], 1)]
        for name, stages, events in cases:
            with self.subTest(name):
                result, _ = self.watched(*stages)
                self.assertEqual(result.code, REFUSED)
                self.assertEqual(len(result.out.splitlines()), events)
                self.assertIn("gpalayoutctl: resync_required: no events that old\nhint: ", result.err)
                self.assertIn(f"gpalayoutctl list again, then continue with gpalayoutctl watch --since {BASE + 9}\n",
                              result.err)

    def test_a_revision_that_was_given_is_named(self):
        result, _ = self.watched(refusal(9, **self.RESYNC), args=["--since", "7"])
        self.check(result, REFUSED, "gpalayoutctl: resync_required at --since: no events that old\n")

    def test_json_has_the_line_of_a_gap_too(self):
        result, _ = self.watched(self.SUBSCRIBED + event(BASE + 1), refusal(9, **self.RESYNC), args=["--json"])
        self.assertEqual(result.code, REFUSED)
        self.assertEqual(result.raw, event(BASE + 1) + refusal(9, identity=2, **self.RESYNC))

    def test_a_daemon_without_events_is_not_asked_again(self):
        result, _ = self.watched(self.SUBSCRIBED, refusal(-32601, "no such method", reason="method_not_found"))
        self.assertEqual(result.code, REFUSED)
        self.assertIn("method_not_found: no such method", result.err)

    def test_watch_exits_if_its_first_subscription_is_refused(self):
        result, subscriptions = self.watched(refusal(-32002, "too many connections", None, reason="overloaded"))
        self.check(result, NO_DAEMON, "overloaded: too many connections")
        self.assertEqual(len(subscriptions), 1)

    def test_a_first_connection_that_fails_is_exit_3(self):
        self.check(ctl("watch", "--socket", os.path.join(self.folder, "none")), NO_DAEMON, "cannot connect")
        self.check(self.watched(b"")[0], NO_DAEMON, "the connection was closed without a reply")

    def test_the_timeout_is_for_the_subscription_and_not_for_events(self):
        self.check(run_against(stays(b""), "watch", "--timeout", "0.2"), NO_DAEMON, "no reply within 0.2 s")

        def later(connection):
            FakeDaemon.read_line(connection)
            connection.sendall(self.SUBSCRIBED)
            time.sleep(2.5)
            connection.sendall(event(BASE + 1))

        self.check(run_against(later, "watch", "--timeout", "2", "--count", "1"), OK)

    def test_watch_connects_once_more_if_the_daemon_hangs_on_connecting_again(self):
        result, _ = self.watched(self.SUBSCRIBED, stays(b""), reply({"revision": BASE + 1}) + event(BASE + 1),
                                 args=["--timeout", "2", "--count", "1"])
        self.assertEqual(result.code, OK)

    def test_an_invalid_event_is_exit_3(self):
        good = json.loads(event(BASE + 1))
        odd = [{**good["params"], key: 7.5} for key in good["params"]] + [[], None, {}]
        cases = [json.dumps({**good, "params": params}).encode() + b"\n" for params in odd]
        cases += [b"\n", b"HTTP/1.1\r\n", b"[]\n", b'{"method":"layout.event"}\n', event(BASE), event(BASE - 1)]
        for line in cases:
            with self.subTest(line[:60]):
                result, _ = self.watched(stays(self.SUBSCRIBED + line))
                self.check(result, NO_DAEMON, "hint: does gpalayoutd listen on this socket? --json shows")
                self.assertNotIn("connecting", result.err)
                self.assertEqual(result.raw, b"")

    def test_a_repeated_or_missing_event_is_an_error(self):
        for revision in (BASE + 1, BASE + 3):
            result, _ = self.watched(self.SUBSCRIBED + event(BASE + 1) + event(revision))
            self.check(result, NO_DAEMON, "an event does not follow the one before it")

    def test_an_event_may_say_which_it_follows(self):
        """The first event after a start of the daemon says which revision it follows."""
        def after(revision, follows):
            message = json.loads(event(revision))
            message["params"]["follows"] = follows
            return json.dumps(message).encode() + b"\n"

        good = self.SUBSCRIBED + event(BASE + 1) + after(BASE + 100, BASE + 1) + event(BASE + 101)
        result, _ = self.watched(stays(good), args=["--count", "3"])
        self.check(result, OK)
        self.assertEqual([line.split()[0] for line in result.out.splitlines()],
                         [str(BASE + 1), str(BASE + 100), str(BASE + 101)])
        for odd in (after(BASE + 100, BASE + 2), after(BASE + 100, BASE), after(BASE + 1, BASE + 1),
                    after(BASE + 2, "x")):
            result, _ = self.watched(stays(self.SUBSCRIBED + event(BASE + 1) + odd))
            self.check(result, NO_DAEMON, "hint: does gpalayoutd listen on this socket? --json shows")
            self.assertEqual(len(result.out.splitlines()), 1)

    def test_a_revision_lower_than_one_seen_is_refused(self):
        result, _ = self.watched(self.SUBSCRIBED + event(BASE + 1), reply({"revision": BASE}))
        self.assertEqual(result.code, NO_DAEMON)
        self.assertIn("its revision is lower than one seen before", result.err)

    def test_other_notifications_are_ignored(self):
        other = b'{"jsonrpc":"2.0","method":"layout.other","params":[]}\n'
        for args in ([], ["--json"]):
            result, _ = self.watched(self.SUBSCRIBED + other + event(BASE + 1), args=["--count", "1", *args])
            self.check(result, OK)
            self.assertEqual(len(result.out.splitlines()), 1)

    def test_an_event_without_a_digest_has_a_dash(self):
        line = b'{"jsonrpc":"2.0","method":"layout.event","params":{"revision":1780000000000001,"event":"deleted",' \
               b'"name":"a"}}\n'
        result, _ = self.watched(self.SUBSCRIBED + line, args=["--count", "1"])
        self.check(result, OK)
        self.assertEqual(fields(result.out), (BASE + 1, "deleted", "a", "-"))

    def test_a_signal_kills_watch(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with FakeDaemon(stays(self.SUBSCRIBED + event(BASE + 1))) as daemon, Watching(daemon.path) as watching:
                watching.lines(1)
                watching.process.send_signal(number)
                self.assertEqual(watching.end(), (-number, "", ""))

    def test_watch_exits_when_its_reader_has_gone(self):
        lost = threading.Event()
        stages = {"waiting for events": stays(self.SUBSCRIBED + event(BASE + 1)),
                  "connecting again": Stages(self.SUBSCRIBED + event(BASE + 1), lambda connection: lost.set())}
        for name, stage in stages.items():
            with self.subTest(name), FakeDaemon(stage) as daemon, Watching(daemon.path) as watching:
                watching.lines(1)
                if name == "connecting again":
                    lost.wait(PATIENCE)
                watching.process.stdout.close()
                self.assertEqual(watching.process.wait(PATIENCE), -signal.SIGPIPE)

    def test_with_sigpipe_ignored_a_reader_that_leaves_is_an_error(self):
        def ignore():
            signal.signal(signal.SIGPIPE, signal.SIG_IGN)

        with FakeDaemon(stays(self.SUBSCRIBED + event(BASE + 1))) as daemon, \
                Watching(daemon.path, restore_signals=False, preexec_fn=ignore) as watching:
            watching.lines(1)
            watching.process.stdout.close()
            self.assertEqual(watching.process.wait(PATIENCE), USAGE)
            self.assertEqual(watching.complaint(), "gpalayoutctl: cannot write the output: Broken pipe\n")

    def test_watch_exits_if_its_output_cannot_be_written(self):
        with open("/dev/full", "wb") as full, FakeDaemon(stays(self.SUBSCRIBED + event(BASE + 1))) as daemon:
            for args in ([], ["--json"]):
                result = ctl("--socket", daemon.path, "watch", *args, stdout=full)
                self.check(result, USAGE, "cannot write the output: No space left on device")

    def test_control_characters_of_the_daemon_reach_no_terminal(self):
        evil = "\x1b]0;x\x07\r\n\x01\x7f\x9b\u202e\u2028end"
        raw = event(BASE + 1, evil).replace(b"\\u009b", b"\xc2\x9b").replace(b"\\u007f", b"\x7f")
        safe = set(range(0x20, 0x7f)) | {0x0d, 0x0a}
        stopping = refusal(-32004, evil, None, reason="shutting_down")
        for args, stages in [([], [event(BASE + 1, evil, evil, evil)]), (["--json"], [raw]),
                             ([], [stopping, event(BASE + 1)])]:
            stages = Stages(*(self.SUBSCRIBED + line for line in stages))
            with self.subTest(args), FakeDaemon(stages) as daemon:
                code, shown = on_terminal("--socket", daemon.path, "watch", "--count", "1", *args)
                self.assertEqual(code, OK)
                self.assertLessEqual(set(shown), safe, shown)


class WithDaemon(Case):
    REQUEST = {"arch": "x86_64", "memory": {"nodes": ["1GiB"]}}

    def setUp(self):
        super().setUp()
        self.daemon = Daemon("--store", "sqlite", "--state-dir", self.folder)
        self.addCleanup(self.daemon.__exit__, None)

    def create(self, *names):
        with self.daemon.connect() as client:
            for name in names:
                self.assertIn("result", client.call("layout.create", {"name": name, "request": self.REQUEST}))

    def delete(self, *names):
        with self.daemon.connect() as client:
            for name in names:
                self.assertIn("result", client.call("layout.delete", {"name": name}))

    def revision(self):
        return self.daemon.call("layout.list")["result"]["revision"]

    def wait_subscribed(self):
        """Waits until the daemon has a subscriber. From then on each change is an event."""
        wait_until(lambda: self.daemon.call("daemon.stats")["result"]["connections"]["subscribers"], "there is no subscriber")

    def test_history_has_who_and_when(self):
        self.create("vm-1", "vm-2")
        self.delete("vm-2")
        result = ctl("--socket", self.daemon.socket, "history", "vm-2")
        self.check(result, OK)
        head, made, gone = result.out.splitlines()
        self.assertEqual(head.split(), ["REVISION", "AT", "EVENT", "GENERATION", "BY", "DIGEST"])
        by = pwd.getpwuid(os.getuid()).pw_name
        self.assertEqual([line.split()[2:5] for line in (made, gone)], [["created", "1", by], ["deleted", "1", by]])
        events = self.daemon.call("layout.history", {"name": "vm-2"})["result"]["events"]
        self.assertEqual([line.split()[1] for line in (made, gone)], [event["at"] for event in events])
        self.assertEqual(ctl("--socket", self.daemon.socket, "history", "vm-2", "--field", "events.1.at").out,
                         events[1]["at"] + "\n")

    def test_a_history_that_does_not_begin_with_the_first_change_says_so(self):
        later = {"revision": BASE + 9, "event": "updated", "name": "vm", "digest": "sha256:00ff"}
        for events, above in (([later], 3), ([], 0)):
            script = reply({"name": "vm", "revision": BASE + 9, "oldest_since": BASE + 5, "events": events})
            result = run_against(script, "history", "vm")
            self.check(result, OK)
            self.assertEqual(result.out.splitlines()[above:], [f"Changes up to revision {BASE + 5} are not listed."])

    def test_events_have_name_and_digest(self):
        with Watching(self.daemon.socket, "--count", "3") as watching:
            self.wait_subscribed()
            self.create("vm-1")
            digest = self.daemon.call("layout.get", {"name": "vm-1"})["result"]["layout"]["digest"]
            self.create("vm-2")
            self.delete("vm-1")
            code, out, err = watching.end()
        self.assertEqual((code, err), (OK, ""))
        self.assertEqual([fields(line)[1:] for line in out.splitlines()],
                         [("created", "vm-1", digest), ("created", "vm-2", digest), ("deleted", "vm-1", digest)])

    def test_a_restart_loses_and_repeats_no_event(self):
        for sig in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(sig.name), Watching(self.daemon.inspect_socket) as watching:
                prefix = sig.name.lower()
                names = [f"{prefix}-{number:02}" for number in range(40)]
                self.wait_subscribed()
                self.create(*names[:10])
                seen = watching.lines(10)
                self.create(*names[10:20])  # some may still be under way when the daemon exits
                self.daemon.stop(sig)
                self.daemon.start()
                self.create(*names[20:30])
                self.wait_subscribed()
                self.create(*names[30:])
                seen += watching.lines(30)
                self.assertEqual([fields(line)[2] for line in seen], names)
                revisions = [fields(line)[0] for line in seen]
                self.assertEqual(revisions, sorted(set(revisions)))
                self.assertIn("the connection was lost; connecting again", watching.complaint())
                self.assertIn("connected again", watching.complaint())

    def test_a_restart_before_the_first_event_loses_none(self):
        with Watching(self.daemon.socket, "--count", "2") as watching:
            self.wait_subscribed()
            self.daemon.stop()
            self.daemon.start()
            self.create("vm-1", "vm-2")
            code, out, _ = watching.end()
        self.assertEqual((code, [fields(line)[2] for line in out.splitlines()]), (OK, ["vm-1", "vm-2"]))

    def test_since_has_what_happened_before(self):
        since = self.revision()
        self.create("vm-1", "vm-2")
        self.delete("vm-1")
        result = ctl("--socket", self.daemon.socket, "watch", "--since", str(since), "--count", "3")
        self.check(result, OK)
        self.assertEqual([fields(line)[1:3] for line in result.out.splitlines()],
                         [("created", "vm-1"), ("created", "vm-2"), ("deleted", "vm-1")])
        lines = ctl("--socket", self.daemon.socket, "watch", "--since", str(since), "--count", "3", "--json").out
        self.assertEqual([json.loads(line)["params"]["name"] for line in lines.splitlines()], ["vm-1", "vm-2", "vm-1"])

    def test_a_revision_of_another_registry_is_refused(self):
        self.create("vm-1")
        for since in (0, self.revision() + 1):
            with self.subTest(since):
                result = ctl("--socket", self.daemon.socket, "watch", "--since", str(since))
                self.check(result, REFUSED, "resync_required at --since: ",
                           "hint: the daemon does not have these events: ", f"watch --since {self.revision()}\n")

    def test_events_that_are_not_kept_any_more_are_a_gap(self):
        self.daemon.options += ["--limit", "events_kept=4"]
        with Watching(self.daemon.socket) as watching:
            self.wait_subscribed()
            self.create("vm-1")
            watching.lines(1)
            watching.process.send_signal(signal.SIGSTOP)
            self.daemon.stop()
            self.daemon.start()
            self.create(*(f"late-{number}" for number in range(9)))
            watching.process.send_signal(signal.SIGCONT)
            code, out, err = watching.end()
        self.assertEqual((code, out), (REFUSED, ""))
        self.assertIn("resync_required: ", err)

    def test_a_new_registry_at_the_same_socket_is_a_gap(self):
        with Watching(self.daemon.socket) as watching:
            self.wait_subscribed()
            self.create("vm-1")
            watching.lines(1)
            self.daemon.stop()
            for name in os.listdir(self.folder):
                os.unlink(os.path.join(self.folder, name))
            self.daemon.start()
            code, out, err = watching.end()
        self.assertEqual((code, out), (REFUSED, ""))
        self.assertIn("resync_required: ", err)


if __name__ == "__main__":
    main()
