/* SPDX-License-Identifier: MIT */
/* Says what is at an address: a line for each layout, for grep and cut. */
#include "config.h"

#include "gpalayoutctl/commands/commands.h"

#include "gpalayoutctl/devices.h"
#include "gpalayoutctl/json_text.h"
#include "gpalayoutctl/message.h"
#include "gpalayoutctl/print/table.h"
#include "gpalayoutctl/request/flags.h"
#include "gpalayoutctl/request/request.h"
#include "gpalayoutctl/terminal_text.h"
#include "wire/size.h"

#include <inttypes.h>
#include <string.h>

/* clang-format off */
const struct ctl_flag ctl_probe_flags[] = {
	{ .name = "--request", .value_name = "FILE|-",
	  .help = "probe the layout of this request instead of NAME" },
	{ 0 },
};
/* clang-format on */

/* Returns true if the probed layout is of that architecture, which the reply does not say. */
static bool has_arch(struct ctl_session *session, const char *name, enum gpal_arch arch)
{
	ctl_cleanup_buffer struct gpald_bytes params = { 0 };
	struct gpald_raw found =
		gpald_raw_value(ctl_buffer_text(&session->request), session->request.length);
	const char *wanted = gpal_arch_name(arch);

	if (name) {
		ctl_add_text_member(&params, "name", name);
		if (ctl_call_method(session, "layout.get", params.data) || !session->result ||
		    !gpald_raw_member(gpald_raw_value(session->result, strlen(session->result)),
				      "layout", &found))
			return false;
	}
	return gpald_raw_member(found, "arch", &found) && found.length == strlen(wanted) + 2 &&
	       memcmp(found.text + 1, wanted, strlen(wanted)) == 0;
}

/* Appends the device that devices.h has in the page of the address, if there is one. */
static void append_device(struct gpald_bytes *out, struct ctl_session *session, const char *name,
			  const struct gpal_probe *probe)
{
	const uint64_t page = (probe->range.start + probe->offset) / GPAL_PAGE_SIZE;

	for (size_t i = 0; i < CTL_DEVICE_COUNT; i++)
		if (strcmp(probe->tag, "chipset-low-mmio") == 0 &&
		    page == ctl_devices[i].address / GPAL_PAGE_SIZE &&
		    has_arch(session, name, ctl_devices[i].arch))
			ctl_buffer_printf(out, ", %s", ctl_devices[i].name);
}

static void append_probe(struct gpald_bytes *out, struct ctl_session *session, const char *name,
			 const struct gpal_probe *probe)
{
	if (probe->is_free) {
		ctl_buffer_puts(out, "free, ");
		ctl_value_append(out, CTL_RANGE, &probe->range);
		return;
	}
	ctl_buffer_puts(out, "in ");
	ctl_puts_safe(out, probe->tag);
	ctl_buffer_printf(out, " (%s) ", gpal_kind_name(probe->kind));
	ctl_value_append(out, CTL_RANGE, &probe->range);
	ctl_buffer_printf(out, ", offset 0x%" PRIx64, probe->offset);
	if (probe->has_node)
		ctl_buffer_printf(out, ", node %" PRIu32, probe->node);
	if (probe->root_complex) {
		ctl_buffer_puts(out, ", root complex ");
		ctl_puts_safe(out, probe->root_complex);
	}
	if (probe->has_slot)
		ctl_buffer_printf(out, ", slot %" PRIu32, probe->slot);
	append_device(out, session, name, probe);
}

/* Appends the address in hexadecimal, however it was typed. */
static void append_address(struct gpald_bytes *out, const char *typed)
{
	uint64_t address;

	if (gpald_size_parse(typed, &address) == GPALD_SIZE_OK)
		ctl_buffer_printf(out, "0x%" PRIx64, address);
	else
		ctl_puts_safe(out, typed);
}

/* Asks about the layout `name`, or, if `name` is NULL, about the layout of the request. */
static enum ctl_exit ask_for_probe(struct ctl_session *session, const char *name)
{
	ctl_cleanup_buffer struct gpald_bytes params = { 0 };

	ctl_layout_params(session, &params, name);
	ctl_add_text_member(&params, "address", ctl_operand(session->invocation, 0));
	return ctl_call_method(session, "layout.probe", params.data);
}

