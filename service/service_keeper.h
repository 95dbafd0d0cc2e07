/*
 * service_keeper: the small process that stays: reads configuration, certificate and key, holds the listening sockets, starts the
 * server, restarts it when it dies, and hands it a new reading at SIGHUP.  It speaks no network protocol and has no thread.
 */
#ifndef SERVICE_SERVICE_KEEPER_H
#define SERVICE_SERVICE_KEEPER_H

struct service_program;

/* Until SIGTERM or SIGINT.  Returns the exit code: 0 after a stop; what kept it from starting; the server's own when that never became ready. */
int service_keeper_run(const struct service_program *, const char *path);

/* On the channel, server to keeper: one octet. */
#define SERVICE_KEEPER_READY 'r'        /* accepting connections */
#define SERVICE_KEEPER_ALIVE 'a'        /* all loops answered: service_watchdog */
#define SERVICE_KEEPER_RELOADED 'l'     /* the new reading is in force, or refused and logged */

#endif
