/* SPDX-License-Identifier: MIT */
/*
 * The request from flags: one table row a flag. Rows are applied in the order of
 * the table, whatever the order on the command line, so that an IOMMU finds its
 * root complex and equal flags build equal requests.
 */
#include "config.h"

#include "request_flags.h"

#include "json_tree.h"
#include "key_values.h"
#include "message.h"
#include "root_complex_flag.h"
#include "size_text.h"

#include <gpalayout/policy.h>
#include <string.h>
#include <sys/utsname.h>

#define VTL2_ALIGNMENT "2M"

/* Where the member of `flag` goes; false, after a complaint, when it is there already. */
static bool find_place(struct ctl_request *request, const struct ctl_flag *flag, cJSON **object)
{
	*object = ctl_request_object(request, flag->group);
	if (!ctl_json_member(*object, flag->member))
		return true;
	ctl_complain("%s: another flag has already set %s%s%s", flag->name,
		     flag->group ? flag->group : "", flag->group ? "." : "", flag->member);
	return false;
}

static enum ctl_exit apply_text(void *target, const struct ctl_flag *flag, const char *value)
{
	struct ctl_request *request = target;
	cJSON *object;

	if (!find_place(request, flag, &object))
		return CTL_USAGE;
	ctl_json_add_text(object, flag->member, flag->constant ? flag->constant : value);
	return CTL_OK;
}

static enum ctl_exit apply_count(void *target, const struct ctl_flag *flag, const char *value)
{
	struct ctl_request *request = target;
	cJSON *object;
	int64_t count;

	if (!ctl_count_parse(value, &count))
		return ctl_usage_error("%s: '%s' is not a whole number", flag->name, value);
	if (!find_place(request, flag, &object))
		return CTL_USAGE;
	ctl_json_add_integer(object, flag->member, count);
	return CTL_OK;
}

/* SIZE or size=SIZE: one more node. */
static enum ctl_exit apply_node(void *target, const struct ctl_flag *flag, const char *value)
{
	ctl_cleanup_string char *text = ctl_string_copy(value);
	struct ctl_request *request = target;
	const char *size = NULL;
	char *rest = text;
	char *key;
	char *item_value;

	while (ctl_next_item(&rest, &key, &item_value)) {
		const char *item_size = item_value ? item_value : key;

		if (item_value && strcmp(key, "size") != 0) {
			ctl_complain("%s: unknown key %s", flag->name, key);
			ctl_hint("only a node's size has a bearing on the layout");
			return CTL_USAGE;
		}
		if (size)
			return ctl_usage_error("%s: '%s' has two sizes", flag->name, value);
		size = item_size;
	}
	ctl_json_add_text(ctl_request_list(request, flag->group, flag->member), NULL, size);
	return CTL_OK;
}

/* RC=KIND, or RC alone (also rc=RC) where the flag names the kind. */
static enum ctl_exit apply_iommu(void *target, const struct ctl_flag *flag, const char *value)
{
	ctl_cleanup_string char *text = ctl_string_copy(value);
	char *equals = strchr(text, '=');
	const char *name = text;
	const char *kind = flag->constant;

	if (!kind) {
		if (!equals)
			return ctl_usage_error("%s: '%s' is not RC=KIND", flag->name, value);
		*equals = '\0';
		kind = equals + 1;
	} else if (equals && strncmp(text, "rc=", 3) == 0) {
		name = text + 3;
	}
	return ctl_root_complex_set_iommu(target, flag->name, name, kind);
}

static enum ctl_exit apply_root_complex(void *target, const struct ctl_flag *flag,
					const char *value)
{
	return ctl_root_complex_add(target, flag->name, value);
}

/* SIZE[,alignment=SIZE] */
static enum ctl_exit apply_vtl2_memory(void *target, const struct ctl_flag *flag, const char *value)
{
	ctl_cleanup_string char *text = ctl_string_copy(value);
	struct ctl_request *request = target;
	const char *size = NULL;
	const char *alignment = NULL;
	char *rest = text;
	char *key;
	char *item_value;
	cJSON *memory;

