/* error: what went wrong, for the caller to sort and for a person to read. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>

enum error_kind {
	ERROR_NONE,
	ERROR_SYNTAX,                   /* the input breaks its grammar */
	ERROR_LIMIT,                    /* over a configured or built-in bound */
	ERROR_NOT_FOUND,
	ERROR_EXISTS,
	ERROR_DENIED,                   /* not allowed; wrong password; certificate refused */
	ERROR_TRY_LATER,                /* busy, timed out, lost lease, peer gone: may work later */
	ERROR_FULL,                     /* disk or quota full */
	ERROR_CORRUPT,                  /* stored data contradicts itself */
	ERROR_SYSTEM,                   /* a system call failed: sys_errno says which way */
	ERROR_CLOSED,                   /* the peer ended the connection in good order */
};

/* Zero-initialise.  Functions leave it untouched on success. */
struct error {
	enum error_kind kind;
	int sys_errno;                  /* 0 unless kind is ERROR_SYSTEM or a system call caused it */
	char text[240];                 /* one sentence without a final stop, printable */
};

/* All return false, so that `return error_set(err, …)` reads well.  err may be NULL. */
bool error_set(struct error *err, enum error_kind, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Appends ": " and the system's text for sys_errno.  ENOSPC and EDQUOT become ERROR_FULL. */
bool error_set_errno(struct error *err, int sys_errno, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Put "context: " in front of the text. */
bool error_prefix(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
void error_clear(struct error *err);

/* The only place that sorts temporary from permanent: TRY_LATER, FULL, CORRUPT, SYSTEM, CLOSED are temporary. */
bool error_is_temporary(const struct error *err);
/* "limit", "not-found", …: for logs. */
const char *error_kind_name(enum error_kind);

#endif
