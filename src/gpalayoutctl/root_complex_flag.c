/* SPDX-License-Identifier: MIT */
/*
 * Root complexes from flags. A pinned window is typed as OpenVMM takes it, base
 * and size, and the protocol wants start and end: the sum made here is the only
 * arithmetic on addresses in the client.
 */
#include "config.h"

#include "root_complex_flag.h"

#include "key_values.h"
#include "message.h"
#include "size_text.h"
#include "wire/size.h"

#include <stdbool.h>
#include <string.h>

enum key {
	KEY_SEGMENT,
	KEY_START_BUS,
	KEY_END_BUS,
	KEY_NODE,
	KEY_LOW_MMIO,
	KEY_HIGH_MMIO,
	KEY_LOW_MMIO_BASE,
	KEY_HIGH_MMIO_BASE,
	KEY_HDM,
	KEY_CXL,
	KEY_COUNT
};

enum key_kind {
	KIND_COUNT,
	KIND_SIZE, /* as typed; the daemon judges it */
	KIND_FLAG,
};

static const struct {
	const char *name;
	enum key_kind kind;
} keys[] = {
	[KEY_SEGMENT] = { "segment", KIND_COUNT },
	[KEY_START_BUS] = { "start_bus", KIND_COUNT },
	[KEY_END_BUS] = { "end_bus", KIND_COUNT },
	[KEY_NODE] = { "node", KIND_COUNT },
	[KEY_LOW_MMIO] = { "low_mmio", KIND_SIZE },
	[KEY_HIGH_MMIO] = { "high_mmio", KIND_SIZE },
	[KEY_LOW_MMIO_BASE] = { "low_mmio_base", KIND_SIZE },
	[KEY_HIGH_MMIO_BASE] = { "high_mmio_base", KIND_SIZE },
	[KEY_HDM] = { "hdm", KIND_SIZE },
	[KEY_CXL] = { "cxl", KIND_FLAG },
};

_Static_assert(sizeof(keys) / sizeof(keys[0]) == KEY_COUNT, "each key has a row");

struct window {
	enum key size;
	enum key base;
	const char *default_size;
};

static const struct window windows[] = {
	{ KEY_LOW_MMIO, KEY_LOW_MMIO_BASE, "64M" },
	{ KEY_HIGH_MMIO, KEY_HIGH_MMIO_BASE, "1G" },
};

#define DEFAULT_HDM "1G"

/* The values of the keys; "" for a flag that is there, NULL for what is not. */
struct root_complex {
	const char *flag; /* for complaints */
	const char *name;
	const char *values[KEY_COUNT];
	int64_t counts[KEY_COUNT];
};

static enum ctl_exit unknown_key(const char *flag, const char *name)
{
	ctl_cleanup_buffer struct ctl_buffer known = { 0 };

	for (size_t i = 0; i < KEY_COUNT; i++)
		ctl_buffer_printf(&known, "%s%s", i ? ", " : "", keys[i].name);
	ctl_complain("%s: unknown key '%s'", flag, name);
	ctl_hint("the keys that have a bearing on the layout are %s", ctl_buffer_text(&known));
	return CTL_USAGE;
}

static enum ctl_exit take_key(struct root_complex *rc, const char *name, const char *value)
{
	size_t key = 0;

	while (key < KEY_COUNT && strcmp(keys[key].name, name) != 0)
		key++;
	if (key == KEY_COUNT)
		return unknown_key(rc->flag, name);
	if (rc->values[key])
		return ctl_usage_error("%s: %s is given twice", rc->flag, name);
	if (keys[key].kind == KIND_FLAG && value)
		return ctl_usage_error("%s: %s takes no value", rc->flag, name);
	if (keys[key].kind != KIND_FLAG && !value)
		return ctl_usage_error("%s: %s needs a value", rc->flag, name);
	if (keys[key].kind == KIND_COUNT && !ctl_count_parse(value, &rc->counts[key]))
		return ctl_usage_error("%s: %s: '%s' is not a whole number", rc->flag, name, value);
	rc->values[key] = value ? value : "";
	return CTL_OK;
}