	while (ctl_next_item(&rest, &key, &item_value)) {
		const char **slot = &size;

		if (item_value && strcmp(key, "alignment") == 0)
			slot = &alignment;
		else if (item_value && strcmp(key, "size") != 0)
			return ctl_usage_error("%s: unknown key %s", flag->name, key);
		if (*slot)
			return ctl_usage_error("%s: '%s' has two of a kind", flag->name, value);
		*slot = item_value ? item_value : key;
	}
	if (!size)
		return ctl_usage_error("%s: '%s' has no size", flag->name, value);
	memory = ctl_json_add(ctl_request_object(request, flag->group), flag->member,
			      cJSON_CreateObject());
	ctl_json_add_text(memory, "size", size);
	ctl_json_add_text(memory, "alignment", alignment ? alignment : VTL2_ALIGNMENT);
	return CTL_OK;
}

/* NAME=START-END */
static enum ctl_exit apply_reserve(void *target, const struct ctl_flag *flag, const char *value)
{
	ctl_cleanup_string char *text = ctl_string_copy(value);
	char *equals = strchr(text, '=');
	char *dash = equals ? strchr(equals, '-') : NULL;
	struct ctl_request *request = target;
	cJSON *range;

	if (!dash)
		return ctl_usage_error("%s: '%s' is not NAME=START-END", flag->name, value);
	*equals = '\0';
	*dash = '\0';
	range = ctl_json_add(ctl_request_list(request, NULL, flag->member), NULL,
			     cJSON_CreateObject());
	ctl_json_add_text(range, "name", text);
	ctl_json_add_text(range, "start", equals + 1);
	ctl_json_add_text(range, "end", dash + 1);
	return CTL_OK;
}

/* clang-format off */
const struct ctl_flag ctl_request_flags[] = {
	{ .name = "--arch", .value_name = "x86_64|aarch64", .apply = apply_text, .member = "arch",
	  .help = "guest architecture; default: that of this host" },
	{ .name = "--policy", .value_name = "NAME", .apply = apply_text, .member = "policy",
	  .help = "set of defaults; see gpalayoutctl policies" },
	{ .name = "--profile", .value_name = "NAME", .apply = apply_text, .member = "profile",
	  .help = "how the guest starts: gen2-uefi, linux-direct, ..." },
	{ .name = "--memory", .value_name = "SIZE", .apply = apply_node,
	  .group = "memory", .member = "nodes",
	  .help = "RAM of a VM with one node; also size=SIZE" },
	{ .name = "--numa", .value_name = "[size=]SIZE", .apply = apply_node, .repeatable = true,
	  .group = "memory", .member = "nodes", .help = "RAM of the next NUMA node" },
	{ .name = "--memory-start", .value_name = "ADDR", .apply = apply_text,
	  .group = "memory", .member = "start", .help = "where RAM starts" },
	{ .name = "--chipset-low-mmio", .value_name = "SIZE", .apply = apply_text,
	  .group = "chipset", .member = "low_mmio", .help = "chipset window that ends at 4 GiB" },
	{ .name = "--chipset-high-mmio", .value_name = "SIZE", .apply = apply_text,
	  .group = "chipset", .member = "high_mmio", .help = "chipset window above RAM" },
	{ .name = "--pcie-ecam", .value_name = "below-4gib|above-4gib", .apply = apply_text,
	  .group = "pcie", .member = "ecam", .help = "where PCIe configuration space goes" },
	{ .name = "--pcie-ecam-below-4gb", .apply = apply_text, .constant = "below-4gib",
	  .group = "pcie", .member = "ecam", .help = "the same as --pcie-ecam below-4gib" },
	{ .name = "--pcie-root-complex", .value_name = "NAME[,KEY=VALUE...]", .repeatable = true,
	  .apply = apply_root_complex,
	  .help = "segment, start_bus, end_bus, node: numbers;\n"
		  "low_mmio, high_mmio, hdm: sizes;\n"
		  "low_mmio_base, high_mmio_base: pin the window;\n"
		  "cxl: the same as hdm=1G" },
	{ .name = "--virtio-mmio", .value_name = "SLOTS", .apply = apply_count,
	  .group = "virtio_mmio", .member = "slots", .help = "number of virtio-mmio slots" },
	{ .name = "--iommu", .value_name = "RC=KIND", .apply = apply_iommu, .repeatable = true,
	  .help = "IOMMU of a root complex: amd-vi, intel-vtd or smmuv3" },
	{ .name = "--amd-iommu", .value_name = "RC", .apply = apply_iommu, .repeatable = true,
	  .constant = "amd-vi", .help = "the same as --iommu RC=amd-vi" },
	{ .name = "--intel-vtd", .value_name = "RC", .apply = apply_iommu, .repeatable = true,
	  .constant = "intel-vtd", .help = "the same as --iommu RC=intel-vtd" },
	{ .name = "--smmu", .value_name = "[rc=]RC", .apply = apply_iommu, .repeatable = true,
	  .constant = "smmuv3", .help = "the same as --iommu RC=smmuv3" },
	{ .name = "--vtl2-chipset-mmio", .value_name = "SIZE", .apply = apply_text,
	  .group = "vtl2", .member = "chipset_mmio", .help = "VTL2's chipset window" },
	{ .name = "--vtl2-memory", .value_name = "SIZE[,alignment=SIZE]",
	  .apply = apply_vtl2_memory, .group = "vtl2", .member = "memory",
	  .help = "VTL2's own RAM; default alignment " VTL2_ALIGNMENT },
	{ .name = "--vtl2-framebuffer", .value_name = "SIZE", .apply = apply_text,
	  .group = "vtl2", .member = "framebuffer", .help = "VTL2's framebuffer" },
	{ .name = "--reserve", .value_name = "NAME=START-END", .apply = apply_reserve,
	  .member = "reserved", .repeatable = true, .help = "addresses nothing may be placed at" },
	{ .name = "--host-bits", .value_name = "N", .apply = apply_count,
	  .group = "host", .member = "physical_address_bits",
	  .help = "physical address bits the layout has to fit in" },
	{ 0 },
};
/* clang-format on */

