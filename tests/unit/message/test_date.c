#include "message/date.h"

#include "tests/support/check.h"

#define NEVER INT64_MIN

static const struct date_case {
	const char *claim, *text;
	int64_t want;
	int offset_min;
} cases[] = {
	{ "RFC 5322", "Fri, 21 Nov 1997 09:55:06 -0600", 880127706, -360 },
	{ "no weekday", "21 Nov 1997 09:55:06 -0600", 880127706, -360 },
	{ "no space behind the comma", "Fri,21 Nov 1997 09:55:06 -0600", 880127706, -360 },
	{ "a comment with the zone's name", "Fri, 21 Nov 1997 09:55:06 -0600 (CST)", 880127706, -360 },
	{ "a wrong weekday", "Mon, 21 Nov 1997 09:55:06 -0600", 880127706, -360 },
	{ "RFC 822 year and zone", "21 Nov 97 09:55:06 GMT", 880106106, 0 },
	{ "year 03 is 2003", "1 Jan 03 00:00:00 +0000", 1041379200, 0 },
	{ "year 103 is 2003", "1 Jan 103 00:00:00 +0000", 1041379200, 0 },
	{ "EDT", "Tue, 1 Jul 2003 10:52:37 EDT", 1057071157, -240 },
	{ "PST", "Wed, 31 Dec 2003 16:00:00 PST", 1072915200, -480 },
	{ "a military letter is UTC", "1 Jan 2000 00:00:00 A", 946684800, 0 },
	{ "an unknown zone is UTC", "1 Jan 2000 00:00:00 XYZ", 946684800, 0 },
	{ "no zone", "1 Jan 2000 00:00:00", 946684800, 0 },
	{ "no seconds", "1 Jan 2000 12:30 +0100", 946726200, 60 },
	{ "no time", "1 Jan 2000", 946684800, 0 },
	{ "asctime order", "Fri Nov 21 09:55:06 1997", 880106106, 0 },
	{ "date with a zone before the year", "Fri Nov 21 09:55:06 GMT 1997", 880106106, 0 },
	{ "with hyphens", "21-Nov-1997 09:55:06 -0600", 880127706, -360 },
	{ "spaces around colons", "Fri, 21 Nov 1997 09 : 55 : 06 -0600", 880127706, -360 },
	{ "folded", "Fri,\r\n 21 Nov 1997\r\n\t09:55:06 -0600", 880127706, -360 },
	{ "comments all over", "(a)Fri(b),(c)21(d)Nov 1997 09:55:06(e(f)) -0600", 880127706, -360 },
	{ "a colon in the zone", "21 Nov 1997 09:55:06 -06:00", 880127706, -360 },
	{ "GMT and an offset", "21 Nov 1997 09:55:06 GMT-0600", 880127706, -360 },
	{ "India", "1 Jan 2000 05:30:00 +0530", 946684800, 330 },
	{ "a leap second", "31 Dec 2016 23:59:60 +0000", 1483228800, 0 },
	{ "29 February of a leap year", "29 Feb 2000 00:00:00 +0000", 951782400, 0 },
	{ "before 1970", "1 Jan 1969 00:00:00 +0000", -31536000, 0 },
	{ "a time that does not exist is midnight", "1 Jan 2000 25:61:00 +0000", 946684800, 0 },
	{ "an absurd offset is UTC", "1 Jan 2000 00:00:00 +9999", 946684800, 0 },
	{ "a long month name", "1 January 2000 00:00:00 +0000", 946684800, 0 },
	{ "a fraction of a second", "1 Jan 2000 00:00:00.123 +0000", 946684800, 0 },
	{ "29 February of no leap year", "29 Feb 1999 00:00:00 +0000", NEVER, 0 },
	{ "32 January", "32 Jan 2000 00:00:00 +0000", NEVER, 0 },
	{ "day 0", "0 Jan 2000 00:00:00 +0000", NEVER, 0 },
	{ "no month", "1 2000 00:00:00 +0000", NEVER, 0 },
	{ "nothing", "", NEVER, 0 },
	{ "rubbish", "yesterday at noon", NEVER, 0 },
};

int main(void)
{
	char text[DATE_TEXT_SIZE];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t got = NEVER;
		int offset = -1;
		bool ok = date_parse(bytes_text(cases[i].text), &got, &offset);
		CHECK_ROW(ok == (cases[i].want != NEVER), cases[i].claim);
		CHECK_ROW(got == cases[i].want, cases[i].claim);
		CHECK_ROW(!ok || offset == cases[i].offset_min, cases[i].claim);
	}
	date_format(880127706, -360, text);
	CHECK_TEXT(text, "Fri, 21 Nov 1997 09:55:06 -0600", "formats with an offset");
	date_format(0, 0, text);
	CHECK_TEXT(text, "Thu, 1 Jan 1970 00:00:00 +0000", "formats UTC");
	date_format(INT64_MAX / 2, 0, text);
	CHECK_TEXT(text, "Fri, 31 Dec 9999 23:59:59 +0000", "far years are held");
	for (int64_t when = -62135596800; when < 4102444800; when += 86400 * 97 + 3671) {
		struct date_civil civil;
		int64_t again;
		date_to_civil(when, &civil);
		CHECK_ROW(date_from_civil(&civil) == when, "civil and back");
		date_format(when, 90, text);
		if (civil.year >= 1000)
			CHECK_ROW(date_parse(bytes_text(text), &again, NULL) && again == when, "what is formatted reads back");
	}
	return check_finish();
}
