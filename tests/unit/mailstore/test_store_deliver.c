#include "tests/unit/mailstore/fixture.h"

static void a_message_comes_back_as_it_was(struct fixture *f)
{
	static const size_t sizes[] = { 1, 4096, 65536, 65537, 1 << 20, (1 << 20) + 1, 3000000 };
	int64_t bob = add_user(f, "bob@a.test"), inbox = inbox_of(f, bob);

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		CHECK(deliver_to(f, sizes[i], &bob, 1) == ERROR_NONE);
		CHECK(answer.n == 1 && answer.results[0].kind == ERROR_NONE && answer.items == NULL);
		CHECK(open_mailbox(f, bob, "inbox", false) == ERROR_NONE);
		CHECK(answer.snapshot->mailbox.n_messages == i + 1 && ranges_count(&answer.snapshot->uids) == i + 1);
		uint32_t uid = ranges_last(&answer.snapshot->uids);
		CHECK(scan(f, inbox, uid, uid, ~0u, false) == ERROR_NONE);
		CHECK(answer.messages->n == 1 && answer.messages->at[0].size == sizes[i] && answer.messages->next_uid == 0);
		CHECK(bytes_equal(answer.messages->at[0].envelope, BYTES("an envelope")));
		CHECK(bytes_equal(answer.messages->at[0].structure, BYTES("a structure")));
		CHECK(bytes_equal(answer.messages->at[0].sortkeys, BYTES("sort keys")));
		CHECK(answer.messages->at[0].header_len == 40 && answer.messages->at[0].sent_s == 1700000000);
		CHECK_ROW(reads_back(f, answer.messages->at[0].message_id, sizes[i]), "octet for octet");
	}
	CHECK(ask(f, "SELECT count(*) FROM message WHERE file IS NOT NULL") == 2);
}

int main(void)
{
	struct fixture f = { 0 };

	fixture_start(&f, "deliver");
	a_message_comes_back_as_it_was(&f);
	fixture_close(&f);
	return check_finish();
}
