#include "nettool/nettool_square.h"

#include <openssl/bn.h>
#include <stdlib.h>

#include "base/text.h"

static bool square(const char *digits, struct buffer *out)
{
	BIGNUM *n = NULL;
	BN_CTX *context = BN_CTX_new();
	char *decimal = NULL;

	if (context && BN_dec2bn(&n, digits) > 0 && BN_sqr(n, n, context))
		decimal = BN_bn2dec(n);
	if (decimal)
		buffer_add_text(out, decimal);
	bool done = decimal != NULL;
	OPENSSL_free(decimal);
	BN_free(n);
	BN_CTX_free(context);
	return done;
}

const char *nettool_square(struct bytes number, struct buffer *out)
{
	struct bytes digits = bytes_skip(number, bytes_starts(number, BYTES("-")));

	if (digits.len == 0)
		return "a number has at least one digit";
	if (digits.len > NETTOOL_SQUARE_DIGITS_MAX)
		return "a number has at most 4096 digits";
	for (size_t i = 0; i < digits.len; i++)
		if (!text_is_digit((unsigned char)digits.at[i]))
			return "a number has digits only";
	char *text = bytes_dup(digits);
	bool done = square(text, out);
	free(text);
	return done ? NULL : "out of memory";
}
