/* letter: what store_load and store_list share: the store they open, its users, and octets that follow from a message's name. */
#ifndef TESTS_STORE_LETTER_H
#define TESTS_STORE_LETTER_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "mailstore/bodies.h"
#include "mailstore/deliver.h"
#include "mailstore/mailboxes.h"
#include "mailstore/users.h"

#define N_USERS 3
#define NAME_LEN 8                      /* m0000001 */

static struct store *store;
static struct store_client *client;
static struct { int64_t user_id, mailbox_id; } users[N_USERS];
static unsigned n_users;

/* One write a line, so that a recorder has it in its place. */
static inline void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline void say(const char *format, ...)
{
	char line[400];
	va_list values;

	va_start(values, format);
	int n = vsnprintf(line, sizeof line, format, values);
	va_end(values);
	if (write(STDOUT_FILENO, line, (size_t)n) != n)
		_exit(1);
}

static inline void give_up(const char *what, const struct error *err)
{
	say("cannot %s: %s\n", what, err->text);
	exit(75);
}

static inline uint64_t seed_of(const char *name)
{
	uint64_t seed = 1469598103934665603u;

	for (; *name != '\0'; name++)
		seed = (seed ^ (unsigned char)*name) * 1099511628211u;
	return seed;
}

static inline void fill(const char *name, uint64_t from, char *to, size_t len)
{
	uint64_t seed = seed_of(name);

	for (size_t i = 0; i < len; i++) {
		uint64_t at = from + i;
		to[i] = at < NAME_LEN ? name[at] : at == NAME_LEN ? '\n' : (char)('a' + ((seed >> at % 57) + at * 7 + at / 251) % 26);
	}
}

static inline void on_done(void *owner, const struct error *err)
{
	if (err != NULL)
		*(struct error *)owner = *err;
}

static inline void on_user(void *owner, const struct error *err, const struct store_user *found, size_t n)
{
	if (err != NULL)
		*(struct error *)owner = *err;
	else if (n == 1)
		users[n_users++].user_id = found[0].user_id;
}

static inline void on_mailbox(void *owner, const struct error *err, const struct store_mailbox *found, size_t n)
{
	if (err == NULL && n == 1)
		*(int64_t *)owner = found[0].mailbox_id;
}

static inline void open_store_to(const char *folder, bool packs)
{
	struct store_options options = { .data_dir = folder, .reserve = 1, .compress = packs };
	struct error err = { 0 };

	store = store_open(&options, &err);
	client = store == NULL ? NULL : store_client_create(store, &err);
	if (client == NULL)
		give_up("open the store", &err);
}

static inline void open_store(const char *folder)
{
	open_store_to(folder, false);
}

#endif
