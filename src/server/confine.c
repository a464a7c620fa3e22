/* SPDX-License-Identifier: MIT */
/*
 * The list of the system calls that the daemon makes once it serves, by itself and through
 * the C library, libuv and SQLite, in those of their versions that are known. It has no
 * call that starts a program, a thread or a process, makes memory executable, reaches
 * another process, or opens a socket other than a Unix socket. A file that is opened is
 * not looked at: which ones there are is for the user, the modes of files and the unit.
 *
 * The filter traps what is not on the list, so the handler of SIGSYS can say which call it
 * was. The handler may call nothing that allocates, so the names are looked up before.
 *
 * libseccomp knows the number of each call here, and the name of each number. It does not make
 * the filter, because that takes more than a thousand allocations, and where one fails some
 * versions crash, and others give a filter that lacks rows. A start that lacks memory has to
 * fail in order.
 */
#include "config.h"

#include "server/confine.h"

#include "server/log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1 /* si_code of SIGSYS, which not every C library has */
#endif
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif
#define MAKES_FILE (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) /* of the flags of open() */
#define F2FS_IOC_GET_FEATURES UINT32_C(0x8004f50c)

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define INT_BITS UINT32_MAX /* all that the kernel looks at of an int */
#define NAME_COUNT 512

/* A name that the architecture or libseccomp lacks is no error. */
static const char *const always[] = {
	/* Clients, the service manager, and sockets that are bound again. */
	"accept",
	"accept4",
	"bind",
	"connect",
	"getsockname",
	"getsockopt",
	"listen",
	"recv",
	"recvfrom",
	"recvmsg",
	"send",
	"sendmsg",
	"sendto",
	"setsockopt",
	"shutdown",

	/* The loop. */
	"epoll_ctl",
	"epoll_pwait",
	"epoll_pwait2",
	"epoll_wait",
	"poll",
	"ppoll",
	"ppoll_time64",
	"read",
	"readv",
	"write",
	"writev",

	/* Files. */
	"_llseek",
	"access",
	"close",
	"faccessat",
	"faccessat2",
	"fallocate",
	"fchown",
	"fchown32",
	"fdatasync",
	"flock",
	"fstat",
	"fstat64",
	"fstatat64",
	"fsync",
	"ftruncate",
	"ftruncate64",
	"lseek",
	"lstat",
	"lstat64",
	"mkdir",
	"mkdirat",
	"newfstatat",
	"pread64",
	"pwrite64",
	"stat",
	"stat64",
	"statx",
	"umask",
	"unlink",
	"unlinkat",

	/* Memory. */
	"brk",
	"madvise",
	"mremap",
	"munmap",

	/* Threads, which are there already and may not have begun yet. */
	"exit",
	"exit_group",
	"futex",
	"futex_time64",
	"futex_waitv",
	"getpriority",
	"gettid",
	"membarrier",
	"rseq",
	"sched_getaffinity",
	"sched_yield",
	"set_robust_list",

	/* Signals that come. */
	"restart_syscall",
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"sigaltstack",
	"sigreturn",

	/* Time, chance, and who and where this is. */
	"clock_getres",
	"clock_getres_time64",
	"clock_gettime",
	"clock_gettime64",
	"clock_nanosleep", /* of SQLite, where somebody else has a lock */
	"clock_nanosleep_time64",
	"getegid",
	"getegid32",
	"geteuid",
	"geteuid32",
	"getgid",
	"getgid32",
	"getpid",
	"getrandom",
	"gettimeofday",
	"getuid",
	"getuid32",
	"nanosleep",
	"sysinfo",
	"time",

/* Their arguments are in memory, which a filter cannot read. */
#ifdef __i386__
	"socketcall",
#endif
#ifdef __s390__
	"mmap",
#endif
};

/* Rows of the same name are alternatives. */
struct call {
	const char *name;
	int error;             /* it fails with this one, which its callers expect; 0: allowed */
	unsigned int argument; /* the place of the one that is looked at, from 0 */
	uint32_t mask;         /* of that; 0: it may be anything */
	uint32_t bits;         /* that it has to have, of those in the mask */
};

#define OWN_PID UINT32_MAX /* in place of bits */

#define FCNTL(command)                             \
	{ "fcntl", 0, 1, INT_BITS, command },      \
	{                                          \
		"fcntl64", 0, 1, INT_BITS, command \
	}

static const struct call conditional[] = {
	{ "socket", 0, 0, INT_BITS, AF_UNIX },

	{ "ioctl", 0, 1, INT_BITS, FIOCLEX },
	{ "ioctl", 0, 1, INT_BITS, FIONBIO },
	/* SQLite asks it of a file, if it was built to use atomic writes. */
	{ "ioctl", ENOTTY, 1, INT_BITS, F2FS_IOC_GET_FEATURES },

	/*
	 * No mode that gives the rights of the file's owner, and no owner of a path. The kernel
	 * looks at the mode only if a file may be made; otherwise it may be anything.
	 */
	{ "open", 0, 1, MAKES_FILE, 0 },
	{ "open", 0, 2, S_ISUID | S_ISGID, 0 },
	{ "openat", 0, 2, MAKES_FILE, 0 },
	{ "openat", 0, 3, S_ISUID | S_ISGID, 0 },
	{ "chmod", 0, 1, S_ISUID | S_ISGID, 0 },
	{ "fchmod", 0, 1, S_ISUID | S_ISGID, 0 },
	{ "fchmodat", 0, 2, S_ISUID | S_ISGID, 0 },
	{ "fchownat", 0, 4, INT_BITS, AT_EMPTY_PATH },

	/* Not whom the kernel signals for a descriptor. */
	FCNTL(F_DUPFD_CLOEXEC),
	FCNTL(F_GETFD),
	FCNTL(F_GETFL),
	FCNTL(F_GETLK),
	FCNTL(F_SETFD),
	FCNTL(F_SETFL),
	FCNTL(F_SETLK),
	FCNTL(F_SETLKW),

	/* No memory that can be executed. */
	{ "mmap", 0, 2, PROT_EXEC, 0 },
	{ "mmap2", 0, 2, PROT_EXEC, 0 },
	{ "mprotect", 0, 2, PROT_EXEC, 0 },
	/* Names of blocks, for a tunable of the C library. */
	{ "prctl", 0, 0, INT_BITS, PR_SET_VMA },

	{ "setpriority", 0, 0, INT_BITS, PRIO_PROCESS },
	/* Of abort() and of the handlers of crashes. */
	{ "tgkill", 0, 0, INT_BITS, OWN_PID },
};

