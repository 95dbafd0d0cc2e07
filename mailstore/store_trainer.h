/*
 * store_trainer: the thread that makes dictionaries from mail that is stored, beside all other work.  A process that packs no body has no such thread.
 *
 * Each dictionary has its time: the first when 256 messages have come, the next at 8,192 and at 262,144, of as many messages as give a good one.
 */
#ifndef MAILSTORE_STORE_TRAINER_H
#define MAILSTORE_STORE_TRAINER_H

struct store;
struct store_trainer;

struct store_trainer *store_trainer_create(struct store *);
/* Ends what is under way within about a second. */
void store_trainer_destroy(struct store_trainer *);
/* From any thread: a body was packed, and with a newer dictionary it might be smaller.  The first, and one in many, have the thread look. */
void store_trainer_note(struct store_trainer *);

#endif
