/* SPDX-License-Identifier: MIT */
/*
 * The list of the system calls that the daemon makes while it serves, by itself and through known
 * versions of the C library, libuv and SQLite. No call on it starts a program, a thread or a
 * process, or signals or traces another process. Except on s390, none makes memory executable.
 * Except on i386, none opens a socket other than a Unix socket. The filter does not look at the
 * files that are opened: the user of the daemon, the modes of files and the unit restrict them.
 *
 * The filter traps all other calls, so that the handler of SIGSYS can log which call it was. The
 * handler may call nothing that allocates, so the names are looked up before.
 *
 * libseccomp finds the number of each call and the name of each number. It does not make the
 * filter: that takes more than a thousand allocations, and if one of them fails, some versions
 * crash and others return a filter that lacks rows. A start without enough memory must fail with a
 * message.
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
#define SYS_SECCOMP 1 /* si_code of SIGSYS; not every C library defines it */
#endif
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif
#define MAKES_FILE (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) /* flags of open() that create a file */
#define F2FS_IOC_GET_FEATURES UINT32_C(0x8004f50c)

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define INT_BITS UINT32_MAX /* all bits of an int argument; the kernel ignores the others */
#define NAME_COUNT 512

/*
 * Calls that are allowed with any arguments. A name that the architecture or libseccomp does not
 * know is skipped.
 */
static const char *const allowed[] = {
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

	/* Threads, which have been created but may not have begun yet. */
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

	/* Delivery of signals. */
	"restart_syscall",
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"sigaltstack",
	"sigreturn",

	/* Time, random numbers, and the identity of the process and the host. */
	"clock_getres",
	"clock_getres_time64",
	"clock_gettime",
	"clock_gettime64",
	"clock_nanosleep", /* SQLite, while another program has a lock */
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

/* Calls whose arguments are in memory, which a filter cannot read. */
#ifdef __i386__
	"socketcall",
#endif
#ifdef __s390__
	"mmap",
#endif
};

/* Rows of the same name are alternatives: one must match. */
struct call_rule {
	const char *name;
	int error; /* the call fails with this error, which its callers expect; 0: it is allowed */
	unsigned int argument; /* index of the argument that is compared */
	uint32_t mask;         /* bits of the argument that are compared; 0: it may be anything */
	uint32_t bits;         /* required value of these bits */
};

#define OWN_PID UINT32_MAX /* a value of `bits`: the pid of this process */

#define FCNTL(command)                             \
	{ "fcntl", 0, 1, INT_BITS, command },      \
	{                                          \
		"fcntl64", 0, 1, INT_BITS, command \
	}

static const struct call_rule allowed_if[] = {
	{ "socket", 0, 0, INT_BITS, AF_UNIX },

	{ "ioctl", 0, 1, INT_BITS, FIOCLEX },
	{ "ioctl", 0, 1, INT_BITS, FIONBIO },
	/* SQLite makes this call on a file if it was built to use atomic writes. */
	{ "ioctl", ENOTTY, 1, INT_BITS, F2FS_IOC_GET_FEATURES },

	/*
	 * Forbid set-user-ID and set-group-ID modes. The kernel uses the mode of open() only if
	 * the call may create a file, so other calls may have any mode. fchownat() is allowed only
	 * with AT_EMPTY_PATH, as listener.c calls it; the filter cannot see whether its path is
	 * empty.
	 */
	{ "open", 0, 1, MAKES_FILE, 0 },
	{ "open", 0, 2, S_ISUID | S_ISGID, 0 },
	{ "openat", 0, 2, MAKES_FILE, 0 },
	{ "openat", 0, 3, S_ISUID | S_ISGID, 0 },
	{ "chmod", 0, 1, S_ISUID | S_ISGID, 0 },
	{ "fchmod", 0, 1, S_ISUID | S_ISGID, 0 },
	{ "fchmodat", 0, 2, S_ISUID | S_ISGID, 0 },
	{ "fchownat", 0, 4, INT_BITS, AT_EMPTY_PATH },

	/* F_SETOWN is missing: it chooses whom the kernel signals for a descriptor. */
	FCNTL(F_DUPFD_CLOEXEC),
	FCNTL(F_GETFD),
	FCNTL(F_GETFL),
	FCNTL(F_GETLK),
	FCNTL(F_SETFD),
	FCNTL(F_SETFL),
	FCNTL(F_SETLK),
	FCNTL(F_SETLKW),

	/* Forbid memory that can be executed. */
	{ "mprotect", 0, 2, PROT_EXEC, 0 },
	{ "mmap2", 0, 2, PROT_EXEC, 0 },
#ifndef __i386__ /* there, mmap has its arguments in memory, which a filter cannot read */
	{ "mmap", 0, 2, PROT_EXEC, 0 },
#endif
	/* A tunable of the C library names memory blocks. */
	{ "prctl", 0, 0, INT_BITS, PR_SET_VMA },

	{ "setpriority", 0, 0, INT_BITS, PRIO_PROCESS },
	/* abort() and the handlers of crashes use it. */
	{ "tgkill", 0, 0, INT_BITS, OWN_PID },
};

