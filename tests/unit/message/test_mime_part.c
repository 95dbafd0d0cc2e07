/* Section numbers: the tree of the example in RFC 9051 6.4.5.1, and the odd ones. */
#include "message/mime_part.h"

#include "message/mime_scan.h"
#include "tests/support/check.h"

#define TYPE(type) "Content-Type: " type "\r\n\r\n"

/* Every body begins with its own section number. */
static const char *const example =
	TYPE("multipart/mixed; boundary=A")
	"--A\r\n" TYPE("text/plain") "1\r\n"
	"--A\r\n" TYPE("application/octet-stream") "2\r\n"
	"--A\r\n" TYPE("message/rfc822") TYPE("multipart/mixed; boundary=B")
	"--B\r\n" TYPE("text/plain") "3.1\r\n--B\r\n" TYPE("application/octet-stream") "3.2\r\n--B--\r\n"
	"--A\r\n" TYPE("multipart/mixed; boundary=C")
	"--C\r\n" TYPE("image/gif") "4.1\r\n"
	"--C\r\n" TYPE("message/rfc822") TYPE("multipart/mixed; boundary=D")
	"--D\r\n" TYPE("text/plain") "4.2.1\r\n"
	"--D\r\n" TYPE("multipart/alternative; boundary=E")
	"--E\r\n" TYPE("text/plain") "4.2.2.1\r\n--E\r\n" TYPE("text/richtext") "4.2.2.2\r\n--E--\r\n"
	"--D--\r\n--C--\r\n"
	"--A\r\n" TYPE("message/rfc822") "Subject: x\r\n\r\n5.1\r\n--A--\r\n";

static const struct path_case {
	uint32_t path[5];
	size_t n;
	const char *want;               /* subtype, then the body when it is short; NULL: no such part */
} cases[] = {
	{ { 0 }, 0, "mixed" },
	{ { 1 }, 1, "plain 1" },
	{ { 2 }, 1, "octet-stream 2" },
	{ { 3 }, 1, "rfc822" },
	{ { 3, 1 }, 2, "plain 3.1" },
	{ { 3, 2 }, 2, "octet-stream 3.2" },
	{ { 4 }, 1, "mixed" },
	{ { 4, 1 }, 2, "gif 4.1" },
	{ { 4, 2 }, 2, "rfc822" },
	{ { 4, 2, 1 }, 3, "plain 4.2.1" },
	{ { 4, 2, 2 }, 3, "alternative" },
	{ { 4, 2, 2, 1 }, 4, "plain 4.2.2.1" },
	{ { 4, 2, 2, 2 }, 4, "richtext 4.2.2.2" },
	{ { 5 }, 1, "rfc822" },
	{ { 5, 1 }, 2, "plain 5.1" },
	{ { 5, 2 }, 2, NULL },
	{ { 6 }, 1, NULL },
	{ { 0 }, 1, NULL },
	{ { 1, 1 }, 2, NULL },
	{ { 4, 1, 1 }, 3, NULL },
	{ { 4, 2, 2, 3 }, 4, NULL },
};

static void describe(const struct mime_part *part, const char *message, struct buffer *out)
{
	if (part == NULL)
		return;
	buffer_add_bytes(out, part->subtype);
	if (part->body_len < 10)
		buffer_printf(out, " %.*s", (int)part->body_len, message + part->body_at);
}

static void check_path(const char *message, const struct mime_tree *tree, const uint32_t *path, size_t n, const char *want)
{
	struct buffer got = { 0 };

	buffer_reserve(&got, 1);
	describe(mime_tree_find(tree, path, n), message, &got);
	CHECK_TEXT(got.at, want ? want : "", "section");
	buffer_release(&got);
}

static void check_single(const char *message, const char *one, const char *one_one)
{
	struct mime_scan *s = mime_scan_create(4096);
	uint32_t path[] = { 1, 1 };

	mime_scan_feed(s, bytes_text(message));
	const struct mime_tree *tree = mime_scan_finish(s);
	check_path(message, tree, path, 1, one);
	check_path(message, tree, path, 2, one_one);
	mime_scan_destroy(s);
}

int main(void)
{
	struct mime_scan *s = mime_scan_create(4096);
	struct arena arena = { 0 };
	struct mime_tree damaged;

	mime_scan_feed(s, bytes_text(example));
	const struct mime_tree *tree = mime_scan_finish(s);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		check_path(example, tree, cases[i].path, cases[i].n, cases[i].want);
	mime_scan_destroy(s);
	check_single("Subject: x\r\n\r\nhi", "plain hi", NULL);
	check_single(TYPE("message/rfc822") "A: b\r\n\r\nhi", "rfc822", "plain hi");
	CHECK(!mime_tree_unpack(BYTES(""), &arena, &damaged));
	CHECK_ROW(!mime_tree_unpack(BYTES("\2\1\0\0\0\0\0\0\0\0"), &arena, &damaged), "another version is refused");
	CHECK_ROW(!mime_tree_unpack(BYTES("\1\1\1\0\0\0\0\0\0\0"), &arena, &damaged), "a root with a parent is refused");
	CHECK_ROW(!mime_tree_unpack(BYTES("\1\xff\xff\xff\xff\x0f\0\0\0\0\0\0\0\0"), &arena, &damaged), "a count beyond the blob is refused");
	arena_reset(&arena);
	return check_finish();
}