static bool is_request_flag(const struct ctl_flag *flag)
{
	const struct ctl_flag *row = ctl_request_flags;

	while (row->name && row != flag)
		row++;
	return row->name != NULL;
}

size_t ctl_request_flag_count(const struct ctl_invocation *invocation)
{
	size_t count = 0;

	for (size_t i = 0; i < invocation->given_count; i++)
		count += is_request_flag(invocation->given[i].flag);
	return count;
}

/* uname names architectures as requests do. */
static enum ctl_exit set_host_arch(struct ctl_request *request)
{
	struct utsname host;

	if (uname(&host) == 0) {
		for (int i = 0; i < GPAL_ARCH_COUNT; i++) {
			const char *arch = gpal_arch_name((enum gpal_arch)i);

			if (strcmp(arch, host.machine) == 0) {
				ctl_json_add_text(request->tree, "arch", arch);
				return CTL_OK;
			}
		}
	}
	return ctl_usage_error("--arch is needed on this host: x86_64 or aarch64");
}

enum ctl_exit ctl_request_build(const struct ctl_invocation *invocation, cJSON **tree)
{
	struct ctl_request request = { .tree = cJSON_CreateObject() };
	enum ctl_exit code = CTL_OK;

	*tree = request.tree;
	if (!ctl_was_given(invocation, "--arch"))
		code = set_host_arch(&request);
	if (ctl_was_given(invocation, "--memory") && ctl_was_given(invocation, "--numa"))
		code = ctl_usage_error("--memory and --numa exclude each other");

	for (const struct ctl_flag *flag = ctl_request_flags; flag->name; flag++) {
		for (size_t i = 0; i < invocation->given_count && !code; i++) {
			if (invocation->given[i].flag == flag)
				code = flag->apply(&request, flag, invocation->given[i].value);
		}
	}
	return code;
}
