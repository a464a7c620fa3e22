/* SPDX-License-Identifier: MIT */
/*
 * Decoding of JSON objects by tables: a row a member. A decoder walks the members
 * of an object once, refuses those it does not know, keeps the JSON pointer of
 * where it is, and stops at the first fault.
 */
#ifndef GPALD_WIRE_DECODER_H
#define GPALD_WIRE_DECODER_H

#include "core/arena.h"
#include "wire/json_parse.h"
#include "wire/reason.h"

#include <cjson/cJSON.h>
#include <gpalayout/export.h>
#include <gpalayout/policy.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the params of a request mean depends on, besides the request. */
struct gpald_decode_context {
	const struct gpal_policy *default_policy; /* of requests that name none */
	uint64_t list_page_max;                   /* layouts on a page of layout.list */

	/*
	 * It is a reply, maybe of a newer daemon: members and policies that are not known
	 * are ignored, and a layout is not held against itself.
	 */
	bool is_reply;
};

/* A member, or an element where there is no name. */
struct gpald_path_step {
	const char *name;
	size_t index;
};

/* As deep as a message nests, and one more: a member that is missing there. */
#define GPALD_PATH_MAX (GPALD_JSON_DEPTH_MAX + 1)

/* Where it stands is kept as a path, of which a JSON pointer is made for a refusal alone. */
struct gpald_decoder {
	struct gpald_wire_error *error;
	struct gpald_arena *arena; /* of decoded lists */
	const struct gpald_decode_context *context;
	struct gpald_path_step path[GPALD_PATH_MAX];
	size_t depth; /* of the path that is in use */
};

struct gpald_member;

/* Decodes `value` into `target`; 0, or -1 with the decoder's error set. */
typedef int gpald_decode_function(struct gpald_decoder *decoder, const cJSON *value, void *target,
				  const struct gpald_member *member);

struct gpald_member {
	const char *name;
	gpald_decode_function *decode;
	size_t offset; /* of the member in the struct that is filled */
	bool required;
	const void *extra; /* for `decode`: the range of an integer, the names of an enum, ... */
};

/* A row for a member of a struct by its own name; further fields may follow. */
#define GPALD_ROW(type, member, decoder, ...)                                           \
	{                                                                               \
		.name = #member, .decode = (decoder), .offset = offsetof(type, member), \
		__VA_ARGS__                                                             \
	}

struct gpald_members {
	const struct gpald_member *rows;
	size_t count; /* at most 64 */
};

#define GPALD_MEMBERS(table)                                \
	{                                                   \
		(table), sizeof(table) / sizeof((table)[0]) \
	}

/* Goes into a member, whose name is borrowed, or an element. */
void gpald_decoder_enter(struct gpald_decoder *decoder, const char *name);
void gpald_decoder_enter_index(struct gpald_decoder *decoder, size_t index);

/* Refuses the value it stands on; always returns -1. */
__attribute__((format(printf, 3, 4))) int gpald_decoder_refuse(struct gpald_decoder *decoder,
							       enum gpald_reason reason,
							       const char *format, ...);

/* Refuses the value for its type, naming the type it has. */
int gpald_decoder_wrong_type(struct gpald_decoder *decoder, const cJSON *value, const char *wanted);

/* Decodes an object by its table. */
GPAL_MUST_USE int gpald_decode_members(struct gpald_decoder *decoder, const cJSON *object,
				       void *target, const struct gpald_members *members);

/* The params of a method: the table of their members, and the struct they fill. */
struct gpald_params {
	struct gpald_members members;
	size_t size; /* of the struct, which is zeroed before */

	/* A request that names no policy has none, and gets no default. */
	bool leaves_policy_open;

	/* What no row can say of the struct; NULL: nothing. 0, or -1 with *error set. */
	int (*check)(const void *params, struct gpald_wire_error *error);
};

/* The rest of a struct gpald_params with that table of rows. */
#define GPALD_PARAMS(table, type) .members = GPALD_MEMBERS(table), .size = sizeof(type)

/*
 * Decodes the params of a method, which may be NULL where the message had none. The
 * struct and its lists lie in the arena, text is that of `params`. NULL: *error is
 * set.
 */
GPAL_MUST_USE const void *gpald_decode_params(const struct gpald_params *table, const cJSON *params,
					      const struct gpald_decode_context *context,
					      struct gpald_arena *arena,
					      struct gpald_wire_error *error);

/*
 * Decodes a reply, or a part of it, into a zeroed struct, as above. 0, or -1 with *error
 * set.
 */
GPAL_MUST_USE int gpald_decode_reply(const struct gpald_members *members, const cJSON *value,
				     void *target, struct gpald_arena *arena,
				     struct gpald_wire_error *error);

/* The greatest integer that every JSON reader keeps exact. */
#define GPALD_EXACT_MAX ((UINT64_C(1) << 53) - 1)

/* Decoders of single values, for tables. */
struct gpald_integer_range {
	uint64_t least;
	uint64_t greatest; /* at most GPALD_EXACT_MAX */
};

gpald_decode_function gpald_decode_size;          /* uint64_t */
gpald_decode_function gpald_decode_optional_size; /* struct gpal_optional */
gpald_decode_function gpald_decode_u8;            /* extra: struct gpald_integer_range */
gpald_decode_function gpald_decode_u16;
gpald_decode_function gpald_decode_u32;
gpald_decode_function gpald_decode_count;            /* uint64_t, from 0 to GPALD_EXACT_MAX */
gpald_decode_function gpald_decode_optional_integer; /* struct gpal_optional; the same extra */
gpald_decode_function gpald_decode_bool;
gpald_decode_function gpald_decode_name;     /* const char *, borrowed from the cJSON tree */
gpald_decode_function gpald_decode_any_name; /* the same, of any UTF-8, of what a request has */
gpald_decode_function gpald_decode_reserved_name; /* the same, of a reserved range */
gpald_decode_function gpald_decode_tag;           /* the same, of a range */
gpald_decode_function gpald_decode_text;          /* the same, any text */
gpald_decode_function gpald_decode_range;         /* struct gpal_range: {start, end} */
gpald_decode_function gpald_decode_object;        /* extra: struct gpald_members; fills in place */

/* An enumeration of int size, by its names; values without a name cannot be written. */
struct gpald_enum {
	const char *(*name)(int value);
	int count;
};
gpald_decode_function gpald_decode_enum; /* extra: struct gpald_enum */

#define GPALD_LIST_MAX 65536 /* elements; the guard allows no more values in a message */

/*
 * A list: a pointer to elements, allocated from the decoder's arena, and their
 * number in the same struct.
 */
struct gpald_list {
	struct gpald_member element; /* offset 0; name and required are not used */
	size_t element_size;
	size_t least;        /* number of elements */
	size_t greatest;     /* the same */
	size_t count_offset; /* of the size_t that receives the number */
};
gpald_decode_function gpald_decode_list; /* extra: struct gpald_list */

#endif
