/* SPDX-License-Identifier: MIT */
/*
 * Writes root complexes from flags. A pinned window is given as base and size, as in OpenVMM, but
 * the protocol has start and end. The sum of base and size is the only address in a request that
 * gpalayoutctl computes. In a request an IOMMU is a member of its root complex, but on the command
 * line it has a flag of its own, which names the root complex.
 */
#include "config.h"

#include "gpalayoutctl/request/flags.h"

#include "gpalayoutctl/message.h"
#include "gpalayoutctl/request/value.h"
#include "wire/size.h"

#include <stdbool.h>
#include <string.h>

/* IOMMUs. */

/*
 * Returns the name in RC=KIND, or in RC or rc=RC if the flag itself states the kind. The name is
 * still quoted.
 */
static const char *given_iommu_name(const struct ctl_given *given, size_t *length)
{
	const char *name = given->value;

	if (given->flag->constant && strncmp(name, "rc=", 3) == 0)
		name += 3;
	*length = given->flag->constant ? strlen(name) : ctl_length_before_last(name, '=');
	return name;
}

/* Returns the flag that gives an IOMMU to the root complex of that name, or NULL if none does. */
static const struct ctl_given *find_iommu(const struct ctl_invocation *invocation, const char *name)
{
	for (const struct ctl_given *given = invocation->given; given->flag; given++) {
		size_t length;

		if (given->flag->apply == ctl_check_iommu) {
			const char *quoted = given_iommu_name(given, &length);

			if (ctl_unquoted_equals(quoted, length, name))
				return given;
		}
	}
	return NULL;
}

static bool has_root_complex(const struct ctl_invocation *invocation, const char *name)
{
	for (const struct ctl_given *given = invocation->given; given->flag; given++)
		if (given->flag->apply == ctl_write_root_complex &&
		    ctl_unquoted_equals(given->value, ctl_length_before_first(given->value, ','),
					name))
			return true;
	return false;
}

enum ctl_exit ctl_check_iommu(void *target, const struct ctl_flag *flag, const char *value)
{
	const struct ctl_request *request = target;
	ctl_cleanup_buffer struct gpald_bytes name = { 0 };
	const struct ctl_given given = { flag, value };
	size_t length;
	const char *quoted = given_iommu_name(&given, &length);
	const enum ctl_exit code = ctl_value_copy(&name, flag, quoted);
	const char *quote;

	if (code)
		return code;
	if (!flag->constant && !quoted[length])
		return ctl_error("%s: '%s' is not RC=KIND", flag->name, value);
	name.data[length] = '\0';
	ctl_unquote(name.data);
	if (!has_root_complex(request->invocation, name.data)) {
		ctl_error("%s: there is no root complex %s", flag->name, name.data);
		quote = strlen(name.data) == length ? "" : "'";
		ctl_hint("add --pcie-root-complex %s%.*s%s", quote, (int)length, quoted, quote);
		return CTL_USAGE;
	}
	/* find_iommu() returns the first of several. */
	if (find_iommu(request->invocation, name.data)->value != value)
		return ctl_error("%s: root complex %s has an IOMMU already", flag->name, name.data);
	return CTL_OK;
}

const struct ctl_given *ctl_iommu_of(const struct ctl_invocation *invocation,
				     const struct ctl_given *root_complex)
{
	ctl_cleanup_buffer struct gpald_bytes name = { 0 };

	ctl_buffer_append(&name, root_complex->value,
			  ctl_length_before_first(root_complex->value, ','));
	return find_iommu(invocation, ctl_unquote(name.data));
}

static const char *iommu_kind(const struct ctl_given *given)
{
	size_t length;
	const char *name = given_iommu_name(given, &length);

	return given->flag->constant ? given->flag->constant : name + length + 1;
}

/* Root complexes. */

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
	KEY_BARS,
	KEY_LOW_BARS,
	KEY_VFS,
	KEY_LOW_VFS,
	KEY_HDM,
	KEY_CXL,
	KEY_COUNT
};

enum key_kind {
	KIND_INTEGER,
	KIND_SIZE,   /* as typed; the daemon checks it */
	KIND_BARS,   /* sizes joined by +; each such key adds a device */
	KIND_VFS,    /* N:SIZES, for the last device before it */
	KIND_SWITCH, /* takes no value */
};

static const struct {
	const char *name;
	enum key_kind kind;
} keys[] = {
	[KEY_SEGMENT] = { "segment", KIND_INTEGER },
	[KEY_START_BUS] = { "start_bus", KIND_INTEGER },
	[KEY_END_BUS] = { "end_bus", KIND_INTEGER },
	[KEY_NODE] = { "node", KIND_INTEGER },
	[KEY_LOW_MMIO] = { "low_mmio", KIND_SIZE },
	[KEY_HIGH_MMIO] = { "high_mmio", KIND_SIZE },
	[KEY_LOW_MMIO_BASE] = { "low_mmio_base", KIND_SIZE },
	[KEY_HIGH_MMIO_BASE] = { "high_mmio_base", KIND_SIZE },
	[KEY_LOW_MMIO_ALIGNMENT] = { "low_mmio_alignment", KIND_SIZE },
	[KEY_HIGH_MMIO_ALIGNMENT] = { "high_mmio_alignment", KIND_SIZE },
	[KEY_BARS] = { "bars", KIND_BARS },
	[KEY_LOW_BARS] = { "low_bars", KIND_BARS },
	[KEY_VFS] = { "vfs", KIND_VFS },
	[KEY_LOW_VFS] = { "low_vfs", KIND_VFS },
	[KEY_HDM] = { "hdm", KIND_SIZE },
	[KEY_CXL] = { "cxl", KIND_SWITCH },
};

