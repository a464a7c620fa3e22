/* SPDX-License-Identifier: MIT */
/*
 * Writes a request from flags. Each flag is a row of a table. Members are written in the order of
 * the table, not of the command line, so that the same flags write the same request. The rows of
 * one object of the request must be adjacent.
 */
#include "config.h"

#include "gpalayoutctl/request/flags.h"

#include "gpalayoutctl/message.h"
#include "gpalayoutctl/request/value.h"

#include <gpalayout/policy.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define VTL2_ALIGNMENT "2M"

#define COUNT_OF(list) (sizeof(list) / sizeof((list)[0]))

/* An element of a list has no name. */
static enum ctl_exit write_text(void *target, const struct ctl_flag *flag, const char *value)
{
	struct ctl_request *request = target;

	gpald_write_text(&request->writer, flag->repeatable ? NULL : flag->member,
			 flag->constant ? flag->constant : value);
	return CTL_OK;
}

static enum ctl_exit write_count(void *target, const struct ctl_flag *flag, const char *value)
{
	struct ctl_request *request = target;
	uint64_t count;
	const enum ctl_exit code = ctl_flag_count_parse(flag->name, NULL, value, false, &count);

	if (!code)
		gpald_write_integer(&request->writer, flag->member, (int64_t)count);
	return code;
}

/*
 * Splits SIZE[,KEY=VALUE...]. keys[0] is the key of the size, which must be given. Returns
 * CTL_USAGE after a message if something is wrong.
 */
static enum ctl_exit take_sized(struct gpald_bytes *text, const struct ctl_flag *flag,
				const char *value, const char *const *keys, size_t count,
				const char **values)
{
	enum ctl_exit code = ctl_value_copy(text, flag, value);

	if (!code)
		code = ctl_take_items(flag, text->data, keys[0], keys, count, values);
	return code || values[0] ? code : ctl_error("%s: '%s' has no size", flag->name, value);
}

/* SIZE or size=SIZE, for one more node. */
static enum ctl_exit write_node(void *target, const struct ctl_flag *flag, const char *value)
{
	static const char *const keys[] = { "size" };
	ctl_cleanup_buffer struct gpald_bytes text = { 0 };
	struct ctl_request *request = target;
	const char *values[COUNT_OF(keys)] = { NULL };
	const enum ctl_exit code = take_sized(&text, flag, value, keys, COUNT_OF(keys), values);

	if (!code)
		gpald_write_text(&request->writer, NULL, values[0]);
	return code;
}

/* SIZE[,alignment=SIZE] */
static enum ctl_exit write_vtl2_memory(void *target, const struct ctl_flag *flag, const char *value)
{
	static const char *const keys[] = { "size", "alignment" };
	ctl_cleanup_buffer struct gpald_bytes text = { 0 };
	struct gpald_writer *w = &((struct ctl_request *)target)->writer;
	const char *values[COUNT_OF(keys)] = { NULL };
	const enum ctl_exit code = take_sized(&text, flag, value, keys, COUNT_OF(keys), values);

	if (code)
		return code;
	gpald_write_object(w, flag->member);
	gpald_write_text(w, "size", values[0]);
	gpald_write_text(w, "alignment", values[1] ? values[1] : VTL2_ALIGNMENT);
	gpald_write_object_end(w);
	return CTL_OK;
}

/* SIZE[,node=N][,alignment=SIZE], for one more hotplug room. */
enum ctl_exit ctl_write_hotplug(void *target, const struct ctl_flag *flag, const char *value)
{
	static const char *const keys[] = { "size", "node", "alignment" };
	ctl_cleanup_buffer struct gpald_bytes text = { 0 };
	struct gpald_writer *w = &((struct ctl_request *)target)->writer;
	const char *values[COUNT_OF(keys)] = { NULL };
	enum ctl_exit code = take_sized(&text, flag, value, keys, COUNT_OF(keys), values);
	uint64_t node;

