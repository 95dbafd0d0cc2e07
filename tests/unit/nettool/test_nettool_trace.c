/* Dialogues as they pass, in pieces; what may be shown of them, and what must not be. */
#include "nettool/nettool_trace.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/check.h"

#define SECRET "s3cr3t"

/* said: the client's octets after '>', the server's after '<', one row a piece that passes; a NULL ends them. */
static const struct trace_case {
	const char *name;
	enum nettool_trace_mode mode;
	const char *said[14];
	const char *shown;              /* somewhere in the trace */
	int secrets;                    /* how often SECRET may stand in it */
} cases[] = {
	{ "a line with who and when", NETTOOL_TRACE_PLAIN, { ">hello\r\n" }, "#1 00:00:01.500 C hello\n", 0 },
	{ "a line in pieces is one", NETTOOL_TRACE_PLAIN, { ">he", ">llo\r\n" }, "C hello\n", 0 },
	{ "who is interrupted has spoken", NETTOOL_TRACE_PLAIN, { ">login: ", "<x\n" }, "C login: \n", 0 },
	{ "binary is hex", NETTOOL_TRACE_PLAIN, { "<\x01\x02" "AB" }, "S 01 02 41 42", 0 },
	{ "escape sequences reach no terminal", NETTOOL_TRACE_PLAIN, { "<\x1b[2J\n" }, "1b 5b 32 4a", 0 },
	{ "an end", NETTOOL_TRACE_PLAIN, { ">x\n", ">" }, "C [ends]\n", 0 },
	{ "commands and replies", NETTOOL_TRACE_SMTP, { "<220 hi\r\n", ">EHLO x\r\n", "<250 ok\r\n" }, "S reply    250 ok\n", 0 },
	{ "AUTH PLAIN, initial response", NETTOOL_TRACE_SMTP, { ">EHLO x\r\n", "<250 x\r\n", ">AUTH PLAIN " SECRET "\r\n", "<235 ok\r\n" },
	  "C command  AUTH PLAIN [hidden 6 octets]\n", 0 },
	{ "AUTH in any case and white space", NETTOOL_TRACE_SMTP, { ">auth\tplain\t" SECRET "\r\n", "<235 ok\r\n" }, "auth\\x09plain", 0 },
	{ "AUTH PLAIN, asked for", NETTOOL_TRACE_SMTP, { ">AUTH PLAIN\r\n", "<334 \r\n", ">" SECRET "\r\n", "<235 ok\r\n", ">NOOP\r\n" },
	  "C command  NOOP\n", 0 },
	{ "AUTH LOGIN", NETTOOL_TRACE_SMTP, { ">AUTH LOGIN\r\n", "<334 VXNlcm5hbWU6\r\n", ">" SECRET "\r\n", "<334 UGFz\r\n", ">" SECRET "\r\n", "<535 no\r\n" },
	  "C exchange [hidden 6 octets]\n", 0 },
	{ "SCRAM, both sides", NETTOOL_TRACE_SMTP, { ">AUTH SCRAM-SHA-256 " SECRET "\r\n", "<334 " SECRET "\r\n", ">" SECRET "\r\n", "<334 " SECRET "\r\n", ">\r\n", "<235 ok\r\n" },
	  "S exchange 334 [hidden 6 octets]\n", 0 },
	{ "AUTH behind a late reply", NETTOOL_TRACE_SMTP, { ">EHLO x\r\nAUTH PLAIN\r\n", "<250 x\r\n", ">" SECRET "\r\n", "<334 \r\n", ">" SECRET "\r\n", "<235 ok\r\n" }, "[hidden", 0 },
	{ "a secret in pieces", NETTOOL_TRACE_SMTP, { ">AUTH PLAIN s3c", ">r3t\r\n", "<235 ok\r\n" }, "[hidden 6 octets]", 0 },
	{ "a secret that never ends", NETTOOL_TRACE_SMTP, { ">AUTH PLAIN " SECRET }, "[hidden 6 octets]", 0 },
	{ "AUTH as a word of a message is none", NETTOOL_TRACE_SMTP, { ">DATA\r\n", "<354 go\r\n", ">AUTH PLAIN x\r\n", ">.\r\n", "<250 ok\r\n", ">NOOP\r\n" }, "C message  AUTH PLAIN x\n", 0 },
	{ "AUTH in a chunk is none", NETTOOL_TRACE_SMTP, { ">BDAT 8 LAST\r\nAUTH x\r\nNOOP\r\n" }, "C message  AUTH x\n", 0 },
	{ "records after STARTTLS", NETTOOL_TRACE_SMTP, { ">STARTTLS\r\n", "<220 go\r\n", ">\x16\x03\x01" SECRET }, "C records  [9 octets under TLS]\n", 0 },
	{ "LOGIN", NETTOOL_TRACE_IMAP, { ">a LOGIN alice " SECRET "\r\n", "<a OK\r\n", ">b NOOP\r\n" }, "C command  a LOGIN [hidden 12 octets]\n", 0 },
	{ "LOGIN by literals", NETTOOL_TRACE_IMAP, { ">a LOGIN {5}\r\n", "<+ go\r\n", ">alice {6}\r\n", "<+ go\r\n", ">" SECRET "\r\n", "<a OK\r\n", ">b NOOP\r\n" }, "C command  b NOOP\n", 0 },
	{ "LOGIN by literals at once", NETTOOL_TRACE_IMAP, { ">a LOGIN {5+}\r\nalice {6+}\r\n" SECRET "\r\nb NOOP\r\n", "<a OK\r\n" }, "C command  b NOOP\n", 0 },
	{ "LOGIN, password literal in pieces", NETTOOL_TRACE_IMAP, { ">a LOGIN alice {6+}\r\ns3", "<* OK still here\r\n", ">cr3t\r\n", "<a NO\r\n" }, "S reply    a NO\n", 0 },
	{ "AUTHENTICATE", NETTOOL_TRACE_IMAP, { ">a AUTHENTICATE PLAIN\r\n", "<+ \r\n", ">" SECRET "\r\n", "<a OK\r\n" }, "C exchange [hidden 6 octets]\n", 0 },
	{ "AUTHENTICATE, initial response", NETTOOL_TRACE_IMAP, { ">a authenticate plain " SECRET "\r\n", "<a OK\r\n" }, "[hidden 6 octets]", 0 },
	{ "AUTHENTICATE under another's reply", NETTOOL_TRACE_IMAP, { ">a NOOP\r\nb AUTHENTICATE PLAIN\r\n", "<a OK\r\n", "<+ \r\n", ">" SECRET "\r\n", "<b OK\r\n" }, "[hidden 6 octets]", 0 },
	{ "a literal that is refused is not waited for", NETTOOL_TRACE_IMAP, { ">a APPEND x {600}\r\n", "<a NO\r\n", ">b LOGIN u " SECRET "\r\n" }, "C command  b LOGIN [hidden", 0 },
	{ "an appended message is shown", NETTOOL_TRACE_IMAP, { ">a APPEND x {8+}\r\n" SECRET "\r\n\r\n", "<a OK\r\n" }, "C message  " SECRET "\n", 1 },
};

