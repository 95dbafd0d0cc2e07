#include "mailstore/store_faults.h"

#include "mailstore/store_salvage.h"

#define ALL_KEYS INT64_MIN, INT64_MAX

static const struct store_slice
	by_msg = { "SELECT id FROM msg WHERE id >= ?1 ORDER BY id LIMIT 1 OFFSET ?2", 0, ALL_KEYS },
	by_msg_message = { "SELECT message_id FROM msg WHERE message_id >= ?1 ORDER BY message_id LIMIT 1 OFFSET ?2", 0, ALL_KEYS },
	by_tomb = { "SELECT id FROM tomb WHERE id >= ?1 ORDER BY id LIMIT 1 OFFSET ?2", 0, ALL_KEYS },
	by_message = { "SELECT message_id FROM message WHERE message_id >= ?1 ORDER BY message_id LIMIT 1 OFFSET ?2", 0, ALL_KEYS },
	by_chunk = { "SELECT id FROM chunk WHERE id >= ?1 ORDER BY id LIMIT 1 OFFSET ?2", 4095, ALL_KEYS },
	by_qmsg = { "SELECT queue_id FROM qmsg WHERE queue_id >= ?1 ORDER BY queue_id LIMIT 1 OFFSET ?2", 0, ALL_KEYS },
	by_qrcpt = { "SELECT item_id FROM qrcpt WHERE item_id >= ?1 ORDER BY item_id LIMIT 1 OFFSET ?2", 0, ALL_KEYS },
	/* a large one alone, many small ones together */
	by_mailbox = { "SELECT id >> 32 FROM msg WHERE id >= ?1 << 32 ORDER BY id LIMIT 1 OFFSET ?2", 0, 0, INT32_MAX };

