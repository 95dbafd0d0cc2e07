#include "nettool/nettool_room.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/list.h"
#include "base/memory.h"
#include "netcore/net_line.h"
#include "netcore/net_listener.h"
#include "netcore/net_stream.h"

struct nettool_room {
	struct net_loop *loop;
	struct net_listener *listener;
	struct list members;
	unsigned max;
	uint64_t last_id;
};

struct member {
	struct nettool_room *room;
	struct list_node node;
	struct net_stream *stream;
	struct net_line reader;
	uint64_t id;
};

static void tell_others(struct nettool_room *, const struct member *but, struct bytes line);

static void remove_member(struct member *m)
{
	list_remove(&m->room->members, &m->node);
	free(m);
}

/* What else it was to hear is still sent. */
static void leave(struct member *m, const char *last_words, const char *how)
{
	struct nettool_room *room = m->room;
	char line[64];

	fprintf(stderr, "nettool: %llu %s\n", (unsigned long long)m->id, how);
	if (last_words)
		net_stream_write(m->stream, bytes_text(last_words));
	net_stream_finish(m->stream);
	snprintf(line, sizeof line, "* %llu left\r\n", (unsigned long long)m->id);
	remove_member(m);
	tell_others(room, NULL, bytes_text(line));
}

static void tell_others(struct nettool_room *room, const struct member *but, struct bytes line)
{
	struct list_node *next;

	for (struct list_node *node = room->members.first; node; node = next) {
		struct member *m = LIST_OWNER(node, struct member, node);
		next = node->next;
		if (m == but)
			continue;
		if (net_stream_pending(m->stream) + line.len > NETTOOL_ROOM_BEHIND_MAX) {
			fprintf(stderr, "nettool: %llu is too slow\n", (unsigned long long)m->id);
			net_stream_close(m->stream);
			remove_member(m);
		} else {
			net_stream_write(m->stream, line);
		}
	}
}

static void say(struct member *m, struct bytes text)
{
	struct buffer line = { 0 };

	buffer_printf(&line, "%llu: ", (unsigned long long)m->id);
	buffer_add_bytes(&line, text);
	buffer_add_text(&line, "\r\n");
	tell_others(m->room, m, buffer_bytes(&line));
	buffer_release(&line);
}

static void on_input(void *owner)
{
	struct member *m = owner;
	struct bytes line;

	for (;;) {
		switch (net_line_read(&m->reader, m->stream, &line)) {
		case NET_LINE_NONE:
			return;
		case NET_LINE_READY:
			if (bytes_equal(line, BYTES("exit"))) {
				leave(m, "bye\r\n", "left");
				return;
			}
			say(m, line);
			net_line_done(m->stream, line);
			break;
		case NET_LINE_TOO_LONG:
			leave(m, "a line has at most 4096 octets\r\n", "said too long a line");
			return;
		case NET_LINE_BARE_LF:
		case NET_LINE_NUL:
			leave(m, "a line ends with CR LF and holds no NUL\r\n", "does not end its lines");
			return;
		}
	}
}

static void on_closed(void *owner, const struct error *why)
{
	leave(owner, NULL, why->kind == ERROR_TRY_LATER ? "is too slow" : "went away");
}

static const struct net_stream_events events = { on_input, NULL, NULL, on_closed };

static void on_member(void *owner, int fd, const struct net_addr *peer)
{
	struct nettool_room *room = owner;
	char text[NET_ADDR_TEXT], line[64];

	if (room->members.n >= room->max) {
		struct net_stream *refused = net_stream_create(room->loop, fd, &events, NULL, NULL);
		net_stream_write(refused, BYTES("full\r\n"));
		net_stream_finish(refused);
		return;
	}
	struct member *m = xcalloc(1, sizeof *m);
	m->room = room;
	m->id = ++room->last_id;
	m->reader.limit = NETTOOL_ROOM_LINE_MAX;
	m->stream = net_stream_create(room->loop, fd, &events, m, NULL);
	net_stream_set_write_timeout(m->stream, NETTOOL_ROOM_BEHIND_MS);
	net_stream_printf(m->stream, "* you are %llu\r\n", (unsigned long long)m->id);
	snprintf(line, sizeof line, "* %llu joined\r\n", (unsigned long long)m->id);
	tell_others(room, m, bytes_text(line));
	list_append(&room->members, &m->node);
	fprintf(stderr, "nettool: %llu joined from %s\n", (unsigned long long)m->id, net_addr_format(peer, text));
}

struct nettool_room *nettool_room_create(struct net_loop *loop, int fd, unsigned max, struct error *err)
{
	struct nettool_room *room = xcalloc(1, sizeof *room);

	*room = (struct nettool_room){ .loop = loop, .max = max };
	room->listener = net_listener_create(loop, fd, on_member, room, err);
	if (room->listener)
		return room;
	free(room);
	return NULL;
}

void nettool_room_destroy(struct nettool_room *room)
{
	if (room == NULL)
		return;
	net_listener_destroy(room->listener);
	struct list_node *node;
	while ((node = list_take_first(&room->members)) != NULL) {
		struct member *m = LIST_OWNER(node, struct member, node);
		net_stream_write(m->stream, BYTES("* the server ends\r\n"));
		net_stream_finish(m->stream);
		remove_member(m);
	}
	net_loop_free_later(room->loop, room);
}