_Static_assert(sizeof(keys) / sizeof(keys[0]) == KEY_COUNT, "each key has a row");

struct window_items {
	enum key size;
	enum key base;
	enum key alignment;
	enum key bars;
	const char *default_size;
};

static const struct window_items windows[] = {
	{ KEY_LOW_MMIO, KEY_LOW_MMIO_BASE, KEY_LOW_MMIO_ALIGNMENT, KEY_LOW_BARS, "64M" },
	{ KEY_HIGH_MMIO, KEY_HIGH_MMIO_BASE, KEY_HIGH_MMIO_ALIGNMENT, KEY_BARS, "1G" },
};

#define DEFAULT_HDM "1G"
#define NONE "none" /* in place of a size */

/* The devices of a window. The last object of the list is still open. */
struct devices {
	struct gpald_writer list;
	bool has_vfs; /* the last device has virtual functions already */
};

/* The values of the keys: NULL if a key was not given, "" if it takes no value. */
struct root_complex {
	const struct ctl_flag *flag; /* for messages */
	const char *name;
	const char *values[KEY_COUNT];
	uint64_t counts[KEY_COUNT];
	struct devices devices[2]; /* of the high and of the low window */
};

static void write_given_bars(struct gpald_writer *w, char *sizes)
{
	char *size;

	gpald_write_array(w, "bars");
	while ((size = ctl_next_part(&sizes, '+')))
		gpald_write_text(w, NULL, size);
	gpald_write_array_end(w);
}

static void take_bar_sizes(struct devices *devices, char *sizes)
{
	if (devices->list.text.length)
		gpald_write_object_end(&devices->list);
	else
		gpald_write_array(&devices->list, NULL);
	gpald_write_object(&devices->list, NULL);
	write_given_bars(&devices->list, sizes);
	devices->has_vfs = false;
}

/* N:SIZE+SIZE... */
static enum ctl_exit take_vfs(const struct root_complex *rc, struct devices *devices,
			      const char *name, char *value)
{
	char *sizes = value;
	uint64_t count;

	if (!devices->list.text.length)
		return ctl_error("%s: %s needs %s before it, for the device with these functions",
				 rc->flag->name, name,
				 keys[devices == rc->devices ? KEY_BARS : KEY_LOW_BARS].name);
	if (devices->has_vfs)
		return ctl_error("%s: a device has %s twice", rc->flag->name, name);
	ctl_next_part(&sizes, ':');
	if (!sizes)
		return ctl_error("%s: %s: '%s' is not N:SIZE+SIZE...", rc->flag->name, name, value);
	if (ctl_flag_count_parse(rc->flag->name, name, value, false, &count))
		return CTL_USAGE;
	gpald_write_object(&devices->list, "sriov");
	gpald_write_integer(&devices->list, "vfs", (int64_t)count);
	write_given_bars(&devices->list, sizes);
	gpald_write_object_end(&devices->list);
	devices->has_vfs = true;
	return CTL_OK;
}

static enum ctl_exit unknown_root_complex_key(const struct root_complex *rc, const char *name)
{
	const char *names[KEY_COUNT];

	for (size_t i = 0; i < KEY_COUNT; i++)
		names[i] = keys[i].name;
	return ctl_unknown_key(rc->flag, name, names, KEY_COUNT, "");
}

static enum ctl_exit take_key(struct root_complex *rc, const char *name, char *value)
{
	const char *flag = rc->flag->name;
	enum key_kind kind;
	size_t key = 0;

	while (key < KEY_COUNT && strcmp(keys[key].name, name) != 0)
		key++;
	if (key == KEY_COUNT)
		return unknown_root_complex_key(rc, name);
	kind = keys[key].kind;
	if (rc->values[key] && kind != KIND_BARS && kind != KIND_VFS)
		return ctl_error("%s: %s is given twice", flag, name);
	if (kind == KIND_SWITCH && value)
		return ctl_error("%s: %s takes no value", flag, name);
	if (kind != KIND_SWITCH && !value)
		return ctl_error("%s: %s needs a value", flag, name);
	if (kind == KIND_INTEGER &&
	    ctl_flag_count_parse(flag, name, value, false, &rc->counts[key]))
		return CTL_USAGE;
	rc->values[key] = value ? value : "";
	if (kind == KIND_BARS)
		take_bar_sizes(&rc->devices[key == KEY_LOW_BARS], value);
	return kind == KIND_VFS ? take_vfs(rc, &rc->devices[key == KEY_LOW_VFS], name, value) :
				  CTL_OK;
}

