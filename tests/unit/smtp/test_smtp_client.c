/* One message after another in a session, and how sessions end. */
#include "tests/unit/smtp/client_claim.h"

static const struct claim claims[] = {
	{ .name = "a group in one write where PIPELINING is offered", .script = PIPE GROUP YES QUIT, .n_messages = 1, .told = ONE },
	{ .name = "octets that come later", .script = PIPE GROUP YES QUIT, .n_messages = 1, .async = true, .told = ONE },
	{ .name = "command by command where it is not", .n_messages = 1, .told = ONE, .script = PLAIN MAIL "> 250 ok\n< RCPT TO:<bob@b.test>\n> 250 ok\n"
	  "< RCPT TO:<eve@b.test>\n> 250 ok\n< DATA\n> 354 go\n< Hi\n< ..dot\n< .\n> 250 2.0.0 queued\n" QUIT },
	{ .name = "the session serves the next message", .script = PIPE GROUP YES GROUP YES QUIT, .n_messages = 2,
	  .told = "ready sent(A 250 2.0.0)(A 250 2.0.0) ready sent(A 250 2.0.0)(A 250 2.0.0) ready closed(quit closed)" },
	{ .name = "HELO where EHLO is unknown", .n_messages = 0, .told = "ready closed(quit closed)",
	  .script = HELLO "> 500 what\n< HELO mx.a.test\n> 250 hi\n" QUIT },
	{ .name = "one recipient refused", .n_messages = 1, .told = "ready sent(A 250 2.0.0)(P 550 5.1.1) ready closed(quit closed)",
	  .script = PIPE GROUP "> 250 ok\n> 250 ok\n> 550-5.1.1 no\n> 550 5.1.1 such user\n> 354 go\nBODY\n> 250 2.0.0 ok\n" QUIT },
	{ .name = "all recipients refused, DATA refused, RSET", .n_messages = 1, .told = "ready sent(P 550 5.1.1)(T 450 4.0.0) ready closed(quit closed)",
	  .script = PIPE GROUP "> 250 ok\n> 550 5.1.1 no\n> 450 later\n> 554 5.5.1 none\n< RSET\n> 250 ok\n" QUIT },
	{ .name = "all recipients refused and yet 354: an empty message", .n_messages = 1, .told = "ready sent(P 550 5.1.1)(P 550 5.1.1) ready closed(quit closed)",
	  .script = PIPE GROUP "> 250 ok\n> 550 5.1.1 no\n> 550 5.1.1 no\n> 354 go\n< .\n> 554 5.5.1 none\n" QUIT },
	{ .name = "all recipients refused without PIPELINING: no DATA", .n_messages = 1, .told = "ready sent(P 550 5.1.1)(P 550 5.1.1) ready closed(quit closed)",
	  .script = PLAIN MAIL "> 250 ok\n< RCPT TO:<bob@b.test>\n> 550 5.1.1 no\n< RCPT TO:<eve@b.test>\n> 550 5.1.1 no\n< RSET\n> 250 ok\n" QUIT },
	{ .name = "MAIL refused, the group's other replies mean nothing", .n_messages = 1, .told = "ready sent(P 550 5.7.1)(P 550 5.7.1) ready closed(quit closed)",
	  .script = PIPE GROUP "> 550 5.7.1 not you\n> 503 5.5.1 x\n> 503 5.5.1 x\n> 503 5.5.1 x\n" QUIT },
	{ .name = "the end of data refused for now", .n_messages = 1, .told = "ready sent(T 451 4.3.0)(T 451 4.3.0) ready closed(quit closed)",
	  .script = PIPE GROUP "> 250 ok\n> 250 ok\n> 250 ok\n> 354 go\nBODY\n> 451 4.3.0 no disk\n" QUIT },
	{ .name = "a second recipient too many waits for its turn", .n_messages = 1, .told = "ready sent(A 250 2.0.0)(U 452 4.5.3) ready closed(quit closed)",
	  .script = PIPE GROUP "> 250 ok\n> 250 ok\n> 452 4.5.3 enough\n> 354 go\nBODY\n> 250 2.0.0 ok\n" QUIT },
	{ .name = "a session that served its share is no verdict", .n_messages = 2,
	  .told = "ready sent(A 250 2.0.0)(A 250 2.0.0) ready sent(U 452 4.5.3)(U 452 4.5.3) ready closed(quit closed)",
	  .script = PIPE GROUP YES GROUP "> 452 4.5.3 enough messages\n> 503 x\n> 503 x\n> 503 x\n" QUIT },
	{ .name = "421 to the second MAIL is no verdict either", .n_messages = 2,
	  .told = "ready sent(A 250 2.0.0)(A 250 2.0.0) ready sent(U 421 4.4.2)(U 421 4.4.2) closed(transaction try-later)",
	  .script = PIPE GROUP YES GROUP "> 421 4.3.2 shutting down\n" },
	{ .name = "421 after the final dot", .n_messages = 1, .told = "ready sent(T 421 4.4.2)(T 421 4.4.2) closed(transaction try-later)",
	  .script = PIPE GROUP "> 250 ok\n> 250 ok\n> 250 ok\n> 354 go\nBODY\n> 421 4.3.2 bye\n" },
	{ .name = "closed without a reply to the final dot", .n_messages = 1, .told = "ready sent(T 0 4.4.2)(T 0 4.4.2) closed(transaction try-later)",
	  .script = PIPE GROUP "> 250 ok\n> 250 ok\n> 250 ok\n> 354 go\nBODY\n" },
	{ .name = "silence", .n_messages = 1, .told = "ready sent(T 0 4.4.2)(T 0 4.4.2) closed(transaction try-later)", .script = PIPE GROUP "GONE\n" },
	{ .name = "a refusal in the middle of the group, then the end", .n_messages = 1, .told = "ready sent(P 550 5.1.1)(T 0 4.4.2) closed(transaction try-later)",
	  .script = PIPE GROUP "> 250 ok\n> 550 5.1.1 no\n" },
	{ .name = "no greeting but a refusal", .script = "> 554 5.7.1 go away\n", .told = "closed(greeting denied)" },
	{ .name = "a busy greeting", .script = "> 421 4.3.2 busy\n", .told = "closed(greeting try-later)" },
	{ .name = "a server of another protocol", .script = "> HTTP/1.0 400 Bad Request\n", .told = "closed(greeting syntax)" },
	{ .name = "421 while idle", .script = PLAIN MAIL "> 421 4.4.2 idle\n", .n_messages = 1, .told = "ready sent(T 421 4.4.2)(T 421 4.4.2) closed(transaction try-later)" },
	{ .name = "a body with a bare LF never ends well", .body = "a\nb\r\n", .n_messages = 1, .told = "ready sent(P 0 5.6.0)(P 0 5.6.0) closed(transaction syntax)",
	  .script = PIPE GROUP "> 250 ok\n> 250 ok\n> 250 ok\n> 354 go\nGONE\n" },
	{ .name = "octets that cannot be had", .fail_body = true, .n_messages = 1, .told = "ready sent(T 0 4.4.2)(T 0 4.4.2) closed(transaction try-later)",
	  .script = PIPE GROUP "> 250 ok\n> 250 ok\n> 250 ok\n> 354 go\nGONE\n" },
	{ .name = "8-bit octets to a 7-bit server", .is_8bit = true, .n_messages = 1, .told = "ready sent(P 0 5.6.3)(P 0 5.6.3) ready closed(quit closed)", .script = PIPE QUIT },
	{ .name = "a message larger than SIZE", .n_messages = 1, .told = "ready sent(P 0 5.3.4)(P 0 5.3.4) ready closed(quit closed)",
	  .script = HELLO "> 250-x\n> 250 SIZE 9\n" QUIT },
};

static void nobody_listens(void)
{
	struct claim claim = { .name = "nobody listens", .told = "" };
	struct rig r = { .claim = &claim };
	struct net_addr real;

	close(rig_listen(&real));
	r.loop = net_loop_create(NET_POLL_EPOLL, NULL);
	r.client = smtp_client_open(r.loop, &(struct smtp_client_options){ .host = "127.0.0.1", .port = net_addr_port(&real), .hello = "x" }, &events, &r);
	CHECK_ROW(rig_run(r.loop, &r.done, RIG_WAIT_MS), "a refused connection is told");
	CHECK_TEXT(r.told.at, "closed(connect system)", "a refused connection is told");
	net_loop_destroy(r.loop);
	buffer_release(&r.told);
}
int main(void)
{
	return run_claims(claims, sizeof claims / sizeof *claims, nobody_listens);
}
