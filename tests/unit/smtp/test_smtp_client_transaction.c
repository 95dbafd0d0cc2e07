/* Messages behind each other: the next group behind the final dot, and whole messages before any reply. */
#include "tests/unit/smtp/client_claim.h"

static const struct claim claims[] = {
	{ .name = "the next group behind the final dot", .window = true, .script = PIPE GROUP BODY GROUP QUEUED BODY GROUP QUEUED BODY QUEUED QUIT, .n_messages = 3,
	  .told = "ready room sent(A 250 2.0.0)(A 250 2.0.0) room sent(A 250 2.0.0)(A 250 2.0.0) sent(A 250 2.0.0)(A 250 2.0.0) ready closed(quit closed)" },
	{ .name = "the next group, octets that come later", .window = true, .async = true, .script = PIPE GROUP BODY GROUP QUEUED BODY QUEUED QUIT, .n_messages = 2,
	  .told = "ready room sent(A 250 2.0.0)(A 250 2.0.0) sent(A 250 2.0.0)(A 250 2.0.0) ready closed(quit closed)" },
	{ .name = "no next group without PIPELINING", .window = true, .n_messages = 2, .script = PLAIN SLOWLY SLOWLY QUIT,
	  .told = "ready sent(A 250 2.0.0)(A 250 2.0.0) ready sent(A 250 2.0.0)(A 250 2.0.0) ready closed(quit closed)" },
	{ .name = "a refused final dot says nothing about the next message", .window = true, .script = PIPE GROUP BODY GROUP "> 554 5.6.0 bad\n" BODY QUEUED QUIT,
	  .n_messages = 2, .told = "ready room sent(P 554 5.6.0)(P 554 5.6.0) sent(A 250 2.0.0)(A 250 2.0.0) ready closed(quit closed)" },
	{ .name = "lost after the final dot: the next message is untried", .window = true, .script = PIPE GROUP BODY GROUP, .n_messages = 2,
	  .told = "ready room sent(T 0 4.4.2)(T 0 4.4.2) sent(U 0 4.4.2)(U 0 4.4.2) closed(transaction try-later)" },
	{ .name = "421 to the final dot: the next message is untried", .window = true, .script = PIPE GROUP BODY GROUP "> 421 4.3.2 bye\n", .n_messages = 2,
	  .told = "ready room sent(T 421 4.4.2)(T 421 4.4.2) sent(U 421 4.4.2)(U 421 4.4.2) closed(transaction try-later)" },
	{ .name = "taken back: the reply ends the session, and the peer gets nothing more", .window = true, .recalls = true, .n_messages = 2,
	  .script = PIPE GROUP BODY GROUP QUEUED "GONE\n", .told = "ready room sent(A 250 2.0.0)(A 250 2.0.0) closed(transaction closed)" },
	{ .name = "taken back, and no reply ever", .window = true, .recalls = true, .n_messages = 2, .script = PIPE GROUP BODY GROUP,
	  .told = "ready room sent(T 0 4.4.2)(T 0 4.4.2) closed(transaction try-later)" },
	{ .name = "lost between the two: one accepted, one untried", .window = true, .script = PIPE GROUP BODY GROUP QUEUED, .n_messages = 2,
	  .told = "ready room sent(A 250 2.0.0)(A 250 2.0.0) sent(U 0 4.4.2)(U 0 4.4.2) closed(transaction try-later)" },
	{ .name = "421 between the two", .window = true, .script = PIPE GROUP BODY GROUP QUEUED "> 250 ok\n> 421 4.3.2 bye\n", .n_messages = 2,
	  .told = "ready room sent(A 250 2.0.0)(A 250 2.0.0) sent(U 421 4.4.2)(U 421 4.4.2) closed(transaction try-later)" },
	{ .name = "the next one refused at MAIL by the session's limit", .window = true, .n_messages = 2,
	  .script = PIPE GROUP BODY GROUP QUEUED "> 452 4.5.3 enough\n> 503 x\n> 503 x\n> 503 x\n" QUIT,
	  .told = "ready room sent(A 250 2.0.0)(A 250 2.0.0) sent(U 452 4.5.3)(U 452 4.5.3) ready closed(quit closed)" },
	{ .name = "the next one's recipients refused, then RSET", .window = true, .n_messages = 2,
	  .script = PIPE GROUP BODY GROUP QUEUED "> 250 ok\n> 550 5.1.1 x\n> 550 5.1.1 x\n> 554 5.5.1 none\n< RSET\n> 250 ok\n" QUIT,
	  .told = "ready room sent(A 250 2.0.0)(A 250 2.0.0) sent(P 550 5.1.1)(P 550 5.1.1) ready closed(quit closed)" },
	{ .name = "whole messages before any reply", .whole = "Hi\r\n", .script = KNOWN WHOLE WHOLE WHOLE TAKEN TAKEN TAKEN QUIT, .n_messages = 3,
	  .told = "ready " TOLD TOLD TOLD "ready closed(quit closed)" },
	{ .name = "a whole message that lacks its last line end gets one", .whole = "Hi", .script = KNOWN WHOLE TAKEN QUIT, .n_messages = 1, .told = ONE },
	{ .name = "a flawed one among whole messages is told in its turn", .whole = "Hi\r\n", .second = "a\nb\r\n", .n_messages = 3,
	  .script = KNOWN WHOLE WHOLE TAKEN TAKEN QUIT, .told = "ready " TOLD "sent(P 0 5.6.0)(P 0 5.6.0) " TOLD "ready closed(quit closed)" },
	{ .name = "a flawed whole message alone", .whole = "a\nb\r\n", .script = KNOWN QUIT, .n_messages = 1, .told = "ready sent(P 0 5.6.0)(P 0 5.6.0) ready closed(quit closed)" },
	{ .name = "a refused whole message says nothing about the next", .whole = "Hi\r\n", .n_messages = 3,
	  .script = KNOWN WHOLE WHOLE WHOLE TAKEN "> 250 ok\n> 550 5.1.1 no\n> 550 5.1.1 no\n> 554 5.5.1 nobody\n" TAKEN QUIT,
	  .told = "ready " TOLD "sent(P 550 5.1.1)(P 550 5.1.1) " TOLD "ready closed(quit closed)" },
	{ .name = "a MAIL put off among whole messages", .whole = "Hi\r\n", .n_messages = 2,
	  .script = KNOWN WHOLE WHOLE "> 451 4.3.0 later\n> 503 5.5.1 no\n> 503 5.5.1 no\n> 503 5.5.1 no\n" TAKEN QUIT,
	  .told = "ready sent(T 451 4.3.0)(T 451 4.3.0) " TOLD "ready closed(quit closed)" },
	{ .name = "one recipient refused, a whole message for the other", .whole = "Hi\r\n", .n_messages = 1,
	  .script = KNOWN WHOLE "> 250 ok\n> 550 5.1.1 no\n> 250 ok\n> 250 2.0.0 queued\n" QUIT, .told = "ready sent(P 550 5.1.1)(A 250 2.0.0) ready closed(quit closed)" },
	{ .name = "lost before the end of the first whole message: it alone was tried", .whole = "Hi\r\n", .n_messages = 3, .script = KNOWN WHOLE WHOLE WHOLE "> 250 ok\n> 250 ok\n> 250 ok\n",
	  .told = "ready sent(T 0 4.4.2)(T 0 4.4.2) sent(U 0 4.4.2)(U 0 4.4.2) sent(U 0 4.4.2)(U 0 4.4.2) closed(transaction try-later)" },
	{ .name = "421 among whole messages", .whole = "Hi\r\n", .n_messages = 3, .script = KNOWN WHOLE WHOLE WHOLE TAKEN "> 421 4.3.2 bye\n",
	  .told = "ready " TOLD "sent(U 421 4.4.2)(U 421 4.4.2) sent(U 421 4.4.2)(U 421 4.4.2) closed(transaction try-later)" },
	{ .name = "whole messages taken back: the first one's end is the session's", .whole = "Hi\r\n", .recalls = true, .n_messages = 3,
	  .script = KNOWN WHOLE WHOLE WHOLE TAKEN TAKEN TAKEN "GONE\n", .told = "ready " TOLD "closed(transaction closed)" },
	{ .name = "no next group past MAILMAX", .window = true, .n_messages = 2,
	  .script = HELLO "> 250-mx.b.test\n> 250-PIPELINING\n> 250-LIMITS MAILMAX=1\n> 250 SIZE 1000\n" GROUP YES GROUP YES QUIT,
	  .told = "ready sent(A 250 2.0.0)(A 250 2.0.0) ready sent(A 250 2.0.0)(A 250 2.0.0) ready closed(quit closed)" },
};

static void add_times(struct buffer *out, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++)
		buffer_add_text(out, text);
}

static void thirty_two_at_most(void)
{
	struct buffer script = { 0 }, told = { 0 };

	buffer_add_text(&script, KNOWN);
	add_times(&script, 32, WHOLE);
	buffer_add_text(&script, "SILENT\n" TAKEN WHOLE);
	add_times(&script, 32, TAKEN);
	buffer_add_text(&script, QUIT);
	buffer_add_text(&told, "ready ");
	add_times(&told, 33, TOLD);
	buffer_add_text(&told, "ready closed(quit closed)");
	run(&(struct claim){ .name = "thirty-two whole messages at most", .script = script.at, .whole = "Hi\r\n", .n_messages = 33, .told = told.at }, NET_POLL_EPOLL, NULL);
	buffer_release(&script);
	buffer_release(&told);
}
int main(void)
{
	return run_claims(claims, sizeof claims / sizeof *claims, thirty_two_at_most);
}
