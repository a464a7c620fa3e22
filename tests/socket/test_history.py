# SPDX-License-Identifier: MIT
"""layout.history: who changed a layout, when, and to what, as far back as events are kept."""

import os
import shutil
import unittest

from harness import TOP_SRCDIR, Daemon, call_as, can_be_another_user, main
from vm import REQUEST, reason, request

OTHER_UID = 65534


def history(daemon, name):
    return daemon.call("layout.history", {"name": name}, inspect=True)


class History(unittest.TestCase):
    OPTIONS = ()

    def setUp(self):
        self.daemon = Daemon(*self.OPTIONS)
        self.addCleanup(self.daemon.__exit__, None, None)

    def change(self, method, **params):
        reply = self.daemon.call(method, params)
        self.assertIn("result", reply)
        return reply["result"]

    def come_and_go(self, name, count=1):
        for _ in range(count):
            self.change("layout.create", name=name, request=REQUEST)
            self.change("layout.delete", name=name)

    def test_each_change_of_the_name_is_there_and_no_other(self):
        start = self.change("layout.list")["revision"]
        made = self.change("layout.create", name="vm-2", request=REQUEST)
        self.come_and_go("vm-20")
        updated = self.change("layout.update", name="vm-2", request=request(3), allow_moves=True)
        seen = self.change("layout.get", name="vm-2")
        self.change("layout.delete", name="vm-2")
        before = history(self.daemon, "vm-2")["result"]
        self.daemon.stop()
        self.daemon.start()
        result = history(self.daemon, "vm-2")["result"]
        self.assertEqual(result, before)
        self.assertEqual((result["name"], result["oldest_since"], result["revision"]), ("vm-2", start, start + 5))
        self.assertEqual([(event["revision"], event["event"], event["name"], event["digest"], event["generation"],
                           event["uid"]) for event in result["events"]],
                         [(start + 1, "created", "vm-2", made["layout"]["digest"], 1, os.geteuid()),
                          (start + 4, "updated", "vm-2", updated["layout"]["digest"], 2, os.geteuid()),
                          (start + 5, "deleted", "vm-2", updated["layout"]["digest"], 2, os.geteuid())])
        times = [event["at"] for event in result["events"]]
        self.assertEqual(times[:2], [seen["created_at"], seen["updated_at"]])
        self.assertGreaterEqual(times[2], times[1])

    @unittest.skipUnless(can_be_another_user(), "needs root, to become another user")
    def test_history_reports_the_user_of_each_change(self):
        os.chmod(self.daemon.folder, 0o755)
        os.chmod(self.daemon.socket, 0o666)
        reply = call_as(OTHER_UID, [], self.daemon.socket, "layout.create", {"name": "vm", "request": REQUEST})
        self.assertIn("result", reply)
        self.change("layout.delete", name="vm")
        self.assertEqual([event["uid"] for event in history(self.daemon, "vm")["result"]["events"]], [OTHER_UID, 0])

    def test_a_name_without_events_is_not_found(self):
        self.come_and_go("vm")
        reply = history(self.daemon, "v")
        self.assertEqual((reason(reply), reply["error"]["data"]["pointer"]), ("not_found", "/name"))

    def test_a_refused_change_is_not_listed(self):
        self.change("layout.create", name="vm", request=REQUEST)
        self.daemon.call("layout.create", {"name": "vm", "request": request(9)})
        self.daemon.call("layout.delete", {"name": "vm", "generation": 9})
        self.assertEqual(len(history(self.daemon, "vm")["result"]["events"]), 1)


class Cut(History):
    """The same with few events kept and short pages."""

    OPTIONS = ("--limit", "events_kept=8", "--limit", "list_page=3")

    def test_dropped_events_are_missing_and_oldest_since_says_so(self):
        self.change("layout.create", name="old", request=REQUEST)
        self.come_and_go("vm", 4)
        result = history(self.daemon, "old")["result"]
        # The layout is live, but none of its events is kept.
        self.assertEqual((result["events"], result["oldest_since"]), ([], result["revision"] - 8))
        self.change("layout.delete", name="old")
        self.come_and_go("vm", 4)
        self.assertEqual(reason(history(self.daemon, "old")), "not_found")

    def test_only_the_newest_events_are_listed(self):
        self.come_and_go("vm", 3)
        result = history(self.daemon, "vm")["result"]
        self.assertEqual([event["event"] for event in result["events"]], ["deleted", "created", "deleted"])
        self.assertEqual([event["revision"] for event in result["events"]],
                         [result["oldest_since"] + 1 + number for number in range(3)])


class OlderRegistry(unittest.TestCase):
    def test_events_without_an_author_stay_so_and_new_ones_have_one(self):
        with Daemon() as daemon:
            daemon.stop()
            shutil.rmtree(daemon.state)
            os.mkdir(daemon.state, 0o700)
            shutil.copyfile(os.path.join(TOP_SRCDIR, "tests", "registries", "deleted", "registry.db"),
                            os.path.join(daemon.state, "registry.db"))
            daemon.start()
            daemon.call("layout.create", {"name": "gone", "request": REQUEST})
            for _ in range(2):
                events = history(daemon, "gone")["result"]["events"]
                self.assertEqual([event["event"] for event in events], ["created", "updated", "deleted", "created"])
                self.assertEqual([set(event) & {"at", "uid", "generation"} for event in events[:3]], [set()] * 3)
                self.assertEqual((events[3]["uid"], events[3]["generation"]),
                                 (os.geteuid(), daemon.call("layout.get", {"name": "gone"})["result"]["generation"]))
                daemon.stop()
                daemon.start()


if __name__ == "__main__":
    main()
