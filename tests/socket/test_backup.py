# SPDX-License-Identifier: MIT
"""A backup is taken while layouts change, and restored. A client that has seen a lost change is refused."""

import base64
import functools
import grp
import hashlib
import json
import os
import random
import signal
import subprocess
import tempfile
import threading
import unittest

from ctl_harness import (BASE_ENV, NO_DAEMON, OK, REFUSED, STATUS, USAGE, Case, FakeDaemon, ctl, ctl_as,
                         on_terminal, peer_pid, refusal, reply, run_against)
from harness import AS_ADMIN, GPALAYOUTCTL, GPALAYOUTD, PATIENCE, Daemon, call_as, can_be_another_user, main, wait_until
from vm import REQUEST, reason, request

RAISED_BY = 1 << 32
OTHER_UID = 65534


def create(client, name, wanted=None):
    return client.call("layout.create", {"name": name, "request": wanted or REQUEST})["result"]


def delete(client, name):
    return client.call("layout.delete", {"name": name})["result"]


def everything(daemon):
    """Returns two dictionaries by layout name: the generations, and what else layout.get returns."""
    with daemon.connect() as client:
        names = [row["name"] for row in client.call("layout.list", {"limit": 1000})["result"]["layouts"]]
        layouts = {name: client.call("layout.get", {"name": name})["result"] for name in names}
    return {name: layout.pop("generation") for name, layout in layouts.items()}, layouts


