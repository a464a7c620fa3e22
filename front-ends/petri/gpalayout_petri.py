# SPDX-License-Identifier: MIT
"""A harness for tests of VMs and their layouts, modelled on petri, OpenVMM's test harness.

It needs Python 3.9 or later, Linux and gpalayout.py. To start a daemon it needs setpriv of
util-linux. Copy both files, or add their folders to PYTHONPATH.

    >>> import gpalayout_petri as petri
    >>> builder = (petri.VmBuilder("vm-1", "x86_64", "uefi", policy="openvmm-2026.07")
    ...            .with_memory([2 * petri.GIB, 2 * petri.GIB])
    ...            .with_pcie_root_topology(2, 3)
    ...            .with_root_complex("s0rc1", low_mmio=(0xd0000000, 0xd4000000), node=1)
    ...            .with_amd_iommu("s0rc0", "s1rc2"))
    >>> with petri.Daemon() as daemon, daemon.connect() as client, builder.start(client) as vm:
    ...     vm.layout.assert_sound()
    ...     vm.layout.assert_at("pcie-s0rc1-low-mmio", 0xd0000000)
    ...     hex(vm.layout["pcie-s1rc2-low-mmio"].size)
    ...     hex(vm.layout.ecam("s0rc1").start - vm.layout["pcie-seg0-ecam"].start)
    ...     vm.layout.iommu("s1rc2").tag
    '0x4000000'
    '0x5500000'
    'amd-iommu-1'

To use a daemon that already runs, pass a client of it: `builder.start(gpalayout.Client())`.

A wrong argument of the builder raises `ValueError` or `TypeError`, whose text names the argument.
If the daemon refuses a request, `gpalayout.Refused` has its reason and pointer. `DaemonFailed` is
the only exception of this module itself.
"""

import copy
import hashlib
import os
import select
import shutil
import socket
import subprocess
import tempfile
import time

import gpalayout

__all__ = ["Daemon", "DaemonFailed", "GIB", "Layout", "MIB", "Vm", "VmBuilder"]

MIB = 1 << 20
GIB = 1 << 30

ARCHITECTURES = ("x86_64", "aarch64")
# The profile of the request, for each way to boot.
PROFILES = {"linux-direct": "linux-direct", "openhcl": "hcl-host", "pcat": "gen1",
            "uefi": "gen2-uefi"}

BUSES = 256  # of a segment
SEGMENTS = 65536
LARGEST_NUMBER = 2**53 - 1  # the largest exact integer of JSON; larger sizes are sent as text

# Folders of programs that are often not on the PATH of users.
SYSTEM_PATH = "/usr/local/sbin:/usr/sbin"


class DaemonFailed(gpalayout.Error):
    """gpalayoutd was not found, was not ready in time, or did not exit with status 0. If it was
    started, the text ends with its log."""


def _number(argument, value):
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{argument}: expected an integer, not {value!r}")
    if value < 0:
        raise ValueError(f"{argument}: expected 0 or more, not {value}")
    return value


def _size(argument, value):
    if isinstance(value, str):
        return value
    return value if _number(argument, value) <= LARGEST_NUMBER else hex(value)


def _window(argument, value):
    if value is None or isinstance(value, dict):
        return value
    if isinstance(value, (tuple, list)):
        if len(value) != 2:
            raise ValueError(f"{argument}: expected a pair of start and end, not {value!r}")
        return {"start": _size(argument, value[0]), "end": _size(argument, value[1])}
    return _size(argument, value)


def _root_complexes(request):
    return request.get("pcie", {}).get("root_complexes", [])


def _find(request, argument, name):
    for each in _root_complexes(request):
        if each["name"] == name:
            return each
    there = ", ".join(each["name"] for each in _root_complexes(request))
    raise ValueError(f"{argument}: the VM has no root complex {name!r}; it has {there or 'none'}")


ROOT_COMPLEX_EDITS = {"segment": _number, "start_bus": _number, "end_bus": _number,
                      "node": _number, "low_mmio": _window, "high_mmio": _window}


