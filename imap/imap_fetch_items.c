#include "imap/imap_fetch_items.h"

#include <string.h>

#include "base/buffer.h"
#include "base/text.h"
#include "imap/imap_argument.h"
#include "imap/imap_write.h"

static const struct {
	const char *name;
	enum imap_fetch_kind kind;
	bool is_macro_all, is_macro_fast;       /* FULL is all of ALL and BODY */
} names[] = {
	{ "FLAGS",         IMAP_FETCH_FLAGS,         true,  true },
	{ "INTERNALDATE",  IMAP_FETCH_INTERNALDATE,  true,  true },
	{ "RFC822.SIZE",   IMAP_FETCH_SIZE,          true,  true },
	{ "ENVELOPE",      IMAP_FETCH_ENVELOPE,      true,  false },
	{ "BODY",          IMAP_FETCH_BODY,          false, false },
	{ "UID",           IMAP_FETCH_UID,           false, false },
	{ "BODYSTRUCTURE", IMAP_FETCH_BODYSTRUCTURE, false, false },
	{ "EMAILID",       IMAP_FETCH_EMAIL_ID,      false, false },
	{ "THREADID",      IMAP_FETCH_THREAD_ID,     false, false },
};
#define N_NAMES (sizeof names / sizeof *names)

static const struct {
	const char *name;
	enum imap_section_text text;
	bool is_peek;
} rfc822_names[] = {
	{ "RFC822",        IMAP_SECTION_ALL,    false },
	{ "RFC822.HEADER", IMAP_SECTION_HEADER, true },
	{ "RFC822.TEXT",   IMAP_SECTION_TEXT,   false },
};

static bool is_name_octet(char octet)
{
	return text_is_alpha((unsigned char)octet) || text_is_digit((unsigned char)octet) || octet == '.';
}

static bool take_name(struct bytes *rest, struct bytes *name)
{
	size_t n = 0;

	while (n < rest->len && is_name_octet(rest->at[n]))
		n++;
	*name = bytes_of(rest->at, n);
	*rest = bytes_skip(*rest, n);
	return n > 0;
}

/* "1.2." in front of a word, or "1.2" alone. */
static bool take_path(struct bytes *rest, struct arena *arena, struct imap_section *section)
{
	uint32_t *path = NULL, number;

	while (rest->len > 0 && text_is_digit((unsigned char)rest->at[0])) {
		if (section->n_path == IMAP_SECTION_DEPTH_MAX || !imap_argument_number(rest, &number) || number == 0)
			return false;
		if (!path)
			section->path = path = arena_alloc(arena, IMAP_SECTION_DEPTH_MAX * sizeof *path);
		path[section->n_path++] = number;
		if (!imap_argument_octet(rest, '.'))
			return rest->len > 0 && rest->at[0] == ']';
		if (rest->len > 0 && rest->at[0] == ']')
			return false;
	}
	return true;
}

static bool take_fields(struct bytes *rest, struct arena *arena, struct imap_section *section)
{
	struct bytes *fields = NULL;
	size_t capacity = 0;

	if (!imap_argument_space(rest) || !imap_argument_octet(rest, '('))
		return false;
	do {
		struct bytes name;
		if (!imap_argument_astring(rest, arena, &name) || !text_is_printable(name))
			return false;
		if (section->n_fields == capacity) {
			struct bytes *more = arena_alloc(arena, (capacity = capacity ? 2 * capacity : 16) * sizeof *more);
			if (fields)
				memcpy(more, fields, section->n_fields * sizeof *more);
			section->fields = fields = more;
		}
		fields[section->n_fields++] = name;
	} while (imap_argument_space(rest));
	return imap_argument_octet(rest, ')');
}

static bool take_section_text(struct bytes *rest, struct arena *arena, struct imap_section *section)
{
	struct bytes word;

	if (rest->len > 0 && rest->at[0] == ']') {
		section->text = IMAP_SECTION_ALL;
		return true;
	}
	if (!take_name(rest, &word))
		return false;
	if (bytes_equal_nocase(word, BYTES("HEADER"))) {
		section->text = IMAP_SECTION_HEADER;
	} else if (bytes_equal_nocase(word, BYTES("TEXT"))) {
		section->text = IMAP_SECTION_TEXT;
	} else if (bytes_equal_nocase(word, BYTES("MIME"))) {
		section->text = IMAP_SECTION_MIME;
		return section->n_path > 0;
	} else if (bytes_equal_nocase(word, BYTES("HEADER.FIELDS"))) {
		section->text = IMAP_SECTION_FIELDS;
		return take_fields(rest, arena, section);
	} else if (bytes_equal_nocase(word, BYTES("HEADER.FIELDS.NOT"))) {
		section->text = IMAP_SECTION_FIELDS_NOT;
		return take_fields(rest, arena, section);
	} else {
		return false;
	}
	return true;
}

static bool take_partial(struct bytes *rest, struct imap_section *section)
{
	if (!imap_argument_octet(rest, '<'))
		return true;
	section->is_partial = true;
	return imap_argument_number64(rest, &section->offset) && imap_argument_octet(rest, '.') &&
	       imap_argument_number64(rest, &section->count) && section->count > 0 && imap_argument_octet(rest, '>');
}

