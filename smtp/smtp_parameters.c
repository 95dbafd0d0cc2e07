#include "smtp/smtp_parameters.h"

#include "base/buffer.h"
#include "base/codec.h"
#include "base/text.h"

struct found {
	struct arena *arena;
	struct smtp_mail_parameters *mail;      /* one of the two */
	struct smtp_rcpt_parameters *rcpt;
};

typedef bool read_fn(struct found *, struct bytes value);

static bool read_size(struct found *f, struct bytes value)
{
	f->mail->has_size = true;
	/* 20 digits (RFC 1870 4) hold more than 64 bits: such a size is too large for anybody. */
	if (value.len > 0 && value.len <= 20 && !bytes_to_u64(value, UINT64_MAX, &f->mail->size)) {
		for (size_t i = 0; i < value.len; i++) {
			if (!text_is_digit((unsigned char)value.at[i]))
				return false;
		}
		f->mail->size = UINT64_MAX;
		return true;
	}
	return value.len > 0 && value.len <= 20;
}

static bool read_body(struct found *f, struct bytes value)
{
	if (bytes_equal_nocase(value, BYTES("8BITMIME")))
		f->mail->body = SMTP_BODY_8BITMIME;
	return f->mail->body == SMTP_BODY_8BITMIME || bytes_equal_nocase(value, BYTES("7BIT"));
}

static bool read_utf8(struct found *f, struct bytes value)
{
	f->mail->utf8 = true;
	return value.at == NULL;
}

static bool read_returns(struct found *f, struct bytes value)
{
	if (bytes_equal_nocase(value, BYTES("FULL")))
		f->mail->returns = ENVELOPE_RETURN_FULL;
	else if (bytes_equal_nocase(value, BYTES("HDRS")))
		f->mail->returns = ENVELOPE_RETURN_HEADERS;
	return f->mail->returns != ENVELOPE_RETURN_DEFAULT;
}

/* Decoded and harmless, or NULL. */
static const char *read_xtext(struct found *f, struct bytes value, size_t max)
{
	struct buffer decoded = { 0 };
	const char *text = NULL;

	if (value.len > 0 && value.len <= 3 * max && codec_xtext_decode(value, &decoded)
	    && decoded.len <= max && text_is_printable(buffer_bytes(&decoded)))
		text = arena_bytes(f->arena, buffer_bytes(&decoded)).at;
	buffer_release(&decoded);
	return text;
}

static bool read_envelope_id(struct found *f, struct bytes value)
{
	f->mail->envelope_id = read_xtext(f, value, SMTP_ENVELOPE_ID_MAX);
	return f->mail->envelope_id != NULL;
}

static bool read_transaction(struct found *f, struct bytes value)
{
	f->mail->transaction = read_xtext(f, value, SMTP_TRANSACTION_MAX);
	return f->mail->transaction != NULL;
}

static bool read_auth(struct found *f, struct bytes value)
{
	if (bytes_equal(value, BYTES("<>")))
		f->mail->auth = "";
	else
		f->mail->auth = read_xtext(f, value, SMTP_ORIGINAL_MAX);
	return f->mail->auth != NULL;
}

static bool read_notify(struct found *f, struct bytes value)
{
	static const struct { const char *word; unsigned bit; } words[] = {
		{ "NEVER", ENVELOPE_NOTIFY_NEVER }, { "SUCCESS", ENVELOPE_NOTIFY_SUCCESS },
		{ "FAILURE", ENVELOPE_NOTIFY_FAILURE }, { "DELAY", ENVELOPE_NOTIFY_DELAY },
	};
	struct bytes rest = value, word;
	bool more;

	do {
		unsigned bit = 0;
		more = bytes_cut(&rest, ',', &word);
		for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
			if (bytes_equal_nocase(word, bytes_text(words[i].word)))
				bit = words[i].bit;
		}
		if (bit == 0 || (f->rcpt->notify & bit))
			return false;
		f->rcpt->notify |= bit;
	} while (more);
	return !(f->rcpt->notify & ENVELOPE_NOTIFY_NEVER) || f->rcpt->notify == ENVELOPE_NOTIFY_NEVER;
}

/* addr-type ";" xtext */
static bool read_original(struct found *f, struct bytes value)
{
	struct bytes address = value, type;

	if (!bytes_cut(&address, ';', &type) || type.len == 0 || type.len > 40)
		return false;
	for (size_t i = 0; i < type.len; i++) {
		if (!text_is_alpha((unsigned char)type.at[i]) && !text_is_digit((unsigned char)type.at[i]) && type.at[i] != '-')
			return false;
	}
	const char *text = read_xtext(f, address, SMTP_ORIGINAL_MAX);
	if (text)
		f->rcpt->original = arena_printf(f->arena, "%.*s;%s", BYTES_PRINT(type), text);
	return text != NULL;
}