static enum ctl_exit parse_value(const struct root_complex *rc, size_t key, const char *text,
				 const char *kind, uint64_t *value)
{
	const enum gpald_size_result result = gpald_size_parse(text, value);

	if (result == GPALD_SIZE_OK)
		return CTL_OK;
	if (result == GPALD_SIZE_OVERFLOW)
		return ctl_error("%s: %s: %s does not fit in 64 bits", rc->flag->name,
				 keys[key].name, text);
	return ctl_error("%s: %s: '%s' is not %s", rc->flag->name, keys[key].name, text, kind);
}

static enum ctl_exit write_given_pinned(struct gpald_writer *w, const struct root_complex *rc,
					const struct window_items *window)
{
	const char *base_text = rc->values[window->base];
	const char *size_text = rc->values[window->size];
	uint64_t base, size, end;

	if (!size_text)
		size_text = window->default_size;
	if (parse_value(rc, window->base, base_text, "an address", &base) ||
	    parse_value(rc, window->size, size_text, "a size", &size))
		return CTL_USAGE;
	if (__builtin_add_overflow(base, size, &end))
		return ctl_error("%s: %s=%s and a size of %s end at 2^64 or above", rc->flag->name,
				 keys[window->base].name, base_text, size_text);
	gpald_write_range(w, keys[window->size].name, (struct gpal_range){ base, end });
	return CTL_OK;
}

/* Writes a window with its devices. The daemon computes size and alignment from them. */
static enum ctl_exit write_given_devices(struct gpald_writer *w, struct root_complex *rc,
					 const struct window_items *window)
{
	const enum key others[] = { window->size, window->base, window->alignment };
	struct gpald_writer *list = &rc->devices[window->bars == KEY_LOW_BARS].list;

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (rc->values[others[i]])
			return ctl_error("%s: %s and %s exclude each other: the devices "
					 "determine the window",
					 rc->flag->name, keys[window->bars].name,
					 keys[others[i]].name);
	gpald_write_object_end(list);
	gpald_write_array_end(list);
	gpald_write_object(w, keys[window->size].name);
	gpald_write_raw(w, "devices", list->text.data, list->text.length);
	gpald_write_object_end(w);
	w->failed = w->failed || list->failed;
	return CTL_OK;
}

static enum ctl_exit write_given_window(struct gpald_writer *w, struct root_complex *rc,
					const struct window_items *window)
{
	const char *name = keys[window->size].name;
	const char *size = rc->values[window->size];
	const char *alignment = rc->values[window->alignment];
	const bool is_none = size && strcmp(size, NONE) == 0;

	if (rc->values[window->bars])
		return write_given_devices(w, rc, window);
	if ((rc->values[window->base] && (alignment || is_none)) || (is_none && alignment))
		return ctl_error("%s: a window can have only one of %s, %s and %s=" NONE,
				 rc->flag->name, keys[window->base].name,
				 keys[window->alignment].name, name);
	if (rc->values[window->base])
		return write_given_pinned(w, rc, window);
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

static enum ctl_exit write_windows(struct gpald_writer *w, struct root_complex *rc)
{
	enum ctl_exit code = CTL_OK;

	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]) && !code; i++)
		code = write_given_window(w, rc, &windows[i]);
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

static enum ctl_exit write_given_root_complex(struct ctl_request *request, struct root_complex *rc)
{
	const struct ctl_given *iommu = find_iommu(request->invocation, rc->name);
	struct gpald_writer *w = &request->writer;
	enum ctl_exit code;

	gpald_write_object(w, NULL);
	gpald_write_text(w, "name", rc->name);
	for (size_t i = 0; i < KEY_COUNT; i++)
		if (keys[i].kind == KIND_INTEGER && rc->values[i])
			gpald_write_integer(w, keys[i].name, (int64_t)rc->counts[i]);
	code = write_windows(w, rc);
	write_cxl(w, rc);
	if (iommu)
		gpald_write_text(w, "iommu", iommu_kind(iommu));
	gpald_write_object_end(w);
	return code;
}

enum ctl_exit ctl_write_root_complex(void *target, const struct ctl_flag *flag, const char *value)
{
	ctl_cleanup_buffer struct gpald_bytes copy = { 0 };
	struct root_complex rc = { .flag = flag };
	enum ctl_exit code = ctl_value_copy(&copy, flag, value);
	char *rest = copy.data, *key, *name, *item_value;

	if (!code)
		code = ctl_take_name(flag, value, &rest, &name);
	if (!code)
		rc.name = name;
	while (!code && ctl_next_item(&rest, &key, &item_value))
		code = take_key(&rc, key, item_value);
	if (!code)
		code = write_given_root_complex(target, &rc);
	gpald_writer_clear(&rc.devices[false].list);
	gpald_writer_clear(&rc.devices[true].list);
	return code;
}
