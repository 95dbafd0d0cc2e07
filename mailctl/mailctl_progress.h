/* mailctl_progress: a bar on a terminal, with rate and time left; nothing elsewhere. */
#ifndef MAILCTL_MAILCTL_PROGRESS_H
#define MAILCTL_MAILCTL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct mailctl_progress {               /* mailctl_progress_start */
	bool is_shown;
	int64_t start_ms, next_ms;
	bool has_base;
	uint64_t base;                  /* what was done before: it took no time */
};

/* On standard error, when that is a terminal. */
void mailctl_progress_start(struct mailctl_progress *);
/* n messages so far, 0 = they are not counted; done of total, whatever those count.  Cheap enough for every message. */
void mailctl_progress_show(struct mailctl_progress *, uint64_t n, uint64_t done, uint64_t total);
/* Wipes the bar; how long it took, at least 1. */
int64_t mailctl_progress_end_ms(struct mailctl_progress *);

#endif
