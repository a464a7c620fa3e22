# SPDX-License-Identifier: MIT
"""
Registries of earlier versions and of this one, from tests/registries. The daemon loads each, answers about it byte for
byte as the version that wrote it did, except for members added since, and can change it.
"""

import json
import os
import shutil
import sqlite3
import tempfile
import unittest

from harness import TOP_SRCDIR, Daemon, main
from vm import reason

FOLDERS = os.path.join(TOP_SRCDIR, "tests", "registries")

NEXT = {"arch": "x86_64", "memory": {"nodes": ["1GiB"]}}

# Members that versions after 0.1.0 add to a reply of layout.get and to an event, as paths; "*" is each element.
ADDED_TO_GET = tuple(("result", "layout", "pcie", "root_complexes", "*", window, "largest_bar")
                     for window in ("low_mmio", "high_mmio"))
ADDED_TO_EVENT = ()


def drop(value, path):
    head, *rest = path
    if head == "*":
        for element in value:
            drop(element, rest)
    elif not rest:
        value.pop(head, None)
    elif head in value:
        drop(value[head], rest)


class Recorded:
    """Tests that each folder must pass, with a daemon on a copy of it."""

    FILES = ("registry.db",)

    def setUp(self):
        folder = os.path.join(FOLDERS, self.FOLDER)
        copy = tempfile.mkdtemp(prefix="gpalayoutd-test-")
        self.addCleanup(shutil.rmtree, copy)
        for file in self.FILES:
            shutil.copyfile(os.path.join(folder, file), os.path.join(copy, file))
        with open(os.path.join(folder, "recorded.json"), encoding="ascii") as file:
            self.recorded = json.load(file)
        self.layouts = self.recorded["layouts"]
        self.daemon = Daemon("--state-dir", copy)
        self.addCleanup(self.daemon.__exit__, None)

    def check_line(self, line, recorded, added):
        value = json.loads(line)
        # The line is in this form, so comparing values without some members is as strict as comparing bytes.
        self.assertEqual(json.dumps(value, separators=(",", ":")), line.decode())
        for path in added:
            drop(value, path)
        self.assertEqual(json.dumps(value, separators=(",", ":")), recorded)

    def check_layouts(self, client):
        page = client.call("layout.list", {"limit": 1000})["result"]
        self.assertEqual({row["name"] for row in page["layouts"]}, set(self.layouts))
        for name, recorded in self.layouts.items():
            client.send(json.dumps({"jsonrpc": "2.0", "id": name, "method": "layout.get",
                                    "params": {"name": name}}).encode() + b"\n")
            self.check_line(client.read_line(), recorded, ADDED_TO_GET)

    def test_each_layout_is_answered_as_it_was_written(self):
        with self.daemon.connect() as client:
            self.check_layouts(client)
        # The first start may have rewritten something.
        self.daemon.stop()
        self.daemon.start()
        with self.daemon.connect() as client:
            self.check_layouts(client)

    def test_the_same_request_again_creates_nothing(self):
        with self.daemon.connect() as client:
            for name, line in self.layouts.items():
                was = json.loads(line)["result"]
                named = dict(was["request"], policy=was["layout"]["policy"])
                for request in (was["request"], named):
                    reply = client.call("layout.create", {"name": name, "request": request})
                    if was["owner_uid"] == os.geteuid():
                        now = client.call("layout.get", {"name": name})["result"]
                        self.assertFalse(reply["result"]["created"])
                        self.assertEqual({member: reply["result"][member] for member in ("generation", "layout")},
                                         {member: now[member] for member in ("generation", "layout")})
                    else:
                        self.assertEqual((reason(reply), reply["error"]["data"]["owner_uid"]),
                                         ("conflict", was["owner_uid"]))
                other = dict(was["request"], memory={"nodes": ["123MiB"]})
                self.assertEqual(reason(client.call("layout.create", {"name": name, "request": other})), "conflict")
            self.check_layouts(client)

    def test_each_layout_can_be_updated_and_deleted(self):
        changed = {}
        with self.daemon.connect() as client:
            for name, line in self.layouts.items():
                was = json.loads(line)["result"]
                if os.geteuid() in (0, was["owner_uid"]):
                    changed[name] = self.update(client, was)
                else:
                    self.assertEqual(reason(client.call("layout.delete", {"name": name})), "denied")
        self.daemon.stop()
        self.daemon.start()
        with self.daemon.connect() as client:
            for name, was in changed.items():
                self.assertEqual(client.call("layout.get", {"name": name})["result"], was)
                gone = client.call("layout.delete", {"name": name, "generation": was["generation"]})
                self.assertIn("result", gone)
            left = {row["name"] for row in client.call("layout.list", {"limit": 1000})["result"]["layouts"]}
        self.assertEqual(left, set(self.layouts) - set(changed))

    def update(self, client, was):
        """Reserves a range near the end of the address space, which moves nothing, then adds a node. Returns the result of
        layout.get after both updates."""
        name, request = was["name"], was["request"]
        request = dict(request, reserved=[*request.get("reserved", []), {
            "name": "added", "start": "0xfffffffffffd0000", "end": "0xfffffffffffe0000"}])
        params = {"name": name, "request": request, "generation": was["generation"] + 1}
        self.assertEqual(reason(client.call("layout.update", params)), "generation_mismatch")
        reply = client.call("layout.update", dict(params, generation=was["generation"]))
        self.assertEqual(reply["result"]["changes"], [], reply)
        self.assertEqual(reply["result"]["layout"]["digest"], was["layout"]["digest"])

        request["memory"] = dict(request["memory"], nodes=[*request["memory"]["nodes"], "1GiB"])
        reply = client.call("layout.update", {"name": name, "request": request})
        self.assertIn("result", reply, reply)
        compared = client.call("layout.compare", {"from": {"layout": was["layout"]}, "to": {"name": name}})["result"]
        self.assertTrue(compared["compatible"])
        self.assertEqual({(change["change"], change["tag"]) for change in compared["changes"]},
                         {("added", f"ram{len(request['memory']['nodes']) - 1}")})
        now = client.call("layout.get", {"name": name})["result"]
        self.assertGreater(now["generation"], was["generation"] + 1)
        self.assertEqual(now["layout"], reply["result"]["layout"])
        return now

    def test_events_are_sent_as_they_were_recorded(self):
        with self.daemon.connect() as client:
            present = client.call("layout.list")["result"]["revision"]
            self.assertGreaterEqual(present, self.recorded["revision"])
            for wrong in (self.recorded["start"] - 1, present + 1):
                reply = client.call("events.subscribe", {"since": wrong})
                self.assertEqual(reason(reply), "resync_required")
            self.assertIn("result", client.call("events.subscribe", {"since": self.recorded["start"]}))
            for event in self.recorded["events"]:
                self.check_line(client.read_line(), event, ADDED_TO_EVENT)
            # This version makes the next event, and its revision is a new one.
            self.daemon.call("layout.create", {"name": "next", "request": NEXT})
            event = json.loads(client.read_line())["params"]
            self.assertEqual((event["event"], event["name"]), ("created", "next"))
            self.assertGreater(event["revision"], present)
            self.assertEqual(event.get("follows", event["revision"] - 1), present)

    def test_a_name_used_again_has_a_generation_it_never_had(self):
        self.assertTrue(self.recorded["gone"])
        for name, generation in self.recorded["gone"].items():
            made = self.daemon.call("layout.create", {"name": name, "request": NEXT})["result"]
            self.assertGreater(made["generation"], generation)


