#include "message/envelope.h"

#include "tests/support/check.h"

int main(void)
{
	struct envelope e = { 0 };

	envelope_start(&e, BYTES("Ann@X.test"));
	CHECK_TEXT(e.sender, "Ann@X.test", "the reverse-path is kept");
	for (int i = 0; i < 20; i++) {
		struct envelope_recipient *r = envelope_add(&e, BYTES("Bob@Y.TEST"));
		CHECK_TEXT(r->address, "Bob@y.test", "the domain is lower-cased");
		CHECK(r->original == NULL && r->notify == 0);
		r->notify = ENVELOPE_NOTIFY_NEVER;
	}
	CHECK(e.n_recipients == 20 && e.recipients[0].notify == ENVELOPE_NOTIFY_NEVER);
	CHECK_TEXT(envelope_add(&e, BYTES("Postmaster"))->address, "Postmaster", "a recipient without domain");
	envelope_reset(&e);
	CHECK(e.sender == NULL && e.n_recipients == 0);
	envelope_start(&e, BYTES(""));
	CHECK_TEXT(e.sender, "", "the null path");
	envelope_reset(&e);
	return check_finish();
}
