/* date: dates of header fields.  RFC 5322 3.3, obsolete forms of 4.3.  Proleptic Gregorian, no leap seconds. */
#ifndef MESSAGE_DATE_H
#define MESSAGE_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

#define DATE_TEXT_SIZE 40

struct date_civil {
	int64_t year;
	int month, day;                 /* from 1 */
	int hour, minute, second;
	int weekday;                    /* 0 = Sunday; not read by date_from_civil */
};

/* Unix seconds; fields out of their range are not checked. */
int64_t date_from_civil(const struct date_civil *);
void date_to_civil(int64_t unix_s, struct date_civil *);
/* "Jan" -> 1; 0 when text does not begin with a month's name. */
int date_month(struct bytes text);
const char *date_month_name(int month);         /* "Jan" */
const char *date_weekday_name(int weekday);     /* "Sun" */

/*
 * Read a date.  Tolerated: comments, folds, a missing or wrong weekday, two and three digit years, missing seconds, missing time (midnight), the
 * asctime order, zones by name; unknown or missing zones are UTC, a time that does not exist is midnight (RFC 5256 2.2).  False: no such day.
 * *offset_min (may be NULL): minutes east of UTC; the day the writer saw is that of *unix_s + 60 * offset.
 */
bool date_parse(struct bytes text, int64_t *unix_s, int *offset_min);
/* "Fri, 21 Nov 1997 09:55:06 -0600"; years are held to 0..9999. */
void date_format(int64_t unix_s, int offset_min, char text[DATE_TEXT_SIZE]);
/* Minutes east of UTC in this machine's time zone at that time. */
int date_local_offset_min(int64_t unix_s);

#endif
