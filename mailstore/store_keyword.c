#include "mailstore/store_keyword.h"

#include <strings.h>

#include "base/arena.h"
#include "mailstore/messages.h"
#include "mailstore/store_mailbox.h"

#define NAME_MAX_LEN 255
#define LAST_BIT (STORE_KEYWORD_FIRST_BIT + STORE_KEYWORDS_MAX - 1)

/* An atom: RFC 9051 9, flag-keyword. */
static bool is_keyword(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > NAME_MAX_LEN)
		return false;
	for (size_t i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] > '~' || strchr("(){%*\"\\]", name[i]) != NULL)
			return false;
	return true;
}

static int find(const struct store_keywords *keywords, const char *name)
{
	for (int bit = STORE_KEYWORD_FIRST_BIT; bit <= LAST_BIT; bit++)
		if (keywords->names[bit] != NULL && strcasecmp(keywords->names[bit], name) == 0)
			return bit;
	return -1;
}

static int find_free(const struct store_keywords *keywords)
{
	for (int bit = STORE_KEYWORD_FIRST_BIT; bit <= LAST_BIT; bit++)
		if (keywords->names[bit] == NULL)
			return bit;
	return -1;
}

static void insert(struct store_context *context, int64_t mailbox_id, int bit, const char *name)
{
	struct database_statement *s = database_statement_begin(context->db, "INSERT INTO keyword(mailbox_id, bit, name) VALUES(?, ?, ?)");

	database_statement_bind_int(s, 1, mailbox_id);
	database_statement_bind_int(s, 2, bit);
	database_statement_bind_text(s, 3, name);
	database_statement_run(s);
}

/* Choose bits for all names before any is written. */
static bool choose(struct store_keywords *keywords, const char *const *names, size_t n, bool make, uint64_t *bits, uint64_t *new_bits, struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		int bit = find(keywords, names[i]);
		if (bit < 0 && !make)
			continue;
		if (bit < 0) {
			if (!is_keyword(names[i]))
				return error_set(err, ERROR_SYNTAX, "\"%s\" cannot be a keyword", names[i]);
			bit = find_free(keywords);
			if (bit < 0)
				return error_set(err, ERROR_LIMIT, "a mailbox has at most %d keywords", STORE_KEYWORDS_MAX);
			keywords->names[bit] = names[i];
			*new_bits |= (uint64_t)1 << bit;
		}
		*bits |= (uint64_t)1 << bit;
	}
	return true;
}

bool store_keyword_bits(struct store_context *context, int64_t mailbox_id, const char *const *names, size_t n, bool make, uint64_t *bits, struct error *err)
{
	struct store_keywords keywords = { 0 };
	struct arena arena = { 0 };
	uint64_t new_bits = 0;

	*bits = 0;
	if (n == 0)
		return true;
	store_mailbox_load_keywords(context, mailbox_id, &arena, &keywords);
	bool ok = choose(&keywords, names, n, make, bits, &new_bits, err);
	for (int bit = STORE_KEYWORD_FIRST_BIT; ok && bit <= LAST_BIT; bit++)
		if (new_bits >> bit & 1)
			insert(context, mailbox_id, bit, keywords.names[bit]);
	arena_reset(&arena);
	return ok;
}
