/* service_version: what every program's --version says. */
#ifndef SERVICE_SERVICE_VERSION_H
#define SERVICE_SERVICE_VERSION_H

#define SERVICE_VERSION "0.2"

#endif
