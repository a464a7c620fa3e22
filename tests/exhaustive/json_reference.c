/* SPDX-License-Identifier: MIT */
/* A recursive descent over RFC 8259; each rule's ABNF stands above its function. */
#include "json_reference.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH 32
#define VALUES 65536
#define NUMBER_LENGTH 63
#define NAMES_MAX 70000
#define POINTS_MAX 1000000

/* The name of a member in an open object, as code points. */
struct name {
	const uint32_t *points;
	size_t length;
};

static struct name names[NAMES_MAX];
static uint32_t points[POINTS_MAX];

struct reader {
	const unsigned char *text;
	size_t length;
	size_t at;
	enum json_verdict fault; /* the first one */
	unsigned int depth;
	unsigned int values;
	size_t names;
	size_t points;
};

static bool fault(struct reader *r, enum json_verdict verdict)
{
	r->fault = verdict;
	return false;
}

/* Reads the next byte and returns true, if the byte is in the set. */
static bool take(struct reader *r, const char *set, size_t size)
{
	if (r->at == r->length)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (r->text[r->at] == (unsigned char)set[i]) {
			r->at++;
			return true;
		}
	}
	return false;
}
#define TAKE(r, set) take(r, set, sizeof(set) - 1)

/* ws = *( %x20 / %x09 / %x0A / %x0D ) */
static void space(struct reader *r)
{
	while (TAKE(r, "\x20\x09\x0a\x0d"))
		;
}

#define DIGITS "0123456789"

/* 1*DIGIT. Appends them to buffer[] without leading zeros, as far as they fit, and counts them. */
static bool digits(struct reader *r, char *buffer, size_t *count)
{
	const size_t start = r->at;

	while (TAKE(r, DIGITS)) {
		const char digit = (char)r->text[r->at - 1];

		if (*count == 0 && digit == '0')
			continue;
		if (*count < NUMBER_LENGTH)
			buffer[*count] = digit;
		++*count;
	}
	return r->at > start || fault(r, JSON_INVALID);
}

/*
 * Returns true if 0.DIGITS times 10 to the power of `exponent` is at least 2^1024 - 2^970. Such a
 * number is rounded to infinity.
 */
static bool is_infinite(const char *significant, size_t count, long exponent)
{
	static const char limit[] =
		"179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416692887910946555547851940402630657488671505820681908902000708383676273854845817711531764475730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880177904174497792";

	if (count == 0 || exponent != (long)sizeof(limit) - 1)
		return count > 0 && exponent > (long)sizeof(limit) - 1;
	for (size_t i = 0; i < sizeof(limit) - 1; i++) {
		const char digit = i < count ? significant[i] : '0';

		if (digit != limit[i])
			return digit > limit[i];
	}
	return true;
}

/*
 * number = [ "-" ] int [ frac ] [ exp ]
 * int = "0" / ( digit1-9 *DIGIT ); frac = "." 1*DIGIT; exp = "e" [ "-" / "+" ] 1*DIGIT
 */
static bool number(struct reader *r)
{
	const size_t start = r->at;
	char significant[NUMBER_LENGTH], power[NUMBER_LENGTH];
	size_t count = 0, power_count = 0;
	long exponent, given = 0;

	(void)TAKE(r, "-");
	if (!TAKE(r, "0") && !digits(r, significant, &count))
		return false;
	exponent = (long)count;
	if (TAKE(r, ".")) {
		const size_t point = r->at;

		if (!digits(r, significant, &count))
			return false;
		/* Zeros after the point count even if they are not significant. */
		if (exponent == 0)
			exponent = (long)count - (long)(r->at - point);
	}
	if (TAKE(r, "eE")) {
		const bool minus = TAKE(r, "-");

		if (!minus)
			(void)TAKE(r, "+");
		if (!digits(r, power, &power_count))
			return false;
		for (size_t i = 0; i < power_count && given < 100000; i++)
			given = i < NUMBER_LENGTH ? given * 10 + (power[i] - '0') : 100000;
		exponent += minus ? -given : given;
	}
	if (r->at - start > NUMBER_LENGTH || is_infinite(significant, count, exponent))
		return fault(r, JSON_INVALID);
	return true;
}

/* 4HEXDIG */
static bool hex4(struct reader *r, uint32_t *unit)
{
	*unit = 0;
	for (int i = 0; i < 4; i++) {
		char digit[2] = "";

		if (!TAKE(r, DIGITS "abcdefABCDEF"))
			return false;
		digit[0] = (char)r->text[r->at - 1];
		*unit = *unit << 4 | (uint32_t)strtoul(digit, NULL, 16);
	}
	return true;
}

