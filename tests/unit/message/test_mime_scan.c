/* The part tree: offsets by RFC 2046, and the same however the octets are cut. */
#include "message/mime_scan.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "tests/support/check.h"

/* A line a part: depth spaces, type/subtype, header offset+length, body offset+length, lines. */
static void print_part(const struct mime_tree *tree, uint32_t index, int depth, struct buffer *out)
{
	const struct mime_part *p = &tree->parts[index];

	buffer_printf(out, "%*s%.*s/%.*s %d+%d %d+%d %d%s%s\n", depth, "", BYTES_PRINT(p->type), BYTES_PRINT(p->subtype), (int)p->header_at,
	              (int)p->header_len, (int)p->body_at, (int)p->body_len, (int)p->lines, p->is_multipart ? " multipart" : "",
	              p->is_message ? " message" : "");
	for (uint32_t c = p->first_child; c != MIME_PART_NONE; c = tree->parts[c].next_sibling)
		print_part(tree, c, depth + 1, out);
}

static void scan(struct bytes message, size_t cut, struct buffer *shape, struct buffer *packed)
{
	struct mime_scan *s = mime_scan_create(1 << 20);

	while (message.len > 0) {
		mime_scan_feed(s, bytes_slice(message, 0, cut));
		message = bytes_skip(message, cut);
	}
	const struct mime_tree *tree = mime_scan_finish(s);
	print_part(tree, 0, 0, shape);
	mime_tree_pack(tree, packed);
	mime_scan_destroy(s);
}

