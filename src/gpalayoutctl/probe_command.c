/* SPDX-License-Identifier: MIT */
/*
 * What lies at an address, a line for each layout asked about, in a form that grep
 * and cut can take.
 */
#include "config.h"

#include "commands.h"

#include "devices.h"
#include "json_tree.h"
#include "layout_list.h"
#include "message.h"
#include "params.h"
#include "reader.h"
#include "request_flags.h"
#include "request_text.h"
#include "terminal_text.h"
#include "wire/size.h"

#include <inttypes.h>
#include <string.h>

/* clang-format off */
const struct ctl_flag ctl_probe_flags[] = {
	{ .name = "--request", .value_name = "FILE|-",
	  .help = "probe the layout of this request, of no NAME" },
	{ 0 },
};
/* clang-format on */

/* As the daemon understands it, however it was typed. */
static void append_address(struct ctl_buffer *out, const char *typed)
{
	uint64_t address;

	if (gpald_size_parse(typed, &address) == GPALD_SIZE_OK)
		ctl_buffer_printf(out, "0x%" PRIx64, address);
	else
		ctl_puts_safe(out, typed);
}

static void append_bounds(struct ctl_buffer *out, struct ctl_reader *reader, const cJSON *range)
{
	uint64_t start = ctl_read_size(reader, range, "start");

	ctl_buffer_printf(out, "0x%" PRIx64 "-0x%" PRIx64, start,
			  ctl_read_size(reader, range, "end"));
}

/* What the range belongs to; the daemon leaves out what it does not. */
static void append_owner(struct ctl_buffer *out, struct ctl_reader *reader, const cJSON *range)
{
	if (ctl_json_member(range, "node"))
		ctl_buffer_printf(out, ", node %" PRIu64, ctl_read_count(reader, range, "node"));
	if (ctl_json_member(range, "root_complex")) {
		ctl_buffer_puts(out, ", root complex ");
		ctl_puts_safe(out, ctl_read_text(reader, range, "root_complex"));
	}
	if (ctl_json_member(range, "slot"))
		ctl_buffer_printf(out, ", slot %" PRIu64, ctl_read_count(reader, range, "slot"));
}

struct probe {
	struct ctl_exchange exchange;
	const char *address;
	const char *request; /* JSON text; NULL: names are probed */
};

/* Whether what was probed is of that architecture, which the answer to a probe does not say. */
static bool has_arch(struct probe *probe, const char *name, enum gpal_arch arch)
{
	ctl_cleanup_json cJSON *request = name ? NULL : cJSON_Parse(probe->request);
	ctl_cleanup_buffer struct ctl_buffer params = { 0 };
	ctl_cleanup_reply struct ctl_reply reply = { 0 };
	const cJSON *described = request;
	const char *text;

	if (name) {
		ctl_param_text(&params, "name", name);
		if (ctl_ask(&probe->exchange, name, "layout.get", ctl_params_end(&params), &reply))
			return false;
		described = ctl_json_member(reply.result, "layout");
	}
	text = ctl_json_text(described, "arch");
	return text && strcmp(text, gpal_arch_name(arch)) == 0;
}

/* A layout does not say what is in its chipset MMIO, but for some devices everybody knows. */
static void append_device(struct ctl_buffer *out, struct probe *probe, const char *name,
			  const char *tag)
{
	uint64_t address;

	if (strcmp(tag, "chipset-low-mmio") != 0 ||
	    gpald_size_parse(probe->address, &address) != GPALD_SIZE_OK)
		return;
	for (size_t i = 0; i < CTL_DEVICE_COUNT; i++)
		if (address / GPAL_PAGE_SIZE == ctl_devices[i].address / GPAL_PAGE_SIZE &&
		    has_arch(probe, name, ctl_devices[i].arch))
			ctl_buffer_printf(out, ", %s", ctl_devices[i].name);
}

static enum ctl_exit append_answer(struct ctl_buffer *out, struct probe *probe, const char *name,
				   const cJSON *result)
{
	const cJSON *range = ctl_json_member(result, "range");
	struct ctl_reader reader = { 0 };

	if (!range) {
		ctl_buffer_puts(out, "free, ");
		append_bounds(out, &reader, ctl_read_object(&reader, result, "free"));
	} else {
		ctl_buffer_puts(out, "in ");
		ctl_puts_safe(out, ctl_read_text(&reader, range, "tag"));
		ctl_buffer_puts(out, " (");
		ctl_puts_safe(out, ctl_read_text(&reader, range, "kind"));
		ctl_buffer_puts(out, ") ");
		append_bounds(out, &reader, range);
		ctl_buffer_printf(out, ", offset 0x%" PRIx64,
				  ctl_read_size(&reader, range, "offset"));
		append_owner(out, &reader, range);
		append_device(out, probe, name, ctl_read_text(&reader, range, "tag"));
	}
	ctl_buffer_puts(out, "\n");
	return ctl_reader_end(&reader);
}

