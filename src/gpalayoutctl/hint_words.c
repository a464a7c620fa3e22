/* SPDX-License-Identifier: MIT */
/* Conditions and words of hints, by what was asked and what came; a row of a table each. */
#include "config.h"

#include "gpalayoutctl/hint_context.h"

#include "wire/size.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool ctl_has_request_flags(const struct ctl_session *session)
{
	return session->request.length && !session->request_file;
}

static bool has_flags(const struct ctl_context *context)
{
	return ctl_has_request_flags(context->session);
}

static bool has_file(const struct ctl_context *context)
{
	return context->session->request_file;
}

static bool has_no_json(const struct ctl_context *context)
{
	return !context->session->invocation->json;
}

static bool is_method(const struct ctl_context *context, const char *name)
{
	return context->session->method && strcmp(context->session->method, name) == 0;
}

static bool is_allocate(const struct ctl_context *context)
{
	return is_method(context, "layout.allocate");
}

static bool is_backup(const struct ctl_context *context)
{
	return is_method(context, "registry.backup");
}

static bool has_refuse(const struct ctl_context *context)
{
	return ctl_was_given(context->session->invocation, "--refuse");
}

static bool is_of_all_nodes(const struct ctl_context *context)
{
	const char *whose = ctl_text_of(context->data, "largest_size_of");

	return whose && strcmp(whose, "ram") == 0;
}

static bool has_size(const cJSON *object, const char *name, uint64_t *size)
{
	const char *text = ctl_text_of(object, name);

	return text && gpald_size_parse(text, size) == GPALD_SIZE_OK;
}

static bool has_zero_size(const struct ctl_context *context)
{
	uint64_t size;

	return has_size(context->data, "size", &size) && size == 0;
}

/* Several ranges that ask for more than there was, though each by itself would fit. */
static bool is_crowded(const struct ctl_context *context)
{
	const cJSON *demands = ctl_member_of(context->data, "demands");
	uint64_t asked, free, one;

	return cJSON_IsNumber(demands) && demands->valuedouble > 1 &&
	       has_size(context->data, "demand", &asked) &&
	       has_size(context->data, "supply", &free) && has_size(context->data, "size", &one) &&
	       asked > free && one <= free;
}

/* Whether the tag of the refusal ends so. */
static bool has_tag_of(const struct ctl_context *context, const char *end)
{
	const char *tag = ctl_text_of(context->data, "tag");
	const size_t length = tag ? strlen(tag) : 0;

	return length >= strlen(end) && strcmp(tag + length - strlen(end), end) == 0;
}

static bool has_ecam_tag(const struct ctl_context *context)
{
	return has_tag_of(context, "-ecam");
}

/* As the request says, or else its policy. */
static bool is_ecam_below(const struct ctl_context *context)
{
	const cJSON *pcie = ctl_member_of(context->request, "pcie");
	const char *policy_name = ctl_text_of(context->request, "policy");
	const struct gpal_policy *policy = policy_name ? gpal_policy_find(policy_name) :
							 gpal_policy_default();
	const char *ecam = ctl_text_of(pcie, "ecam");

	if (!ctl_member_of(pcie, "root_complexes"))
		return false;
	if (!ecam && policy)
		ecam = gpal_ecam_name(policy->ecam);
	return ecam && strcmp(ecam, "below-4gib") == 0;
}

static const char *flag_or(const struct ctl_context *context, const char *flag, const char *json)
{
	return ctl_has_request_flags(context->session) ? flag : json;
}

static void append_ecam_room(struct ctl_buffer *out, const struct ctl_context *context)
{
	if (is_ecam_below(context))
		ctl_buffer_printf(out,
				  "give root complexes fewer buses, or put the ECAM above (%s)",
				  flag_or(context, "--pcie-ecam above-4gib",
					  "\"pcie\": {\"ecam\": \"above-4gib\"}"));
}

/* How addresses below 4 GiB become free. */
static void append_low_room(struct ctl_buffer *out, const struct ctl_context *context)
{
	if (is_allocate(context)) {
		ctl_buffer_puts(out,
				"ask for less in mmio32, or move the reserved and fixed ranges "
				"in the way");
		return;
	}
	ctl_buffer_puts(out, is_ecam_below(context) ? "make low MMIO windows smaller, " :
						      "make low MMIO windows smaller");
	append_ecam_room(out, context);
}

/* Advice is no use to whom it has been given. */
static void append_try_sizes(struct ctl_buffer *out, const struct ctl_context *context)
{
	if (!is_method(context, "layout.advise"))
		ctl_buffer_puts(out,
				"; gpalayoutctl advise with the same request tries other sizes");
}

/* How there is more room below 4 GiB with windows as large as they are. */
static void append_more_room(struct ctl_buffer *out, const struct ctl_context *context)
{
	const char *phase = ctl_text_of(context->data, "phase");

	if (phase && strcmp(phase, "mmio32") == 0 && is_ecam_below(context)) {
		ctl_buffer_puts(out, "; for more, ");
		append_ecam_room(out, context);
	}
}

