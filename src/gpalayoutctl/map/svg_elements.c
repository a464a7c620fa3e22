/* SPDX-License-Identifier: MIT */
/* Draws elements at places that the caller gives; it knows no layouts. */
#include "config.h"

#include "gpalayoutctl/map/svg_elements.h"

#include "gpalayoutctl/terminal_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int y_of(struct ctl_place place, struct gpal_range all, uint64_t address)
{
	const unsigned __int128 height = (unsigned __int128)(place.bottom - place.top);

	return place.bottom - (int)(height * (address - all.start) / (all.end - all.start));
}

struct ctl_place ctl_svg_scale(struct ctl_place place, struct gpal_range all,
			       struct gpal_range range)
{
	return (struct ctl_place){ y_of(place, all, range.end), y_of(place, all, range.start) };
}

struct ctl_svg_look ctl_svg_pattern(const struct ctl_svg *svg, const char *name)
{
	struct ctl_svg_look look;

	snprintf(look.text, sizeof(look.text), "fill=\"url(#%s-%s)\"", svg->id, name);
	return look;
}

void ctl_svg_rect(struct ctl_svg *svg, const char *look, int left, int width,
		  struct ctl_place place)
{
	svg_printf(svg, "<rect %s x=\"" PX "\" y=\"" PX "\" width=\"" PX "\" height=\"" PX "\"/>\n",
		   look, px(left), px(place.top), px(width), px(place.bottom - place.top));
}

void ctl_svg_path(struct ctl_svg *svg, const char *look, const char *format, ...)
{
	va_list args;

	svg_printf(svg, "<path %s d=\"", look);
	va_start(args, format);
	ctl_buffer_vprintf(&svg->out, format, args);
	va_end(args);
	svg_printf(svg, "\"/>\n");
}

void ctl_svg_painted_rect(struct ctl_svg *svg, enum ctl_paint paint, int left, int width,
			  struct ctl_place place)
{
	const struct ctl_paint_style *style = &ctl_paints[paint];

	ctl_svg_rect(svg, style->strong_attributes, left, width, place);
	if (style->pattern)
		ctl_svg_rect(svg, ctl_svg_pattern(svg, style->id).text, left, width, place);
}

void ctl_svg_gap_rect(struct ctl_svg *svg, int left, int width, struct ctl_place place)
{
	ctl_cleanup_buffer struct gpald_bytes look = { 0 };

	ctl_buffer_printf(&look,
			  "class=\"gb\" %s stroke=\"#A4ADB6\" stroke-width=\".8\" "
			  "stroke-dasharray=\"3 2\"",
			  ctl_svg_pattern(svg, "gap").text);
	ctl_svg_rect(svg, look.data, left, width, place);
}

void ctl_svg_escape(struct gpald_bytes *out, const char *text)
{
	static const char special[] = "&<>\"";
	static const char *const entities[] = { "&amp;", "&lt;", "&gt;", "&quot;" };
	ctl_cleanup_buffer struct gpald_bytes safe = { 0 };

	ctl_puts_safe(&safe, text);
	for (const char *at = ctl_buffer_text(&safe); *at; at++) {
		const char *found = strchr(special, *at);

		if (found)
			ctl_buffer_puts(out, entities[found - special]);
		else
			ctl_buffer_append(out, at, 1);
	}
}

void ctl_svg_markup(struct ctl_svg *svg, int x, int y, const char *size, const char *look,
		    const char *markup)
{
	svg_printf(svg, "<text x=\"" PX "\" y=\"" PX "\" font-size=\"%s\"%s%s>%s</text>\n", px(x),
		   px(y), size, *look ? " " : "", look, markup);
}

void ctl_svg_text(struct ctl_svg *svg, int x, int y, const char *size, const char *look,
		  const char *format, ...)
{
	ctl_cleanup_buffer struct gpald_bytes text = { 0 };
	ctl_cleanup_buffer struct gpald_bytes markup = { 0 };
	va_list args;

	va_start(args, format);
	ctl_buffer_vprintf(&text, format, args);
	va_end(args);
	ctl_svg_escape(&markup, text.data);
	ctl_svg_markup(svg, x, y, size, look, ctl_buffer_text(&markup));
}

const char *ctl_svg_bands_end(struct ctl_svg_bands *bands)
{
	const struct ctl_place last = bands->last;

	if (last.bottom > last.top)
		ctl_buffer_printf(&bands->path, "M%d " PX "h%dv" PX "h-%dz", bands->left / 10,
				  px(last.top), bands->width / 10, px(last.bottom - last.top),
				  bands->width / 10);
	bands->last = (struct ctl_place){ 0, 0 };
	return ctl_buffer_text(&bands->path);
}

void ctl_svg_bands_add(struct ctl_svg_bands *bands, struct ctl_place place)
{
	if (place.bottom < bands->last.top)
		ctl_svg_bands_end(bands);
	if (!bands->last.bottom)
		bands->last = place;
	bands->last.top = place.top;
}
