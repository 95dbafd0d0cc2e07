/*
 * settings_source: the text of a configuration file with every @include put in its place, and which line of
 * which file each of its lines came from.  Refuses what libconfig's scanner would alter without a word:
 * whole numbers of more than 32 bits.
 */
#ifndef BASE_SETTINGS_SOURCE_H
#define BASE_SETTINGS_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"

struct settings_origin {
	const char *file;
	int line;                       /* from 1 */
};

/* Zero-initialise; settings_source_release after either function below, also when it failed. */
struct settings_source {
	struct buffer text;
	struct settings_origin *lines;  /* the origin of each line of text */
	size_t n_lines, capacity;
};

/* Read the file; included files are named relative to its folder.  At most 1 MiB and ten files deep. */
bool settings_source_read(struct settings_source *, const char *path, struct arena *, struct error *err);
/* The same for text that was read elsewhere; an @include in it is refused. */
bool settings_source_set(struct settings_source *, const char *text, const char *path, struct arena *, struct error *err);
void settings_source_release(struct settings_source *);

/* Where a line of the text (from 1) came from; lines out of reach give the nearest. */
struct settings_origin settings_source_origin(const struct settings_source *, int line);

/* `name` as seen from the folder of the file `path`; absolute names as they are.  Lives in the arena. */
const char *settings_source_beside(const char *path, const char *name, struct arena *);

#endif
