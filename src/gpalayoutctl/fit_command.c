/* SPDX-License-Identifier: MIT */
/*
 * Which hosts each VM can run on, by the width of their physical addresses. The
 * daemon says how many bits a layout needs; comparing that with the hosts' is all
 * that is done here.
 */
#include "config.h"

#include "commands.h"

#include "exchange.h"
#include "hint.h"
#include "json_tree.h"
#include "message.h"
#include "params.h"
#include "reader.h"
#include "request_files.h"
#include "size_text.h"
#include "table.h"
#include "terminal_text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Those that x86-64 and aarch64 hosts have, but for a few old ones. */
#define DEFAULT_WIDTHS "39,40,42,44,46,48,52"
#define WIDEST_HOST 64

/* clang-format off */
const struct ctl_flag ctl_fit_flags[] = {
	{ .name = "--bits", .value_name = "LIST",
	  .help = "widths in bits, each from 1 to 64, with commas between them;\n"
		  "default " DEFAULT_WIDTHS ". The exit status is 0 if\n"
		  "each VM can run on all of them, otherwise 1" },
	{ 0 },
};
/* clang-format on */

struct widths {
	unsigned int bits[WIDEST_HOST]; /* as many as there are */
	char headings[WIDEST_HOST][4];
	size_t count;
};

/* What is known of a request's layout. */
struct answer {
	bool has_layout;
	uint64_t ram; /* 0: not said, as is the top */
	uint64_t top;
	uint64_t bits;
	struct ctl_buffer refusal; /* empty with a layout */
};

struct fit {
	struct ctl_exchange exchange;
	struct widths widths;
	struct ctl_request_files files;
	struct answer *answers; /* one for each file */
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
			ctl_complain("--bits: '%s' is not a list of widths from 1 to %d", list,
				     WIDEST_HOST);
			ctl_hint("commas stand between widths, and nothing else: 40,46,48");
			return CTL_USAGE;
		}
		if (has_width(widths, bits))
			return ctl_usage_error("--bits: %u is in '%s' twice", bits, list);
		snprintf(widths->headings[widths->count], sizeof(widths->headings[0]), "%u", bits);
		widths->bits[widths->count++] = bits;
		if (!*text)
			return CTL_OK;
		text++;
	}
}

static enum ctl_exit take_layout(struct answer *answer, const cJSON *result)
{
	struct ctl_reader reader = { 0 };
	const cJSON *layout = ctl_read_object(&reader, result, "layout");

	answer->has_layout = true;
	answer->ram = ctl_read_size(&reader, layout, "ram_size");
	answer->top = ctl_read_size(&reader, layout, "top");
	answer->bits = ctl_read_count(&reader, layout, "required_address_bits");
	return ctl_reader_end(&reader);
}

/*
 * A request may name a host of its own. That it needs a wider one is no refusal here:
 * there is a layout, and how many bits it needs is said.
 */
static bool take_exceeded(struct answer *answer, const struct ctl_reply *reply)
{
	const cJSON *data = ctl_json_member(reply->error, "data");
	struct ctl_reader reader = { 0 };

	if (strcmp(ctl_reply_reason(reply), "address_width_exceeded") != 0 ||
	    !ctl_json_count(ctl_json_member(data, "required_bits"), &answer->bits))
		return false;
	answer->has_layout = true;
	answer->top = ctl_read_size(&reader, ctl_json_member(data, "range"), "end");
	return true;
}

/* "REASON at POINTER", where the pointer is one into the file. */
static void take_refusal(struct answer *answer, const cJSON *error)
{
	static const char request[] = "/request/";
	const cJSON *data = ctl_json_member(error, "data");
	const char *reason = ctl_json_text(data, "reason");
	const char *pointer = ctl_json_text(data, "pointer");

	if (reason)
		ctl_buffer_puts(&answer->refusal, reason);
	else
		ctl_buffer_printf(&answer->refusal, "error %d",
				  ctl_json_member(error, "code")->valueint);
	if (pointer && strncmp(pointer, request, strlen(request)) == 0)
		ctl_buffer_printf(&answer->refusal, " at %s", pointer + strlen(request) - 1);
}

static enum ctl_exit ask(struct fit *fit, const struct ctl_request_file *file,
			 struct answer *answer)
{
	ctl_cleanup_buffer struct ctl_buffer params = { 0 };
	ctl_cleanup_buffer struct ctl_buffer name = { 0 };
	ctl_cleanup_reply struct ctl_reply reply = { 0 };
	enum ctl_exit code;

