/*
 * nettool_room: what chat and peer share: a TCP server in which each line of a member goes to all others.
 *
 * A member has an id of its own, which nobody else gets while the room exists; one that comes when the room is full hears "full" and
 * is closed.  What a member has not read yet is bounded in octets and in time: who is slow is dropped, and holds up nobody.
 */
#ifndef NETTOOL_NETTOOL_ROOM_H
#define NETTOOL_NETTOOL_ROOM_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "netcore/net_loop.h"

#define NETTOOL_ROOM_LINE_MAX 4096u             /* with its end */
#define NETTOOL_ROOM_BEHIND_MAX (1024u * 1024)  /* octets that a member may be behind */
#define NETTOOL_ROOM_BEHIND_MS 30000            /* or without taking any */

struct nettool_room;

/* Takes the listening descriptor over, also when it fails (NULL). */
struct nettool_room *nettool_room_create(struct net_loop *, int fd, unsigned max, struct error *err);
/* Says good-bye to everybody. */
void nettool_room_destroy(struct nettool_room *);

#endif
