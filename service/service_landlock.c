#define _GNU_SOURCE
#include "service/service_landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * The kernel's numbers, here because the headers of Debian 12 stop at the second ABI and the kernel may know more.
 * ABI 1 is of no use: it forbids every link from one folder to another, and the store links bodies into place.
 */
#define ABI_NEEDED 2

#define FS_WRITE_FILE  (1u << 1)
#define FS_READ_FILE   (1u << 2)
#define FS_READ_DIR    (1u << 3)
#define FS_REMOVE_DIR  (1u << 4)
#define FS_REMOVE_FILE (1u << 5)
#define FS_MAKE_DIR    (1u << 7)
#define FS_MAKE_REG    (1u << 8)
#define FS_REFER       (1u << 13)
#define FS_TRUNCATE    (1u << 14)
#define FS_ALL_ABI_2   ((1u << 14) - 1)
#define FS_IOCTL_DEV   (1u << 15)

#define NET_BIND_TCP    (1u << 0)
#define NET_CONNECT_TCP (1u << 1)

#define SCOPE_ABSTRACT_UNIX (1u << 0)
#define SCOPE_SIGNAL        (1u << 1)

#define RULE_PATH_BENEATH 1
#define CREATE_RULESET_VERSION 1u

struct ruleset {
	uint64_t fs, net, scoped;
};

struct path_rule {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

static const char *const readable[] = {
	"/etc/ssl", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates", "/usr/lib/ssl",
	"/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf", "/etc/services",
	"/etc/ld.so.cache", "/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share/zoneinfo", "/etc/localtime",
	"/proc/self/fd", "/dev/urandom", "/dev/null",
};

static bool allow(int rules, const char *path, uint64_t rights, bool must_exist, struct error *err)
{
	struct path_rule rule = { .allowed = rights };
	struct stat st;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return !must_exist || error_set_errno(err, errno, "%s", path);
	/* rights of folders make no sense on a file, and the kernel refuses them */
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed &= FS_READ_FILE | FS_WRITE_FILE | FS_TRUNCATE;
	long answer = syscall(SYS_landlock_add_rule, rules, RULE_PATH_BENEATH, &rule, 0);
	int number = errno;
	close(rule.parent_fd);
	return answer == 0 || error_set_errno(err, number, "Landlock rule for %s", path);
}

static bool fill(int rules, const char *data_dir, uint64_t handled, struct error *err)
{
	uint64_t write = FS_READ_FILE | FS_READ_DIR | FS_WRITE_FILE | FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_DIR |
	                 FS_MAKE_REG | FS_REFER | FS_TRUNCATE;

	for (size_t i = 0; i < sizeof readable / sizeof *readable; i++) {
		if (!allow(rules, readable[i], FS_READ_FILE | FS_READ_DIR, false, err))
			return false;
	}
	return allow(rules, data_dir, write & handled, true, err);
}

bool service_landlock_enter(const char *data_dir, bool may_connect, int *abi, struct error *err)
{
	struct ruleset what = { .fs = FS_ALL_ABI_2 };
	size_t size = offsetof(struct ruleset, net);
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);

	*abi = version > 0 ? (int)version : 0;
	if (*abi < ABI_NEEDED)
		return true;
	if (*abi >= 3)
		what.fs |= FS_TRUNCATE;
	if (*abi >= 4) {
		what.net = NET_BIND_TCP | (may_connect ? 0 : NET_CONNECT_TCP);
		size = offsetof(struct ruleset, scoped);
	}
	if (*abi >= 5)
		what.fs |= FS_IOCTL_DEV;
	if (*abi >= 6) {
		what.scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
		size = sizeof what;
	}
	int rules = (int)syscall(SYS_landlock_create_ruleset, &what, size, 0);
	if (rules < 0)
		return error_set_errno(err, errno, "Landlock");
	bool ok = fill(rules, data_dir, what.fs, err);
	if (ok && syscall(SYS_landlock_restrict_self, rules, 0) != 0)
		ok = error_set_errno(err, errno, "Landlock");
	close(rules);
	return ok;
}
