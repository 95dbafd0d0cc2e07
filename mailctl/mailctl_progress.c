#include "mailctl/mailctl_progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

#define EVERY_MS 200
#define WIDTH 30

void mailctl_progress_start(struct mailctl_progress *progress)
{
	progress->is_shown = isatty(STDERR_FILENO) == 1;
	progress->start_ms = clock_monotonic_ms();
	progress->next_ms = progress->start_ms + EVERY_MS;
	progress->has_base = false;
}

void mailctl_progress_show(struct mailctl_progress *progress, uint64_t n, uint64_t done, uint64_t total)
{
	char bar[WIDTH + 1];
	int64_t now_ms = progress->is_shown ? clock_monotonic_ms() : 0;

	if (!progress->has_base) {
		progress->has_base = true;
		progress->base = done > 1 ? done - 1 : 0;
	}
	if (!progress->is_shown || now_ms < progress->next_ms || done == 0 || total == 0)
		return;
	progress->next_ms = now_ms + EVERY_MS;
	if (done > total)
		done = total;
	double share = (double)done / (double)total, took_s = (double)(now_ms - progress->start_ms) / 1000;
	int64_t left_s = done > progress->base ? (int64_t)(took_s * (double)(total - done) / (double)(done - progress->base)) : 0;
	for (int i = 0; i < WIDTH; i++)
		bar[i] = i < (int)(share * WIDTH) ? '#' : '.';
	bar[WIDTH] = '\0';
	fprintf(stderr, "\r[%s] %3.0f %%", bar, share * 100);
	if (n > 0)
		fprintf(stderr, "  %" PRIu64 " messages  %.0f/s", n, (double)n / took_s);
	fprintf(stderr, "  %" PRId64 ":%02" PRId64 " left \033[K", left_s / 60, left_s % 60);
}

int64_t mailctl_progress_end_ms(struct mailctl_progress *progress)
{
	int64_t took_ms = clock_monotonic_ms() - progress->start_ms;

	if (progress->is_shown)
		fputs("\r\033[K", stderr);
	return took_ms > 0 ? took_ms : 1;
}
