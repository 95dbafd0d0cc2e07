/* sasl_library: the one GNU SASL handle of the process, shared by the exchanges of auth. */
#ifndef AUTH_SASL_LIBRARY_H
#define AUTH_SASL_LIBRARY_H

#include <gsasl.h>

#include "auth/sasl_mechanism.h"

/* Made at the first call, in any thread; read-only from then on and kept until the process ends.  NULL: the library cannot start. */
Gsasl *sasl_library(void);
/* GNU SASL's client or server session of a mechanism; NULL when the library refuses. */
Gsasl_session *sasl_library_begin(enum sasl_mechanism, bool is_server);

#endif
