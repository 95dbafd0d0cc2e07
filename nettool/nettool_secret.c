#include "nettool/nettool_secret.h"

#define LITERAL_MAX (UINT64_C(1) << 40)

static void hide(struct buffer *shown, size_t octets)
{
	buffer_printf(shown, "[hidden %zu octets]", octets);
}

/* Take the next word, whatever white space is around it; empty at the end. */
static struct bytes next_word(struct bytes *rest)
{
	size_t n = 0;

	*rest = bytes_trim(*rest);
	while (n < rest->len && rest->at[n] != ' ' && rest->at[n] != '\t')
		n++;
	struct bytes word = bytes_slice(*rest, 0, n);
	*rest = bytes_skip(*rest, n);
	return word;
}

/* Everything of the line up to `from` as it is, the remainder hidden. */
static void show_front(struct buffer *shown, struct bytes line, struct bytes hidden)
{
	if (hidden.len == 0) {
		buffer_add_bytes(shown, line);
		return;
	}
	buffer_add_bytes(shown, bytes_of(line.at, (size_t)(hidden.at - line.at)));
	hide(shown, hidden.len);
}

/* "{12}" or "{12+}" at the end of a line announces 12 octets; *waits: not before the server agrees. */
static uint64_t announced_literal(struct bytes line, bool *waits)
{
	size_t open = line.len;
	uint64_t n = 0;

	if (line.len < 3 || line.at[line.len - 1] != '}')
		return 0;
	while (open > 0 && line.at[open - 1] != '{')
		open--;
	struct bytes digits = bytes_slice(line, open, line.len - 1);
	*waits = digits.len == 0 || digits.at[digits.len - 1] != '+';
	if (!*waits)
		digits.len--;
	return open > 0 && bytes_to_u64(digits, LITERAL_MAX, &n) ? n : 0;
}

/* ---- SMTP ---- */

static enum nettool_secret_label smtp_client(struct nettool_secret *s, struct bytes line, struct buffer *shown)
{
	struct bytes rest = line, verb, size;

	if (s->data) {
		s->data = !bytes_equal(line, BYTES("."));
		s->pending += !s->data;
		buffer_add_bytes(shown, line);
		return NETTOOL_MESSAGE;
	}
	if (s->authenticating) {
		hide(shown, line.len);
		return NETTOOL_EXCHANGE;
	}
	s->pending++;
	verb = next_word(&rest);
	if (bytes_equal_nocase(verb, BYTES("AUTH"))) {
		s->authenticating = true;
		s->until_auth = s->pending;
		next_word(&rest);       /* the mechanism is no secret */
		show_front(shown, line, bytes_trim(rest));
		return NETTOOL_COMMAND;
	}
	if (bytes_equal_nocase(verb, BYTES("BDAT"))) {
		size = next_word(&rest);
		if (!bytes_to_u64(size, LITERAL_MAX, &s->literal_left))
			s->literal_left = 0;
	}
	s->data_asked = bytes_equal_nocase(verb, BYTES("DATA"));
	s->starttls_asked = bytes_equal_nocase(verb, BYTES("STARTTLS"));
	buffer_add_bytes(shown, line);
	return NETTOOL_COMMAND;
}

/* The last line of a reply, "NNN text": to the oldest command without one. */
static void smtp_final_reply(struct nettool_secret *s, struct bytes line)
{
	s->pending -= s->pending > 0;
	if (s->authenticating && s->until_auth > 0 && --s->until_auth == 0)
		s->authenticating = false;
	if (s->pending > 0)
		return;
	s->data = s->data_asked && bytes_starts(line, BYTES("354"));
	s->encrypted = s->starttls_asked && bytes_starts(line, BYTES("220"));
	s->data_asked = s->starttls_asked = false;
}

static enum nettool_secret_label smtp_server(struct nettool_secret *s, struct bytes line, struct buffer *shown)
{
	if (bytes_starts(line, BYTES("334"))) {
		if (!s->authenticating)
			s->until_auth = 1;
		s->authenticating = true;
		show_front(shown, line, bytes_skip(line, 4));
		return NETTOOL_EXCHANGE;
	}
	if (line.len == 3 || (line.len > 3 && line.at[3] == ' '))
		smtp_final_reply(s, line);
	buffer_add_bytes(shown, line);
	return NETTOOL_REPLY;
}

/* ---- IMAP ---- */

static enum nettool_secret_label imap_client(struct nettool_secret *s, struct bytes line, struct buffer *shown)
{
	struct bytes rest = line, tag, verb;

	s->literal_left = announced_literal(line, &s->literal_waits);
	if (s->authenticating || s->in_login) {
		hide(shown, line.len);
		s->in_login = s->in_login && s->literal_left > 0;
		return NETTOOL_EXCHANGE;
	}
	tag = next_word(&rest);
	verb = next_word(&rest);
	bool login = bytes_equal_nocase(verb, BYTES("LOGIN"));
	s->authenticating = bytes_equal_nocase(verb, BYTES("AUTHENTICATE"));
	s->starttls_asked = bytes_equal_nocase(verb, BYTES("STARTTLS"));
	s->in_login = login && s->literal_left > 0;
	if (!bytes_copy_text(tag, s->tag, sizeof s->tag))
		s->tag[0] = '\0';
	if (s->authenticating)
		next_word(&rest);       /* the mechanism is no secret */
	show_front(shown, line, login || s->authenticating ? bytes_trim(rest) : bytes_of(NULL, 0));
	return NETTOOL_COMMAND;
}

/* A tag too long to keep is not compared: then any tagged reply ends what that command began. */
static bool is_awaited(const struct nettool_secret *s, struct bytes tag)
{
	if (tag.len == 0 || tag.at[0] == '*' || tag.at[0] == '+')
		return false;
	return s->tag[0] == '\0' || bytes_equal(tag, bytes_text(s->tag));
}

static enum nettool_secret_label imap_server(struct nettool_secret *s, struct bytes line, struct buffer *shown)
{
	struct bytes rest = line, tag = next_word(&rest);

	if (s->authenticating && bytes_equal(tag, BYTES("+"))) {
		show_front(shown, line, bytes_trim(rest));
		return NETTOOL_EXCHANGE;
	}
	if (is_awaited(s, tag)) {
		s->encrypted = s->starttls_asked && bytes_starts_nocase(bytes_trim(rest), BYTES("OK"));
		s->authenticating = s->starttls_asked = false;
		/* What the server did not agree to is never sent; what needs no consent still comes. */
		if (s->literal_waits)
			s->literal_left = 0;
		s->in_login = s->in_login && s->literal_left > 0;
	}
	buffer_add_bytes(shown, line);
	return NETTOOL_REPLY;
}

enum nettool_secret_label nettool_secret_line(struct nettool_secret *s, unsigned from, struct bytes line, struct buffer *shown)
{
	if (s->lost && from == 0) {
		hide(shown, line.len);
		return NETTOOL_EXCHANGE;
	}
	if (s->is_imap)
		return from == 0 ? imap_client(s, line, shown) : imap_server(s, line, shown);
	return from == 0 ? smtp_client(s, line, shown) : smtp_server(s, line, shown);
}

uint64_t nettool_secret_literal(const struct nettool_secret *s)
{
	return s->literal_left;
}

bool nettool_secret_literal_passed(struct nettool_secret *s, uint64_t n)
{
	s->literal_left -= n;
	return !s->in_login && !s->authenticating && !s->lost;
}
