#include "netcore/net_dns_data.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>

#include "base/codec.h"

/*
 * Fields in order: n a name that senders may compress, N one that they may not (but some do), 1 2 4 a number of so many
 * octets, 6 and 4 addresses as 'a' and 'q', t a moment, T a type, s one or more strings, h b the rest in hexadecimal or base64, w the type bit map.
 */
static const struct layout {
	unsigned type;
	const char *name, *fields;
} layouts[] = {
	{ NET_DNS_A, "A", "a" },                { NET_DNS_NS, "NS", "n" },
	{ NET_DNS_CNAME, "CNAME", "n" },        { NET_DNS_SOA, "SOA", "nn44444" },
	{ NET_DNS_PTR, "PTR", "n" },            { NET_DNS_MX, "MX", "2n" },
	{ NET_DNS_TXT, "TXT", "s" },            { NET_DNS_AAAA, "AAAA", "q" },
	{ NET_DNS_SRV, "SRV", "222N" },         { NET_DNS_OPT, "OPT", NULL },
	{ NET_DNS_DS, "DS", "211h" },           { NET_DNS_RRSIG, "RRSIG", "T114tt2Nb" },
	{ NET_DNS_NSEC, "NSEC", "Nw" },         { NET_DNS_DNSKEY, "DNSKEY", "211b" },
	{ NET_DNS_TLSA, "TLSA", "111h" },       { NET_DNS_ANY, "ANY", NULL },
};

static const struct layout *layout_of(unsigned type)
{
	for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
		if (layouts[i].type == type)
			return &layouts[i];
	return NULL;
}

int net_dns_type_parse(const char *text)
{
	uint64_t number;

	for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
		if (strcasecmp(layouts[i].name, text) == 0)
			return (int)layouts[i].type;
	if (bytes_starts_nocase(bytes_text(text), BYTES("TYPE")) && bytes_to_u64(bytes_text(text + 4), 65535, &number))
		return (int)number;
	return -1;
}

const char *net_dns_type_format(unsigned type, char text[NET_DNS_TYPE_TEXT])
{
	const struct layout *layout = layout_of(type);

	if (layout != NULL)
		snprintf(text, NET_DNS_TYPE_TEXT, "%s", layout->name);
	else
		snprintf(text, NET_DNS_TYPE_TEXT, "TYPE%u", type);
	return text;
}

/* Octets of a field whose length is fixed; 0 for the others. */
static size_t fixed_length(char field)
{
	switch (field) {
	case '1':
		return 1;
	case '2':
	case 'T':
		return 2;
	case '4':
	case 'a':
	case 't':
		return 4;
	case 'q':
		return 16;
	default:
		return 0;
	}
}

/* Strings, or the windows of a bit map: each a count and its octets. */
static bool is_counted(struct bytes data, char field)
{
	size_t at = 0, before = field == 'w' ? 1 : 0;

	while (at < data.len) {
		if (at + before >= data.len)
			return false;
		size_t n = (unsigned char)data.at[at + before];
		if (field == 'w' && (n == 0 || n > 32))
			return false;
		at += before + 1 + n;
	}
	return at == data.len && (field == 'w' || data.len > 0);
}

enum net_dns_status net_dns_data_read(unsigned type, struct bytes message, size_t at, size_t len, struct buffer *out)
{
	const struct layout *layout = layout_of(type);
	size_t end = at + len;
	struct net_dns_name name;

	if (layout == NULL || layout->fields == NULL) {
		buffer_add(out, message.at + at, len);
		return NET_DNS_OK;
	}
	for (const char *field = layout->fields; *field != '\0'; field++) {
		if (*field == 'n' || *field == 'N') {
			/* the name may point back anywhere, but its own octets end with the data */
			enum net_dns_status status = net_dns_name_read(bytes_of(message.at, end), &at, &name);
			if (status != NET_DNS_OK)
				return status;
			buffer_add(out, name.at, name.len);
			continue;
		}
		size_t n = fixed_length(*field);
		if (n == 0) {
			n = end - at;
			if ((*field == 's' || *field == 'w') && !is_counted(bytes_of(message.at + at, n), *field))
				return NET_DNS_DATA;
		}
		if (n > end - at)
			return NET_DNS_DATA;
		buffer_add(out, message.at + at, n);
		at += n;
	}
	return at == end ? NET_DNS_OK : NET_DNS_DATA;
}

static uint32_t number_at(const char *at, size_t n)
{
	uint32_t value = 0;

	while (n-- > 0)
		value = value << 8 | (unsigned char)*at++;
	return value;
}

