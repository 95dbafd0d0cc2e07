#include "auth/sasl_mechanism.h"

static const struct mechanism {
	const char *name;
	bool is_cleartext;
} mechanisms[SASL_MECHANISM_COUNT] = {
	[SASL_SCRAM_SHA_256] = { "SCRAM-SHA-256", false },
	[SASL_PLAIN]         = { "PLAIN", true },
	[SASL_LOGIN]         = { "LOGIN", true },
};

const char *sasl_mechanism_name(enum sasl_mechanism m)
{
	return mechanisms[m].name;
}

bool sasl_mechanism_find(struct bytes name, enum sasl_mechanism *found)
{
	for (size_t i = 0; i < SASL_MECHANISM_COUNT; i++) {
		if (bytes_equal_nocase(name, bytes_text(mechanisms[i].name))) {
			*found = (enum sasl_mechanism)i;
			return true;
		}
	}
	return false;
}

bool sasl_mechanism_is_cleartext(enum sasl_mechanism m)
{
	return mechanisms[m].is_cleartext;
}

bool sasl_mechanism_choose(unsigned offered, bool allow_cleartext, enum sasl_mechanism *chosen)
{
	for (size_t i = 0; i < SASL_MECHANISM_COUNT; i++) {
		if (!(offered & SASL_BIT(i)) || (mechanisms[i].is_cleartext && !allow_cleartext))
			continue;
		*chosen = (enum sasl_mechanism)i;
		return true;
	}
	return false;
}
