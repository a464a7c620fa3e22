/* SPDX-License-Identifier: MIT */
/*
 * IOMMUs have flags of their own, as on OpenVMM's command line, and are members of their root
 * complexes in a request: names lead from one to the other.
 */
#include "config.h"

#include "gpalayoutctl/request/flags.h"

#include "gpalayoutctl/message.h"
#include "gpalayoutctl/request/value.h"

#include <string.h>

/* RC=KIND, or RC alone (also rc=RC) where the flag names the kind. The name is still quoted. */
static const char *given_iommu_name(const struct ctl_given *given, size_t *length)
{
	const char *name = given->value;

	if (given->flag->constant && strncmp(name, "rc=", 3) == 0)
		name += 3;
	*length = given->flag->constant ? strlen(name) : ctl_head_length(name, '=');
	return name;
}

const struct ctl_given *ctl_find_iommu(const struct ctl_invocation *invocation, const char *name)
{
	for (size_t i = 0; i < invocation->given_count; i++) {
		const struct ctl_given *given = &invocation->given[i];
		size_t length;

		if (given->flag->apply == ctl_check_iommu) {
			const char *quoted = given_iommu_name(given, &length);

			if (ctl_is_quoted(quoted, length, name))
				return given;
		}
	}
	return NULL;
}

static bool has_root_complex(const struct ctl_invocation *invocation, const char *name)
{
	for (size_t i = 0; i < invocation->given_count; i++) {
		const struct ctl_given *given = &invocation->given[i];

		if (given->flag->apply == ctl_write_root_complex &&
		    ctl_is_quoted(given->value, ctl_part_length(given->value, ','), name))
			return true;
	}
	return false;
}

enum ctl_exit ctl_check_iommu(void *target, const struct ctl_flag *flag, const char *value)
{
	const struct ctl_request *request = target;
	ctl_cleanup_buffer struct ctl_buffer name = { 0 };
	const struct ctl_given given = { flag, value };
	size_t length;
	const char *quoted = given_iommu_name(&given, &length);
	const enum ctl_exit code = ctl_value_copy(&name, flag, quoted);
	const char *quote;

	if (code)
		return code;
	if (!flag->constant && !quoted[length])
		return ctl_usage_error("%s: '%s' is not RC=KIND", flag->name, value);
	name.data[length] = '\0';
	ctl_unquote(name.data);
	if (!has_root_complex(request->invocation, name.data)) {
		ctl_complain("%s: there is no root complex %s", flag->name, name.data);
		quote = strlen(name.data) == length ? "" : "'";
		ctl_hint("add --pcie-root-complex %s%.*s%s", quote, (int)length, quoted, quote);
		return CTL_USAGE;
	}
	/* The first of them is the one that is found. */
	if (ctl_find_iommu(request->invocation, name.data)->value != value)
		return ctl_usage_error("%s: root complex %s has an IOMMU already", flag->name,
				       name.data);
	return CTL_OK;
}

const struct ctl_given *ctl_iommu_of(const struct ctl_invocation *invocation,
				     const struct ctl_given *root_complex)
{
	ctl_cleanup_buffer struct ctl_buffer name = { 0 };

	ctl_buffer_append(&name, root_complex->value, ctl_part_length(root_complex->value, ','));
	return ctl_find_iommu(invocation, ctl_unquote(name.data));
}

const char *ctl_iommu_kind(const struct ctl_given *given)
{
	size_t length;
	const char *name = given_iommu_name(given, &length);

	return given->flag->constant ? given->flag->constant : name + length + 1;
}
