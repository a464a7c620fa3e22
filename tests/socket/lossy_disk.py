# SPDX-License-Identifier: MIT
"""
A disk that loses what was not synchronised, rebuilt from the records that disk_recorder.c writes.

A folder or file is durable in the state of its last synchronisation. After a power loss, any of the later changes may
be on disk, and the others are lost: parts of writes (a sector, a page, or the whole write), changes of length, and
entries of folders. Space that was only allocated reads as zeros.
"""

import os

SECTOR, PAGE = 512, 4096


def read_records(path):
    """Returns the records in order: lists of words, with the data at the end."""
    with open(path, "rb") as file:
        data = file.read()
    records, at = [], 0
    while at < len(data):
        end = data.index(b"\n", at)
        words = data[at:end].decode().split(" ")
        at = end + 1
        if words[0] in ("write", "sent"):
            words.append(data[at:at + int(words[-1])])
            at += len(words[-1])
        records.append(words)
    return records


def write_at(content, offset, data):
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset:offset + len(data)] = data


def set_length(content, length):
    if len(content) > length:
        del content[length:]
    else:
        content.extend(bytes(length - len(content)))


class File:
    def __init__(self, content=b""):
        self.durable = bytearray(content)
        self.pending = []  # changes since the last synchronisation

    def write(self, offset, data):
        self.pending.append(("write", offset, data))

    def set_length(self, length):
        self.pending.append(("length", length))

    def allocate(self, length):
        self.pending.append(("allocate", length))

    @staticmethod
    def do(content, kind, *values):
        if kind == "write":
            write_at(content, *values)
        elif kind == "length":
            set_length(content, *values)
        elif len(content) < values[0]:
            set_length(content, *values)

    def sync(self):
        for step in self.pending:
            self.do(self.durable, *step)
        self.pending = []

    def after_loss(self, loss):
        """Returns the content on disk, and how many pieces are lost."""
        content, lost = bytearray(self.durable), 0
        for kind, *values in self.pending:
            parts = [(kind, *values)]
            if kind == "write" and loss.piece:
                offset, data = values
                edges = [offset, *range(offset - offset % loss.piece + loss.piece, offset + len(data), loss.piece),
                         offset + len(data)]
                parts = [("write", a, data[a - offset:b - offset]) for a, b in zip(edges, edges[1:])]
            for part in parts:
                if loss.keeps(kind):
                    self.do(content, *part)
                else:
                    lost += 1
        return content, lost


class Folder:
    def __init__(self):
        self.durable = {}  # names and inodes
        self.pending = []  # for each change: the name that goes or None, the name that comes or None, the inode

    def sync(self):
        for step in self.pending:
            self.do(self.durable, *step)
        self.pending = []

    @staticmethod
    def do(entries, gone, come, inode):
        if gone:
            entries.pop(gone, None)
        if come:
            entries[come] = inode

    def now(self):
        entries = dict(self.durable)
        for step in self.pending:
            self.do(entries, *step)
        return entries

    def after_loss(self, loss):
        entries, lost = dict(self.durable), 0
        for step in self.pending:
            if lost and loss.is_in_order or not loss.keeps("entry"):
                lost += 1
            else:
                self.do(entries, *step)
        return entries, lost


class Loss:
    """The shares of pending changes that reach the disk: one of writes, and one of lengths and entries."""

    SHARES = (0, 0.1, 0.5, 0.9, 0.98, 1)

    def __init__(self, random):
        self.random = random
        self.written, self.other = random.choice(self.SHARES), random.choice(self.SHARES)
        self.piece = random.choice((SECTOR, PAGE, None))
        self.is_in_order = random.random() < 0.5  # for entries: each needs those before it

    def keeps(self, kind):
        return self.random.random() < (self.written if kind == "write" else self.other)


class Disk:
    """Begins with a folder in its current state, all of it durable."""

    def __init__(self, path):
        self.inodes = {}
        self.root = self.take(path)

    def take(self, path):
        inode = str(os.stat(path).st_ino)
        if os.path.isdir(path):
            self.inodes[inode] = Folder()
            for name in os.listdir(path):
                self.inodes[inode].durable[name] = self.take(os.path.join(path, name))
        else:
            with open(path, "rb") as file:
                self.inodes[inode] = File(file.read())
        return inode

    def do(self, record):
        kind, inode, *values = record
        if kind in ("create", "mkdir"):
            self.inodes[values[0]] = File() if kind == "create" else Folder()
            self.inodes[inode].pending.append((None, values[1], values[0]))
        elif kind == "rename":
            assert values[1] == inode, record  # the daemon renames only within a folder
            moved = self.inodes[inode].now()[values[0]]
            self.inodes[inode].pending.append((values[0], values[2], moved))
        elif kind == "unlink":
            self.inodes[inode].pending.append((values[0], None, None))
        elif kind == "write":
            self.inodes[inode].write(int(values[0]), values[2])
        elif kind == "truncate":
            self.inodes[inode].set_length(int(values[0]))
        elif kind == "allocate":
            self.inodes[inode].allocate(int(values[0]))
        else:
            assert kind == "sync", record
            self.inodes[inode].sync()

    def lose_power(self, random, path):
        """Fills `path` with what is on disk afterwards. Returns how many pieces are lost."""
        return self.write_after_loss(self.root, path, Loss(random))

    def write_after_loss(self, inode, path, loss):
        content, lost = self.inodes[inode].after_loss(loss)
        if isinstance(content, dict):
            os.mkdir(path, 0o700)
            for name, child in content.items():
                lost += self.write_after_loss(child, os.path.join(path, name), loss)
        else:
            with open(path, "wb") as file:
                file.write(content)
            os.chmod(path, 0o600)
        return lost
