/* Parameters that were offered are read; others are unknown; bad ones are named. */
#include "smtp/smtp_parameters.h"

#include "base/buffer.h"
#include "tests/support/check.h"

#define ALL (SMTP_SIZE | SMTP_8BITMIME | SMTP_SMTPUTF8 | SMTP_DSN | SMTP_AUTH)

/* shown: the values as text, for comparison. */
static const struct parameter_case {
	const char *claim, *text;
	unsigned offered;
	enum smtp_parameters_status status;
	const char *shown;              /* or the culprit */
} mail_cases[] = {
	{ "none",                       "", ALL, SMTP_PARAMETERS_OK, "" },
	{ "spaces only",                "  ", ALL, SMTP_PARAMETERS_OK, "" },
	{ "size and body",              " SIZE=900 BODY=8BITMIME", ALL, SMTP_PARAMETERS_OK, "size=900 8bit " },
	{ "any case",                   " size=0 body=7bit", ALL, SMTP_PARAMETERS_OK, "size=0 " },
	{ "DSN",                        " RET=HDRS ENVID=q+2B1", ALL, SMTP_PARAMETERS_OK, "ret=1 envid=q+1 " },
	{ "AUTH",                       " AUTH=<>", ALL, SMTP_PARAMETERS_OK, "auth= " },
	{ "SMTPUTF8",                   " SMTPUTF8", ALL, SMTP_PARAMETERS_OK, "utf8 " },
	{ "a size beyond 64 bits",      " SIZE=99999999999999999999", ALL, SMTP_PARAMETERS_OK, "size=18446744073709551615 " },
	{ "no number",                  " SIZE=x", ALL, SMTP_PARAMETERS_BAD, "SIZE=x" },
	{ "a negative size",            " SIZE=-1", ALL, SMTP_PARAMETERS_BAD, "SIZE=-1" },
	{ "21 digits",                  " SIZE=100000000000000000000", ALL, SMTP_PARAMETERS_BAD, "SIZE=100000000000000000000" },
	{ "size without value",         " SIZE", ALL, SMTP_PARAMETERS_BAD, "SIZE" },
	{ "an empty value",             " SIZE=", ALL, SMTP_PARAMETERS_BAD, "SIZE=" },
	{ "twice",                      " SIZE=1 SIZE=1", ALL, SMTP_PARAMETERS_BAD, "SIZE=1" },
	{ "another body",               " BODY=BINARYMIME", ALL, SMTP_PARAMETERS_BAD, "BODY=BINARYMIME" },
	{ "unknown",                    " FOO=bar", ALL, SMTP_PARAMETERS_UNKNOWN, "FOO=bar" },
	{ "not offered",                " RET=FULL", SMTP_SIZE, SMTP_PARAMETERS_UNKNOWN, "RET=FULL" },
	{ "of RCPT",                    " NOTIFY=NEVER", ALL, SMTP_PARAMETERS_UNKNOWN, "NOTIFY=NEVER" },
	{ "no space before",            "SIZE=1", ALL, SMTP_PARAMETERS_BAD, "SIZE=1" },
	{ "two equals",                 " FOO=a=b", ALL, SMTP_PARAMETERS_BAD, "FOO=a=b" },
	{ "a keyword with odd octets",  " F_O=a", ALL, SMTP_PARAMETERS_BAD, "F_O=a" },
	{ "an ENVID that holds a line end", " ENVID=a+0D+0Ab", ALL, SMTP_PARAMETERS_BAD, "ENVID=a+0D+0Ab" },
	{ "an ENVID that is no xtext",  " ENVID=a+2", ALL, SMTP_PARAMETERS_BAD, "ENVID=a+2" },
}, rcpt_cases[] = {
	{ "none",                       "", ALL, SMTP_PARAMETERS_OK, "" },
	{ "DSN",                        " NOTIFY=FAILURE,DELAY ORCPT=rfc822;v@a.test", ALL, SMTP_PARAMETERS_OK, "notify=12 orcpt=rfc822;v@a.test " },
	{ "never",                      " NOTIFY=NEVER", ALL, SMTP_PARAMETERS_OK, "notify=1 " },
	{ "never and more",             " NOTIFY=NEVER,DELAY", ALL, SMTP_PARAMETERS_BAD, "NOTIFY=NEVER,DELAY" },
	{ "the same twice",             " NOTIFY=DELAY,DELAY", ALL, SMTP_PARAMETERS_BAD, "NOTIFY=DELAY,DELAY" },
	{ "an unknown occasion",        " NOTIFY=ALWAYS", ALL, SMTP_PARAMETERS_BAD, "NOTIFY=ALWAYS" },
	{ "an ORCPT without type",      " ORCPT=v@a.test", ALL, SMTP_PARAMETERS_BAD, "ORCPT=v@a.test" },
	{ "not offered",                " NOTIFY=NEVER", SMTP_SIZE, SMTP_PARAMETERS_UNKNOWN, "NOTIFY=NEVER" },
	{ "of MAIL",                    " SIZE=1", ALL, SMTP_PARAMETERS_UNKNOWN, "SIZE=1" },
};

static void show_mail(const struct smtp_mail_parameters *p, struct buffer *out)
{
	if (p->has_size)
		buffer_printf(out, "size=%llu ", (unsigned long long)p->size);
	if (p->body == SMTP_BODY_8BITMIME)
		buffer_add_text(out, "8bit ");
	if (p->utf8)
		buffer_add_text(out, "utf8 ");
	if (p->returns != ENVELOPE_RETURN_DEFAULT)
		buffer_printf(out, "ret=%d ", (int)p->returns);
	if (p->envelope_id)
		buffer_printf(out, "envid=%s ", p->envelope_id);
	if (p->auth)
		buffer_printf(out, "auth=%s ", p->auth);
}

static void show_rcpt(const struct smtp_rcpt_parameters *p, struct buffer *out)
{
	if (p->notify)
		buffer_printf(out, "notify=%u ", p->notify);
	if (p->original)
		buffer_printf(out, "orcpt=%s ", p->original);
}

static void run(const struct parameter_case *c, bool is_mail)
{
	struct arena arena = { 0 };
	struct smtp_mail_parameters mail;
	struct smtp_rcpt_parameters rcpt;
	struct bytes culprit = { 0 };
	struct buffer shown = { 0 };
	enum smtp_parameters_status status = is_mail ? smtp_parameters_mail(bytes_text(c->text), c->offered, &arena, &mail, &culprit)
	                                             : smtp_parameters_rcpt(bytes_text(c->text), c->offered, &arena, &rcpt, &culprit);

	CHECK_ROW(status == c->status, c->claim);
	if (status != SMTP_PARAMETERS_OK)
		buffer_add_bytes(&shown, culprit);
	else if (is_mail)
		show_mail(&mail, &shown);
	else
		show_rcpt(&rcpt, &shown);
	CHECK_ROW(bytes_equal(buffer_bytes(&shown), bytes_text(c->shown)), c->claim);
	buffer_release(&shown);
	arena_reset(&arena);
}

int main(void)
{
	for (size_t i = 0; i < sizeof mail_cases / sizeof *mail_cases; i++)
		run(&mail_cases[i], true);
	for (size_t i = 0; i < sizeof rcpt_cases / sizeof *rcpt_cases; i++)
		run(&rcpt_cases[i], false);
	return check_finish();
}