/* Reads an escape after its escape character: one of "\/bfnrt, or u and four digits. */
static bool escaped(struct reader *r, uint32_t *point)
{
	static const char letters[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	uint32_t low;

	if (TAKE(r, "\"\\/bfnrt")) {
		*point = (uint32_t)values[strchr(letters, r->text[r->at - 1]) - letters];
		return true;
	}
	if (!TAKE(r, "u") || !hex4(r, point) || *point == 0)
		return fault(r, JSON_INVALID);
	if (*point < 0xd800 || *point > 0xdfff)
		return true;
	if (*point > 0xdbff || !TAKE(r, "\\") || !TAKE(r, "u") || !hex4(r, &low) || low < 0xdc00 ||
	    low > 0xdfff)
		return fault(r, JSON_BAD_UTF8);
	*point = 0x10000 + ((*point & 0x3ff) << 10 | (low & 0x3ff));
	return true;
}

/* unescaped = %x20-21 / %x23-5B / %x5D-10FFFF, in the shortest UTF-8 */
static bool unescaped(struct reader *r, uint32_t *point)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char first = r->text[r->at++];
	unsigned int length = 0;

	if (first < 0x20)
		return fault(r, JSON_INVALID);
	while (length < 8 && first & 0x80 >> length)
		length++;
	if (length == 1 || length > 4)
		return fault(r, JSON_BAD_UTF8);
	*point = first & 0xffu >> (length + 1);
	for (unsigned int i = 1; i < length; i++) {
		if (r->at == r->length || r->text[r->at] >> 6 != 2)
			return fault(r, JSON_BAD_UTF8);
		*point = *point << 6 | (r->text[r->at++] & 0x3f);
	}
	if (length > 0 &&
	    (*point < least[length] || *point > 0x10ffff || (*point >= 0xd800 && *point <= 0xdfff)))
		return fault(r, JSON_BAD_UTF8);
	return true;
}

/* string = quotation-mark *char quotation-mark, after the first quotation mark */
static bool string(struct reader *r, struct name *name)
{
	uint32_t *out = &points[r->points];

	*name = (struct name){ out, 0 };
	while (!TAKE(r, "\"")) {
		if (r->at == r->length)
			return fault(r, JSON_INVALID);
		if (r->points + name->length == POINTS_MAX)
			abort();
		if (TAKE(r, "\\") ? !escaped(r, &out[name->length]) :
				    !unescaped(r, &out[name->length]))
			return false;
		name->length++;
	}
	return true;
}

static bool value(struct reader *r);

/* Forgets the members' names from `first` on. Returns false if two are equal. */
static bool forget(struct reader *r, size_t first, size_t first_point)
{
	bool twice = false;

	for (size_t i = first; i < r->names; i++)
		for (size_t j = first; j < i; j++)
			twice |= names[i].length == names[j].length &&
				 memcmp(names[i].points, names[j].points,
					names[i].length * sizeof(uint32_t)) == 0;
	r->names = first;
	r->points = first_point;
	return !twice || fault(r, JSON_DUPLICATE);
}

/* object = "{" [ member *( "," member ) ] "}", after the brace; member = string ":" value */
static bool object(struct reader *r)
{
	const size_t first = r->names, first_point = r->points;

	space(r);
	if (TAKE(r, "}"))
		return true;
	do {
		struct name name;

		space(r);
		if (!TAKE(r, "\""))
			return fault(r, JSON_INVALID);
		if (!string(r, &name))
			return false;
		if (r->names == NAMES_MAX)
			abort();
		names[r->names++] = name;
		r->points += name.length;
		space(r);
		if (!TAKE(r, ":"))
			return fault(r, JSON_INVALID);
		if (!value(r))
			return false;
	} while (TAKE(r, ","));
	return TAKE(r, "}") ? forget(r, first, first_point) : fault(r, JSON_INVALID);
}

/* array = "[" [ value *( "," value ) ] "]", after the bracket */
static bool array(struct reader *r)
{
	space(r);
	if (TAKE(r, "]"))
		return true;
	do {
		if (!value(r))
			return false;
	} while (TAKE(r, ","));
	return TAKE(r, "]") || fault(r, JSON_INVALID);
}

/* A literal name. */
static bool literal(struct reader *r, const char *name)
{
	for (; *name; name++)
		if (!take(r, name, 1))
			return fault(r, JSON_INVALID);
	return true;
}

/* value = false / null / true / object / array / number / string, between spaces */
static bool value(struct reader *r)
{
	struct name ignored;
	bool ok;

	space(r);
	if (++r->values > VALUES)
		return fault(r, JSON_MANY);
	if (r->at < r->length && strchr("{[", r->text[r->at]) && r->text[r->at] &&
	    r->depth == DEPTH)
		return fault(r, JSON_DEEP);
	r->depth++;
	if (TAKE(r, "{"))
		ok = object(r);
	else if (TAKE(r, "["))
		ok = array(r);
	else if (TAKE(r, "\""))
		ok = string(r, &ignored);
	else if (TAKE(r, "t"))
		ok = literal(r, "rue");
	else if (TAKE(r, "f"))
		ok = literal(r, "alse");
	else if (TAKE(r, "n"))
		ok = literal(r, "ull");
	else
		ok = number(r);
	r->depth--;
	if (ok)
		space(r);
	return ok;
}

enum json_verdict json_reference(const unsigned char *text, size_t length)
{
	struct reader r = { .text = text, .length = length };

	if (value(&r) && r.at < length)
		return JSON_INVALID;
	return r.fault;
}
