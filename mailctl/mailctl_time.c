#include "mailctl/mailctl_time.h"

#include "base/bytes.h"
#include "base/text.h"

bool mailctl_time_parse(const char *text, int64_t *ms)
{
	struct bytes number = bytes_text(text);
	uint64_t value;
	int64_t seconds;

	if (bytes_ends_nocase(number, BYTES("ms"))) {
		number.len -= 2;
		bool ok = bytes_to_u64(number, INT32_MAX, &value);
		*ms = ok ? (int64_t)value : 0;
		return ok;
	}
	if (!text_parse_duration_s(text, &seconds) || seconds > INT32_MAX / 1000)
		return false;
	*ms = seconds * 1000;
	return true;
}
