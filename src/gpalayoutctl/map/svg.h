/* SPDX-License-Identifier: MIT */
/*
 * Inside the SVG form: its elements, and its parts. Lengths are integers in tenths of a
 * pixel.
 */
#ifndef GPALAYOUTCTL_MAP_SVG_H
#define GPALAYOUTCTL_MAP_SVG_H

#include "gpalayoutctl/map/rows.h"

/* A length in a format, and its arguments. */
#define PX "%d.%d"
#define px(length) (length) / 10, (length) % 10

/* Attributes in the light theme; the style sheet finds the classes for the dark one. */
#define MUTED "class=\"mu\" fill=\"" CTL_MUTED "\""
#define MUTED_MONO "class=\"mu mo\" fill=\"" CTL_MUTED "\""
#define GROUND "class=\"bg\" fill=\"" CTL_GROUND "\""
#define STRONG_LINE "class=\"ln\" fill=\"none\" stroke=\"" CTL_INK "\""
#define THIN_LINE "class=\"hl\" fill=\"none\" stroke=\"" CTL_LINE "\" stroke-width=\".8\""
#define AT_END "text-anchor=\"end\""
#define BOLD "font-weight=\"700\""

/* Tenths of a pixel that a cell of monospace text takes: 0.605 em, rounded up. */
#define TAG_CELL 73   /* 12 px */
#define MONO_CELL 67  /* 11 px */
#define SMALL_CELL 61 /* 10 px */

/* Columns. */
#define STRIP_LEFT 690
#define STRIP_WIDTH 260
#define BOX_LEFT 1500
#define BOX_WIDTH 3560
#define BOX_END 5060
#define SPINE_WIDTH 160
#define TEXT_LEFT 1760
#define SIZE_END 4840
#define INNER_LEFT 4940
#define INNER_WIDTH 120
#define HEX_END 6400
#define HUMAN_LEFT 6510

struct ctl_svg_place {
	int top;
	int bottom;
};

struct ctl_svg {
	struct ctl_buffer *out;
	const struct ctl_map *map;
	struct ctl_map_rows rows;
	struct ctl_svg_place *boxes; /* of the rows */
	char id[16];                 /* begins the ids: "gpal-0123abcd" */
};

/* How a class is painted: see ctl_svg_look(). */
enum ctl_svg_part {
	CTL_SVG_STRONG,
	CTL_SVG_TINT,
	CTL_SVG_EDGE,
	CTL_SVG_PATTERN
};

/* The attributes for a part, valid in the block; NULL: there is nothing to paint. */
#define LOOK(svg, part, paint) ctl_svg_look((svg), (char[80]){ "" }, (part), (paint))
const char *ctl_svg_look(const struct ctl_svg *svg, char look[80], enum ctl_svg_part part,
			 enum ctl_paint paint);

/* Elements with these attributes; nothing if `look` is NULL. */
void ctl_svg_rect(const struct ctl_svg *svg, const char *look, int left, int width,
		  struct ctl_svg_place place);
void ctl_svg_gap_rect(const struct ctl_svg *svg, int left, int width, struct ctl_svg_place place);
void ctl_svg_path(const struct ctl_svg *svg, const char *look, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Begins a text, which "</text>\n" ends; or all of one, escaped. */
void ctl_svg_text_start(const struct ctl_svg *svg, int x, int y, const char *size,
			const char *look);
void ctl_svg_text(const struct ctl_svg *svg, int x, int y, const char *size, const char *look,
		  const char *text);

/* Appends text that other people may have written, safe and escaped. */
void ctl_svg_escape(struct ctl_buffer *out, const char *text);

/* Where an address inside a place of that range lies. */
int ctl_svg_scale(struct ctl_svg_place place, struct gpal_range range, uint64_t address);

/* Bands of one colour as one path: touching ones are merged, those without height left out. */
struct ctl_svg_bands {
	struct ctl_buffer path;
	struct ctl_svg_place last;
	int left;
	int width;
};

/* In ascending order of addresses. */
void ctl_svg_bands_add(struct ctl_svg_bands *bands, struct ctl_svg_place place);

/* What goes into an attribute d, until the bands are freed; "" if there are none. */
const char *ctl_svg_bands_end(struct ctl_svg_bands *bands);
void ctl_svg_bands_free(struct ctl_svg_bands *bands);

/* The parts of the figure, each in a file of its name. */
void ctl_svg_append_header(const struct ctl_svg *svg);
int ctl_svg_append_footer(const struct ctl_svg *svg, int y); /* returns where it ends */
void ctl_svg_append_strip(const struct ctl_svg *svg);
void ctl_svg_append_rows(const struct ctl_svg *svg);
void ctl_svg_append_addresses(const struct ctl_svg *svg);
void ctl_svg_append_devices(const struct ctl_svg *svg, const struct ctl_map_row *row,
			    struct ctl_svg_place box);

#endif
