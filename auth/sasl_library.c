#include "auth/sasl_library.h"

#include <pthread.h>

static Gsasl *library;

/* PLAIN and LOGIN servers only take the message apart here: sasl_server has the password checked in a worker afterwards. */
static int answer(Gsasl *ctx, Gsasl_session *session, Gsasl_property property)
{
	(void)ctx;
	(void)session;
	return property == GSASL_VALIDATE_SIMPLE ? GSASL_OK : GSASL_NO_CALLBACK;
}

static void begin(void)
{
	if (gsasl_init(&library) != GSASL_OK)
		library = NULL;
	else
		gsasl_callback_set(library, answer);
}

Gsasl *sasl_library(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, begin);
	return library;
}

Gsasl_session *sasl_library_begin(enum sasl_mechanism m, bool is_server)
{
	Gsasl *ctx = sasl_library();
	Gsasl_session *session = NULL;
	const char *name = sasl_mechanism_name(m);

	if (!ctx || (is_server ? gsasl_server_start(ctx, name, &session) : gsasl_client_start(ctx, name, &session)) != GSASL_OK)
		return NULL;
	return session;
}
