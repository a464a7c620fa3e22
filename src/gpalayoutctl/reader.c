/* SPDX-License-Identifier: MIT */
/*
 * Members of answers, each with its type. The peer may be of another version, or
 * not the daemon at all.
 */
#include "config.h"

#include "reader.h"

#include "json_tree.h"
#include "reply.h"
#include "wire/size.h"

#include <stdio.h>

static void miss(struct ctl_reader *reader, const char *name)
{
	if (!reader->missing)
		reader->missing = name;
}

const char *ctl_read_text(struct ctl_reader *reader, const cJSON *object, const char *name)
{
	const char *text = ctl_json_text(object, name);

	if (!text)
		miss(reader, name);
	return text ? text : "";
}

uint64_t ctl_read_count(struct ctl_reader *reader, const cJSON *object, const char *name)
{
	uint64_t count = 0;

	if (!ctl_json_count(ctl_json_member(object, name), &count))
		miss(reader, name);
	return count;
}

uint64_t ctl_read_size(struct ctl_reader *reader, const cJSON *object, const char *name)
{
	const char *text = ctl_json_text(object, name);
	uint64_t size = 0;

	if (!text || gpald_size_parse(text, &size) != GPALD_SIZE_OK)
		miss(reader, name);
	return size;
}

bool ctl_read_bool(struct ctl_reader *reader, const cJSON *object, const char *name)
{
	const cJSON *value = ctl_json_member(object, name);

	if (!cJSON_IsBool(value))
		miss(reader, name);
	return cJSON_IsTrue(value);
}

const cJSON *ctl_read_object(struct ctl_reader *reader, const cJSON *object, const char *name)
{
	const cJSON *value = ctl_json_member(object, name);

	if (cJSON_IsObject(value))
		return value;
	miss(reader, name);
	return NULL;
}

const cJSON *ctl_read_array(struct ctl_reader *reader, const cJSON *object, const char *name)
{
	const cJSON *value = ctl_json_member(object, name);

	if (cJSON_IsArray(value))
		return value;
	miss(reader, name);
	return NULL;
}

enum ctl_exit ctl_reader_end(const struct ctl_reader *reader)
{
	char what[80];

	if (!reader->missing)
		return CTL_OK;
	snprintf(what, sizeof(what), "it has no %s, or one of another type", reader->missing);
	return ctl_reply_not_understood(what);
}
