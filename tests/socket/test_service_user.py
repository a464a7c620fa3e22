# SPDX-License-Identifier: MIT
"""--user: what a daemon that root starts keeps of root's rights, what belongs to the user, and what is refused."""

import glob
import os
import pwd
import re
import resource
import shutil
import stat
import subprocess
import tempfile
import unittest

from harness import GPALAYOUT_FAULT_LIBRARY, GPALAYOUTD, PATIENCE, PROGRAM, Client, Daemon, call_as, can_be_another_user, main, wait_until
from test_faults import create, live
from test_service import Manager


def status_of(pid, task=None):
    with open(f"/proc/{pid}/task/{task or pid}/status", encoding="utf-8") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def tasks(pid):
    return [status_of(pid, task) for task in os.listdir(f"/proc/{pid}/task")]


def nobody():
    return pwd.getpwnam("nobody")


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="gpalayoutd-test-")
        os.chmod(self.folder, 0o755)
        self.addCleanup(shutil.rmtree, self.folder)
        self.state = os.path.join(self.folder, "state")
        self.run_folder = os.path.join(self.folder, "run")
        self.socket = os.path.join(self.run_folder, "control.sock")
        self.options = ["--socket", self.socket, "--state-dir", self.state, "--user=nobody"]

    def run_daemon(self, *options, **how):
        done = subprocess.run([*PROGRAM, *self.options, *options], capture_output=True, text=True, timeout=PATIENCE, check=False, **how)
        return done.returncode, done.stderr


class Names(Case):
    def test_an_unknown_user_is_named(self):
        for name in ("no-such-user", "", "0x1"):
            with self.subTest(name):
                self.assertEqual(self.run_daemon(f"--user={name}"),
                                 (2, f"gpalayoutd: --user={name}: no such user\nTry 'gpalayoutd --help'.\n"))

    def test_the_line_of_the_file_is_named(self):
        path = os.path.join(self.folder, "conf")
        with open(path, "w", encoding="ascii") as file:
            file.write("user = no-such-user\n")
        done = subprocess.run([GPALAYOUTD, f"--config={path}", "--check-config"], capture_output=True, text=True, timeout=PATIENCE,
                              check=False)
        self.assertEqual((done.returncode, done.stderr),
                         (2, f"gpalayoutd: {path}:1: user: no such user\n"))

    def test_the_current_user_is_accepted(self):
        with Daemon(f"--user={pwd.getpwuid(os.geteuid()).pw_name}") as daemon:
            self.assertEqual(status_of(daemon.process.pid)["Uid"].split(), 4 * [str(os.geteuid())])


