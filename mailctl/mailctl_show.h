/* mailctl_show: times, sizes and other people's words, as a terminal and as JSON take them. */
#ifndef MAILCTL_MAILCTL_SHOW_H
#define MAILCTL_MAILCTL_SHOW_H

#include <jansson.h>
#include <stdint.h>

#include "base/arena.h"

#define MAILCTL_SHOW_SIZE 48

/* Local time, "2026-11-21 08:40:11"; each returns text. */
const char *mailctl_show_time(int64_t at_s, char text[MAILCTL_SHOW_SIZE]);
/* "2026-11-21 08:40:11.123" */
const char *mailctl_show_time_ms(int64_t at_ms, char text[MAILCTL_SHOW_SIZE]);
/* Until then: "now", "in 40 s", "in 5 min", "in 3 h", "in 4 d". */
const char *mailctl_show_wait(int64_t at_s, char text[MAILCTL_SHOW_SIZE]);
/* "812", "4.1K", "50.0M" */
const char *mailctl_show_octets(uint64_t, char text[MAILCTL_SHOW_SIZE]);

/* In the arena, with everything escaped that a terminal would obey; "" for NULL. */
const char *mailctl_show_text(struct arena *, const char *text);
/* null for NULL; what is no UTF-8 is escaped. */
json_t *mailctl_show_json(const char *text);
/* A time, null for 0. */
json_t *mailctl_show_json_time(int64_t at_s);

#endif
