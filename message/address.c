#include "message/address.h"

#include "base/text.h"
#include "message/encoded_word.h"

#define ROUTE_MAX 1000          /* octets searched for the end of a source route */

/* Skips one comment, nested ones included; its text replaces *text.  An open end is closed by the end of the field. */
static struct bytes skip_comment(struct bytes rest, struct buffer *text)
{
	size_t depth = 0, i = 0;

	buffer_clear(text);
	for (; i < rest.len; i++) {
		char octet = rest.at[i];
		if (octet == '\\' && i + 1 < rest.len) {
			octet = rest.at[++i];
		} else if (octet == '(' && depth++ == 0) {
			continue;
		} else if (octet == ')' && --depth == 0) {
			i++;
			break;
		}
		if (octet != '\r' && octet != '\n' && octet != '\0')
			buffer_add_octet(text, octet);
	}
	return bytes_skip(rest, i);
}

/* White space and comments; true when there was any. */
static bool skip_blank(struct address_parser *p)
{
	size_t before = p->rest.len;

	while (p->rest.len > 0) {
		char octet = p->rest.at[0];
		if (octet == '(')
			p->rest = skip_comment(p->rest, &p->comment);
		else if (text_is_space(octet) || octet == '\0')
			p->rest = bytes_skip(p->rest, 1);
		else
			break;
	}
	return p->rest.len != before;
}

static char front(const struct address_parser *p)
{
	return p->rest.len > 0 ? p->rest.at[0] : '\0';
}

static bool is_atom(char octet)
{
	return octet != '\0' && !text_is_space((unsigned char)octet) && memchr("()<>,;:@\"", octet, 9) == NULL;
}

/* A quoted string at the front, its content appended.  False: it is never closed (then no later one is looked for either). */
static bool take_quoted(struct address_parser *p, struct buffer *out)
{
	size_t before = out->len, i = 1;

	if (p->quote_is_open)
		return false;
	for (; i < p->rest.len && p->rest.at[i] != '"'; i++) {
		if (p->rest.at[i] == '\\' && i + 1 < p->rest.len)
			i++;
		if (p->rest.at[i] != '\r' && p->rest.at[i] != '\n' && p->rest.at[i] != '\0')
			buffer_add_octet(out, p->rest.at[i]);
	}
	if (i == p->rest.len) {
		p->quote_is_open = true;
		if (out->at)
			buffer_truncate(out, before);
		return false;
	}
	p->rest = bytes_skip(p->rest, i + 1);
	return true;
}

/* A word (atom with dots, or quoted string) at the front, appended to out.  False: there is none. */
static bool take_word(struct address_parser *p, struct buffer *out)
{
	size_t n = 0;

	if (front(p) == '"') {
		if (take_quoted(p, out))
			return true;
		n = 1;
	}
	while (n < p->rest.len && is_atom(p->rest.at[n]))
		n++;
	if (n == 0)
		return false;
	buffer_add(out, p->rest.at, n);
	p->rest = bytes_skip(p->rest, n);
	return true;
}

/* Behind "@": atoms and dots with white space around the dots, or a literal in brackets. */
static void take_domain(struct address_parser *p)
{
	for (;;) {
		bool spaced = skip_blank(p);
		char octet = front(p);
		if (octet == '[' && p->domain.len == 0) {
			size_t close = bytes_find(p->rest, ']');
			for (size_t i = 0; i < close; i++) {
				if (!text_is_space(p->rest.at[i]) && p->rest.at[i] != '\0')
					buffer_add_octet(&p->domain, p->rest.at[i]);
			}
			if (close < p->rest.len)
				buffer_add_octet(&p->domain, ']');
			p->rest = bytes_skip(p->rest, close + 1);
			return;
		}
		bool joins = octet == '.' || (p->domain.len > 0 && p->domain.at[p->domain.len - 1] == '.');
		if (octet == '"' || !is_atom(octet) || (spaced && p->domain.len > 0 && !joins))
			return;
		take_word(p, &p->domain);
	}
}

