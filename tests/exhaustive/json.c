/* SPDX-License-Identifier: MIT */
/*
 * JSON texts, each of which ends at an unreadable page. The reader must accept what the grammar
 * accepts, refuse the rest for the same kind of fault, and never read past the end.
 */
#include "config.h"

#include "exhaustive.h"
#include "json_reference.h"
#include "wire/json_parse.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define ROOM ((size_t)1 << 20)

/* The texts end here, and an unreadable page begins. */
static unsigned char *end;

/* Only this function calls the reader. */
static enum json_verdict verdict_of_reader(const unsigned char *text, size_t length)
{
	static struct gpald_arena *arena;
	struct gpald_wire_error error;
	const cJSON *value;

	if (arena)
		gpald_arena_reset(arena);
	else
		arena = gpald_arena_new(ROOM);
	if (gpald_json_parse((const char *)text, length, arena, &value, &error) == 0)
		return JSON_FINE;
	if (error.offset > length)
		differ("offset %zu of %zu", error.offset, length);
	switch (error.reason) {
	case GPALD_INVALID_JSON:
		return JSON_INVALID;
	case GPALD_INVALID_UTF8:
		return JSON_BAD_UTF8;
	case GPALD_DUPLICATE_KEY:
		return JSON_DUPLICATE;
	case GPALD_TOO_DEEP:
		return JSON_DEEP;
	case GPALD_TOO_MANY_VALUES:
		return JSON_MANY;
	default:
		differ("reason %d", (int)error.reason);
		return JSON_FINE;
	}
}

/*
 * Replaces src/wire/reason.c, because making the message would take longer than reading the text.
 */
int gpald_refuse(struct gpald_wire_error *error, enum gpald_reason reason, const char *format, ...)
{
	(void)format;
	error->reason = reason;
	error->offset = 0;
	return -1;
}

static void text_differs(const unsigned char *text, size_t length, int verdict, int expected)
{
	char shown[256];
	size_t at = 0;

	for (size_t i = 0; i < length && at < sizeof(shown) - 5; i++)
		at += (size_t)snprintf(shown + at, sizeof(shown) - at,
				       text[i] < 0x20 || text[i] > 0x7e ? "\\x%02x" : "%c",
				       text[i]);
	shown[at] = '\0';
	differ("verdict %d, not %d, of %zu bytes: %s", verdict, expected, length, shown);
}

/* Checks the text of `length` bytes directly before the unreadable page. */
static uint64_t check_placed(size_t length)
{
	const unsigned char *text = end - length;
	const enum json_verdict verdict = verdict_of_reader(text, length);
	const enum json_verdict expected = json_reference(text, length);

	if (verdict != expected)
		text_differs(text, length, (int)verdict, (int)expected);
	return 1;
}

static uint64_t check_text(const char *text, size_t length)
{
	memcpy(end - length, text, length);
	return check_placed(length);
}

/* Checks a text and all its prefixes. */
static uint64_t check_beginnings(const char *text, size_t length)
{
	uint64_t cases = 0;

	for (size_t i = 0; i <= length; i++)
		cases += check_text(text, i);
	return cases;
}

static void make_room(void)
{
	end = (unsigned char *)guarded_bytes(ROOM) + ROOM;
}

/* Symbols of one or more bytes. All sequences of them are tried. */
struct alphabet {
	const char *symbols[64];
	size_t lengths[64];
	size_t count;
};

static void add_symbol(struct alphabet *alphabet, const char *symbol, size_t length)
{
	alphabet->symbols[alphabet->count] = symbol;
	alphabet->lengths[alphabet->count++] = length;
}

/* Adds symbols of one byte each. */
static void add_bytes(struct alphabet *alphabet, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add_symbol(alphabet, bytes + i, 1);
}

/* Checks all texts with up to `left` more symbols before the `length` bytes that are in place. */
static uint64_t check_sequences(const struct alphabet *alphabet, unsigned int left, size_t length)
{
	uint64_t cases = check_placed(length);

	for (size_t i = 0; left > 0 && i < alphabet->count; i++) {
		const size_t longer = length + alphabet->lengths[i];

		memcpy(end - longer, alphabet->symbols[i], alphabet->lengths[i]);
		cases += check_sequences(alphabet, left - 1, longer);
	}
	return cases;
}

/* The same, divided among the workers by the last symbol. */
static uint64_t check_all_sequences(struct share *share, const struct alphabet *alphabet,
				    unsigned int symbols)
{
	uint64_t cases = 0;

	make_room();
	if (share_takes(share))
		cases += check_placed(0);
	for (size_t i = 0; i < alphabet->count; i++) {
		if (!share_takes(share))
			continue;
		memcpy(end - alphabet->lengths[i], alphabet->symbols[i], alphabet->lengths[i]);
		cases += check_sequences(alphabet, symbols - 1, alphabet->lengths[i]);
	}
	return cases;
}