static const struct scan_case {
	const char *claim, *message, *shape;
} cases[] = {
	{ "an empty message is an empty text", "", "text/plain 0+0 0+0 0\n" },
	{ "no header at all", "\r\nbody\r\n", "text/plain 0+2 2+6 1\n" },
	{ "a header without its empty line", "Subject: x\r\n", "text/plain 0+12 12+0 0\n" },
	{ "a header cut in a field", "Subject: x", "text/plain 0+10 10+0 0\n" },
	{ "a body without last line end", "A: b\r\n\r\none\r\ntwo", "text/plain 0+8 8+8 1\n" },
	{ "LF line ends are read", "A: b\n\none\ntwo\n", "text/plain 0+6 6+8 2\n" },
	{ "a bare CR ends no line", "A: b\r\n\r\none\rtwo\r\n", "text/plain 0+8 8+9 1\n" },
	{ "an mbox From line is content of the header", "From a@b\r\nContent-Type: text/html\r\n\r\nx", "text/html 0+37 37+1 0\n" },
	{ "a type that does not parse is text/plain", "Content-Type: text\r\n\r\nx", "text/plain 0+22 22+1 0\n" },
	{ "the first of two types counts", "Content-Type: text/html\r\nContent-Type: text/plain\r\n\r\nx", "text/html 0+53 53+1 0\n" },
	{ "two parts: the CRLF before a delimiter belongs to it",
	  "Content-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: text/html\r\n\r\ntwo\r\n\r\n--b--\r\nepilogue\r\n",
	  "multipart/mixed 0+45 45+78 11 multipart\n text/plain 60+2 62+3 0\n text/html 72+27 99+5 1\n" },
	{ "a closed multipart without last line end",
	  "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b--",
	  "multipart/mixed 0+45 45+17 3 multipart\n text/plain 50+2 52+3 0\n" },
	{ "a multipart that is never closed",
	  "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n",
	  "multipart/mixed 0+45 45+12 3 multipart\n text/plain 50+2 52+5 1\n" },
	{ "an inner multipart ends before the CRLF of the outer delimiter",
	  "Content-Type: multipart/mixed; boundary=out\r\n\r\n--out\r\nContent-Type: multipart/alternative; boundary=in\r\n\r\n--in\r\n\r\nx\r\n--in--\r\n--out--\r\n",
	  "multipart/mixed 0+47 47+87 8 multipart\n multipart/alternative 54+52 106+17 3 multipart\n  text/plain 112+2 114+1 0\n" },
	{ "the outer delimiter ends an inner multipart that is still open",
	  "Content-Type: multipart/mixed; boundary=out\r\n\r\n--out\r\nContent-Type: multipart/alternative; boundary=in\r\n\r\n--in\r\n\r\nx\r\n--out\r\n\r\ny\r\n--out--\r\n",
	  "multipart/mixed 0+47 47+91 10 multipart\n multipart/alternative 54+52 106+9 2 multipart\n  text/plain 112+2 114+1 0\n text/plain 124+2 126+1 0\n" },
	{ "a boundary that begins with another one is its own",
	  "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/mixed; boundary=ab\r\n\r\n--ab\r\n\r\nx\r\n--ab--\r\n--a--\r\n",
	  "multipart/mixed 0+45 45+77 8 multipart\n multipart/mixed 50+46 96+17 3 multipart\n  text/plain 102+2 104+1 0\n" },
	{ "text behind the boundary makes it no delimiter; white space does not",
	  "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b \t\r\n\r\nx\r\n--bc\r\n--b x\r\n--b--\r\n",
	  "multipart/mixed 0+45 45+32 6 multipart\n text/plain 52+2 54+14 2\n" },
	{ "a delimiter in a part's header ends the part",
	  "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n--b\r\n\r\nx\r\n--b--\r\n",
	  "multipart/mixed 0+45 45+47 6 multipart\n text/html 50+25 75+0 0\n text/plain 80+2 82+1 0\n" },
	{ "an empty part has length 0",
	  "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n--b--\r\n",
	  "multipart/mixed 0+45 45+14 3 multipart\n text/plain 50+2 52+0 0\n" },
	{ "a multipart without boundary is a leaf", "Content-Type: multipart/mixed\r\n\r\n--b\r\n", "multipart/mixed 0+33 33+5 1\n" },
	{ "a multipart without parts has none", "Content-Type: multipart/mixed; boundary=b\r\n\r\nnothing\r\n", "multipart/mixed 0+45 45+9 1\n" },
	{ "an enclosed message is a child",
	  "Content-Type: message/rfc822\r\n\r\nSubject: in\r\nContent-Type: text/html\r\n\r\nhello\r\n",
	  "message/rfc822 0+32 32+47 4 message\n text/html 32+40 72+7 1\n" },
	{ "an enclosed multipart ends with the part around it",
	  "Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: message/rfc822\r\n\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\nx\r\n--o--\r\n",
	  "multipart/mixed 0+45 45+99 9 multipart\n message/rfc822 50+32 82+53 4 message\n  multipart/mixed 82+45 127+8 2 multipart\n   text/plain 132+2 134+1 0\n" },
	{ "a digest's parts are messages unless they say otherwise",
	  "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: x\r\n\r\nhi\r\n--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n",
	  "multipart/digest 0+46 46+68 10 multipart\n message/rfc822 51+2 53+16 2 message\n  text/plain 53+14 67+2 0\n text/plain 76+28 104+1 0\n" },
	{ "a delivery status is no enclosed message",
	  "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n", "message/delivery-status 0+41 41+23 1\n" },
	{ "a quoted boundary keeps its spaces inside",
	  "Content-Type: multipart/mixed; boundary=\"a b\"\r\n\r\n--a b\r\n\r\nx\r\n--a b--\r\n",
	  "multipart/mixed 0+49 49+21 4 multipart\n text/plain 56+2 58+1 0\n" },
	{ "a quoted boundary keeps its spaces behind",
	  "Content-Type: multipart/mixed; boundary=\"b \"\r\n\r\n--b \r\n\r\nx\r\n--b\r\n--b --\r\n",
	  "multipart/mixed 0+48 48+24 5 multipart\n text/plain 54+2 56+6 1\n" },
	{ "a delimiter right behind another is the same one",
	  "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n--b\r\n\r\nx\r\n--b--\r\n",
	  "multipart/mixed 0+45 45+22 5 multipart\n text/plain 55+2 57+1 0\n" },
	{ "a folded boundary is found",
	  "Content-Type: multipart/mixed;\r\n\tboundary=\"b\"\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n",
	  "multipart/mixed 0+49 49+17 4 multipart\n text/plain 54+2 56+1 0\n" },
};

