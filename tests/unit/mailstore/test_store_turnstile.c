#include "mailstore/store_turnstile.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "tests/support/check.h"

#define PATIENCE_MS 60000

/* Two processes would each have a description of their own, too. */
static struct store_turnstile first, second;

static void *enter(void *entered)
{
	*(bool *)entered = store_turnstile_enter(&second, PATIENCE_MS, NULL);
	return NULL;
}

static void who_is_inside_sees_who_waits(void)
{
	bool entered = false;
	pthread_t thread;

	CHECK(store_turnstile_enter(&first, PATIENCE_MS, NULL));
	CHECK_ROW(!store_turnstile_is_wanted(&first), "alone");
	pthread_create(&thread, NULL, enter, &entered);
	for (int ms = 0; ms < PATIENCE_MS && !store_turnstile_is_wanted(&first); ms++)
		usleep(1000);
	CHECK_ROW(store_turnstile_is_wanted(&first), "another waits");
	store_turnstile_leave(&first);
	pthread_join(thread, NULL);
	CHECK_ROW(entered && !store_turnstile_is_wanted(&first) && !store_turnstile_is_wanted(&second), "it is inside, nobody waits");
	store_turnstile_leave(&second);
}

int main(void)
{
	int dir_fd = open(check_folder(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(store_turnstile_open(&first, dir_fd, NULL) && store_turnstile_open(&second, dir_fd, NULL));
	who_is_inside_sees_who_waits();
	store_turnstile_close(&second);
	store_turnstile_close(&first);
	close(dir_fd);
	return check_finish();
}
