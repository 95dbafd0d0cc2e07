/* service_notify: telling the service manager how we are (sd_notify(3)), without its library. */
#ifndef SERVICE_SERVICE_NOTIFY_H
#define SERVICE_SERVICE_NOTIFY_H

/* One datagram to NOTIFY_SOCKET, such as "READY=1"; nothing when there is none. */
void service_notify(const char *state);
/* RELOADING=1 with the monotonic time that systemd wants beside it. */
void service_notify_reloading(void);

#endif
