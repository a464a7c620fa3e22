/* SPDX-License-Identifier: MIT */
/* The elements that SVG is written with. */
#include "config.h"

#include "gpalayoutctl/map/cells.h"
#include "gpalayoutctl/map/svg.h"

#include <stdarg.h>
#include <stdio.h>

const char *ctl_svg_look(const struct ctl_svg *svg, char look[80], enum ctl_svg_part part,
			 enum ctl_paint paint)
{
	const struct ctl_paint_row *row = &ctl_paints[paint];

	switch (part) {
	case CTL_SVG_STRONG:
		snprintf(look, 80, "class=\"s-%s\" fill=\"%s\"", row->id, row->strong[0]);
		return look;
	case CTL_SVG_TINT:
		snprintf(look, 80, "class=\"t-%s\" fill=\"%s\"", row->id, row->tint[0]);
		return look;
	case CTL_SVG_EDGE:
		snprintf(look, 80, "class=\"b-%s\" fill=\"none\" stroke=\"%s\" stroke-width=\".8\"",
			 row->id, row->edge[0]);
		return look;
	default:
		snprintf(look, 80, "fill=\"url(#%s-%s)\"", svg->id, row->id);
		return row->pattern ? look : NULL;
	}
}

void ctl_svg_rect(const struct ctl_svg *svg, const char *look, int left, int width,
		  struct ctl_svg_place place)
{
	if (look)
		ctl_buffer_printf(
			svg->out,
			"<rect %s x=\"" PX "\" y=\"" PX "\" width=\"" PX "\" height=\"" PX "\"/>\n",
			look, px(left), px(place.top), px(width), px(place.bottom - place.top));
}

void ctl_svg_gap_rect(const struct ctl_svg *svg, int left, int width, struct ctl_svg_place place)
{
	ctl_cleanup_buffer struct ctl_buffer look = { 0 };

	ctl_buffer_printf(&look,
			  "class=\"gb\" fill=\"url(#%s-gap)\" stroke=\"" CTL_GAP_EDGE
			  "\" stroke-width=\".8\" stroke-dasharray=\"3 2\"",
			  svg->id);
	ctl_svg_rect(svg, look.data, left, width, place);
}

void ctl_svg_path(const struct ctl_svg *svg, const char *look, const char *format, ...)
{
	va_list args;

	if (!look)
		return;
	ctl_buffer_printf(svg->out, "<path %s d=\"", look);
	va_start(args, format);
	ctl_buffer_vprintf(svg->out, format, args);
	va_end(args);
	ctl_buffer_puts(svg->out, "\"/>\n");
}

void ctl_svg_text_start(const struct ctl_svg *svg, int x, int y, const char *size, const char *look)
{
	ctl_buffer_printf(svg->out, "<text x=\"" PX "\" y=\"" PX "\" font-size=\"%s\"%s%s>", px(x),
			  px(y), size, *look ? " " : "", look);
}

void ctl_svg_text(const struct ctl_svg *svg, int x, int y, const char *size, const char *look,
		  const char *text)
{
	ctl_svg_text_start(svg, x, y, size, look);
	ctl_svg_escape(svg->out, text);
	ctl_buffer_puts(svg->out, "</text>\n");
}

void ctl_svg_escape(struct ctl_buffer *out, const char *text)
{
	ctl_cleanup_buffer struct ctl_buffer safe = { 0 };

	ctl_name_append(&safe, text, false);
	for (const char *at = ctl_buffer_text(&safe); *at; at++) {
		if (*at == '&')
			ctl_buffer_puts(out, "&amp;");
		else if (*at == '<')
			ctl_buffer_puts(out, "&lt;");
		else if (*at == '>')
			ctl_buffer_puts(out, "&gt;");
		else if (*at == '"')
			ctl_buffer_puts(out, "&quot;");
		else
			ctl_buffer_append(out, at, 1);
	}
}

int ctl_svg_scale(struct ctl_svg_place place, struct gpal_range range, uint64_t address)
{
	const unsigned __int128 height = (unsigned __int128)(place.bottom - place.top);

	return place.bottom - (int)(height * (address - range.start) / (range.end - range.start));
}

static void append_band(struct ctl_svg_bands *bands)
{
	const struct ctl_svg_place *last = &bands->last;

	if (last->bottom > last->top)
		ctl_buffer_printf(&bands->path, "M%d " PX "h%dv" PX "h-%dz", bands->left / 10,
				  px(last->top), bands->width / 10, px(last->bottom - last->top),
				  bands->width / 10);
}

void ctl_svg_bands_add(struct ctl_svg_bands *bands, struct ctl_svg_place place)
{
	if (place.bottom < bands->last.top || !bands->last.bottom) {
		append_band(bands);
		bands->last = place;
	}
	bands->last.top = place.top;
}

const char *ctl_svg_bands_end(struct ctl_svg_bands *bands)
{
	append_band(bands);
	return ctl_buffer_text(&bands->path);
}

void ctl_svg_bands_free(struct ctl_svg_bands *bands)
{
	ctl_buffer_free(&bands->path);
}
