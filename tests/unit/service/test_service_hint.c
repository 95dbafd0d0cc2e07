#include "service/service_hint.h"

#include <string.h>

#include "tests/support/check.h"

static const struct store_hint hints[] = { { 7, 70 }, { 0, 0 }, { INT64_MAX, UINT64_MAX } };

static struct service_hint_key key_of(unsigned char store, unsigned char secret, uint64_t sender)
{
	struct service_hint_key key = { .sender = sender };

	memset(key.store, store, sizeof key.store);
	memset(key.secret, secret, sizeof key.secret);
	return key;
}

static void check_datagram(void)
{
	struct service_hint_key ours = key_of(1, 2, 10), theirs = key_of(1, 2, 11);
	unsigned char datagram[SERVICE_HINT_OCTETS];
	struct store_hint got[SERVICE_HINT_MAX];
	size_t len = service_hint_format(&ours, hints, 3, datagram);

	CHECK_ROW(service_hint_parse(&theirs, datagram, len, got) == 3, "another process of the store takes the hints");
	CHECK_ROW(memcmp(got, hints, sizeof hints) == 0, "as they were sent");
	CHECK_ROW(service_hint_parse(&ours, datagram, len, got) == 0, "our own are passed over");
	struct service_hint_key other_store = key_of(9, 2, 11), other_secret = key_of(1, 9, 11);
	CHECK_ROW(service_hint_parse(&other_store, datagram, len, got) == 0, "those of another store too");
	CHECK_ROW(service_hint_parse(&other_secret, datagram, len, got) == 0, "and those of who does not know the secret");
	for (size_t cut = 0; cut < len; cut++)
		CHECK_ROW(service_hint_parse(&theirs, datagram, cut, got) == 0, "a datagram cut short says nothing");
	for (size_t i = 0; i < len; i++) {
		datagram[i] ^= 1;
		CHECK_ROW(service_hint_parse(&theirs, datagram, len, got) == 0, "nor does one with an octet changed");
		datagram[i] ^= 1;
	}
}

struct heard {
	size_t n;
	struct store_hint last;
};

static void hear(void *owner, const struct store_hint *at, size_t n)
{
	struct heard *heard = owner;

	heard->n += n;
	heard->last = at[n - 1];
}

/* Two processes of one store, played by two objects. */
static void check_sockets(void)
{
	static const unsigned char secret[32] = { 5 };
	struct error err = { 0 };
	struct net_loop *loop = net_loop_create(net_poll_kind_default(), &err);
	struct service_hint *a = service_hint_open(check_folder(), &err), *b = service_hint_open(check_folder(), &err);
	struct heard at_a = { 0 }, at_b = { 0 };
	struct store_hint many[100];

	CHECK_ROW(a != NULL && b != NULL, err.text);
	if (a == NULL || b == NULL)
		return;
	CHECK(service_hint_start(a, loop, "uuid", secret, hear, &at_a, &err));
	CHECK(service_hint_start(b, loop, "uuid", secret, hear, &at_b, &err));
	for (int i = 0; i < 100; i++)
		many[i] = (struct store_hint){ i, (uint64_t)i };
	service_hint_send(a, many, 100);
	for (int i = 0; i < 20 && at_b.n < 100; i++)
		net_loop_run_once(loop, 100);
	CHECK_ROW(at_b.n == 100 && at_b.last.mailbox_id == 99, "the other process hears of each mailbox");
	CHECK_ROW(at_a.n == 0, "the sender does not wake itself");
	service_hint_close(a);
	service_hint_close(b);
	net_loop_destroy(loop);
}

int main(void)
{
	check_datagram();
	check_sockets();
	return check_finish();
}