/* "<" local "@" domain ">": fills local and domain. */
static void take_angle(struct address_parser *p)
{
	buffer_clear(&p->local);
	buffer_clear(&p->domain);
	p->rest = bytes_skip(p->rest, 1);
	skip_blank(p);
	if (front(p) == '@') {          /* source route: RFC 5322 4.4 */
		struct bytes route = bytes_slice(p->rest, 0, ROUTE_MAX);
		size_t colon = bytes_find(route, ':'), close = bytes_find(route, '>');
		if (colon < close)
			p->rest = bytes_skip(p->rest, colon + 1);
	}
	do
		skip_blank(p);
	while (take_word(p, &p->local));
	if (front(p) == '@') {
		p->rest = bytes_skip(p->rest, 1);
		take_domain(p);
	}
	while (p->rest.len > 0 && front(p) != '>' && front(p) != ',')
		p->rest = bytes_skip(p->rest, 1);
	if (front(p) == '>')
		p->rest = bytes_skip(p->rest, 1);
}

/* What stands before "@", "<", ":" or the end of the element. */
struct phrase {
	size_t n_words;
	size_t last_in_name, last_in_local;     /* where the last word begins: that is the local part when "@" follows */
};

static struct phrase take_phrase(struct address_parser *p)
{
	struct phrase phrase = { 0 };

	for (;;) {
		bool spaced = skip_blank(p);
		size_t name_at = p->name.len, local_at = p->local.len;
		bool after_dot = local_at > 0 && p->local.at[local_at - 1] == '.';
		bool is_dot = front(p) == '.';
		if (!take_word(p, &p->local)) {
			if (p->rest.len == 0 || memchr(",;:<@", front(p), 5) != NULL)
				return phrase;
			p->rest = bytes_skip(p->rest, 1);       /* a stray ">" or ")" */
			continue;
		}
		if (spaced && name_at > 0)
			buffer_add_octet(&p->name, ' ');
		buffer_add_bytes(&p->name, bytes_skip(buffer_bytes(&p->local), local_at));
		if (phrase.n_words == 0 || (spaced && !after_dot && !is_dot)) {
			phrase.n_words++;
			phrase.last_in_name = name_at;
			phrase.last_in_local = local_at;
		}
	}
}

/* Is the front a word with "@" right behind: another address, its comma forgotten? */
static bool begins_address(const struct address_parser *p, size_t *word)
{
	size_t n = 0;

	while (n < p->rest.len && is_atom(p->rest.at[n]))
		n++;
	*word = n > 0 ? n : 1;
	return n > 0 && n < p->rest.len && p->rest.at[n] == '@' && p->domain.len > 0;
}

/* To the "," or ";" that ends the element; an address in angle brackets on the way wins over what was read. */
static void finish_element(struct address_parser *p)
{
	for (;;) {
		skip_blank(p);
		char octet = front(p);
		if (p->rest.len == 0 || octet == ',' || octet == ';')
			return;
		if (octet == '<') {
			if (p->domain.len > 0) {        /* "ann@x.test <ann@x.test>" */
				if (p->name.len > 0)
					buffer_add_octet(&p->name, ' ');
				buffer_add(&p->name, p->local.at, p->local.len);
				buffer_add_octet(&p->name, '@');
				buffer_add(&p->name, p->domain.at, p->domain.len);
			}
			take_angle(p);
			continue;
		}
		size_t word;
		if (begins_address(p, &word))
			return;
		p->rest = bytes_skip(p->rest, word);
	}
}

static void take_mailbox(struct address_parser *p, const struct phrase *phrase)
{
	if (front(p) == '@') {
		buffer_drop(&p->local, phrase->last_in_local);
		if (p->name.at)
			buffer_truncate(&p->name, phrase->last_in_name);
		p->rest = bytes_skip(p->rest, 1);
		take_domain(p);
	} else if (front(p) == '<') {
		take_angle(p);
	} else if (phrase->n_words == 1) {
		buffer_clear(&p->name);
	} else {
		buffer_clear(&p->local);
	}
	finish_element(p);
}

void address_parser_start(struct address_parser *p, struct bytes value)
{
	p->rest = value;
	p->in_group = p->quote_is_open = false;
}