	ctl_param_json(&params, "request", ctl_buffer_text(&file->text));
	/* A path need not be UTF-8, which an id has to be. */
	ctl_puts_safe(&name, file->path);
	code = ctl_ask(&fit->exchange, ctl_buffer_text(&name), "layout.resolve",
		       ctl_params_end(&params), &reply);
	if (code)
		return code;
	if (reply.result)
		return take_layout(answer, reply.result);
	if (!take_exceeded(answer, &reply)) {
		take_refusal(answer, reply.error);
		ctl_print_refusal(strcmp(file->path, "-") == 0 ? "standard input" : file->path,
				  reply.error);
	}
	return CTL_OK;
}

static enum ctl_exit ask_all(struct fit *fit)
{
	enum ctl_exit code = CTL_OK;

	fit->answers = calloc(fit->files.count, sizeof(*fit->answers));
	if (!fit->answers)
		ctl_out_of_memory();
	for (size_t i = 0; i < fit->files.count && !code; i++)
		code = ask(fit, &fit->files.files[i], &fit->answers[i]);
	return code;
}

static bool fits(const struct answer *answer, unsigned int bits)
{
	return answer->has_layout && answer->bits <= bits;
}

/* Whether every VM can run everywhere. */
static bool all_fit(const struct fit *fit)
{
	for (size_t i = 0; i < fit->files.count; i++) {
		for (size_t j = 0; j < fit->widths.count; j++) {
			if (!fits(&fit->answers[i], fit->widths.bits[j]))
				return false;
		}
	}
	return true;
}

static bool any_refused(const struct fit *fit)
{
	for (size_t i = 0; i < fit->files.count; i++) {
		if (!fit->answers[i].has_layout)
			return true;
	}
	return false;
}

static void add_row(struct ctl_table *table, const struct fit *fit, const char *path,
		    const struct answer *answer)
{
	ctl_cleanup_buffer struct ctl_buffer ram = { 0 };
	ctl_cleanup_buffer struct ctl_buffer top = { 0 };
	ctl_cleanup_buffer struct ctl_buffer bits = { 0 };

	if (answer->ram)
		ctl_size_append(&ram, answer->ram);
	if (answer->top)
		ctl_buffer_printf(&top, "0x%" PRIx64, answer->top);
	if (answer->has_layout)
		ctl_buffer_printf(&bits, "%" PRIu64, answer->bits);
	ctl_table_add(table, "%s", path);
	ctl_table_add(table, "%s", ctl_buffer_text(&ram));
	ctl_table_add(table, "%s", ctl_buffer_text(&top));
	ctl_table_add(table, "%s", ctl_buffer_text(&bits));
	for (size_t i = 0; i < fit->widths.count; i++) {
		const char *word = fits(answer, fit->widths.bits[i]) ? "yes" : "no";

		ctl_table_add(table, "%s", answer->has_layout ? word : "-");
	}
}

static enum ctl_exit show(const struct fit *fit)
{
	ctl_cleanup_buffer struct ctl_buffer out = { 0 };
	ctl_cleanup_table struct ctl_table table = {
		.columns = { { "REQUEST", false },
			     { "RAM", true },
			     { "TOP", true },
			     { "BITS", true } },
	};
	struct ctl_column *column = table.columns + 4;
	bool has_refusals = any_refused(fit);

	static_assert(CTL_TABLE_COLUMNS >= 4 + WIDEST_HOST + 1, "all widths fit beside the rest");
	for (size_t i = 0; i < fit->widths.count; i++)
		*column++ = (struct ctl_column){ fit->widths.headings[i], false };
	if (has_refusals)
		*column = (struct ctl_column){ "REFUSED", false };
	for (size_t i = 0; i < fit->files.count; i++) {
		const struct answer *answer = &fit->answers[i];

		add_row(&table, fit, fit->files.files[i].path, answer);
		if (has_refusals)
			ctl_table_add(&table, "%s", ctl_buffer_text(&answer->refusal));
	}
	ctl_table_append(&out, &table);
	return ctl_write_output(&out);
}

static void fit_free(struct fit *fit)
{
	for (size_t i = 0; fit->answers && i < fit->files.count; i++)
		ctl_buffer_free(&fit->answers[i].refusal);
	free(fit->answers);
	ctl_request_files_free(&fit->files);
	ctl_exchange_end(&fit->exchange);
}

enum ctl_exit ctl_run_fit(const struct ctl_invocation *invocation)
{
	__attribute__((cleanup(fit_free))) struct fit fit = {
		.exchange = CTL_EXCHANGE(invocation),
	};
	const char *list = ctl_flag_value(invocation, "--bits");
	enum ctl_exit code = widths_parse(&fit.widths, list ? list : DEFAULT_WIDTHS);

	if (!code)
		code = ctl_request_files_read(&fit.files, invocation->operands,
					      invocation->operand_count);
	if (!code)
		code = ask_all(&fit);
	if (!code && !fit.exchange.json)
		code = show(&fit);
	if (code)
		return code;
	return all_fit(&fit) ? CTL_OK : CTL_NO;
}