static void check_shapes(void)
{
	static const size_t cuts[] = { 1, 2, 3, 7, 64, 4096 };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (size_t c = 0; c < sizeof cuts / sizeof *cuts; c++) {
			struct buffer shape = { 0 }, packed = { 0 };
			scan(bytes_text(cases[i].message), cuts[c], &shape, &packed);
			CHECK_TEXT(shape.at, cases[i].shape, cases[i].claim);
			buffer_release(&shape);
			buffer_release(&packed);
		}
	}
}

/* n times the text. */
static void add_times(struct buffer *out, const char *text, size_t n)
{
	while (n-- > 0)
		buffer_add_text(out, text);
}

static void check_bounds(void)
{
	struct buffer message = { 0 };
	struct mime_scan *s;

	for (int i = 0; i < 200; i++)
		buffer_printf(&message, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i);
	s = mime_scan_create(1 << 20);
	mime_scan_feed(s, buffer_bytes(&message));
	CHECK_ROW(mime_scan_finish(s)->n == MIME_DEPTH_MAX, "nesting stops at the depth bound");
	mime_scan_destroy(s);

	buffer_clear(&message);
	buffer_add_text(&message, "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
	add_times(&message, "--b\r\n\r\nx\r\n", MIME_PARTS_MAX + 50);
	buffer_add_text(&message, "--b--\r\n");
	s = mime_scan_create(1 << 20);
	mime_scan_feed(s, buffer_bytes(&message));
	const struct mime_tree *tree = mime_scan_finish(s);
	CHECK_ROW(tree->n == MIME_PARTS_MAX, "parts stop at the bound");
	CHECK_ROW(tree->parts[0].body_at + tree->parts[0].body_len == message.len, "the parent keeps what is not a part");
	mime_scan_destroy(s);

	buffer_clear(&message);
	add_times(&message, "Content-Description: 0123456789012345678901234567890123456789012345678901234567890123456789\r\n", 20000);
	size_t header_len = message.len + 2;
	buffer_add_text(&message, "\r\nbody");
	s = mime_scan_create(1 << 16);
	mime_scan_feed(s, buffer_bytes(&message));
	tree = mime_scan_finish(s);
	CHECK_ROW(tree->parts[0].header_len == header_len, "a header over the bound is still measured");
	CHECK_ROW(mime_scan_root_header(s).len == 1 << 16, "and kept up to the bound");
	mime_scan_destroy(s);
	buffer_release(&message);
}

static void check_fields(void)
{
	const char *message = "Content-Type: image/png; name=\"a \\\"b\\\".png\"; x=y\r\nContent-ID:  <1@x>\r\nContent-Description: a\r\n b\r\n"
	                      "Content-Transfer-Encoding: Base64 (why)\r\nContent-Disposition: attachment; filename=c.png\r\nContent-MD5: m\r\n"
	                      "Content-Language: en, de\r\nContent-Location: http://x/\r\n\r\n";
	struct mime_scan *s = mime_scan_create(1 << 20);
	struct buffer packed = { 0 };
	struct arena arena = { 0 };
	struct mime_tree tree;

	mime_scan_feed(s, bytes_text(message));
	mime_tree_pack(mime_scan_finish(s), &packed);
	mime_scan_destroy(s);
	CHECK(mime_tree_unpack(buffer_bytes(&packed), &arena, &tree) && tree.n == 1);
	const struct mime_part *p = &tree.parts[0];
	CHECK(bytes_equal(p->id, BYTES("<1@x>")));
	CHECK(bytes_equal(p->description, BYTES("a b")));
	CHECK(bytes_equal(p->encoding, BYTES("Base64")));
	CHECK(bytes_equal(p->md5, BYTES("m")));
	CHECK(bytes_equal(p->language, BYTES("en, de")));
	CHECK(bytes_equal(p->location, BYTES("http://x/")));
	CHECK(bytes_equal(p->disposition, BYTES("attachment")));
	CHECK(p->n_parameters == 2 && bytes_equal(p->parameters[0].value, BYTES("a \"b\".png")));
	CHECK(p->n_disposition_parameters == 1 && bytes_equal(p->disposition_parameters[0].value, BYTES("c.png")));
	buffer_release(&packed);
	arena_reset(&arena);
}

static bool read_file(const char *path, struct buffer *out)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL)
		return false;
	do {
		n = fread(buffer_reserve(out, 65536), 1, 65536, f);
		buffer_added(out, n);
	} while (n > 0);
	fclose(f);
	return true;
}

