// SPDX-License-Identifier: MIT

// Makes the layout request of a VMConfig, by the rules of OpenVMM's VM service.
package main

import (
	"fmt"
	"math/bits"
	"regexp"
	"strconv"
	"strings"

	"github.com/gogo/protobuf/proto"
	"github.com/golang/protobuf/ptypes/any"
	rpc "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"gpalayout/v1"
	"gpalayout/vmservice/v1"
)

const (
	mib           = 1 << 20
	errorDataType = "type.googleapis.com/gpalayout.v1.ErrorData"
)

// The values that OpenVMM's VMConfig does not have. They are options of this service.
type layoutOptions struct {
	arch        string // of the guest
	policy      string // empty: the daemon's default
	addressBits uint   // 0: no limit
}

// Returns a refusal in the form of gpalayoutd's: a status, a reason and a JSON pointer into
// CreateVMRequest.
func refuse(reason, pointer, format string, args ...interface{}) error {
	return withData(codes.InvalidArgument, fmt.Sprintf(format, args...), &gpalayout.ErrorData{
		Reason:          reason,
		OptionalPointer: &gpalayout.ErrorData_Pointer{Pointer: pointer},
	})
}

func withData(code codes.Code, message string, data *gpalayout.ErrorData) error {
	value, err := proto.Marshal(data)
	if err != nil {
		return status.Error(code, message)
	}
	return status.ErrorProto(&rpc.Status{
		Code:    int32(code),
		Message: message,
		Details: []*any.Any{{TypeUrl: errorDataType, Value: value}},
	})
}

func newRequest(config *vmservice.VMConfig, options layoutOptions) (*gpalayout.Request, error) {
	if config == nil {
		return nil, refuse("missing_member", "/config", "missing configuration")
	}
	request := &gpalayout.Request{Arch: options.arch}
	if options.policy != "" {
		request.OptionalPolicy = &gpalayout.Request_Policy{Policy: options.policy}
	}
	if options.addressBits != 0 {
		request.Host = &gpalayout.HostRequest{
			OptionalPhysicalAddressBits: &gpalayout.HostRequest_PhysicalAddressBits{
				PhysicalAddressBits: uint32(options.addressBits)}}
	}
	switch config.BootConfig.(type) {
	case *vmservice.VMConfig_DirectBoot:
		request.OptionalProfile = &gpalayout.Request_Profile{Profile: "linux-direct"}
	case *vmservice.VMConfig_Uefi:
		request.OptionalProfile = &gpalayout.Request_Profile{Profile: "gen2-uefi"}
	default:
		return nil, refuse("missing_member", "/config",
			"missing boot configuration: set direct_boot or uefi")
	}
	if config.DisableVmbus {
		request.Chipset = &gpalayout.ChipsetRequest{
			OptionalVmbus: &gpalayout.ChipsetRequest_Vmbus{Vmbus: false}}
	}
	if slots := virtioSlots(config.DevicesConfig); slots != 0 {
		request.VirtioMmio = &gpalayout.VirtioMmioRequest{Slots: slots}
	}
	var err error
	if request.Memory, err = newMemory(config); err != nil {
		return nil, err
	}
	request.Pcie, err = newPcie(config.Pcie)
	return request, err
}

func newMemory(config *vmservice.VMConfig) (*gpalayout.MemoryRequest, error) {
	made := &gpalayout.MemoryRequest{}
	add := func(mebibytes uint64, pointer string) error {
		high, size := bits.Mul64(mebibytes, mib)
		if high != 0 {
			return refuse("out_of_range", pointer,
				"%d MiB of memory are 2^64 bytes or more", mebibytes)
		}
		made.Nodes = append(made.Nodes, size)
		return nil
	}
	switch numa := config.NumaConfig; {
	case numa != nil && config.MemoryConfig != nil:
		return nil, refuse("unknown_member", "/config/memory_config",
			"memory_config and numa_config are mutually exclusive: omit one")
	case numa != nil:
		for i, node := range numa.Nodes {
			mebibytes := uint64(0)
			if node.Memory != nil {
				mebibytes = node.Memory.MemoryMb
			}
			if err := add(mebibytes, fmt.Sprintf(
				"/config/numa_config/nodes/%d/memory/memory_mb", i)); err != nil {
				return nil, err
			}
		}
		return made, nil
	case config.MemoryConfig != nil:
		return made, add(config.MemoryConfig.MemoryMb, "/config/memory_config/memory_mb")
	default:
		return nil, refuse("missing_member", "/config",
			"missing memory configuration: set memory_config or numa_config")
	}
}

// Returns the number of devices that OpenVMM on Linux puts on virtio-mmio.
func virtioSlots(devices *vmservice.DevicesConfig) uint32 {
	if devices == nil {
		return 0
	}
	slots := uint32(len(devices.VirtiofsConfig))
	if devices.VirtioConsole != nil && devices.VirtioConsole.SocketPath != "" {
		slots++
	}
	return slots
}

func newPcie(config *vmservice.PcieTopologyConfig) (*gpalayout.PcieRequest, error) {
	if config == nil || len(config.RootComplexes) == 0 {
		return nil, nil
	}
	made := &gpalayout.PcieRequest{}
	for i, each := range config.RootComplexes {
		rootComplex, err := newRootComplex(each,
			fmt.Sprintf("/config/pcie/root_complexes/%d", i))
		if err != nil {
			return nil, err
		}
		made.RootComplexes = append(made.RootComplexes, rootComplex)
	}
	return made, nil
}