static char *trace_of(const struct trace_case *c, const char *prefix)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	struct nettool_trace *t = nettool_trace_create(to, c->mode, "#1");

	if (prefix)
		nettool_trace_add(t, 0, bytes_text(prefix), 0);
	for (size_t i = 0; c->said[i]; i++)
		nettool_trace_add(t, c->said[i][0] == '<', bytes_text(c->said[i] + 1), 1500);
	nettool_trace_end(t, "over", 2000);
	fclose(to);
	return text;
}

static int count(const char *text, const char *word)
{
	int n = 0;

	while ((text = strstr(text, word)) != NULL)
		n++, text++;
	return n;
}

static void a_line_beyond_judgement_hides_the_rest(void)
{
	struct trace_case c = { "", NETTOOL_TRACE_IMAP, { ">{6+}\r\n" SECRET "\r\n" }, "", 0 };
	size_t len = 70000;
	char *prefix = malloc(len + 1);

	memset(prefix, 'x', len);
	memcpy(prefix, "a LOGIN ", 8);
	prefix[len] = '\0';
	char *text = trace_of(&c, prefix);
	CHECK_ROW(count(text, SECRET) == 0 && count(text, "xxx") == 0, "a LOGIN line too long to judge shows nothing, nor what follows it");
	free(text);
	free(prefix);
}

int main(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *text = trace_of(&cases[i], NULL);
		CHECK_ROW(strstr(text, cases[i].shown) != NULL, cases[i].name);
		CHECK_ROW(count(text, SECRET) == cases[i].secrets && count(text, "s3cr") == cases[i].secrets, cases[i].name);
		if (strstr(text, cases[i].shown) == NULL || count(text, SECRET) != cases[i].secrets)
			fputs(text, stderr);
		free(text);
	}
	a_line_beyond_judgement_hides_the_rest();
	return check_finish();
}
