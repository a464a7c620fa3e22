/* SPDX-License-Identifier: MIT */
/*
 * The hues are those of Okabe and Ito, which colour-blind readers can tell apart. A test checks
 * that text and edges have enough contrast.
 */
#include "config.h"

#include "gpalayoutctl/map/paint.h"

#include <stddef.h>

/* clang-format off */
#define PAINT(name, strong, strong_dark, tint, tint_dark, edge, edge_dark)                       \
	.id = (name), .tints = { (tint), (tint_dark) }, .edges = { (edge), (edge_dark) },         \
	.strong_attributes = "class=\"s-" name "\" fill=\"" strong "\"",                          \
	.tint_attributes = "class=\"t-" name "\" fill=\"" tint "\"",                              \
	.edge_attributes = "class=\"b-" name "\" fill=\"none\" stroke=\"" edge                   \
			   "\" stroke-width=\".8\"",                                              \
	.dark = "\n.gpal .s-" name "{fill:" strong_dark "}.gpal .t-" name "{fill:" tint_dark "}"  \
		".gpal .b-" name "{stroke:" edge_dark "}"
#define LINES(path, width) \
	"<path class=\"pw\" d=\"" path "\" stroke=\"" CTL_GROUND "\" stroke-width=\"" width "\"/>"
#define DOT(at) \
	"<circle class=\"pd\" cx=\"" at "\" cy=\"" at "\" r=\"1.1\" fill=\"" CTL_GROUND "\"/>"

const struct ctl_paint_style ctl_paints[CTL_PAINT_COUNT] = {
	[CTL_PAINT_MIXED] = {
		PAINT("mixed", "#C9CED4", "#4A525A", "#F4F5F7", "#23282E", "#5F666E", "#B5BCC4"),
		.label = "mixed", .short_label = "mixed", .block = "▒", .ascii = "~", .sgr = "37" },
	[CTL_PAINT_RAM] = {
		PAINT("ram0", "#0072B2", "#4FA3D8", "#CCE3F2", "#14374D", "#00578A", "#7DBBE3"),
		.label = "RAM, a shade a node", .short_label = "RAM",
		.block = "█", .ascii = "#", .sgr = "34" },
	[CTL_PAINT_RAM_1] = {
		PAINT("ram1", "#62ABD4", "#2C77A8", "#E4F0F8", "#1A4159", "#00578A", "#7DBBE3"),
		.block = "▓", .ascii = "%", .sgr = "36" },
	[CTL_PAINT_RAM_2] = {
		PAINT("ram2", "#004F7C", "#86C4EC", "#BBD8EC", "#0E2A3C", "#00578A", "#7DBBE3"),
		.block = "█", .ascii = "#", .sgr = "34" },
	[CTL_PAINT_RAM_3] = {
		PAINT("ram3", "#2F8CC4", "#3C8DC4", "#D7E9F4", "#184159", "#00578A", "#7DBBE3"),
		.block = "▓", .ascii = "%", .sgr = "36" },
	[CTL_PAINT_CHIPSET] = {
		PAINT("chipset", "#E69F00", "#E69F00", "#FBE6BF", "#46330A", "#946600", "#F0BE55"),
		.label = "chipset MMIO",
		.short_label = "chipset", .block = "═", .ascii = "=", .sgr = "33",
		.pattern = LINES("M0 3H6", "1.5") },
	[CTL_PAINT_WINDOW] = {
		PAINT("window", "#009E73", "#27B78C", "#CDEBE1", "#0E3B2E", "#006B4E", "#5FD0AC"),
		.label = "PCIe window", .short_label = "PCIe window",
		.pattern = LINES("M-1 7 7-1M-1 1 1-1M5 7 7 5", "1.3"),
		.block = "╱", .ascii = "/", .sgr = "32" },
	[CTL_PAINT_ECAM] = {
		PAINT("ecam", "#009E73", "#27B78C", "#E4F4EE", "#0C2C23", "#006B4E", "#5FD0AC"),
		.label = "PCIe ECAM", .short_label = "ECAM",
		.pattern = DOT("1.5") DOT("4.5"), .block = ":", .ascii = ":", .sgr = "92" },
	[CTL_PAINT_CXL] = {
		PAINT("cxl", "#F0E442", "#F0E442", "#FAF6C4", "#3D3A0C", "#7A7000", "#F5EE8E"),
		.label = "CXL", .short_label = "CXL", .block = "╬", .ascii = "*", .sgr = "93",
		.pattern = "<path d=\"M0 3H6M3 0V6\" stroke=\"#7A7000\" stroke-width=\".9\"/>" },
	[CTL_PAINT_DEVICE] = {
		PAINT("device", "#D55E00", "#E8772A", "#F9DCC9", "#4A240A", "#9C4500", "#F0A06C"),
		.label = "IOMMU, virtio-mmio", .short_label = "IOMMU, virtio",
		.pattern = LINES("M1.5 0V6M4.5 0V6", "1"),
		.block = "║", .ascii = "I", .sgr = "31" },
	[CTL_PAINT_VTL2] = {
		PAINT("vtl2", "#CC79A7", "#D98CB6", "#F5E1EC", "#43253A", "#8A4670", "#E8B3CF"),
		.label = "VTL2", .short_label = "VTL2", .block = "╲", .ascii = "\\", .sgr = "35",
		.pattern = LINES("M-1-1 7 7M5-1 7 1M-1 5 1 7", "1.3") },
	[CTL_PAINT_HOTPLUG] = {
		PAINT("hotplug", "#62ABD4", "#2C77A8", "#E4F0F8", "#1A4159", "#00578A", "#7DBBE3"),
		.label = "room for memory hotplug", .short_label = "hotplug room",
		.pattern = DOT("3"), .block = "░", .ascii = ".", .sgr = "36" },
	[CTL_PAINT_RESERVED] = {
		PAINT("reserved", "#8C939B", "#8C939B", "#E9EBEE", "#2C3238", "#5F666E", "#B5BCC4"),
		.label = "reserved", .short_label = "reserved",
		.pattern = LINES("M0 0 6 6M6 0 0 6", "1"),
		.block = "╳", .ascii = "x", .sgr = "90" },
	[CTL_PAINT_OTHER] = {
		PAINT("other", "#8C939B", "#8C939B", "#F1F2F4", "#252A30", "#5F666E", "#B5BCC4"),
		.label = "other", .short_label = "other", .block = "─", .ascii = "-", .sgr = "37" },
};
/* clang-format on */
