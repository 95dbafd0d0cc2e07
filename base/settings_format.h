/* settings_format: values written as the file would say them.  settings_format itself is declared in settings.h. */
#ifndef BASE_SETTINGS_FORMAT_H
#define BASE_SETTINGS_FORMAT_H

#include <stdint.h>

#include "base/settings.h"

/* The value of an INT, SIZE or DURATION row: 1000, "50M", "5d". */
void settings_format_number(const struct settings_row *row, int64_t value, struct buffer *out);

#endif
