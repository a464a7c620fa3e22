/* SPDX-License-Identifier: MIT */
/*
 * Sends the same resolves over ttrpc and as JSON, to one daemon over one connection each. A batch
 * is sent in one write; the next follows after all its replies. The request is the usual one: some
 * RAM and root complexes, so that most of the reply is addresses.
 */
#include "config.h"

#include "proto/gpalayout.pb-c.h"
#include "tests/bench/socket_bench.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BATCH_MAX 16
#define ROOT_COMPLEXES_MAX 80
#define HEADER 10 /* bytes of a frame */

enum form {
	TTRPC,
	JSON,
	FORMS
};

struct client {
	enum form form;
	int fd;
	char *request; /* a line, or a frame whose stream id is set anew each time */
	size_t length;
	uint32_t stream;
	char buffer[1 << 20];
	size_t held; /* bytes of incomplete replies */
};

static void put_u32(char *at, size_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (char)(value >> (24 - 8 * i));
}

static size_t get_u32(const char *at)
{
	const unsigned char *byte = (const unsigned char *)at;

	return (size_t)byte[0] << 24 | (size_t)byte[1] << 16 | (size_t)byte[2] << 8 | byte[3];
}

/* Writes a field with a length. Its number must be below 16. */
static void write_field(FILE *out, unsigned int number, const void *bytes, size_t length)
{
	size_t left = length;

	fputc((int)(number << 3 | 2), out);
	for (; left >= 0x80; left >>= 7)
		fputc((int)(left & 0x7f) | 0x80, out);
	fputc((int)left, out);
	fwrite(bytes, 1, length, out);
}

/* Writes the same request as bench_write_resolve(). */
static void write_payload(FILE *out, unsigned int root_complexes)
{
	static Gpalayout__V1__RootComplexRequest rcs[ROOT_COMPLEXES_MAX];
	static Gpalayout__V1__RootComplexRequest *list[ROOT_COMPLEXES_MAX];
	static char names[ROOT_COMPLEXES_MAX][8];
	Gpalayout__V1__Window window = GPALAYOUT__V1__WINDOW__INIT;
	Gpalayout__V1__MemoryRequest memory = GPALAYOUT__V1__MEMORY_REQUEST__INIT;
	Gpalayout__V1__PcieRequest pcie = GPALAYOUT__V1__PCIE_REQUEST__INIT;
	Gpalayout__V1__Request request = GPALAYOUT__V1__REQUEST__INIT;
	Gpalayout__V1__ResolveRequest resolve = GPALAYOUT__V1__RESOLVE_REQUEST__INIT;
	uint64_t node = UINT64_C(4096) << 20;
	uint8_t *bytes;
	size_t length;

	window.optional_size_case = GPALAYOUT__V1__WINDOW__OPTIONAL_SIZE_SIZE;
	window.size = 16 << 20;
	for (unsigned int i = 0; i < root_complexes; i++) {
		list[i] = &rcs[i];
		gpalayout__v1__root_complex_request__init(list[i]);
		snprintf(names[i], sizeof(names[i]), "rc%u", i);
		rcs[i].name = names[i];
		rcs[i].optional_segment_case =
			GPALAYOUT__V1__ROOT_COMPLEX_REQUEST__OPTIONAL_SEGMENT_SEGMENT;
		rcs[i].segment = i / 16;
		rcs[i].optional_start_bus_case =
			GPALAYOUT__V1__ROOT_COMPLEX_REQUEST__OPTIONAL_START_BUS_START_BUS;
		rcs[i].start_bus = i % 16 * 16;
		rcs[i].optional_end_bus_case =
			GPALAYOUT__V1__ROOT_COMPLEX_REQUEST__OPTIONAL_END_BUS_END_BUS;
		rcs[i].end_bus = i % 16 * 16 + 15;
		rcs[i].low_mmio = &window;
	}
	memory.n_nodes = 1;
	memory.nodes = &node;
	pcie.n_root_complexes = root_complexes;
	pcie.root_complexes = list;
	request.arch = (char *)"x86_64";
	request.memory = &memory;
	request.pcie = root_complexes > 0 ? &pcie : NULL;
	resolve.request = &request;
	length = gpalayout__v1__resolve_request__get_packed_size(&resolve);
	bytes = malloc(length);
	if (!bytes)
		bench_fail("out of memory");
	gpalayout__v1__resolve_request__pack(&resolve, bytes);
	write_field(out, 3, bytes, length);
	free(bytes);
}

static void write_frame(FILE *out, unsigned int root_complexes)
{
	static const char service[] = "gpalayout.v1.Layouts", method[] = "Resolve";
	static const char header[HEADER] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 0 };

	fwrite(header, 1, sizeof(header), out);
	write_field(out, 1, service, sizeof(service) - 1);
	write_field(out, 2, method, sizeof(method) - 1);
	write_payload(out, root_complexes);
}

static void open_client(struct client *client, enum form form, const char *path,
			unsigned int root_complexes)
{
	FILE *out = open_memstream(&client->request, &client->length);

	if (!out)
		bench_fail("out of memory");
	if (form == JSON)
		bench_write_resolve(out, root_complexes, 0);
	else
		write_frame(out, root_complexes);
	fclose(out);
	if (form == TTRPC)
		put_u32(client->request, client->length - HEADER);
	client->form = form;
	client->fd = bench_connect(path);
	client->stream = 1;
	client->held = 0;
}