@unittest.skipUnless(can_be_another_user(), "needs root, to become another user")
class Root(Case):
    """Root starts the daemon with --user=nobody."""

    def setUp(self):
        super().setUp()
        self.uid, self.gid = nobody().pw_uid, nobody().pw_gid

    def daemon(self, *options):
        # If an option is given twice, the last one counts.
        daemon = Daemon(*self.options, "--inspect-socket", os.path.join(self.run_folder, "inspect.sock"), *options, wait=False)
        daemon.socket, daemon.inspect_socket, daemon.state = self.socket, os.path.join(self.run_folder, "inspect.sock"), self.state
        daemon.wait_ready()
        return daemon

    def owner(self, path):
        info = os.stat(path)
        return info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode)

    def test_the_daemon_keeps_no_rights_of_root(self):
        with self.daemon() as daemon:
            for task in tasks(daemon.process.pid):
                with self.subTest(task["Name"]):
                    self.assertEqual([task[name].split() for name in ("Uid", "Gid")], [4 * [str(self.uid)], 4 * [str(self.gid)]])
                    self.assertEqual({int(each) for each in task["Groups"].split()},
                                     set(os.getgrouplist("nobody", self.gid)))
                    self.assertEqual({name: int(task[name], 16) for name in task if name.startswith("Cap")},
                                     dict.fromkeys(("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"), 0))
            # In /proc, a process that may not dump core belongs to root.
            self.assertEqual(os.stat(f"/proc/{daemon.process.pid}").st_uid, self.uid)

    def test_files_of_the_daemon_belong_to_the_user(self):
        with self.daemon() as daemon:
            self.assertIn("result", daemon.call("layout.create", {"name": "vm", "request": {
                "arch": "x86_64", "memory": {"nodes": ["1GiB"]}}}))
            self.assertEqual(self.owner(self.state), (self.uid, self.gid, 0o700))
            for name in os.listdir(self.state):
                self.assertEqual(self.owner(os.path.join(self.state, name)), (self.uid, self.gid, 0o600), name)
            self.assertEqual(self.owner(self.run_folder), (self.uid, 0, 0o755))
            self.assertEqual(self.owner(self.socket), (self.uid, self.gid, 0o660))
            self.assertEqual(self.owner(os.path.join(self.run_folder, "inspect.sock")), (self.uid, self.gid, 0o666))
            self.assertEqual(self.owner(self.socket + ".lock")[0], self.uid)
            self.assertEqual(daemon.stop(), 0)
            self.assertEqual(os.listdir(self.run_folder), [])
            daemon.start()
            self.assertEqual(list(live(daemon)), ["vm"])
            self.assertNotIn("socket_folder", daemon.log())

    def test_root_and_the_admin_group_have_more_rights_than_the_user(self):
        """The peers' credentials come from the kernel. The daemon need not be root to see them."""
        request = {"arch": "x86_64", "memory": {"nodes": ["1GiB"]}}
        with self.daemon("--socket-mode=0666", "--admin-group=4711") as daemon:
            for name in ("first", "second"):
                self.assertIn("result", call_as(1, [], self.socket, "layout.create", {"name": name, "request": request}))
            refused = call_as(self.uid, [], self.socket, "layout.delete", {"name": "first"})
            self.assertEqual(refused["error"]["data"]["reason"], "denied")
            self.assertIn("result", daemon.call("layout.delete", {"name": "first"}))
            self.assertIn("result", call_as(2, [4711], self.socket, "layout.delete", {"name": "second"}))

    def test_a_socket_that_is_bound_again_has_its_group_again(self):
        with self.daemon("--socket-group=4711") as daemon:
            self.assertIn("4711", status_of(daemon.process.pid)["Groups"].split())
            for path in (self.socket, os.path.join(self.run_folder, "inspect.sock")):
                before = self.owner(path)
                self.assertEqual(before[:2], (self.uid, 4711))
                os.unlink(path)
                wait_until(lambda path=path: os.path.exists(path), "there is no socket")
                wait_until(lambda: daemon.log().count("event=socket_restored") > (path != self.socket), "the socket was not restored")
                self.assertEqual(self.owner(path), before)
                self.assertIn("result", daemon.call("daemon.info", {}, inspect=path != self.socket))

    def test_in_a_sticky_folder_files_of_a_killed_daemon_are_taken_over(self):
        # The kernel forbids root to open them with O_CREAT there, unless fs.protected_regular is 0.
        os.mkdir(self.run_folder)
        os.chmod(self.run_folder, 0o1777)
        with self.daemon() as daemon:
            daemon.process.kill()
            daemon.process.wait()
            self.assertEqual(self.owner(self.socket + ".lock")[0], self.uid)
            daemon.start()
            self.assertIn("result", daemon.call("daemon.info"))

    def test_in_a_folder_of_root_the_socket_stays_with_a_warning(self):
        os.mkdir(self.run_folder, 0o755)
        with self.daemon() as daemon:
            line = daemon.wait_log("level=warning event=socket_folder")
            self.assertIn(f'path="{self.socket}" user=nobody', line)
            self.assertEqual(self.owner(self.run_folder), (0, 0, 0o755))
            self.assertEqual(daemon.stop(), 0)
            self.assertTrue(os.path.exists(self.socket))
            daemon.start()
            self.assertIn("result", daemon.call("daemon.info"))
            self.assertEqual(daemon.stop(), 0)
            os.chown(self.run_folder, self.uid, -1)
            daemon.start()
            self.assertEqual(daemon.stop(), 0)
            self.assertEqual(os.listdir(self.run_folder), [])

    def test_a_state_folder_of_another_is_refused_with_the_command(self):
        for owner, file_owner, what in ((0, None, "the state folder belongs to uid 0"), (1, None, "the state folder belongs to uid 1"),
                                        (self.uid, 0, "registry.db belongs to uid 0")):
            with self.subTest(what):
                os.mkdir(self.state, 0o700)
                os.chown(self.state, owner, -1)
                if file_owner is not None:
                    with open(os.path.join(self.state, "registry.db"), "wb") as file:
                        file.write(b"SQLite format 3")
                code, log = self.run_daemon()
                self.assertEqual(code, 1)
                self.assertIn(f'event=state_not_owned user=nobody folder="{self.state}" what="{what}"', log)
                self.assertIn('then: chown -R -H nobody FOLDER"', log)
                self.assertFalse(os.path.exists(self.run_folder))
                self.assertEqual(os.stat(self.state).st_uid, owner)
                shutil.rmtree(self.state)

    def chown_as_told(self, log):
        """Runs the command in the log on the state folder."""
        user = re.search(r"then: chown -R -H (\w+) FOLDER\"", log)[1]
        subprocess.run(["chown", "-R", "-H", user, self.state], check=True)

    def test_the_command_in_the_log_is_enough(self):
        with Daemon("--socket", self.socket, "--state-dir", self.state, wait=False) as daemon:
            daemon.socket = self.socket
            daemon.wait_ready()
            with daemon.connect() as client:
                self.assertIn("result", create(client, "vm"))
        # The command must follow a folder that is a link.
        os.rename(self.state, self.state + ".real")
        os.symlink(self.state + ".real", self.state)
        subprocess.run(["chown", "-R", "nobody", self.run_folder], check=True)
        code, log = self.run_daemon()
        self.assertEqual(code, 1)
        self.chown_as_told(log)
        with self.daemon() as daemon:
            self.assertEqual(list(live(daemon)), ["vm"])

    def test_the_command_for_a_folder_of_another_user_is_enough(self):
        with Daemon("--socket", self.socket, "--state-dir", self.state, wait=False) as daemon:
            daemon.socket = self.socket
            daemon.wait_ready()
        subprocess.run(["chown", "-R", "nobody", self.state], check=True)
        done = subprocess.run([*PROGRAM, "--socket", self.socket, "--state-dir", self.state],
                              capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 1)
        self.chown_as_told(done.stderr)
        with Daemon("--socket", self.socket, "--state-dir", self.state, wait=False) as daemon:
            daemon.socket = self.socket
            daemon.wait_ready()

    def test_a_backup_that_the_user_cannot_read_names_the_user(self):
        backup = os.path.join(self.folder, "backup")
        with open(backup, "wb"):
            os.chmod(backup, 0o600)
        # A restore makes the state folder even with --require-state.
        code, log = self.run_daemon(f"--restore={backup}", "--require-state")
        self.assertEqual(code, 1)
        self.assertIn(f"{backup}: cannot be read: Permission denied; the daemon reads it as uid {self.uid}", log)

    def test_a_folder_that_the_user_cannot_reach_is_named(self):
        closed = os.path.join(self.folder, "closed")
        os.mkdir(closed, 0o700)
        code, log = self.run_daemon(f"--state-dir={closed}/state")
        self.assertEqual(code, 1)
        self.assertIn(f"event=store_unusable error=\"{closed}/state: the state folder cannot be", log)
        self.assertIn("Permission denied", log)
        self.assertEqual(os.listdir(self.run_folder), [])

    def test_a_registry_that_must_be_there_is_not_made(self):
        code, log = self.run_daemon("--require-state")
        self.assertEqual(code, 1)
        self.assertIn("event=store_unusable", log)
        self.assertFalse(os.path.exists(self.state))

    def test_the_store_in_memory_has_no_folder(self):
        self.options = ["--socket", self.socket, "--store=memory", "--user=nobody"]
        with self.daemon() as daemon:
            self.assertEqual(status_of(daemon.process.pid)["Uid"].split()[0], str(self.uid))
            self.assertFalse(os.path.exists(self.state))

    def test_a_lock_with_a_second_name_is_not_written(self):
        """In a folder of the user, that user could have made it a link to a file of root."""
        os.mkdir(self.run_folder)
        precious = os.path.join(self.folder, "precious.pid")
        with open(precious, "w", encoding="ascii") as file:
            file.write("1\n")
        os.link(precious, self.socket + ".lock")
        code, log = self.run_daemon()
        self.assertEqual(code, 1)
        self.assertIn("the path is not a lock file", log)
        self.assertEqual((os.stat(precious).st_uid, os.path.getsize(precious)), (0, 2))

    @unittest.skipUnless(os.path.exists(GPALAYOUT_FAULT_LIBRARY), "needs fault.so (GPALAYOUT_FAULT_LIBRARY)")
    def test_a_folder_swapped_for_a_new_one_keeps_its_owner(self):
        """A user who may write in the parent folder can move a folder of root there."""
        fault = os.path.join(self.folder, "fault")
        with open(fault, "w", encoding="ascii") as file:
            file.write("swap")
        environment = dict(os.environ, LD_PRELOAD=GPALAYOUT_FAULT_LIBRARY, GPALAYOUT_FAULT_FILE=fault)
        for path, what in ((self.state, "somebody has replaced the state folder"),
                           (self.run_folder, "somebody has replaced the folder of the socket")):
            with self.subTest(what):
                os.mkdir(path + ".other", 0o700)
                os.mkdir(os.path.join(path + ".other", "precious"))
                code, log = self.run_daemon(env=environment)
                self.assertEqual(code, 1, log)
                self.assertIn(f'what="{what}"', log)
                self.assertEqual(os.listdir(path), ["precious"])
                self.assertEqual(self.owner(path), (0, 0, 0o700))
                shutil.rmtree(path)
                os.rmdir(path + ".mine")

    def test_sockets_of_a_service_manager_are_served(self):
        with Manager("--user=nobody", sockets=("control",)) as manager:
            os.chmod(manager.folder, 0o755)
            os.chmod(os.path.join(manager.folder, "notify"), 0o777)
            manager.start()
            manager.wait_notified("READY=1")
            self.assertEqual(status_of(manager.process.pid)["Uid"].split(), 4 * [str(self.uid)])
            with Client(manager.path("control")) as client:
                self.assertIn("result", client.call("daemon.info", {}))
            self.assertEqual(manager.stop()[0], 0)

    def test_the_soft_limit_on_open_files_is_raised(self):
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, limits[1]))
        try:
            with self.daemon() as daemon:
                with open(f"/proc/{daemon.process.pid}/limits", encoding="ascii") as file:
                    self.assertRegex(file.read(), rf"(?m)^Max open files +{limits[1]} +{limits[1]} ")
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@unittest.skipUnless(os.geteuid() or can_be_another_user(), "root cannot start a daemon as somebody else here")
class NotRoot(Case):
    """Runs the daemon as the test's user, or as the user nobody if the test runs as root."""

    def start(self, user):
        """If this is root, starts a copy of the daemon, because its folder may be closed to others."""
        if os.geteuid():
            return subprocess.Popen([*PROGRAM, *self.options, f"--user={user}"], stderr=subprocess.PIPE, text=True)
        built, name = os.path.split(GPALAYOUTD)
        libraries = os.path.join(built, ".libs")
        real = os.path.join(libraries, name)
        for path in (real if os.path.exists(real) else GPALAYOUTD, *glob.glob(os.path.join(libraries, "*.so.?"))):
            os.chmod(shutil.copy(path, self.folder), 0o755)
        os.chmod(self.folder, 0o777)
        environment = dict(os.environ, LD_LIBRARY_PATH=self.folder, GCOV_PREFIX=self.folder)
        return subprocess.Popen([os.path.join(self.folder, name), "--config=none", *self.options, f"--user={user}"], env=environment,
                                cwd="/", user=nobody().pw_uid, group=nobody().pw_gid, extra_groups=(), stderr=subprocess.PIPE, text=True)

    def test_only_root_can_become_another(self):
        for user in ("root", "daemon"):
            with self.subTest(user), self.start(user) as process:
                log = process.stderr.read()
                self.assertEqual(process.wait(PATIENCE), 1)
                self.assertIn(f'level=error event=user_unusable user={user} what="only root can become another user"', log)
                self.assertFalse(os.path.exists(self.run_folder))

    def test_the_current_user_needs_no_root(self):
        with self.start(pwd.getpwuid(os.geteuid() or nobody().pw_uid).pw_name) as process:
            wait_until(lambda: os.path.exists(self.socket) or process.poll() is not None, "there is no socket")
            process.terminate()
            self.assertEqual(process.wait(PATIENCE), 0, process.stderr.read())


if __name__ == "__main__":
    main()