static uint64_t structures(struct share *share)
{
	struct alphabet alphabet = { .count = 0 };

	add_bytes(&alphabet, "{}[],:7", 7);
	add_symbol(&alphabet, "\"k\"", 3);
	return check_all_sequences(share, &alphabet, share->is_long ? 9 : 8);
}

static uint64_t numbers(struct share *share)
{
	struct alphabet alphabet = { .count = 0 };

	add_bytes(&alphabet, "019.-+eE", 8);
	return check_all_sequences(share, &alphabet, share->is_long ? 8 : 6);
}

static uint64_t spaces_and_others(struct share *share)
{
	struct alphabet alphabet = { .count = 0 };

	add_bytes(&alphabet, " \t\r\n\v\0[]", 8);
	return check_all_sequences(share, &alphabet, share->is_long ? 7 : 5);
}

static uint64_t words(struct share *share)
{
	struct alphabet alphabet = { .count = 0 };

	add_bytes(&alphabet, "truefalsn", 9);
	return check_all_sequences(share, &alphabet, share->is_long ? 6 : 5);
}

/* Every text of up to three bytes. */
static uint64_t bytes(struct share *share)
{
	uint64_t cases = 0;

	make_room();
	for (unsigned int first = 0; first < 256; first++) {
		if (!share_takes(share))
			continue;
		end[-1] = (unsigned char)first;
		cases += check_placed(1);
		for (unsigned int n = 0; n < 65536; n++) {
			end[-1] = (unsigned char)first;
			end[-2] = (unsigned char)n;
			end[-3] = (unsigned char)(n >> 8);
			cases += n < 256 ? check_placed(2) + check_placed(3) : check_placed(3);
		}
	}
	return cases + (share->worker == 0 ? check_placed(0) : 0);
}

/* Checks all texts of a quote, up to `left` bytes of a set, and the bytes from `at` on. */
static uint64_t check_strings(const unsigned char *set, size_t size, unsigned int left,
			      unsigned char *at)
{
	const size_t length = (size_t)(end - at);
	uint64_t cases = 0;

	at[-1] = '"';
	cases += check_placed(length + 1);
	for (size_t i = 0; left > 0 && i < size; i++) {
		at[-1] = set[i];
		cases += check_strings(set, size, left - 1, at - 1);
	}
	return cases;
}

/* The first and last bytes in the rows of Unicode's table of well-formed UTF-8. */
static const unsigned char boundaries[] = {
	0x00, 0x1f, 0x20, 0x21, 0x22, 0x5c, 0x7e, 0x7f, 0x80, 0x81, 0x8f, 0x90,
	0x9f, 0xa0, 0xbe, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed,
	0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf7, 0xf8, 0xff,
};

static uint64_t utf8(struct share *share)
{
	uint64_t cases = 0;

	make_room();
	for (size_t i = 0; i < sizeof(boundaries); i++) {
		if (!share_takes(share))
			continue;
		end[-1] = boundaries[i];
		cases += check_strings(boundaries, sizeof(boundaries), 3, end - 1);
		/* Here boundaries[i] is the last byte before the closing quote. */
		end[-1] = '"';
		end[-2] = boundaries[i];
		cases += check_strings(boundaries, sizeof(boundaries), 3, end - 2);
	}
	return cases;
}

/*
 * All strings of three bytes whose first is 0xe0 to 0xef. In the long form also all strings of four
 * bytes whose first is 0xf0 to 0xff.
 */
static uint64_t all_utf8(struct share *share)
{
	const unsigned int first_end = share->is_long ? 0x100 : 0xf0;
	uint64_t cases = 0;

	make_room();
	for (unsigned int first = 0xe0; first < first_end; first++) {
		const unsigned int more = first >= 0xf0 ? 256 : 1;

		if (!share_takes(share))
			continue;
		end[-1] = '"';
		for (unsigned int fourth = 0; fourth < more; fourth++)
			for (unsigned int n = 0; n < 65536; n++) {
				const unsigned char text[] = { '"', (unsigned char)first,
							       (unsigned char)(n >> 8),
							       (unsigned char)n,
							       (unsigned char)fourth };
				const size_t size = more > 1 ? 5 : 4;

				memcpy(end - 1 - size, text, size);
				cases += check_placed(size + 1);
			}
	}
	return cases;
}

/* A text under construction. */
struct text {
	char bytes[512];
	size_t length;
};

static void append(struct text *text, const char *bytes)
{
	memcpy(text->bytes + text->length, bytes, strlen(bytes));
	text->length += strlen(bytes);
}