static void close_client(struct client *client)
{
	close(client->fd);
	free(client->request);
}

static void send_batch(struct client *client, unsigned int batch)
{
	static char bytes[BATCH_MAX << 16];
	char *at = bytes;

	for (unsigned int i = 0; i < batch; i++, at += client->length) {
		memcpy(at, client->request, client->length);
		if (client->form == TTRPC) {
			put_u32(at + 4, client->stream);
			client->stream += 2;
		}
	}
	if (write(client->fd, bytes, (size_t)(at - bytes)) != at - bytes)
		bench_fail("write: %m");
}

/* Returns the length of the reply that begins there, or 0 if it is incomplete. */
static size_t reply_length(const struct client *client, const char *at, size_t held)
{
	const char *lf;

	if (client->form == JSON) {
		lf = memchr(at, '\n', held);
		return lf ? (size_t)(lf - at) + 1 : 0;
	}
	/* A refusal begins with another field than the payload. */
	if (held > HEADER && at[HEADER] != (2 << 3 | 2))
		bench_fail("a request was refused");
	return held >= HEADER && held >= HEADER + get_u32(at) ? HEADER + get_u32(at) : 0;
}

static void read_batch(struct client *client, unsigned int batch)
{
	while (batch > 0) {
		const ssize_t count = read(client->fd, client->buffer + client->held,
					   sizeof(client->buffer) - client->held);
		size_t start = 0, length;

		if (count <= 0)
			bench_fail("the server has hung up");
		client->held += (size_t)count;
		while ((length = reply_length(client, client->buffer + start,
					      client->held - start)) > 0) {
			start += length;
			batch--;
		}
		client->held -= start;
		memmove(client->buffer, client->buffer + start, client->held);
	}
}

static struct bench_figures run_round(struct client *client, const struct bench_server *server,
				      unsigned int batch, double seconds)
{
	static struct bench_round round;
	const double start = bench_now();
	double count;

	bench_round_begin(&round, server);
	while (bench_now() - start < seconds) {
		const uint64_t begun = bench_now_ns();

		send_batch(client, batch);
		read_batch(client, batch);
		bench_times_add(&round.times, bench_now_ns() - begun);
	}
	count = (double)round.times.total * batch;
	return bench_round_end(&round, count, count / (bench_now() - start));
}

static void bench_row(const struct bench_server *server, const char *ttrpc_path,
		      unsigned int root_complexes, unsigned int batch, double seconds)
{
	static struct client clients[FORMS];
	double rates[FORMS][BENCH_ROUNDS], cpus[FORMS][BENCH_ROUNDS];
	double faster[BENCH_ROUNDS], cheaper[BENCH_ROUNDS];

	open_client(&clients[TTRPC], TTRPC, ttrpc_path, root_complexes);
	open_client(&clients[JSON], JSON, server->path, root_complexes);
	for (int form = 0; form < FORMS; form++)
		run_round(&clients[form], server, batch, seconds / 5);
	for (int i = 0; i < BENCH_ROUNDS; i++) {
		for (int form = 0; form < FORMS; form++) {
			const struct bench_figures figures =
				run_round(&clients[form], server, batch, seconds);

			rates[form][i] = figures.rate;
			cpus[form][i] = figures.cpu_us;
		}
		faster[i] = rates[TTRPC][i] / rates[JSON][i];
		cheaper[i] = cpus[TTRPC][i] / cpus[JSON][i];
	}
	printf("%15u %8u %12.0f %12.0f %8.2f %10.2f %10.2f %8.2f\n", root_complexes, batch,
	       bench_median(rates[TTRPC], BENCH_ROUNDS), bench_median(rates[JSON], BENCH_ROUNDS),
	       bench_median(faster, BENCH_ROUNDS), bench_median(cpus[TTRPC], BENCH_ROUNDS),
	       bench_median(cpus[JSON], BENCH_ROUNDS), bench_median(cheaper, BENCH_ROUNDS));
	for (int form = 0; form < FORMS; form++)
		close_client(&clients[form]);
}

void bench_ttrpc(double seconds)
{
	static const unsigned int root_complexes[] = { 0, 1, 16, 80 }, batches[] = { 1, BATCH_MAX };
	struct bench_server daemon = { 0 };
	char path[64];
	const char *const options[] = { "--ttrpc-socket", path, NULL };

	snprintf(path, sizeof(path), "%s/ttrpc", bench_folder);
	bench_start_daemon(&daemon, "json", options);
	/* The daemon answers only after it has bound all sockets. */
	bench_check_refusals(&daemon);
	printf("\nresolve over ttrpc and as JSON\n"
	       "%15s %8s %12s %12s %8s %10s %10s %8s\n",
	       "root complexes", "batch", "ttrpc/s", "JSON/s", "ratio", "ttrpc cpu", "JSON cpu",
	       "ratio");
	for (size_t i = 0; i < sizeof(root_complexes) / sizeof(root_complexes[0]); i++)
		for (size_t j = 0; j < sizeof(batches) / sizeof(batches[0]); j++)
			bench_row(&daemon, path, root_complexes[i], batches[j], seconds);
	bench_check_refusals(&daemon);
	bench_stop(&daemon);
}
