#include "mua/mua_safe_name.h"

#include "base/text.h"
#include "tests/support/check.h"

static const struct name_case {
	const char *name, *given, *safe, *second;
} cases[] = {
	{ "a plain name stays", "report.pdf", "report.pdf", "report (1).pdf" },
	{ "letters beyond ASCII stay", "M\xc3\xbcll.txt", "M\xc3\xbcll.txt", "M\xc3\xbcll (1).txt" },
	{ "folders go", "../../../../tmp/x/PWNED.txt", "PWNED.txt", "PWNED (1).txt" },
	{ "an absolute path goes", "/etc/passwd", "passwd", "passwd (1)" },
	{ "backslashes count as folders", "C:\\Windows\\evil.exe", "evil.exe", "evil (1).exe" },
	{ "nothing behind the slash", "a/", "attachment", "attachment (1)" },
	{ "two dots", "..", "attachment", "attachment (1)" },
	{ "no hidden files", ".bashrc", "bashrc", "bashrc (1)" },
	{ "a control before the dot does not hide it", "\x01.bashrc", "bashrc", "bashrc (1)" },
	{ "dots and blanks at the end go", "a.exe. . ", "a.exe", "a (1).exe" },
	{ "controls go", "enc\x1b[31m\r\nnl.txt", "enc[31mnl.txt", "enc[31mnl (1).txt" },
	{ "C1 goes", "a\xc2\x9b" "b", "ab", "ab (1)" },
	{ "right-to-left override goes", "exe.\xe2\x80\xaegpj.exe", "exe.gpj.exe", "exe.gpj (1).exe" },
	{ "what is no UTF-8 becomes _", "a\xff" "b", "a_b", "a_b (1)" },
	{ "no option", "-rf", "_rf", "_rf (1)" },
	{ "a dash and an extension", "-.x", "_.x", "_ (1).x" },
	{ "the shell's signs are only signs", "|touch $(id).sh", "|touch $(id).sh", "|touch $(id) (1).sh" },
	{ "nothing", "", "attachment", "attachment (1)" },
	{ "a long extension is none", "a.bcdefghijklmnopqrstuvwxyz", "a.bcdefghijklmnopqrstuvwxyz", "a.bcdefghijklmnopqrstuvwxyz (1)" },
};

static void check_long(const char *letter, size_t n)
{
	struct buffer given = { 0 }, safe = { 0 };

	for (size_t i = 0; i < n; i++)
		buffer_add_text(&given, letter);
	buffer_add_text(&given, ".tar.gz");
	mua_safe_name(&safe, buffer_bytes(&given));
	CHECK_ROW(safe.len <= MUA_SAFE_NAME_MAX && safe.len > MUA_SAFE_NAME_MAX - 5, "a long name is cut");
	CHECK_ROW(bytes_ends_nocase(buffer_bytes(&safe), BYTES(".gz")), "and keeps its extension");
	CHECK_ROW(text_is_utf8(buffer_bytes(&safe)), "no character is cut in half");
	buffer_release(&given);
	buffer_release(&safe);
}

int main(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buffer safe = { 0 }, second = { 0 };
		mua_safe_name(&safe, bytes_text(cases[i].given));
		CHECK_TEXT(safe.at, cases[i].safe, cases[i].name);
		mua_safe_name_number(&second, buffer_bytes(&safe), 1);
		CHECK_TEXT(second.at, cases[i].second, cases[i].name);
		buffer_release(&safe);
		buffer_release(&second);
	}
	check_long("a", 300);
	check_long("\xe5\xb1\xb1", 300);
	return check_finish();
}
