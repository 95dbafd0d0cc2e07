#include "base/fault.h"

#ifdef POSTA_TEST

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FAULTS_MAX 16

static struct fault {
	enum fault_action { FAULT_DIE, FAULT_FAIL, FAULT_SLOW } action;
	char name[64];
	long number;                    /* which pass; milliseconds for slow */
	_Atomic long passes;
} faults[FAULTS_MAX];

static size_t n_faults;
static pthread_once_t read_once = PTHREAD_ONCE_INIT;

static void read_one(const char *text)
{
	struct fault *fault = &faults[n_faults];
	char action[8] = "";

	if (n_faults == FAULTS_MAX ||
	    sscanf(text, "%7[a-z]:%63[^:,]:%ld", action, fault->name, &fault->number) != 3) {
		fprintf(stderr, "POSTA_TEST_FAULT: cannot read \"%s\"\n", text);
		abort();
	}
	if (strcmp(action, "die") == 0)
		fault->action = FAULT_DIE;
	else if (strcmp(action, "fail") == 0)
		fault->action = FAULT_FAIL;
	else if (strcmp(action, "slow") == 0)
		fault->action = FAULT_SLOW;
	else
		abort();
	n_faults++;
}

static void read_all(void)
{
	const char *text = getenv("POSTA_TEST_FAULT");

	while (text != NULL && *text != '\0') {
		read_one(text);
		text = strchr(text, ',');
		if (text != NULL)
			text++;
	}
}

static void sleep_ms(long ms)
{
	struct timespec span = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&span, NULL);
}

static bool pass(const char *name)
{
	bool fails = false;

	pthread_once(&read_once, read_all);
	for (size_t i = 0; i < n_faults; i++) {
		struct fault *fault = &faults[i];
		if (strcmp(fault->name, name) != 0)
			continue;
		bool now = atomic_fetch_add(&fault->passes, 1) + 1 == fault->number;
		if (fault->action == FAULT_SLOW)
			sleep_ms(fault->number);
		else if (fault->action == FAULT_DIE && now)
			kill(getpid(), SIGKILL);
		else if (fault->action == FAULT_FAIL && now)
			fails = true;
	}
	return fails;
}

void fault_point(const char *name)
{
	pass(name);
}

bool fault_fails(const char *name)
{
	return pass(name);
}

#else
typedef int fault_is_empty_in_release;  /* ISO C wants a declaration in every file */
#endif
