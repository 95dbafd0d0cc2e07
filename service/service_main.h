/* service_main: what main() of a daemon calls. */
#ifndef SERVICE_SERVICE_MAIN_H
#define SERVICE_SERVICE_MAIN_H

struct service_program;

#define SERVICE_CONFIGURATION "/etc/posta/posta.conf"

/* Options (-c FILE, -t, -h, -V), keeper, server.  Returns the exit code (sysexits.h). */
int service_main(const struct service_program *, int argc, char **argv);

#endif
