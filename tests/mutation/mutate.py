#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Changes one token of the code, or removes one statement, and checks that a test notices.

FOLDERS has a row for each folder that can be mutated: what to rebuild, and which tests to run. The tree is copied
and built once for each job. In a copy the script compiles each mutant, runs the tests until one fails, and undoes the
change. A mutant does not count if it does not compile, or if its object file is the same.

explained.txt in this folder lists mutants that no test of this build notices, each with its reason. Such a mutant
counts as a survivor, and no test runs for it. The exit status is 0 if at most 5 % of the mutants survive unexplained.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import glob
import hashlib
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

TOP = os.path.abspath(os.environ.get("TOP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", "..")))
EXPLAINED = os.path.join(TOP, "tests", "mutation", "explained.txt")
SURVIVORS_MAX = 0.05
MEMORY_MAX_MIB = 4096  # for a test, because a mutant may allocate without end
PROPERTY_ROUNDS = "2000"
NOT_COMPILED, SAME_CODE = "does not compile", "same code"


@dataclass(frozen=True)
class Folder:
    libraries: tuple  # the make targets that hold its objects
    programs: tuple   # C tests
    scripts: tuple    # Python tests
    shared: bool = False  # most programs load the library at start, so they need no new link


CORE_PROGRAMS = (
    "unit/test_resolver", "unit/test_root_complexes", "unit/test_advise", "unit/test_allocator", "unit/test_bytes", "unit/test_check", "unit/test_core_memory",
    "unit/test_probe", "unit/test_policy", "vectors/vectors", "vectors/corpora", "property/property", "exhaustive/allocator",
    "exhaustive/free_space", "exhaustive/update", "exhaustive/edges", "exhaustive/sort", "exhaustive/vtl2")
REGISTRY_PROGRAMS = (
    "unit/test_registry", "unit/test_registry_memory", "unit/test_registry_owners", "unit/test_registry_store",
    "unit/test_codec", "unit/test_codec_form", "unit/test_event", "unit/test_sqlite_store", "unit/test_sqlite_wal",
    "unit/test_sqlite_damage", "unit/test_request_encode")
WIRE_PROGRAMS = (
    "unit/test_reason", "unit/test_json_parse", "unit/test_json_raw", "unit/test_request_decode", "unit/test_request_encode",
    "client/test_peer", "client/test_client", "vectors/vectors", "exhaustive/json")
SERVER_PROGRAMS = ("unit/test_limits", "unit/test_line_buffer", "unit/test_statistics", "unit/test_user")

CORE_SCRIPTS = (
    "proto/test_proto", "socket/test_explain", "socket/test_compare", "socket/test_advice", "socket/test_registry",
    "socket/test_policies")
REGISTRY_SCRIPTS = (
    "socket/test_registry", "socket/test_registries", "socket/test_state_folder", "socket/test_events",
    "socket/test_put_back", "socket/test_lifecycle", "socket/test_policies", "socket/test_full_disk",
    "socket/test_faults", "socket/test_kill", "socket/test_power")
WIRE_SCRIPTS = (
    "proto/test_proto", "socket/test_framing", "socket/test_compare", "socket/test_registry", "socket/test_advice",
    "socket/test_explain", "socket/test_events", "socket/test_ctl", "socket/test_vectors")
SERVER_SCRIPTS = (
    "proto/test_proto", "socket/test_framing", "socket/test_limits", "socket/test_lifecycle", "socket/test_events",
    "socket/test_registry", "socket/test_turns", "socket/test_faults", "socket/test_signals", "socket/test_lost_sockets")

# Tests that contain the code of src/core instead of loading libgpalayout.so.
STATIC = ("tests/exhaustive/", "tests/unit/test_advise", "tests/unit/test_bytes", "tests/unit/test_core_memory")

