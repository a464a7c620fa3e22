/* SPDX-License-Identifier: MIT */
/*
 * How a map formats numbers, shortens and wraps texts, and whether its colours are readable. Also
 * tests how values are unquoted.
 */
#include "config.h"

#include "gpalayoutctl/map/paint.h"
#include "gpalayoutctl/request/value.h"
#include "gpalayoutctl/size_text.h"
#include "gpalayoutctl/terminal_text.h"
#include "tests/unit/suite.h"

#include <stdlib.h>
#include <string.h>

#define KIB UINT64_C(0x400)
#define MIB UINT64_C(0x100000)
#define GIB UINT64_C(0x40000000)
#define TIB UINT64_C(0x10000000000)

static const struct {
	uint64_t n;
	const char *human;
	const char *full;
	const char *brief;
	unsigned int log2_sixteenths;
} numbers[] = {
	{ 0, "0", "0 B", "0 B", 0 },
	{ 17, "17 B", "17 B", "17 B", 65 },
	{ 4096, "4 KiB", "4 KiB", "4 KiB", 192 },
	{ 6 * KIB, "6 KiB", "6 KiB", "6 KiB", 200 },
	{ 1536 * MIB, "1.5 GiB", "1.5 GiB", "1.5 GiB", 488 },
	{ 3 * GIB, "3 GiB", "3 GiB", "3 GiB", 504 },
	{ 3 * GIB - 4 * KIB, "≈ 3 GiB", "3145724 KiB ≈ 3 GiB", "≈ 3 GiB", 503 },
	{ 851948 * KIB, "≈ 832 MiB", "851948 KiB ≈ 832 MiB", "≈ 832 MiB", 473 },
	{ 3904 * MIB, "≈ 3.81 GiB", "3904 MiB", "3904 MiB", 510 },
	{ 1012 * GIB, "1012 GiB", "1012 GiB", "1012 GiB", 639 },
	/* 1023.6 MiB, which rounds to 1024 */
	{ 1048164 * KIB, "≈ 1 GiB", "1048164 KiB ≈ 1 GiB", "≈ 1 GiB", 479 },
	{ 24574 * GIB, "≈ 24 TiB", "24574 GiB ≈ 24 TiB", "≈ 24 TiB", 711 },
	/* 9.995 and 99.95 round up to another number of digits */
	{ 10235 * MIB, "≈ 10 GiB", "10235 MiB ≈ 10 GiB", "≈ 10 GiB", 531 },
	{ 102348 * MIB, "≈ 99.9 GiB", "102348 MiB ≈ 99.9 GiB", "≈ 99.9 GiB", 584 },
	{ 102350 * MIB, "≈ 100 GiB", "102350 MiB ≈ 100 GiB", "≈ 100 GiB", 584 },
	{ UINT64_MAX - 4095, "≈ 16 EiB", "18014398509481980 KiB ≈ 16 EiB", "≈ 16 EiB", 1023 },
};

START_TEST(numbers_are_exact_or_marked)
{
	ck_assert_str_eq(ctl_number_text(CTL_NUMBER_HUMAN, numbers[_i].n).text, numbers[_i].human);
	ck_assert_str_eq(ctl_number_text(CTL_NUMBER_FULL, numbers[_i].n).text, numbers[_i].full);
	ck_assert_str_eq(ctl_number_text(CTL_NUMBER_SHORT, numbers[_i].n).text, numbers[_i].brief);
	ck_assert_uint_eq(ctl_log2_sixteenths(numbers[_i].n), numbers[_i].log2_sixteenths);
}
END_TEST

static const struct {
	const char *text;
	size_t room;
	bool ascii;
	const char *shortened;
} names[] = {
	{ "pcie-rc0-low-mmio", 17, false, "pcie-rc0-low-mmio" },
	{ "pcie-rc0-low-mmio", 16, false, "pcie-rc0…ow-mmio" },
	{ "pcie-rc0-low-mmio", 9, true, "pci...mio" },
	{ "pcie-rc0-low-mmio", 1, false, "…" },
	{ "ab界界界cd", 8, false, "ab界…cd" },
	{ "ab界界界cd", 7, false, "ab…界cd" },
	{ "界界", 4, false, "界界" },
	{ "äöüß", 3, false, "ä…ß" },
	{ "", 0, false, "" },
};

START_TEST(names_lose_their_middle)
{
	ctl_cleanup_buffer struct gpald_bytes text = { 0 };

	ctl_buffer_puts(&text, names[_i].text);
	ctl_shorten(&text, names[_i].room, names[_i].ascii);
	ck_assert_str_eq(ctl_buffer_text(&text), names[_i].shortened);
}
END_TEST

START_TEST(names_are_safe_and_may_become_ascii)
{
	ctl_cleanup_buffer struct gpald_bytes text = { 0 };

	ctl_name_append(&text, "ä\x07\u202e界\U0001f600", false);
	ctl_buffer_puts(&text, " ");
	ctl_name_append(&text, "ä\x07\u202e界\U0001f600", true);
	ck_assert_str_eq(text.data,
			 "ä\\u0007\\u202e界\U0001f600 \\u00e4\\u0007\\u202e\\u754c\\u1f600");
	ck_assert_uint_eq(ctl_text_cells("ä界\U0001f600"), 5);
}
END_TEST

