# SPDX-License-Identifier: MIT
"""
A state folder on a real file system that is full, because of the layouts or because another program takes every free
block. Each layout can be deleted, the daemon starts, and nothing that was acknowledged is lost.

The file systems are mounted for the daemon alone, if this user may mount any.
"""

import errno
import os
import random
import shutil
import subprocess
import threading
import unittest

from harness import PATIENCE, PROGRAM, Daemon, main
from vm import REQUEST, reason, request

LARGE = request(4, virtio_mmio={"slots": 4096}, memory={"nodes": ["4MiB"] * 1024})
TMPFS = 'mount -t tmpfs -o size={size},mode=700 none "$0"'
EXT4 = ('truncate -s {size} "$0.image" && mkfs.ext4 -q -m 0 "$0.image" && mount -o loop "$0.image" "$0" && '
        'chmod 700 "$0"')


class SmallDisk:
    """A file system in a mount namespace that lives until close()."""

    def __init__(self, mount, folder):
        # `read` returns after close(), or when this program exits.
        self.holder = subprocess.Popen(["unshare", *([] if os.geteuid() == 0 else ["-r"]), "-m", "sh", "-c",
                                        mount + ' && echo mounted && read -r end', folder],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.is_mounted = self.holder.stdout.readline() == b"mounted\n"
        user = [] if os.geteuid() == 0 else ["-U", "--preserve-credentials"]
        self.enter = ["nsenter", "-t", str(self.holder.pid), *user, "-m"]
        self.folder = f"/proc/{self.holder.pid}/root{folder}"

    def close(self):
        self.holder.stdin.close()
        self.holder.stdout.close()
        self.holder.wait()


class SmallDaemon(Daemon):
    def __init__(self, test, mount, *options):
        self.disk = None
        self.test, self.mount = test, mount
        super().__init__(*options, wait=False)
        self.wait_ready()

    def start(self, wait=True):
        if not self.disk:
            os.mkdir(self.state)
            self.disk = SmallDisk(self.mount, self.state)
            self.test.addCleanup(self.disk.close)
            if not self.disk.is_mounted:
                shutil.rmtree(self.folder)
                self.test.skipTest("no such file system can be mounted here")
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*self.disk.enter, *PROGRAM, "--socket", self.socket, "--inspect-socket", self.inspect_socket,
                 *self.options], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.env)
        if wait:
            self.wait_ready()

    def restart(self, crash):
        if crash:
            self.process.kill()
            self.process.wait()
        else:
            self.test.assertEqual(self.stop(), 0)
        self.start()


class Filler(threading.Thread):
    """Plays another program: takes each block as soon as it is free, until end()."""

    def __init__(self, folder):
        super().__init__()
        self.file = open(os.path.join(folder, "filler"), "ab", buffering=0)
        self.is_ending, self.is_full = threading.Event(), threading.Event()
        self.start()
        if not self.is_full.wait(PATIENCE):
            self.end()
            raise AssertionError("the disk does not become full")

    def run(self):
        length = 1 << 20
        while not self.is_ending.is_set():
            try:
                self.file.write(b"x" * length)
            except OSError as error:
                assert error.errno == errno.ENOSPC
                if length > 512:
                    length //= 2
                else:
                    self.is_full.set()
                    self.is_ending.wait(0.001)

    def end(self):
        self.is_ending.set()
        self.join()
        self.file.close()


class FullDisk:
    """Tests on a file system that MOUNT makes, see below."""

    def setUp(self):
        if shutil.which("unshare") is None or shutil.which("nsenter") is None:
            self.skipTest("there is no unshare(1) or nsenter(1)")
        self.random = random.Random(9)

    def start(self, size, *options):
        daemon = SmallDaemon(self, self.MOUNT.format(size=size), *options)
        self.addCleanup(daemon.__exit__, AssertionError)
        return daemon

    def fill(self, client, most=10000, wanted=None):
        """Creates layouts until there is no room, or at most `most`. Returns how many there are."""
        for i in range(most):
            reply = client.call("layout.create", {"name": f"vm-{i:05}", "request": wanted or REQUEST})
            if "error" in reply:
                self.assertEqual(reason(reply), "store_full")
                return i
        return most

    def names(self, client):
        found, params = [], {"limit": 1000}
        while True:
            page = client.call("layout.list", params)["result"]
            found += [row["name"] for row in page["layouts"]]
            if "next" not in page:
                return found
            params["after"] = page["next"]

    def delete(self, client, names):
        for name in names:
            reply = client.call("layout.delete", {"name": name})
            self.assertIn("result", reply, (name, len(names)))

    def delete_all(self, daemon, crash):
        """Deletes all layouts in random order, half of the rest at a time, with a restart after each time."""
        with daemon.connect() as client:
            names = self.names(client)
        self.random.shuffle(names)
        while names:
            part, names = names[:len(names) // 2], names[len(names) // 2:]
            if len(names) < 10:
                part, names = part + names, []
            with daemon.connect() as client:
                self.delete(client, part)
            daemon.restart(crash)
            with daemon.connect() as client:
                self.assertEqual(sorted(self.names(client)), sorted(names))

    def test_a_thousand_layouts_fit_on_two_mebibytes(self):
        daemon = self.start(self.TWO_MEBIBYTES)
        with daemon.connect() as client:
            made = self.fill(client)
        self.assertGreaterEqual(made, 1000)
        daemon.restart(crash=True)
        with daemon.connect() as client:
            self.assertEqual(len(self.names(client)), made)
        self.delete_all(daemon, crash=False)
        # Fewer layouts fit, because the events of the first ones are kept.
        with daemon.connect() as client:
            self.assertGreaterEqual(self.fill(client), 500)

    def check_with_filler(self, count, crash, wanted=None):
        daemon = self.start("8M")
        with daemon.connect() as client:
            self.assertEqual(self.fill(client, count, wanted), count)
        filler = Filler(daemon.disk.folder)
        try:
            with daemon.connect() as client:
                # The daemon first uses up the disk space that it had reserved.
                more = 0
                while "result" in client.call("layout.create", {"name": f"more-{more}", "request": REQUEST}):
                    more += 1
                self.assertLess(more, 1000)
                self.assertEqual(len(self.names(client)), count + more)
            daemon.restart(crash)
            self.delete_all(daemon, crash)
            # There is room again for half as many layouts.
            with daemon.connect() as client:
                self.assertEqual(self.fill(client, count // 2, wanted), count // 2)
            daemon.restart(crash)
            with daemon.connect() as client:
                self.assertEqual(len(self.names(client)), count // 2)
        finally:
            filler.end()

    def test_everything_can_be_deleted_beside_a_program_that_fills_the_disk(self):
        self.check_with_filler(300, crash=False)

    def test_everything_can_be_deleted_after_a_crash(self):
        self.check_with_filler(300, crash=True)

    def test_few_and_large_layouts_can_be_deleted(self):
        self.check_with_filler(6, crash=True, wanted=LARGE)


class Tmpfs(FullDisk, unittest.TestCase):
    MOUNT = TMPFS
    TWO_MEBIBYTES = "2M"


class Ext4(FullDisk, unittest.TestCase):
    MOUNT = EXT4
    TWO_MEBIBYTES = "3M"  # it includes the journal


if __name__ == "__main__":
    main()