/* libuv asks for one from 1.45 on, with each loop. */
static const struct call rings = { "io_uring_setup", ENOSYS, 0, 0, 0 };

/* By number. Those of an architecture that begins elsewhere are logged as numbers alone. */
static const char *names[NAME_COUNT];

static void look_up_names(void)
{
	for (int number = 0; number < NAME_COUNT; number++)
		names[number] = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
}

/* The default action is in force again, and comes when this returns. */
static void on_forbidden(int number, siginfo_t *info, void *context)
{
	const int call = info->si_syscall;

	(void)context;
	if (info->si_code == SYS_SECCOMP)
		gpald_log_forbidden(call >= 0 && call < NAME_COUNT ? names[call] : NULL,
				    (unsigned int)call);
	else
		gpald_log_crash("SYS");
	raise(number);
}

/* In classic BPF (seccomp(2)); while a row is looked for, the accumulator has the number. */
struct program {
	struct sock_filter code[4 + 2 * COUNT_OF(always) + 6 * COUNT_OF(conditional) + 2 + 1];
	size_t length;
};

static void add_instruction(struct program *program, unsigned int code, uint32_t value,
			    uint8_t skip_unless)
{
	assert(program->length < COUNT_OF(program->code));
	program->code[program->length++] =
		(struct sock_filter)BPF_JUMP((uint16_t)code, value, 0, skip_unless);
}

static void add_load(struct program *program, size_t offset)
{
	add_instruction(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0);
}

static void add_load_number(struct program *program)
{
	add_load(program, offsetof(struct seccomp_data, nr));
}

/* The half of an argument that has the bits that count. */
static void add_load_argument(struct program *program, size_t argument)
{
	const size_t half = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? sizeof(uint32_t) : 0;

	add_load(program, offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t) + half);
}

static void add_call(struct program *program, const struct call *call)
{
	const int number = seccomp_syscall_resolve_name(call->name);
	const uint32_t action = call->error ? SECCOMP_RET_ERRNO | (uint32_t)call->error :
					      SECCOMP_RET_ALLOW;
	const uint32_t bits = call->bits == OWN_PID ? (uint32_t)getpid() : call->bits;

	if (number < 0)
		return;
	add_instruction(program, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, call->mask ? 5 : 1);
	if (call->mask) {
		add_load_argument(program, call->argument);
		add_instruction(program, BPF_ALU | BPF_AND | BPF_K, call->mask, 0);
		add_instruction(program, BPF_JMP | BPF_JEQ | BPF_K, bits, 1);
	}
	add_instruction(program, BPF_RET | BPF_K, action, 0);
	if (call->mask)
		add_load_number(program);
}

/*
 * Begins a program, whose numbers are those of one architecture. It looks at no call of
 * another one.
 */
static void begin_program(struct program *program, uint32_t of_others)
{
	program->length = 0;
	add_load(program, offsetof(struct seccomp_data, arch));
	/* Past the next one if it is this architecture. */
	program->code[program->length++] = (struct sock_filter)BPF_JUMP(
		BPF_JMP | BPF_JEQ | BPF_K, seccomp_arch_native(), 1, 0);
	add_instruction(program, BPF_RET | BPF_K, of_others, 0);
	add_load_number(program);
}

/* Adds what becomes of all other calls, and loads it; 0, or an errno. */
static int load_program(struct program *program, uint32_t others, unsigned int flags)
{
	struct sock_fprog filter = { .filter = program->code };
	long code;

	add_instruction(program, BPF_RET | BPF_K, others, 0);
	filter.len = (unsigned short)program->length;
	code = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
	/* Above 0 it is a thread that has another filter. */
	return code == 0 ? 0 : code < 0 ? errno : ESRCH;
}

static struct program program; /* static for its size */
static int rings_error;

void gpald_confine_privileges(void)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

void gpald_confine_rings(void)
{
	begin_program(&program, SECCOMP_RET_ALLOW);
	add_call(&program, &rings);
	rings_error = load_program(&program, SECCOMP_RET_ALLOW, 0);
}

int gpald_confine_calls(void)
{
	const struct sigaction forbidden = {
		.sa_sigaction = on_forbidden,
		.sa_flags = (int)(SA_SIGINFO | SA_RESETHAND | SA_ONSTACK),
	};
	struct sigaction before;
	int code;

	if (rings_error)
		return rings_error;
	look_up_names();
	begin_program(&program, SECCOMP_RET_TRAP);
	for (size_t i = 0; i < COUNT_OF(always); i++)
		add_call(&program, &(struct call){ .name = always[i] });
	for (size_t i = 0; i < COUNT_OF(conditional); i++)
		add_call(&program, &conditional[i]);
	add_call(&program, &rings);
	sigaction(SIGSYS, &forbidden, &before);
	code = load_program(&program, SECCOMP_RET_TRAP, SECCOMP_FILTER_FLAG_TSYNC);
	if (code)
		sigaction(SIGSYS, &before, NULL);
	return code;
}
