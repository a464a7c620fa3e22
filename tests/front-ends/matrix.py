# SPDX-License-Identifier: MIT
"""VMs, each expressed for the three front ends of OpenVMM.

Each VM has three expressions: the flags of a command line for gpalayout-openvmm, a VMConfig for gpalayout-vmservice,
and a function that makes a VmBuilder of gpalayout_petri. If a front end cannot express the VM, there is a CannotExpress
instead, with the row of front-ends/README.md that says why.
"""

import typing

from gpalayout_petri import GIB, MIB

X86, ARM = "x86_64", "aarch64"
TIB = 1 << 40

# All VMs run on such a host.
HOST_BITS = 46


class CannotExpress(typing.NamedTuple):
    row: str  # its first cell, in the table "What each front end can say" of front-ends/README.md


class Line:
    """Flags of OpenVMM, and options of gpalayout-openvmm."""

    def __init__(self, flags, **options):
        self.flags = flags
        self.options = options


class Refusal(typing.NamedTuple):
    """The refusal by each front end, and where it finds the fault."""

    reason: str
    at: str  # the pointer into the request
    config_at: str = ""  # the pointer into CreateVMRequest
    flag: str = ""  # the flag that determines the member at the pointer
    line_says: str = ""  # gpalayout-openvmm refuses the command line itself, with this text


class Vm(typing.NamedTuple):
    name: str
    arch: str
    line: object
    config: object
    builder: object
    refused: typing.Optional[Refusal] = None


UNENLIGHTENED = CannotExpress("Linux without Hyper-V enlightenments")
LOW_LINUX = CannotExpress("Linux in an IGVM file or a snapshot, on aarch64")
PCAT = CannotExpress("PCAT")
PCAT_AND_PCIE = CannotExpress("PCAT and root complexes")
OPENHCL = CannotExpress("OpenHCL")
FRAMEBUFFER = CannotExpress("a framebuffer for VTL2")
NO_VMBUS = CannotExpress("no VMBus")
ODD_RAM = CannotExpress("RAM that is not a multiple of 1 MiB")
VIRTIO_MMIO = CannotExpress("devices on virtio-mmio")
LOW_ECAM = CannotExpress("ECAM below 4 GiB")
CXL = CannotExpress("CXL")
X86_IOMMU = CannotExpress("AMD-Vi or Intel VT-d")
NAMES = CannotExpress("names of root complexes that are not of the form `sNrcM`")
ODD_WINDOW = CannotExpress("a window that is not a multiple of 1 MiB")
NO_WINDOW = CannotExpress("a root complex that has no low or no high window")

OPENHCL_FLAGS = "--hv --vtl2 --igvm f --igvm-vtl2-relocation-type vtl2=filesize"


def root(name="s0rc0", segment=0, start=0, end=255, low=64 * MIB, high=GIB, **members):
    """A root complex of a VMConfig. The defaults are those of the command line."""
    return {"name": name, "segment": segment, "start_bus": start, "end_bus": end, "low_mmio": low, "high_mmio": high,
            **members}


def config(boot, memory, *roots, **members):
    """A VMConfig. `memory` is the MiB of RAM, or a list with the MiB of each node; None is a node without memory."""
    if isinstance(memory, list):
        members["numa_config"] = {"nodes": [{} if each is None else {"memory": {"memory_mb": each}}
                                            for each in memory]}
    else:
        members["memory_config"] = {"memory_mb": memory}
    if roots:
        members["pcie"] = {"root_complexes": list(roots)}
    return {boot: {}, **members}


