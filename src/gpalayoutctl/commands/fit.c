/* SPDX-License-Identifier: MIT */
/*
 * Checks for each VM which widths of the host's physical addresses are enough, and whether its
 * layout has the warning largest_bar_below_size. The daemon computes how many bits a layout needs,
 * and gives that warning.
 */
#include "config.h"

#include "gpalayoutctl/commands/commands.h"

#include "gpalayoutctl/json_text.h"
#include "gpalayoutctl/message.h"
#include "gpalayoutctl/print/table.h"
#include "gpalayoutctl/request/request.h"
#include "gpalayoutctl/terminal_text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The widths of x86-64 and aarch64 hosts, except a few old ones. */
#define DEFAULT_WIDTHS "39,40,42,44,46,48,52"
#define WIDEST_HOST 64

/* clang-format off */
const struct ctl_flag ctl_fit_flags[] = {
	{ .name = "--bits", .value_name = "LIST",
	  .help = "widths in bits, each from 1 to 64, with commas between them; "
		  "default " DEFAULT_WIDTHS ". The exit status is 0 if "
		  "every result is \"yes\", 1 if one is not. \"no BAR\": the "
		  "host is wide enough, but a high MMIO window is not aligned "
		  "for the largest BAR that its size allows; state the "
		  "alignment of the window or its devices, or pin it elsewhere" },
	{ 0 },
};
/* clang-format on */

struct widths {
	unsigned int bits[WIDEST_HOST]; /* only the first `count` */
	char headings[WIDEST_HOST][4];
	size_t count;
};

/* The daemon's answer about the layout of a request. */
struct answer {
	bool knows_bits; /* `bits` is set */
	uint64_t ram;    /* CTL_NONE: not known; the same for `top` */
	uint64_t top;
	unsigned int bits;
	bool has_root_complexes;
	uint64_t largest_bar;       /* that a high window can hold; CTL_NONE: there are none */
	bool lacks_bar;             /* the layout has the warning largest_bar_below_size */
	struct gpald_bytes refusal; /* empty if there is a layout */
};

struct fit {
	struct ctl_session *session;
	struct widths widths;
	struct ctl_request_files files;
	struct answer *answers; /* one for each file */
	bool has_refusals;
	bool has_root_complexes;
};

static bool has_width(const struct widths *widths, unsigned int bits)
{
	for (size_t i = 0; i < widths->count; i++) {
		if (widths->bits[i] == bits)
			return true;
	}
	return false;
}

static enum ctl_exit widths_parse(struct widths *widths, const char *list)
{
	const char *text = list;

	for (;;) {
		size_t digits = strspn(text, "0123456789");
		unsigned int bits = 0;

		for (size_t i = 0; i < digits && bits <= WIDEST_HOST; i++)
			bits = bits * 10 + (unsigned int)(text[i] - '0');
		text += digits;
		if (!bits || bits > WIDEST_HOST || (*text && *text != ',')) {
			ctl_error("--bits: '%s' is not a list of widths from 1 to %d", list,
				  WIDEST_HOST);
			ctl_hint("write only commas between widths: 40,46,48");
			return CTL_USAGE;
		}
		if (has_width(widths, bits))
			return ctl_error("--bits: %u is in '%s' twice", bits, list);
		snprintf(widths->headings[widths->count], sizeof(widths->headings[0]), "%u", bits);
		widths->bits[widths->count++] = bits;
		if (!*text)
			return CTL_OK;
		text++;
	}
}

/* Stores "REASON at POINTER". The pointer is omitted unless it leads into the file. */
static void take_refusal(struct answer *answer, const struct gpal_client_error *error)
{
	static const char request[] = "/request/";

	if (*error->reason)
		ctl_puts_safe(&answer->refusal, error->reason);
	else
		ctl_buffer_printf(&answer->refusal, "error %d", error->number);
	if (strncmp(error->pointer, request, strlen(request)) == 0)
		ctl_buffer_printf(&answer->refusal, " at %s", error->pointer + strlen(request) - 1);
}

/*
 * Stores the largest BAR that a high window can hold, and whether the layout has the warning
 * largest_bar_below_size.
 */