class VmBuilder:
    """Describes a VM: by default with 4 GiB of RAM on one node, without PCIe and virtio-mmio.

    name       name of the VM and of its layout in the daemon
    arch       "x86_64" or "aarch64"
    boot       "linux-direct", "openhcl", "pcat" (x86_64 only) or "uefi"
    policy     by default that of the daemon; a test of addresses should name one
    host_bits  width of the host's physical addresses; by default there is no limit

    Each method that begins with `with_` changes the builder and returns it. A size or an address
    is an integer of bytes, or a string such as "4GiB", which is sent unchanged.
    """

    def __init__(self, name, arch="x86_64", boot="uefi", *, policy=None, host_bits=None):
        for argument, value, known in (("arch", arch, ARCHITECTURES), ("boot", boot, PROFILES)):
            if value not in known:
                raise ValueError(f"{argument}: expected one of {', '.join(known)}, not {value!r}")
        if boot == "pcat" and arch != "x86_64":
            raise ValueError(f"boot: pcat exists only on x86_64, not on {arch}")
        self.name = name
        self._iommus = []
        self._request = {"arch": arch, "profile": PROFILES[boot], "memory": {"nodes": [4 * GIB]}}
        if policy is not None:
            self._request["policy"] = policy
        if host_bits is not None:
            self._request["host"] = {"physical_address_bits": _number("host_bits", host_bits)}
        if boot == "openhcl" and arch == "aarch64":
            # OpenVMM loads OpenHCL from an IGVM file, and on aarch64 RAM then begins at 0.
            self._request["memory"]["start"] = 0

    def with_memory(self, size):
        """Sets the size of RAM, or a list with the size of each NUMA node, which may be 0."""
        sizes = size if isinstance(size, (list, tuple)) else [size]
        self._request["memory"]["nodes"] = [_size("size", each) for each in sizes]
        return self

    def with_pcie_root_topology(self, segments, root_complexes):
        """Adds `segments` segments of `root_complexes` root complexes each.

        Root complex M of segment N has the name sNrcM. Each gets 256 / root_complexes buses,
        rounded down, a low MMIO window of 64 MiB and a high one of 1 GiB. A further call adds more
        segments.
        """
        complexes = _root_complexes(self._request)
        first = max((each.get("segment", 0) + 1 for each in complexes), default=0)
        if first + _number("segments", segments) > SEGMENTS:
            raise ValueError(f"segments: a VM has at most {SEGMENTS} segments, not "
                             f"{first + segments}")
        if segments and not 1 <= _number("root_complexes", root_complexes) <= BUSES:
            raise ValueError(f"root_complexes: expected 1 to {BUSES}, the buses of a segment, not "
                             f"{root_complexes}")
        for segment in range(first, first + segments):
            buses = BUSES // root_complexes
            for index in range(root_complexes):
                complexes.append({"name": f"s{segment}rc{index}", "segment": segment,
                                  "start_bus": index * buses, "end_bus": (index + 1) * buses - 1,
                                  "low_mmio": 64 * MIB, "high_mmio": GIB})
        if complexes:
            self._request["pcie"] = {**self._request.get("pcie", {}), "root_complexes": complexes}
        return self

    def with_root_complex(self, name, **members):
        """Edits segment, start_bus, end_bus, node, low_mmio or high_mmio of a root complex.

        A window is a size, a pair of start and end that pins it, None for no window, or a
        dictionary in a form of the protocol.
        """
        root_complex = _find(self._request, "name", name)
        for member, value in members.items():
            if member not in ROOT_COMPLEX_EDITS:
                raise TypeError(f"{member}: no such member; there are "
                                f"{', '.join(ROOT_COMPLEX_EDITS)}")
            root_complex[member] = ROOT_COMPLEX_EDITS[member](member, value)
        return self

    def with_amd_iommu(self, *names):
        """Adds an AMD IOMMU to each of these root complexes."""
        return self._with_iommu("with_amd_iommu", "amd-vi", names)

    def with_intel_vtd(self, *names):
        """Adds Intel VT-d to each of these root complexes."""
        return self._with_iommu("with_intel_vtd", "intel-vtd", names)

    def with_smmu(self, *names):
        """Adds an SMMUv3 to each of these root complexes."""
        return self._with_iommu("with_smmu", "smmuv3", names)

    def with_vtl2(self, **members):
        """Sets `vtl2` of the request to these members. The daemon uses its default for each member
        that is not given."""
        self._request["vtl2"] = members
        return self

    def with_custom_request(self, edit):
        """Calls edit(request), which may change any member of the request in place."""
        edit(self._request)
        return self

    @property
    def root_complexes(self):
        """Names of the root complexes, in the order of the request."""
        return [each["name"] for each in _root_complexes(self._request)]

    def request(self):
        """Returns the request for the layout, as a new dictionary.

        Raises `ValueError` if an IOMMU is for a root complex that does not exist.
        """
        request = copy.deepcopy(self._request)
        for method, kind, name in self._iommus:
            _find(request, method, name)["iommu"] = kind
        return request

    def start(self, client, *, refuse=None):
        """Creates the layout under the name of the VM, with a `gpalayout.Client`. Returns a `Vm`.

        `refuse` is a list of warnings that are errors in this test, or "all". With
        `refuse=["partial_intel_vtd"]` the daemon refuses, as OpenVMM does, a VM in which only some
        root complexes have Intel VT-d. A layout that existed before is not checked.
        """
        return Vm(client, self.name, self.request(), refuse=refuse)

    def _with_iommu(self, method, kind, names):
        self._iommus += [(method, kind, name) for name in names]
        return self


