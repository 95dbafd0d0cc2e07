#include "message/message_thread.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/memory.h"
#include "tests/support/check.h"

#define ITEMS_MAX 8

/* Ids are letters; "Re " begins the subject of a reply; the date is the place when 0. */
static const struct row {
	const char *claim;
	struct { const char *id, *references, *subject; int64_t sent; } items[ITEMS_MAX];
	const char *want;
} by_references[] = {
	{ "nothing", { { 0 } }, "" },
	{ "no references: each alone", { { "a", "", "x", 0 }, { "b", "", "y", 0 } }, "(1)(2)" },
	{ "a chain", { { "a", "", "x", 0 }, { "b", "a", "Re x", 0 }, { "c", "ab", "Re x", 0 } }, "(1 2 3)" },
	{ "several answers", { { "a", "", "x", 0 }, { "b", "a", "Re x", 0 }, { "c", "a", "Re x", 0 }, { "d", "ab", "Re x", 0 } }, "(1 (2 4)(3))" },
	{ "the answer before the question", { { "b", "a", "Re x", 5 }, { "a", "", "x", 1 } }, "(2 1)" },
	{ "siblings by date", { { "a", "", "x", 1 }, { "b", "a", "Re x", 9 }, { "c", "a", "Re x", 5 } }, "(1 (3)(2))" },
	{ "roots by date", { { "a", "", "x", 9 }, { "b", "", "y", 5 } }, "(2)(1)" },
	{ "a missing question with one answer", { { "b", "a", "Re x", 0 } }, "(1)" },
	{ "a missing question with two", { { "b", "a", "Re x", 0 }, { "c", "a", "Re x", 0 } }, "((1)(2))" },
	{ "a missing one in the middle", { { "a", "", "x", 0 }, { "c", "ab", "Re x", 0 }, { "d", "ab", "Re x", 0 } }, "(1 (2)(3))" },
	{ "missing ones above one another", { { "c", "xyz", "Re x", 0 }, { "d", "x", "Re x", 0 } }, "((1)(2))" },
	{ "the last reference is the parent", { { "a", "", "p", 0 }, { "b", "", "q", 0 }, { "c", "ba", "Re p", 0 } }, "(2 1 3)" },
	{ "a message's own References undo what another's said", { { "a", "", "p", 0 }, { "b", "", "q", 0 }, { "d", "ab", "Re p", 0 }, { "c", "a", "Re p", 0 } }, "(1 (2 3)(4))" },
	{ "the same id twice", { { "a", "", "x", 0 }, { "a", "", "y", 0 }, { "b", "a", "Re x", 0 } }, "(1 3)(2)" },
	{ "itself", { { "a", "a", "x", 0 } }, "(1)" },
	{ "two that answer each other", { { "a", "b", "x", 0 }, { "b", "a", "y", 0 } }, "(2 1)" },
	{ "a loop of three", { { "a", "b", "x", 0 }, { "b", "c", "y", 0 }, { "c", "a", "z", 0 } }, "(3 2 1)" },
	{ "loops within one list", { { "a", "abcabc", "x", 0 }, { "b", "ccbb", "y", 0 } }, "(1)(2)" },
	{ "one subject joins threads, the reply below", { { "a", "", "x", 0 }, { "b", "", "Re x", 0 } }, "(1 2)" },
	{ "a reply that came first goes below too", { { "b", "", "Re x", 0 }, { "a", "", "x", 0 } }, "(2 1)" },
	{ "two questions of one subject", { { "a", "", "x", 0 }, { "b", "", "x", 0 } }, "((1)(2))" },
	{ "three", { { "a", "", "x", 0 }, { "b", "", "x", 0 }, { "c", "", "x", 0 } }, "((1)(2)(3))" },
	{ "two replies without a question", { { "a", "", "Re x", 0 }, { "b", "", "Re x", 0 } }, "((1)(2))" },
	{ "a question goes into the group that misses one", { { "b", "q", "Re x", 0 }, { "c", "q", "Re x", 0 }, { "a", "", "x", 0 } }, "((1)(2)(3))" },
	{ "two such groups become one", { { "b", "q", "Re x", 0 }, { "c", "q", "Re x", 0 }, { "d", "p", "Re x", 0 }, { "e", "p", "Re x", 0 } }, "((1)(2)(3)(4))" },
	{ "no subject joins nothing", { { "a", "", "", 0 }, { "b", "", "", 0 } }, "(1)(2)" },
	{ "no id at all", { { "", "", "x", 0 }, { "", "", "Re x", 0 } }, "(1 2)" },
}, by_subject[] = {
	{ "nothing", { { 0 } }, "" },
	{ "one of each", { { "a", "", "y", 0 }, { "b", "", "x", 0 } }, "(1)(2)" },
	{ "two of one", { { "a", "", "x", 0 }, { "b", "", "Re x", 0 } }, "(1 2)" },
	{ "three of one", { { "a", "", "x", 0 }, { "b", "", "Re x", 0 }, { "c", "ab", "Re x", 0 } }, "(1 (2)(3))" },
	{ "by date within and among them", { { "a", "", "x", 9 }, { "b", "", "y", 5 }, { "c", "", "Re x", 1 } }, "(3 1)(2)" },
};

