#include "mailstore/store_client.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/memory.h"
#include "mailstore/store_request.h"

struct store_client *store_client_create(struct store *store, struct error *err)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0) {
		error_set_errno(err, errno, "eventfd");
		return NULL;
	}
	struct store_client *client = xcalloc(1, sizeof *client);
	client->store = store;
	client->event_fd = fd;
	pthread_mutex_init(&client->mutex, NULL);
	return client;
}

static void free_client(struct store_client *client)
{
	close(client->event_fd);
	store_packer_release(&client->packer);
	pthread_mutex_destroy(&client->mutex);
	free(client);
}

static struct store_request *take_done(struct store_client *client)
{
	pthread_mutex_lock(&client->mutex);
	struct list_node *node = list_take_first(&client->done);
	pthread_mutex_unlock(&client->mutex);
	return node != NULL ? LIST_OWNER(node, struct store_request, node) : NULL;
}

void store_client_destroy(struct store_client *client)
{
	struct store_request *request;

	if (client == NULL)
		return;
	while ((request = take_done(client)) != NULL)
		store_request_destroy(request);
	pthread_mutex_lock(&client->mutex);
	client->closed = true;
	bool is_last = client->n_inside == 0;
	/* one may have come between the two locks */
	struct list rest = client->done;
	client->done = (struct list){ 0 };
	pthread_mutex_unlock(&client->mutex);
	for (struct list_node *node; (node = list_take_first(&rest)) != NULL;)
		store_request_destroy(LIST_OWNER(node, struct store_request, node));
	if (is_last)
		free_client(client);
}

int store_client_fd(const struct store_client *client)
{
	return client->event_fd;
}

static void wake(const struct store_client *client)
{
	uint64_t one = 1;

	while (write(client->event_fd, &one, sizeof one) < 0 && errno == EINTR)
		;
}

void store_client_dispatch(struct store_client *client)
{
	uint64_t count;

	while (read(client->event_fd, &count, sizeof count) < 0 && errno == EINTR)
		;
	pthread_mutex_lock(&client->mutex);
	size_t n = client->done.n;
	pthread_mutex_unlock(&client->mutex);
	/* what arrives meanwhile waits for the next turn, so that a loop's other work is not starved */
	for (; n > 0; n--) {
		struct store_request *request = take_done(client);
		if (request == NULL)
			return;
		assert(client->n_pending > 0);
		client->n_pending--;
		if (!request->forgotten)
			request->ops->complete(request);
		store_request_destroy(request);
	}
	pthread_mutex_lock(&client->mutex);
	if (!list_is_empty(&client->done))
		wake(client);
	pthread_mutex_unlock(&client->mutex);
}

void store_client_wait(struct store_client *client)
{
	while (client->n_pending > 0) {
		struct pollfd fd = { .fd = client->event_fd, .events = POLLIN };
		if (poll(&fd, 1, -1) < 0 && errno != EINTR)
			abort();
		store_client_dispatch(client);
	}
}

void store_request_forget(struct store_request *request)
{
	if (request != NULL)
		request->forgotten = true;
}

void store_client_lend(struct store_client *client)
{
	client->n_pending++;
	pthread_mutex_lock(&client->mutex);
	client->n_inside++;
	pthread_mutex_unlock(&client->mutex);
}

/* Move the requests of the first one's client out of the list. */
static struct list take_same_client(struct list *from)
{
	struct list same = { 0 };
	struct store_client *client = LIST_OWNER(from->first, struct store_request, node)->client;

	for (struct list_node *node = from->first, *next; node != NULL; node = next) {
		next = node->next;
		if (LIST_OWNER(node, struct store_request, node)->client != client)
			continue;
		list_remove(from, node);
		list_append(&same, node);
	}
	return same;
}

void store_client_post(struct list *finished)
{
	while (!list_is_empty(finished)) {
		struct list mine = take_same_client(finished), orphans = { 0 };
		struct store_client *client = LIST_OWNER(mine.first, struct store_request, node)->client;
		bool is_last = false;
		pthread_mutex_lock(&client->mutex);
		client->n_inside -= mine.n;
		if (client->closed) {
			orphans = mine;
			is_last = client->n_inside == 0;
		} else {
			bool was_empty = list_is_empty(&client->done);
			for (struct list_node *node; (node = list_take_first(&mine)) != NULL;)
				list_append(&client->done, node);
			if (was_empty)
				wake(client);   /* inside the lock: the client may be gone after it */
		}
		pthread_mutex_unlock(&client->mutex);
		for (struct list_node *node; (node = list_take_first(&orphans)) != NULL;)
			store_request_destroy(LIST_OWNER(node, struct store_request, node));
		if (is_last)
			free_client(client);
	}
}