// Each number is sent even if it is 0, because gpalayoutd has other defaults.
func newRootComplex(config *vmservice.PcieRootComplex,
	pointer string) (*gpalayout.RootComplexRequest, error) {
	made := &gpalayout.RootComplexRequest{
		Name:             config.Name,
		OptionalSegment:  &gpalayout.RootComplexRequest_Segment{Segment: config.Segment},
		OptionalStartBus: &gpalayout.RootComplexRequest_StartBus{StartBus: config.StartBus},
		OptionalEndBus:   &gpalayout.RootComplexRequest_EndBus{EndBus: config.EndBus},
	}
	if node, ok := config.OptionalNode.(*vmservice.PcieRootComplex_Node); ok {
		made.OptionalNode = &gpalayout.RootComplexRequest_Node{Node: node.Node}
	}
	if config.Iommu != nil {
		if _, ok := config.Iommu.Kind.(*vmservice.PcieIommuConfig_Smmu); !ok {
			return nil, refuse("missing_member", pointer+"/iommu",
				"missing PCIe IOMMU kind: set smmu")
		}
		made.OptionalIommu = &gpalayout.RootComplexRequest_Iommu{Iommu: "smmuv3"}
	}
	made.LowMmio = newWindow(config.LowMmio)
	made.HighMmio = newWindow(config.HighMmio)
	var err error
	if low, ok := config.OptionalLowMmioBase.(*vmservice.PcieRootComplex_LowMmioBase); ok {
		made.LowMmio, err = newPinnedWindow(low.LowMmioBase, config.LowMmio,
			pointer+"/low_mmio_base")
	}
	high, ok := config.OptionalHighMmioBase.(*vmservice.PcieRootComplex_HighMmioBase)
	if ok && err == nil {
		made.HighMmio, err = newPinnedWindow(high.HighMmioBase, config.HighMmio,
			pointer+"/high_mmio_base")
	}
	return made, err
}

func newWindow(size uint64) *gpalayout.Window {
	return &gpalayout.Window{OptionalSize: &gpalayout.Window_Size_{Size_: size}}
}

func newPinnedWindow(base, size uint64, pointer string) (*gpalayout.Window, error) {
	end, carry := bits.Add64(base, size, 0)
	if carry != 0 {
		return nil, refuse("out_of_range", pointer, "an MMIO window of %#x bytes at %#x "+
			"ends at 2^64 or above; state a lower base or a smaller size", size, base)
	}
	return &gpalayout.Window{OptionalStart: &gpalayout.Window_Start{Start: base},
		OptionalEnd: &gpalayout.Window_End{End: end}}, nil
}

var (
	nodePointer   = regexp.MustCompile(`^/memory/nodes/(\d+)`)
	windowPointer = regexp.MustCompile(`^/pcie/root_complexes/(\d+)/(low|high)_mmio$`)
)

// Translates a pointer of one of gpalayoutd's errors into a pointer into CreateVMRequest.
func translatePointer(pointer, reason string, config *vmservice.VMConfig) string {
	member := strings.TrimPrefix(pointer, "/request")
	switch {
	case member == pointer:
		return pointer
	case strings.HasPrefix(member, "/memory") && config.MemoryConfig != nil:
		return "/config/memory_config/memory_mb"
	case nodePointer.MatchString(member):
		return nodePointer.ReplaceAllString(member,
			"/config/numa_config/nodes/$1/memory/memory_mb")
	case strings.HasPrefix(member, "/memory"):
		return "/config/numa_config/nodes"
	case strings.HasPrefix(member, "/virtio_mmio"):
		return "/config/devices_config"
	case strings.HasPrefix(member, "/pcie"):
		// A pinned window has two fields. Only invalid_size is a fault of the size; for any other
		// reason the pointer names the base.
		if reason != "invalid_size" && isPinned(member, config.Pcie) {
			member += "_base"
		}
		return "/config" + member
	default:
		return "/config"
	}
}

// Returns true if a pointer leads to a window that is pinned.
func isPinned(pointer string, config *vmservice.PcieTopologyConfig) bool {
	found := windowPointer.FindStringSubmatch(pointer)
	if found == nil || config == nil {
		return false
	}
	index, err := strconv.Atoi(found[1])
	if err != nil || index >= len(config.RootComplexes) {
		return false
	}
	if found[2] == "high" {
		return config.RootComplexes[index].OptionalHighMmioBase != nil
	}
	return config.RootComplexes[index].OptionalLowMmioBase != nil
}

// Returns a refusal of gpalayoutd with its pointer translated.
func translateRefusal(err error, config *vmservice.VMConfig) error {
	refusal := status.Convert(err)
	for _, detail := range refusal.Proto().Details {
		data := &gpalayout.ErrorData{}
		if detail.TypeUrl != errorDataType || proto.Unmarshal(detail.Value, data) != nil {
			continue
		}
		if found, ok := data.OptionalPointer.(*gpalayout.ErrorData_Pointer); ok {
			found.Pointer = translatePointer(found.Pointer, data.Reason, config)
			return withData(refusal.Code(), refusal.Message(), data)
		}
	}
	return err
}