static void take_largest_bar(struct answer *answer, const struct gpal_layout *layout)
{
	for (size_t i = 0; i < layout->root_complex_count; i++) {
		const uint64_t bar = gpal_largest_bar(layout->root_complexes[i].high_mmio);

		if (bar && (answer->largest_bar == CTL_NONE || bar > answer->largest_bar))
			answer->largest_bar = bar;
	}
	answer->has_root_complexes = layout->root_complex_count > 0;
	for (size_t i = 0; i < layout->warning_count; i++)
		if (layout->warnings[i].reason == GPAL_WARN_LARGEST_BAR_BELOW_SIZE)
			answer->lacks_bar = true;
}

/*
 * The refusal address_width_exceeded counts as a layout, because it states the bits that are
 * needed.
 */
static enum ctl_exit take_answer(struct ctl_session *session, struct answer *answer)
{
	const struct gpal_error *core = &session->error.core;
	const struct gpal_layout *layout;

	answer->ram = answer->top = answer->largest_bar = CTL_NONE;
	if (session->result) {
		layout = ctl_decode_result(session, &gpald_layout_result);
		if (!layout)
			return CTL_NO_DAEMON;
		answer->knows_bits = true;
		answer->ram = layout->ram_size;
		answer->top = layout->top;
		answer->bits = layout->required_address_bits;
		take_largest_bar(answer, layout);
	} else if (core->code == GPAL_E_ADDRESS_WIDTH_EXCEEDED && core->required_bits) {
		answer->knows_bits = true;
		answer->top = core->range.end ? core->range.end : CTL_NONE;
		answer->bits = core->required_bits;
	} else {
		take_refusal(answer, &session->error);
	}
	return CTL_OK;
}

static enum ctl_exit resolve_file(struct ctl_session *session)
{
	ctl_cleanup_buffer struct gpald_bytes params = { 0 };

	ctl_layout_params(session, &params, NULL);
	return ctl_call_method(session, "layout.resolve", params.data);
}

/*
 * If the host of the request itself is too narrow, removes its width from the request, so that the
 * reply has a layout with its warnings. Returns false if there is nothing to remove.
 */
static bool drop_host_bits(struct ctl_session *session)
{
	static const char bits[] = "physical_address_bits";
	cJSON *request, *host;
	char *text = NULL;
	bool is_dropped;

	if (session->result || session->error.core.code != GPAL_E_ADDRESS_WIDTH_EXCEEDED)
		return false;
	request = cJSON_Parse(ctl_buffer_text(&session->request));
	host = ctl_member_of(request, "host");
	if (ctl_member_of(host, bits)) {
		cJSON_DeleteItemFromObjectCaseSensitive(host, bits);
		text = cJSON_PrintUnformatted(request);
		if (!text)
			ctl_out_of_memory();
		session->request.length = 0;
		ctl_buffer_puts(&session->request, text);
	}
	is_dropped = text != NULL;
	cJSON_Delete(request);
	free(text);
	return is_dropped;
}

static enum ctl_exit ask_for_fit(struct fit *fit, const struct ctl_request_file *file,
				 struct answer *answer)
{
	struct ctl_session *session = fit->session;
	ctl_cleanup_buffer struct gpald_bytes name = { 0 };
	enum ctl_exit code;

	session->request_source = file->path;
	session->request.length = 0;
	ctl_buffer_puts(&session->request, ctl_buffer_text(&file->text));
	/* Also in an id, control characters of a path are shown as in the table. */
	ctl_puts_safe(&name, file->path);
	/* A refusal is no error here: the exit status is that of all requests together. */
	code = resolve_file(session);
	if (!code && drop_host_bits(session))
		code = resolve_file(session);
	if (!code)
		code = ctl_print_raw(session, name.data);
	if (!code)
		code = take_answer(session, answer);
	fit->has_refusals = fit->has_refusals || !answer->knows_bits;
	fit->has_root_complexes = fit->has_root_complexes || answer->has_root_complexes;
	if (!code && !answer->knows_bits)
		ctl_print_refusal(session,
				  strcmp(file->path, "-") == 0 ? "standard input" : name.data);
	return code;
}

