#include "imap/imap_date.h"

#include "base/text.h"
#include "imap/imap_argument.h"
#include "message/date.h"

#define DAY_S 86400

static bool take_digits(struct bytes *rest, size_t min, size_t max, int *number)
{
	size_t n = 0;
	int value = 0;

	while (n < rest->len && n < max && text_is_digit((unsigned char)rest->at[n]))
		value = 10 * value + (rest->at[n++] - '0');
	if (n < min)
		return false;
	*number = value;
	*rest = bytes_skip(*rest, n);
	return true;
}

static bool is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in_month(int64_t year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* day "-" month "-" year */
static bool take_day(struct bytes *rest, struct date_civil *civil)
{
	int year;

	if (!take_digits(rest, 1, 2, &civil->day) || !imap_argument_octet(rest, '-'))
		return false;
	if (rest->len < 4 || rest->at[3] != '-' || (civil->month = date_month(bytes_slice(*rest, 0, 3))) == 0)
		return false;
	*rest = bytes_skip(*rest, 4);
	if (!take_digits(rest, 4, 4, &year))
		return false;
	civil->year = year;
	return civil->day >= 1 && civil->day <= days_in_month(year, civil->month);
}

static bool take_time(struct bytes *rest, struct date_civil *civil)
{
	return take_digits(rest, 2, 2, &civil->hour) && imap_argument_octet(rest, ':') &&
	       take_digits(rest, 2, 2, &civil->minute) && imap_argument_octet(rest, ':') &&
	       take_digits(rest, 2, 2, &civil->second) &&
	       civil->hour < 24 && civil->minute < 60 && civil->second <= 60;
}

static bool take_zone(struct bytes *rest, int *offset_min)
{
	bool is_west = imap_argument_octet(rest, '-');
	int hour, minute;

	if (!is_west && !imap_argument_octet(rest, '+'))
		return false;
	if (!take_digits(rest, 2, 2, &hour) || !take_digits(rest, 2, 2, &minute) || minute > 59)
		return false;
	*offset_min = (is_west ? -1 : 1) * (60 * hour + minute);
	return true;
}

bool imap_date_time_parse(struct bytes *rest, int64_t *unix_s)
{
	struct bytes at = *rest;
	struct date_civil civil = { 0 };
	int offset_min;

	if (!imap_argument_octet(&at, '"'))
		return false;
	while (imap_argument_space(&at))        /* date-day-fixed: " 1-Jan-2026" */
		;
	if (!take_day(&at, &civil) || !imap_argument_space(&at) || !take_time(&at, &civil) ||
	    !imap_argument_space(&at) || !take_zone(&at, &offset_min) || !imap_argument_octet(&at, '"'))
		return false;
	*unix_s = date_from_civil(&civil) - 60 * (int64_t)offset_min;
	*rest = at;
	return true;
}

void imap_date_time_format(int64_t unix_s, struct buffer *out)
{
	struct date_civil civil;

	date_to_civil(unix_s, &civil);
	buffer_printf(out, "\"%02d-%s-%04d %02d:%02d:%02d +0000\"", civil.day, date_month_name(civil.month),
	              (int)civil.year, civil.hour, civil.minute, civil.second);
}

bool imap_date_parse(struct bytes *rest, int64_t *day)
{
	struct bytes at = *rest;
	struct date_civil civil = { 0 };
	bool is_quoted = imap_argument_octet(&at, '"');

	if (!take_day(&at, &civil) || (is_quoted && !imap_argument_octet(&at, '"')))
		return false;
	*day = imap_date_day(date_from_civil(&civil));
	*rest = at;
	return true;
}

int64_t imap_date_day(int64_t unix_s)
{
	return unix_s >= 0 ? unix_s / DAY_S : -((-unix_s + DAY_S - 1) / DAY_S);
}
