#include "auth/password.h"

#include <gsasl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"

#define KEY_LEN 32

/* The password as SCRAM hashes it.  What SASLprep forbids is hashed as it is: it still serves PLAIN and LOGIN. */
static char *prepare(struct bytes password)
{
	char *raw = bytes_dup(password), *prepared = NULL;

	if (!text_is_utf8(password) || gsasl_saslprep(raw, GSASL_ALLOW_UNASSIGNED, &prepared, NULL) != GSASL_OK)
		return raw;
	if (prepared[0] == '\0') {
		gsasl_free(prepared);
		return raw;
	}
	char *ours = xstrdup(prepared);
	memory_wipe(prepared, strlen(prepared));
	gsasl_free(prepared);
	memory_wipe(raw, password.len);
	free(raw);
	return ours;
}

static bool hmac(const void *key, size_t key_len, const void *text, size_t len, unsigned char out[KEY_LEN])
{
	return HMAC(EVP_sha256(), key, (int)key_len, text, len, out, NULL) != NULL;
}

/* RFC 5802 3: SaltedPassword, then StoredKey = H(ClientKey) and ServerKey.  Uses iterations and salt of the record. */
static bool derive(struct bytes password, struct password_record *record)
{
	unsigned char salted[KEY_LEN], client_key[KEY_LEN];
	char *text = prepare(password);
	size_t len = strlen(text);

	bool ok = PKCS5_PBKDF2_HMAC(text, (int)len, record->salt, sizeof record->salt, (int)record->iterations, EVP_sha256(), KEY_LEN, salted) == 1
	       && hmac(salted, KEY_LEN, "Client Key", 10, client_key)
	       && EVP_Digest(client_key, KEY_LEN, record->stored_key, NULL, EVP_sha256(), NULL) == 1
	       && hmac(salted, KEY_LEN, "Server Key", 10, record->server_key);
	memory_wipe(salted, sizeof salted);
	memory_wipe(client_key, sizeof client_key);
	memory_wipe(text, len);
	free(text);
	return ok;
}

static bool is_usable(struct bytes password)
{
	return password.len > 0 && password.len <= PASSWORD_MAX && bytes_find(password, '\0') == password.len;
}

bool password_make(struct bytes password, uint32_t iterations, struct password_record *record, struct error *err)
{
	struct password_record made = { .iterations = iterations };

	if (password.len == 0)
		return error_set(err, ERROR_SYNTAX, "the password is empty");
	if (password.len > PASSWORD_MAX)
		return error_set(err, ERROR_LIMIT, "the password is longer than %d octets", PASSWORD_MAX);
	if (!is_usable(password))
		return error_set(err, ERROR_SYNTAX, "the password holds a NUL");
	if (iterations == 0 || iterations > INT32_MAX)
		return error_set(err, ERROR_LIMIT, "%u rounds of PBKDF2 cannot be done", iterations);
	random_octets(made.salt, sizeof made.salt);
	if (!derive(password, &made))
		return error_set(err, ERROR_SYSTEM, "PBKDF2 with SHA-256 is not available");
	*record = made;
	memory_wipe(&made, sizeof made);
	return true;
}

bool password_check(struct bytes password, const struct password_record *record)
{
	struct password_record again = *record;

	if (!is_usable(password) || record->iterations == 0 || record->iterations > INT32_MAX)
		return false;
	bool ok = derive(password, &again)
	       && memory_equal_secret(again.stored_key, record->stored_key, sizeof again.stored_key);
	memory_wipe(&again, sizeof again);
	return ok;
}

/* One value of a fake record: what = 1 salt, 2 and 3 the keys. */
static void fake_value(struct bytes name, const unsigned char secret[32], unsigned char what, void *out, size_t len)
{
	unsigned char value[KEY_LEN];
	char *text = xmalloc(name.len + 1);

	if (name.len > 0)
		memcpy(text, name.at, name.len);
	text_lower_bytes(text, name.len);
	text[name.len] = (char)what;
	if (hmac(secret, 32, text, name.len + 1, value))
		memcpy(out, value, len);
	free(text);
}

void password_fake(struct bytes name, const unsigned char secret[32], struct password_record *record)
{
	memset(record, 0, sizeof *record);
	record->iterations = PASSWORD_ITERATIONS;
	fake_value(name, secret, 1, record->salt, sizeof record->salt);
	/* No password is known whose derivation ends in these: they come from no derivation. */
	fake_value(name, secret, 2, record->stored_key, sizeof record->stored_key);
	fake_value(name, secret, 3, record->server_key, sizeof record->server_key);
}
