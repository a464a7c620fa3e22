/* SPDX-License-Identifier: MIT */
/*
 * Root complexes from flags. A pinned window is typed as OpenVMM takes it, base
 * and size, and the protocol wants start and end: the sum made here is the only
 * arithmetic on addresses in the client.
 */
#include "config.h"

#include "gpalayoutctl/request/flags.h"

#include "gpalayoutctl/message.h"
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
	KEY_LOW_MMIO_ALIGNMENT,
	KEY_HIGH_MMIO_ALIGNMENT,
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
	[KEY_LOW_MMIO_ALIGNMENT] = { "low_mmio_alignment", KIND_SIZE },
	[KEY_HIGH_MMIO_ALIGNMENT] = { "high_mmio_alignment", KIND_SIZE },
	[KEY_HDM] = { "hdm", KIND_SIZE },
	[KEY_CXL] = { "cxl", KIND_FLAG },
};

_Static_assert(sizeof(keys) / sizeof(keys[0]) == KEY_COUNT, "each key has a row");

struct window {
	enum key size;
	enum key base;
	enum key alignment;
	const char *default_size;
};

static const struct window windows[] = {
	{ KEY_LOW_MMIO, KEY_LOW_MMIO_BASE, KEY_LOW_MMIO_ALIGNMENT, "64M" },
	{ KEY_HIGH_MMIO, KEY_HIGH_MMIO_BASE, KEY_HIGH_MMIO_ALIGNMENT, "1G" },
};

#define DEFAULT_HDM "1G"
#define NONE "none" /* in place of a size */

/* The values of the keys; "" for a flag that is there, NULL for what is not. */
struct root_complex {
	const char *flag; /* for complaints */
	const char *name;
	const char *values[KEY_COUNT];
	uint64_t counts[KEY_COUNT];
};

static enum ctl_exit unknown_key(const char *flag, const char *name)
{
	ctl_cleanup_buffer struct ctl_buffer known = { 0 };

	for (size_t i = 0; i < KEY_COUNT; i++)
		ctl_buffer_printf(&known, "%s%s", i ? ", " : "", keys[i].name);
	ctl_complain("%s: unknown key '%s'", flag, name);
	ctl_hint("the keys that affect the layout are %s", ctl_buffer_text(&known));
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
		return ctl_usage_error("%s: %s: '%s' %s", rc->flag, name, value,
				       ctl_count_fault(value, false));
	rc->values[key] = value ? value : "";
	return CTL_OK;
}

static enum ctl_exit write_pinned(struct gpald_writer *w, const struct root_complex *rc,
				  const struct window *window)
{
	const char *base_text = rc->values[window->base];
	const char *size_text = rc->values[window->size];
	uint64_t base, size, end;

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
	gpald_write_range(w, keys[window->size].name, (struct gpal_range){ base, end });
	return CTL_OK;
}

static enum ctl_exit write_window(struct gpald_writer *w, const struct root_complex *rc,
				  const struct window *window)
{
	const char *name = keys[window->size].name;
	const char *size = rc->values[window->size];
	const char *alignment = rc->values[window->alignment];
	const bool is_none = size && strcmp(size, NONE) == 0;

	if ((rc->values[window->base] && (alignment || is_none)) || (is_none && alignment))
		return ctl_usage_error("%s: a window has one of %s, %s and %s=" NONE, rc->flag,
				       keys[window->base].name, keys[window->alignment].name, name);
	if (rc->values[window->base])
		return write_pinned(w, rc, window);
	if (is_none) {
		gpald_write_text(w, name, NULL);
	} else if (alignment) {
		gpald_write_object(w, name);
		gpald_write_text(w, "size", size ? size : window->default_size);
		gpald_write_text(w, "alignment", alignment);
		gpald_write_object_end(w);
	} else if (size) {
		gpald_write_text(w, name, size);
	}
	return CTL_OK;
}

static enum ctl_exit write_windows(struct gpald_writer *w, const struct root_complex *rc)
{
	enum ctl_exit code = CTL_OK;

	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]) && !code; i++)
		code = write_window(w, rc, &windows[i]);
	return code;
}

static void write_cxl(struct gpald_writer *w, const struct root_complex *rc)
{
	const char *hdm = rc->values[KEY_HDM];

	if (!hdm && !rc->values[KEY_CXL])
		return;
	gpald_write_object(w, "cxl");
	if (!hdm || strcmp(hdm, NONE) != 0)
		gpald_write_text(w, "hdm", hdm ? hdm : DEFAULT_HDM);
	gpald_write_object_end(w);
}

static enum ctl_exit write_root_complex(struct ctl_request *request, const struct root_complex *rc)
{
	const struct ctl_given *iommu =
		ctl_find_iommu(request->invocation, rc->name, strlen(rc->name));
	struct gpald_writer *w = &request->writer;
	enum ctl_exit code;

	gpald_write_object(w, NULL);
	gpald_write_text(w, "name", rc->name);
	for (size_t i = 0; i < KEY_COUNT; i++)
		if (keys[i].kind == KIND_COUNT && rc->values[i])
			gpald_write_integer(w, keys[i].name, (int64_t)rc->counts[i]);
	code = write_windows(w, rc);
	write_cxl(w, rc);
	if (iommu)
		gpald_write_text(w, "iommu",
				 iommu->flag->constant ? iommu->flag->constant :
							 strchr(iommu->value, '=') + 1);
	gpald_write_object_end(w);
	return code;
}

enum ctl_exit ctl_write_root_complex(void *target, const struct ctl_flag *flag, const char *value)
{
	ctl_cleanup_buffer struct ctl_buffer copy = { 0 };
	struct root_complex rc = { .flag = flag->name };
	char *rest, *key, *item_value;
	enum ctl_exit code = CTL_OK;

	ctl_buffer_puts(&copy, value);
	rest = copy.data;
	ctl_next_item(&rest, &key, &item_value);
	if (item_value)
		return ctl_usage_error("%s: '%s' has to start with a name", flag->name, value);
	rc.name = key;
	while (!code && ctl_next_item(&rest, &key, &item_value))
		code = take_key(&rc, key, item_value);
	return code ? code : write_root_complex(target, &rc);
}
