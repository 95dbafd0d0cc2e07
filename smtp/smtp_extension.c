#include "smtp/smtp_extension.h"

#include "auth/sasl_mechanism.h"

static const struct extension {
	const char *keyword;
	unsigned bit;
} extensions[] = {
	{ "PIPELINING",          SMTP_PIPELINING },
	{ "SIZE",                SMTP_SIZE },
	{ "8BITMIME",            SMTP_8BITMIME },
	{ "SMTPUTF8",            SMTP_SMTPUTF8 },
	{ "ENHANCEDSTATUSCODES", SMTP_ENHANCED },
	{ "CHUNKING",            SMTP_CHUNKING },
	{ "DSN",                 SMTP_DSN },
	{ "STARTTLS",            SMTP_STARTTLS },
	{ "AUTH",                SMTP_AUTH },
	{ "LIMITS",              SMTP_LIMITS },
	{ "XTRANSACTION",        SMTP_XTRANSACTION },
};
#define EXTENSIONS (sizeof extensions / sizeof *extensions)

/* 0 = unknown. */
static unsigned find(struct bytes keyword)
{
	for (size_t i = 0; i < EXTENSIONS; i++) {
		if (bytes_equal_nocase(keyword, bytes_text(extensions[i].keyword)))
			return extensions[i].bit;
	}
	return 0;
}

static void read_mechanism(struct smtp_extensions *e, struct bytes word)
{
	enum sasl_mechanism m;

	if (sasl_mechanism_find(word, &m))
		e->mechanisms |= SASL_BIT(m);
}

/* RFC 9422: "MAILMAX=100". */
static void read_limit(struct smtp_extensions *e, struct bytes word)
{
	struct bytes name;
	uint64_t value;

	if (!bytes_cut(&word, '=', &name) || !bytes_to_u64(word, UINT32_MAX, &value))
		return;
	if (bytes_equal_nocase(name, BYTES("MAILMAX")))
		e->mail_max = (uint32_t)value;
	if (bytes_equal_nocase(name, BYTES("RCPTMAX")))
		e->recipient_max = (uint32_t)value;
}

void smtp_extension_read(struct smtp_extensions *e, struct bytes line)
{
	struct bytes rest = bytes_trim(line), word;
	bool more = bytes_cut(&rest, ' ', &word);

	/* "AUTH=LOGIN PLAIN" of old servers. */
	unsigned bit = bytes_starts_nocase(word, BYTES("AUTH=")) ? SMTP_AUTH : find(word);
	if (bit == SMTP_AUTH && word.len > 5)
		read_mechanism(e, bytes_skip(word, 5));
	e->bits |= bit;
	while (more) {
		more = bytes_cut(&rest, ' ', &word);
		uint64_t size;
		if (bit == SMTP_SIZE && bytes_to_u64(word, UINT64_MAX, &size))
			e->size_max = size;
		else if (bit == SMTP_AUTH)
			read_mechanism(e, word);
		else if (bit == SMTP_LIMITS)
			read_limit(e, word);
	}
}
