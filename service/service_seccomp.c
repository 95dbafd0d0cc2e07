#define _GNU_SOURCE
#include "service/service_seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* By name, so that a call this architecture does not have is simply passed over. */
static const char *const allowed[] = {
	/* descriptors */
	"read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2", "pwritev2", "close", "lseek",
	"dup", "dup2", "dup3", "fcntl", "fcntl64", "flock", "pipe2", "splice", "eventfd2",
	/* files: which ones is Landlock's matter */
	"open", "openat", "openat2", "stat", "lstat", "fstat", "newfstatat", "statx", "fstat64", "stat64", "lstat64", "fstatat64",
	"access", "faccessat", "faccessat2", "readlink", "readlinkat", "getdents64", "getcwd", "statfs", "fstatfs", "statfs64",
	"fstatfs64", "fsync", "fdatasync", "sync_file_range", "ftruncate", "ftruncate64", "fallocate", "fadvise64", "rename",
	"renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "fchmod", "fchmodat",
	"chmod", "umask", "utimensat",
	/* network */
	"connect", "accept", "accept4", "socketpair", "sendto", "recvfrom", "sendmsg", "recvmsg", "sendmmsg", "recvmmsg",
	"shutdown", "getsockname", "getpeername", "setsockopt", "getsockopt", "poll", "ppoll", "select", "pselect6",
	"_newselect", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2",
	/* memory */
	"munmap", "mremap", "madvise", "brk", "membarrier",
	/* threads, signals, time */
	"futex", "futex_time64", "futex_waitv", "set_robust_list", "get_robust_list", "rseq", "set_tid_address", "sched_yield",
	"sched_getaffinity", "sched_getparam", "sched_getscheduler", "getcpu", "exit", "exit_group", "rt_sigaction",
	"rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "sigaltstack", "sigreturn", "signalfd4", "tgkill", "restart_syscall",
	"clock_gettime", "clock_gettime64", "clock_getres", "clock_nanosleep", "clock_nanosleep_time64", "nanosleep",
	"gettimeofday", "time",
	/* who and where we are */
	"getpid", "getppid", "gettid", "getuid", "geteuid", "getgid", "getegid", "getrandom", "getrusage", "getrlimit",
	"ugetrlimit", "sysinfo", "uname",
};

static bool add_allowed(scmp_filter_ctx filter)
{
	for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
		int number = seccomp_syscall_resolve_name(allowed[i]);
		if (number == __NR_SCMP_ERROR)
			continue;
		if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0) < 0 && number > 0)
			return false;
	}
	return true;
}

static bool allow_argument(scmp_filter_ctx filter, int number, struct scmp_arg_cmp want)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 1, want) == 0;
}

/* Memory that can be written is never run. */
static bool add_memory(scmp_filter_ctx filter)
{
	scmp_datum_t both = PROT_WRITE | PROT_EXEC, forms[] = { 0, PROT_WRITE, PROT_EXEC };

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		if (!allow_argument(filter, SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, both, forms[i])))
			return false;
		seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap2), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, both, forms[i]));
	}
	return allow_argument(filter, SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

/* Calls that are harmless in one form only. */
static bool add_restricted(scmp_filter_ctx filter)
{
	static const int families[] = { AF_INET, AF_INET6, AF_UNIX, AF_NETLINK /* getaddrinfo asks for the interfaces */ };
	static const unsigned ioctls[] = { FIONREAD, FIONBIO, TCGETS };

	for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
		if (!allow_argument(filter, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i])))
			return false;
	}
	for (size_t i = 0; i < sizeof ioctls / sizeof *ioctls; i++) {
		if (!allow_argument(filter, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffu, ioctls[i])))
			return false;
	}
	if (!add_memory(filter))
		return false;
	/* threads, no processes.  clone3 hides its flags in memory: ENOSYS makes the C library take clone */
	if (!allow_argument(filter, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)) ||
	    seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) < 0)
		return false;
	/* to name threads */
	if (!allow_argument(filter, SCMP_SYS(prctl), SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME)))
		return false;
	/* limits of our own process may be read, not set */
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, SCMP_A0(SCMP_CMP_EQ, 0),
	                        SCMP_A2(SCMP_CMP_EQ, 0)) == 0;
}

bool service_seccomp_enter(bool *is_in_force, struct error *err)
{
	*is_in_force = false;
	if (prctl(PR_GET_SECCOMP) < 0 && errno == EINVAL)
		return true;
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (filter == NULL)
		return error_set(err, ERROR_SYSTEM, "seccomp: no filter could be made");
	int answer = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (answer == 0 && (!add_allowed(filter) || !add_restricted(filter)))
		answer = -EINVAL;
	if (answer == 0)
		answer = seccomp_load(filter);
	seccomp_release(filter);
	if (answer < 0)
		return error_set_errno(err, -answer, "seccomp");
	*is_in_force = true;
	return true;
}
