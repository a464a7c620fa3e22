#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""front-ends/openvmm/gpalayout-openvmm: command lines of OpenVMM and their requests, refusals, every flag of OpenVMM,
and the layouts of a daemon."""

import ast
import difflib
import importlib.machinery
import importlib.util
import json
import os
import re
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

TOP_SRCDIR = os.path.abspath(os.environ.get("TOP_SRCDIR", os.path.join(os.path.dirname(__file__), "..", "..")))
for folder in ("tests/socket", "tests/man"):
    sys.path.insert(0, os.path.join(TOP_SRCDIR, folder))
sys.dont_write_bytecode = True  # the source tree may be read-only

from ctl_harness import NO_DAEMON, NO_ROOM, OK, REFUSED, USAGE, FakeDaemon, refusal, reply
from harness import PATIENCE, DaemonTestCase, main
from page import Example

FOLDER = os.path.join(TOP_SRCDIR, "front-ends", "openvmm")
PROGRAM = os.path.join(FOLDER, "gpalayout-openvmm")


def load():
    loader = importlib.machinery.SourceFileLoader("gpalayout_openvmm", PROGRAM)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


openvmm = load()

UNENLIGHTENED, LINUX, UEFI, PCAT, HCL = "linux-direct-unenlightened", "linux-direct", "gen2-uefi", "gen1", "hcl-host"
X86, ARM = "x86_64", "aarch64"
VTL2_SIZE, VTL2_ALIGNMENT = 64 << 20, 2 << 20

# Every flag of OpenVMM's revision 1488a37b7. The list comes from its cli_args.rs and not from the program.
ALL_FLAGS = """
processors memory numa numa-distance shared-memory prefetch memory-backing-file restore-snapshot private-memory thp
paused kernel initrd cmdline hv no-hv device-tree vtl2 get no-get no-vmbus no-alias-map isolation vmbus-vsock-path
vmbus-vtl2-vsock-path late-map-vtl0-policy disk nvme nvme-pci vmbus-scsi openhcl-controller cxl-test virtio-blk
vhost-user scsi-sub-channels nic net kernel-vmnic gfx vtl2-gfx vnc vnc-port vnc-listen vnc-max-clients
vnc-evict-oldest apic-id-offset vps-per-socket smt x2apic gic-msi smmu com1 com2 com3 com4 vmbus-com1-serial
vmbus-com2-serial serial-tx-only debugcon uefi uefi-firmware uefi-debug uefi-enable-memory-protections
uefi-force-dma-bounce pcat-boot-order pcat pcat-firmware igvm igvm-personality igvm-vtl2-relocation-type virtio-9p
virtio-9p-debug virtio-fs virtio-fs-shmem virtio-fs-bus virtio-pmem virtio-rng virtio-rng-bus virtio-rng-pcie-port
virtio-console virtio-console-pcie-port virtio-vsock-bus virtio-vsock-path virtio-vsock-vhost-cid virtio-net log-file
pidfile ttrpc grpc rpc single-process device disable-frontpage tpm internal-worker vmbus-redirect vmbus-max-version
vmgs test-gsp-by-id vga-firmware secure-boot secure-boot-template custom-uefi-json relay-console-path
relay-console-title gdb mana hypervisor nested-virt ide floppy guest-watchdog openhcl-dump-path guest-reset-action
guest-shutdown-action guest-crash-action crash-dump-path guest-watchdog-action write-saved-state-proto imc battery
uefi-console-mode efi-diagnostics-log-level default-boot-always-attempt amd-iommu intel-vtd pcie-root-complex
pcie-ecam-below-4gb pcie-root-port pcie-switch pcie-generic-initiator pcie-remote vfio iommu""".split()
WITHOUT_VALUE = set("""
shared-memory prefetch private-memory thp paused hv no-hv device-tree vtl2 get no-get no-vmbus no-alias-map nic gfx
vtl2-gfx vnc vnc-evict-oldest serial-tx-only uefi uefi-debug uefi-enable-memory-protections uefi-force-dma-bounce pcat
virtio-9p-debug virtio-rng single-process disable-frontpage tpm vmbus-redirect test-gsp-by-id secure-boot nested-virt
guest-watchdog battery default-boot-always-attempt pcie-ecam-below-4gb""".split())
REPEATED = set("""
numa numa-distance cmdline disk nvme nvme-pci vmbus-scsi openhcl-controller cxl-test virtio-blk vhost-user net
kernel-vmnic smmu virtio-9p virtio-fs virtio-fs-shmem virtio-net device mana ide floppy amd-iommu intel-vtd
pcie-root-complex pcie-root-port pcie-switch pcie-generic-initiator pcie-remote vfio iommu""".split())
SHORT = {"processors": "p", "memory": "m", "shared-memory": "M", "paused": "P", "kernel": "k", "initrd": "r",
         "cmdline": "c", "uefi": "e"}
ONLY = {"apic-id-offset": X86, "x2apic": X86, "amd-iommu": X86, "intel-vtd": X86, "gic-msi": ARM, "smmu": ARM}
# The flags that OpenVMM requires beside a flag, and values for the flags that are read.
BESIDE = {
    "numa-distance": "--numa size=1G", "vtl2": "--hv", "get": "--hv", "no-alias-map": "--hv --vtl2",
    "vmbus-vtl2-vsock-path": "--hv --vtl2", "late-map-vtl0-policy": "--hv --vtl2", "vtl2-gfx": "--hv --vtl2",
    "vmbus-redirect": "--hv --vtl2", "no-hv": "--uefi --no-vmbus", "igvm": "--igvm-personality uefi",
    "igvm-personality": "--igvm f", "igvm-vtl2-relocation-type": "--igvm f --igvm-personality uefi",
    "uefi-firmware": "-e", "uefi-debug": "-e", "uefi-enable-memory-protections": "-e", "uefi-force-dma-bounce": "-e",
    "disable-frontpage": "-e", "efi-diagnostics-log-level": "-e", "pcat-boot-order": "--pcat",
    "pcat-firmware": "--pcat", "vga-firmware": "--pcat", "ide": "--pcat", "floppy": "--pcat",
    "virtio-rng-pcie-port": "--virtio-rng", "virtio-console-pcie-port": "--virtio-console none",
    "test-gsp-by-id": "--vmgs mem:1M", "guest-watchdog-action": "--guest-watchdog",
    "amd-iommu": "--pcie-root-complex rc0", "intel-vtd": "--pcie-root-complex rc0", "smmu": "--pcie-root-complex rc0",
    "pcie-ecam-below-4gb": "--pcie-root-complex rc0",
}
VALUES = {
    "memory": "2G", "numa": "size=2G", "isolation": "snp", "igvm-personality": "linux-direct",
    "igvm-vtl2-relocation-type": "disable", "pcie-root-complex": "rc0", "pcie-root-port": "rc0:rp0", "amd-iommu": "rc0",
    "intel-vtd": "rc0", "smmu": "rc=rc0", "virtio-fs": "tag,/path", "virtio-fs-shmem": "tag,/path",
    "virtio-fs-bus": "mmio", "virtio-rng-bus": "mmio", "virtio-vsock-bus": "mmio", "virtio-vsock-vhost-cid": "3",
}
# Flags that change the request, some only together with others.
FLAGS_THAT_MATTER = set("""
memory numa restore-snapshot uefi pcat hv no-vmbus isolation igvm igvm-personality igvm-vtl2-relocation-type vtl2
vtl2-gfx pcie-root-complex pcie-ecam-below-4gb pcie-root-port amd-iommu intel-vtd smmu virtio-fs virtio-fs-shmem
virtio-fs-bus virtio-rng virtio-rng-bus virtio-rng-pcie-port virtio-vsock-bus virtio-vsock-path
virtio-vsock-vhost-cid""".split())


def request(*nodes, arch=X86, profile=UNENLIGHTENED, start=None, **members):
    memory = {"nodes": list(nodes) or ["1GiB"], **({} if start is None else {"start": start})}
    return {"arch": arch, "profile": profile, "memory": memory, **members}


def root(name="rc0", **members):
    return {"name": name, "segment": 0, "start_bus": 0, "end_bus": 255, "low_mmio": "64MiB", "high_mmio": "1GiB",
            **members}


def pcie(*root_complexes, **members):
    return {**members, "root_complexes": list(root_complexes)}


def with_root(**members):
    return request(pcie=pcie(root(**members)))


def window(start, end):
    return {"start": start, "end": end}


RC = "--pcie-root-complex rc0"

# Command lines as users paste them, and their requests. {igvm} is an IGVM file.
LINES = (
    # Memory.
    ("", request()),
    ("openvmm", request()),
    ("./target/release/openvmm -m 4GB", request("4GiB")),
    (r"'C:\vm\openvmm.exe' -m 4GB", request("4GiB")),
    ("-m 4G", request("4GiB")),
    ("-m4GB", request("4GiB")),
    ("-m=4GB", request("4GiB")),
    ("-Pm 4GB", request("4GiB")),
    ("--memory=4GB", request("4GiB")),
    ("--memory 512MB", request("512MiB")),
    ("--memory 65536KB", request("64MiB")),
    ("--memory 2T", request("2TiB")),
    ("--memory 1073741824", request("1GiB")),
    ("--memory 1073741824B", request("1GiB")),
    ("--memory +2G", request("2GiB")),
    ("--memory 007G", request("7GiB")),
    ("--memory 4097", request(4097)),
    ("--memory 9007199254740993", request("9007199254740993")),
    ("--memory 0", request(0)),
    ("--memory size=3G,shared=off,prefetch=on,thp=off", request("3GiB")),
    ("--memory shared=off", request()),
    ("--memory prefetch,size=3G", request("3GiB")),
    ("--memory size=4GB,hugepages=on,hugepage_size=2MB", request("4GiB")),
    ("--memory size=4G,file=/mem.bin", request("4GiB")),
    ("--numa size=2G --numa size=1G", request("2GiB", "1GiB")),
    ("--numa size=2G,host_numa_node=0,vps=[0,1,4-5] --numa size=0,vps=[]", request("2GiB", 0)),
    ("--numa size=2G --numa=size=2G --numa-distance 0:1:20", request("2GiB", "2GiB")),
    # The boot kind.
    ("--hv", request(profile=LINUX)),
    ("--uefi", request(profile=UEFI)),
    ("-e --hv", request(profile=UEFI)),
    ("--pcat", request(profile=PCAT)),
    ("--isolation snp", request(profile=LINUX)),
    ("--no-vmbus", request(chipset={"vmbus": False})),
    ("--uefi --no-vmbus", request(profile=UEFI, chipset={"vmbus": False})),
    ("--igvm f --igvm-personality uefi", request(profile=UEFI)),
    ("--igvm f --igvm-personality linux-direct --hv", request(profile=LINUX)),
    ("--igvm f --igvm-personality linux-direct", request()),
    ("--igvm f --igvm-personality linux-direct --isolation snp", request(profile=LINUX)),
    ("-k vmlinux -r initrd -c 'console=ttyS0 panic=-1' -c quiet -p 4 --com1 console", request()),
    ("--hv --restore-snapshot /dir", request(profile=LINUX)),
    # Root complexes.
    (RC, with_root()),
    ("--pcie-root-complex=rc0", with_root()),
    ("--pcie-root-complex 'my rc=[a,b]'", with_root(name="my rc=[a,b]")),
    (f"{RC},segment=3,start_bus=1,end_bus=+9", with_root(segment=3, start_bus=1, end_bus=9)),
    (f"{RC},start_bus=7,end_bus=7", with_root(start_bus=7, end_bus=7)),
    (f"{RC},low_mmio=4M,high_mmio=64G", with_root(low_mmio="4MiB", high_mmio="64GiB")),
    (f"{RC},low_mmio=1,high_mmio=1025K", with_root(low_mmio="1MiB", high_mmio="2MiB")),
    (f"{RC},low_mmio=4294967295", with_root(low_mmio="4GiB")),
    (f"{RC},low_mmio=0,high_mmio=0", with_root(low_mmio=0, high_mmio=0)),
    (f"{RC},low_mmio_base=0x80000000", with_root(low_mmio=window("0x80000000", "0x84000000"))),
    (f"{RC},low_mmio_base=0X80000000,low_mmio=1", with_root(low_mmio=window("0x80000000", "0x80100000"))),
    (f"{RC},high_mmio=1500K,high_mmio_base=0x1000000000", with_root(high_mmio=window("0x1000000000", "0x1000200000"))),
    (f"{RC},high_mmio_base=0x123", with_root(high_mmio=window("0x123", "0x40000123"))),
    (f"{RC},node=1 --numa size=1G --numa size=1G", request("1GiB", "1GiB", pcie=pcie(root(node=1)))),
    (f"{RC},preserve_bars,hdm=2G,hdm_window_restrictions=0x21", with_root()),
    (f"{RC},preserve_bars=off,hdm_window_restrictions=33", with_root()),
    (f"{RC} --pcie-ecam-below-4gb", request(pcie=pcie(root(), ecam="below-4gib"))),
    (f"{RC},end_bus=7 --pcie-root-complex rc1,segment=1",
     request(pcie=pcie(root(end_bus=7), root("rc1", segment=1)))),
    # Ports and IOMMUs.
    (f"{RC} --pcie-root-port rc0:rp0,hotplug,acs=0x5f,addr=5.1,pasid", with_root()),
    (f"{RC} --pcie-root-port rc0:rp0,cxl", with_root(cxl={"hdm": "1GiB"})),
    (f"{RC},hdm=2G --pcie-root-port rc0:rp0 --pcie-root-port rc0:rp1,addr=0x1f,cxl=on",
     with_root(cxl={"hdm": "2GiB"})),
    (f"{RC} --pcie-root-port rc0:rp0,cxl=off --pcie-root-port elsewhere:rp1,cxl", with_root()),
    (f"{RC} --amd-iommu rc0 --amd-iommu rc0", with_root(iommu="amd-vi")),
    (f"{RC} --pcie-root-complex rc1,segment=1 --intel-vtd=rc1",
     request(pcie=pcie(root(), root("rc1", segment=1, iommu="intel-vtd")))),
    (f"{RC},end_bus=3 --pcie-root-complex rc0,start_bus=4 --amd-iommu rc0",
     request(pcie=pcie(root(end_bus=3, iommu="amd-vi"), root(start_bus=4)))),
    # Devices of virtio.
    ("--virtio-fs a,/ --virtio-rng", request()),
    ("--virtio-fs a,/ --virtio-fs b,/b,uid=1,gid=2 --virtio-fs-shmem c,d --virtio-fs-bus mmio",
     request(virtio_mmio={"slots": 3})),
    ("--virtio-fs pcie_port=rp0:a,/ --virtio-fs pcie_port=:a,/ --virtio-fs-bus=mmio",
     request(virtio_mmio={"slots": 1})),
    ("--virtio-fs a,/ --virtio-fs-bus vpci", request()),
    ("--virtio-fs-bus mmio --virtio-9p a,/ --virtio-net none --virtio-console none", request()),
    ("--virtio-rng --virtio-rng-bus mmio", request(virtio_mmio={"slots": 1})),
    ("--virtio-rng --virtio-rng-bus mmio --virtio-rng-pcie-port rp0", request()),
    ("--virtio-vsock-path /s --virtio-vsock-bus MMIO", request(virtio_mmio={"slots": 1})),
    ("--virtio-vsock-vhost-cid 3 --virtio-vsock-bus mmio --virtio-rng --virtio-rng-bus mmio",
     request(virtio_mmio={"slots": 2})),
    # VTL2.
    ("--hv --vtl2", request(profile=LINUX)),
    ("--hv --vtl2 --igvm {igvm}", request(profile=HCL, vtl2={"memory": {"size": "64MiB", "alignment": "2MiB"}})),
    ("--hv --vtl2 --igvm {igvm} --igvm-vtl2-relocation-type auto=filesize",
     request(profile=HCL, vtl2={"memory": {"size": "64MiB", "alignment": "2MiB"}})),
    ("--hv --vtl2 --igvm {igvm} --igvm-vtl2-relocation-type=auto=512MB",
     request(profile=HCL, vtl2={"memory": {"size": "512MiB", "alignment": "2MiB"}})),
    ("--hv --vtl2 --igvm f --igvm-vtl2-relocation-type disable", request(profile=HCL)),
    ("--hv --vtl2 --igvm f --igvm-vtl2-relocation-type vtl2=filesize", request(profile=HCL)),
    ("--hv --vtl2 --igvm f --igvm-vtl2-relocation-type vtl2=256M", request(profile=HCL)),
    ("--hv --vtl2 --igvm f --igvm-vtl2-relocation-type absolute=0x10000000 --no-alias-map", request(profile=HCL)),
    ("--igvm f --igvm-personality uefi --igvm-vtl2-relocation-type auto=filesize", request(profile=UEFI)),
    ("--hv --vtl2 --vtl2-gfx --igvm f --igvm-vtl2-relocation-type disable",
     request(profile=HCL, vtl2={"framebuffer": "8MiB"})),
    ("--hv --vtl2 --isolation vbs --no-alias-map --igvm {igvm} --vtl2-gfx --uefi -m 2GB",
     request("2GiB", profile=HCL, vtl2={"memory": {"size": "64MiB", "alignment": "2MiB"}, "framebuffer": "8MiB"})),
    # Flags that do not matter, and the rest of the grammar.
    ("--internal-worker -m 2G", request("2GiB")),
    ("--internal-worker name -m 2G", request("2GiB")),
    ("--internal-worker=name -m 2G --", request("2GiB")),
    ("--vsock-path /a --hv --vtl2 --vtl2-vsock-path /b", request(profile=LINUX)),
    ("--disk mem:1G --disk file:- --net consomme --cmdline= --kernel -", request()),
    # --uefi-debug does not require --uefi if --pcat excludes it.
    ("--uefi-debug --pcat", request(profile=PCAT)),
)
ARM_LINES = (
    ("-m 4GB", request("4GiB", arch=ARM)),
    ("--hv --device-tree", request(arch=ARM, profile=LINUX)),
    ("--uefi --no-hv --no-vmbus", request(arch=ARM, profile=UEFI, chipset={"vmbus": False})),
    ("--igvm f --igvm-personality linux-direct", request(arch=ARM, start=0)),
    ("--hv --vtl2 --igvm f --igvm-vtl2-relocation-type disable", request(arch=ARM, profile=HCL, start=0)),
    ("--hv --restore-snapshot /dir", request(arch=ARM, profile=LINUX, start=0)),
    (f"{RC} --pcie-root-complex rc1,segment=1 --smmu rc=rc1,accel,oas=44 --gic-msi its",
     request(arch=ARM, pcie=pcie(root(), root("rc1", segment=1, iommu="smmuv3")))),
    (f"{RC} --smmu oas=auto,rc=rc0", request(arch=ARM, pcie=pcie(root(iommu="smmuv3")))),
)

# Refused command lines, and what the message says.
WRONG = (
    # Flags.
    ("--memroy 4G", "no flag --memroy; did you mean --memory[?]"),
    ("--pcie-root-complexes rc0", "no flag --pcie-root-complexes; did you mean --pcie-root-complex[?]"),
    ("--mem=4G", "no flag --mem"),
    ("--zzzzzzzz", "no flag --zzzzzzzz$"),
    ("-x", "no flag -x; there are -M, -P, -c, -e"),
    ("-Px", "no flag -x"),
    ("-e=1", "no flag -="),
    ("--help", "omit --help: with it OpenVMM starts no VM"),
    ("-eV", "omit -V"),
    ("--uefi=on", "--uefi takes no value, but has 'on'"),
    ("--memory", "--memory needs a value"),
    ("-m", "-m needs a value: -m VALUE or --memory=VALUE"),
    ("--memory --uefi", "--memory needs a value"),
    ("--memory -- 4G", "--memory needs a value"),
    ("--gdb -1", "--gdb needs a value"),
    ("--memory 1G -m 2G", "-m may be given only once"),
    ("--uefi -e", "-e may be given only once"),
    ("--virtio-rng-bus pci --virtio-rng-bus pci", "only once"),
    ("vm.img", "takes only flags and their values, not 'vm.img'"),
    ("--uefi on", "not 'on'"),
    ("--uefi -- --hv", "not '--hv'"),
    ("cargo run -- --uefi", "not 'cargo'"),
    ("openvmm openvmm", "not 'openvmm'"),
    ("--smmu rc=rc0", "--smmu is a flag of OpenVMM for aarch64 guests: add --arch aarch64"),
    ("--gic-msi its", "--gic-msi is a flag of OpenVMM for aarch64 guests"),
    # Sizes and memory.
    ("-m 4g", "-m: '4g' is not a size: .* did you mean 4G[?]"),
    ("--memory 4GiB", "'4GiB' is not a size: .* did you mean 4GB[?]"),
    ("--memory 4P", "'4P' is not a size: write digits and K, M, G or T"),
    ("--memory 1.5G", "is not a size"),
    ("--memory=", "'' is not a size"),
    ("--memory B", "'B' is not a size"),
    ("--memory GB", "is not a size"),
    ("--memory ' 4G'", "is not a size"),
    ("--memory ++4G", "is not a size"),
    ("--memory ٤G", "is not a size"),
    ("--memory 0x1000", "is not a size"),
    ("--memory 16777216T", "is 2\\^64 bytes or more"),
    ("--memory 18446744073709551616", "is 2\\^64 bytes or more"),
    ("--memory " + "9" * 5000, "is 2\\^64 bytes or more"),
    ("--memory size=1G,size=2G", "--memory: size is given twice"),
    ("--memory size=", "size needs a value"),
    ("--memory size", "'size' is not a size"),
    ("--memory size,shared", "size needs a value"),
    ("--memory size=4g", "size: '4g' is not a size"),
    ("--memory sise=1G", "there is no key 'sise'; there are size, shared, .*; did you mean size[?]"),
    ("--memory 1G,shared=on", "there is no key '1G'"),
    ("--memory size=1G,", "a comma with nothing before or after it"),
    ("--memory =1G", "no key before ="),
    ("--memory shared=yes", "shared: expected on, off or no value, not 'yes'"),
    ("--memory hugepage_size=2M", "hugepage_size needs hugepages=on"),
    ("--memory hugepages=off,hugepage_size=2M", "hugepage_size needs hugepages=on"),
    ("--memory hugepages,shared=off", "hugepages=on and shared=off exclude each other"),
    ("--memory hugepages,file=f", "hugepages=on and file exclude each other"),
    ("--memory file=f --memory-backing-file f", "exclude each other"),
    ("--memory file=f --restore-snapshot d", "exclude each other"),
    ("--memory shared", "'shared' is not a size"),
    ("--memory shared=on --private-memory", "exclude each other"),
    ("--numa 2G", "there is no key '2G'"),
    ("--numa=", "size is missing"),
    ("--numa host_numa_node=0", "size is missing"),
    ("--numa size=1G,file=f", "a NUMA node takes no file"),
    ("--numa size=1G,host_numa_node=-1", "host_numa_node: '-1' is not a number from 0 to 4294967295"),
    ("--numa size=1G,vps=0", "'0' is not a list in brackets"),
    ("--numa size=1G,vps=[", "has a \\[ without a \\]"),
    ("--numa size=1G,vps=1]", "has a \\] without a \\["),
    ("--numa size=1G,vps=[1,,2]", "vps: '' is not a number"),
    ("--numa size=1G,vps=[5-1]", "its end is below its start"),
    ("--numa size=1G,hugepages,shared=off", "exclude each other"),
    ("-m 1G --numa size=1G", "--memory and --numa exclude each other"),
    ("--numa-distance 0:1:20", "--numa-distance needs --numa"),
    ("--numa size=1G --prefetch", "exclude each other"),
    ("--numa size=1G --restore-snapshot d", "exclude each other"),
    # The boot kind.
    ("--uefi --pcat", "--pcat and --uefi exclude each other"),
    ("--pcat --uefi", "--pcat and --uefi exclude each other"),
    ("--igvm f -k vmlinux", "--igvm and --kernel exclude each other"),
    ("--igvm f", "--igvm needs --hv --vtl2, or --igvm-personality"),
    ("--igvm f --igvm-personality pcat", "'pcat' is not one of uefi, linux-direct"),
    ("--igvm-personality uefi", "--igvm-personality needs --igvm"),
    ("--igvm f --igvm-personality uefi --hv --vtl2", "exclude each other"),
    ("--igvm f --igvm-personality uefi --uefi", "exclude each other"),
    ("--vtl2", "--vtl2 needs --hv"),
    ("--hv --vtl2 --no-vmbus", "exclude each other"),
    ("--pcat --no-vmbus", "exclude each other"),
    ("--hv --get --no-vmbus", "exclude each other"),
    ("--vmbus-redirect --hv --vtl2 --no-vmbus", "exclude each other"),
    ("--vtl2-gfx", "--vtl2-gfx needs --vtl2"),
    ("--hv --vtl2 --vtl2-gfx --gfx", "exclude each other"),
    ("--no-hv --uefi", "--no-hv needs --no-vmbus"),
    ("--no-hv --uefi --no-vmbus", "--no-hv needs --arch aarch64"),
    ("--device-tree", "--device-tree needs --arch aarch64"),
    ("--isolation tdx", "'tdx' is not one of vbs, snp"),
    ("--isolation SNP", "'SNP' is not one of vbs, snp"),
    ("--isolation snp --uefi", "--isolation snp boots Linux"),
    ("--isolation snp --hv", "--isolation snp boots Linux"),
    ("--isolation snp --pcat", "--isolation snp boots Linux"),
    ("--isolation snp --igvm f --igvm-personality uefi", "--isolation snp boots Linux"),
    ("--isolation snp -m hugepages=on", "--isolation snp and hugepages=on exclude each other"),
    ("--isolation snp --numa size=1G,hugepages", "--isolation snp and hugepages=on exclude each other"),
    ("--isolation snp --virtio-rng --virtio-rng-bus mmio", "--isolation snp takes no devices on the bus mmio"),
    ("--isolation vbs", "--isolation vbs needs --vtl2"),
    ("--isolation vbs --hv --vtl2", "--isolation vbs needs --no-alias-map"),
    ("--igvm f --hv --vtl2 --igvm-vtl2-relocation-type auto", "'auto' is not disable, auto=SIZE"),
    ("--igvm f --hv --vtl2 --igvm-vtl2-relocation-type disable=1", "is not disable"),
    ("--igvm f --hv --vtl2 --igvm-vtl2-relocation-type auto=1g", "'1g' is not a size"),
    ("--igvm f --hv --vtl2 --igvm-vtl2-relocation-type absolute=x", "'x' is not a number"),
    ("--igvm-vtl2-relocation-type disable", "--igvm-vtl2-relocation-type needs --igvm"),
    ("--igvm {igvm} --hv --vtl2 --igvm-vtl2-relocation-type auto=65M", "must be a multiple of 2M"),
    ("--igvm {igvm} --hv --vtl2 --igvm-vtl2-relocation-type auto=62M", "at least that of the file, 64MiB"),
    ("--igvm /nowhere/f --hv --vtl2", "No such file or directory. .* --vtl2-size and --vtl2-alignment"),
    # PCI Express.
    ("--pcie-root-complex=", "name is missing"),
    ("--pcie-root-complex ,segment=1", "a comma with nothing before or after it"),
    (f"{RC},segment=65536", "segment: '65536' is not a number from 0 to 65535"),
    (f"{RC},start_bus=256", "start_bus: '256' is not a number from 0 to 255"),
    (f"{RC},start_bus=0x1", "'0x1' is not a number"),
    (f"{RC},start_bus=5,end_bus=4", "start_bus must be <= end_bus, and 5 is above 4"),
    (f"{RC},low_mmio=4G", "low_mmio must be below 4G"),
    (f"{RC},low_mmio=4294967296", "low_mmio must be below 4G"),
    (f"{RC},low_mmio=64m", "low_mmio: '64m' is not a size: .* did you mean 64M[?]"),
    (f"{RC},high_mmio=18446744073709551615", "cannot be rounded up to whole MiB within 64 bits"),
    (f"{RC},low_mmio_base=80000000", "is not a hexadecimal number of up to 64 bits, such as 0x1000"),
    (f"{RC},low_mmio_base=0x10000000000000000", "is not a hexadecimal number of up to 64 bits"),
    (f"{RC},high_mmio_base=0x", "is not a hexadecimal number"),
    (f"{RC},high_mmio_base=0xfffffffff0000000",
     "invalid high MMIO range: high_mmio_base plus the size of high_mmio is 2\\^64 or more"),
    (f"{RC},hdm_window_restrictions=0x40", "reserved bits"),
    (f"{RC},preserve_bars=1", "preserve_bars: expected on, off or no value"),
    (f"{RC},low_mimo=1M", "there is no key 'low_mimo'; .*did you mean low_mmio[?]"),
    (f"{RC},node=1,node=1", "node is given twice"),
    (f"{RC},node", "node needs a value"),
    (f"{RC} --pcat", "exclude each other"),
    ("--pcie-ecam-below-4gb", "--pcie-ecam-below-4gb needs --pcie-root-complex"),
    ("--pcie-root-port rp0", "'rp0' is not ROOT-COMPLEX:PORT, such as rc0:rp0"),
    ("--pcie-root-port rc0:a:b", "is not ROOT-COMPLEX:PORT"),
    ("--pcie-root-port rc0:", "is not ROOT-COMPLEX:PORT"),
    ("--pcie-root-port rc0:a,clx", "there is no key 'clx'; .*did you mean cxl[?]"),
    ("--pcie-root-port rc0:a,addr=32", "is not a device from 0 to 31"),
    ("--pcie-root-port rc0:a,addr=1.8", "is not a device from 0 to 31"),
    ("--pcie-root-port rc0:a,addr=1.1.1", "is not a device from 0 to 31"),
    ("--pcie-root-port rc0:a,acs=65536", "acs: '65536' is not a number"),
    (f"{RC} --amd-iommu rc1", "--amd-iommu: there is no root complex 'rc1'; there are rc0; did you mean rc0[?]"),
    ("--intel-vtd rc0", "--intel-vtd: there is no root complex 'rc0'; add --pcie-root-complex"),
    (f"{RC} --amd-iommu rc0 --intel-vtd rc0", "--amd-iommu and --intel-vtd cannot both be used in the same VM"),
    # Devices of virtio.
    ("--virtio-fs-bus isa", "'isa' is not one of auto, mmio, pci, vpci"),
    ("--virtio-fs-bus MMIO", "'MMIO' is not one of"),
    ("--virtio-vsock-bus auto", "'auto' is not one of mmio, pci"),
    ("--virtio-fs tag", "'tag' is not \\[pcie_port=PORT:\\]TAG,PATH"),
    ("--virtio-fs-shmem a,b,c", "is not \\[pcie_port"),
    ("--virtio-vsock-vhost-cid 2", "'2' is not a number from 3 to 4294967294"),
    ("--virtio-vsock-vhost-cid 4294967295", "is not a number from 3"),
    ("--virtio-vsock-vhost-cid 3 --virtio-vsock-path /s", "exclude each other"),
    ("--virtio-rng-pcie-port rp0", "--virtio-rng-pcie-port needs --virtio-rng"),
    # Other flags also exclude or require each other.
    ("--grpc a --rpc path=b", "exclude each other"),
    ("--ide mem:1M", "--ide needs --pcat"),
)
ARM_WRONG = (
    ("--pcat", "--pcat needs --arch x86_64"),
    (f"{RC} --amd-iommu rc0", "--amd-iommu is a flag of OpenVMM for x86_64 guests"),
    ("--x2apic on", "--x2apic is a flag of OpenVMM for x86_64 guests"),
    ("--smmu rc0", "there is no key 'rc0'"),
    ("--smmu accel", "rc is missing"),
    (f"{RC} --smmu rc=rc0,oas=x", "oas: 'x' is not a number"),
    (f"{RC} --smmu rc=rc0 --smmu rc=rc0", "--smmu names a root complex twice"),
    ("--smmu rc=rc0", "--smmu: there is no root complex 'rc0'"),
)

# Command lines, and hand-written requests that get the same layout.
DIGESTS = (
    ("openvmm -m 4GB", X86, {"arch": X86, "profile": UNENLIGHTENED, "memory": {"nodes": [4 << 30]}}),
    ("openvmm --uefi -m 64GB --pcie-root-complex rc0,high_mmio=64G --tpm -p 8", X86,
     {"arch": X86, "memory": {"nodes": ["64GiB"]},
      "pcie": {"root_complexes": [{"name": "rc0", "high_mmio": "64GiB"}]}}),
    ("openvmm --pcat -m 2GB", X86, {"arch": X86, "profile": PCAT, "memory": {"nodes": ["2GiB"]}}),
    (f"{RC},low_mmio_base=0x80000000 --pcie-ecam-below-4gb -m 1G --intel-vtd rc0 --uefi --no-vmbus", X86,
     {"arch": X86, "memory": {"nodes": ["1GiB"]}, "chipset": {"high_mmio": 0}, "pcie": {
         "ecam": "below-4gib", "root_complexes": [
             {"name": "rc0", "low_mmio": {"start": "0x80000000", "end": "0x84000000"}, "iommu": "intel-vtd"}]}}),
    ("--hv --numa size=2G --numa size=0 --numa size=3G --pcie-root-complex 'a b,node=1,hdm=512M'"
     " --pcie-root-port 'a b:p,cxl' --virtio-fs x,/ --virtio-fs-bus mmio", X86,
     {"arch": X86, "profile": LINUX, "memory": {"nodes": ["2GiB", 0, "3GiB"]}, "virtio_mmio": {"slots": 1},
      "pcie": {"root_complexes": [{"name": "a b", "node": 1, "cxl": {"hdm": "512MiB"}}]}}),
    ("--hv --vtl2 --igvm {igvm} --vtl2-gfx -m 8GB", X86,
     {"arch": X86, "profile": HCL, "memory": {"nodes": ["8GiB"]},
      "vtl2": {"memory": {"size": VTL2_SIZE, "alignment": VTL2_ALIGNMENT}, "framebuffer": "8MiB"}}),
    ("--igvm f --igvm-personality linux-direct -m 8GB", ARM,
     {"arch": ARM, "profile": UNENLIGHTENED, "memory": {"nodes": ["8GiB"], "start": 0}}),
    (f"{RC} --smmu rc=rc0 -m 8GB", ARM,
     {"arch": ARM, "profile": UNENLIGHTENED, "memory": {"nodes": ["8GiB"]},
      "pcie": {"root_complexes": [{"name": "rc0", "iommu": "smmuv3"}]}}),
)

# Refusals of the daemon: the reason, the exit status, and what OpenVMM says, if anything.
REFUSALS = (
    ("-m 4G --pcie-root-complex rc0 --pcie-root-complex rc1", "bus_overlap", REFUSED,
     "invalid PCIe root complex 'rc1': bus range 0..=255 overlaps with 'rc0' bus range 0..=255 on PCI segment 0"),
    (f"{RC},node=3", "node_out_of_range", REFUSED,
     "PCIe root complex 'rc0' references NUMA node 3 which does not exist (num_nodes=1)"),
    (f"{RC},low_mmio=64M,low_mmio_base=0xf4000000 --pcie-root-complex rc1,segment=1,low_mmio_base=0xf0100000",
     "overlap", REFUSED, "fixed/reserved requests pcie-rc1-low-mmio (0xf0100000-0xf4100000) and pcie-rc0-low-mmio"
     " (0xf4000000-0xf8000000) overlap"),
    (f"{RC},low_mmio=4095M", "exhausted", NO_ROOM,
     "pcie-rc0-low-mmio: cannot allocate 0xfff00000 bytes with alignment 0x200000 during Mmio32; remaining free space"
     " in phase: 0xf8000000 bytes"),
    (f"{RC},low_mmio_base=0xff000000", "fixed_low_mmio_above_4gib", REFUSED,
     "pcie-rc0-low-mmio: fixed low MMIO range 0xff000000-0x103000000 must end at or below 4 GiB"),
    (f"{RC},low_mmio=3712M,low_mmio_base=0x10000000,end_bus=3 --pcie-ecam-below-4gb", "ecam_below_minimum", REFUSED,
     'PCIe root complex "rc0": ECAM at 0xfc00000 is below the 0x10000000 minimum'),
    ("-m 64G", "address_width_exceeded", NO_ROOM,
     "memory layout ends at 0x1040000000, which exceeds the address width of 36 bits"),
    (f"{RC},low_mmio_base=0x80000001", "invalid_alignment", REFUSED, "invalid low MMIO range"),
    (f"{RC},high_mmio_base=0xffffffffbffff800,high_mmio=1G", "out_of_range", USAGE, "invalid high MMIO range"),
    (f"{RC},high_mmio=0", "invalid_size", REFUSED,
     "pcie-rc0-high-mmio: invalid size 0x0 (must be > 0 and a multiple of 0x1000)"),
    (f"{RC} --pcie-root-complex rc1,segment=1 --intel-vtd rc1", "warning_refused", REFUSED,
     "root complex 'rc0' has no Intel VT-d unit; with Intel VT-d, every root complex must have one"),
    ("-m 0", "invalid_memory", REFUSED, "total RAM size is zero"),
    ("-m 6K", "invalid_memory", REFUSED, "NUMA node 0 memory size 0x1800 is not page-aligned"),
    ("--numa size=16777215T --numa size=1T", "invalid_memory", REFUSED, "node memory sizes overflow"),
    ("--hv --vtl2 --igvm {odd_igvm}", "invalid_alignment", REFUSED,
     "vtl2: invalid alignment 0x1800 (must be >= 0x1000 and a power of 2)"),
    (f"{RC} --pcie-root-complex rc0,segment=1", "duplicate_name", REFUSED, None),
    (f"{RC},hdm=1M --pcie-root-port rc0:a,cxl", "invalid_hdm", REFUSED, None),
)


def header(kind, body):
    return struct.pack("<2I", kind, len(body)) + body + bytes(-len(body) % 8)


def igvm_file(*headers, magic=b"IGVM"):
    body = b"".join(headers)
    return struct.pack("<4s5I", magic, 1, 24, len(body), 24 + len(body), 0) + body


def platform(mask, kind):
    return header(0x1, struct.pack("<IBBHQ", mask, 2, kind, 1, 0))


def region(mask, alignment):
    return header(0x102, struct.pack("<IHBB5Q", mask, 0, 2, 1, alignment, 0, 0, 0, 0))


def required_memory(mask, number, flags=1):
    return header(0x305, struct.pack("<Q4I", 0, mask, number, flags, 0))


# Two platforms. Only the second is for VSM isolation. A header of an unknown kind has 5 bytes.
GOOD_HEADERS = (platform(1, 2), platform(2, 1), header(0x103, b"other"), region(1, 1 << 30), region(2, VTL2_ALIGNMENT),
                required_memory(2, 4096, 0), required_memory(1, 8192), required_memory(2, VTL2_SIZE))


class FileTestCase(unittest.TestCase):
    """Tests with an IGVM file."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = tempfile.mkdtemp(prefix="gpalayout-openvmm-test-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.igvm = cls.write("good.igvm", igvm_file(*GOOD_HEADERS))
        cls.odd_igvm = cls.write("odd.igvm", igvm_file(platform(2, 1), region(2, 6144), required_memory(2, VTL2_SIZE)))

    @classmethod
    def write(cls, name, data):
        path = os.path.join(cls.folder, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def words(self, line):
        return shlex.split(line.replace("{igvm}", self.igvm).replace("{odd_igvm}", self.odd_igvm))

    def convert(self, line, arch=X86, **options):
        return openvmm.convert(self.words(line), arch, **options)

    def assert_wrong(self, pattern, line, arch=X86, **options):
        with self.assertRaisesRegex(openvmm.UsageError, pattern):
            self.convert(line, arch, **options)


class Style(unittest.TestCase):
    def test_the_program_is_python_3_9_and_imports_only_the_standard_library_and_the_client(self):
        with open(PROGRAM, encoding="utf-8") as file:
            source = file.read()
        tree = ast.parse(source, feature_version=(3, 9))
        imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
        self.assertFalse(any(isinstance(node, ast.ImportFrom) for node in ast.walk(tree)))
        if hasattr(sys, "stdlib_module_names"):
            self.assertEqual(imported - sys.stdlib_module_names, {"gpalayout"})
        self.assertEqual([line for line in source.splitlines() if len(line) > 100], [])
        self.assertTrue(os.access(PROGRAM, os.X_OK))


class Flags(FileTestCase):
    def test_the_table_has_every_flag_with_its_values(self):
        self.assertCountEqual([flag.name for flag in openvmm.FLAGS], ALL_FLAGS)
        for flag in openvmm.FLAGS:
            with self.subTest(flag.name):
                expected = ("none" if flag.name in WITHOUT_VALUE else "many" if flag.name in REPEATED
                            else "optional" if flag.name == "internal-worker" else "one")
                self.assertEqual((flag.arity, flag.short, flag.arch),
                                 (expected, SHORT.get(flag.name, ""), ONLY.get(flag.name, "")))
                self.assertLessEqual({*flag.requires, *flag.conflicts}, set(ALL_FLAGS))

    def test_every_flag_is_accepted_and_listed(self):
        for name in ALL_FLAGS:
            arch = ARM if name in ("no-hv", "device-tree") else ONLY.get(name, X86)
            value = [] if name in WITHOUT_VALUE else [VALUES.get(name, "x")]
            beside = shlex.split(BESIDE.get(name, ""))
            forms = [[f"--{name}", *value], ["=".join([f"--{name}", *value])]]
            if name in SHORT:
                forms += [[f"-{SHORT[name]}", *value], ["".join([f"-{SHORT[name]}", *value])]]
            for form in forms:
                with self.subTest(form):
                    request_, explanation = openvmm.convert([*beside, *form], arch)
                    listed = [line for line in explanation if line.startswith(" ".join(form) + ": ")]
                    self.assertEqual(len(listed), 1, explanation)
                    if name not in FLAGS_THAT_MATTER:
                        self.assertEqual(request_, openvmm.convert(beside, arch)[0])
                        self.assertIn("does not affect the layout", listed[0])

    def test_a_flag_that_matters_is_read(self):
        self.assertEqual({flag.name for flag in openvmm.FLAGS if flag.read}, FLAGS_THAT_MATTER)

    def test_a_flag_is_repeated_only_if_it_may_be(self):
        for name in ALL_FLAGS:
            arch = ARM if name in ("no-hv", "device-tree", "smmu", "gic-msi") else X86
            form = [f"--{name}", *([] if name in WITHOUT_VALUE else [VALUES.get(name, "x")])]
            arguments = [*shlex.split(BESIDE.get(name, "")), *form, *form]
            with self.subTest(name):
                if name in REPEATED - {"smmu"}:
                    openvmm.convert(arguments, arch)
                else:
                    with self.assertRaisesRegex(openvmm.UsageError, "only once|twice"):
                        openvmm.convert(arguments, arch)

    def test_every_exclusion_and_every_need_holds(self):
        for flag in openvmm.FLAGS:
            arch = ONLY.get(flag.name, X86)
            own = [f"--{flag.name}", *([] if flag.name in WITHOUT_VALUE else [VALUES.get(flag.name, "x")])]
            for other in flag.conflicts:
                form = [f"--{other}", *([] if other in WITHOUT_VALUE else [VALUES.get(other, "x")])]
                for arguments in ([*own, *form], [*form, *own]):
                    with self.subTest(arguments), self.assertRaisesRegex(openvmm.UsageError, "exclude each other"):
                        openvmm.convert(arguments, arch)
            for other in flag.requires:
                with self.subTest(flag.name, needs=other), self.assertRaisesRegex(
                        openvmm.UsageError, f"--{flag.name} needs --"):
                    openvmm.convert(own, arch)


class Lines(FileTestCase):
    def test_pasted_command_lines(self):
        self.assertGreaterEqual(len(LINES), 40)
        for arch, lines in ((X86, LINES), (ARM, ARM_LINES)):
            for line, expected in lines:
                with self.subTest(line, arch=arch):
                    self.assertEqual(self.convert(line, arch)[0], expected)

    def test_wrong_command_lines(self):
        for arch, lines in ((X86, WRONG), (ARM, ARM_WRONG)):
            for line, pattern in lines:
                with self.subTest(line[:60], arch=arch):
                    self.assert_wrong(pattern, line, arch)

    def test_a_value_that_is_not_utf_8(self):
        with self.assertRaisesRegex(openvmm.UsageError, "--pcie-root-complex: .* is not UTF-8"):
            openvmm.convert(["--pcie-root-complex", "rc\udcff"])
        openvmm.convert(["--disk", "\udcff"])

    def test_the_options_of_the_program_become_members(self):
        found = openvmm.convert([], ARM, policy="openvmm-2026.05", host_bits=40)[0]
        self.assertEqual(found, {**request(arch=ARM), "policy": "openvmm-2026.05",
                                 "host": {"physical_address_bits": 40}})
        self.assertEqual(list(found), ["arch", "policy", "profile", "memory", "host"])

    def test_the_explanation_names_what_each_flag_decides(self):
        line = (f"-m 4G -p 2 {RC} --pcie-root-port rc0:a,cxl --pcie-root-port rc1:b,cxl --amd-iommu rc0"
                " --pcie-ecam-below-4gb --virtio-rng --virtio-rng-bus mmio --virtio-fs-bus mmio --uefi --hv --no-vmbus"
                " --rpc path=/s -c 'a b' --numa-distance=x")
        with self.assertRaises(openvmm.UsageError):
            self.convert(line)
        self.assertEqual(self.convert(line.replace(" --numa-distance=x", ""))[1], [
            "-m 4G: memory.nodes[0]",
            "-p 2: does not affect the layout",
            "--pcie-root-complex rc0: pcie.root_complexes[0]",
            "--pcie-root-port rc0:a,cxl: pcie.root_complexes[0].cxl",
            "--pcie-root-port rc1:b,cxl: does not affect the layout of this VM",
            "--amd-iommu rc0: pcie.root_complexes[0].iommu",
            "--pcie-ecam-below-4gb: pcie.ecam",
            "--virtio-rng: virtio_mmio.slots",
            "--virtio-rng-bus mmio: virtio_mmio.slots",
            "--virtio-fs-bus mmio: does not affect the layout of this VM",
            "--uefi: profile",
            "--hv: does not affect the layout of this VM",
            "--no-vmbus: chipset.vmbus",
            "--rpc path=/s: does not affect the layout: with it OpenVMM starts no VM from this command line",
            "-c 'a b': does not affect the layout",
        ])

    def test_the_explanation_names_what_no_flag_decides(self):
        self.assertEqual(self.convert("-em shared=on")[1], [
            "-e: profile", "-m shared=on: does not affect the layout of this VM",
            "memory.nodes[0]: 1 GiB, because no flag states it"])
        self.assertRegex(self.convert("-m 1G")[1][-1], "^profile: linux-direct-unenlightened, because")

    def test_the_explanation_of_igvm_and_snapshots(self):
        self.assertEqual(self.convert("--hv --vtl2 --vtl2-gfx --igvm {igvm} -m 1G", ARM)[1], [
            "--hv: does not affect the layout of this VM", "--vtl2: vtl2.memory", "--vtl2-gfx: vtl2.framebuffer",
            f"--igvm {self.igvm}: profile, memory.start, vtl2.memory", "-m 1G: memory.nodes[0]"])
        self.assertIn("--restore-snapshot d: memory.start", self.convert("--restore-snapshot d", ARM)[1])

    def test_the_explanation_names_flags_that_take_a_member_away(self):
        vtl2 = "--hv --vtl2 --igvm {igvm} "
        for line, taken, flag in (
                (vtl2, "vtl2", "--igvm-vtl2-relocation-type disable"),
                (vtl2, "vtl2", "--restore-snapshot d"),
                ("--virtio-rng --virtio-rng-bus mmio ", "virtio_mmio", "--virtio-rng-pcie-port rp0")):
            with self.subTest(flag=flag):
                self.assertIn(taken, self.convert(line)[0])
                converted, explanation = self.convert(line + flag)
                self.assertNotIn(taken, converted)
                self.assertRegex("\n".join(explanation), rf"(?m)^{re.escape(flag)}: .*{taken}\.")


class Igvm(FileTestCase):
    LINE = "--hv --vtl2 --igvm {igvm}"

    def test_options_may_state_the_values_of_the_igvm_file(self):
        line = "--hv --vtl2 --igvm /nowhere/f"
        stated = {"vtl2_size": 32 << 20, "vtl2_alignment": 1 << 30}
        self.assertEqual(self.convert(line, **stated)[0]["vtl2"],
                         {"memory": {"size": "32MiB", "alignment": "1GiB"}})
        line += " --igvm-vtl2-relocation-type auto=48M"
        self.assertEqual(self.convert(line, vtl2_alignment=1 << 30)[0]["vtl2"],
                         {"memory": {"size": "48MiB", "alignment": "1GiB"}})
        self.assert_wrong("at least that of the file, 64MiB", line, vtl2_size=64 << 20, vtl2_alignment=1 << 30)
        self.assert_wrong("No such file", line, vtl2_size=32 << 20)
        self.assertEqual(self.convert(self.LINE, vtl2_size=32 << 20)[0]["vtl2"],
                         {"memory": {"size": "32MiB", "alignment": "2MiB"}})

    def test_igvm_files_without_the_values_are_refused(self):
        good = igvm_file(*GOOD_HEADERS)
        for number, (pattern, data) in enumerate((
                ("not an IGVM file", b""), ("not an IGVM file", b"IGVM"),
                ("not an IGVM file", igvm_file(*GOOD_HEADERS, magic=b"MGVI")),
                ("its headers are cut off", good[:-28]),
                ("one of its headers is cut off", good[:-8]),
                ("not for VSM isolation", igvm_file()), ("not for VSM isolation", igvm_file(platform(1, 2))),
                ("does not state the memory .*", igvm_file(platform(2, 1), region(2, 4096))),
                ("does not state the memory .*", igvm_file(platform(2, 1), required_memory(2, 4096))))):
            path = self.write(f"{number}.igvm", data)
            with self.subTest(number):
                self.assert_wrong(f"{pattern}. The size and the alignment", f"--hv --vtl2 --igvm {path}")
        self.assert_wrong("Is a directory", f"--hv --vtl2 --igvm {self.folder}")


class Program(FileTestCase, DaemonTestCase):
    def run_program(self, *arguments, program=PROGRAM, socket=None, **options):
        return subprocess.run([sys.executable, program, *arguments], stdin=subprocess.DEVNULL,
                              stdout=options.pop("stdout", subprocess.PIPE),
                              stderr=options.pop("stderr", subprocess.PIPE), text=True,
                              env=dict(os.environ, GPALAYOUT_SOCKET=socket or self.daemon.socket,
                                       PYTHONDONTWRITEBYTECODE="1"), timeout=PATIENCE, check=False, **options)

    def digest(self, hand_written):
        reply_ = self.daemon.call("layout.resolve", {"request": hand_written})
        return reply_["result"]["layout"]["digest"]

    def test_the_program_prints_the_request(self):
        run = self.run_program("--host-bits=40", "--policy", "openvmm-2026.07", "--", "openvmm", "--uefi",
                               "--pcie-root-complex=ü")
        self.assertEqual((run.returncode, run.stderr), (OK, ""))
        expected = {"arch": X86, "policy": "openvmm-2026.07", "profile": UEFI, "memory": {"nodes": ["1GiB"]},
                    "pcie": pcie(root("ü")), "host": {"physical_address_bits": 40}}
        self.assertEqual(run.stdout, json.dumps(expected, indent=2, ensure_ascii=False) + "\n")

    def test_the_layout_is_that_of_the_request_written_by_hand(self):
        for line, arch, hand_written in DIGESTS:
            with self.subTest(line):
                run = self.run_program(f"--arch={arch}", "--resolve", "--", *self.words(line))
                self.assertEqual((run.returncode, run.stderr), (OK, ""))
                self.assertEqual(json.loads(run.stdout)["digest"], self.digest(hand_written))

    def test_every_request_is_understood_by_the_daemon(self):
        for arch, lines in ((X86, LINES), (ARM, ARM_LINES)):
            for line, expected in lines:
                with self.subTest(line):
                    error = self.daemon.call("layout.resolve", {"request": expected}).get("error")
                    self.assertIn(error and error["data"]["reason"], {
                        None, "invalid_memory", "invalid_size", "invalid_alignment", "exhausted", "duplicate_name"})

    def test_a_refusal_comes_with_what_openvmm_says(self):
        for line, reason, status, said in REFUSALS:
            with self.subTest(line):
                run = self.run_program("--host-bits=36", "--resolve", "--", *self.words(line))
                self.assertEqual((run.returncode, run.stdout), (status, ""), run.stderr)
                first, *rest = run.stderr.splitlines()
                self.assertRegex(first, f"^gpalayout-openvmm: {reason} at /")
                self.assertEqual(rest, [f"gpalayout-openvmm: OpenVMM says: {said}"] if said else [])

    def test_a_bad_policy_or_name_is_wrong_usage(self):
        for arguments, reason in ((["--policy=x", "--resolve", "--"], "unknown_policy"),
                                  (["--resolve", "--", "--pcie-root-complex", "a\nb"], "bad_name"),
                                  (["--resolve", "--", "--pcie-root-complex", "n" * 256], "bad_name")):
            run = self.run_program(*arguments)
            self.assertEqual((run.returncode, run.stdout), (USAGE, ""))
            self.assertRegex(run.stderr, f"^gpalayout-openvmm: {reason} at")

    def test_another_daemon_may_refuse_with_other_details(self):
        for reason, data in (("exhausted", {}), ("overlap", {"tag": 1}), ("overloaded", {}), ("too_blue", {}),
                             ("node_out_of_range", {"pointer": "/request/pcie/root_complexes/7"})):
            with FakeDaemon(refusal(-1, "no", reason=reason, **data)) as peer:
                run = self.run_program("--resolve", "--socket", peer.path, "--", *RC.split())
            self.assertEqual(run.returncode, openvmm.STATUSES.get(reason, REFUSED))
            self.assertTrue(run.stderr.startswith(f"gpalayout-openvmm: {reason}"), run.stderr)
            self.assertNotIn("Traceback", run.stderr)

    def test_no_daemon_and_no_answer(self):
        run = self.run_program("--resolve", "--", socket="/nowhere/at/all")
        self.assertEqual((run.returncode, run.stdout), (NO_DAEMON, ""))
        self.assertIn("/nowhere/at/all", run.stderr)
        with FakeDaemon(reply({})) as peer:
            run = self.run_program("--resolve", "--socket", peer.path, "--")
        self.assertEqual((run.returncode, run.stdout), (NO_DAEMON, ""))
        self.assertIn("no layout", run.stderr)

    def test_the_client_module_may_be_beside_the_program(self):
        folder = os.path.join(self.folder, "copy")
        os.mkdir(folder)
        copy = shutil.copy(PROGRAM, folder)
        run = self.run_program("--resolve", "--", program=copy)
        self.assertEqual((run.returncode, run.stdout), (USAGE, ""))
        self.assertIn("put it beside gpalayout-openvmm", run.stderr)
        shutil.copy(os.path.join(TOP_SRCDIR, "front-ends", "python", "gpalayout.py"), folder)
        self.assertEqual(self.run_program("--resolve", "--", program=copy).returncode, OK)

    def test_wrong_usage(self):
        for arguments, pattern in ((["--arch", "riscv", "--"], "--arch"),
                                   (["--host-bits", "65", "--"], "'65' is not a number from 1"),
                                   (["--host-bits=0", "--"], "--host-bits"),
                                   (["--vtl2-size", "2m", "--"], "did you mean 2M"),
                                   (["--bogus", "--"], "--bogus"), (["--res", "--"], "--res"),
                                   (["--socket=/s", "--"], "--socket needs --resolve"),
                                   (["--timeout=1", "--"], "--timeout needs --resolve"),
                                   (["--resolve", "--timeout=0", "--"], "'0' is not a number of seconds"),
                                   (["--resolve", "--timeout=1e3", "--"], "'1e3' is not a number of seconds"),
                                   ([], "put OpenVMM's command line after --"),
                                   (["--", "-m", "4g"], "gpalayout-openvmm: -m: '4g' is not a size")):
            with self.subTest(arguments):
                run = self.run_program(*arguments)
                self.assertEqual((run.returncode, run.stdout), (USAGE, ""))
                self.assertIn(pattern, run.stderr)
                self.assertNotIn("Traceback", run.stderr)

    def test_help_names_every_option_and_so_does_the_guide(self):
        run = self.run_program("--help")
        self.assertEqual((run.returncode, run.stderr), (OK, ""))
        with open(os.path.join(FOLDER, "README.md"), encoding="utf-8") as file:
            guide = file.read()
        for option in re.findall(r"--[a-z0-9-]+", run.stdout):
            if option != "--help":
                self.assertIn(f"`{option}", guide)

    def test_an_output_that_cannot_be_written(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            run = self.run_program("--", stdout=full)
        self.assertEqual((run.returncode, run.stderr),
                         (USAGE, "gpalayout-openvmm: standard output: No space left on device\n"))
        for arguments in (["--explain", "--"], ["--", "--no-such-flag"]):
            with self.subTest(arguments=arguments), open("/dev/full", "w", encoding="utf-8") as full:
                run = self.run_program(*arguments, stderr=full)
                self.assertEqual((run.returncode, run.stdout), (USAGE, ""))

    def test_the_guide_shows_what_it_prints(self):
        with open(os.path.join(FOLDER, "README.md"), encoding="utf-8") as file:
            blocks = re.findall(r"^```\n(\$ .*?)^```$", file.read(), re.MULTILINE | re.DOTALL)
        self.assertEqual(len(blocks), 2)
        for block in blocks:
            for command in Example("guide", 0, 0, block.splitlines()).commands:
                if command.lines == ["echo $?"]:
                    self.assertEqual(command.output, [str(status)])
                    continue
                run = subprocess.run([sys.executable, PROGRAM, *shlex.split(command.lines[0])[1:]],
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                                     env=dict(os.environ, GPALAYOUT_SOCKET=self.daemon.socket,
                                              PYTHONDONTWRITEBYTECODE="1"), timeout=PATIENCE)
                status = run.returncode
                printed = run.stdout.splitlines()
                if printed != command.output:
                    self.fail("\n".join(difflib.unified_diff(command.output, printed, "guide", "program")))


if __name__ == "__main__":
    main()