/* Windows of root complexes. */

/* What the pointer of the refusal leads to; NULL: it is not known. */
static const cJSON *find_place(const struct ctl_context *context)
{
	static const char request[] = "/request/";
	const char *pointer = ctl_text_of(context->data, "pointer");
	const cJSON *at = context->request;

	if (!pointer || strncmp(pointer, request, strlen(request)) != 0)
		return NULL;
	for (const char *step = strchr(pointer + 1, '/'); at && step;
	     step = strchr(step + 1, '/')) {
		char name[32];

		snprintf(name, sizeof(name), "%.*s", (int)strcspn(step + 1, "/"), step + 1);
		at = cJSON_IsArray(at) ? cJSON_GetArrayItem(at, (int)strtol(name, NULL, 10)) :
					 ctl_member_of(at, name);
	}
	return at;
}

/* The size of such a window is no member of the request. */
static bool has_devices(const struct ctl_context *context)
{
	return ctl_member_of(find_place(context), "devices");
}

struct windows {
	const char *kind;
	size_t count;     /* that the request has placed; 0: it is not known, or some are placed */
	bool has_devices; /* some of them */
};

static struct windows find_windows(const struct ctl_context *context)
{
	const bool is_low = has_tag_of(context, "-low-mmio");
	const char *name = is_low ? "low_mmio" : "high_mmio";
	const cJSON *list =
		ctl_member_of(ctl_member_of(context->request, "pcie"), "root_complexes");
	struct windows found = { .kind = is_low ? "low" : "high" };
	const cJSON *each;

	cJSON_ArrayForEach(each, list)
	{
		const cJSON *window = ctl_member_of(each, name);

		if (cJSON_IsNull(window) || ctl_member_of(window, "start") ||
		    ctl_member_of(window, "none"))
			continue;
		found.count++;
		found.has_devices = found.has_devices || ctl_member_of(window, "devices");
	}
	if (!context->session->method || is_method(context, "layout.update"))
		found.count = 0;
	return found;
}

static void append_windows(struct ctl_buffer *out, const struct ctl_context *context)
{
	const struct windows windows = find_windows(context);

	if (windows.count)
		ctl_buffer_printf(out, "%zu %s MMIO windows", windows.count, windows.kind);
	else
		ctl_buffer_printf(out, "%s MMIO windows that are to be placed", windows.kind);
}

/* Windows of one size all fit. One alone shares nothing, and devices have the size they have. */
static bool is_shared(const struct ctl_context *context)
{
	const struct windows windows = find_windows(context);

	return ctl_text_of(context->data, "equal_share") && windows.count != 1 &&
	       !windows.has_devices;
}

static const struct {
	const char *name;
	const char *part; /* of the pointer */
} places[] = {
	{ "?window", "_mmio" },      { "?bar", "/bars/" },
	{ "?devices", "/devices" },  { "?cxl_window", "/cxl_windows/" },
	{ "?target", "/targets/" },  { "?low_ram", "/low_window" },
	{ "?hole", "/host/holes/" }, { "?room", "/memory/hotplug/" },
};

static const struct {
	const char *name;
	bool (*holds)(const struct ctl_context *context);
} conditions[] = {
	{ "?flags", has_flags },           { "?file", has_file },
	{ "?no_json", has_no_json },       { "?allocate", is_allocate },
	{ "?backup", is_backup },          { "?refuse", has_refuse },
	{ "?shared", is_shared },          { "?of_devices", has_devices },
	{ "?all_nodes", is_of_all_nodes }, { "?crowded", is_crowded },
	{ "?ecam_tag", has_ecam_tag },     { "?zero", has_zero_size },
};

static const struct {
	const char *name;
	void (*append)(struct ctl_buffer *out, const struct ctl_context *context);
} words[] = {
	{ "make_low_room", append_low_room },
	{ "more_room", append_more_room },
	{ "windows", append_windows },
	{ "try_sizes", append_try_sizes },
};

#define LENGTH(list) (sizeof(list) / sizeof((list)[0]))

bool ctl_hint_word(struct ctl_buffer *out, const struct ctl_context *context, const char *name,
		   bool *holds)
{
	const char *pointer = ctl_text_of(context->data, "pointer");

	*holds = true;
	for (size_t i = 0; i < LENGTH(words); i++)
		if (strcmp(words[i].name, name) == 0) {
			words[i].append(out, context);
			return true;
		}
	for (size_t i = 0; i < LENGTH(conditions); i++)
		if (strcmp(conditions[i].name, name) == 0) {
			*holds = conditions[i].holds(context);
			return true;
		}
	for (size_t i = 0; i < LENGTH(places); i++)
		if (strcmp(places[i].name, name) == 0) {
			*holds = pointer && strstr(pointer, places[i].part);
			return true;
		}
	return false;
}
