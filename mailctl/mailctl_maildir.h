/*
 * mailctl_maildir: a Maildir and its subfolders (Maildir++: ".Lists.dev" is Lists/dev, names in modified UTF-7, "\2e" a dot of a name).  Flags are
 * those of the file's name, keywords the letters of dovecot-keywords, the internal date is the file's time of change.
 */
#ifndef MAILCTL_MAILCTL_MAILDIR_H
#define MAILCTL_MAILCTL_MAILDIR_H

#include "base/buffer.h"
#include "mailctl/mailctl_source.h"

struct mailctl_source *mailctl_maildir_open(const char *path, struct error *err);

/* The file-system name of a folder, ".Lists.dev"; "" stays "". */
void mailctl_maildir_name(const char *folder, struct buffer *out);

/* The letter of a flag in a file's name (D F R S T, in this order); '\0' past the last. */
struct mailctl_maildir_flag { char letter; uint64_t flag; };
extern const struct mailctl_maildir_flag mailctl_maildir_flags[5];
#define MAILCTL_MAILDIR_KEYWORDS 26     /* a to z */
#define MAILCTL_MAILDIR_KEYWORD_SIZE 64

/* What dovecot-keywords in this folder says; "" where a letter stands for nothing. */
void mailctl_maildir_keywords(int folder_fd, char keywords[MAILCTL_MAILDIR_KEYWORDS][MAILCTL_MAILDIR_KEYWORD_SIZE]);

#endif