static void append_unit(struct text *text, unsigned int unit)
{
	char escape[8];

	snprintf(escape, sizeof(escape), "\\u%04x", unit & 0xffff);
	append(text, escape);
}

static uint64_t check_units(unsigned int a, unsigned int b)
{
	struct text text = { .length = 0 };

	append(&text, "\"");
	append_unit(&text, a);
	append_unit(&text, b);
	append(&text, "\"");
	return check_text(text.bytes, text.length);
}

/*
 * Checks a unit as a key, next to a key that differs in the last bit or in the case of its digits.
 */
static uint64_t check_unit_keys(unsigned int unit)
{
	struct text text = { .length = 0 };

	append(&text, "{\"");
	append_unit(&text, unit);
	for (size_t i = 3; i < text.length; i++)
		text.bytes[i] = (char)toupper(text.bytes[i]);
	text.bytes[3] = 'u';
	append(&text, "\":1,\"");
	append_unit(&text, unit % 3 == 0 ? unit : unit ^ 1);
	append(&text, "\":2}");
	return check_text(text.bytes, text.length);
}

/* Halves of surrogate pairs, their neighbours, and other units. */
static const unsigned int units[] = { 0x0000, 0x0001, 0x0022, 0x007f, 0x0080, 0x07ff,
				      0x0800, 0xd7ff, 0xd800, 0xd801, 0xdbff, 0xdc00,
				      0xdc01, 0xdfff, 0xe000, 0xffff };
#define UNITS (sizeof(units) / sizeof(units[0]))

static uint64_t escapes(struct share *share)
{
	uint64_t cases = 0;

	make_room();
	for (unsigned int unit = 0; unit < 65536; unit++) {
		if (!share_takes(share))
			continue;
		cases += check_unit_keys(unit);
		for (size_t i = 0; i < UNITS; i++) {
			cases += check_units(unit, units[i]);
			if (share->is_long)
				cases += check_units(units[i], unit);
		}
	}
	return cases;
}

/* Each byte at each place of an escape, and every prefix of two escapes. */
static uint64_t broken_escapes(struct share *share)
{
	static const char *const escapes[] = { "\"\\n\"", "\"\\u0aF9\"", "\"\\ud800\\udc00\"" };
	uint64_t cases = 0;

	make_room();
	for (size_t e = 0; e < 3; e++)
		for (size_t at = 0; at < strlen(escapes[e]); at++)
			for (unsigned int byte = 0; byte < 256; byte++) {
				char text[16];

				if (!share_takes(share))
					continue;
				strcpy(text, escapes[e]);
				text[at] = (char)byte;
				cases += check_beginnings(text, strlen(escapes[e]));
			}
	for (size_t a = 0; a < UNITS; a++)
		for (size_t b = 0; b < UNITS; b++) {
			struct text text = { .length = 0 };

			append(&text, "[\"");
			append_unit(&text, units[a]);
			append_unit(&text, units[b]);
			append(&text, "\"]");
			if (share_takes(share))
				cases += check_beginnings(text.bytes, text.length);
		}
	return cases;
}

/* Numbers near the greatest length and near the greatest value. */
static uint64_t number_bounds(struct share *share)
{
	static const char *const mantissas[] = {
		"0",
		"0.0",
		"1",
		"-1",
		"9",
		"1.7976931348623157",
		"1.7976931348623158",
		"1.7976931348623159",
		"17976931348623158",
		"0.00017976931348623158",
		"1.8",
		"1.797693134862315807937289714053034150799341327100378",
		"-1.797693134862315807937289714053034150799341327100379",
		"179769313486231580793728971405303415079934132710037.9",
		"4.9406564584124654",
		"0.00000000000000000000000000000001",
	};
	static const char *const starts[] = { "", "-", "0.", "-1.", "1e", "1E-", "0.0e+", "-0." };
	char text[160];
	uint64_t cases = 0;

	make_room();
	for (size_t m = 0; m < sizeof(mantissas) / sizeof(mantissas[0]); m++)
		for (int power = -420; power <= 420; power++) {
			int length = snprintf(text, sizeof(text), "%se%d", mantissas[m], power);

			if (!share_takes(share))
				continue;
			cases += check_text(text, (size_t)length);
			length = snprintf(text, sizeof(text), "%sE%+05d", mantissas[m], power);
			cases += check_text(text, (size_t)length);
		}
	for (unsigned int digits = 1; digits <= 70; digits++)
		for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
			struct text number = { .length = 0 };

			append(&number, starts[i]);
			for (unsigned int digit = 0; digit < digits; digit++)
				append(&number, "1");
			if (share_takes(share))
				cases += check_text(number.bytes, number.length);
		}
	return cases;
}

