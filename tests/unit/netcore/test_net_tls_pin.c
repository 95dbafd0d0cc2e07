#include "netcore/net_tls_pin.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/check.h"

#define DIGITS "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static const struct pin_case {
	const char *name, *text;
	bool ok;
} cases[] = {
	{ "a pin", "sha256:" DIGITS, true },
	{ "no algorithm", DIGITS, false },
	{ "another algorithm", "sha512:" DIGITS, false },
	{ "a digit short", "sha256:00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", false },
	{ "an octet more", "sha256:" DIGITS "20", false },
	{ "no digits", "sha256:", false },
	{ "nothing", "", false },
};

/* A key that was made elsewhere, with the pin that `openssl pkey -pubout -outform DER | sha256sum` gives. */
#define KNOWN_PIN "3daef5252af639599c48552d5e9b053e9fcc7980c659112a565bb68b119a04ac"
static const char known_key[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgsAIYUmJVgK/TExlg\n"
	"z1UJoPC010YmtdE9g7s2GUcOdeihRANCAARUFexjFbkkc0DUocaSzRDJURS3YGy4\n"
	"Y/eTnlmNhGMjgDo0tTCXJmc6mx4PsO5rYpLjbhRUglGLP8VKMUx6GkJS\n"
	"-----END PRIVATE KEY-----\n";

int main(void)
{
	struct error err = { 0 };
	struct net_tls_pin pin, again;
	char text[NET_TLS_PIN_TEXT];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK_ROW(net_tls_pin_parse(cases[i].text, &pin, &err) == cases[i].ok, cases[i].name);
	CHECK(net_tls_pin_parse(cases[0].text, &pin, &err));
	CHECK_TEXT(net_tls_pin_format(&pin, text), cases[0].text, "a pin comes back as it was");

	CHECK_ROW(net_tls_pin_of_key(bytes_text(known_key), &pin, &err), err.text);
	CHECK_TEXT(net_tls_pin_format(&pin, text), "sha256:" KNOWN_PIN, "the pin is the SHA-256 of the SubjectPublicKeyInfo");

	char *key = net_tls_pin_new_key(&err);
	CHECK_ROW(key && net_tls_pin_of_key(bytes_text(key), &pin, &err), err.text);
	char *other = net_tls_pin_new_key(&err);
	CHECK_ROW(other && net_tls_pin_of_key(bytes_text(other), &again, &err) && memcmp(&pin, &again, sizeof pin) != 0, "no two keys are alike");
	struct net_tls_context *context = net_tls_pin_context(true, bytes_text(key), &again, 1, &err);
	CHECK_ROW(context != NULL, err.text);
	net_tls_context_unref(context);
	err = (struct error){ 0 };
	CHECK_ROW(net_tls_pin_context(false, bytes_text("no key"), &again, 1, &err) == NULL && err.kind == ERROR_SYNTAX, "what is no key is said so");
	free(key);
	free(other);
	return check_finish();
}
