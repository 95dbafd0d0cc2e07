/* service_settings: the whole of posta.conf as one struct; the key table is in service_settings.c. */
#ifndef SERVICE_SERVICE_SETTINGS_H
#define SERVICE_SERVICE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/settings.h"
#include "netcore/net_addr.h"

enum service_kind { SERVICE_SMTP, SERVICE_SUBMISSION, SERVICE_LMTP, SERVICE_IMAP, SERVICE_METRICS };
enum service_tls { SERVICE_TLS_NONE, SERVICE_TLS_STARTTLS, SERVICE_TLS_IMPLICIT };
enum service_plaintext { SERVICE_PLAINTEXT_NEVER, SERVICE_PLAINTEXT_LOOPBACK, SERVICE_PLAINTEXT_ALWAYS };
enum service_compress { SERVICE_COMPRESS_NONE, SERVICE_COMPRESS_ZSTD };
enum service_peer_tls { SERVICE_PEER_NONE, SERVICE_PEER_OPPORTUNISTIC, SERVICE_PEER_REQUIRED, SERVICE_PEER_VERIFY };

struct service_listen {
	const char *address;            /* "127.0.0.1:10025" or "unix:/absolute/path" */
	int service, tls;               /* enum service_kind, enum service_tls */
	bool test;                      /* recipients script failures: smtpd_scripted */
	int64_t line;
};

struct service_peer {
	const char *domain, *address;   /* "b.test", "host:port" */
	int tls;                        /* enum service_peer_tls */
	int64_t connections;
	const char *ca;                 /* file with trusted certificates for verify; NULL = the system's */
	const char *username, *password_file;
	int64_t line;
};

struct service_settings {
	const char *path;               /* the configuration file, as it was named (absolute, when there are relative paths in it) */
	const char *hostname;
	struct settings_texts domains;
	const char *data_dir, *user, *postmaster;
	int64_t shards;
	bool ephemeral, catch_all, announce;
	int compress;                   /* enum service_compress */
	struct settings_list listen;    /* of struct service_listen */
	struct { const char *certificate, *key; int min_version; int64_t line; } tls;    /* min_version: 0 = "1.2", 1 = "1.3" */
	int plaintext_auth;             /* enum service_plaintext */
	struct settings_list peers;     /* of struct service_peer */
	struct service_peer smarthost;  /* address NULL = none; domain NULL */
	struct { struct settings_texts servers; const char *trust_anchor; } resolver;
	struct {
		uint64_t message_size, memory;
		int64_t recipients, connections, connections_per_ip, messages_per_day;
		struct settings_texts exempt;
	} limits;
	struct { int64_t lifetime_s, delay_notice_s; } queue;
	struct { int64_t threads; int level; bool sandbox; } process;
	/* derived after loading */
	struct net_cidr *exempt;
	size_t n_exempt;
};

/* The words of the file: "smtp", "starttls". */
const char *service_kind_name(int service);
const char *service_tls_name(int tls);

/* Load and check everything that needs no other file.  Error text begins with file:line. */
bool service_settings_load(const char *path, struct arena *, struct service_settings *, struct error *err);
bool service_settings_load_text(const char *text, const char *path, struct arena *, struct service_settings *, struct error *err);
/* The table, for `mailctl config show` and the manual. */
const struct settings_row *service_settings_rows(void);

#endif