static enum ctl_exit ask_all(struct fit *fit)
{
	enum ctl_exit code = CTL_OK;

	fit->answers = calloc(fit->files.count, sizeof(*fit->answers));
	if (!fit->answers)
		ctl_out_of_memory();
	for (size_t i = 0; i < fit->files.count && !code; i++)
		code = ask_for_fit(fit, &fit->files.files[i], &fit->answers[i]);
	return code;
}

static const char *fit_verdict(const struct answer *answer, unsigned int bits)
{
	if (!answer->knows_bits)
		return "";
	if (answer->bits > bits)
		return "no";
	return answer->lacks_bar ? "no BAR" : "yes";
}

/* Returns true if every verdict is "yes". */
static bool all_fit(const struct fit *fit)
{
	for (size_t i = 0; i < fit->files.count; i++) {
		for (size_t j = 0; j < fit->widths.count; j++) {
			if (strcmp(fit_verdict(&fit->answers[i], fit->widths.bits[j]), "yes") != 0)
				return false;
		}
	}
	return true;
}

static void add_fit_row(struct ctl_table *table, const struct fit *fit, const char *path,
			const struct answer *answer)
{
	ctl_table_add(table, path);
	ctl_table_add_number(table, CTL_SIZE, answer->ram);
	ctl_table_add_number(table, CTL_ADDRESS, answer->top);
	ctl_table_add_number(table, CTL_INTEGER, answer->knows_bits ? answer->bits : CTL_NONE);
	if (fit->has_root_complexes)
		ctl_table_add_number(table, CTL_SIZE, answer->largest_bar);
	for (size_t i = 0; i < fit->widths.count; i++)
		ctl_table_add(table, fit_verdict(answer, fit->widths.bits[i]));
}

static enum ctl_exit show_fit(const struct fit *fit)
{
	ctl_cleanup_buffer struct gpald_bytes out = { 0 };
	ctl_cleanup_table struct ctl_table table = {
		.columns = { { "REQUEST", false },
			     { "RAM", true },
			     { "TOP", true },
			     { "BITS", true } },
	};
	struct ctl_column *column = table.columns + 4;

	static_assert(CTL_TABLE_COLUMNS >= 5 + WIDEST_HOST + 1, "all widths fit beside the rest");
	if (fit->has_root_complexes)
		*column++ = (struct ctl_column){ "LARGEST BAR", true };
	for (size_t i = 0; i < fit->widths.count; i++)
		*column++ = (struct ctl_column){ fit->widths.headings[i], false };
	if (fit->has_refusals)
		*column = (struct ctl_column){ "REFUSED", false };
	for (size_t i = 0; i < fit->files.count; i++) {
		const struct answer *answer = &fit->answers[i];

		add_fit_row(&table, fit, fit->files.files[i].path, answer);
		if (fit->has_refusals)
			ctl_table_add(&table, ctl_buffer_text(&answer->refusal));
	}
	ctl_table_append(&out, &table);
	return ctl_print_paged(fit->session->invocation, &out);
}

static void fit_free(struct fit *fit)
{
	for (size_t i = 0; fit->answers && i < fit->files.count; i++)
		ctl_buffer_free(&fit->answers[i].refusal);
	free(fit->answers);
	ctl_request_files_free(&fit->files);
}
#define ctl_cleanup_fit __attribute__((cleanup(fit_free)))

enum ctl_exit ctl_run_fit(struct ctl_session *session)
{
	ctl_cleanup_fit struct fit fit = { .session = session };
	const char *list = ctl_flag_value(session->invocation, "--bits");
	enum ctl_exit code = widths_parse(&fit.widths, list ? list : DEFAULT_WIDTHS);

	if (!code)
		code = ctl_request_files_read(&fit.files, session->invocation->operands,
					      session->invocation->operand_count);
	if (!code)
		code = ask_all(&fit);
	if (!code && ctl_wants_text(session))
		code = show_fit(&fit);
	if (!code && !all_fit(&fit))
		code = CTL_NO;
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): fit_free() frees the answers */
	return code;
}
