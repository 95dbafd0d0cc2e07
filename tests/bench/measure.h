/* measure: what the bench programs share: clocks and counters of this process, lines `KEY VALUE` for who reads them, a store and a plain SQLite file. */
#ifndef TESTS_BENCH_MEASURE_H
#define TESTS_BENCH_MEASURE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/memory.h"
#include "database/database.h"
#include "database/database_statement.h"
#include "database/database_transaction.h"
#include "mailstore/store.h"

static inline void tell(const char *key, double value)
{
	printf("%s %.7g\n", key, value);
	fflush(stdout);
}

static inline void give_up(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static inline void expect(const struct error *err)
{
	if (err != NULL)
		give_up(err->text);
}

static inline double now_ms(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

/* A number that a file of /proc gives this process under a name. */
static inline double proc_value(const char *path, const char *name)
{
	FILE *file = fopen(path, "r");
	char line[200];
	double value = 0;

	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			value = strtod(line + strlen(name), NULL);
	if (file != NULL)
		fclose(file);
	return value;
}

static inline double written(void)
{
	return proc_value("/proc/self/io", "write_bytes:");
}

/* The highest resident memory since it was forgotten. */
static inline double peak_kb(void)
{
	return proc_value("/proc/self/status", "VmHWM:");
}

static inline double forget_peak_kb(void)
{
	FILE *file = fopen("/proc/self/clear_refs", "w");

	if (file == NULL || fputs("5", file) < 0 || fclose(file) != 0)
		give_up("cannot forget the peak of resident memory");
	return proc_value("/proc/self/status", "VmRSS:");
}

/* Of all threads. */
static inline double cpu_us(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

struct times {
	double *at;                     /* ms */
	size_t n, room;
};

static inline void times_add(struct times *times, double ms)
{
	if (times->n == times->room) {
		times->room = times->room * 2 + 1024;
		times->at = xrealloc(times->at, times->room * sizeof *times->at);
	}
	times->at[times->n++] = ms;
}

static inline int times_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static inline void times_tell(struct times *times)
{
	if (times->n == 0)
		give_up("nothing was measured");
	qsort(times->at, times->n, sizeof *times->at, times_compare);
	tell("p50_ms", times->at[times->n / 2]);
	tell("p99_ms", times->at[times->n * 99 / 100]);
	tell("max_ms", times->at[times->n - 1]);
	free(times->at);
}

static inline struct store *open_store(const char *folder)
{
	struct store_options options = { .data_dir = folder };
	struct error err = { 0 };
	struct store *store = store_open(&options, &err);

	if (store == NULL)
		give_up(err.text);
	return store;
}

static inline struct store_client *open_client(struct store *store)
{
	struct error err = { 0 };
	struct store_client *client = store_client_create(store, &err);

	if (client == NULL)
		give_up(err.text);
	return client;
}

static inline void create_store(const char *folder)
{
	struct store_options options = { .data_dir = folder };
	struct error err = { 0 };

	if (!store_create(&options, &err))
		give_up(err.text);
}

/* A file of the store or of the baseline, past the store. */
static inline struct database *open_database(const char *folder, const char *name, enum database_mode mode, bool synchronous_off)
{
	char *path = xprintf("%s/%s", folder, name);
	struct database_options options = { .path = path, .mode = mode, .synchronous_off = synchronous_off };
	struct error err = { 0 };
	struct database *db = database_open(&options, &err);

	if (db == NULL)
		give_up(err.text);
	free(path);
	return db;
}

static inline void commit_or_give_up(struct database *db)
{
	if (!database_commit(db))
		give_up(database_error(db)->text);
}

#endif
