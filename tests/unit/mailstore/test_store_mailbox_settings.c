#include "tests/unit/mailstore/fixture_mailboxes.h"

static enum error_kind set_use(struct fixture *f, int64_t user_id, const char *name, unsigned use)
{
	answer_clear();
	store_mailbox_set_special_use(f->client, user_id, bytes_text(name), use, on_done, f);
	return wait_for(f);
}

static enum error_kind set_expire(struct fixture *f, int64_t user_id, const char *name, int64_t expire_after_s)
{
	answer_clear();
	store_mailbox_set_expire(f->client, user_id, bytes_text(name), expire_after_s, on_done, f);
	return wait_for(f);
}

static void a_special_use_is_one_mailbox_s(struct fixture *f, int64_t bob, int64_t ann)
{
	create_mailbox(f, bob, "Wires", 0);
	CHECK(set_use(f, bob, "Wires", STORE_USE_SENT) == ERROR_NONE);
	CHECK(get_mailbox(f, bob, "Wires").special_use == STORE_USE_SENT && get_mailbox(f, bob, "Sent").special_use == 0);
	CHECK_ROW(get_mailbox(f, ann, "Sent").special_use == STORE_USE_SENT, "another user's is not touched");
	CHECK(set_use(f, bob, "Wires", 0) == ERROR_NONE && get_mailbox(f, bob, "Wires").special_use == 0);
	CHECK(set_use(f, bob, "nowhere", STORE_USE_SENT) == ERROR_NOT_FOUND);
}

static void expiry_is_kept_with_the_mailbox(struct fixture *f, int64_t bob)
{
	CHECK(get_mailbox(f, bob, "Trash").expire_after_s == 0);
	CHECK(set_expire(f, bob, "Trash", 30 * 86400) == ERROR_NONE && get_mailbox(f, bob, "Trash").expire_after_s == 30 * 86400);
	CHECK(rename_mailbox(f, bob, "Trash", "Bin") == ERROR_NONE && get_mailbox(f, bob, "Bin").expire_after_s == 30 * 86400);
	CHECK(set_expire(f, bob, "Bin", 0) == ERROR_NONE && get_mailbox(f, bob, "Bin").expire_after_s == 0);
	CHECK(set_expire(f, bob, "nowhere", 1) == ERROR_NOT_FOUND);
}

int main(void)
{
	struct fixture f = { .options = { .ephemeral = true } };

	fixture_start(&f, "settings");
	int64_t bob = add_user(&f, "bob@a.test"), ann = add_user(&f, "ann@a.test");
	a_special_use_is_one_mailbox_s(&f, bob, ann);
	expiry_is_kept_with_the_mailbox(&f, bob);
	fixture_close(&f);
	return check_finish();
}