static void format_strings(struct bytes data, struct buffer *out)
{
	for (size_t at = 0; at < data.len;) {
		size_t n = (unsigned char)data.at[at++];
		buffer_add_text(out, at == 1 ? "\"" : " \"");
		for (; n > 0; n--, at++) {
			int octet = (unsigned char)data.at[at];
			if (octet < 0x20 || octet >= 0x7f)
				buffer_printf(out, "\\%03d", octet);
			else if (octet == '"' || octet == '\\')
				buffer_printf(out, "\\%c", octet);
			else
				buffer_add_octet(out, (char)octet);
		}
		buffer_add_octet(out, '"');
	}
}

static void format_types(struct bytes data, struct buffer *out)
{
	char text[NET_DNS_TYPE_TEXT];
	const char *between = "";

	for (size_t at = 0; at + 2 <= data.len;) {
		unsigned window = (unsigned char)data.at[at], n = (unsigned char)data.at[at + 1];
		for (unsigned bit = 0; bit < n * 8; bit++) {
			if (!((unsigned char)data.at[at + 2 + bit / 8] & 0x80u >> bit % 8))
				continue;
			buffer_printf(out, "%s%s", between, net_dns_type_format(window << 8 | bit, text));
			between = " ";
		}
		at += 2 + n;
	}
}

static void format_moment(uint32_t seconds, struct buffer *out)
{
	time_t moment = (time_t)seconds;
	char text[16];
	struct tm parts;

	gmtime_r(&moment, &parts);
	strftime(text, sizeof text, "%Y%m%d%H%M%S", &parts);
	buffer_add_text(out, text);
}

static void format_field(char field, struct bytes data, struct buffer *out)
{
	char text[NET_DNS_NAME_TEXT];

	switch (field) {
	case 'a':
		buffer_add_text(out, inet_ntop(AF_INET, data.at, text, sizeof text));
		break;
	case 'q':
		buffer_add_text(out, inet_ntop(AF_INET6, data.at, text, sizeof text));
		break;
	case 't':
		format_moment(number_at(data.at, 4), out);
		break;
	case 'T':
		buffer_add_text(out, net_dns_type_format(number_at(data.at, 2), text));
		break;
	case 's':
		format_strings(data, out);
		break;
	case 'w':
		format_types(data, out);
		break;
	case 'h':
		codec_hex_encode(data, out);
		break;
	case 'b':
		codec_base64_encode(data, out);
		break;
	default:
		buffer_printf(out, "%u", number_at(data.at, data.len));
	}
}

static void format_unknown(struct bytes data, struct buffer *out)
{
	buffer_printf(out, "\\# %zu%s", data.len, data.len > 0 ? " " : "");
	codec_hex_encode(data, out);
}

void net_dns_data_format(unsigned type, struct bytes data, struct buffer *out)
{
	const struct layout *layout = layout_of(type);
	struct buffer checked = { 0 };
	struct net_dns_name name;
	char text[NET_DNS_NAME_TEXT];

	if (layout == NULL || layout->fields == NULL || net_dns_data_read(type, data, 0, data.len, &checked) != NET_DNS_OK) {
		format_unknown(data, out);
		buffer_release(&checked);
		return;
	}
	size_t at = 0;
	for (const char *field = layout->fields; *field != '\0'; field++) {
		if (field > layout->fields)
			buffer_add_octet(out, ' ');
		if (*field == 'n' || *field == 'N') {
			if (net_dns_name_read(buffer_bytes(&checked), &at, &name) == NET_DNS_OK)
				buffer_add_text(out, net_dns_name_format(&name, text));
			continue;
		}
		size_t n = fixed_length(*field) != 0 ? fixed_length(*field) : checked.len - at;
		format_field(*field, bytes_of(checked.at + at, n), out);
		at += n;
	}
	buffer_release(&checked);
}

bool net_dns_data_target(unsigned type, struct bytes data, struct net_dns_name *target)
{
	size_t at = type == NET_DNS_MX ? 2 : type == NET_DNS_SRV ? 6 : 0;

	if (type != NET_DNS_PTR && type != NET_DNS_NS && type != NET_DNS_CNAME && type != NET_DNS_MX && type != NET_DNS_SRV)
		return false;
	return net_dns_name_read(data, &at, target) == NET_DNS_OK;
}

size_t net_dns_data_compressible(unsigned type, struct bytes data, size_t at[2])
{
	const struct layout *layout = layout_of(type);
	size_t n = 0, where = 0;
	struct net_dns_name name;

	if (layout == NULL || layout->fields == NULL)
		return 0;
	for (const char *field = layout->fields; *field != '\0' && n < 2; field++) {
		if (*field != 'n') {
			where += fixed_length(*field);
			continue;
		}
		at[n] = where;
		if (net_dns_name_read(data, &where, &name) != NET_DNS_OK)
			return n;
		n++;
	}
	return n;
}