bool address_next(struct address_parser *p, struct address *found)
{
	*found = (struct address){ 0 };
	for (;;) {
		buffer_clear(&p->name);
		buffer_clear(&p->local);
		buffer_clear(&p->domain);
		buffer_clear(&p->comment);
		skip_blank(p);
		char octet = front(p);
		if (p->rest.len == 0 || octet == ';') {
			p->rest = bytes_skip(p->rest, 1);
			if (p->in_group) {
				p->in_group = false;
				found->kind = ADDRESS_GROUP_END;
				return true;
			}
			if (p->rest.len == 0)
				return false;
			continue;
		}
		if (octet == ',') {
			p->rest = bytes_skip(p->rest, 1);
			continue;
		}
		struct phrase phrase = take_phrase(p);
		if (front(p) == ':') {
			p->rest = bytes_skip(p->rest, 1);
			if (p->in_group || p->name.len == 0)
				continue;
			p->in_group = true;
			found->kind = ADDRESS_GROUP_START;
			found->local = bytes_trim(buffer_bytes(&p->name));
			return true;
		}
		take_mailbox(p, &phrase);
		if (p->name.len == 0 && p->local.len == 0 && p->domain.len == 0)
			continue;
		found->name = bytes_trim(buffer_bytes(p->name.len > 0 ? &p->name : &p->comment));
		found->local = buffer_bytes(&p->local);
		found->domain = buffer_bytes(&p->domain);
		return true;
	}
}

void address_parser_release(struct address_parser *p)
{
	buffer_release(&p->name);
	buffer_release(&p->comment);
	buffer_release(&p->local);
	buffer_release(&p->domain);
}

size_t address_list_parse(struct bytes value, struct arena *arena, size_t max, struct address **list)
{
	struct address_parser p = { .rest = value };
	struct address found;
	size_t n = 0, capacity = 0;

	*list = NULL;
	while (n < max && address_next(&p, &found)) {
		if (n == capacity) {
			struct address *grown = arena_alloc(arena, (capacity = capacity * 2 + 4) * sizeof *grown);
			if (n > 0)
				memcpy(grown, *list, n * sizeof *grown);
			*list = grown;
		}
		found.name = arena_bytes(arena, found.name);
		found.local = arena_bytes(arena, found.local);
		found.domain = arena_bytes(arena, found.domain);
		(*list)[n++] = found;
	}
	address_parser_release(&p);
	return n;
}

/* Atoms with single dots between, as a local part may be without quotes; spaces too for a display name. */
static bool needs_quotes(struct bytes text, bool spaces_are_fine)
{
	if (text.len == 0)
		return true;
	for (size_t i = 0; i < text.len; i++) {
		char octet = text.at[i];
		if (octet == ' ' && spaces_are_fine && i > 0 && i + 1 < text.len && text.at[i - 1] != ' ')
			continue;
		if (octet == '.' && !spaces_are_fine && i > 0 && i + 1 < text.len && text.at[i - 1] != '.')
			continue;
		if (!text_is_alpha((unsigned char)octet) && !text_is_digit((unsigned char)octet) && (octet == '\0' || strchr("!#$%&'*+-/=?^_`{|}~", octet) == NULL)
		    && (unsigned char)octet < 0x80)
			return true;
	}
	return false;
}

static void add_quoted(struct bytes text, struct buffer *out)
{
	buffer_add_octet(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '"' || text.at[i] == '\\')
			buffer_add_octet(out, '\\');
		if (text.at[i] != '\r' && text.at[i] != '\n' && text.at[i] != '\0')
			buffer_add_octet(out, text.at[i]);
	}
	buffer_add_octet(out, '"');
}

void address_format_spec(const struct address *address, struct buffer *out)
{
	if (needs_quotes(address->local, false))
		add_quoted(address->local, out);
	else
		buffer_add_bytes(out, address->local);
	buffer_add_octet(out, '@');
	buffer_add_bytes(out, address->domain);
}

void address_format(const struct address *address, struct buffer *out)
{
	if (address->name.len == 0) {
		address_format_spec(address, out);
		return;
	}
	if (!text_is_ascii(address->name) || encoded_word_is_needed(address->name))
		encoded_word_encode(address->name, out);
	else if (needs_quotes(address->name, true))
		add_quoted(address->name, out);
	else
		buffer_add_bytes(out, address->name);
	buffer_add_text(out, " <");
	address_format_spec(address, out);
	buffer_add_octet(out, '>');
}

bool address_is_usable(const struct address *address)
{
	if (address->kind != ADDRESS_MAILBOX || address->local.len == 0 || address->domain.len == 0)
		return false;
	for (size_t i = 0; i < address->local.len; i++) {
		if ((unsigned char)address->local.at[i] < 0x20 || address->local.at[i] == 0x7f)
			return false;
	}
	for (size_t i = 0; i < address->domain.len; i++) {
		if ((unsigned char)address->domain.at[i] <= 0x20 || memchr("\x7f()<>,;@\\\"", address->domain.at[i], 10) != NULL)
			return false;
	}
	return true;
}
