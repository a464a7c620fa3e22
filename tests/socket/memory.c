/* SPDX-License-Identifier: MIT */
/*
 * Makes memory run out, for tests. LD_PRELOAD loads it into the daemon. GPALAYOUT_MEMORY names a
 * file with a struct control, which the test and the daemon both map. The library replaces the
 * allocator. That works with an AddressSanitizer that is a library, but not with one that is part
 * of the program.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* test_memory.py has the same struct. */
struct control {
	int64_t is_on;
	int64_t asked;   /* allocations since it was switched on */
	int64_t which;   /* the number of the one that fails */
	int64_t forever; /* whether later ones fail, too */
	int64_t failed;  /* how many have failed */
	int64_t live;    /* blocks allocated and not freed, counted even when off */
};

static struct control idle;
static struct control *control = &idle;

#define REAL(name) ((__typeof__(&name))real(&real_##name, #name))

/* dlsym() may allocate. Such memory comes from here and is never freed. */
static char early[4096];
static size_t early_used;
/* Volatile, because dlsym() is declared not to call back, although it may allocate. */
static volatile bool is_looking;

static void *real(void **function, const char *name)
{
	if (!*function) {
		is_looking = true;
		*function = dlsym(RTLD_NEXT, name);
		is_looking = false;
	}
	return *function;
}

static void *real_malloc, *real_calloc, *real_realloc, *real_free, *real_posix_memalign,
	*real_aligned_alloc;

__attribute__((constructor)) static void map_control(void)
{
	/* libtool's shell, which starts the daemon, must not count. */
	const bool is_daemon = strstr(program_invocation_short_name, "gpalayoutd");
	const char *path = is_daemon ? getenv("GPALAYOUT_MEMORY") : NULL;
	const int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *mapped;

	if (fd < 0)
		return;
	mapped = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (mapped == MAP_FAILED)
		return;
	/* Adds the blocks that were allocated before counting was possible. */
	__atomic_fetch_add(&((struct control *)mapped)->live, idle.live, __ATOMIC_SEQ_CST);
	__atomic_store_n(&control, mapped, __ATOMIC_SEQ_CST);
}

#define LOAD(member) __atomic_load_n(&control->member, __ATOMIC_SEQ_CST)
#define ADD(member, number) __atomic_add_fetch(&control->member, (number), __ATOMIC_SEQ_CST)

static bool fails(void)
{
	int64_t number;

	if (!LOAD(is_on))
		return false;
	number = ADD(asked, 1);
	if (number != LOAD(which) && !(LOAD(forever) && number > LOAD(which)))
		return false;
	ADD(failed, 1);
	errno = ENOMEM;
	return true;
}

static void *count(void *block)
{
	if (block)
		ADD(live, 1);
	return block;
}

static bool is_early(const void *block)
{
	return (const char *)block >= early && (const char *)block < early + sizeof(early);
}

static void *early_alloc(size_t size)
{
	void *block = early + early_used;

	size = (size + 15) & ~(size_t)15;
	if (size > sizeof(early) - early_used)
		return NULL;
	early_used += size;
	return block;
}

void *malloc(size_t size)
{
	if (is_looking)
		return early_alloc(size);
	return fails() ? NULL : count(REAL(malloc)(size));
}

void *calloc(size_t number, size_t size)
{
	if (is_looking)
		return early_alloc(number * size);
	return fails() ? NULL : count(REAL(calloc)(number, size));
}

void *realloc(void *block, size_t size)
{
	void *moved;

	if (is_looking || is_early(block))
		abort();
	if (fails())
		return NULL;
	moved = REAL(realloc)(block, size);
	if (!block)
		count(moved);
	else if (!moved && size == 0)
		ADD(live, -1);
	return moved;
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
	int code;

	if (fails())
		return ENOMEM;
	code = REAL(posix_memalign)(block, alignment, size);
	if (code == 0)
		count(*block);
	return code;
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return fails() ? NULL : count(REAL(aligned_alloc)(alignment, size));
}

void free(void *block)
{
	/* dlsym() may free an earlier error text. */
	if (!block || is_early(block) || is_looking)
		return;
	ADD(live, -1);
	REAL(free)(block);
}