	if (!code && values[1])
		code = ctl_flag_count_parse(flag->name, "node", values[1], false, &node);
	if (code)
		return code;
	gpald_write_object(w, NULL);
	if (values[1])
		gpald_write_integer(w, "node", (int64_t)node);
	gpald_write_text(w, "size", values[0]);
	if (values[2])
		gpald_write_text(w, "alignment", values[2]);
	gpald_write_object_end(w);
	return CTL_OK;
}

/* NAME,size=SIZE,targets=RC+RC...[,granularity=SIZE] */
enum ctl_exit ctl_write_cxl_window(void *target, const struct ctl_flag *flag, const char *value)
{
	static const char *const keys[] = { "size", "targets", "granularity" };
	ctl_cleanup_buffer struct gpald_bytes text = { 0 };
	struct gpald_writer *w = &((struct ctl_request *)target)->writer;
	const char *values[COUNT_OF(keys)] = { NULL };
	enum ctl_exit code = ctl_value_copy(&text, flag, value);
	char *rest = text.data, *name, *targets;

	if (!code)
		code = ctl_take_name(flag, value, &rest, &name);
	if (!code)
		code = ctl_take_items(flag, rest, NULL, keys, COUNT_OF(keys), values);
	for (size_t i = 0; i < 2 && !code; i++)
		if (!values[i])
			code = ctl_error("%s: '%s' has no %s", flag->name, value, keys[i]);
	if (code)
		return code;
	gpald_write_object(w, NULL);
	gpald_write_text(w, "name", name);
	gpald_write_array(w, "targets");
	for (targets = (char *)values[1]; (name = ctl_next_part(&targets, '+'));)
		gpald_write_text(w, NULL, ctl_unquote(name));
	gpald_write_array_end(w);
	gpald_write_text(w, "size", values[0]);
	if (values[2])
		gpald_write_text(w, "granularity", values[2]);
	gpald_write_object_end(w);
	return CTL_OK;
}

/* NAME=START-END. Addresses have no equals sign, so the last one ends the name. */
static enum ctl_exit write_reserve(void *target, const struct ctl_flag *flag, const char *value)
{
	ctl_cleanup_buffer struct gpald_bytes text = { 0 };
	struct ctl_request *request = target;
	const enum ctl_exit code = ctl_value_copy(&text, flag, value);
	char *equals, *dash;

	if (code)
		return code;
	equals = text.data + ctl_length_before_last(text.data, '=');
	dash = strchr(equals, '-');
	if (!dash)
		return ctl_error("%s: '%s' is not NAME=START-END", flag->name, value);
	*equals = *dash = '\0';
	gpald_write_object(&request->writer, NULL);
	gpald_write_text(&request->writer, "name", ctl_unquote(text.data));
	gpald_write_text(&request->writer, "start", equals + 1);
	gpald_write_text(&request->writer, "end", dash + 1);
	gpald_write_object_end(&request->writer);
	return CTL_OK;
}

/* SIZE, or START-END for a pinned window. */
static enum ctl_exit write_window_flag(void *target, const struct ctl_flag *flag, const char *value)
{
	ctl_cleanup_buffer struct gpald_bytes text = { 0 };
	struct ctl_request *request = target;
	char *dash;

	ctl_buffer_puts(&text, value);
	dash = strchr(text.data, '-');
	if (!dash)
		return write_text(target, flag, value);
	*dash = '\0';
	gpald_write_object(&request->writer, flag->member);
	gpald_write_text(&request->writer, "start", text.data);
	gpald_write_text(&request->writer, "end", dash + 1);
	gpald_write_object_end(&request->writer);
	return CTL_OK;
}

static enum ctl_exit write_bool(void *target, const struct ctl_flag *flag, const char *value)
{
	struct ctl_request *request = target;

	(void)value;
	gpald_write_bool(&request->writer, flag->member, strcmp(flag->constant, "true") == 0);
	return CTL_OK;
}

