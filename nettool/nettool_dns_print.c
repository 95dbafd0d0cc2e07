/* DNS records and messages for people and for programs. */
#include <stdio.h>

#include "nettool/nettool_dns.h"

static void print_indented(const struct net_dns_record *r, const char *indent)
{
	char name[NET_DNS_NAME_TEXT], type[NET_DNS_TYPE_TEXT];
	struct buffer data = { 0 };

	net_dns_data_format(r->type, r->data, &data);
	printf("%s%s %u IN %s %s\n", indent, net_dns_name_format(&r->name, name), r->ttl, net_dns_type_format(r->type, type),
	       data.at != NULL ? data.at : "");
	buffer_release(&data);
}

void nettool_dns_print_record(const struct net_dns_record *r)
{
	print_indented(r, "");
}

void nettool_dns_print_message(const struct net_dns_message *m, const char *indent)
{
	static const char *const sections[] = { "answer", "authority", "additional" };
	static const struct { unsigned bit; const char *word; } flags[] = {
		{ NET_DNS_RESPONSE, "qr" }, { NET_DNS_AUTHORITATIVE, "aa" }, { NET_DNS_TRUNCATED, "tc" }, { NET_DNS_RECURSION_DESIRED, "rd" },
		{ NET_DNS_RECURSION_AVAILABLE, "ra" }, { NET_DNS_AUTHENTIC, "ad" }, { NET_DNS_CHECKING_DISABLED, "cd" },
	};
	char text[NET_DNS_NAME_TEXT], type[NET_DNS_TYPE_TEXT];
	int section = -1;

	printf("%s;; id %u %s", indent, m->id, net_dns_rcode_format(m->rcode, type));
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (m->flags & flags[i].bit)
			printf(" %s", flags[i].word);
	if (m->edns.is_there)
		printf(", EDNS %u octets%s", m->edns.udp_size, m->edns.wants_dnssec ? " do" : "");
	printf("\n");
	for (size_t i = 0; i < m->n_questions; i++)
		printf("%s;; question %s %s\n", indent, net_dns_name_format(&m->questions[i].name, text), net_dns_type_format(m->questions[i].type, type));
	for (size_t i = 0; i < m->n_records; i++) {
		if ((int)m->records[i].section != section)
			printf("%s;; %s\n", indent, sections[m->records[i].section]);
		section = (int)m->records[i].section;
		print_indented(&m->records[i], indent);
	}
}

json_t *nettool_dns_json_record(const struct net_dns_record *r)
{
	char name[NET_DNS_NAME_TEXT], type[NET_DNS_TYPE_TEXT];
	struct buffer data = { 0 };

	net_dns_data_format(r->type, r->data, &data);
	json_t *object = json_pack("{s:s, s:s, s:i, s:s}", "name", net_dns_name_format(&r->name, name), "type",
	                           net_dns_type_format(r->type, type), "ttl", (int)(r->ttl & 0x7fffffff), "data", data.at != NULL ? data.at : "");
	buffer_release(&data);
	return object;
}