/* The item's name in the response: the section as asked, in capitals, with the start of a partial.  RFC 9051 7.5.2. */
static struct bytes section_label(const struct imap_section *section, struct arena *arena)
{
	static const char *const texts[] = { "", "HEADER", "HEADER.FIELDS", "HEADER.FIELDS.NOT", "TEXT", "MIME" };
	struct buffer label = { 0 };

	buffer_add_text(&label, "BODY[");
	for (size_t i = 0; i < section->n_path; i++) {
		buffer_add_u64(&label, section->path[i]);
		if (i + 1 < section->n_path || section->text != IMAP_SECTION_ALL)
			buffer_add_octet(&label, '.');
	}
	buffer_add_text(&label, texts[section->text]);
	for (size_t i = 0; i < section->n_fields; i++) {
		buffer_add_text(&label, i == 0 ? " (" : " ");
		imap_write_astring(&label, section->fields[i]);
	}
	buffer_add_text(&label, section->n_fields > 0 ? ")]" : "]");
	if (section->is_partial) {
		buffer_add_octet(&label, '<');
		buffer_add_u64(&label, section->offset);
		buffer_add_octet(&label, '>');
	}
	struct bytes kept = arena_bytes(arena, buffer_bytes(&label));
	buffer_release(&label);
	return kept;
}

static bool take_section(struct bytes *rest, struct arena *arena, bool is_peek, struct imap_fetch_item *item)
{
	item->kind = IMAP_FETCH_SECTION;
	item->section.is_peek = is_peek;
	if (!imap_argument_octet(rest, '[') || !take_path(rest, arena, &item->section) ||
	    !take_section_text(rest, arena, &item->section) || !imap_argument_octet(rest, ']') ||
	    !take_partial(rest, &item->section))
		return false;
	item->label = section_label(&item->section, arena);
	return true;
}

static bool take_item(struct bytes *rest, struct arena *arena, struct imap_fetch_item *item)
{
	struct bytes name;

	*item = (struct imap_fetch_item){ 0 };
	if (!take_name(rest, &name))
		return false;
	bool has_section = rest->len > 0 && rest->at[0] == '[';
	if (bytes_equal_nocase(name, BYTES("BODY.PEEK")))
		return take_section(rest, arena, true, item);
	if (has_section)
		return bytes_equal_nocase(name, BYTES("BODY")) && take_section(rest, arena, false, item);
	for (size_t i = 0; i < N_NAMES; i++)
		if (bytes_equal_nocase(name, bytes_text(names[i].name))) {
			item->kind = names[i].kind;
			item->label = bytes_text(names[i].name);
			return true;
		}
	for (size_t i = 0; i < sizeof rfc822_names / sizeof *rfc822_names; i++)
		if (bytes_equal_nocase(name, bytes_text(rfc822_names[i].name))) {
			item->kind = IMAP_FETCH_SECTION;
			item->section.text = rfc822_names[i].text;
			item->section.is_peek = rfc822_names[i].is_peek;
			item->label = bytes_text(rfc822_names[i].name);
			return true;
		}
	return false;
}

static bool take_macro(struct bytes *rest, struct arena *arena, struct imap_fetch_items *items)
{
	bool is_full = imap_argument_word(rest, "FULL");
	bool is_all = is_full || imap_argument_word(rest, "ALL");

	if (!is_all && !imap_argument_word(rest, "FAST"))
		return false;
	items->at = arena_alloc(arena, N_NAMES * sizeof *items->at);
	for (size_t i = 0; i < N_NAMES; i++) {
		bool is_in = is_all ? names[i].is_macro_all : names[i].is_macro_fast;
		if (!is_in && !(is_full && names[i].kind == IMAP_FETCH_BODY))
			continue;
		items->at[items->n].kind = names[i].kind;
		items->at[items->n++].label = bytes_text(names[i].name);
	}
	return true;
}

bool imap_fetch_items_parse(struct bytes *rest, struct arena *arena, struct imap_fetch_items *items)
{
	struct bytes at = *rest;
	struct imap_fetch_item found[IMAP_FETCH_ITEMS_MAX];
	size_t n = 0;

	*items = (struct imap_fetch_items){ 0 };
	if (take_macro(rest, arena, items))
		return true;
	bool in_list = imap_argument_octet(&at, '(');
	do {
		if (n == IMAP_FETCH_ITEMS_MAX || !take_item(&at, arena, &found[n]))
			return false;
		n++;
	} while (in_list && imap_argument_space(&at));
	if (in_list && !imap_argument_octet(&at, ')'))
		return false;
	items->at = arena_alloc(arena, n * sizeof *items->at);
	memcpy(items->at, found, n * sizeof *items->at);
	items->n = n;
	*rest = at;
	return true;
}

bool imap_fetch_items_have(const struct imap_fetch_items *items, enum imap_fetch_kind kind)
{
	for (size_t i = 0; i < items->n; i++)
		if (items->at[i].kind == kind)
			return true;
	return false;
}