FOLDERS = {
    "src/core": Folder(("libgpalayout.la", "libgpalwire.la", "libgpalregistry.la"), CORE_PROGRAMS, CORE_SCRIPTS, shared=True),
    "src/registry": Folder(("libgpalregistry.la",), REGISTRY_PROGRAMS, REGISTRY_SCRIPTS),
    "src/wire": Folder(("libgpalwire.la",), WIRE_PROGRAMS, WIRE_SCRIPTS),
    "src/server": Folder(("gpalayoutd",), SERVER_PROGRAMS, SERVER_SCRIPTS),
}

# Mutants.

SWAPS = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||", "||": "&&", "++": "--", "--": "++",
    "+=": "-=", "-=": "+=", "|=": "&=", "&=": "|=", "<<": ">>", ">>": "<<", "true": "false", "false": "true", "!": "",
}
BINARY = {" + ": " - ", " - ": " + ", " * ": " / ", " / ": " * ", " % ": " * ", " & ": " | ", " | ": " & "}
TOKEN = re.compile(r"""
    (?P<skip> char\ \w+\[\d+\] | /\*.*?\*/ | //[^\n]* | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' | ^[ \t]*\#(?:\\\n|[^\n])* |
              ^[ \t]*(?:static_)?assert\([^;]*; | -> | \.\.\.)
  | (?P<binary> [ ][-+*/%&|][ ](?=[\w(]) )
  | (?P<word> [A-Za-z_]\w* )
  | (?P<number> \d\w* )
  | (?P<operator> <<= | >>= | [-+|&=!<>]= | << | >> | && | \|\| | \+\+ | -- | [<>!] )
""", re.X | re.S | re.M)
STATEMENT = re.compile(r"^\t+(?!return|break|continue|goto|assert|static|const|struct|enum|case|default)"
                       r"(?:[\w>.\[\]*-]+ [-+|&]?= [^;]*|\*?[\w>.\[\]-]+(?:\+\+|--)|\w+\([^;]*\));$", re.M)


@dataclass(frozen=True)
class Mutant:
    path: str
    start: int
    end: int
    text: str  # replaces the source from start to end

    def apply(self, source):
        return source[:self.start] + self.text + source[self.end:]

    def lines(self, source):
        """Returns the number, the old text and the new text of the first line that changes."""
        number = source.count("\n", 0, self.start) + 1
        return number, source.splitlines()[number - 1].strip(), self.apply(source).splitlines()[number - 1].strip()


def number_mutant(text):
    """Makes a number greater by one. The suffix and UINT64_C() stay."""
    digits = re.match(r"0x[0-9a-fA-F]+|\d+", text).group()
    return f"{int(digits, 16 if digits.startswith('0x') else 10) + 1}{text[len(digits):]}"


def mutants_of(path, source):
    for found in TOKEN.finditer(source):
        kind, text = found.lastgroup, found.group()
        after = None
        if kind == "number":
            after = number_mutant(text)
        elif kind == "binary":
            after = BINARY[text]
        elif kind in ("word", "operator"):
            after = SWAPS.get(text)
        if after is not None:
            yield Mutant(path, found.start(), found.end(), after)
    for found in STATEMENT.finditer(source):
        yield Mutant(path, found.start(), found.end(), ";" + "\n" * found.group().count("\n"))


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def shuffled(folder, seed):
    """Returns all mutants of a folder in random order. If a line of code changes, only its own mutants change their places."""
    keys, seen = {}, collections.Counter()
    for path in sorted(glob.glob(os.path.join(TOP, folder, "*.c"))):
        source, path = read(path), os.path.relpath(path, TOP)
        for mutant in mutants_of(path, source):
            what = (path, *mutant.lines(source)[1:])
            keys[mutant] = hashlib.sha256(repr((seed, what, seen[what])).encode()).digest()
            seen[what] += 1
    return sorted(keys, key=keys.get)


def read_explained():
    """Returns {(path, line before, line after): reason}."""
    explained = {}
    for block in re.split(r"\n\s*\n", read(EXPLAINED) if os.path.exists(EXPLAINED) else ""):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        if lines:
            path, before, after, *reason = lines
            explained[path, before.removeprefix("- ").strip(), after.removeprefix("+ ").strip()] = " ".join(reason)
    return explained


