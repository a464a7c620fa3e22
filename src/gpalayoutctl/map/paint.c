/* SPDX-License-Identifier: MIT */
/*
 * The colours are Okabe and Ito's, which colour-blind readers can tell apart. A test
 * computes that text and edges have enough contrast.
 */
#include "config.h"

#include "gpalayoutctl/map/paint.h"

#include <stddef.h>

#define LINES(path, width) \
	"<path class=\"pw\" d=\"" path "\" stroke=\"" CTL_GROUND "\" stroke-width=\"" width "\"/>"
#define DOT(at) \
	"<circle class=\"pd\" cx=\"" at "\" cy=\"" at "\" r=\"1.1\" fill=\"" CTL_GROUND "\"/>"
#define RAM_EDGE .edge = { "#00578A", "#7DBBE3" }
#define EVEN .block = "█", .ascii = "#", .sgr = "34"
#define ODD .block = "▓", .ascii = "%", .sgr = "36"

/* clang-format off */
const struct ctl_paint_row ctl_paints[CTL_PAINT_COUNT] = {
	[CTL_PAINT_MIXED] = {
		.id = "mixed", .label = "mixed", .key = "mixed",
		.strong = { "#C9CED4", "#4A525A" }, .tint = { "#F4F5F7", "#23282E" },
		.edge = { "#5F666E", "#B5BCC4" },
		.block = "▒", .ascii = "~", .sgr = "37" },
	[CTL_PAINT_RAM] = {
		.id = "ram0", .label = "RAM, a shade a node", .key = "RAM",
		.strong = { "#0072B2", "#4FA3D8" }, .tint = { "#CCE3F2", "#14374D" },
		RAM_EDGE, EVEN },
	[CTL_PAINT_RAM_1] = {
		.id = "ram1",
		.strong = { "#62ABD4", "#2C77A8" }, .tint = { "#E4F0F8", "#1A4159" },
		RAM_EDGE, ODD },
	[CTL_PAINT_RAM_2] = {
		.id = "ram2",
		.strong = { "#004F7C", "#86C4EC" }, .tint = { "#BBD8EC", "#0E2A3C" },
		RAM_EDGE, EVEN },
	[CTL_PAINT_RAM_3] = {
		.id = "ram3",
		.strong = { "#2F8CC4", "#3C8DC4" }, .tint = { "#D7E9F4", "#184159" },
		RAM_EDGE, ODD },
	[CTL_PAINT_CHIPSET] = {
		.id = "chipset", .label = "chipset MMIO", .key = "chipset",
		.strong = { "#E69F00", "#E69F00" }, .tint = { "#FBE6BF", "#46330A" },
		.edge = { "#946600", "#F0BE55" },
		.pattern = LINES("M0 3H6", "1.5"),
		.block = "═", .ascii = "=", .sgr = "33" },
	[CTL_PAINT_WINDOW] = {
		.id = "window", .label = "PCIe window", .key = "PCIe window",
		.strong = { "#009E73", "#27B78C" }, .tint = { "#CDEBE1", "#0E3B2E" },
		.edge = { "#006B4E", "#5FD0AC" },
		.pattern = LINES("M-1 7 7-1M-1 1 1-1M5 7 7 5", "1.3"),
		.block = "╱", .ascii = "/", .sgr = "32" },
	[CTL_PAINT_ECAM] = {
		.id = "ecam", .label = "PCIe ECAM", .key = "ECAM",
		.strong = { "#009E73", "#27B78C" }, .tint = { "#E4F4EE", "#0C2C23" },
		.edge = { "#006B4E", "#5FD0AC" },
		.pattern = DOT("1.5") DOT("4.5"),
		.block = ":", .ascii = ":", .sgr = "92" },
	[CTL_PAINT_CXL] = {
		.id = "cxl", .label = "CXL", .key = "CXL",
		.strong = { "#F0E442", "#F0E442" }, .tint = { "#FAF6C4", "#3D3A0C" },
		.edge = { "#7A7000", "#F5EE8E" },
		.pattern = "<path d=\"M0 3H6M3 0V6\" stroke=\"#7A7000\" stroke-width=\".9\"/>",
		.block = "╬", .ascii = "*", .sgr = "93" },
	[CTL_PAINT_DEVICE] = {
		.id = "device", .label = "IOMMU, virtio-mmio", .key = "IOMMU, virtio",
		.strong = { "#D55E00", "#E8772A" }, .tint = { "#F9DCC9", "#4A240A" },
		.edge = { "#9C4500", "#F0A06C" },
		.pattern = LINES("M1.5 0V6M4.5 0V6", "1"),
		.block = "║", .ascii = "I", .sgr = "31" },
	[CTL_PAINT_VTL2] = {
		.id = "vtl2", .label = "VTL2", .key = "VTL2",
		.strong = { "#CC79A7", "#D98CB6" }, .tint = { "#F5E1EC", "#43253A" },
		.edge = { "#8A4670", "#E8B3CF" },
		.pattern = LINES("M-1-1 7 7M5-1 7 1M-1 5 1 7", "1.3"),
		.block = "╲", .ascii = "\\", .sgr = "35" },
	[CTL_PAINT_RESERVED] = {
		.id = "reserved", .label = "reserved", .key = "reserved",
		.strong = { "#8C939B", "#8C939B" }, .tint = { "#E9EBEE", "#2C3238" },
		.edge = { "#5F666E", "#B5BCC4" },
		.pattern = LINES("M0 0 6 6M6 0 0 6", "1"),
		.block = "╳", .ascii = "x", .sgr = "90" },
	[CTL_PAINT_OTHER] = {
		.id = "other", .label = "other", .key = "other",
		.strong = { "#8C939B", "#8C939B" }, .tint = { "#F1F2F4", "#252A30" },
		.edge = { "#5F666E", "#B5BCC4" },
		.block = "─", .ascii = "-", .sgr = "37" },
};
/* clang-format on */
