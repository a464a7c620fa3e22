/* SPDX-License-Identifier: MIT */
/*
 * Decodes JSON objects by tables, which have a row for each member. A decoder visits each member of
 * an object once and stops at the first fault. It refuses members that it does not know, except in
 * a reply, where it ignores them. It keeps the path to the value that it decodes, for the JSON
 * pointer of a refusal.
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

/* The settings that decide the meaning of params. */
struct gpald_decode_context {
	const struct gpal_policy *default_policy; /* for requests that name none */
	uint64_t list_page_max;                   /* limit on a page of layout.list */

	/*
	 * The value is a reply, perhaps of a newer daemon: the decoder ignores unknown members and
	 * policies, and does not check a layout with gpal_layout_check().
	 */
	bool is_reply;
};

/* A step of a path: into a member, or into an element of a list. */
struct gpald_path_step {
	const char *name; /* of the member; NULL: an element */
	size_t index;     /* of the element */
};

/* The deepest nesting of a message, and one step more for a missing member. */
#define GPALD_PATH_MAX (GPALD_JSON_DEPTH_MAX + 1)

/* The state of a decoder. It makes a JSON pointer from the path only for a refusal. */
struct gpald_decoder {
	struct gpald_wire_error *error;
	struct gpald_arena *arena; /* of the decoded lists */
	const struct gpald_decode_context *context;
	struct gpald_path_step path[GPALD_PATH_MAX];
	size_t depth; /* number of steps in `path` */
};

struct gpald_member;

/* Decodes `value` into `target`. Returns 0, or -1 with the error of the decoder set. */
typedef int gpald_decode_function(struct gpald_decoder *decoder, const cJSON *value, void *target,
				  const struct gpald_member *member);

/* A row of a table. */
struct gpald_member {
	const char *name;
	gpald_decode_function *decode;
	size_t offset; /* of the member in the struct that is filled in */
	bool required;
	const void *extra; /* for `decode`: the range of an integer, the names of an enum, ... */
};

/* A row for a member that has the same name in JSON and in C. Further fields may follow. */
#define GPALD_ROW(type, member, decoder, ...)                                           \
	{                                                                               \
		.name = #member, .decode = (decoder), .offset = offsetof(type, member), \
		__VA_ARGS__                                                             \
	}

/* A table. */
struct gpald_members {
	const struct gpald_member *rows;
	size_t count; /* at most 64 */
};

#define GPALD_MEMBERS(table)                                \
	{                                                   \
		(table), sizeof(table) / sizeof((table)[0]) \
	}

/* Adds a step to the path: a member, whose name is borrowed, or an element of a list. */
void gpald_decoder_enter(struct gpald_decoder *decoder, const char *name);
void gpald_decoder_enter_index(struct gpald_decoder *decoder, size_t index);

/* Refuses the value at the path. Always returns -1. */
__attribute__((format(printf, 3, 4))) int gpald_decoder_refuse(struct gpald_decoder *decoder,
							       enum gpald_reason reason,
							       const char *format, ...);

/* Refuses the member at the path, which its object cannot have. Always returns -1. */
int gpald_decoder_refuse_unknown(struct gpald_decoder *decoder, const char *name,
				 const char *known);

/* Refuses the value because of its type, and names that type. Always returns -1. */
int gpald_decoder_refuse_type(struct gpald_decoder *decoder, const cJSON *value,
			      const char *wanted);

/* Decodes an object by its table into `target`. Returns 0, or -1 with the error set. */
GPAL_MUST_USE int gpald_decode_members(struct gpald_decoder *decoder, const cJSON *object,
				       void *target, const struct gpald_members *members);

/* The params of a method: the table of their members, and the struct that they fill in. */
struct gpald_params {
	struct gpald_members members;
	size_t size; /* of the struct, which is zeroed first */

	/* A request that names no policy gets no default policy. */
	bool leaves_policy_open;

	/* Checks what no row can check; NULL: nothing. Returns 0, or -1 with *error set. */
	int (*check)(const void *params, struct gpald_wire_error *error);
};

/* The initialisers of a struct gpald_params with this table of rows. */
#define GPALD_PARAMS(table, type) .members = GPALD_MEMBERS(table), .size = sizeof(type)

/*
 * Decodes the params of a method, which are NULL if the message has none. Returns the struct; it
 * and its lists lie in the arena, and its text belongs to `params`. Returns NULL, with *error
 * set, if the params are refused.
 */
GPAL_MUST_USE const void *gpald_decode_params(const struct gpald_params *table, const cJSON *params,
					      const struct gpald_decode_context *context,
					      struct gpald_arena *arena,
					      struct gpald_wire_error *error);

/*
 * Decodes a reply, or a part of one, into a zeroed struct, whose lists lie in the arena. Returns
 * 0, or -1 with *error set.
 */
GPAL_MUST_USE int gpald_decode_reply(const struct gpald_members *members, const cJSON *value,
				     void *target, struct gpald_arena *arena,
				     struct gpald_wire_error *error);

/* The greatest integer that all JSON readers keep exact: many use doubles. */
#define GPALD_EXACT_MAX ((UINT64_C(1) << 53) - 1)

/* The integers that a member may have. */
struct gpald_integer_range {
	uint64_t least;
	uint64_t greatest; /* at most GPALD_EXACT_MAX */
};

/*
 * The decoders of single values, for tables. A comment names the type of the target, and after a
 * colon what a text may name. Texts lie in the cJSON tree.
 */
gpald_decode_function gpald_decode_size;          /* uint64_t */
gpald_decode_function gpald_decode_optional_size; /* struct gpal_optional */
gpald_decode_function gpald_decode_u8;            /* uint8_t; extra: struct gpald_integer_range */
gpald_decode_function gpald_decode_u16;           /* uint16_t; same extra */
gpald_decode_function gpald_decode_u32;           /* uint32_t; same extra */
gpald_decode_function gpald_decode_count;         /* uint64_t, from 0 to GPALD_EXACT_MAX */
gpald_decode_function
	gpald_decode_optional_integer; /* struct gpal_optional; extra: struct gpald_integer_range */
gpald_decode_function gpald_decode_bool; /* bool */
/* const char *: a layout, an allocator tag, a policy, a warning */
gpald_decode_function gpald_decode_plain_name;
gpald_decode_function gpald_decode_utf8_name;     /* const char *: a root complex or a CXL window */
gpald_decode_function gpald_decode_reserved_name; /* const char *: a reserved range */
gpald_decode_function gpald_decode_tag;           /* const char *: a tag of a layout */
gpald_decode_function gpald_decode_text;          /* const char *: any text */
gpald_decode_function gpald_decode_range;         /* struct gpal_range: {start, end} */
gpald_decode_function gpald_decode_object; /* the struct itself; extra: struct gpald_members */

/* An enumeration of the size of int, and its names. A value without a name cannot be decoded. */
struct gpald_enum {
	const char *(*name)(int value);
	int count;
};
gpald_decode_function gpald_decode_enum; /* int; extra: struct gpald_enum */

#define GPALD_LIST_MAX 65536 /* elements; no request has more values */

/*
 * A list: a pointer to its elements, which lie in the arena, and their number in the same struct.
 */
struct gpald_list {
	struct gpald_member element; /* its offset is 0; name and required are not used */
	size_t element_size;
	size_t least;        /* least number of elements */
	size_t greatest;     /* greatest number of elements */
	size_t count_offset; /* of the size_t that receives their number */
};
gpald_decode_function gpald_decode_list; /* pointer; extra: struct gpald_list */

#endif
