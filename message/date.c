#include "message/date.h"

#include <stdio.h>
#include <time.h>

#include "base/text.h"

#define CLEAN_MAX 128                   /* octets of a date that are looked at, comments not counted */
#define INPUT_MAX 1000

static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
static const char weekdays[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };

/* Days from 1970-01-01, by eras of 400 years that begin on 1 March. */
static int64_t days_from_civil(int64_t year, int month, int day)
{
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t year_of_era = year - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

int64_t date_from_civil(const struct date_civil *c)
{
	return days_from_civil(c->year, c->month, c->day) * 86400 + c->hour * 3600 + c->minute * 60 + c->second;
}

void date_to_civil(int64_t unix_s, struct date_civil *c)
{
	int64_t days = unix_s / 86400, rest = unix_s % 86400;

	if (rest < 0) {
		rest += 86400;
		days--;
	}
	c->hour = (int)(rest / 3600);
	c->minute = (int)(rest / 60 % 60);
	c->second = (int)(rest % 60);
	c->weekday = (int)(((days + 4) % 7 + 7) % 7);
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t day_of_era = days - era * 146097;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month = (5 * day_of_year + 2) / 153;
	c->day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
	c->month = (int)(month < 10 ? month + 3 : month - 9);
	c->year = year_of_era + era * 400 + (c->month <= 2);
}

int date_month(struct bytes text)
{
	for (int i = 0; i < 12; i++) {
		if (bytes_starts_nocase(text, bytes_text(months[i])))
			return i + 1;
	}
	return 0;
}

const char *date_month_name(int month)
{
	return month >= 1 && month <= 12 ? months[month - 1] : "Jan";
}

const char *date_weekday_name(int weekday)
{
	return weekday >= 0 && weekday <= 6 ? weekdays[weekday] : "Sun";
}

/*
 * Words with one space between: comments, commas and line ends become spaces, none stays beside ":", and "21-Nov-1997" is three words.
 */
static struct bytes clean(struct bytes in, char out[CLEAN_MAX])
{
	size_t n = 0, depth = 0;

	for (size_t i = 0; i < in.len && i < INPUT_MAX && n < CLEAN_MAX; i++) {
		char octet = in.at[i];
		if (octet == '(')
			depth++;
		bool blank = depth > 0 || octet == ',' || text_is_space((unsigned char)octet);
		if (octet == ')' && depth > 0)
			depth--;
		bool beside = n > 0 && (text_is_alpha((unsigned char)out[n - 1]) ? n > 2 && date_month(bytes_of(out + n - 3, 3)) > 0 :
		                                                                   text_is_digit((unsigned char)out[n - 1]));
		if (octet == '-' && beside && i + 1 < in.len &&
		    (text_is_alpha((unsigned char)in.at[i + 1]) || text_is_alpha((unsigned char)out[n - 1])))
			blank = true;
		if (!blank && octet == ':' && n > 0 && out[n - 1] == ' ')
			n--;
		if (!blank)
			out[n++] = octet;
		else if (n > 0 && out[n - 1] != ' ' && out[n - 1] != ':')
			out[n++] = ' ';
	}
	return bytes_trim(bytes_of(out, n));
}

static const struct zone {
	const char *name;
	int offset_min;
} zones[] = {
	{ "UT", 0 }, { "UTC", 0 }, { "GMT", 0 }, { "Z", 0 }, { "EST", -300 }, { "EDT", -240 }, { "CST", -360 }, { "CDT", -300 },
	{ "MST", -420 }, { "MDT", -360 }, { "PST", -480 }, { "PDT", -420 },
	{ "CET", 60 }, { "CEST", 120 }, { "MET", 60 }, { "MEST", 120 }, { "BST", 60 }, { "EET", 120 }, { "EEST", 180 }, { "JST", 540 },
};

/* "+0100", "-05:30", "GMT+2", a name; what is unknown is UTC. */
static int read_zone(struct bytes word)
{
	size_t sign = 0;

	for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
		if (bytes_equal_nocase(word, bytes_text(zones[i].name)))
			return zones[i].offset_min;
	}
	while (sign < word.len && word.at[sign] != '+' && word.at[sign] != '-')
		sign++;
	int digits[4] = { 0 }, n = 0;
	for (size_t i = sign + 1; i < word.len && n < 4; i++) {
		if (text_is_digit((unsigned char)word.at[i]))
			digits[n++] = word.at[i] - '0';
	}
	int hours = n == 1 || n == 3 ? digits[0] : digits[0] * 10 + digits[1];
	int minutes = n == 3 ? digits[1] * 10 + digits[2] : n == 4 ? digits[2] * 10 + digits[3] : 0;
	if (n == 0 || hours > 23 || minutes > 59)
		return 0;
	return word.at[sign] == '-' ? -(hours * 60 + minutes) : hours * 60 + minutes;
}

