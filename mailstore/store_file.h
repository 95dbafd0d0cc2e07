/* store_file: the immutable file of a body over 1 MiB, `bodies/xx/<32 hex>`: unnamed until it is synced. */
#ifndef MAILSTORE_STORE_FILE_H
#define MAILSTORE_STORE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

#define STORE_FILE_NAME_LEN 32
#define STORE_FILE_PATH_SIZE 48

struct store_file {
	int fd;                         /* -1 while there is none */
	char name[STORE_FILE_NAME_LEN + 1];
	bool has_name;                  /* visible in its folder */
	uint64_t size;
};

/* "bodies/xx/name", relative to the data folder. */
void store_file_path(const char *name, char path[STORE_FILE_PATH_SIZE]);
/* dir_fd: the data folder. */
bool store_file_create(int dir_fd, struct store_file *, struct error *err);
/* At the end of it. */
bool store_file_add(struct store_file *, struct bytes, struct error *err);
/* False also when fewer octets are there. */
bool store_file_read(const struct store_file *, uint64_t offset, void *to, size_t len, struct error *err);
/* Sync the octets, give it its name, sync the folder.  ephemeral: no syncs. */
bool store_file_seal(int dir_fd, struct store_file *, bool ephemeral, struct error *err);
/* Close it; its name goes too unless keep. */
void store_file_release(int dir_fd, struct store_file *, bool keep);
/* Open one for reading: -1 and NOT_FOUND when it is gone. */
int store_file_open(int dir_fd, const char *name, struct error *err);
bool store_file_remove(int dir_fd, const char *name);

/* Octets free on the disk of the data folder; 0 when the system does not say. */
uint64_t store_file_room(int dir_fd);
/* Is that above the reserve and twice what is to be written?  FULL when not. */
bool store_file_fits(uint64_t room, uint64_t reserve, uint64_t size, struct error *err);

#endif