/* Packed blobs survive the way there and back. */
static void check_round_trip(const char *path, const struct buffer *packed, const struct buffer *shape)
{
	struct arena arena = { 0 };
	struct mime_tree tree;
	struct buffer again = { 0 }, shape_again = { 0 };

	CHECK_ROW(mime_tree_unpack(buffer_bytes(packed), &arena, &tree), path);
	mime_tree_pack(&tree, &again);
	print_part(&tree, 0, 0, &shape_again);
	CHECK_ROW(bytes_equal(buffer_bytes(&again), buffer_bytes(packed)), path);
	CHECK_ROW(bytes_equal(buffer_bytes(&shape_again), buffer_bytes(shape)), path);
	for (size_t len = 0; len < packed->len && len < 2000; len++)
		CHECK_ROW(!mime_tree_unpack(bytes_slice(buffer_bytes(packed), 0, len), &arena, &tree), "a cut blob is refused");
	buffer_release(&again);
	buffer_release(&shape_again);
	arena_reset(&arena);
}

static void check_file(const char *path)
{
	static const size_t cuts[] = { 1, 7, 4096 };
	struct buffer message = { 0 }, shape = { 0 }, packed = { 0 };

	CHECK_ROW(read_file(path, &message), path);
	scan(buffer_bytes(&message), message.len + 1, &shape, &packed);
	check_round_trip(path, &packed, &shape);
	for (size_t c = 0; c < sizeof cuts / sizeof *cuts; c++) {
		struct buffer cut_shape = { 0 }, cut_packed = { 0 };
		scan(buffer_bytes(&message), cuts[c], &cut_shape, &cut_packed);
		CHECK_TEXT(cut_shape.at, shape.at, path);
		CHECK_ROW(bytes_equal(buffer_bytes(&cut_packed), buffer_bytes(&packed)), path);
		buffer_release(&cut_shape);
		buffer_release(&cut_packed);
	}
	buffer_release(&message);
	buffer_release(&shape);
	buffer_release(&packed);
}

static void check_folder_of_messages(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	if (dir == NULL) {
		printf("skipped: no corpus at %s\n", folder);
		return;
	}
	while ((entry = readdir(dir)) != NULL) {
		char path[1024];
		if (entry->d_name[0] != '.') {
			snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
			check_file(path);
		}
	}
	closedir(dir);
}

int main(void)
{
	const char *corpus = getenv("CORPUS") ? getenv("CORPUS") : "../shared/corpus";
	char folder[512];

	check_shapes();
	check_bounds();
	check_fields();
	snprintf(folder, sizeof folder, "%s/mime4j", corpus);
	check_folder_of_messages(folder);
	snprintf(folder, sizeof folder, "%s/rubymail", corpus);
	check_folder_of_messages(folder);
	return check_finish();
}
