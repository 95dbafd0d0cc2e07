/* imap_date: the two date forms of IMAP.  RFC 9051 9: date-time ("17-Jul-1996 02:44:25 -0700") and date (1-Feb-1994). */
#ifndef IMAP_IMAP_DATE_H
#define IMAP_IMAP_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/bytes.h"

/* A quoted date-time off the front of *rest, as Unix seconds.  False: grammar or no such day. */
bool imap_date_time_parse(struct bytes *rest, int64_t *unix_s);
/* Quoted, in UTC. */
void imap_date_time_format(int64_t unix_s, struct buffer *);

/* A date, quoted or not, as the day's number since 1 January 1970. */
bool imap_date_parse(struct bytes *rest, int64_t *day);
/* The day of a time in UTC, rounded down. */
int64_t imap_date_day(int64_t unix_s);

#endif
