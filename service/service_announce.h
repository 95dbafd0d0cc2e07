/* service_announce: `announce = true`: the mail services of this daemon told to the local network (DNS-SD; names of RFC 6186 and 8314).  The sockets are made before the sandbox. */
#ifndef SERVICE_SERVICE_ANNOUNCE_H
#define SERVICE_SERVICE_ANNOUNCE_H

struct service;

/* Before the sandbox.  A host that cannot is logged as a warning; without the setting nothing happens. */
void service_announce_open(struct service *);
/* In loop 0, when the ports are known. */
void service_announce_start(struct service *);
/* In loop 0: goodbye.  Legal when nothing was started. */
void service_announce_stop(struct service *);
/* After the loop's last pass. */
void service_announce_close(struct service *);

#endif
