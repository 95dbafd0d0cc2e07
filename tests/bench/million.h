/* million: a store with a mailbox of a million messages, its rows written straight into the tables, for the bench programs that read and change it. */
#ifndef TESTS_BENCH_MILLION_H
#define TESTS_BENCH_MILLION_H

#include "base/random.h"
#include "message/summary.h"
#include "tests/bench/measure.h"

#define N_NARROW 1000000                /* mailbox 1: the newest N_WIDE have their message's row too */
#define N_WIDE 100000                   /* mailbox 2: the same messages */

static inline void add_row(struct database *db, int64_t mailbox_id, uint32_t uid, int64_t message_id)
{
	struct database_statement *s = database_statement_begin(db,
		"INSERT INTO msg(id, modseq, flags, internal_date, saved_after, size, sent, message_id) VALUES(?, 1, 0, ?, 0, ?, ?, ?)");

	database_statement_bind_int(s, 1, mailbox_id << 32 | uid);
	database_statement_bind_int(s, 2, 1600000000 + uid);
	database_statement_bind_int(s, 3, 1000 + random_below(100000));
	database_statement_bind_int(s, 4, 1500000000 + random_below(100000000));
	database_statement_bind_int(s, 5, message_id);
	database_statement_run(s);
}

/* A third begins a thread; the others answer one of the last thousand messages and name its ancestors, up to eight. */
static inline void add_message(struct database *db, uint32_t uid)
{
	static uint32_t parents[N_WIDE + 1];
	struct summary_builder *builder = summary_builder_create();
	struct summary made = { 0 };
	struct buffer header = { 0 }, ancestors = { 0 };
	uint32_t near = uid - 1 < 1000 ? uid - 1 : 1000, root = uid;

	parents[uid] = near > 0 && random_below(3) > 0 ? uid - 1 - random_below(near) : 0;
	for (uint32_t at = parents[uid], n = 0; at != 0; at = parents[at], n++) {
		if (n < 8)
			buffer_printf(&ancestors, " <%u@bench.test>", at);
		root = at;
	}
	buffer_printf(&header, "Message-ID: <%u@bench.test>\r\nSubject: %ssubject number %u\r\nFrom: Person %u <p%u@bench.test>\r\n",
	              uid, parents[uid] ? "Re: " : "", root * 7919 % 30000, uid % 977, uid % 977);
	if (parents[uid])
		buffer_printf(&header, "In-Reply-To: <%u@bench.test>\r\nReferences:%s\r\n", parents[uid], ancestors.at);
	buffer_add_text(&header, "\r\n");
	summary_builder_feed(builder, buffer_bytes(&header));
	summary_builder_finish(builder, &made);
	summary_builder_destroy(builder);
	struct database_statement *s = database_statement_begin(db,
		"INSERT INTO message(message_id, size, header_len, sent, envelope, structure, sortkeys) VALUES(?, 1, 1, 0, zeroblob(300), zeroblob(100), ?)");
	database_statement_bind_int(s, 1, N_NARROW - N_WIDE + uid);
	database_statement_bind_blob(s, 2, buffer_bytes(&made.sortkeys));
	database_statement_run(s);
	summary_release(&made);
	buffer_release(&header);
	buffer_release(&ancestors);
}

static inline void fill_million(const char *folder)
{
	create_store(folder);
	struct database *db = open_database(folder, "shard0.db", DATABASE_WRITE, true);

	summary_prepare();
	database_begin_write(db);
	database_script(db, "INSERT INTO domain(name) VALUES('a.test');"
	                    "INSERT INTO user(user_id, name, next_uidvalidity, used_octets, used_messages, created) VALUES(1, 'one@a.test', 10, 1, 1, 0);"
	                    "INSERT INTO mailbox(mailbox_id, user_id, name, uidvalidity, created) VALUES(1, 1, 'narrow', 1, 0), (2, 1, 'wide', 2, 0), (3, 1, 'copies', 3, 0)");
	for (uint32_t uid = 1; uid <= N_NARROW; uid++)
		add_row(db, 1, uid, uid);
	for (uint32_t uid = 1; uid <= N_WIDE; uid++) {
		add_row(db, 2, uid, N_NARROW - N_WIDE + uid);
		add_message(db, uid);
	}
	database_script(db, "UPDATE mailbox SET uidnext = n + 1, n_messages = n, n_unseen = n, n_octets = octets "
	                    "FROM (SELECT id >> 32 AS box, count(*) AS n, sum(size) AS octets FROM msg GROUP BY 1) WHERE box = mailbox_id");
	commit_or_give_up(db);
	database_close(db);
}

#endif