def shares(segments, count):
    """Returns name, segment, first and last bus of root complexes that divide the buses of each segment."""
    return [(f"s{segment}rc{index}", segment, index * (256 // count), (index + 1) * (256 // count) - 1)
            for segment in segments for index in range(count)]


def share_flags(segments, count, more=""):
    return " ".join(f"--pcie-root-complex {name},segment={segment},start_bus={start},end_bus={end}{more}"
                    for name, segment, start, end in shares(segments, count))


def share_roots(segments, count, **members):
    return [root(*each, **members) for each in shares(segments, count)]


def numa(*sizes):
    return " ".join(f"--numa size={size}" for size in sizes)


def set_roots(builder, **members):
    """Sets the same members in all root complexes of a builder."""
    for name in builder.root_complexes:
        builder.with_root_complex(name, **members)
    return builder


RC = "--pcie-root-complex s0rc0"
RC1 = "--pcie-root-complex s1rc0,segment=1"
SMMU = {"iommu": {"smmu": {}}}

BOOT = (
    Vm("Linux with 1 GiB", X86, Line("--hv"), config("direct_boot", 1024),
       lambda vm: vm("linux-direct").with_memory(GIB)),
    Vm("Linux without enlightenments", X86, Line("-m 4GB"), UNENLIGHTENED, UNENLIGHTENED),
    Vm("UEFI", X86, Line("--uefi -m 4GB"), config("uefi", 4096), lambda vm: vm("uefi")),
    Vm("PCAT", X86, Line("--pcat -m 4GB"), PCAT, lambda vm: vm("pcat")),
    Vm("OpenHCL", X86, Line(f"{OPENHCL_FLAGS} -m 4GB"), OPENHCL, lambda vm: vm("openhcl")),
    Vm("Linux on Arm", ARM, Line("--hv -m 4GB"), config("direct_boot", 4096), lambda vm: vm("linux-direct")),
    Vm("Linux without enlightenments on Arm", ARM, Line("-m 4GB"), UNENLIGHTENED, UNENLIGHTENED),
    Vm("UEFI on Arm", ARM, Line("--uefi -m 4GB"), config("uefi", 4096), lambda vm: vm("uefi")),
    Vm("OpenHCL on Arm", ARM, Line(f"{OPENHCL_FLAGS} -m 4GB"), OPENHCL, lambda vm: vm("openhcl")),
    Vm("an SNP VM has the layout of Linux", X86, Line("--isolation snp -m 8G"), config("direct_boot", 8192),
       lambda vm: vm("linux-direct").with_memory("8GiB")),
    Vm("UEFI in an IGVM file has the layout of UEFI", X86, Line("--igvm f --igvm-personality uefi -m 6G"),
       config("uefi", 6144), lambda vm: vm("uefi").with_memory(6 * GIB)),
    Vm("UEFI in an IGVM file on Arm has the layout of UEFI", ARM, Line("--igvm f --igvm-personality uefi -m 6G"),
       config("uefi", 6144), lambda vm: vm("uefi").with_memory(6 * GIB)),
    Vm("Linux in an IGVM file", X86, Line("--igvm f --igvm-personality linux-direct --hv -m 4G"),
       config("direct_boot", 4096), lambda vm: vm("linux-direct")),
    Vm("Linux in an IGVM file on Arm", ARM, Line("--igvm f --igvm-personality linux-direct --hv -m 4G"),
       LOW_LINUX, LOW_LINUX),
    Vm("Linux in a snapshot on Arm", ARM, Line("--restore-snapshot /dir --hv -m 2G"), LOW_LINUX, LOW_LINUX),
    Vm("UEFI without VMBus", X86, Line("--uefi --no-vmbus -m 4G"), config("uefi", 4096, disable_vmbus=True), NO_VMBUS),
    Vm("UEFI without VMBus and hypervisor interface on Arm", ARM, Line("--uefi --no-hv --no-vmbus -m 4G"),
       config("uefi", 4096, disable_vmbus=True), NO_VMBUS),
    Vm("Linux without VMBus on Arm", ARM, Line("--hv --no-vmbus -m 3G"),
       config("direct_boot", 3072, disable_vmbus=True), NO_VMBUS),
)

RAM = (
    Vm("64 MiB", X86, Line("--uefi -m 64M"), config("uefi", 64), lambda vm: vm("uefi").with_memory(64 * MIB)),
    Vm("RAM that just fits below the chipset", X86, Line("--uefi -m 3968M"), config("uefi", 3968),
       lambda vm: vm("uefi").with_memory(3968 * MIB)),
    Vm("RAM of less than 1 GiB on Arm", ARM, Line("--hv -m 512MB"), config("direct_boot", 512),
       lambda vm: vm("linux-direct").with_memory(512 * MIB)),
    Vm("2 TiB", X86, Line("--uefi -m 2T"), config("uefi", 2 << 20), lambda vm: vm("uefi").with_memory("2TiB")),
    Vm("RAM in pages", X86, Line("--uefi -m 1048580K"), ODD_RAM, lambda vm: vm("uefi").with_memory(GIB + 4096)),
    Vm("two nodes", X86, Line(f"--uefi {numa('2G', '2G')}"), config("uefi", [2048, 2048]),
       lambda vm: vm("uefi").with_memory([2 * GIB, 2 * GIB])),
    Vm("one node of a list", X86, Line(f"--uefi {numa('3G')}"), config("uefi", [3072]),
       lambda vm: vm("uefi").with_memory([3 * GIB])),
    Vm("a node without RAM between two with RAM", X86, Line(f"--uefi {numa('2G', '0', '3G')}"),
       config("uefi", [2048, None, 3072]), lambda vm: vm("uefi").with_memory([2 * GIB, 0, 3 * GIB])),
    Vm("a first node without RAM", X86, Line(f"--hv {numa('0', '5G')}"), config("direct_boot", [0, 5120]),
       lambda vm: vm("linux-direct").with_memory([0, 5 * GIB])),
    Vm("nodes of uneven sizes on Arm", ARM, Line(f"--hv {numa('512M', '1536M', '0', '3G')}"),
       config("direct_boot", [512, 1536, None, 3072]),
       lambda vm: vm("linux-direct").with_memory([512 * MIB, 1536 * MIB, 0, 3 * GIB])),
    Vm("16 nodes", X86, Line(f"--uefi {numa(*16 * ['8G'])}"), config("uefi", 16 * [8192]),
       lambda vm: vm("uefi").with_memory(16 * [8 * GIB])),
    Vm("nodes under PCAT", X86, Line(f"--pcat {numa('1G', '1G', '0')}"), PCAT,
       lambda vm: vm("pcat").with_memory([GIB, GIB, 0])),
    Vm("nodes under OpenHCL", X86, Line(f"{OPENHCL_FLAGS} {numa('4G', '0', '4G')}"), OPENHCL,
       lambda vm: vm("openhcl").with_memory([4 * GIB, 0, 4 * GIB])),
)

PCIE = (
    Vm("a root complex", X86, Line(f"--uefi -m 4G {RC}"), config("uefi", 4096, root()),
       lambda vm: vm("uefi").with_pcie_root_topology(1, 1)),
    Vm("a root complex of Linux on Arm", ARM, Line(f"--hv -m 4G {RC}"), config("direct_boot", 4096, root()),
       lambda vm: vm("linux-direct").with_pcie_root_topology(1, 1)),
    Vm("four root complexes share a segment", X86, Line(f"--uefi -m 4G {share_flags([0], 4)}"),
       config("uefi", 4096, *share_roots([0], 4)), lambda vm: vm("uefi").with_pcie_root_topology(1, 4)),
    Vm("eight root complexes share two segments on Arm", ARM, Line(f"--hv -m 4G {share_flags([0, 1], 4)}"),
       config("direct_boot", 4096, *share_roots([0, 1], 4)),
       lambda vm: vm("linux-direct").with_pcie_root_topology(2, 4)),
    Vm("256 buses are not a multiple of three", X86, Line(f"--hv -m 4G {share_flags([0, 1], 3)}"),
       config("direct_boot", 4096, *share_roots([0, 1], 3)),
       lambda vm: vm("linux-direct").with_pcie_root_topology(2, 3)),
    Vm("segments with different numbers of root complexes", X86,
       Line(f"--uefi -m 4G {share_flags([0], 2)} {share_flags([1], 3)}"),
       config("uefi", 4096, *share_roots([0], 2), *share_roots([1], 3)),
       lambda vm: vm("uefi").with_pcie_root_topology(1, 2).with_pcie_root_topology(1, 3)),
    Vm("a shared segment with a hole, highest buses first", X86, Line(
        f"--uefi -m 4G {RC},start_bus=200,end_bus=220 --pcie-root-complex s0rc1,start_bus=16,end_bus=31"),
       config("uefi", 4096, root(start=200, end=220), root("s0rc1", start=16, end=31)),
       lambda vm: (vm("uefi").with_pcie_root_topology(1, 2).with_root_complex("s0rc0", start_bus=200, end_bus=220)
                   .with_root_complex("s0rc1", start_bus=16, end_bus=31))),
    Vm("segments in any order", X86, Line(f"--uefi -m 4G {RC},segment=65535 --pcie-root-complex s1rc0,segment=7"),
       config("uefi", 4096, root(segment=65535), root("s1rc0", 7)),
       lambda vm: (vm("uefi").with_pcie_root_topology(2, 1).with_root_complex("s0rc0", segment=65535)
                   .with_root_complex("s1rc0", segment=7))),
    Vm("a root complex of one bus", X86, Line(f"--uefi -m 4G {RC},start_bus=7,end_bus=7"),
       config("uefi", 4096, root(start=7, end=7)),
       lambda vm: vm("uefi").with_pcie_root_topology(1, 1).with_root_complex("s0rc0", start_bus=7, end_bus=7)),
    Vm("bus 0 alone, where the VM service states no bus", X86, Line(f"--uefi -m 4G {RC},end_bus=0"),
       config("uefi", 4096, {"name": "s0rc0", "low_mmio": 64 * MIB, "high_mmio": GIB}),
       lambda vm: vm("uefi").with_pcie_root_topology(1, 1).with_root_complex("s0rc0", end_bus=0)),
    Vm("root complexes on nodes, one without RAM", X86, Line(f"--uefi {numa('4G', '0')} {RC},node=1 {RC1},node=0"),
       config("uefi", [4096, None], root(node=1), root("s1rc0", 1, node=0)),
       lambda vm: (vm("uefi").with_memory([4 * GIB, 0]).with_pcie_root_topology(2, 1)
                   .with_root_complex("s0rc0", node=1).with_root_complex("s1rc0", node=0))),
    Vm("large windows", X86, Line(f"--uefi -m 64G {RC},low_mmio=512M,high_mmio=1T"),
       config("uefi", 65536, root(low=512 * MIB, high=TIB)),
       lambda vm: (vm("uefi").with_memory(64 * GIB).with_pcie_root_topology(1, 1)
                   .with_root_complex("s0rc0", low_mmio="512MiB", high_mmio="1TiB"))),
    Vm("windows of several sizes on Arm", ARM, Line(
        f"--uefi -m 8G {RC},low_mmio=4M,high_mmio=64G {RC1},low_mmio=256M,high_mmio=512M"),
       config("uefi", 8192, root(low=4 * MIB, high=64 * GIB), root("s1rc0", 1, low=256 * MIB, high=512 * MIB)),
       lambda vm: (vm("uefi").with_memory(8 * GIB).with_pcie_root_topology(2, 1)
                   .with_root_complex("s0rc0", low_mmio=4 * MIB, high_mmio=64 * GIB)
                   .with_root_complex("s1rc0", low_mmio=256 * MIB, high_mmio=512 * MIB))),
    Vm("the command line rounds windows up to a multiple of 1 MiB", X86, Line(f"--uefi -m 4G {RC},low_mmio=1500K,high_mmio=1"),
       config("uefi", 4096, root(low=2 * MIB, high=MIB)),
       lambda vm: (vm("uefi").with_pcie_root_topology(1, 1)
                   .with_root_complex("s0rc0", low_mmio=2 * MIB, high_mmio=MIB))),
    Vm("windows in pages", X86, ODD_WINDOW, config("uefi", 4096, root(low=0x180000, high=GIB + 4096)),
       lambda vm: (vm("uefi").with_pcie_root_topology(1, 1)
                   .with_root_complex("s0rc0", low_mmio=0x180000, high_mmio=GIB + 4096))),
    Vm("no high window", X86, NO_WINDOW, NO_WINDOW,
       lambda vm: vm("uefi").with_pcie_root_topology(1, 1).with_root_complex("s0rc0", high_mmio=None)),
    Vm("64 segments", X86, Line(f"--uefi -m 4G {share_flags(range(64), 1, ',low_mmio=4M')}"),
       config("uefi", 4096, *share_roots(range(64), 1, low=4 * MIB)),
       lambda vm: set_roots(vm("uefi").with_pcie_root_topology(64, 1), low_mmio=4 * MIB)),
    Vm("256 root complexes share a segment on Arm", ARM, Line(f"--uefi -m 4G {share_flags([0], 256, ',low_mmio=2M')}"),
       config("uefi", 4096, *share_roots([0], 256, low=2 * MIB)),
       lambda vm: set_roots(vm("uefi").with_pcie_root_topology(1, 256), low_mmio=2 * MIB)),
    Vm("ECAM below 4 GiB", X86, Line(f"--hv -m 4G {RC},end_bus=63 --pcie-ecam-below-4gb"), LOW_ECAM, LOW_ECAM),
    Vm("ECAM of two segments below 4 GiB on Arm", ARM, Line(f"--hv -m 4G {RC} {RC1} --pcie-ecam-below-4gb"),
       LOW_ECAM, LOW_ECAM),
    Vm("PCAT and a root complex", X86, PCAT_AND_PCIE, PCAT_AND_PCIE,
       lambda vm: vm("pcat").with_pcie_root_topology(1, 1)),
    Vm("a name with spaces and other special characters", X86, Line("--uefi -m 4G --pcie-root-complex 'PCI ü #1'"),
       config("uefi", 4096, root("PCI ü #1")), NAMES),
)

PINNED = (
    Vm("a pinned low window", X86, Line(f"--uefi -m 4G {RC},low_mmio_base=0xd0000000"),
       config("uefi", 4096, root(low_mmio_base=0xd0000000)),
       lambda vm: (vm("uefi").with_pcie_root_topology(1, 1)
                   .with_root_complex("s0rc0", low_mmio=(0xd0000000, 0xd4000000)))),
    Vm("a pinned low window within RAM", X86, Line(f"--uefi -m 4G {RC},low_mmio=16M,low_mmio_base=0x10000000"),
       config("uefi", 4096, root(low=16 * MIB, low_mmio_base=0x10000000)),
       lambda vm: (vm("uefi").with_pcie_root_topology(1, 1)
                   .with_root_complex("s0rc0", low_mmio=(0x10000000, 0x11000000)))),
    Vm("a pinned high window at 1 TiB", X86, Line(f"--uefi -m 4G {RC},high_mmio=64G,high_mmio_base=0x10000000000"),
       config("uefi", 4096, root(high=64 * GIB, high_mmio_base=TIB)),
       lambda vm: (vm("uefi").with_pcie_root_topology(1, 1)
                   .with_root_complex("s0rc0", high_mmio=(TIB, TIB + 64 * GIB)))),
    Vm("RAM on both sides of a pinned high window", X86, Line(f"--hv -m 16G {RC},high_mmio_base=0x180000000"),
       config("direct_boot", 16384, root(high_mmio_base=6 * GIB)),
       lambda vm: (vm("linux-direct").with_memory(16 * GIB).with_pcie_root_topology(1, 1)
                   .with_root_complex("s0rc0", high_mmio=(6 * GIB, 7 * GIB)))),
    Vm("a high window pinned below 4 GiB", X86, Line(f"--uefi -m 1G {RC},high_mmio_base=0x80000000"),
       config("uefi", 1024, root(high_mmio_base=2 * GIB)),
       lambda vm: (vm("uefi").with_memory(GIB).with_pcie_root_topology(1, 1)
                   .with_root_complex("s0rc0", high_mmio=(2 * GIB, 3 * GIB)))),
    Vm("a pinned window off its usual alignment", X86, Line(f"--uefi -m 4G {RC},low_mmio_base=0xd0001000"),
       config("uefi", 4096, root(low_mmio_base=0xd0001000)),
       lambda vm: (vm("uefi").with_pcie_root_topology(1, 1)
                   .with_root_complex("s0rc0", low_mmio=(0xd0001000, 0xd4001000)))),
    Vm("all windows of two root complexes pinned on Arm", ARM, Line(
        f"--hv -m 4G {RC},low_mmio_base=0xd0000000,high_mmio_base=0x4000000000"
        f" {RC1},low_mmio_base=0xd4000000,high_mmio_base=0x4040000000"),
       config("direct_boot", 4096, root(low_mmio_base=0xd0000000, high_mmio_base=256 * GIB),
              root("s1rc0", 1, low_mmio_base=0xd4000000, high_mmio_base=257 * GIB)),
       lambda vm: (vm("linux-direct").with_pcie_root_topology(2, 1)
                   .with_root_complex("s0rc0", low_mmio=(0xd0000000, 0xd4000000), high_mmio=(256 * GIB, 257 * GIB))
                   .with_root_complex("s1rc0", low_mmio=(0xd4000000, 0xd8000000), high_mmio=(257 * GIB, 258 * GIB)))),
)

DEVICES = (
    Vm("AMD-Vi on one of two root complexes", X86, Line(f"--uefi -m 4G {RC} {RC1} --amd-iommu s1rc0"), X86_IOMMU,
       lambda vm: vm("uefi").with_pcie_root_topology(2, 1).with_amd_iommu("s1rc0")),
    Vm("AMD-Vi on four root complexes", X86, Line(f"--hv -m 4G {share_flags([0], 4)}" + "".join(
        f" --amd-iommu s0rc{index}" for index in range(4))), X86_IOMMU,
       lambda vm: vm("linux-direct").with_pcie_root_topology(1, 4).with_amd_iommu("s0rc2", "s0rc0", "s0rc3", "s0rc1")),
    Vm("Intel VT-d on all root complexes", X86, Line(f"--uefi -m 4G {RC} {RC1} --intel-vtd s0rc0 --intel-vtd s1rc0"),
       X86_IOMMU, lambda vm: vm("uefi").with_pcie_root_topology(2, 1).with_intel_vtd("s1rc0", "s0rc0")),
    Vm("SMMUv3", ARM, Line(f"--hv -m 4G {RC} --smmu rc=s0rc0"), config("direct_boot", 4096, root(**SMMU)),
       lambda vm: vm("linux-direct").with_pcie_root_topology(1, 1).with_smmu("s0rc0")),
    Vm("SMMUv3 on some root complexes of shared segments", ARM, Line(
        f"--uefi -m 4G {share_flags([0, 1], 2)} --smmu rc=s1rc0,accel --smmu rc=s0rc1,oas=44"),
       config("uefi", 4096, *(root(*each, **(SMMU if each[0] in ("s0rc1", "s1rc0") else {}))
                              for each in shares([0, 1], 2))),
       lambda vm: vm("uefi").with_pcie_root_topology(2, 2).with_smmu("s0rc1", "s1rc0")),
    Vm("CXL", X86, Line(f"--uefi -m 4G {RC},hdm=2G --pcie-root-port s0rc0:rp0,cxl"), CXL, CXL),
    Vm("CXL on one of two root complexes on Arm", ARM, Line(f"--uefi -m 4G {RC} {RC1} --pcie-root-port s1rc0:rp0,cxl"),
       CXL, CXL),
    Vm("virtio-fs, one on virtio-mmio", X86, Line("--hv -m 4G --virtio-fs a,/ --virtio-fs-bus mmio"),
       config("direct_boot", 4096, devices_config={"virtiofs_config": [{"tag": "a"}]}), VIRTIO_MMIO),
    Vm("three devices on virtio-mmio on Arm", ARM, Line(
        "--hv -m 4G --virtio-fs a,/ --virtio-fs b,/ --virtio-fs-bus mmio --virtio-rng --virtio-rng-bus mmio"),
       config("direct_boot", 4096, devices_config={"virtiofs_config": [{"tag": "a"}, {"tag": "b"}],
                                                   "virtio_console": {"socket_path": "/console"}}), VIRTIO_MMIO),
    Vm("devices on virtio-mmio beside a root complex", X86, Line(
        f"--uefi -m 4G {RC} --virtio-vsock-path /s --virtio-vsock-bus mmio"),
       config("uefi", 4096, root(), devices_config={"virtio_console": {"socket_path": "/console"}}), VIRTIO_MMIO),
)

VTL2 = (
    Vm("memory for VTL2", X86, Line("--hv --vtl2 --igvm f -m 4G", vtl2_size=64 * MIB, vtl2_alignment=2 * MIB), OPENHCL,
       lambda vm: vm("openhcl").with_vtl2(memory={"size": "64MiB", "alignment": "2MiB"})),
    Vm("memory for VTL2 of a stated size on Arm", ARM, Line(
        "--hv --vtl2 --igvm f --igvm-vtl2-relocation-type auto=512MB -m 4G", vtl2_alignment=GIB), OPENHCL,
       lambda vm: vm("openhcl").with_vtl2(memory={"size": "512MiB", "alignment": "1GiB"})),
    Vm("a framebuffer for VTL2", X86, Line(f"{OPENHCL_FLAGS} --vtl2-gfx -m 4G"), FRAMEBUFFER,
       lambda vm: vm("openhcl").with_vtl2(framebuffer=8 * MIB)),
    Vm("a framebuffer for VTL2 without an IGVM file", X86, Line("--hv --vtl2 --vtl2-gfx -m 4G"), FRAMEBUFFER,
       lambda vm: vm("linux-direct").with_vtl2(framebuffer="8MiB")),
    Vm("VBS isolation", X86, Line(f"--isolation vbs --no-alias-map {OPENHCL_FLAGS} -m 2G"), OPENHCL,
       lambda vm: vm("openhcl").with_memory(2 * GIB)),
)

TOGETHER = (
    Vm("nodes, SMMUv3, shared segments and pinned windows on Arm", ARM, Line(
        f"--uefi {numa('4G', '0', '12G')} {RC},end_bus=127,node=1,high_mmio=64G,high_mmio_base=0x10000000000"
        " --pcie-root-complex s0rc1,start_bus=128,node=2 --smmu rc=s0rc0 --smmu rc=s0rc1"),
       config("uefi", [4096, None, 12288],
              root(end=127, node=1, high=64 * GIB, high_mmio_base=TIB, **SMMU),
              root("s0rc1", start=128, node=2, **SMMU)),
       lambda vm: (vm("uefi").with_memory([4 * GIB, 0, 12 * GIB]).with_pcie_root_topology(1, 2)
                   .with_root_complex("s0rc0", node=1, high_mmio=(TIB, TIB + 64 * GIB))
                   .with_root_complex("s0rc1", node=2).with_smmu("s0rc0", "s0rc1"))),
    Vm("nodes, root complexes on them and large windows", X86, Line(
        f"--uefi {numa('64G', '64G', '0')} {RC},node=0,high_mmio=256G {RC1},node=1,low_mmio=128M"
        " --pcie-root-complex s2rc0,segment=2,node=2"),
       config("uefi", [65536, 65536, None], root(node=0, high=256 * GIB), root("s1rc0", 1, low=128 * MIB, node=1),
              root("s2rc0", 2, node=2)),
       lambda vm: (vm("uefi").with_memory([64 * GIB, 64 * GIB, 0]).with_pcie_root_topology(3, 1)
                   .with_root_complex("s0rc0", node=0, high_mmio="256GiB")
                   .with_root_complex("s1rc0", node=1, low_mmio="128MiB").with_root_complex("s2rc0", node=2))),
    Vm("no VMBus, pinned windows, a shared segment and virtio-mmio on Arm", ARM, Line(
        f"--hv --no-vmbus -m 6G {RC},end_bus=127,low_mmio_base=0xd0000000 --pcie-root-complex s0rc1,start_bus=128"
        " --virtio-fs a,/ --virtio-fs-bus mmio --smmu rc=s0rc1"),
       config("direct_boot", 6144, root(end=127, low_mmio_base=0xd0000000), root("s0rc1", start=128, **SMMU),
              disable_vmbus=True, devices_config={"virtiofs_config": [{"tag": "a"}]}), NO_VMBUS),
    Vm("OpenHCL with nodes, shared segments, AMD-Vi, memory and a framebuffer for VTL2", X86, Line(
        f"--hv --vtl2 --igvm f --vtl2-gfx {numa('4G', '0', '4G')} {share_flags([0, 1], 2)} --amd-iommu s1rc1",
        vtl2_size=128 * MIB, vtl2_alignment=2 * MIB), OPENHCL,
       lambda vm: (vm("openhcl").with_memory([4 * GIB, 0, 4 * GIB]).with_pcie_root_topology(2, 2)
                   .with_amd_iommu("s1rc1")
                   .with_vtl2(memory={"size": 128 * MIB, "alignment": 2 * MIB}, framebuffer=8 * MIB))),
    Vm("OpenHCL with Intel VT-d and a pinned window", X86, Line(
        f"{OPENHCL_FLAGS} -m 8G {RC},high_mmio_base=0x8000000000 --intel-vtd s0rc0"), OPENHCL,
       lambda vm: (vm("openhcl").with_memory(8 * GIB).with_pcie_root_topology(1, 1).with_intel_vtd("s0rc0")
                   .with_root_complex("s0rc0", high_mmio=(512 * GIB, 513 * GIB)))),
    Vm("OpenHCL with SMMUv3 on Arm", ARM, Line(f"{OPENHCL_FLAGS} -m 8G {share_flags([0], 2)} --smmu rc=s0rc1"), OPENHCL,
       lambda vm: vm("openhcl").with_memory(8 * GIB).with_pcie_root_topology(1, 2).with_smmu("s0rc1")),
    Vm("CXL, nodes, AMD-Vi and ECAM below 4 GiB", X86, Line(
        f"--uefi {numa('8G', '0')} {RC},node=1,hdm=4G,end_bus=15 --pcie-root-port s0rc0:rp0,cxl --amd-iommu s0rc0"
        " --pcie-ecam-below-4gb"), CXL, CXL),
    Vm("CXL and SMMUv3 on Arm", ARM, Line(
        f"--uefi -m 8G {RC},hdm=1G --pcie-root-port s0rc0:rp0,cxl --smmu rc=s0rc0"), CXL, CXL),
)

AT = "/request/pcie/root_complexes/"
CONFIG_AT = "/config/pcie/root_complexes/"


def at_root(reason, at, flag="", config_at=None, **more):
    """A refusal at a member of a root complex, such as 1/node."""
    return Refusal(reason, AT + at, CONFIG_AT + (config_at or at), flag, **more)


REFUSED = (
    Vm("no RAM", X86, Line("--uefi -m 0"), config("uefi", 0), lambda vm: vm("uefi").with_memory(0),
       Refusal("invalid_memory", "/request/memory/nodes", "/config/memory_config/memory_mb", "-m 0")),
    Vm("no RAM on any node", ARM, Line(f"--hv {numa('0', '0')}"), config("direct_boot", [None, 0]),
       lambda vm: vm("linux-direct").with_memory([0, 0]),
       Refusal("invalid_memory", "/request/memory/nodes", "/config/numa_config/nodes", "--numa size=0")),
    Vm("a part of a page of RAM", X86, Line(f"--uefi {numa('1G', '6K')}"), ODD_RAM,
       lambda vm: vm("uefi").with_memory([GIB, "6KiB"]),
       Refusal("invalid_memory", "/request/memory/nodes/1", flag="--numa size=6K")),
    Vm("nodes that add up to 2^64", X86, Line(f"--uefi {numa('1T', '16777215T')}"),
       config("uefi", [1 << 20, 16777215 << 20]), lambda vm: vm("uefi").with_memory([TIB, 16777215 * TIB]),
       Refusal("invalid_memory", "/request/memory/nodes/1", "/config/numa_config/nodes/1/memory/memory_mb",
               "--numa size=16777215T")),
    Vm("a node of 2^64 bytes", X86, Line("--uefi -m 16777216T"), config("uefi", 16777216 << 20),
       lambda vm: vm("uefi").with_memory(1 << 64),
       Refusal("out_of_range", "/request/memory/nodes/0", "/config/memory_config/memory_mb",
               line_says="-m: '16777216T' is 2^64 bytes or more")),
    Vm("buses that run backwards", X86, Line(f"--uefi {RC},start_bus=5,end_bus=4"),
       config("uefi", 1024, root(start=5, end=4)),
       lambda vm: vm("uefi").with_pcie_root_topology(1, 1).with_root_complex("s0rc0", start_bus=5, end_bus=4),
       at_root("invalid_bus_range", "0/start_bus", line_says="start_bus must be <= end_bus")),
    Vm("two root complexes with the same buses", X86, Line(f"--uefi {RC} --pcie-root-complex s0rc1"),
       config("uefi", 1024, root(), root("s0rc1")),
       lambda vm: set_roots(vm("uefi").with_pcie_root_topology(1, 2), start_bus=0, end_bus=255),
       at_root("bus_overlap", "1/start_bus", "--pcie-root-complex s0rc1")),
    Vm("one bus that is shared in segment 3 on Arm", ARM, Line(
        f"--hv {RC},segment=3,end_bus=127 --pcie-root-complex s0rc1,segment=3,start_bus=127"),
       config("direct_boot", 1024, root(segment=3, end=127), root("s0rc1", 3, start=127)),
       lambda vm: set_roots(vm("linux-direct").with_pcie_root_topology(1, 2).with_root_complex("s0rc1", start_bus=127),
                         segment=3),
       at_root("bus_overlap", "1/start_bus", "--pcie-root-complex s0rc1,segment=3,start_bus=127")),
    Vm("a node that is not there", X86, Line(f"--uefi {numa('1G', '1G')} {RC},node=2"),
       config("uefi", [1024, 1024], root(node=2)),
       lambda vm: vm("uefi").with_memory([GIB, GIB]).with_pcie_root_topology(1, 1).with_root_complex("s0rc0", node=2),
       at_root("node_out_of_range", "0/node", f"{RC},node=2")),
    Vm("a segment beyond 65535", X86, Line(f"--uefi {RC},segment=65536"), config("uefi", 1024, root(segment=65536)),
       lambda vm: vm("uefi").with_pcie_root_topology(1, 1).with_root_complex("s0rc0", segment=65536),
       at_root("out_of_range", "0/segment", line_says="segment: '65536' is not a number from 0 to 65535")),
    Vm("two root complexes of one name", X86, Line(f"--uefi {RC} {RC},segment=1"),
       config("uefi", 1024, root(), root(segment=1)), NAMES,
       at_root("duplicate_name", "1/name", f"{RC},segment=1")),
    Vm("a name with a line break", X86, Line("--uefi --pcie-root-complex 'a\nb'"), config("uefi", 1024, root("a\nb")),
       NAMES, at_root("bad_name", "0/name", r"--pcie-root-complex 'a\nb'")),
    Vm("SMMUv3 on x86", X86, Line(f"--uefi {RC} --smmu rc=s0rc0"), config("uefi", 1024, root(**SMMU)),
       lambda vm: vm("uefi").with_pcie_root_topology(1, 1).with_smmu("s0rc0"),
       at_root("iommu_arch_mismatch", "0/iommu", line_says="--smmu is a flag of OpenVMM for aarch64 guests")),
    Vm("AMD-Vi on Arm", ARM, Line(f"--uefi {RC} --amd-iommu s0rc0"), X86_IOMMU,
       lambda vm: vm("uefi").with_pcie_root_topology(1, 1).with_amd_iommu("s0rc0"),
       at_root("iommu_arch_mismatch", "0/iommu", line_says="--amd-iommu is a flag of OpenVMM for x86_64 guests")),
    Vm("AMD-Vi and Intel VT-d", X86, Line(f"--uefi {RC} {RC1} --amd-iommu s0rc0 --intel-vtd s1rc0"), X86_IOMMU,
       lambda vm: vm("uefi").with_pcie_root_topology(2, 1).with_amd_iommu("s0rc0").with_intel_vtd("s1rc0"),
       at_root("mixed_iommu", "1/iommu",
               line_says="--amd-iommu and --intel-vtd cannot both be used in the same VM")),
    Vm("Intel VT-d on one of two root complexes", X86, Line(f"--uefi {RC} {RC1} --intel-vtd s0rc0"), X86_IOMMU,
       lambda vm: vm("uefi").with_pcie_root_topology(2, 1).with_intel_vtd("s0rc0"),
       Refusal("warning_refused", "/refuse")),
    Vm("an HDM window of 1 MiB", X86, Line(f"--uefi {RC},hdm=1M --pcie-root-port s0rc0:rp0,cxl"), CXL, CXL,
       at_root("invalid_hdm", "0/cxl/hdm", "--pcie-root-port s0rc0:rp0,cxl")),
    Vm("a low window pinned across 4 GiB", X86, Line(f"--uefi {RC},low_mmio_base=0xff000000"),
       config("uefi", 1024, root(low_mmio_base=0xff000000)),
       lambda vm: (vm("uefi").with_pcie_root_topology(1, 1)
                   .with_root_complex("s0rc0", low_mmio=(0xff000000, 0x103000000))),
       at_root("fixed_low_mmio_above_4gib", "0/low_mmio", f"{RC},low_mmio_base=0xff000000", "0/low_mmio_base")),
    Vm("a low window pinned off a page", ARM, Line(f"--uefi {RC},low_mmio_base=0xd0000800"),
       config("uefi", 1024, root(low_mmio_base=0xd0000800)),
       lambda vm: (vm("uefi").with_pcie_root_topology(1, 1)
                   .with_root_complex("s0rc0", low_mmio=(0xd0000800, 0xd4000800))),
       at_root("invalid_alignment", "0/low_mmio", f"{RC},low_mmio_base=0xd0000800", "0/low_mmio_base")),
    Vm("a high window pinned off a page", X86, Line(f"--uefi {RC} {RC1},high_mmio_base=0x4000000001"),
       config("uefi", 1024, root(), root("s1rc0", 1, high_mmio_base=0x4000000001)),
       lambda vm: (vm("uefi").with_pcie_root_topology(2, 1)
                   .with_root_complex("s1rc0", high_mmio=(0x4000000001, 0x4040000001))),
       at_root("invalid_alignment", "1/high_mmio", f"{RC1},high_mmio_base=0x4000000001", "1/high_mmio_base")),
    Vm("a pinned window that ends at 2^64", X86, Line(f"--uefi {RC},high_mmio_base=0xffffffffc0000000"),
       config("uefi", 1024, root(high_mmio_base=(1 << 64) - GIB)),
       lambda vm: (vm("uefi").with_pcie_root_topology(1, 1)
                   .with_root_complex("s0rc0", high_mmio=((1 << 64) - GIB, 1 << 64))),
       at_root("out_of_range", "0/high_mmio/end", config_at="0/high_mmio_base", line_says="invalid high MMIO range")),
    Vm("a window of no bytes", X86, Line(f"--uefi {RC},high_mmio=0"), config("uefi", 1024, root(high=0)),
       lambda vm: vm("uefi").with_pcie_root_topology(1, 1).with_root_complex("s0rc0", high_mmio=0),
       at_root("invalid_size", "0/high_mmio", f"{RC},high_mmio=0")),
    Vm("a pinned window of no bytes on Arm", ARM, Line(f"--hv {RC},low_mmio=0,low_mmio_base=0xd0000000"),
       config("direct_boot", 1024, root(low=0, low_mmio_base=0xd0000000)),
       lambda vm: (vm("linux-direct").with_pcie_root_topology(1, 1)
                   .with_root_complex("s0rc0", low_mmio=(0xd0000000, 0xd0000000))),
       at_root("invalid_size", "0/low_mmio", f"{RC},low_mmio=0,low_mmio_base=0xd0000000")),
    Vm("pinned windows that overlap", X86, Line(
        f"--uefi {RC},low_mmio_base=0xd3000000 {RC1},low_mmio_base=0xd0000000"),
       config("uefi", 1024, root(low_mmio_base=0xd3000000), root("s1rc0", 1, low_mmio_base=0xd0000000)),
       lambda vm: (vm("uefi").with_pcie_root_topology(2, 1)
                   .with_root_complex("s0rc0", low_mmio=(0xd3000000, 0xd7000000))
                   .with_root_complex("s1rc0", low_mmio=(0xd0000000, 0xd4000000))),
       at_root("overlap", "0/low_mmio", f"{RC},low_mmio_base=0xd3000000", "0/low_mmio_base")),
    Vm("a pinned window and chipset low MMIO", ARM, Line(f"--hv {RC},low_mmio_base=0xde000000"),
       config("direct_boot", 1024, root(low_mmio_base=0xde000000)),
       lambda vm: (vm("linux-direct").with_pcie_root_topology(1, 1)
                   .with_root_complex("s0rc0", low_mmio=(0xde000000, 0xe2000000))),
       Refusal("overlap", "/request/chipset/low_mmio", "/config")),
    Vm("a low window that does not fit", X86, Line(f"--uefi {RC},low_mmio=4000M"),
       config("uefi", 1024, root(low=4000 * MIB)),
       lambda vm: vm("uefi").with_pcie_root_topology(1, 1).with_root_complex("s0rc0", low_mmio="4000MiB"),
       at_root("exhausted", "0/low_mmio", f"{RC},low_mmio=4000M")),
    Vm("a high window that does not fit", X86, Line(f"--uefi {RC},high_mmio=16777215T {RC1},high_mmio=1T"),
       config("uefi", 1024, root(high=16777215 * TIB), root("s1rc0", 1, high=TIB)),
       lambda vm: (vm("uefi").with_pcie_root_topology(2, 1).with_root_complex("s0rc0", high_mmio=16777215 * TIB)
                   .with_root_complex("s1rc0", high_mmio=TIB)),
       at_root("exhausted", "1/high_mmio", f"{RC1},high_mmio=1T")),
    Vm("RAM that does not fit", ARM, Line("--uefi -m 17592186044415M"), config("uefi", 17592186044415),
       lambda vm: vm("uefi").with_memory(17592186044415 * MIB),
       Refusal("exhausted", "/request/memory/nodes/0", "/config/memory_config/memory_mb", "-m 17592186044415M")),
    Vm("memory of VTL2 that does not fit", X86, Line(
        "--hv --vtl2 --igvm f", vtl2_size=(1 << 64) - GIB, vtl2_alignment=2 * MIB), OPENHCL,
       lambda vm: vm("openhcl").with_memory(GIB).with_vtl2(memory={"size": hex((1 << 64) - GIB), "alignment": "2MiB"}),
       Refusal("exhausted", "/request/vtl2/memory/size", flag="--vtl2")),
    Vm("an alignment of VTL2's memory that is no power of two", ARM, Line(
        "--hv --vtl2 --igvm f", vtl2_size=64 * MIB, vtl2_alignment=3 * MIB), OPENHCL,
       lambda vm: vm("openhcl").with_memory(GIB).with_vtl2(memory={"size": "64MiB", "alignment": "3MiB"}),
       Refusal("invalid_alignment", "/request/vtl2/memory/alignment", flag="--vtl2")),
    Vm("ECAM below 256 MiB", X86, Line(
        f"--hv {RC},end_bus=3,low_mmio=3712M,low_mmio_base=0x10000000 --pcie-ecam-below-4gb"), LOW_ECAM, LOW_ECAM,
       at_root("ecam_below_minimum", "0", f"{RC},end_bus=3,low_mmio=3712M,low_mmio_base=0x10000000")),
    Vm("RAM beyond what the host addresses", X86, Line("--uefi -m 64T"), config("uefi", 64 << 20),
       lambda vm: vm("uefi").with_memory("64TiB"),
       Refusal("address_width_exceeded", "/request/host/physical_address_bits", "/config")),
    Vm("a window beyond what the host addresses", ARM, Line(f"--hv {RC},high_mmio=32T {RC1},high_mmio=32T"),
       config("direct_boot", 1024, root(high=32 * TIB), root("s1rc0", 1, high=32 * TIB)),
       lambda vm: set_roots(vm("linux-direct").with_memory(GIB).with_pcie_root_topology(2, 1), high_mmio="32TiB"),
       Refusal("address_width_exceeded", "/request/host/physical_address_bits", "/config")),
)

RESOLVED = BOOT + RAM + PCIE + PINNED + DEVICES + VTL2 + TOGETHER
VMS = RESOLVED + REFUSED

# VMs that have the same layout, because the difference between them does not affect it.
SAME = (
    ["Linux without enlightenments", "UEFI without VMBus"],
    ["UEFI", "PCAT", "Linux in an IGVM file"],
    ["UEFI on Arm", "Linux in an IGVM file on Arm"],
    ["a root complex", "PCAT and a root complex"],
    ["a root complex of one bus", "bus 0 alone, where the VM service states no bus"],
)