/* clang-format off */
const struct ctl_flag ctl_request_flags[] = {
	{ .name = "--arch", .value_name = "x86_64|aarch64", .apply = write_text, .member = "arch",
	  .help = "guest architecture; default: that of this host" },
	{ .name = "--policy", .value_name = "NAME", .apply = write_text, .member = "policy",
	  .help = "set of defaults; see gpalayoutctl policies" },
	{ .name = "--profile", .value_name = "NAME", .apply = write_text, .member = "profile",
	  .help = "how the guest starts: gen2-uefi, linux-direct, ..." },
	{ .name = "--memory", .value_name = "SIZE", .apply = write_node,
	  .group = "memory", .member = "nodes",
	  .help = "RAM of a VM with one node, as SIZE or size=SIZE" },
	{ .name = "--numa", .value_name = "[size=]SIZE", .apply = write_node, .repeatable = true,
	  .group = "memory", .member = "nodes", .help = "RAM of the next NUMA node" },
	{ .name = "--memory-start", .value_name = "ADDR", .apply = write_text,
	  .group = "memory", .member = "start", .help = "where RAM starts" },
	{ .name = "--memory-low-window", .value_name = "SIZE", .apply = write_text,
	  .group = "memory", .member = "low_window",
	  .help = "low RAM window: the first SIZE bytes of node 0 lie at "
		  "address 0, all other RAM from --memory-start up" },
	{ .name = "--hotplug", .value_name = CTL_HOTPLUG_VALUE,
	  .apply = ctl_write_hotplug, .repeatable = true, .group = "memory", .member = "hotplug",
	  .help = "room for memory that is added later; default node 0, "
		  "alignment 2G" },
	{ .name = "--chipset-low-mmio", .value_name = "SIZE", .apply = write_text,
	  .group = "chipset", .member = "low_mmio", .help = "chipset window that ends at 4 GiB" },
	{ .name = "--chipset-high-mmio", .value_name = "SIZE|START-END", .apply = write_window_flag,
	  .group = "chipset", .member = "high_mmio",
	  .help = "size of the chipset window above RAM, or its range" },
	{ .name = "--no-vmbus", .apply = write_bool, .constant = "false",
	  .group = "chipset", .member = "vmbus",
	  .help = "no chipset window above RAM, unless its size or range "
		  "is given" },
	{ .name = "--pcie-ecam", .value_name = "below-4gib|above-4gib", .apply = write_text,
	  .group = "pcie", .member = "ecam", .help = "where PCIe configuration space goes" },
	{ .name = "--pcie-ecam-below-4gb", .apply = write_text, .constant = "below-4gib",
	  .group = "pcie", .member = "ecam", .help = "the same as --pcie-ecam below-4gib" },
	{ .name = "--pcie-root-complex", .value_name = "NAME[,KEY=VALUE...]", .repeatable = true,
	  .apply = ctl_write_root_complex, .group = "pcie", .member = "root_complexes",
	  .help = "segment, start_bus, end_bus, node: numbers;\n"
		  "low_mmio, high_mmio, hdm: sizes;\n"
		  "low_mmio_base, high_mmio_base: pin the window;\n"
		  "low_mmio_alignment, high_mmio_alignment: align it;\n"
		  "low_mmio=none, high_mmio=none: no such window;\n"
		  "hdm=none: a CXL bridge that has only registers;\n"
		  "bars=SIZE+SIZE..., low_bars: add a device with these BARs "
		  "in the high or the low MMIO window, which is made large "
		  "enough; give the key once for each device;\n"
		  "vfs=N:SIZE+SIZE..., low_vfs: add N virtual functions with "
		  "these BARs to the last device given for that window;\n"
		  "cxl: the same as hdm=1G" },
	{ .name = "--cxl-window", .value_name = CTL_CXL_WINDOW_VALUE,
	  .apply = ctl_write_cxl_window, .repeatable = true, .member = "cxl_windows",
	  .help = "CXL memory interleaved over root complexes that have cxl; "
		  "default granularity 256" },
	{ .name = "--virtio-mmio", .value_name = "SLOTS", .apply = write_count,
	  .group = "virtio_mmio", .member = "slots", .help = "number of virtio-mmio slots" },
	{ .name = "--iommu", .value_name = "RC=KIND", .apply = ctl_check_iommu, .repeatable = true,
	  .help = "IOMMU of a root complex: amd-vi, intel-vtd or smmuv3" },
	{ .name = "--amd-iommu", .value_name = "RC", .apply = ctl_check_iommu, .repeatable = true,
	  .constant = "amd-vi", .help = "the same as --iommu RC=amd-vi" },
	{ .name = "--intel-vtd", .value_name = "RC", .apply = ctl_check_iommu, .repeatable = true,
	  .constant = "intel-vtd", .help = "the same as --iommu RC=intel-vtd" },
	{ .name = "--smmu", .value_name = "[rc=]RC", .apply = ctl_check_iommu, .repeatable = true,
	  .constant = "smmuv3", .help = "the same as --iommu RC=smmuv3" },
	{ .name = "--vtl2-chipset-mmio", .value_name = "SIZE", .apply = write_text,
	  .group = "vtl2", .member = "chipset_mmio", .help = "VTL2's chipset window" },
	{ .name = "--vtl2-memory", .value_name = "SIZE[,alignment=SIZE]",
	  .apply = write_vtl2_memory, .group = "vtl2", .member = "memory",
	  .help = "VTL2's own RAM; default alignment " VTL2_ALIGNMENT },
	{ .name = "--vtl2-framebuffer", .value_name = "SIZE", .apply = write_text,
	  .group = "vtl2", .member = "framebuffer", .help = "VTL2's framebuffer" },
	{ .name = "--vtl2-alias-map", .apply = write_bool, .constant = "true",
	  .group = "vtl2", .member = "alias_map",
	  .help = "VTL2's map of VTL0 uses the host's highest address bit" },
	{ .name = "--reserve", .value_name = "NAME=START-END", .apply = write_reserve,
	  .member = "reserved", .repeatable = true, 
	  .help = "addresses at which nothing may be placed" },
	{ .name = "--host-hole", .value_name = "NAME", .apply = write_text,
	  .group = "host", .member = "holes", .repeatable = true,
	  .help = "place nothing in this hole of the host: "
		  "amd-hypertransport or arm-msi" },
	{ .name = "--host-bits", .value_name = "N", .apply = write_count,
	  .group = "host", .member = "physical_address_bits",
	  .help = "physical address bits of the host; the layout must fit" },
	{ 0 },
};
/* clang-format on */

