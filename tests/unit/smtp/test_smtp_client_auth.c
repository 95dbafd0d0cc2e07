/* TLS and who we are, before any message. */
#include "tests/unit/smtp/client_claim.h"

static const struct claim claims[] = {
	{ .name = "STARTTLS where offered, and EHLO again", .tls = SMTP_CLIENT_TLS_OPPORTUNISTIC, .told = "ready closed(quit closed)",
	  .script = HELLO "> 250-x\n> 250-AUTH PLAIN\n> 250 STARTTLS\n< STARTTLS\n> 220 go\nTLS\n< EHLO mx.a.test\n> 250 x\n" QUIT },
	{ .name = "opportunistic: in clear where it is not offered", .tls = SMTP_CLIENT_TLS_OPPORTUNISTIC, .told = "ready closed(quit closed)", .script = PLAIN QUIT },
	{ .name = "opportunistic: in clear where STARTTLS is refused", .tls = SMTP_CLIENT_TLS_OPPORTUNISTIC, .told = "ready closed(quit closed)",
	  .script = HELLO "> 250-x\n> 250 STARTTLS\n< STARTTLS\n> 454 4.7.0 no certificate\n" QUIT },
	{ .name = "required: not offered", .tls = SMTP_CLIENT_TLS_REQUIRED, .told = "closed(tls denied)", .script = PLAIN "GONE\n" },
	{ .name = "a handshake that fails is told as TLS", .tls = SMTP_CLIENT_TLS_OPPORTUNISTIC, .told = "closed(tls system)",
	  .script = HELLO "> 250-x\n> 250 STARTTLS\n< STARTTLS\n> 220 go\n" },
	{ .name = "verified by name and CA", .tls = SMTP_CLIENT_TLS_REQUIRED, .verify = true, .told = "ready closed(quit closed)",
	  .script = HELLO "> 250-x\n> 250 STARTTLS\n< STARTTLS\n> 220 go\nTLS\n< EHLO mx.a.test\n> 250 x\n" QUIT },
	{ .name = "implicit TLS", .tls = SMTP_CLIENT_TLS_IMPLICIT, .verify = true, .told = "ready closed(quit closed)", .script = "TLS\n" PLAIN QUIT },
	{ .name = "what comes behind the reply to STARTTLS is not believed", .tls = SMTP_CLIENT_TLS_REQUIRED, .told = "closed(tls denied)",
	  .script = HELLO "> 250-x\n> 250 STARTTLS\n< STARTTLS\nINJECT\nGONE\n" },
	{ .name = "SCRAM first, also in clear", .username = "ann", .password = "pencil", .told = "ready closed(quit closed)",
	  .script = HELLO "> 250-x\n> 250 AUTH PLAIN LOGIN SCRAM-SHA-256\nAUTH\n" QUIT },
	{ .name = "a wrong password", .username = "ann", .password = "pencils", .told = "closed(auth denied)",
	  .script = HELLO "> 250-x\n> 250 AUTH SCRAM-SHA-256\nAUTH\n" },
	{ .name = "PLAIN under TLS", .tls = SMTP_CLIENT_TLS_IMPLICIT, .username = "ann", .password = "pencil", .told = "ready closed(quit closed)",
	  .script = "TLS\n" HELLO "> 250-x\n> 250 AUTH PLAIN\nAUTH\n" QUIT },
	{ .name = "LOGIN under TLS", .tls = SMTP_CLIENT_TLS_IMPLICIT, .username = "ann", .password = "pencil", .told = "ready closed(quit closed)",
	  .script = "TLS\n" HELLO "> 250-x\n> 250 AUTH LOGIN\nAUTH\n" QUIT },
	{ .name = "no password over a clear line", .username = "ann", .password = "pencil", .told = "closed(auth denied)",
	  .script = HELLO "> 250-x\n> 250 AUTH PLAIN LOGIN\nGONE\n" },
	{ .name = "a server that does not prove itself", .username = "ann", .password = "pencil", .told = "closed(auth denied)",
	  .script = HELLO "> 250-x\n> 250 AUTH SCRAM-SHA-256\n> 235 fine\n" },
};

int main(void)
{
	return run_claims(claims, sizeof claims / sizeof *claims, NULL);
}
