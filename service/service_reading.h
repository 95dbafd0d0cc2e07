/*
 * service_reading: one reading of the configuration and of every file it names: what the keeper, which may
 * open them, hands to the server, which may not.
 */
#ifndef SERVICE_SERVICE_READING_H
#define SERVICE_SERVICE_READING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/error.h"

struct service_reading {                /* zero-initialise */
	struct service_reading_file *files;
	size_t n_files;
};

/* Path is made absolute.  False: err->text begins with file:line where there is one; nothing is held. */
bool service_reading_open(struct service_reading *, const char *path, struct error *err);
/* Wipes the secrets. */
void service_reading_release(struct service_reading *);

/* Borrowed until the release.  Octets are followed by a NUL; .at is NULL where the configuration names no such file. */
const char *service_reading_path(const struct service_reading *);
const char *service_reading_text(const struct service_reading *);      /* @include resolved */
struct bytes service_reading_certificate(const struct service_reading *);
struct bytes service_reading_key(const struct service_reading *);
/* Of the i-th of settings.peers; the smarthost comes behind the last.  The password is one line without its end. */
struct bytes service_reading_ca(const struct service_reading *, size_t i);
struct bytes service_reading_password(const struct service_reading *, size_t i);

/* All of it in a sealed memory file, -1 on error; and back.  unpack leaves fd open. */
int service_reading_pack(const struct service_reading *, struct error *err);
bool service_reading_unpack(struct service_reading *, int fd, struct error *err);

#endif
