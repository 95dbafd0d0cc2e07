/* Any octets as a DNS message: what is read can be written, and reads the same again; every record can be shown. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "netcore/net_dns_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static void write_again(const struct net_dns_message *m, struct buffer *out)
{
	struct net_dns_writer w;
	bool fits = true;

	net_dns_write_begin(&w, out, NET_DNS_MESSAGE_MAX, m->id, m->flags);
	for (size_t i = 0; i < m->n_questions && fits; i++)
		fits = net_dns_write_question(&w, &m->questions[i].name, m->questions[i].type, m->questions[i].class);
	for (size_t i = 0; i < m->n_records && fits; i++)
		fits = net_dns_write_record(&w, m->records[i].section, &m->records[i]);
	net_dns_write_end(&w);
}

static void check_same(const struct net_dns_message *a, const struct net_dns_message *b)
{
	assert(a->id == b->id && a->n_questions >= b->n_questions && a->n_records >= b->n_records);
	for (size_t i = 0; i < b->n_questions; i++)
		assert(net_dns_name_equal(&a->questions[i].name, &b->questions[i].name) && a->questions[i].type == b->questions[i].type);
	for (size_t i = 0; i < b->n_records; i++) {
		assert(net_dns_name_equal(&a->records[i].name, &b->records[i].name));
		assert(a->records[i].data.len == b->records[i].data.len && a->records[i].ttl == b->records[i].ttl);
	}
}

static void show(const struct net_dns_name *name)
{
	char text[NET_DNS_NAME_TEXT];
	struct net_dns_name again;

	net_dns_name_format(name, text);
	assert(strlen(text) < sizeof text);
	assert(net_dns_name_parse(text, &again, NULL) && again.len == name->len && memcmp(again.at, name->at, again.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct net_dns_message m, again;
	struct buffer out = { 0 };

	if (net_dns_message_parse(bytes_of(at, len), &m) != NET_DNS_OK)
		return 0;
	for (size_t i = 0; i < m.n_questions; i++)
		show(&m.questions[i].name);
	for (size_t i = 0; i < m.n_records; i++) {
		show(&m.records[i].name);
		net_dns_data_format(m.records[i].type, m.records[i].data, &out);
	}
	buffer_clear(&out);
	write_again(&m, &out);
	/* an OPT record outside its place stays a record, and its data may be one when read again: then only that it reads */
	assert(out.len <= NET_DNS_MESSAGE_MAX);
	assert(net_dns_message_parse(buffer_bytes(&out), &again) == NET_DNS_OK);
	if (!m.edns.is_there && !again.edns.is_there)
		check_same(&m, &again);
	net_dns_message_release(&again);
	net_dns_message_release(&m);
	buffer_release(&out);
	return 0;
}