# Trees.

class Tree:
    """A copy of the sources with its own build. It has the sanitizers, so that a test notices a leak, too."""

    noticed = collections.Counter()  # by source and test

    def __init__(self, path, folder):
        self.path, self.folder = path, FOLDERS[folder]
        self.build = os.path.join(path, "build", "mutants")
        self.environment = dict(
            os.environ, TOP_SRCDIR=path, TOP_BUILDDIR=self.build, GPALAYOUTD=os.path.join(self.build, "gpalayoutd"),
            GPALAYOUTCTL=os.path.join(self.build, "gpalayoutctl"),
            GPALAYOUT_FAULT_LIBRARY=os.path.join(self.build, "tests/socket/.libs/fault.so"),
            GPALAYOUT_MEMORY_LIBRARY=os.path.join(self.build, "tests/socket/.libs/memory.so"),
            PYTHONDONTWRITEBYTECODE="1", CK_FORK="no", CK_VERBOSITY="silent", KILL_ROUNDS="10", KILL_SEED="1",
            POWER_LOSSES="5", POWER_SEED="1", PROPERTY_ROUNDS=PROPERTY_ROUNDS,
            ASAN_OPTIONS=f"detect_leaks=1:hard_rss_limit_mb={MEMORY_MAX_MIB}",
            UBSAN_OPTIONS="halt_on_error=1", MAKEFLAGS="", MFLAGS="", MAKELEVEL="")
        self.tests = [f"tests/{name}" for name in self.folder.programs]
        self.tests += [f"tests/{name}.py" for name in self.folder.scripts]
        self.seconds = {}
        self.originals = {}

    def make(self, *targets):
        return subprocess.run(["make", "-s", "-C", self.build, *targets], env=self.environment,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)

    def set_up(self, folder):
        """Copies and builds the tree."""
        shutil.copytree(TOP, self.path, symlinks=True, ignore=shutil.ignore_patterns(".git", "build", "__pycache__"))
        os.makedirs(self.build)
        subprocess.run(["../../configure", "-q", "--disable-dependency-tracking", "--enable-sanitizers", "CC=clang",
                        "CFLAGS=-O1"], cwd=self.build, env=self.environment, check=True, stdout=subprocess.DEVNULL)
        programs = [test for test in self.tests if not test.endswith(".py")]
        made = self.make("all", "tests/socket/fault.la", "tests/socket/memory.la", "tests/socket/disk_recorder.la", *programs)
        if made.returncode:
            sys.exit(made.stdout)
        for path in glob.glob(os.path.join(self.path, folder, "*.c")):
            path = os.path.relpath(path, self.path)
            self.originals[path] = self.compiled(path)

    def measure(self):
        """Runs each test once, which must pass, and measures its time."""
        for test in self.tests:
            start = time.monotonic()
            if self.fails(test, timeout=1800):
                sys.exit(f"{test} fails without a mutant")
            self.seconds[test] = time.monotonic() - start
        return self.seconds

    def fails(self, test, timeout):
        """Returns true if a test fails or takes far too long. Rebuilds the test first if it needs that."""
        is_script = test.endswith(".py")
        if not self.folder.shared or test.startswith(STATIC):
            self.make("gpalayoutd" if is_script else test)
        command = [sys.executable, os.path.join(self.path, test)] if is_script else [os.path.join(self.build, test)]
        process = subprocess.Popen(command, cwd=self.build, env=self.environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            return process.wait(timeout) != 0
        except subprocess.TimeoutExpired:
            return True
        finally:
            # Daemons that a test left running are killed, too.
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()

    def object_paths(self, path, suffix):
        folder, name = os.path.split(os.path.join(self.build, path))
        pattern = f"*-{os.path.splitext(name)[0]}.{suffix}"
        return sorted(glob.glob(os.path.join(folder, pattern)) + glob.glob(os.path.join(folder, ".libs", pattern)))

    def compiled(self, path):
        """Returns the compiled code of a source. More than one library may contain it."""
        return b"".join(open(found, "rb").read() for found in self.object_paths(path, "o"))

    def put(self, path, source):
        write(os.path.join(self.path, path), source)
        for found in self.object_paths(path, "*o"):
            os.unlink(found)

    def rank(self, path, test):
        """Returns a rank; the lowest runs first: a test's seconds, plus 1 for linking, per mutant that it noticed."""
        return (self.seconds[test] + 1) / (self.noticed[path, test] + 0.1)

    def judge(self, mutant, is_explained):
        """Returns the test that noticed a mutant, a word that says why it does not count, or None."""
        source = read(os.path.join(self.path, mutant.path))
        self.put(mutant.path, mutant.apply(source))
        try:
            if self.make(*self.folder.libraries).returncode:
                return NOT_COMPILED
            if self.compiled(mutant.path) == self.originals[mutant.path]:
                return SAME_CODE
            for test in [] if is_explained else sorted(self.tests, key=lambda test: self.rank(mutant.path, test)):
                if self.fails(test, timeout=20 + 5 * self.seconds[test]):
                    self.noticed[mutant.path, test] += 1
                    return test
            return None
        finally:
            self.put(mutant.path, source)


def run(folder, mutants, explained, jobs, scratch):
    """Yields triples in the order in which they finish: a mutant, its outcome, and the reason if it is explained."""
    trees, all_trees = queue.Queue(), [Tree(os.path.join(scratch, str(job)), folder) for job in range(jobs)]
    for tree in all_trees:
        tree.set_up(folder)
        tree.seconds = all_trees[0].seconds or tree.measure()
        trees.put(tree)

    def judge(mutant):
        _, before, after = mutant.lines(read(os.path.join(TOP, mutant.path)))
        reason = explained.get((mutant.path, before, after))
        tree = trees.get()
        try:
            return mutant, tree.judge(mutant, reason is not None), reason
        finally:
            trees.put(tree)

    pool = concurrent.futures.ThreadPoolExecutor(jobs)
    try:
        for future in concurrent.futures.as_completed([pool.submit(judge, mutant) for mutant in mutants]):
            yield future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def main():
    parser = argparse.ArgumentParser(
        description="Changes one token of the code, or removes one statement, and checks that a test notices.")
    parser.add_argument("folder", choices=sorted(FOLDERS))
    parser.add_argument("--count", type=int, default=250, help="how many mutants to judge, besides those that do not count")
    parser.add_argument("--seed", type=int, default=1, help="chooses the order of the mutants")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many copies of the tree are tested at once")
    parser.add_argument("--scratch", default="mutants", help="a folder for the copies of the tree; it is deleted before and after the run")
    options = parser.parse_args()

    unexplained, counted = 0, 0
    shutil.rmtree(options.scratch, ignore_errors=True)
    with contextlib.closing(run(options.folder, shuffled(options.folder, options.seed), read_explained(), options.jobs,
                                os.path.abspath(options.scratch))) as outcomes:
        for mutant, outcome, reason in outcomes:
            number, before, after = mutant.lines(read(os.path.join(TOP, mutant.path)))
            counted += outcome not in (NOT_COMPILED, SAME_CODE)
            if outcome is None:
                unexplained += reason is None
                print(f"survived: {mutant.path}:{number}\n- {before}\n+ {after}\n  {reason or 'unexplained'}", flush=True)
            else:
                print(f"{outcome}: {mutant.path}:{number}: {after}", flush=True)
            if counted == options.count:
                break
    shutil.rmtree(options.scratch, ignore_errors=True)
    share = unexplained / counted if counted else 1
    print(f"{options.folder}: seed {options.seed}: {counted} mutants, {unexplained} unexplained survivors ({share:.1%})")
    return 0 if share <= SURVIVORS_MAX else 1


if __name__ == "__main__":
    sys.exit(main())
