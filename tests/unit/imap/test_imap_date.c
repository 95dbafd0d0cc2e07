#include "imap/imap_date.h"

#include "tests/support/check.h"

static const struct row {
	const char *claim, *text;
	bool ok;
	int64_t unix_s;
} rows[] = {
	{ "with a zone", "\"17-Jul-1996 02:44:25 -0700\"", true, 837596665 },
	{ "in UTC", "\"01-Jan-1970 00:00:00 +0000\"", true, 0 },
	{ "a day with a space in front", "\" 1-Jan-1970 01:00:00 +0100\"", true, 0 },
	{ "before 1970", "\"31-Dec-1969 23:59:59 +0000\"", true, -1 },
	{ "a leap day", "\"29-Feb-2024 00:00:00 +0000\"", true, 1709164800 },
	{ "a day that is not", "\"29-Feb-2023 00:00:00 +0000\"", false, 0 },
	{ "a month that is not", "\"01-Foo-2023 00:00:00 +0000\"", false, 0 },
	{ "an hour that is not", "\"01-Jan-2023 24:00:00 +0000\"", false, 0 },
	{ "no zone", "\"01-Jan-2023 00:00:00\"", false, 0 },
	{ "no quotes", "01-Jan-2023 00:00:00 +0000", false, 0 },
};

int main(void)
{
	struct buffer out = { 0 };
	struct bytes rest;
	int64_t value;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		rest = bytes_text(rows[i].text);
		bool ok = imap_date_time_parse(&rest, &value);
		CHECK_ROW(ok == rows[i].ok, rows[i].claim);
		CHECK_ROW(!ok || (value == rows[i].unix_s && rest.len == 0), rows[i].claim);
	}
	imap_date_time_format(837596665, &out);
	CHECK_TEXT(out.at, "\"17-Jul-1996 09:44:25 +0000\"", "internal dates are written in UTC");
	rest = BYTES("1-Feb-1994 x");
	CHECK_ROW(imap_date_parse(&rest, &value) && value == 8797, "a date without a time");
	rest = BYTES("\"01-Feb-1994\"");
	CHECK_ROW(imap_date_parse(&rest, &value) && value == 8797, "a date may be quoted");
	CHECK_ROW(imap_date_day(-1) == -1 && imap_date_day(0) == 0 && imap_date_day(86399) == 0 && imap_date_day(86400) == 1, "days are rounded down");
	buffer_release(&out);
	return check_finish();
}
