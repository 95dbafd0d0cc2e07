#include "imap/imap_flag.h"

#include "imap/imap_argument.h"

static const char *const system_names[] = { "\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft" };
#define N_SYSTEM (sizeof system_names / sizeof *system_names)

const char *imap_flag_name(unsigned bit)
{
	return bit < N_SYSTEM ? system_names[bit] : NULL;
}

uint64_t imap_flag_system(struct bytes name)
{
	for (unsigned bit = 0; bit < N_SYSTEM; bit++)
		if (bytes_equal_nocase(name, bytes_text(system_names[bit])))
			return UINT64_C(1) << bit;
	return 0;
}

static bool add_flag(struct bytes name, bool is_system, struct arena *arena, struct imap_flags *flags)
{
	if (is_system) {
		uint64_t bit = imap_flag_system(name);
		flags->bits |= bit;
		if (bit == 0 && bytes_equal_nocase(name, BYTES("\\Recent")))
			return flags->recent = true;
		return bit != 0;
	}
	if (name.len > IMAP_KEYWORD_LEN_MAX)
		return false;
	for (size_t i = 0; i < flags->n_keywords; i++)
		if (bytes_equal_nocase(name, bytes_text(flags->keywords[i])))
			return true;
	if (flags->n_keywords == IMAP_KEYWORDS_MAX)
		return false;
	if (!flags->keywords)
		flags->keywords = arena_alloc(arena, IMAP_KEYWORDS_MAX * sizeof *flags->keywords);
	flags->keywords[flags->n_keywords++] = arena_bytes(arena, name).at;
	return true;
}

static bool take_flag(struct bytes *rest, struct arena *arena, struct imap_flags *flags)
{
	struct bytes start = *rest, name;
	bool is_system = imap_argument_octet(rest, '\\');

	if (!imap_argument_atom(rest, &name))
		return false;
	if (is_system)
		name = bytes_of(start.at, name.len + 1);
	return add_flag(name, is_system, arena, flags);
}

bool imap_flags_parse(struct bytes *rest, struct arena *arena, struct imap_flags *flags)
{
	struct bytes at = *rest;
	struct imap_flags found = { 0 };
	bool in_list = imap_argument_octet(&at, '(');

	if (!in_list || !imap_argument_octet(&at, ')')) {
		do {
			if (!take_flag(&at, arena, &found))
				return false;
		} while (imap_argument_space(&at));
		if (in_list ? !imap_argument_octet(&at, ')') : at.len > 0)
			return false;
	}
	*flags = found;
	*rest = at;
	return true;
}

void imap_flags_format(struct buffer *out, uint64_t bits, const char *const names[IMAP_FLAG_BITS], bool is_recent)
{
	const char *space = "";

	buffer_add_octet(out, '(');
	if (is_recent) {
		buffer_add_text(out, "\\Recent");
		space = " ";
	}
	for (unsigned bit = 0; bit < IMAP_FLAG_BITS; bit++) {
		const char *name = bit < N_SYSTEM ? system_names[bit] : names ? names[bit] : NULL;
		if (!(bits >> bit & 1) || !name)
			continue;
		buffer_add_text(out, space);
		buffer_add_text(out, name);
		space = " ";
	}
	buffer_add_octet(out, ')');
}
