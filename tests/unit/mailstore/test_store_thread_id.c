#include "tests/unit/mailstore/fixture_requests.h"

/* The summary of a message with these fields. */
static struct summary summary_of(const char *fields)
{
	struct summary_builder *builder = summary_builder_create();
	struct summary made = { 0 };

	summary_builder_feed(builder, bytes_text(fields));
	summary_builder_feed(builder, BYTES("\r\n"));
	summary_builder_finish(builder, &made);
	summary_builder_destroy(builder);
	return made;
}

static void deliver_fields(struct fixture *f, int64_t user, const char *fields)
{
	struct store_recipient recipient = { .user_id = user, .address = "someone@a.test" };
	struct store_delivery delivery = a_delivery(f, 100, &recipient, 1);
	struct summary made = summary_of(fields);

	delivery.summary = &made;
	CHECK(deliver(f, &delivery) == ERROR_NONE);
	summary_release(&made);
}

static int64_t thread_of(struct fixture *f, int64_t inbox, uint32_t uid)
{
	return scan(f, inbox, uid, uid, 0, false) == ERROR_NONE && answer.messages->n == 1 ? answer.messages->at[0].thread_id : -1;
}

/* Messages delivered one after another; thread: the one they belong to is that of the n-th. */
static const struct row {
	const char *claim;
	struct { const char *fields; unsigned thread; } messages[4];
} rows[] = {
	{ "messages that name nobody are threads of their own", { { "Message-ID: <a@x>\r\n", 1 }, { "Message-ID: <b@x>\r\n", 2 }, { "Subject: none\r\n", 3 }, { "Subject: none\r\n", 4 } } },
	{ "an answer joins by In-Reply-To", { { "Message-ID: <a@x>\r\n", 1 }, { "Message-ID: <b@x>\r\nIn-Reply-To: <a@x>\r\n", 1 } } },
	{ "or by any of the nearest References", { { "Message-ID: <a@x>\r\n", 1 }, { "Message-ID: <b@x>\r\nReferences: <q@x> <a@x> <r@x> <s@x>\r\n", 1 } } },
	{ "or by the first one", { { "Message-ID: <a@x>\r\n", 1 }, { "References: <a@x> <1@x> <2@x> <3@x> <4@x> <5@x> <6@x> <7@x>\r\n", 1 } } },
	{ "but not by those between: look-ups are bounded", { { "Message-ID: <a@x>\r\n", 1 }, { "References: <1@x> <a@x> <2@x> <3@x> <4@x> <5@x> <6@x>\r\n", 2 } } },
	{ "answers to a message not there are together", { { "In-Reply-To: <gone@x>\r\n", 1 }, { "References: <gone@x> <z@x>\r\n", 1 } } },
	{ "and it joins them when it comes late", { { "In-Reply-To: <late@x>\r\n", 1 }, { "Message-ID: <late@x>\r\n", 1 } } },
	{ "the same message again is in the same thread", { { "Message-ID: <a@x>\r\n", 1 }, { "Message-ID: <a@x>\r\n", 1 } } },
	{ "naming two threads joins the nearest, and both stay", { { "Message-ID: <a@x>\r\n", 1 }, { "Message-ID: <b@x>\r\n", 2 }, { "References: <a@x> <b@x>\r\n", 2 }, { "In-Reply-To: <a@x>\r\n", 1 } } },
};

static void messages_find_their_threads(struct fixture *f)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *name = xprintf("row%zu@a.test", i);
		int64_t user = add_user(f, name), inbox = inbox_of(f, user);
		for (uint32_t k = 0; k < 4 && rows[i].messages[k].fields != NULL; k++) {
			deliver_fields(f, user, rows[i].messages[k].fields);
			CHECK_ROW(thread_of(f, inbox, k + 1) == thread_of(f, inbox, rows[i].messages[k].thread), rows[i].claim);
			if (rows[i].messages[k].thread == k + 1) {
				scan(f, inbox, k + 1, k + 1, 0, false);
				CHECK_ROW(answer.messages->at[0].thread_id == answer.messages->at[0].message_id, rows[i].claim);
			}
		}
		free(name);
	}
}

static void threads_are_each_user_s_own(struct fixture *f)
{
	int64_t ann = add_user(f, "ann@a.test"), ben = add_user(f, "ben@a.test"), inbox = inbox_of(f, ben);

	deliver_fields(f, ann, "Message-ID: <shared@x>\r\n");
	deliver_fields(f, ben, "In-Reply-To: <shared@x>\r\n");
	scan(f, inbox, 1, 1, 0, false);
	CHECK(answer.messages->at[0].thread_id == answer.messages->at[0].message_id);
}

/* Years later, by the save dates: notes of threads whose first message is gone go, others stay. */
static void old_notes_go_with_their_messages(struct fixture *f)
{
	int64_t eve = add_user(f, "eve@a.test"), inbox = inbox_of(f, eve);
	char *count = xprintf("SELECT count(*) FROM thread_id WHERE user_id = %lld", (long long)eve);
	char *age = xprintf("UPDATE msg SET saved_after = 1 - internal_date WHERE id >> 32 = %lld", (long long)inbox);

	deliver_fields(f, eve, "Message-ID: <gone@x>\r\n");
	deliver_fields(f, eve, "Message-ID: <answer@x>\r\nIn-Reply-To: <gone@x>\r\n");
	deliver_fields(f, eve, "Message-ID: <kept@x>\r\n");
	add_flags(f, inbox, 1, 1, STORE_DELETED);
	expunge(f, inbox);
	maintain(f);
	CHECK_ROW(ask(f, count) == 3, "young ones stay");
	ask(f, age);
	maintain(f);
	CHECK_ROW(ask(f, count) == 1, "only the thread that has its first message");
	ask(f, "DELETE FROM user WHERE name = 'eve@a.test'");
	maintain(f);
	CHECK_ROW(ask(f, count) == 0, "nothing of a user who is gone");
	free(count);
	free(age);
}

int main(void)
{
	struct fixture f = { 0 };

	summary_prepare();
	fixture_start(&f, "threads");
	messages_find_their_threads(&f);
	threads_are_each_user_s_own(&f);
	old_notes_go_with_their_messages(&f);
	fixture_close(&f);
	return check_finish();
}
