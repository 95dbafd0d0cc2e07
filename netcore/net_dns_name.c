#include "netcore/net_dns_name.h"

#include <string.h>

#include "base/text.h"

void net_dns_name_root(struct net_dns_name *name)
{
	*name = (struct net_dns_name){ .len = 1 };
}

/* One octet of text, escapes undone; -1: a broken escape. */
static int read_octet(const char **text)
{
	const char *at = *text;

	if (*at != '\\') {
		*text = at + 1;
		return (unsigned char)*at;
	}
	if (at[1] == '\0')
		return -1;
	if (!text_is_digit((unsigned char)at[1])) {
		*text = at + 2;
		return (unsigned char)at[1];
	}
	if (!text_is_digit((unsigned char)at[2]) || !text_is_digit((unsigned char)at[3]))
		return -1;
	int value = (at[1] - '0') * 100 + (at[2] - '0') * 10 + (at[3] - '0');
	*text = at + 4;
	return value <= 255 ? value : -1;
}

static bool refuse(struct error *err, const char *text, const char *why)
{
	return error_set(err, ERROR_SYNTAX, "\"%.100s\" is not a domain name: %s", text, why);
}

bool net_dns_name_parse(const char *text, struct net_dns_name *name, struct error *err)
{
	struct net_dns_name made;
	size_t length_at = 0, used = 1;
	const char *at = text;

	net_dns_name_root(&made);
	if (strcmp(text, ".") == 0) {
		*name = made;
		return true;
	}
	if (*text == '\0')
		return refuse(err, text, "it is empty");
	while (*at != '\0') {
		if (*at == '.') {
			if (used == length_at + 1)
				return refuse(err, text, "it has an empty label");
			at++;
			if (*at == '\0')
				break;
			length_at = used++;
			if (used >= NET_DNS_NAME_MAX)
				return refuse(err, text, "it is over 255 octets");
			made.at[length_at] = 0;
			continue;
		}
		int octet = read_octet(&at);
		if (octet < 0)
			return refuse(err, text, "an escape is \\ and a character or three digits up to 255");
		if (made.at[length_at] == NET_DNS_LABEL_MAX)
			return refuse(err, text, "a label has over 63 octets");
		if (used >= NET_DNS_NAME_MAX - 1)
			return refuse(err, text, "it is over 255 octets");
		made.at[used++] = (unsigned char)octet;
		made.at[length_at]++;
	}
	made.at[used++] = 0;
	made.len = (unsigned char)used;
	*name = made;
	return true;
}

const char *net_dns_name_format(const struct net_dns_name *name, char text[NET_DNS_NAME_TEXT])
{
	static const char special[] = ".\\\"();@$";
	size_t n = 0;

	for (size_t at = 0; at < name->len && name->at[at] != 0;) {
		for (size_t left = name->at[at++]; left > 0; left--, at++) {
			int octet = name->at[at];
			if (octet <= 0x20 || octet >= 0x7f) {
				text[n++] = '\\';
				text[n++] = (char)('0' + octet / 100);
				text[n++] = (char)('0' + octet / 10 % 10);
				text[n++] = (char)('0' + octet % 10);
				continue;
			}
			if (strchr(special, octet) != NULL)
				text[n++] = '\\';
			text[n++] = (char)octet;
		}
		text[n++] = '.';
	}
	if (n == 0)
		text[n++] = '.';
	text[n] = '\0';
	return text;
}

bool net_dns_name_prepend(struct net_dns_name *name, struct bytes label)
{
	if (label.len == 0 || label.len > NET_DNS_LABEL_MAX || name->len + label.len + 1 > NET_DNS_NAME_MAX)
		return false;
	memmove(name->at + label.len + 1, name->at, name->len);
	name->at[0] = (unsigned char)label.len;
	memcpy(name->at + 1, label.at, label.len);
	name->len = (unsigned char)(name->len + label.len + 1);
	return true;
}

/* Lengths are below any letter, so the whole name can be compared octet by octet. */
static bool is_same(const unsigned char *a, const unsigned char *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text_lower(a[i]) != text_lower(b[i]))
			return false;
	return true;
}

bool net_dns_name_equal(const struct net_dns_name *a, const struct net_dns_name *b)
{
	return a->len == b->len && is_same(a->at, b->at, a->len);
}

bool net_dns_name_is_below(const struct net_dns_name *name, const struct net_dns_name *zone)
{
	size_t at = 0;

	while (name->len - at > zone->len)
		at += name->at[at] + 1u;
	return name->len - at == zone->len && is_same(name->at + at, zone->at, zone->len);
}

size_t net_dns_name_labels(const struct net_dns_name *name)
{
	size_t n = 0;

	for (size_t at = 0; at < name->len && name->at[at] != 0; at += name->at[at] + 1u)
		n++;
	return n;
}

struct bytes net_dns_name_first(const struct net_dns_name *name)
{
	return bytes_of(name->at + 1, name->at[0]);
}

bool net_dns_name_parent(const struct net_dns_name *name, struct net_dns_name *parent)
{
	size_t skip = name->at[0] + 1u;
	struct net_dns_name made = { 0 };

	if (name->len <= 1)
		return false;
	made.len = (unsigned char)(name->len - skip);
	memcpy(made.at, name->at + skip, made.len);
	*parent = made;
	return true;
}

void net_dns_name_lower(struct net_dns_name *name)
{
	text_lower_bytes((char *)name->at, name->len);
}

enum net_dns_status net_dns_name_read(struct bytes message, size_t *at, struct net_dns_name *name)
{
	const unsigned char *octets = (const unsigned char *)message.at;
	size_t from = *at, lowest = from, end = 0;
	struct net_dns_name made = { 0 };

	for (;;) {
		if (from >= message.len)
			return NET_DNS_SHORT;
		size_t length = octets[from];
		if ((length & 0xc0) == 0xc0) {
			if (from + 2 > message.len)
				return NET_DNS_SHORT;
			size_t target = (length & 0x3f) << 8 | octets[from + 1];
			if (end == 0)
				end = from + 2;
			if (target >= lowest)
				return NET_DNS_POINTER;
			from = lowest = target;
			continue;
		}
		if (length > NET_DNS_LABEL_MAX)
			return NET_DNS_LABEL;
		if (from + 1 + length > message.len)
			return NET_DNS_SHORT;
		if (made.len + length + 1 > NET_DNS_NAME_MAX)
			return NET_DNS_LONG;
		memcpy(made.at + made.len, octets + from, length + 1);
		made.len = (unsigned char)(made.len + length + 1);
		from += length + 1;
		if (length == 0)
			break;
	}
	*at = end != 0 ? end : from;
	*name = made;
	return NET_DNS_OK;
}

const char *net_dns_status_text(enum net_dns_status status)
{
	static const char *const texts[] = {
		"well-formed", "it ends in the middle", "a compression pointer does not lead back", "a label of an unknown kind",
		"a name over 255 octets", "data that is not what its type says",
	};

	return texts[status];
}
