/* A date that is read is the same second when it is written and read again. */
#include <stdlib.h>

#include "message/date.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[DATE_TEXT_SIZE];
	int64_t when, again;
	int offset;

	if (!date_parse(bytes_of(data, size), &when, &offset))
		return 0;
	date_format(when, offset, text);
	/* Years below 1000 are written with four digits, and read as they are; the edges of the calendar are held. */
	if (when > -62167219200 + 86400 && when < 253402300799 - 86400 && (!date_parse(bytes_text(text), &again, NULL) || again != when))
		abort();
	return 0;
}