static enum ctl_exit show_probe(struct ctl_session *session, const char *name)
{
	ctl_cleanup_buffer struct gpald_bytes out = { 0 };
	const struct gpal_probe *probe;
	enum ctl_exit code = ctl_print_reply(session, name);

	if (code || !ctl_wants_text(session))
		return code;
	probe = ctl_decode_result(session, &gpald_probe_result);
	if (!probe)
		return CTL_NO_DAEMON;
	ctl_puts_safe(&out, name ? name : "");
	ctl_buffer_puts(&out, name ? ": " : "");
	append_address(&out, ctl_operand(session->invocation, 0));
	ctl_buffer_puts(&out, " is ");
	append_probe(&out, session, name, probe);
	ctl_buffer_puts(&out, "\n");
	return ctl_write_output(&out);
}

static enum ctl_exit probe_request(struct ctl_session *session)
{
	enum ctl_exit code;

	if (session->invocation->operand_count > 1)
		return ctl_error("probe takes names or a request, not both");
	code = ctl_request_take(session, ctl_flag_value(session->invocation, "--request"));
	if (!code)
		code = ask_for_probe(session, NULL);
	return code ? code : show_probe(session, NULL);
}

/*
 * Probes a live layout. If there is no such layout, or it lacks the value of --field, sets *worst
 * and returns CTL_OK, so that the others are still shown. A listed layout that was deleted since is
 * skipped, because it is no longer live.
 */
static enum ctl_exit probe_layout(struct ctl_session *session, const char *name, bool is_listed,
				  enum ctl_exit *worst)
{
	enum ctl_exit code = ask_for_probe(session, name);

	if (!code && (!is_listed || ctl_reply_status(session) != CTL_NOT_FOUND))
		code = show_probe(session, name);
	if (code != CTL_NOT_FOUND)
		return code;
	*worst = code;
	return CTL_OK;
}

static enum ctl_exit probe_names(struct ctl_session *session)
{
	enum ctl_exit worst = CTL_OK, code = CTL_OK;

	for (size_t i = 1; !code && i < session->invocation->operand_count; i++)
		code = probe_layout(session, ctl_operand(session->invocation, i), false, &worst);
	return code ? code : worst;
}

static enum ctl_exit probe_all(struct ctl_session *session)
{
	struct ctl_pages pages = { .ended = false };
	const struct gpal_client_page *page;
	enum ctl_exit worst = CTL_OK, code = CTL_OK;

	while (!code && !pages.ended) {
		code = ctl_pages_next(session, &pages, &page);
		for (size_t i = 0; !code && i < page->count; i++)
			code = probe_layout(session, page->entries[i].name, true, &worst);
	}
	return code ? code : worst;
}

/* Digits alone are decimal, but people who type an address often mean hexadecimal. */
static void note_decimal(const char *address)
{
	uint64_t value;

	if (strlen(address) > 4 && ctl_count_parse(address, &value))
		ctl_note("%s is decimal, that is 0x%" PRIx64 "; write 0x%s if it is hexadecimal",
			 address, value, address);
}

/* Checks the address, because the daemon does not see it if there are no layouts. */
static enum ctl_exit check_address(const char *address)
{
	uint64_t value;
	const enum gpald_size_result result = gpald_size_parse(address, &value);

	if (result == GPALD_SIZE_OK)
		return CTL_OK;
	if (result == GPALD_SIZE_OVERFLOW)
		return ctl_error("ADDR: %s does not fit in 64 bits", address);
	ctl_error("ADDR: '%s' is not an address", address);
	if (*address && !address[strspn(address, "0123456789abcdefABCDEF")])
		ctl_hint("addresses in hexadecimal begin with 0x: 0x%s", address);
	else
		ctl_hint(
			"an address is 0x and hexadecimal digits, or a whole decimal number, which "
			"may end in K, M, G, T or P");
	return CTL_USAGE;
}

enum ctl_exit ctl_run_probe(struct ctl_session *session)
{
	const struct ctl_invocation *invocation = session->invocation;

	if (check_address(invocation->operands[0]))
		return CTL_USAGE;
	note_decimal(invocation->operands[0]);
	if (ctl_flag_was_given(invocation, "--request") || ctl_request_flag_count(invocation))
		return probe_request(session);
	return invocation->operand_count > 1 ? probe_names(session) : probe_all(session);
}