static void show(const struct message_threads *threads, struct buffer *out)
{
	uint32_t open[64];
	size_t n_open = 0;

	for (size_t i = 0; i < threads->n; i++) {
		const struct message_thread_node *node = &threads->at[i];
		while (n_open > 0 && open[n_open - 1] >= node->depth) {
			buffer_add_octet(out, ')');
			n_open--;
		}
		if (out->len > 0 && out->at[out->len - 1] != ')' && out->at[out->len - 1] != '(')
			buffer_add_octet(out, ' ');
		if (node->is_branch) {
			buffer_add_octet(out, '(');
			open[n_open++] = node->depth;
		}
		if (node->uid != 0)
			buffer_add_u64(out, node->uid);
	}
	for (; n_open > 0; n_open--)
		buffer_add_octet(out, ')');
	buffer_add_text(out, "");
}

typedef void thread_fn(const struct message_thread_item *, size_t, struct message_threads *);

static void check_row(const struct row *row, thread_fn *thread)
{
	struct message_thread_item items[ITEMS_MAX] = { 0 };
	uint64_t references[ITEMS_MAX][8];
	struct message_threads threads;
	struct buffer out = { 0 };
	size_t n = 0;

	for (; n < ITEMS_MAX && row->items[n].id != NULL; n++) {
		const char *subject = row->items[n].subject;
		items[n] = (struct message_thread_item){ .uid = (uint32_t)n + 1, .sent_s = row->items[n].sent ? row->items[n].sent : (int64_t)n };
		items[n].message_id = (uint64_t)row->items[n].id[0];
		items[n].is_reply = strncmp(subject, "Re ", 3) == 0;
		items[n].base_subject = bytes_text(subject + (items[n].is_reply ? 3 : 0));
		for (const char *at = row->items[n].references; *at; at++)
			references[n][items[n].n_references++] = (uint64_t)*at;
		items[n].references = references[n];
	}
	thread(items, n, &threads);
	show(&threads, &out);
	CHECK_TEXT(out.at ? out.at : "", row->want, row->claim);
	buffer_release(&out);
	message_threads_release(&threads);
}

/* Every message once, whatever the shape; fast enough that no shape is quadratic. */
static void check_large(const char *claim, uint64_t (*id)(uint32_t), uint64_t (*reference)(uint32_t, uint32_t), uint32_t n_references)
{
	enum { N = 100000 };
	struct message_thread_item *items = xcalloc(N, sizeof *items);
	uint64_t *references = xcalloc((size_t)N * n_references + 1, sizeof *references);
	struct message_threads threads;
	bool *seen = xcalloc(N + 1, 1);
	size_t n_seen = 0;

	for (uint32_t i = 0; i < N; i++) {
		items[i] = (struct message_thread_item){ .uid = i + 1, .sent_s = i, .message_id = id(i), .references = references + (size_t)i * n_references, .n_references = n_references };
		for (uint32_t k = 0; k < n_references; k++)
			references[(size_t)i * n_references + k] = reference(i, k);
	}
	int64_t start_ms = clock_monotonic_ms();
	message_thread_by_references(items, N, &threads);
	int64_t took_ms = clock_monotonic_ms() - start_ms;
	for (size_t i = 0; i < threads.n; i++)
		if (threads.at[i].uid != 0 && !seen[threads.at[i].uid]) {
			seen[threads.at[i].uid] = true;
			n_seen++;
		}
	CHECK_ROW(n_seen == N, claim);
	CHECK_ROW(took_ms < 10000, claim);
	message_threads_release(&threads);
	free(items);
	free(references);
	free(seen);
}

static uint64_t own(uint32_t i) { return i + 1; }
static uint64_t reversed(uint32_t i) { return 100000 - i; }
static uint64_t scattered(uint32_t i) { return (uint64_t)i * 31337 % 100003 + 1; }
static uint64_t one_before(uint32_t i, uint32_t k) { return i > 20 - k ? i - 19 + k : 0; }
static uint64_t one_behind(uint32_t i, uint32_t k) { (void)k; return i + 2; }
static uint64_t below(uint32_t i, uint32_t k) { (void)k; return 100000 - i > 1 ? 100000 - i - 1 : 0; }
static uint64_t scattered_before(uint32_t i, uint32_t k) { (void)k; return scattered(i) > 1 ? scattered(i) - 1 : 0; }
static uint64_t scattered_ancestors(uint32_t i, uint32_t k) { return scattered(i) > k + 1 ? scattered(i) - (20 - k) : 0; }
static uint64_t anything(uint32_t i, uint32_t k) { return ((uint64_t)i * 2654435761 + k * 40503) % 100000 + 1; }

int main(void)
{
	for (size_t i = 0; i < sizeof by_references / sizeof *by_references; i++)
		check_row(&by_references[i], message_thread_by_references);
	for (size_t i = 0; i < sizeof by_subject / sizeof *by_subject; i++)
		check_row(&by_subject[i], message_thread_by_subject);
	check_large("one long chain", own, one_before, 20);
	check_large("one long chain backwards", own, one_behind, 1);
	check_large("one long chain, the last comes first", reversed, below, 1);
	check_large("one long chain, scattered", scattered, scattered_before, 1);
	check_large("one long chain, scattered, each names twenty ancestors", scattered, scattered_ancestors, 20);
	check_large("references to anything", own, anything, 20);
	check_large("more references than are kept", own, anything, 100);
	return check_finish();
}
