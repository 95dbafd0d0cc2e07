/* mailctl_time: times on the command line. */
#ifndef MAILCTL_MAILCTL_TIME_H
#define MAILCTL_MAILCTL_TIME_H

#include <stdbool.h>
#include <stdint.h>

/* "500ms", "5s", "2m", "1h"; a number alone is seconds.  At most 24 days. */
bool mailctl_time_parse(const char *text, int64_t *ms);

#endif