/* Since 1.45, libuv tries to make a ring with each loop. */
static const struct call_rule io_uring_setup = { "io_uring_setup", ENOSYS, 0, 0, 0 };

/* Names by number. On an architecture whose numbers begin elsewhere, only the number is logged. */
static const char *system_call_names[NAME_COUNT];

static void look_up_names(void)
{
	for (int number = 0; number < NAME_COUNT; number++)
		system_call_names[number] =
			seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
}

/* The kernel has restored the default action, which takes effect when this returns. */
static void on_forbidden(int number, siginfo_t *info, void *context)
{
	const int call = info->si_syscall;

	(void)context;
	if (info->si_code == SYS_SECCOMP)
		gpald_log_forbidden_call(call >= 0 && call < NAME_COUNT ? system_call_names[call] :
									  NULL,
					 (unsigned int)call);
	else
		gpald_log_crash("SYS");
	raise(number);
}

/*
 * A filter in classic BPF; see seccomp(2). While rows are compared, the accumulator has the number
 * of the call.
 */
struct program {
	struct sock_filter code[4 + 2 * COUNT_OF(allowed) + 6 * COUNT_OF(allowed_if) + 2 + 1];
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

/* Loads the half of an argument that has the relevant bits. */
static void add_load_argument(struct program *program, size_t argument)
{
	const size_t half = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? sizeof(uint32_t) : 0;

	add_load(program, offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t) + half);
}

static void add_call_rule(struct program *program, const struct call_rule *call)
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
 * Begins a filter for the native architecture. `foreign_action` decides on all calls of other
 * architectures.
 */
static void begin_program(struct program *program, uint32_t foreign_action)
{
	program->length = 0;
	add_load(program, offsetof(struct seccomp_data, arch));
	/* Skip the next instruction on this architecture. */
	program->code[program->length++] = (struct sock_filter)BPF_JUMP(
		BPF_JMP | BPF_JEQ | BPF_K, seccomp_arch_native(), 1, 0);
	add_instruction(program, BPF_RET | BPF_K, foreign_action, 0);
	add_load_number(program);
}

/* Ends the filter with a decision on all other calls, and loads it. Returns 0 or an errno. */
static int load_program(struct program *program, uint32_t default_action, unsigned int flags)
{
	struct sock_fprog filter = { .filter = program->code };
	long code;

	add_instruction(program, BPF_RET | BPF_K, default_action, 0);
	filter.len = (unsigned short)program->length;
	code = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
	/* Above 0: the id of a thread that has another filter. */
	return code == 0 ? 0 : code < 0 ? errno : ESRCH;
}

static struct program program; /* static because it is large */
static int io_uring_error;

void gpald_confine_no_new_privs(void)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

void gpald_confine_io_uring(void)
{
	begin_program(&program, SECCOMP_RET_ALLOW);
	add_call_rule(&program, &io_uring_setup);
	io_uring_error = load_program(&program, SECCOMP_RET_ALLOW, 0);
}

int gpald_confine_system_calls(void)
{
	const struct sigaction forbidden = {
		.sa_sigaction = on_forbidden,
		.sa_flags = (int)(SA_SIGINFO | SA_RESETHAND | SA_ONSTACK),
	};
	struct sigaction before;
	int code;

	if (io_uring_error)
		return io_uring_error;
	look_up_names();
	begin_program(&program, SECCOMP_RET_TRAP);
	for (size_t i = 0; i < COUNT_OF(allowed); i++)
		add_call_rule(&program, &(struct call_rule){ .name = allowed[i] });
	for (size_t i = 0; i < COUNT_OF(allowed_if); i++)
		add_call_rule(&program, &allowed_if[i]);
	add_call_rule(&program, &io_uring_setup);
	sigaction(SIGSYS, &forbidden, &before);
	code = load_program(&program, SECCOMP_RET_TRAP, SECCOMP_FILTER_FLAG_TSYNC);
	if (code)
		sigaction(SIGSYS, &before, NULL);
	return code;
}
