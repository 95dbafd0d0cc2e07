#define _GNU_SOURCE                     /* F_OFD_SETLK, program_invocation_short_name */

#include "mailstore/store_lease.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/random.h"

#define OCTET_BITS 40
#define DEAD_AT_ONCE 64                 /* tokens looked after in one go */

static struct flock octet_of(int64_t token, short type)
{
	off_t octet = (off_t)(token & (((int64_t)1 << OCTET_BITS) - 1)) + 1;

	return (struct flock){ .l_type = type, .l_whence = SEEK_SET, .l_start = octet, .l_len = 1 };
}

bool store_lease_open(struct store_lease *lease, int dir_fd, struct error *err)
{
	*lease = (struct store_lease){ .fd = openat(dir_fd, "leases", O_RDWR | O_CREAT | O_CLOEXEC, 0600) };
	if (lease->fd < 0)
		return error_set_errno(err, errno, "cannot open leases");
	for (int tries = 0; tries < 100; tries++) {
		lease->token = (int64_t)(random_u64() >> 2);
		struct flock lock = octet_of(lease->token, F_WRLCK);
		if (lease->token != 0 && fcntl(lease->fd, F_OFD_SETLK, &lock) == 0)
			return true;
	}
	error_set_errno(err, errno, "cannot lock leases");
	store_lease_close(lease);
	return false;
}

void store_lease_close(struct store_lease *lease)
{
	if (lease->fd >= 0)
		close(lease->fd);
	lease->fd = -1;
}

bool store_lease_is_held(const struct store_lease *lease, int64_t token)
{
	struct flock lock = octet_of(token, F_WRLCK);

	if (token == lease->token)
		return true;
	/* in doubt it lives: its leases run out by themselves */
	return fcntl(lease->fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

void store_lease_write(const struct store_lease *lease, struct database *db, int64_t now_s)
{
	struct database_statement *insert = database_statement_begin(db, "INSERT OR IGNORE INTO lease(token, pid, program, since) VALUES(?, ?, ?, ?)");

	database_statement_bind_int(insert, 1, lease->token);
	database_statement_bind_int(insert, 2, getpid());
	database_statement_bind_text(insert, 3, program_invocation_short_name);
	database_statement_bind_int(insert, 4, now_s);
	database_statement_run(insert);
}

void store_lease_release_dead(const struct store_lease *lease, struct database *db, int64_t now_s)
{
	struct database_statement *s = database_statement_begin(db, "SELECT token FROM lease");
	int64_t dead[DEAD_AT_ONCE];
	size_t n = 0;

	while (n < DEAD_AT_ONCE && database_statement_step(s))
		if (!store_lease_is_held(lease, database_statement_int(s, 0)))
			dead[n++] = database_statement_int(s, 0);
	database_statement_end(s);
	for (size_t i = 0; i < n; i++) {
		s = database_statement_begin(db, "UPDATE qrcpt SET token = 0, next_at = ? WHERE token = ?");
		database_statement_bind_int(s, 1, now_s);
		database_statement_bind_int(s, 2, dead[i]);
		int64_t n_freed = database_statement_run(s);
		s = database_statement_begin(db, "DELETE FROM lease WHERE token = ?");
		database_statement_bind_int(s, 1, dead[i]);
		database_statement_run(s);
		log_info("store", "dead-leases-freed", "rows=%lld", (long long)n_freed);
	}
}