static const struct parameter {
	const char *keyword;
	unsigned extension;
	bool needs_value;
	read_fn *read;
} mail_parameters[] = {
	{ "SIZE",     SMTP_SIZE,     true,  read_size },
	{ "BODY",     SMTP_8BITMIME, true,  read_body },
	{ "SMTPUTF8", SMTP_SMTPUTF8, false, read_utf8 },
	{ "RET",      SMTP_DSN,      true,  read_returns },
	{ "ENVID",    SMTP_DSN,      true,  read_envelope_id },
	{ "AUTH",     SMTP_AUTH,     true,  read_auth },
	{ "XTRANSACTION", SMTP_XTRANSACTION, true, read_transaction },
}, rcpt_parameters[] = {
	{ "NOTIFY",   SMTP_DSN,      true,  read_notify },
	{ "ORCPT",    SMTP_DSN,      true,  read_original },
};

/* esmtp-keyword [ "=" esmtp-value ] */
static bool split(struct bytes word, struct bytes *keyword, struct bytes *value)
{
	struct bytes rest = word;
	bool has_value = bytes_cut(&rest, '=', keyword);

	*value = has_value ? rest : (struct bytes){ 0 };
	if (keyword->len == 0 || keyword->at[0] == '-' || (has_value && value->len == 0))
		return false;
	for (size_t i = 0; i < keyword->len; i++) {
		if (!text_is_alpha((unsigned char)keyword->at[i]) && !text_is_digit((unsigned char)keyword->at[i]) && keyword->at[i] != '-')
			return false;
	}
	for (size_t i = 0; i < value->len; i++) {
		unsigned char octet = (unsigned char)value->at[i];
		if (octet <= ' ' || octet == '=' || octet == 0x7f)
			return false;
	}
	return true;
}

static enum smtp_parameters_status read_word(const struct parameter *table, size_t n, struct bytes word, unsigned offered,
                                             struct found *f, unsigned *seen)
{
	struct bytes keyword, value;

	if (!split(word, &keyword, &value))
		return SMTP_PARAMETERS_BAD;
	for (size_t i = 0; i < n; i++) {
		const struct parameter *p = &table[i];

		if (!bytes_equal_nocase(keyword, bytes_text(p->keyword)) || !(p->extension & offered))
			continue;
		if ((*seen & (1u << i)) || (p->needs_value && !value.at) || !p->read(f, value))
			return SMTP_PARAMETERS_BAD;
		*seen |= 1u << i;
		return SMTP_PARAMETERS_OK;
	}
	return SMTP_PARAMETERS_UNKNOWN;
}

static enum smtp_parameters_status read_all(const struct parameter *table, size_t n, struct bytes text, unsigned offered,
                                            struct found *f, struct bytes *culprit)
{
	struct bytes rest = text, word;
	unsigned seen = 0;
	bool more = true;

	if (text.len > 0 && text.at[0] != ' ') {
		if (culprit)
			*culprit = text;
		return SMTP_PARAMETERS_BAD;
	}
	while (more) {
		more = bytes_cut(&rest, ' ', &word);
		if (word.len == 0)
			continue;
		enum smtp_parameters_status status = read_word(table, n, word, offered, f, &seen);
		if (status == SMTP_PARAMETERS_OK)
			continue;
		if (culprit)
			*culprit = word;
		return status;
	}
	return SMTP_PARAMETERS_OK;
}

enum smtp_parameters_status smtp_parameters_mail(struct bytes text, unsigned offered, struct arena *arena, struct smtp_mail_parameters *found, struct bytes *culprit)
{
	struct found f = { .arena = arena, .mail = found };

	*found = (struct smtp_mail_parameters){ 0 };
	return read_all(mail_parameters, sizeof mail_parameters / sizeof *mail_parameters, text, offered, &f, culprit);
}

enum smtp_parameters_status smtp_parameters_rcpt(struct bytes text, unsigned offered, struct arena *arena, struct smtp_rcpt_parameters *found, struct bytes *culprit)
{
	struct found f = { .arena = arena, .rcpt = found };

	*found = (struct smtp_rcpt_parameters){ 0 };
	return read_all(rcpt_parameters, sizeof rcpt_parameters / sizeof *rcpt_parameters, text, offered, &f, culprit);
}
