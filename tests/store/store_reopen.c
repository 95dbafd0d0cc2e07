/*
 * store_reopen: how long it takes to open a store whose processes were killed, until the first write is committed.
 *
 *	store_reopen FOLDER     prints `ms N`
 */
#include <time.h>

#include "base/log.h"
#include "tests/store/letter.h"

static double now_ms(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

static void on_known(void *owner, const struct error *err)
{
	if (err != NULL && err->kind != ERROR_EXISTS)
		*(struct error *)owner = *err;
}

int main(int argc, char **argv)
{
	struct error err = { 0 };
	double begin_ms = now_ms();

	log_set_fd(-1);
	if (argc != 2) {
		fprintf(stderr, "store_reopen FOLDER\n");
		return 64;
	}
	open_store(argv[1]);
	store_domain_add(client, BYTES("reopened.test"), false, on_known, &err);
	store_client_wait(client);
	if (err.kind != ERROR_NONE)
		give_up("write after the store was opened", &err);
	say("ms %.1f\n", now_ms() - begin_ms);
	store_client_destroy(client);
	store_close(store);
	return 0;
}