/* Members. */

static bool is_same_member(const struct ctl_flag *a, const struct ctl_flag *b)
{
	return a->member && strcmp(a->member, b->member) == 0 && !a->group == !b->group &&
	       (!a->group || strcmp(a->group, b->group) == 0);
}

/* Returns the rest of the pointer after the member of the flag, or NULL if it leads elsewhere. */
static const char *skip_member(const struct ctl_flag *flag, const char *pointer)
{
	const char *names[] = { flag->group, flag->member };

	for (size_t i = 0; i < 2 && *pointer; i++) {
		const size_t length = names[i] ? strlen(names[i]) : 0;

		if (!names[i])
			continue;
		if (*pointer != '/' || strncmp(pointer + 1, names[i], length) != 0)
			return NULL;
		pointer += 1 + length;
		if (*pointer && *pointer != '/')
			return NULL;
	}
	return pointer;
}

/* Returns the flag of that number among those given for the member that `list` sets. */
static const struct ctl_given *find_nth(const struct ctl_invocation *invocation,
					const struct ctl_flag *list, unsigned long number)
{
	for (const struct ctl_given *given = invocation->given; given->flag; given++)
		if (is_same_member(given->flag, list) && number-- == 0)
			return given;
	return NULL;
}

bool ctl_request_flag_at(const struct ctl_invocation *invocation, const char *pointer,
			 struct gpald_bytes *out)
{
	const struct ctl_flag *flag = ctl_request_flags;
	const struct ctl_given *given, *iommu = NULL;
	const char *rest = NULL;
	char *end = NULL;

	while (flag->name && (!flag->member || !(rest = skip_member(flag, pointer))))
		flag++;
	if (!flag->name)
		return false;
	given = find_nth(invocation, flag, *rest ? strtoul(rest + 1, &end, 10) : 0);
	if (given && end && strcmp(end, "/iommu") == 0)
		iommu = ctl_iommu_of(invocation, given);
	if (iommu)
		given = iommu;
	ctl_buffer_puts(out, given ? given->flag->name : flag->name);
	if (given && given->value)
		ctl_buffer_printf(out, " %s", given->value);
	return true;
}

