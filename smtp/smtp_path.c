#include "smtp/smtp_path.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/text.h"

static bool is_high(char octet)
{
	return (unsigned char)octet >= 0x80;
}

/* atext of RFC 5322 3.2.3, and UTF-8 (RFC 6531 3.3). */
static bool is_atom_octet(char octet)
{
	return text_is_alpha((unsigned char)octet) || text_is_digit((unsigned char)octet) || is_high(octet)
	    || (octet != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", octet) != NULL);
}

static bool is_label_octet(char octet)
{
	return text_is_alpha((unsigned char)octet) || text_is_digit((unsigned char)octet) || octet == '-' || octet == '_' || is_high(octet);
}

/* Length of the words joined by single dots at the front; 0 when there is none or a dot has no word on one side. */
static size_t dotted_length(struct bytes text, bool (*is_word_octet)(char))
{
	size_t i = 0;

	for (;;) {
		size_t start = i;

		while (i < text.len && is_word_octet(text.at[i]))
			i++;
		if (i == start)
			return 0;
		if (i == text.len || text.at[i] != '.')
			return i;
		i++;
	}
}

/* Length of the quoted string at the front, quotes included; 0 when it is none. */
static size_t quoted_length(struct bytes text)
{
	for (size_t i = 1; i < text.len; i++) {
		char octet = text.at[i];

		if (octet == '"')
			return i + 1;
		if (octet == '\\' && ++i == text.len)
			return 0;
		octet = text.at[i];
		if (!is_high(octet) && (octet < ' ' || octet > '~'))
			return 0;
	}
	return 0;
}

static size_t local_length(struct bytes text)
{
	if (text.len > 0 && text.at[0] == '"')
		return quoted_length(text);
	return dotted_length(text, is_atom_octet);
}

/* "[192.0.2.1]" or "[IPv6:2001:db8::1]" at the front. */
static size_t literal_length(struct bytes text)
{
	char ip[INET6_ADDRSTRLEN];
	unsigned char octets[16];
	size_t close = bytes_find(text, ']');
	struct bytes inside = bytes_slice(text, 1, close);
	int family = AF_INET;

	if (close == text.len)
		return 0;
	if (bytes_starts_nocase(inside, BYTES("IPv6:"))) {
		inside = bytes_skip(inside, 5);
		family = AF_INET6;
	}
	if (!bytes_copy_text(inside, ip, sizeof ip) || inet_pton(family, ip, octets) != 1)
		return 0;
	return close + 1;
}

static bool labels_are_sound(struct bytes name)
{
	struct bytes rest = name, label;
	bool more;

	do {
		more = bytes_cut(&rest, '.', &label);
		if (label.len == 0 || label.len > 63 || label.at[0] == '-' || label.at[label.len - 1] == '-')
			return false;
	} while (more);
	return true;
}

static size_t domain_length(struct bytes text)
{
	if (text.len > 0 && text.at[0] == '[')
		return literal_length(text);
	size_t len = dotted_length(text, is_label_octet);
	return labels_are_sound(bytes_slice(text, 0, len)) ? len : 0;
}

/* "@one,@two:" at the front; 0 when it is none. */
static size_t route_length(struct bytes text)
{
	size_t at = 0;

	for (;;) {
		if (at == text.len || text.at[at++] != '@')
			return 0;
		size_t len = domain_length(bytes_skip(text, at));
		at += len;
		if (len == 0 || at == text.len)
			return 0;
		char octet = text.at[at++];
		if (octet == ':')
			return at;
		if (octet != ',')
			return 0;
	}
}

/* local@domain, or postmaster alone, at the front. */
static size_t mailbox_length(struct bytes text, struct smtp_path *found)
{
	size_t n = local_length(text);

	found->local = bytes_slice(text, 0, n);
	if (n == 0)
		return 0;
	if (n == text.len || text.at[n] != '@')
		return bytes_equal_nocase(found->local, BYTES("postmaster")) ? n : 0;
	size_t len = domain_length(bytes_skip(text, n + 1));
	found->domain = bytes_slice(text, n + 1, n + 1 + len);
	found->is_literal = len > 0 && found->domain.at[0] == '[';
	return len == 0 ? 0 : n + 1 + len;
}

enum smtp_path_status smtp_path_parse(struct bytes text, struct smtp_path *path, size_t *used)
{
	struct smtp_path found = { 0 };
	size_t at = 1;

	if (text.len < 2 || text.at[0] != '<')
		return SMTP_PATH_SYNTAX;
	if (text.at[1] == '@') {
		size_t route = route_length(bytes_skip(text, 1));
		if (route == 0)
			return SMTP_PATH_SYNTAX;
		at += route;
	}
	if (at > 1 || text.at[1] != '>') {
		size_t len = mailbox_length(bytes_skip(text, at), &found);
		if (len == 0)
			return SMTP_PATH_SYNTAX;
		at += len;
	}
	if (at == text.len || text.at[at++] != '>')
		return SMTP_PATH_SYNTAX;
	if (at > SMTP_PATH_MAX || found.local.len > SMTP_LOCAL_MAX || found.domain.len > SMTP_DOMAIN_MAX)
		return SMTP_PATH_TOO_LONG;
	if (!text_is_utf8(found.local) || !text_is_utf8(found.domain))
		return SMTP_PATH_SYNTAX;
	found.has_utf8 = !text_is_ascii(found.local) || !text_is_ascii(found.domain);
	*path = found;
	*used = at;
	return SMTP_PATH_OK;
}

/* The local part as it is meant, quoted again only where it must be. */
static void format_local(struct bytes local, struct buffer *out)
{
	struct buffer plain = { 0 };

	if (local.len == 0 || local.at[0] != '"') {
		buffer_add_bytes(out, local);
		return;
	}
	for (size_t i = 1; i + 1 < local.len; i++) {
		if (local.at[i] == '\\')
			i++;
		buffer_add_octet(&plain, local.at[i]);
	}
	if (plain.len > 0 && dotted_length(buffer_bytes(&plain), is_atom_octet) == plain.len) {
		buffer_add_bytes(out, buffer_bytes(&plain));
	} else {
		buffer_add_octet(out, '"');
		for (size_t i = 0; i < plain.len; i++) {
			if (plain.at[i] == '"' || plain.at[i] == '\\')
				buffer_add_octet(out, '\\');
			buffer_add_octet(out, plain.at[i]);
		}
		buffer_add_octet(out, '"');
	}
	buffer_release(&plain);
}

void smtp_path_format(const struct smtp_path *path, struct buffer *out)
{
	format_local(path->local, out);
	if (path->domain.len == 0)
		return;
	buffer_add_octet(out, '@');
	size_t start = out->len;
	buffer_add_bytes(out, path->domain);
	text_lower_bytes(out->at + start, path->domain.len);
}

bool smtp_path_write(struct bytes address, struct buffer *out)
{
	struct smtp_path path;
	size_t start = out->len, used;

	buffer_add_octet(out, '<');
	buffer_add_bytes(out, address);
	buffer_add_octet(out, '>');
	struct bytes written = bytes_skip(buffer_bytes(out), start);
	if (smtp_path_parse(written, &path, &used) == SMTP_PATH_OK && used == written.len)
		return true;
	buffer_truncate(out, start);
	return false;
}

bool smtp_domain_is_valid(struct bytes domain)
{
	return domain.len > 0 && domain.len <= SMTP_DOMAIN_MAX && domain_length(domain) == domain.len && text_is_utf8(domain);
}
