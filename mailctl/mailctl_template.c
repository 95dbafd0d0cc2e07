#include "mailctl/mailctl_template.h"

#include <string.h>

static void write_identity(const struct mailctl_template *t, struct buffer *out)
{
	buffer_printf(out,
	              "# Posta's configuration.  smtpd -t -c FILE checks it; SIGHUP makes the daemons read it again.\n"
	              "# Paths are relative to this file's folder.  Sizes take K, M, G; times s, m, h, d.\n"
	              "# mailctl config show prints every key with its value.\n\n"
	              "# This host's own name: greeting, EHLO and Received lines.\n"
	              "hostname = \"%s\";\n\n"
	              "# The domains a new store begins with; mailctl domain add makes more.\n"
	              "domains = [ \"%s\" ];\n\n"
	              "# All mail: users, mailboxes, messages and queue.\n"
	              "data_dir = \"%s\";\n\n", t->hostname, t->domain, t->data_dir);
	if (t->is_ephemeral)
		buffer_add_text(out, "# A test bench: nothing is synced, and all mail is deleted when the last daemon ends.\nephemeral = true;\n\n");
	buffer_add_text(out, "# What a daemon started as root becomes; without it, the owner of data_dir.\n");
	buffer_printf(out, "%suser = \"%s\";\n\n", t->user != NULL ? "" : "# ", t->user != NULL ? t->user : "posta");
	buffer_add_text(out, "# Who gets the mail to postmaster@ and abuse@ of a new store; without it, its first user.\n");
	if (t->postmaster != NULL)
		buffer_printf(out, "postmaster = \"%s\";\n\n", t->postmaster);
	else
		buffer_printf(out, "# postmaster = \"you@%s\";\n\n", t->domain);
}

static void write_listen(const struct mailctl_template *t, struct buffer *out)
{
	static const struct { int port; const char *service, *tls, *what; } rows[] = {
		{ 25, "smtp", "starttls", "mail from other hosts" },
		{ 587, "submission", "starttls", "mail from users, who log in" },
		{ 465, "submission", "implicit", "the same, TLS from the first octet" },
		{ 143, "imap", "starttls", "mailboxes" },
		{ 993, "imap", "implicit", "the same, TLS from the first octet" },
	};
	bool v6 = strchr(t->listen, ':') != NULL;

	buffer_add_text(out, "# Where and what is served: smtp submission lmtp imap; tls: none starttls implicit.\n"
	                     "# IPv6 has rows of its own, as \"[::]:25\".\nlisten = (\n");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		buffer_printf(out, "  { address = \"%s%s%s:%d\"; service = \"%s\"; tls = \"%s\"; },   # %s\n", v6 ? "[" : "", t->listen,
		              v6 ? "]" : "", t->has_any_ports ? 0 : t->port_base + rows[i].port, rows[i].service, rows[i].tls, rows[i].what);
	buffer_printf(out, "  { address = \"unix:%s\"; service = \"lmtp\"; }   # local programs, local recipients\n);\n\n", t->lmtp);
}

static void write_trust(const struct mailctl_template *t, struct buffer *out)
{
	buffer_add_text(out, "# The certificate was made by mailctl init; tls/ca.pem is what clients have to trust.  Put one from a\n"
	                     "# public authority here, the certificates between it and the root behind it, and send SIGHUP.\n"
	                     "tls = { certificate = \"tls/cert.pem\"; key = \"tls/key.pem\"; min_version = \"1.2\"; };\n\n"
	                     "# May a password come without TLS?  never | loopback (both ends on this host) | always.\n");
	buffer_printf(out, "plaintext_auth = \"%s\";\n\n", t->is_loopback ? "loopback" : "never");
	buffer_add_text(out, "# Domains whose server is known by address; tls: none opportunistic required verify.\n");
	if (t->n_peers == 0) {
		buffer_add_text(out, "# peers = ( { domain = \"b.test\"; address = \"127.0.0.1:20025\"; tls = \"opportunistic\"; } );\n\n");
		return;
	}
	buffer_add_text(out, "peers = (\n");
	for (size_t i = 0; i < t->n_peers; i++)
		buffer_printf(out, "  { domain = \"%s\"; address = \"%s\"; tls = \"opportunistic\"; }%s\n", t->peers[i].domain,
		              t->peers[i].address, i + 1 < t->n_peers ? "," : "");
	buffer_add_text(out, ");\n\n");
}

void mailctl_template_write(const struct mailctl_template *t, struct buffer *out)
{
	write_identity(t, out);
	write_listen(t, out);
	write_trust(t, out);
	buffer_add_text(out,
	                "# The values below are the defaults (0: no limit).\n"
	                "# limits = {\n"
	                "#   message_size = \"50M\";\n"
	                "#   recipients = 1000;            # of one message\n"
	                "#   connections = 10000;          # at once, per daemon\n"
	                "#   connections_per_ip = 50;\n"
	                "#   exempt = [ \"127.0.0.0/8\", \"::1\" ];   # limits per address pass these over\n"
	                "# };\n"
	                "# queue = { lifetime = \"5d\"; delay_notice = \"4h\"; };\n"
	                "# process = { level = \"info\"; sandbox = true; };\n");
}