START_TEST(lines_break_at_blanks_if_they_can)
{
	ctl_cleanup_buffer struct gpald_bytes out = { 0 };

	ctl_wrap_append(&out, "one two threefourfive 界界界界界", 9, 9, false);
	ck_assert_str_eq(out.data, "one two\n  threefo\n  urfive\n  界界界\n  界界\n");
	out.length = 0;
	ctl_wrap_append(&out, "one two threefourfive 界界界界界", 9, 2, true);
	ck_assert_str_eq(out.data, "one two\n  thre...\n");
	out.length = 0;
	ctl_wrap_append(&out, "one two", 7, 1, false);
	ck_assert_str_eq(out.data, "one two\n");
}
END_TEST

/* Relative luminance and contrast as WCAG 2 defines them. */
static double luminance(const char *colour)
{
	static const double weights[] = { 0.0722, 0.7152, 0.2126 };
	unsigned long value = strtoul(colour + 1, NULL, 16);
	double sum = 0;

	ck_assert_uint_eq(strlen(colour), 7);
	for (int i = 0; i < 3; i++, value >>= 8) {
		double part = (double)(value & 0xff) / 255;
		double base = (part + 0.055) / 1.055;

		/* base^2.4 is base^2 times the fifth root of base^2. */
		double root = base;

		for (int step = 0; step < 60; step++)
			root -= (root * root * root * root * root - base * base) /
				(5 * root * root * root * root);
		sum += weights[i] * (part <= 0.04045 ? part / 12.92 : base * base * root);
	}
	return sum;
}

static double contrast(const char *a, const char *b)
{
	double first = luminance(a) + 0.05, second = luminance(b) + 0.05;

	return first > second ? first / second : second / first;
}

START_TEST(texts_and_edges_have_contrast)
{
	static const char *const inks[][2] = { { CTL_INK, CTL_INK_DARK },
					       { CTL_MUTED, CTL_MUTED_DARK } };
	static const char *const grounds[] = { CTL_GROUND, CTL_GROUND_DARK };
	const struct ctl_paint_style *row = &ctl_paints[_i];

	ck_assert_double_ge_tol(contrast("#000000", "#FFFFFF"), 21, 0.001);
	for (int theme = 0; theme < 2; theme++) {
		for (int i = 0; i < COUNT_OF(inks); i++) {
			ck_assert_double_ge(contrast(inks[i][theme], row->tints[theme]), 4.5);
			ck_assert_double_ge(contrast(inks[i][theme], grounds[theme]), 4.5);
		}
		ck_assert_double_ge(contrast(row->edges[theme], row->tints[theme]), 3);
		ck_assert_double_ge(contrast(row->edges[theme], grounds[theme]), 3);
	}
}
END_TEST

/*
 * Without colours, no two classes have the same characters. Those with a pattern in SVG have
 * different ones; mixed ranges, RAM and other ranges have none.
 */
START_TEST(classes_differ_without_colour)
{
	for (int i = 0; i < CTL_PAINT_COUNT; i++) {
		for (int j = 0; j < i; j++) {
			const struct ctl_paint_style *a = &ctl_paints[i], *b = &ctl_paints[j];

			if (!a->label || !b->label)
				continue;
			ck_assert_str_ne(a->ascii, b->ascii);
			ck_assert_str_ne(a->block, b->block);
			if (a->pattern && b->pattern)
				ck_assert_str_ne(a->pattern, b->pattern);
		}
	}
}
END_TEST

START_TEST(combining_characters_take_no_cells)
{
	ck_assert_uint_eq(ctl_text_cells("e\u0301"), 1);
	ck_assert_uint_eq(ctl_text_cells("a\u20dd\ufe0fb"), 2);
	ck_assert_uint_eq(ctl_text_cells("か\u3099"), 2);
}
END_TEST

START_TEST(utf8_ends_at_the_first_invalid_byte)
{
	ck_assert_uint_eq(ctl_utf8_length(""), 0);
	ck_assert_uint_eq(ctl_utf8_length("aé世🙂"), 10);
	ck_assert_uint_eq(ctl_utf8_length("é\xff"), 2);
	ck_assert_uint_eq(ctl_utf8_length("a\xc3"), 1);
	ck_assert_uint_eq(ctl_utf8_length("\xed\xa0\x80"), 0);
}
END_TEST

/* A name may end in a backslash, which must quote nothing. */
START_TEST(a_backslash_at_the_end_quotes_nothing)
{
	char part[] = { 'a', '\\', '\0', 'b', '\0' };
	const char text[] = { 'a', '\0', '\0' };

	ck_assert_str_eq(ctl_unquote(part), "a\\");
	ck_assert(!ctl_unquoted_equals("a\\", 2, text));
	ck_assert(ctl_unquoted_equals("a\\", 2, "a\\"));
	ck_assert(!ctl_unquoted_equals("ab", 2, "a"));
	ck_assert(ctl_unquoted_equals("a\\,,", 3, "a,"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("map texts");

	add_rows(suite, "numbers are exact or marked", numbers_are_exact_or_marked,
		 COUNT_OF(numbers));
	add_rows(suite, "names lose their middle", names_lose_their_middle, COUNT_OF(names));
	add_test(suite, "names are safe and may become ASCII", names_are_safe_and_may_become_ascii);
	add_test(suite, "lines break at blanks if they can", lines_break_at_blanks_if_they_can);
	add_rows(suite, "texts and edges have contrast", texts_and_edges_have_contrast,
		 CTL_PAINT_COUNT);
	add_test(suite, "classes differ without colour", classes_differ_without_colour);
	add_test(suite, "combining characters take no cells", combining_characters_take_no_cells);
	add_test(suite, "UTF-8 ends at the first invalid byte",
		 utf8_ends_at_the_first_invalid_byte);
	add_test(suite, "a backslash at the end quotes nothing",
		 a_backslash_at_the_end_quotes_nothing);
	return run_suite(suite);
}