/* "hh:mm", "hh:mm:ss", a fraction of a second is let go; a time that does not exist is midnight. */
static void read_time(struct bytes word, struct date_civil *c)
{
	struct bytes part;
	uint64_t value[3] = { 0 };
	int n = 0;

	for (bool more = true; more && n < 3; n++) {
		more = bytes_cut(&word, ':', &part);
		if (!bytes_to_u64(bytes_slice(part, 0, bytes_find(part, '.')), 99, &value[n]))
			return;
	}
	if (n < 2 || value[0] > 23 || value[1] > 59 || value[2] > 60)
		return;
	c->hour = (int)value[0];
	c->minute = (int)value[1];
	c->second = (int)value[2];
}

struct reading {
	struct date_civil civil;        /* day and month 0 until read */
	bool has_year, has_time, has_zone;
	int offset_min;
};

static int64_t full_year(uint64_t year, size_t n_digits)
{
	if (n_digits <= 2)
		return (int64_t)(year < 50 ? 2000 + year : 1900 + year);
	return (int64_t)(n_digits == 3 ? 1900 + year : year);
}

static void read_word(struct reading *r, struct bytes word)
{
	uint64_t number;
	bool is_date = r->civil.day > 0 && r->civil.month > 0 && r->has_year;

	if (bytes_find(word, ':') < word.len && text_is_digit((unsigned char)word.at[0]) && !r->has_time) {
		read_time(word, &r->civil);
		r->has_time = true;
	} else if (bytes_to_u64(word, 9999, &number)) {
		if (r->civil.day == 0 && word.len <= 2) {
			r->civil.day = (int)number;
		} else if (!r->has_year) {
			r->civil.year = full_year(number, word.len);
			r->has_year = true;
		}
	} else if (r->civil.month == 0 && text_is_alpha((unsigned char)word.at[0]) && date_month(word) > 0) {
		r->civil.month = date_month(word);
	} else if ((is_date || r->has_time) && !r->has_zone) {
		r->offset_min = read_zone(word);
		r->has_zone = true;
	}
}

static int days_in_month(int64_t year, int month)
{
	static const int days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

bool date_parse(struct bytes text, int64_t *unix_s, int *offset_min)
{
	char room[CLEAN_MAX];
	struct bytes rest = clean(text, room), word;
	struct reading r = { 0 };

	while (rest.len > 0) {
		bytes_cut(&rest, ' ', &word);
		if (word.len > 0)
			read_word(&r, word);
	}
	if (r.civil.month == 0 || r.civil.day == 0 || !r.has_year || r.civil.day > days_in_month(r.civil.year, r.civil.month))
		return false;
	*unix_s = date_from_civil(&r.civil) - r.offset_min * 60;
	if (offset_min)
		*offset_min = r.offset_min;
	return true;
}

void date_format(int64_t unix_s, int offset_min, char text[DATE_TEXT_SIZE])
{
	struct date_civil c;
	int offset = offset_min < 0 ? -offset_min : offset_min;

	if (offset >= 24 * 60)
		offset = offset_min = 0;
	unix_s += offset_min * 60;
	if (unix_s < -62167219200)      /* year 0 */
		unix_s = -62167219200;
	if (unix_s > 253402300799)      /* year 9999 */
		unix_s = 253402300799;
	date_to_civil(unix_s, &c);
	snprintf(text, DATE_TEXT_SIZE, "%s, %d %s %04d %02d:%02d:%02d %c%02d%02d", weekdays[c.weekday], c.day, months[c.month - 1], (int)c.year,
	         c.hour, c.minute, c.second, offset_min < 0 ? '-' : '+', offset / 60, offset % 60);
}

int date_local_offset_min(int64_t unix_s)
{
	time_t when = (time_t)unix_s;
	struct tm local;

	if (localtime_r(&when, &local) == NULL)
		return 0;
	return (int)(local.tm_gmtoff / 60);
}
