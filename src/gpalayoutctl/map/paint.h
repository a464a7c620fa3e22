/* SPDX-License-Identifier: MIT */
/*
 * The colour and the pattern of each class of ranges, for both forms of a map. The pattern is for
 * readers who do not see the colour. ctl_paints has a row for each class; RAM has one for each
 * shade.
 */
#ifndef GPALAYOUTCTL_MAP_PAINT_H
#define GPALAYOUTCTL_MAP_PAINT_H

enum ctl_paint {
	CTL_PAINT_MIXED,
	CTL_PAINT_RAM,
	CTL_PAINT_RAM_1,
	CTL_PAINT_RAM_2,
	CTL_PAINT_RAM_3,
	CTL_PAINT_CHIPSET,
	CTL_PAINT_WINDOW,
	CTL_PAINT_ECAM,
	CTL_PAINT_CXL,
	CTL_PAINT_DEVICE,
	CTL_PAINT_VTL2,
	CTL_PAINT_HOTPLUG,
	CTL_PAINT_RESERVED,
	CTL_PAINT_OTHER,
	CTL_PAINT_COUNT
};

#define CTL_RAM_SHADES 4

struct ctl_paint_style {
	const char *id;          /* part of names in the SVG */
	const char *label;       /* in the legend of the SVG; NULL: that of the row before */
	const char *short_label; /* in the legend for a terminal; NULL: that of the row before */
	const char *tints[2];    /* colours for a light and for a dark background */
	const char *edges[2];
	const char *strong_attributes; /* SVG attributes for a light background */
	const char *tint_attributes;
	const char *edge_attributes;
	const char *dark;    /* style sheet rules of the SVG for a dark background */
	const char *pattern; /* SVG in a tile of 6 by 6 px; NULL: none */
	const char *block;   /* one cell, in UTF-8 */
	const char *ascii;
	const char *sgr; /* foreground colour of a terminal */
};
extern const struct ctl_paint_style ctl_paints[CTL_PAINT_COUNT];

/* Colours of the figure itself, for a light and for a dark background. */
#define CTL_GROUND "#FFFFFF"
#define CTL_GROUND_DARK "#15191E"
#define CTL_INK "#1A1D21"
#define CTL_INK_DARK "#E8ECF1"
#define CTL_MUTED "#4F5861"
#define CTL_MUTED_DARK "#A9B3BE"

/* Returns the row that stands for all shades of a class. */
static inline enum ctl_paint ctl_paint_class(enum ctl_paint paint)
{
	return paint > CTL_PAINT_RAM && paint < CTL_PAINT_RAM + CTL_RAM_SHADES ? CTL_PAINT_RAM :
										 paint;
}

#endif