class Vm:
    """A VM whose layout the daemon keeps: name, request, generation, layout, created.

    The layout stays until `stop`. The end of `with` stops the VM, unless `created` is false: then
    the layout existed before, from the same user and request, and somebody else may use it.
    """

    def __init__(self, client, name, request, *, refuse=None):
        result = client.create(name, request, refuse=refuse)
        self.client = client
        self.name = name
        self.request = request
        self.created = result["created"]
        self._take(result)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.created:
            self.stop()

    def reload(self):
        """Reads generation and layout from the daemon again. Returns the layout."""
        self._take(self.client.get(self.name))
        return self.layout

    def stop(self):
        """Deletes the layout, unless this did so before.

        Raises `GenerationMismatch` if somebody has changed it meanwhile.
        """
        if self.generation is None:
            return
        self.client.delete(self.name, generation=self.generation)
        self.generation = None

    def _take(self, result):
        self.generation = result["generation"]
        self.layout = Layout(result["layout"])


class Layout:
    """A layout of the daemon: the unchanged `result`, its `digest`, and its `ranges` by address.

    layout[tag] is the `gpalayout.Range` with this tag. RAM of a node may be in several ranges; see
    `pieces`.
    """

    def __init__(self, result):
        self.result = result
        self.digest = result["digest"]
        self.ranges = gpalayout.ranges(result)

    def __contains__(self, tag):
        return any(each.tag == tag for each in self.ranges)

    def __getitem__(self, tag):
        found = self.pieces(tag)
        if len(found) > 1:
            raise KeyError(f"{tag} is in {len(found)} pieces")
        return found[0]

    def pieces(self, tag):
        """Returns the ranges with this tag, by address. Raises KeyError if there are none."""
        found = [each for each in self.ranges if each.tag == tag]
        if not found:
            raise KeyError(f"no range has the tag {tag}")
        return found

    def root_complex(self, name):
        """Returns the unchanged entry of a root complex. Raises KeyError if there is none."""
        for each in self.result.get("pcie", {}).get("root_complexes", []):
            if each["name"] == name:
                return each
        raise KeyError(f"no root complex {name}")

    def ecam(self, name):
        """Returns the ECAM of a root complex, which is a part of the ECAM of its segment."""
        found = self.root_complex(name)
        whole = self[f"pcie-seg{found['segment']}-ecam"]
        return whole._replace(start=gpalayout.address(found["ecam"]["start"]),
                              end=gpalayout.address(found["ecam"]["end"]))

    def iommu(self, name):
        """Returns the range of a root complex's IOMMU. Raises KeyError if it has none."""
        for each in self.result.get("iommu", {}).get("instances", []):
            if each["root_complex"] == name:
                start = gpalayout.address(each["start"])
                return next(found for found in self.ranges if found.start == start)
        raise KeyError(f"there is no root complex {name} with an IOMMU")

    def assert_sound(self):
        """Fails if ranges are empty, overlap or are out of order, or if the layout's digest is not
        theirs."""
        end = 0
        for each in self.ranges:
            if not end <= each.start < each.end:
                raise AssertionError(f"{each.tag} is at {each.start:#x}-{each.end:#x}, and the "
                                     f"range before it ends at {end:#x}")
            end = each.end
        lines = ["gpalayout-digest-1", self.result["arch"],
                 *(f"{each.kind} {each.tag} {each.start:#x}-{each.end:#x}" for each in self.ranges)]
        text = "".join(line + "\n" for line in lines)
        computed = "sha256:" + hashlib.sha256(text.encode()).hexdigest()
        if computed != self.digest:
            raise AssertionError(f"the map has digest {computed}, the layout says {self.digest}")

    def assert_same(self, other):
        """Fails unless another `Layout` has the same digest, and names the ranges that differ."""
        if self.digest != other.digest:
            differing = sorted(set(self.ranges) ^ set(other.ranges))
            raise AssertionError(f"{self.digest} is not {other.digest}" + "".join(
                f"\n{'-+'[each in other.ranges]} {each.tag} {each.start:#x}-{each.end:#x}"
                for each in differing))

    def assert_at(self, tag, start):
        """Fails unless the first range with this tag starts at this address."""
        found = self.pieces(tag)[0]
        if found.start != start:
            raise AssertionError(f"{tag} is at {found.start:#x}, not at {start:#x}")