static void add_hex(cJSON *object, const char *key, uint64_t value)
{
	char text[GPALD_HEX_SIZE];

	gpald_hex_format(value, text);
	ctl_json_add_text(object, key, text);
}

static enum ctl_exit add_pinned(cJSON *object, const struct root_complex *rc,
				const struct window *window)
{
	const char *base_text = rc->values[window->base];
	const char *size_text = rc->values[window->size];
	uint64_t base;
	uint64_t size;
	uint64_t end;
	cJSON *range;

	if (!size_text)
		size_text = window->default_size;
	if (gpald_size_parse(base_text, &base) != GPALD_SIZE_OK)
		return ctl_usage_error("%s: %s: '%s' is not an address", rc->flag,
				       keys[window->base].name, base_text);
	if (gpald_size_parse(size_text, &size) != GPALD_SIZE_OK)
		return ctl_usage_error("%s: %s: '%s' is not a size", rc->flag,
				       keys[window->size].name, size_text);
	if (__builtin_add_overflow(base, size, &end))
		return ctl_usage_error("%s: %s=%s and a size of %s end at 2^64 or above", rc->flag,
				       keys[window->base].name, base_text, size_text);
	range = ctl_json_add(object, keys[window->size].name, cJSON_CreateObject());
	add_hex(range, "start", base);
	add_hex(range, "end", end);
	return CTL_OK;
}

static enum ctl_exit add_windows(cJSON *object, const struct root_complex *rc)
{
	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		const struct window *window = &windows[i];
		enum ctl_exit code = CTL_OK;

		if (rc->values[window->base])
			code = add_pinned(object, rc, window);
		else if (rc->values[window->size])
			ctl_json_add_text(object, keys[window->size].name,
					  rc->values[window->size]);
		if (code)
			return code;
	}
	return CTL_OK;
}

enum ctl_exit ctl_root_complex_add(struct ctl_request *request, const char *flag, const char *text)
{
	ctl_cleanup_string char *copy = ctl_string_copy(text);
	struct root_complex rc = { .flag = flag };
	char *rest = copy;
	char *key;
	char *value;
	cJSON *object;
	enum ctl_exit code;

	ctl_next_item(&rest, &key, &value);
	if (value)
		return ctl_usage_error("%s: '%s' has to start with a name", flag, text);
	rc.name = key;
	while (ctl_next_item(&rest, &key, &value)) {
		code = take_key(&rc, key, value);
		if (code)
			return code;
	}

	object = ctl_json_add(ctl_request_list(request, "pcie", "root_complexes"), NULL,
			      cJSON_CreateObject());
	ctl_json_add_text(object, "name", rc.name);
	for (size_t i = 0; i < KEY_COUNT; i++) {
		if (keys[i].kind == KIND_COUNT && rc.values[i])
			ctl_json_add_integer(object, keys[i].name, rc.counts[i]);
	}
	code = add_windows(object, &rc);
	if (rc.values[KEY_HDM] || rc.values[KEY_CXL])
		ctl_json_add_text(ctl_json_add(object, "cxl", cJSON_CreateObject()), "hdm",
				  rc.values[KEY_HDM] ? rc.values[KEY_HDM] : DEFAULT_HDM);
	return code;
}

enum ctl_exit ctl_root_complex_set_iommu(struct ctl_request *request, const char *flag,
					 const char *name, const char *kind)
{
	cJSON *list = ctl_request_list(request, "pcie", "root_complexes");
	cJSON *object;

	cJSON_ArrayForEach(object, list)
	{
		const char *known = ctl_json_text(object, "name");

		if (!known || strcmp(known, name) != 0)
			continue;
		if (ctl_json_member(object, "iommu"))
			return ctl_usage_error("%s: root complex %s has an IOMMU already", flag,
					       name);
		ctl_json_add_text(object, "iommu", kind);
		return CTL_OK;
	}
	ctl_complain("%s: there is no root complex %s", flag, name);
	ctl_hint("add --pcie-root-complex %s", name);
	return CTL_USAGE;
}