class Forms(Recorded, unittest.TestCase):
    FOLDER = "forms"


class Deleted(Recorded, unittest.TestCase):
    FOLDER = "deleted"


class Restarted(Recorded, unittest.TestCase):
    FOLDER = "restarted"

    def test_the_revisions_have_gaps(self):
        """Otherwise this folder would not show that events say which one they follow."""
        follows = [json.loads(line)["params"].get("follows") for line in self.recorded["events"]]
        self.assertEqual([number for number, what in enumerate(follows) if what is not None], [3, 6])


class Authors(Recorded, unittest.TestCase):
    FOLDER = "authors"

    def test_the_events_say_who(self):
        events = [json.loads(line)["params"] for line in self.recorded["events"]]
        self.assertEqual([event["uid"] for event in events], [0, 0, 65534, 0, 0])


class Killed(Recorded, unittest.TestCase):
    FOLDER = "killed"
    FILES = ("registry.db", "registry.db-wal")

    def test_some_layouts_are_in_the_log_alone(self):
        """Otherwise this folder would not show that the log is read."""
        path = os.path.join(FOLDERS, "killed", "registry.db")
        database = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
        self.addCleanup(database.close)
        in_database = {name for name, in database.execute("SELECT name FROM layouts")}
        self.assertTrue(set(self.layouts) - in_database)
        self.assertTrue(set(self.layouts) & in_database)


class Folders(unittest.TestCase):
    def test_each_folder_is_tested(self):
        # An import of record.py may leave the folder __pycache__.
        self.assertEqual({entry.name for entry in os.scandir(FOLDERS) if entry.is_dir()} - {"__pycache__"},
                         {case.FOLDER for case in Recorded.__subclasses__()})


if __name__ == "__main__":
    main()
