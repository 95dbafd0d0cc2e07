#include "nettool/nettool_trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/text.h"
#include "nettool/nettool_secret.h"

#define JUDGED_LINE_MAX (64u * 1024)    /* in SMTP and IMAP mode: a line is judged whole */
#define HEX_COLUMNS 16

struct nettool_trace {
	FILE *to;
	enum nettool_trace_mode mode;
	char *name;
	struct nettool_secret secret;
	struct buffer partial[2];       /* of each side: the line that has not ended */
	struct buffer shown;
	int64_t now_ms;
};

static const char *const label_names[] = {
	[NETTOOL_COMMAND] = "command", [NETTOOL_REPLY] = "reply", [NETTOOL_MESSAGE] = "message",
	[NETTOOL_EXCHANGE] = "exchange", [NETTOOL_RECORDS] = "records",
};

struct nettool_trace *nettool_trace_create(FILE *to, enum nettool_trace_mode mode, const char *name)
{
	struct nettool_trace *t = xcalloc(1, sizeof *t);

	t->to = to;
	t->mode = mode;
	t->name = xstrdup(name);
	t->secret.is_imap = mode == NETTOOL_TRACE_IMAP;
	return t;
}

/* "#1 10:15:02.317 C command  " */
static void begin_line(struct nettool_trace *t, char who, const char *label)
{
	time_t seconds = (time_t)(t->now_ms / 1000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	fprintf(t->to, "%s %02d:%02d:%02d.%03d %c ", t->name, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(t->now_ms % 1000), who);
	if (t->mode != NETTOOL_TRACE_PLAIN)
		fprintf(t->to, "%-8s ", label);
}

static char side(unsigned from)
{
	return from == 0 ? 'C' : 'S';
}

static bool is_text(struct bytes line)
{
	for (size_t i = 0; i < line.len; i++)
		if ((unsigned char)line.at[i] < 0x20 && line.at[i] != '\t' && line.at[i] != '\r' && line.at[i] != '\n')
			return false;
	return text_is_utf8(line);
}

static void show_hex(struct nettool_trace *t, unsigned from, const char *label, struct bytes octets)
{
	for (size_t row = 0; row < octets.len; row += HEX_COLUMNS) {
		struct bytes part = bytes_slice(octets, row, row + HEX_COLUMNS);
		begin_line(t, side(from), label);
		for (size_t i = 0; i < HEX_COLUMNS; i++)
			fprintf(t->to, i < part.len ? "%02x " : "   ", i < part.len ? (unsigned)(unsigned char)part.at[i] : 0u);
		for (size_t i = 0; i < part.len; i++)
			fputc(part.at[i] >= 0x20 && part.at[i] < 0x7f ? part.at[i] : '.', t->to);
		fputc('\n', t->to);
	}
}

static void show_text(struct nettool_trace *t, unsigned from, const char *label, struct bytes line)
{
	if (!is_text(line)) {
		show_hex(t, from, label, line);
		return;
	}
	do {
		struct buffer safe = { 0 };
		struct bytes part = bytes_slice(line, 0, NETTOOL_TRACE_LINE_MAX);
		text_escape(&safe, part);
		begin_line(t, side(from), label);
		fprintf(t->to, "%.*s\n", BYTES_PRINT(buffer_bytes(&safe)));
		buffer_release(&safe);
		line = bytes_skip(line, NETTOOL_TRACE_LINE_MAX);
	} while (line.len > 0);
}

static struct bytes without_end(struct bytes line)
{
	if (line.len > 0 && line.at[line.len - 1] == '\n')
		line.len--;
	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	return line;
}

static void show_line(struct nettool_trace *t, unsigned from, struct bytes line)
{
	if (t->mode == NETTOOL_TRACE_PLAIN) {
		/* A binary "line" keeps its last octets, which may be no end of line at all. */
		show_text(t, from, "", is_text(line) ? without_end(line) : line);
		return;
	}
	enum nettool_secret_label label = nettool_secret_line(&t->secret, from, without_end(line), &t->shown);
	show_text(t, from, label_names[label], buffer_bytes(&t->shown));
	/* Until the next line it would keep what was shown; secrets were never in it. */
	buffer_clear(&t->shown);
}

static void flush_partial(struct nettool_trace *t, unsigned from)
{
	struct buffer *p = &t->partial[from];

	if (p->len > 0)
		show_line(t, from, buffer_bytes(p));
	if (p->at)
		memory_wipe(p->at, p->len);
	buffer_clear(p);
}

/* Octets of a literal come first; returns how many they were. */
static size_t take_literal(struct nettool_trace *t, struct bytes what)
{
	uint64_t left = nettool_secret_literal(&t->secret);
	size_t n = left < what.len ? (size_t)left : what.len;
	char text[64];

	if (n == 0)
		return 0;
	if (nettool_secret_literal_passed(&t->secret, n)) {
		for (struct bytes rest = bytes_slice(what, 0, n); rest.len > 0;) {
			size_t end = bytes_find(rest, '\n');
			show_text(t, 0, label_names[NETTOOL_MESSAGE], without_end(bytes_slice(rest, 0, end + 1)));
			rest = bytes_skip(rest, end + 1);
		}
	} else {
		snprintf(text, sizeof text, "[hidden %zu octets]", n);
		show_text(t, 0, label_names[NETTOOL_EXCHANGE], bytes_text(text));
	}
	return n;
}

static void show_records(struct nettool_trace *t, unsigned from, size_t n)
{
	begin_line(t, side(from), label_names[NETTOOL_RECORDS]);
	fprintf(t->to, "[%zu octets under TLS]\n", n);
}

static void add_lines(struct nettool_trace *t, unsigned from, struct bytes what)
{
	struct buffer *p = &t->partial[from];

	while (what.len > 0) {
		if (t->secret.encrypted) {
			show_records(t, from, what.len);
			return;
		}
		if (from == 0 && p->len == 0)
			what = bytes_skip(what, take_literal(t, what));
		size_t end = bytes_find(what, '\n'), n = end < what.len ? end + 1 : what.len;
		buffer_add_bytes(p, bytes_slice(what, 0, n));
		what = bytes_skip(what, n);
		size_t most = t->mode == NETTOOL_TRACE_PLAIN ? NETTOOL_TRACE_LINE_MAX : JUDGED_LINE_MAX;
		if (p->len > most && t->mode != NETTOOL_TRACE_PLAIN && from == 0)
			t->secret.lost = true;
		if (n == end + 1 || p->len > most)
			flush_partial(t, from);
	}
}

void nettool_trace_add(struct nettool_trace *t, unsigned from, struct bytes what, int64_t now_ms)
{
	t->now_ms = now_ms;
	/* Who is interrupted has said something without an end of line; a protocol's line is judged only when it is whole. */
	if (t->mode == NETTOOL_TRACE_PLAIN)
		flush_partial(t, !from);
	if (what.len > 0) {
		add_lines(t, from, what);
	} else {
		flush_partial(t, from);
		begin_line(t, side(from), "");
		fputs("[ends]\n", t->to);
	}
	fflush(t->to);
}

void nettool_trace_end(struct nettool_trace *t, const char *note, int64_t now_ms)
{
	if (t == NULL)
		return;
	t->now_ms = now_ms;
	for (unsigned i = 0; i < 2; i++) {
		flush_partial(t, i);
		buffer_release(&t->partial[i]);
	}
	begin_line(t, '-', "");
	fprintf(t->to, "%s\n", note);
	fflush(t->to);
	buffer_release(&t->shown);
	free(t->name);
	free(t);
}
