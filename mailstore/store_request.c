#include "mailstore/store_request.h"

#include <stdlib.h>

#include "base/memory.h"
#include "mailstore/store_body.h"
#include "mailstore/store_client.h"
#include "mailstore/store_open.h"
#include "mailstore/store_reader.h"
#include "mailstore/store_stager.h"
#include "mailstore/store_writer.h"

void *store_request_create(struct store_client *client, const struct store_request_ops *ops, size_t size)
{
	struct store_request *request = xcalloc(1, size);

	request->ops = ops;
	request->client = client;
	return request;
}

void store_request_take_body(struct store_request *request, struct store_body *body)
{
	request->bodies = xreallocarray(request->bodies, request->n_bodies + 1, sizeof *request->bodies);
	request->bodies[request->n_bodies++] = body;
	request->weight += store_body_row_octets(body);
	store_body_hand_over(body, &request->error);
}

static bool needs_sealing(const struct store_request *request)
{
	for (size_t i = 0; i < request->n_bodies; i++)
		if (store_body_has_file(request->bodies[i]))
			return true;
	return false;
}

static void send(struct store_request *request)
{
	struct store *store = request->client->store;

	if (request->ops->thread == STORE_IN_READER)
		store_readers_add(store->readers, request);
	else
		store_writer_add(store->writer, request);
}

static void complete_at_once(struct store_request *request)
{
	struct list finished = { 0 };

	list_append(&finished, &request->node);
	store_client_post(&finished);
}

struct store_request *store_request_submit(struct store_request *request)
{
	store_client_lend(request->client);
	if (request->error.kind != ERROR_NONE)
		complete_at_once(request);
	else if (needs_sealing(request))
		store_stager_seal(request->client->store->stager, request);
	else
		send(request);
	return request;
}

void store_request_go_on(struct list *finished)
{
	for (struct list_node *node = finished->first, *next; node != NULL; node = next) {
		struct store_request *request = LIST_OWNER(node, struct store_request, node);
		next = node->next;
		if (request->ops->next == NULL || request->error.kind != ERROR_NONE)
			continue;
		list_remove(finished, node);
		request->ops = request->ops->next;
		send(request);
	}
}

void store_request_destroy(struct store_request *request)
{
	if (request->ops->release != NULL)
		request->ops->release(request);
	for (size_t i = 0; i < request->n_bodies; i++) {
		if (request->committed || request->in_doubt)
			store_body_keep_file(request->bodies[i]);
		store_body_destroy(request->bodies[i]);
	}
	free(request->bodies);
	arena_reset(&request->arena);
	free(request);
}