class WithDaemon(Case):
    OPTIONS = ()

    def setUp(self):
        self.daemon = Daemon(*AS_ADMIN, *self.OPTIONS)
        self.addCleanup(self.daemon.__exit__, None, None)
        self.file = os.path.join(self.daemon.folder, "backup")

    def backup(self, *args, path=None):
        return ctl("--socket", self.daemon.socket, "backup", path or self.file, *args)

    def take(self):
        result = self.backup()
        self.check(result, OK)
        return result

    def restored(self, path=None, *options):
        """A daemon that starts with the backup."""
        daemon = Daemon("--restore", path or self.file, *AS_ADMIN, *options)
        self.addCleanup(daemon.__exit__, None, None)
        return daemon

    def refused(self, path, *options):
        """Returns why a daemon refuses to start with a file."""
        state = os.path.join(self.daemon.folder, "elsewhere")
        result = subprocess.run(
            [GPALAYOUTD, "--config", "none", "--socket", os.path.join(self.daemon.folder, "no.sock"),
             "--restore", path, *(options or ("--state-dir", state))],
            capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertNotEqual(result.returncode, 0)
        if os.path.isdir(state):
            self.assertEqual(os.listdir(state), [])
        return result.stderr


class Backup(WithDaemon):
    def test_a_restored_registry_equals_the_original(self):
        with self.daemon.connect() as client:
            for number in range(20):
                create(client, f"vm-{number}", request(1 + number))
            client.call("layout.update", {"name": "vm-3", "request": request(40), "allow_moves": True})
            delete(client, "vm-4")
        result = self.take()
        generations, layouts = everything(self.daemon)
        revision = self.daemon.call("layout.list")["result"]["revision"]
        self.assertRegex(result.out, f"^{self.file}: 19 layouts as of revision {revision}, ~?[0-9.]+ KiB\n$")
        self.assertEqual(os.stat(self.file).st_mode & 0o777, 0o600)
        restored = self.restored()
        restored.wait_log("event=store_restored store=sqlite layouts=19 ")
        for _ in range(2):
            now, same = everything(restored)
            self.assertEqual(same, layouts)
            self.assertEqual(now, {name: generation + RAISED_BY for name, generation in generations.items()})
            self.assertEqual(restored.call("layout.list")["result"]["revision"], revision + RAISED_BY)
            # It could not restart with the same options, because the registry exists now.
            restored.stop()
            if "--restore" in restored.options:
                restored.options = restored.options[2:]
            restored.start()

    def test_an_empty_registry_is_restored_too(self):
        self.assertRegex(self.take().out, ": 0 layouts as of revision ")
        self.assertEqual(everything(self.restored()), ({}, {}))

    def test_a_client_that_knows_lost_changes_is_refused(self):
        with self.daemon.connect() as client:
            create(client, "vm-1")
            create(client, "vm-2")
            self.take()
            before = client.call("layout.list")["result"]["revision"]
            client.call("layout.update", {"name": "vm-1", "request": request(8), "allow_moves": True})
            delete(client, "vm-2")
            lost = create(client, "vm-2", request(9))["generation"]
            after = client.call("layout.list")["result"]["revision"]
        restored = self.restored()
        with restored.connect() as client:
            for revision in (before - 1, before, before + 1, after):
                answer = client.call("events.subscribe", {"since": revision})
                self.assertEqual(reason(answer), "resync_required")
            for name, generation in (("vm-1", 1), ("vm-1", 2), ("vm-2", 1), ("vm-2", lost)):
                answer = client.call("layout.delete", {"name": name, "generation": generation})
                self.assertEqual(reason(answer), "generation_mismatch")
            self.assertEqual(client.call("layout.history", {"name": "vm-1"})["result"]["events"], [])
            # Changes from now on have numbers that nobody has seen.
            changed = client.call("layout.update", {"name": "vm-1", "request": request(8), "allow_moves": True})
            self.assertEqual(changed["result"]["generation"], 2 + RAISED_BY)
            self.assertGreater(create(client, "vm-3")["generation"], lost)
            self.assertGreater(client.call("layout.list")["result"]["revision"], after)

    def test_a_backup_may_be_restored_twice(self):
        """The changes after the first restore are lost. Their numbers are not used again, even after a restart."""
        self.take()
        revisions, generations = [], []
        for _ in range(3):
            restored = self.restored()
            restored.stop()
            restored.options = [*restored.options[2:]]
            restored.start()
            with restored.connect() as client:
                for _ in range(2):
                    generations.append(create(client, "vm")["generation"])
                    delete(client, "vm")
                for revision in revisions:
                    answer = client.call("events.subscribe", {"since": revision})
                    self.assertEqual(reason(answer), "resync_required")
                revisions.append(client.call("layout.list")["result"]["revision"])
        self.assertEqual(generations, sorted(set(generations)))
        self.assertEqual(revisions, sorted(set(revisions)))

    def test_owners_stay_owners(self):
        if not can_be_another_user():
            self.skipTest("needs root, to become another user")
        os.chmod(self.daemon.folder, 0o755)
        os.chmod(self.daemon.socket, 0o666)
        made = ctl_as(OTHER_UID, "--socket", self.daemon.socket, "create", "theirs", "--memory", "1G", "-q")
        self.check(made, OK)
        self.take()
        self.assertEqual(self.restored().call("layout.get", {"name": "theirs"})["result"]["owner_uid"], OTHER_UID)

    def test_only_root_and_admins_may_take_a_backup(self):
        if not can_be_another_user():
            self.skipTest("needs root, to become another user")
        os.chmod(self.daemon.folder, 0o755)
        os.chmod(self.daemon.socket, 0o666)
        for args in (["backup", "-"], ["call", "registry.backup"]):
            result = ctl_as(OTHER_UID, "--socket", self.daemon.socket, *args)
            self.check(result, REFUSED, "denied: a backup has the layouts of all users; only root and the admin group",
                       "run the command as root")
            self.assertEqual(result.out, "")

    def test_a_member_of_the_admin_group_may_take_a_backup(self):
        if not can_be_another_user():
            self.skipTest("needs root, to become another user")
        group = grp.getgrnam("daemon").gr_gid
        with Daemon("--socket-mode", "0666", "--admin-group", str(group)) as daemon:
            os.chmod(daemon.folder, 0o755)
            answer = call_as(OTHER_UID, [7, group], daemon.socket, "registry.backup", {})
            self.assertEqual(answer["result"]["layouts"], 0)
            self.assertEqual(reason(call_as(OTHER_UID, [7], daemon.socket, "registry.backup", {})), "denied")

    def test_the_inspect_socket_serves_no_backup(self):
        self.assertEqual(reason(self.daemon.call("registry.backup", inspect=True)), "method_not_found")

    def test_after_and_revision_must_come_together(self):
        for params, pointer in (({"after": "vm"}, "/revision"), ({"revision": 3}, "/after")):
            answer = self.daemon.call("registry.backup", params)
            self.assertEqual((reason(answer), answer["error"]["data"]["pointer"]), ("missing_member", pointer))

    def test_json_and_field_describe_the_file(self):
        result = self.backup("--json")
        self.check(result, OK)
        told = json.loads(result.out)["result"]
        self.assertEqual(told, {"revision": self.daemon.call("layout.list")["result"]["revision"], "layouts": 0,
                                "bytes": os.stat(self.file).st_size})
        self.assertEqual(self.backup("--field", "layouts").out, "0\n")
        self.assertEqual(self.backup("-q").out, "")

    def test_standard_output_is_the_same(self):
        self.daemon.call("layout.create", {"name": "vm", "request": REQUEST})
        self.take()
        piped = self.backup(path="-")
        self.assertEqual((piped.code, piped.err), (OK, ""))
        with open(self.file, "rb") as file:
            self.assertEqual(piped.raw, file.read())
        self.check(self.backup("--json", path="-"), USAGE, "--json, --field and --quiet need a file")
        code, shown = on_terminal("--socket", self.daemon.socket, "backup", "-")
        self.assertEqual(code, USAGE)
        self.assertIn(b"a backup is not text and cannot go to a terminal", shown)

    def test_an_older_file_is_replaced_as_a_whole_or_stays(self):
        self.take()
        with open(self.file, "rb") as file:
            older = file.read()
        self.daemon.call("layout.create", {"name": "vm", "request": REQUEST})
        cut = {"revision": 5, "next": "vm", "data": base64.b64encode(b"gpalayoutd").decode()}
        result = run_against(reply(cut), "backup", self.file)
        self.check(result, NO_DAEMON)
        self.check(self.backup(path="/dev/full"), USAGE, "/dev/full: No space left on device")
        self.check(self.backup(path=os.path.join(self.daemon.folder, "none", "b")), USAGE, "No such file or directory")
        with open(self.file, "rb") as file:
            self.assertEqual(file.read(), older)
        self.assertEqual([name for name in os.listdir(self.daemon.folder) if name.endswith(".tmp")], [])
        self.take()
        with open(self.file, "rb") as file:
            self.assertNotEqual(file.read(), older)

    def test_a_folder_with_a_registry_is_refused_and_left_alone(self):
        self.take()
        self.daemon.stop()
        before = {name: open(os.path.join(self.daemon.state, name), "rb").read() for name in os.listdir(self.daemon.state)}
        result = subprocess.run([GPALAYOUTD, "--config", "none", "--socket", self.daemon.socket, "--state-dir",
                                 self.daemon.state, "--restore", self.file],
                                capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("registry.db exists; a backup is restored only", result.stderr)
        self.assertEqual({name: open(os.path.join(self.daemon.state, name), "rb").read()
                          for name in os.listdir(self.daemon.state)}, before)
        self.daemon.start()

    def test_an_invalid_backup_is_refused(self):
        self.daemon.call("layout.create", {"name": "vm", "request": REQUEST})
        self.take()
        with open(self.file, "rb") as file:
            whole = file.read()
        other = os.path.join(self.daemon.folder, "other")
        cases = [(whole[:-1], "cut short, or damaged"), (whole[:100], "cut short"), (b"", "it is empty"),
                 (whole[:-40] + bytes(8) + whole[-32:], "its checksum is wrong"), (b"#!/bin/sh\n" * 9, "not a backup of gpalayoutd"),
                 (whole.replace(b"backup-1", b"backup-2"), "newer version"), (whole[:30], "it was cut short")]
        for content, why in cases:
            with open(other, "wb") as file:
                file.write(content)
            self.assertIn(why, self.refused(other))
        self.assertIn("No such file", self.refused(other + "-not-there"))
        self.assertIn("not a regular file", self.refused("/dev/zero"))
        self.assertIn("the memory store cannot restore a backup", self.refused(other, "--store", "memory"))

    def test_the_file_is_the_pages_and_their_sha_256(self):
        """The file is as proto/README.md says, for those who write one without gpalayoutctl."""
        with self.daemon.connect() as client:
            for number in range(5):
                create(client, f"vm-{number}")
            page = client.call("registry.backup")["result"]
        data = base64.b64decode(page["data"], validate=True)
        self.assertEqual((page["layouts"], "next" in page), (5, False))
        with open(self.file, "wb") as file:
            file.write(data + hashlib.sha256(data).digest())
        self.assertEqual(everything(self.restored())[1], everything(self.daemon)[1])

    def test_the_folder_is_made_though_state_is_required(self):
        self.take()
        self.assertEqual(everything(self.restored(None, "--require-state")), ({}, {}))


class Small(WithDaemon):
    """Pages of 32 KiB, so that a backup has many pages."""

    OPTIONS = ("--limit", "reply_bytes=65536")

    def fill(self, client):
        for number in range(300):
            create(client, f"vm-{number:03}", request(1 + number % 7))

    def test_layouts_change_while_a_backup_is_taken(self):
        """The backup has exactly the layouts that were live at its revision."""
        with self.daemon.connect() as client:
            self.fill(client)
        chance = random.Random(5)
        states, stop = {}, threading.Event()

        def change():
            live = {f"vm-{number:03}" for number in range(300)}
            with self.daemon.connect() as client:
                while not stop.is_set():
                    name = f"vm-{chance.randrange(320):03}"
                    if name in live:
                        delete(client, name)
                        live.remove(name)
                    else:
                        create(client, name)
                        live.add(name)
                    # Only this connection makes changes, so each revision is its own.
                    states[client.call("layout.list", {"limit": 1})["result"]["revision"]] = frozenset(live)

        changer = threading.Thread(target=change)
        changer.start()
        try:
            wait_until(lambda: len(states) > 20, "there are too few changes")
            for number in range(3):
                taken = self.backup("--json", path=f"{self.file}-{number}")
                self.check(taken, OK)
                told = json.loads(taken.out)["result"]
                wait_until(lambda: max(states) > told["revision"], "there is no change after the backup")
                restored = self.restored(f"{self.file}-{number}")
                with restored.connect() as client:
                    rows = client.call("layout.list", {"limit": 1000})["result"]["layouts"]
                self.assertEqual({row["name"] for row in rows}, states[told["revision"]])
                self.assertEqual(len(rows), told["layouts"])
        finally:
            stop.set()
            changer.join()

    def test_a_backup_is_aborted_if_the_daemon_dies(self):
        with self.daemon.connect() as client:
            self.fill(client)
        process = subprocess.Popen([GPALAYOUTCTL, "--socket", self.daemon.socket, "backup", "-"], env=BASE_ENV,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, pipesize=4096)
        # The pipe holds less than the backup, so the client waits in the middle of it.
        process.stdout.read(1)
        self.daemon.process.kill()
        self.daemon.process.wait()
        process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, NO_DAEMON)
        self.daemon.start()


class Late(WithDaemon):
    """The daemon keeps so few events that a page may come too late."""

    OPTIONS = ("--limit", "reply_bytes=65536", "--limit", "events_kept=4")

    def test_a_page_that_comes_too_late_is_refused(self):
        with self.daemon.connect() as client:
            for number in range(200):
                create(client, f"vm-{number:03}")
            page = client.call("registry.backup")["result"]
            for _ in range(3):
                delete(client, "vm-000")
                create(client, "vm-000")
            answer = client.call("registry.backup", {"after": page["next"], "revision": page["revision"]})
            self.assertEqual((reason(answer), answer["error"]["data"]["pointer"]), ("resync_required", "/revision"))
            now = client.call("layout.list")["result"]["revision"]
            self.assertEqual({name: answer["error"]["data"][name] for name in ("revision", "oldest_since")},
                             {"revision": now, "oldest_since": now - 4})

    def test_a_page_that_comes_too_late_restarts_the_backup(self):
        data = base64.b64encode(b"gpalayoutd-backup-1\n").decode()
        first = {"revision": 7, "next": "vm-1", "data": data}
        last = {"revision": 9, "layouts": 0, "data": data}
        behind = refusal(9, "behind", reason="resync_required", revision=9, oldest_since=8)

        lines = [reply(first), behind.replace(b'"id": 1', b'"id": 2'), reply(last, 3)]
        self.check(run_against(answers(*lines), "backup", self.file), OK)
        content = b"gpalayoutd-backup-1\n"
        with open(self.file, "rb") as file:
            self.assertEqual(file.read(), content + hashlib.sha256(content).digest())

        lines = []
        for number in range(1, 7, 2):
            lines += [reply(first, number), behind.replace(b'"id": 1', b'"id": %d' % (number + 1))]
        result = run_against(answers(*lines), "backup", self.file)
        self.check(result, REFUSED, "layouts change faster than a backup can follow")


def page(number, **members):
    """Returns the answer to request `number`, which asks for this page."""
    return reply({"revision": 7, "next": f"vm-{number:03}", "data": base64.b64encode(b"page").decode(), **members}, number)


def answers(*lines):
    """Makes a script for a peer that sends these answers, and then no more."""
    def run(connection):
        for line in lines:
            FakeDaemon.read_line(connection)
            connection.sendall(line)
        while FakeDaemon.read_line(connection):
            pass
    return run


class Written(Case):
    """How the file is written, whatever the daemon does."""

    LAST = {"revision": 7, "layouts": 0, "data": base64.b64encode(b"the last").decode()}
    CONTENT = b"the last" + hashlib.sha256(b"the last").digest()

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.file = os.path.join(self.folder, "backup")

    def test_the_target_of_a_link_is_replaced(self):
        link, lost = os.path.join(self.folder, "link"), os.path.join(self.folder, "lost")
        os.symlink("backup", link)
        os.symlink("none", lost)
        with open(self.file, "wb"):
            pass
        self.check(run_against(reply(self.LAST), "backup", link), OK)
        self.assertEqual(os.readlink(link), "backup")
        with open(self.file, "rb") as file:
            self.assertEqual(file.read(), self.CONTENT)
        self.check(run_against(reply(self.LAST), "backup", lost), USAGE, "lost: No such file or directory")
        self.assertEqual(sorted(os.listdir(self.folder)), ["backup", "link", "lost"])
        # A link like /dev/stdout.
        standard = os.path.join(self.folder, "standard")
        os.symlink("/proc/self/fd/1", standard)
        self.assertEqual(run_against(reply(self.LAST), "backup", "-q", standard).raw, self.CONTENT)
        self.assertTrue(os.path.islink(standard))

    def test_a_signal_removes_the_unfinished_backup(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with FakeDaemon(answers(page(1))) as daemon:
                # The test's own process may ignore signals, as nohup makes it do.
                process = subprocess.Popen([GPALAYOUTCTL, "--socket", daemon.path, "backup", self.file], env=BASE_ENV,
                                           preexec_fn=functools.partial(signal.signal, number, signal.SIG_DFL))
                wait_until(lambda: any(os.path.getsize(os.path.join(self.folder, name)) for name in os.listdir(self.folder)),
                           "the first page is not in the file")
                process.send_signal(number)
                self.assertEqual(process.wait(PATIENCE), -number)
            self.assertEqual(os.listdir(self.folder), [])

    def test_an_ignored_signal_stays_ignored(self):
        asked, sent = threading.Event(), threading.Event()

        def script(connection):
            FakeDaemon.read_line(connection)
            connection.sendall(page(1))
            FakeDaemon.read_line(connection)
            asked.set()
            sent.wait(PATIENCE)
            connection.sendall(reply(self.LAST, 2))

        with FakeDaemon(script) as daemon:
            process = subprocess.Popen([GPALAYOUTCTL, "--socket", daemon.path, "backup", "-q", self.file], env=BASE_ENV,
                                       preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
            self.assertTrue(asked.wait(PATIENCE))
            process.send_signal(signal.SIGHUP)
            sent.set()
            self.assertEqual(process.wait(PATIENCE), OK)

    def test_a_backup_that_was_partly_written_to_a_pipe_is_not_restarted(self):
        behind = refusal(9, "behind", reason="resync_required", revision=9, oldest_since=8).replace(b'"id": 1', b'"id": 2')
        os.mkfifo(self.file)
        read = []

        def drain():
            with open(self.file, "rb") as file:
                read.append(file.read())

        reader = threading.Thread(target=drain)
        reader.start()
        result = run_against(answers(page(1), behind, reply(self.LAST, 3)), "backup", self.file)
        reader.join()
        self.check(result, REFUSED, "layouts change faster than a backup can follow")
        self.assertEqual(read, [b"page"])

    def test_a_daemon_whose_pages_do_not_advance_is_refused(self):
        for second in ({"next": "vm-001"}, {"next": "vm-000", "revision": 8}, {"next": "vm-002", "revision": 6}):
            result = run_against(answers(page(1), page(2, **second), page(3)), "backup", self.file)
            self.check(result, NO_DAEMON, "the page does not come after the one before it")
        # Only irrelevant changes happened since, and the daemon has looked at as many events as a page allows.
        for second in ({"next": "vm-002"}, {"next": "vm-001", "revision": 8}, {"next": "vm-001", "revision": 8, "data": ""}):
            self.check(run_against(answers(page(1), page(2, **second), reply({**self.LAST, "revision": 8}, 3)),
                                "backup", self.file), OK)

    def test_a_daemon_without_backups_is_reported(self):
        result = run_against(refusal(-32601, "no method registry.backup", reason="method_not_found"), "backup", self.file)
        self.check(result, REFUSED, "no method registry.backup", "a backup needs the control socket")
        self.assertEqual(os.listdir(self.folder), [])

    def test_a_layout_too_large_for_a_reply_needs_another_limit(self):
        result = run_against(refusal(-32001, "the reply would be too long", reason="message_too_large"), "backup", self.file)
        self.check(result, REFUSED, "the reply would be too long", "a larger limit reply_bytes")

    def test_pages_do_not_pile_up_in_memory(self):
        data = base64.b64encode(bytes(1 << 20)).decode()
        sizes = []

        def script(connection):
            with open(f"/proc/{peer_pid(connection)}/status", encoding="ascii") as status:
                for number in range(1, 65):
                    FakeDaemon.read_line(connection)
                    connection.sendall(page(number, data=data))
                FakeDaemon.read_line(connection)
                sizes.append({key: int(value.split()[0]) for key, value in (line.split(":") for line in status)
                              if key in ("VmSize", "VmHWM")})
            connection.sendall(reply(self.LAST, 65))

        self.check(run_against(script, "backup", self.file), OK)
        if sizes[0]["VmSize"] > 1 << 30:
            self.skipTest("a sanitizer keeps what is freed")
        self.assertLess(sizes[0]["VmHWM"], 32 << 10)


if __name__ == "__main__":
    main()