/* Returns the first row that sets the same member. The rows after it are other forms of it. */
static const struct ctl_flag *first_form(const struct ctl_flag *flag)
{
	const struct ctl_flag *first = ctl_request_flags;

	while (!is_same_member(first, flag))
		first++;
	return first;
}

/* Closes the open object of the request, unless it is `group`, and opens that. */
static void enter_group(struct ctl_request *request, const char *group)
{
	if (request->group && (!group || strcmp(request->group, group) != 0))
		gpald_write_object_end(&request->writer);
	if (group && (!request->group || strcmp(request->group, group) != 0))
		gpald_write_object(&request->writer, group);
	request->group = group;
}

/* Writes a member from all flags that were given for it, in the order of the table. */
static enum ctl_exit write_member(struct ctl_request *request, const struct ctl_flag *first)
{
	const struct ctl_invocation *invocation = request->invocation;
	enum ctl_exit code = CTL_OK;
	bool is_list = false;
	size_t count = 0;

	for (const struct ctl_flag *flag = first; flag->name && is_same_member(flag, first); flag++)
		is_list = is_list || flag->repeatable;
	if (!find_nth(invocation, first, 0))
		return CTL_OK;
	enter_group(request, first->group);
	if (is_list)
		gpald_write_array(&request->writer, first->member);
	for (const struct ctl_flag *flag = first; flag->name && is_same_member(flag, first); flag++)
		for (const struct ctl_given *given = invocation->given; given->flag && !code;
		     given++) {
			if (given->flag != flag)
				continue;
			if (count++ && !is_list)
				return ctl_error("%s: another option has already set %s.%s",
						 flag->name, flag->group, flag->member);
			code = flag->apply(request, flag, given->value);
		}
	if (is_list)
		gpald_write_array_end(&request->writer);
	return code;
}

size_t ctl_request_flag_count(const struct ctl_invocation *invocation)
{
	size_t count = 0;

	for (const struct ctl_given *given = invocation->given; given->flag; given++)
		count += ctl_is_flag_of(ctl_request_flags, given->flag);
	return count;
}

/* Writes the architecture of this host. uname(2) and requests use the same names. */
static enum ctl_exit write_host_arch(struct ctl_request *request)
{
	struct utsname host;

	for (int i = 0; i < GPAL_ARCH_COUNT && uname(&host) == 0; i++) {
		const char *arch = gpal_arch_name((enum gpal_arch)i);

		if (strcmp(arch, host.machine) == 0) {
			gpald_write_text(&request->writer, "arch", arch);
			return CTL_OK;
		}
	}
	return ctl_error("--arch is needed on this host: x86_64 or aarch64");
}

static enum ctl_exit write_members(struct ctl_request *request)
{
	const struct ctl_invocation *invocation = request->invocation;
	enum ctl_exit code = CTL_OK;

	if (ctl_flag_was_given(invocation, "--memory") && ctl_flag_was_given(invocation, "--numa"))
		return ctl_error("--memory and --numa exclude each other");
	for (const struct ctl_given *given = invocation->given; given->flag && !code; given++)
		if (given->flag->apply == ctl_check_iommu)
			code = ctl_check_iommu(request, given->flag, given->value);
	if (!code && !ctl_flag_was_given(invocation, "--arch"))
		code = write_host_arch(request);
	for (const struct ctl_flag *flag = ctl_request_flags; flag->name && !code; flag++)
		if (flag->member && first_form(flag) == flag)
			code = write_member(request, flag);
	return code;
}

enum ctl_exit ctl_request_build(const struct ctl_invocation *invocation, struct gpald_bytes *text)
{
	struct ctl_request request = { .invocation = invocation };
	enum ctl_exit code;

	gpald_write_object(&request.writer, NULL);
	code = write_members(&request);
	enter_group(&request, NULL);
	gpald_write_object_end(&request.writer);
	if (request.writer.failed)
		ctl_out_of_memory();
	ctl_buffer_append(text, request.writer.text.data, request.writer.text.length);
	gpald_writer_clear(&request.writer);
	return code;
}