const struct store_fault store_faults[] = {
	/* ---- whose it is ---- */
	{ "SELECT printf('mailbox %d \"%w\" of user %d: no such user', mailbox_id, name, user_id), mailbox_id FROM mailbox "
	  "WHERE user_id NOT IN (SELECT user_id FROM user)", { 0 }, NULL, store_salvage_mailbox, NULL },
	{ "WITH RECURSIVE box(b) AS (SELECT min(id) >> 32 FROM msg UNION ALL "
	  "SELECT (SELECT min(id) >> 32 FROM msg WHERE id > b << 32 | 4294967295) FROM box WHERE b IS NOT NULL) "
	  "SELECT printf('%d messages of mailbox %d: no such mailbox', (SELECT count(*) FROM msg WHERE id BETWEEN b << 32 AND b << 32 | 4294967295), b), b FROM box "
	  "WHERE b IS NOT NULL AND b NOT IN (SELECT mailbox_id FROM mailbox)", { 0 }, NULL, store_salvage_messages, NULL },
	{ "SELECT printf('user %d \"%w\": no INBOX', user_id, name), user_id FROM user u WHERE NOT EXISTS "
	  "(SELECT 1 FROM mailbox m WHERE m.user_id = u.user_id AND m.name = 'INBOX')",
	  { "INSERT INTO mailbox(user_id, name, uidvalidity, created) SELECT user_id, 'INBOX', next_uidvalidity, created FROM user WHERE user_id = ?1",
	    "UPDATE user SET next_uidvalidity = next_uidvalidity + 1 WHERE user_id = ?1" }, "INBOX made", NULL, NULL },
	{ "SELECT printf('credential of user %d: no such user', user_id), user_id FROM credential WHERE user_id NOT IN (SELECT user_id FROM user)",
	  { "DELETE FROM credential WHERE user_id = ?1 AND user_id NOT IN (SELECT user_id FROM user)" }, "removed", NULL, NULL },
	{ "SELECT printf('subscription of user %d to \"%w\": no such user', user_id, name), user_id FROM subscription WHERE user_id NOT IN (SELECT user_id FROM user)",
	  { "DELETE FROM subscription WHERE user_id = ?1 AND user_id NOT IN (SELECT user_id FROM user)" }, "removed", NULL, NULL },
	{ "SELECT printf('past name \"%w\" of user %d: no such user', name, user_id), user_id FROM past_name WHERE user_id NOT IN (SELECT user_id FROM user)",
	  { "DELETE FROM past_name WHERE user_id = ?1 AND user_id NOT IN (SELECT user_id FROM user)" }, "removed", NULL, NULL },
	{ "SELECT printf('messages sent by user %d on day %d: no such user', user_id, day), user_id FROM send_count WHERE user_id NOT IN (SELECT user_id FROM user)",
	  { "DELETE FROM send_count WHERE user_id = ?1 AND user_id NOT IN (SELECT user_id FROM user)" }, "removed", NULL, NULL },
	{ "SELECT printf('keyword %w of mailbox %d: no such mailbox', name, mailbox_id), mailbox_id FROM keyword "
	  "WHERE mailbox_id NOT IN (SELECT mailbox_id FROM mailbox)",
	  { "DELETE FROM keyword WHERE mailbox_id = ?1 AND mailbox_id NOT IN (SELECT mailbox_id FROM mailbox)" }, "removed", NULL, NULL },
	{ "SELECT printf('UID %d of mailbox %d is there and expunged', id & 4294967295, id >> 32), id FROM tomb t "
	  "WHERE id BETWEEN ?2 AND ?3 AND EXISTS (SELECT 1 FROM msg m WHERE m.id = t.id)",
	  { "DELETE FROM tomb WHERE id = ?1 AND id IN (SELECT id FROM msg)" }, "it is there", NULL, &by_tomb },

	/* ---- messages without a row, rows without a message ---- */
	{ "SELECT printf('chunks of message %d: no such message', id >> 12), id >> 12 FROM chunk c "
	  "WHERE id BETWEEN ?2 AND ?3 AND NOT EXISTS (SELECT 1 FROM message m WHERE m.message_id = c.id >> 12) GROUP BY id >> 12", { 0 }, NULL, store_salvage_chunks, &by_chunk },
	{ "SELECT printf('chunk %d of message %d, which has a file', id & 4095, id >> 12), id FROM chunk c "
	  "WHERE id BETWEEN ?2 AND ?3 AND EXISTS (SELECT 1 FROM message m WHERE m.message_id = c.id >> 12 AND m.file IS NOT NULL)",
	  { "DELETE FROM chunk WHERE id = ?1" }, "removed", NULL, &by_chunk },
	{ "SELECT printf('message %d does not exist%s', message_id, " STORE_FAULT_WHOSE("g.message_id") "), message_id FROM msg g "
	  "WHERE g.message_id BETWEEN ?2 AND ?3 AND NOT EXISTS (SELECT 1 FROM message m WHERE m.message_id = g.message_id) GROUP BY message_id", { 0 }, NULL, store_salvage_lost, &by_msg_message },
	{ "SELECT printf('queue %d: message %d from %w does not exist', queue_id, message_id, sender), message_id FROM qmsg q "
	  "WHERE queue_id BETWEEN ?2 AND ?3 AND NOT EXISTS (SELECT 1 FROM message m WHERE m.message_id = q.message_id)", { 0 }, NULL, store_salvage_lost, &by_qmsg },
	{ "SELECT printf('message %d: %d octets, its chunks hold %d%s', message_id, size, held, " STORE_FAULT_WHOSE("x.message_id") "), message_id FROM (SELECT message_id, size, "
	  "(SELECT ifnull(sum(length(data)), 0) FROM chunk WHERE id BETWEEN message_id << 12 AND message_id << 12 | 4095) AS held "
	  "FROM message WHERE message_id BETWEEN ?2 AND ?3 AND file IS NULL AND codec = 0) x WHERE size <> held", { 0 }, NULL, store_salvage_body, &by_message },
	{ "SELECT printf('message %d: nobody points at it', message_id), message_id FROM message m "
	  "WHERE message_id BETWEEN ?2 AND ?3 AND NOT EXISTS (SELECT 1 FROM msg g WHERE g.message_id = m.message_id) AND NOT EXISTS (SELECT 1 FROM qmsg q WHERE q.message_id = m.message_id) "
	  "AND NOT EXISTS (SELECT 1 FROM gc WHERE gc.message_id = m.message_id)", { 0 }, NULL, store_salvage_orphan, &by_message },
	{ "SELECT printf('UID %d of mailbox %d: has %d octets, its message %d', g.id & 4294967295, g.id >> 32, g.size, m.size), g.id FROM msg g "
	  "JOIN message m ON m.message_id = g.message_id WHERE g.id BETWEEN ?2 AND ?3 AND m.size <> g.size",
	  { "UPDATE msg SET size = (SELECT m.size FROM message m WHERE m.message_id = msg.message_id) WHERE id = ?1" }, "size corrected", NULL, &by_msg },
	{ "SELECT printf('expunged UID %d of mailbox %d: message %d went too early', t.id & 4294967295, t.id >> 32, t.message_id), t.id FROM tomb t "
	  "WHERE t.id BETWEEN ?2 AND ?3 AND t.at > ?1 AND NOT EXISTS (SELECT 1 FROM message m WHERE m.message_id = t.message_id)",
	  { "UPDATE tomb SET at = at - 3601 WHERE id = ?1" }, "noted as gone", NULL, &by_tomb },

	/* ---- the queue ---- */
	{ "SELECT printf('queue item %d to %w: no message waits under %d', item_id, recipient, queue_id), item_id FROM qrcpt r "
	  "WHERE item_id BETWEEN ?2 AND ?3 AND NOT EXISTS (SELECT 1 FROM qmsg q WHERE q.queue_id = r.queue_id)",
	  { "DELETE FROM qrcpt WHERE item_id = ?1 AND NOT EXISTS (SELECT 1 FROM qmsg q WHERE q.queue_id = qrcpt.queue_id)" }, "removed", NULL, &by_qrcpt },
	{ "SELECT printf('queue %d: counts %d recipients, has %d', queue_id, n_left, c), queue_id FROM (SELECT queue_id, n_left, "
	  "(SELECT count(*) FROM qrcpt r WHERE r.queue_id = q.queue_id) AS c FROM qmsg q WHERE queue_id BETWEEN ?2 AND ?3) WHERE n_left <> c",
	  { "UPDATE qmsg SET n_left = (SELECT count(*) FROM qrcpt r WHERE r.queue_id = ?1) WHERE queue_id = ?1",
	    "INSERT OR IGNORE INTO gc(message_id, at) SELECT message_id, 0 FROM qmsg WHERE queue_id = ?1 AND n_left = 0",
	    "DELETE FROM qmsg WHERE queue_id = ?1 AND n_left = 0" }, "recounted", NULL, &by_qmsg },
	{ "SELECT printf('queue item %d: leased to nobody known', item_id), item_id FROM qrcpt WHERE item_id BETWEEN ?2 AND ?3 AND token <> 0 AND token NOT IN (SELECT token FROM lease)",
	  { "UPDATE qrcpt SET token = 0, next_at = 0 WHERE item_id = ?1 AND token NOT IN (SELECT token FROM lease)" }, "due again", NULL, &by_qrcpt },

	/* ---- counters ---- */
	{ "SELECT printf('mailbox %d: UIDNEXT %d is not above UID %d', mailbox_id, uidnext, top), mailbox_id FROM (SELECT mailbox_id, uidnext, "
	  "max(ifnull((SELECT max(id) & 4294967295 FROM msg WHERE id BETWEEN mailbox_id << 32 AND mailbox_id << 32 | 4294967295), 0), "
	  "ifnull((SELECT max(id) & 4294967295 FROM tomb WHERE id BETWEEN mailbox_id << 32 AND mailbox_id << 32 | 4294967295), 0)) AS top FROM mailbox WHERE mailbox_id BETWEEN ?2 AND ?3) "
	  "WHERE top >= uidnext",
	  { "UPDATE mailbox SET uidnext = 1 + max(uidnext - 1, ifnull((SELECT max(id) & 4294967295 FROM msg WHERE id BETWEEN ?1 << 32 AND ?1 << 32 | 4294967295), 0), "
	    "ifnull((SELECT max(id) & 4294967295 FROM tomb WHERE id BETWEEN ?1 << 32 AND ?1 << 32 | 4294967295), 0)) WHERE mailbox_id = ?1" }, "raised", NULL, &by_mailbox },
	{ "SELECT printf('mailbox %d: modseq %d is below that of a message, %d', mailbox_id, modseq, top), mailbox_id FROM (SELECT mailbox_id, m.modseq, "
	  "max(ifnull((SELECT max(g.modseq) FROM msg g WHERE g.id >> 32 = mailbox_id), 0), "
	  "ifnull((SELECT max(t.modseq) FROM tomb t WHERE t.id >> 32 = mailbox_id), 0), vanished_floor) AS top FROM mailbox m WHERE mailbox_id BETWEEN ?2 AND ?3) WHERE top > modseq",
	  { "UPDATE mailbox SET modseq = max(modseq, vanished_floor, ifnull((SELECT max(g.modseq) FROM msg g WHERE g.id >> 32 = ?1), 0), "
	    "ifnull((SELECT max(t.modseq) FROM tomb t WHERE t.id >> 32 = ?1), 0)) WHERE mailbox_id = ?1" }, "raised", NULL, &by_mailbox },
	{ "SELECT printf('mailbox %d \"%w\" of user %d: counts %d messages, %d unseen, %d deleted, %d octets; has %d, %d, %d, %d', mailbox_id, name, user_id, "
	  "n_messages, n_unseen, n_deleted, n_octets, ifnull(c, 0), ifnull(u, 0), ifnull(d, 0), ifnull(o, 0)), mailbox_id "
	  "FROM mailbox LEFT JOIN (SELECT id >> 32 AS box, count(*) AS c, sum(flags & 1 = 0) AS u, sum(flags & 8 <> 0) AS d, sum(size) AS o "
	  "FROM msg WHERE id BETWEEN ?2 << 32 AND ?3 << 32 | 4294967295 GROUP BY id >> 32) ON box = mailbox_id "
	  "WHERE mailbox_id BETWEEN ?2 AND ?3 AND (n_messages <> ifnull(c, 0) OR n_unseen <> ifnull(u, 0) OR n_deleted <> ifnull(d, 0) OR n_octets <> ifnull(o, 0))",
	  { "UPDATE mailbox SET (n_messages, n_unseen, n_deleted, n_octets) = (SELECT count(*), ifnull(sum(flags & 1 = 0), 0), ifnull(sum(flags & 8 <> 0), 0), "
	    "ifnull(sum(size), 0) FROM msg WHERE id BETWEEN ?1 << 32 AND ?1 << 32 | 4294967295) WHERE mailbox_id = ?1" }, "recounted", NULL, &by_mailbox },
	{ "SELECT printf('user %d \"%w\": counts %d messages and %d octets; its mailboxes have %d and %d', u.user_id, u.name, "
	  "used_messages, used_octets, ifnull(c, 0), ifnull(o, 0)), u.user_id "
	  "FROM user u LEFT JOIN (SELECT user_id AS id, sum(n_messages) AS c, sum(n_octets) AS o FROM mailbox GROUP BY user_id) ON id = u.user_id "
	  "WHERE used_messages <> ifnull(c, 0) OR used_octets <> ifnull(o, 0)",
	  { "UPDATE user SET (used_messages, used_octets) = (SELECT ifnull(sum(n_messages), 0), ifnull(sum(n_octets), 0) FROM mailbox m "
	    "WHERE m.user_id = ?1) WHERE user_id = ?1" }, "recounted", NULL, NULL },
};
const size_t store_n_faults = sizeof store_faults / sizeof *store_faults;