/* Keys that are equal or nearly equal, in several spellings. */
static const char *const keys[] = {
	"",
	"a",
	"\\u0061",
	"\\u0041",
	"b",
	"aa",
	"a\\u0061",
	"\\/",
	"/",
	"\\n",
	"\\u000a",
	"\\\"",
	"\\u0022",
	"\\\\",
	"\xc3\xa9",
	"\\u00e9",
	"\\u00E9",
	"\xe2\x82\xac",
	"\\u20ac",
	"\xf0\x9f\x98\x80",
	"\\ud83d\\ude00",
	"\\ud83d\\ude01",
	"\\t",
	"\\u0009",
};
#define KEYS (sizeof(keys) / sizeof(keys[0]))

static uint64_t check_keys(const char *const four[4])
{
	/* The text before, between and after the keys. */
	static const char *const forms[][5] = {
		{ "{\"", "\":1,\"", "\":[],\"", "\":{},\"", "\":0}" },
		{ "{\"", "\":{\"", "\":1,\"", "\":1},\"", "\":1}" },
		{ "[{\"", "\":1,\"", "\":1},{\"", "\":1,\"", "\":1}]" },
	};
	uint64_t cases = 0;

	for (size_t form = 0; form < sizeof(forms) / sizeof(forms[0]); form++) {
		struct text text = { .length = 0 };

		append(&text, forms[form][0]);
		for (size_t key = 0; key < 4; key++) {
			append(&text, four[key]);
			append(&text, forms[form][key + 1]);
		}
		cases += check_text(text.bytes, text.length);
	}
	return cases;
}

static uint64_t equal_keys(struct share *share)
{
	const size_t count = share->is_long ? KEYS : 14;
	uint64_t cases = 0;

	make_room();
	for (size_t a = 0; a < KEYS; a++)
		for (size_t b = 0; b < KEYS; b++) {
			if (!share_takes(share))
				continue;
			for (size_t c = 0; c < count; c++)
				for (size_t d = 0; d < count; d++)
					cases += check_keys((const char *const[]){
						keys[a], keys[b], keys[c], keys[d] });
		}
	return cases;
}

/* About 32 nested containers: each sequence of ten arrays and objects, repeated to that depth. */
static uint64_t depths(struct share *share)
{
	uint64_t cases = 0;

	make_room();
	for (unsigned int depth = 28; depth <= 36; depth++)
		for (unsigned int objects = 0; objects < 1024; objects++) {
			struct text text = { .length = 0 };
			char closing[64];

			if (!share_takes(share))
				continue;
			for (unsigned int i = 0; i < depth; i++) {
				const bool is_object = objects >> (i % 10) & 1;

				append(&text, is_object ? "{\"k\":" : "[");
				closing[depth - 1 - i] = is_object ? '}' : ']';
			}
			closing[depth] = '\0';
			cases += check_text(text.bytes, text.length);
			append(&text, "0");
			append(&text, closing);
			cases += check_text(text.bytes, text.length - 1);
			cases += check_text(text.bytes, text.length);
		}
	return cases;
}

/* About 65536 values. */
static uint64_t values(struct share *share)
{
	uint64_t cases = 0;

	make_room();
	for (unsigned int count = 65530; count < 65540; count++) {
		static char text[2 * 65540 + 2];
		size_t length = 0;

		text[length++] = '[';
		for (unsigned int i = 1; i < count; i++) {
			text[length++] = '0';
			text[length++] = i < count - 1 ? ',' : ']';
		}
		if (!share_takes(share))
			continue;
		cases += check_text(text, length);
		cases += check_text(text, length - 1);
	}
	return cases;
}

int main(int argc, char **argv)
{
	static const struct space spaces[] = {
		{ "JSON, any bytes", bytes, 16843009, 0 },
		{ "JSON, structures", structures, 19173961, 153391689 },
		{ "JSON, numbers", numbers, 299593, 19173961 },
		{ "JSON, bounds of numbers", number_bounds, 27472, 0 },
		{ "JSON, spaces", spaces_and_others, 37449, 2396745 },
		{ "JSON, words", words, 66430, 597871 },
		{ "JSON, UTF-8 boundaries", utf8, 2753660, 0 },
		{ "JSON, UTF-8", all_utf8, 1048576, 269484032 },
		{ "JSON, escapes", escapes, 1114112, 2162688 },
		{ "JSON, broken escapes", broken_escapes, 81664, 0 },
		{ "JSON, keys", equal_keys, 338688, 995328 },
		{ "JSON, depths", depths, 27648, 0 },
		{ "JSON, number of values", values, 20, 0 },
	};

	return exhaustive_main(argc, argv, spaces, sizeof(spaces) / sizeof(spaces[0]));
}
