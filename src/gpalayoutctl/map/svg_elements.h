/* SPDX-License-Identifier: MIT */
/*
 * The elements of a figure. Lengths are integers in tenths of a pixel. A look is all attributes of
 * an element besides its place: those of the light theme, and the class for which the style sheet
 * sets those of the dark theme.
 */
#ifndef GPALAYOUTCTL_MAP_SVG_ELEMENTS_H
#define GPALAYOUTCTL_MAP_SVG_ELEMENTS_H

#include "gpalayoutctl/map/rows.h"

#define svg_printf(svg, ...) ctl_buffer_printf(&(svg)->out, __VA_ARGS__)

/* A length in a format, and its arguments. */
#define PX "%d.%d"
#define px(length) (length) / 10, (length) % 10

#define MUTED "class=\"mu\" fill=\"" CTL_MUTED "\""
#define MUTED_MONO "class=\"mu mo\" fill=\"" CTL_MUTED "\""
#define MONO "class=\"mo\""
#define GROUND "class=\"bg\" fill=\"" CTL_GROUND "\""
#define STRONG_LINE "class=\"ln\" fill=\"none\" stroke=\"" CTL_INK "\""
#define THIN_LINE "class=\"hl\" fill=\"none\" stroke=\"#8A939C\" stroke-width=\".8\""
#define AT_END "text-anchor=\"end\""
#define BOLD "font-weight=\"700\""

/* Columns. */
#define STRIP_LEFT 690
#define STRIP_WIDTH 260
#define BOX_LEFT 1500
#define BOX_WIDTH 3560
#define SIZE_END 4840
#define HEX_END 6400
#define HUMAN_LEFT 6510

struct ctl_svg {
	struct gpald_bytes out;
	struct ctl_rows rows;
	char id[16]; /* prefix of all ids: "gpal-0123abcd" */
};

/* Returns the place of `range` in `place`, which shows `all` to scale. */
struct ctl_place ctl_svg_scale(struct ctl_place place, struct gpal_range all,
			       struct gpal_range range);

struct ctl_svg_look {
	char text[48];
};

/* Returns the look of an element that is filled with the pattern of that name. */
struct ctl_svg_look ctl_svg_pattern(const struct ctl_svg *svg, const char *name);

void ctl_svg_rect(struct ctl_svg *svg, const char *look, int left, int width,
		  struct ctl_place place);
void ctl_svg_path(struct ctl_svg *svg, const char *look, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Draws a rectangle in the colour of a class, with its pattern on top. */
void ctl_svg_painted_rect(struct ctl_svg *svg, enum ctl_paint paint, int left, int width,
			  struct ctl_place place);

/* Draws a rectangle for a gap. */
void ctl_svg_gap_rect(struct ctl_svg *svg, int left, int width, struct ctl_place place);

/* Draw text: ctl_svg_text() escapes it, and ctl_svg_markup() takes it as markup. */
void ctl_svg_text(struct ctl_svg *svg, int x, int y, const char *size, const char *look,
		  const char *format, ...) __attribute__((format(printf, 6, 7)));
void ctl_svg_markup(struct ctl_svg *svg, int x, int y, const char *size, const char *look,
		    const char *markup);
void ctl_svg_escape(struct gpald_bytes *out, const char *text);

/*
 * Collects bands of one colour as a path for a d attribute. They must be added in ascending order
 * of addresses. Touching ones are merged, and those without height are omitted.
 */
struct ctl_svg_bands {
	struct gpald_bytes path;
	struct ctl_place last;
	int left;
	int width;
};

void ctl_svg_bands_add(struct ctl_svg_bands *bands, struct ctl_place place);
/*
 * Returns the path, or "" if there are no bands. It is valid until a band is added or the bands are
 * freed.
 */
const char *ctl_svg_bands_end(struct ctl_svg_bands *bands);

/* svg_rows.c: draws the rows, whose places are known, and the addresses beside them. */
void ctl_svg_append_rows(struct ctl_svg *svg);
void ctl_svg_append_addresses(struct ctl_svg *svg);

/*
 * Appends the name of a row, escaped: "ram0" or "free", or for a run "40 ranges", then `apart`,
 * then "ram0 to ram39".
 */
void ctl_svg_append_row_name(struct gpald_bytes *out, const struct ctl_row *row, const char *apart);

#endif