class Daemon:
    """A private gpalayoutd. It serves when the constructor returns; the end of `with` closes it.

    options  further options of its command line; not --store=memory, because it has a state folder
    program  by default $GPALAYOUTD, or else gpalayoutd on the PATH or in a system folder
    timeout  time limit in seconds, for its start, for its exit, and for each call of a client

    If the daemon does not exit in time, for example because of SIGSTOP, it is killed.

    Its socket, state and log are in a temporary folder, `folder`, which only this user may enter.
    If the thread that started the daemon ends, or the test is killed, the daemon exits, but its
    folder stays.
    """

    def __init__(self, *options, program=None, timeout=gpalayout.DEFAULT_TIMEOUT):
        program = program or os.environ.get("GPALAYOUTD") or shutil.which(
            "gpalayoutd", path=f"{os.environ.get('PATH', os.defpath)}:{SYSTEM_PATH}")
        if not program:
            raise DaemonFailed("gpalayoutd is not on the PATH; set GPALAYOUTD to its path")
        self.timeout = timeout
        self.process = None
        self.folder = tempfile.mkdtemp(prefix="gpalayout-petri-")
        self.socket = os.path.join(self.folder, "control.sock")
        self._command = [
            "setpriv", "--pdeathsig", "TERM", os.path.abspath(program), "--config=none",
            f"--socket={self.socket}", "--inspect-socket=none",
            f"--state-dir={os.path.join(self.folder, 'state')}", *options]
        try:
            self.start()
        except BaseException:
            self.kill()
            shutil.rmtree(self.folder)
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Stops the daemon and removes its folder."""
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        """Starts the daemon again after `stop` or `kill`, with its state. Returns when it serves.
        """
        deadline = time.monotonic() + self.timeout
        path = os.path.join(self.folder, "notify.sock")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(path)
            try:
                with open(os.path.join(self.folder, "log"), "ab") as log:
                    # Ctrl-C must reach only the test, which stops its VMs before the daemon.
                    self.process = subprocess.Popen(
                        self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                        env={**os.environ, "NOTIFY_SOCKET": path}, start_new_session=True)
                self._wait_ready(notify, deadline)
            finally:
                os.unlink(path)

    def stop(self):
        """Stops the daemon with SIGTERM and keeps its state. Raises `DaemonFailed` if its exit
        status is not 0."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            status = self.process.wait(self.timeout)
        except subprocess.TimeoutExpired:
            status = None
        self.kill()
        if status != 0:
            what = (f"did not exit within {self.timeout:g} s and was killed" if status is None
                    else f"exited with {status}")
            raise DaemonFailed(f"gpalayoutd {what}:\n{self.log()}")

    def kill(self):
        """Kills the daemon with SIGKILL, like a crash, and keeps its state."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def connect(self):
        """Returns a `gpalayout.Client` of the daemon. It connects again after a restart."""
        return gpalayout.Client(self.socket, self.timeout)

    def log(self):
        """Returns the log of the daemon."""
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as log:
            return log.read()

    def _wait_ready(self, notify, deadline):
        pidfd = os.pidfd_open(self.process.pid)
        try:
            ready = [notify]
            while ready == [notify]:
                left = max(0, deadline - time.monotonic())
                ready, _, _ = select.select([notify, pidfd], [], [], left)
                if notify in ready and b"READY=1" in notify.recv(4096).split(b"\n"):
                    return
            why = ("exited before it was ready" if ready
                   else f"is not ready after {self.timeout:g} s")
            raise DaemonFailed(f"gpalayoutd {why}:\n{self.log()}")
        finally:
            os.close(pidfd)