/* `name` is NULL for the request. */
static enum ctl_exit ask(struct probe *probe, const char *name, struct ctl_reply *reply)
{
	ctl_cleanup_buffer struct ctl_buffer params = { 0 };

	if (name)
		ctl_param_text(&params, "name", name);
	else
		ctl_param_json(&params, "request", probe->request);
	ctl_param_text(&params, "address", probe->address);
	return ctl_ask(&probe->exchange, name, "layout.probe", ctl_params_end(&params), reply);
}

static enum ctl_exit show(struct probe *probe, const char *name, const struct ctl_reply *reply)
{
	ctl_cleanup_buffer struct ctl_buffer out = { 0 };
	enum ctl_exit code = ctl_reply_accept(reply);

	if (code || probe->exchange.json)
		return code;
	if (name) {
		ctl_puts_safe(&out, name);
		ctl_buffer_puts(&out, ": ");
	}
	append_address(&out, probe->address);
	ctl_buffer_puts(&out, " is ");
	code = append_answer(&out, probe, name, reply->result);
	return code ? code : ctl_write_output(&out);
}

static enum ctl_exit probe_request(struct probe *probe, const struct ctl_invocation *invocation)
{
	ctl_cleanup_buffer struct ctl_buffer request = { 0 };
	ctl_cleanup_reply struct ctl_reply reply = { 0 };
	const char *file = ctl_flag_value(invocation, "--request");
	enum ctl_exit code;

	if (invocation->operand_count > 1)
		return ctl_usage_error("probe takes names or a request, not both");
	code = ctl_request_get(invocation, file, &request);
	probe->request = request.data;
	if (!code)
		code = ask(probe, NULL, &reply);
	return code ? code : show(probe, NULL, &reply);
}

/* One that is not there is a refusal, and does not keep the others from being shown. */
static enum ctl_exit probe_names(struct probe *probe, const char **names, size_t count)
{
	enum ctl_exit worst = CTL_OK;

	for (size_t i = 0; i < count; i++) {
		ctl_cleanup_reply struct ctl_reply reply = { 0 };
		enum ctl_exit code = ask(probe, names[i], &reply);

		if (!code)
			code = show(probe, names[i], &reply);
		if (code && code != CTL_NOT_FOUND)
			return code;
		if (code)
			worst = code;
	}
	return worst;
}

/* A layout that goes between the list and its probe is no error: it is not live. */
static enum ctl_exit probe_page(struct probe *probe, const cJSON *page)
{
	const cJSON *entry;

	cJSON_ArrayForEach(entry, page)
	{
		ctl_cleanup_reply struct ctl_reply reply = { 0 };
		const char *name = ctl_json_text(entry, "name");
		enum ctl_exit code = ask(probe, name, &reply);

		if (!code && ctl_reply_status(&reply) != CTL_NOT_FOUND)
			code = show(probe, name, &reply);
		if (code)
			return code;
	}
	return CTL_OK;
}

static enum ctl_exit probe_all(struct probe *probe)
{
	ctl_cleanup_layout_list struct ctl_layout_list list = { .wanted = UINT64_MAX };
	bool json = probe->exchange.json;
	enum ctl_exit code = CTL_OK;

	while (!code && !list.ended) {
		ctl_cleanup_reply struct ctl_reply reply = { 0 };
		const cJSON *page;

		/* The answers are those about the address. */
		probe->exchange.json = false;
		code = ctl_layout_list_next(&list, &probe->exchange, &reply, &page);
		probe->exchange.json = json;
		if (!code)
			code = probe_page(probe, page);
	}
	return code;
}

enum ctl_exit ctl_run_probe(const struct ctl_invocation *invocation)
{
	struct probe probe = {
		.exchange = CTL_EXCHANGE(invocation),
		.address = invocation->operands[0],
	};
	enum ctl_exit code;

	if (ctl_was_given(invocation, "--request") || ctl_request_flag_count(invocation))
		code = probe_request(&probe, invocation);
	else if (invocation->operand_count > 1)
		code = probe_names(&probe, invocation->operands + 1, invocation->operand_count - 1);
	else
		code = probe_all(&probe);
	ctl_exchange_end(&probe.exchange);
	return code;
}
