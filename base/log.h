/*
 * log: one line an event on stderr, `level=info area=smtpd event=accepted queue=…`.  Thread-safe;
 * a line is one write.  Values are escaped by the logger: peer text can never break a line.
 * Secrets have no way in: callers pass names, never credentials.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* error = a human must act, warning = we coped, info = the journey, debug = off unless asked for. */
void log_set_level(enum log_level);
enum log_level log_get_level(void);
/* The default is standard error; -1 silences. */
void log_set_fd(int fd);

/*
 * area: the program or folder ("smtpd", "store"); event: one word, hyphens allowed.
 * format: `key=%s other=%zu` with printf directives.  Each conversion is one value: a value that
 * holds anything but printable ASCII without space, quote and '=' is written quoted, controls as \xNN.
 */
void log_error(const char *area, const char *event, const char *format, ...) __attribute__((format(printf, 3, 4)));
void log_warning(const char *area, const char *event, const char *format, ...) __attribute__((format(printf, 3, 4)));
void log_info(const char *area, const char *event, const char *format, ...) __attribute__((format(printf, 3, 4)));
void log_debug(const char *area, const char *event, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
