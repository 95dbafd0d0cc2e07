#include "netcore/net_dns_walk.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "netcore/net_timer.h"

struct budget_of_steps {                /* shared by a walk and those it starts */
	unsigned steps;
	int64_t until_ms;
};

struct net_dns_walk {
	struct net_loop *loop;
	struct net_dns_walk_options options;    /* its roots: our copy */
	struct net_addr roots[NET_DNS_WALK_SERVERS_MAX];
	struct net_dns_question question, asked;        /* asked: where the aliases have led */
	struct net_dns_name zone;
	struct net_addr servers[NET_DNS_WALK_SERVERS_MAX];
	size_t n_servers, next_server;
	struct net_dns_name names[NET_DNS_WALK_SERVERS_MAX];    /* servers of the zone whose address nobody gave */
	size_t n_names, next_name;
	bool asks_v6;                           /* the present name's second look-up */
	unsigned aliases, depth;
	struct budget_of_steps own, *budget;
	struct net_dns_exchange *exchange;
	struct net_dns_walk *inner;             /* looks for a server's address */
	struct net_timer later, deadline;
	struct buffer answer;                   /* being written */
	struct net_dns_writer writer;
	struct error failure;
	net_dns_walk_fn *fn;
	void *owner;                            /* the first walk's, also for steps of inner ones */
	void *step_owner;
};

void net_dns_walk_cancel(struct net_dns_walk *w)
{
	if (w == NULL)
		return;
	net_dns_walk_cancel(w->inner);
	net_dns_exchange_cancel(w->exchange);
	net_timer_stop(&w->later);
	net_timer_stop(&w->deadline);
	buffer_release(&w->answer);
	net_loop_free_later(w->loop, w);
}

static void end(struct net_dns_walk *w, const struct error *err)
{
	net_dns_walk_fn *fn = w->fn;
	void *owner = w->owner;
	struct net_dns_message m = { 0 };
	struct buffer answer = w->answer;

	w->answer = (struct buffer){ 0 };
	if (err == NULL) {
		w->writer.out = &answer;
		net_dns_write_end(&w->writer);
		if (net_dns_message_parse(buffer_bytes(&answer), &m) != NET_DNS_OK) {
			error_set(&w->failure, ERROR_LIMIT, "the whole answer is too large");
			err = &w->failure;
		}
	}
	net_dns_walk_cancel(w);
	fn(owner, err == NULL ? &m : NULL, buffer_bytes(&answer), err);
	net_dns_message_release(&m);
	buffer_release(&answer);
}

static void fail(void *owner)
{
	struct net_dns_walk *w = owner;

	end(w, &w->failure);
}

/* Never from within a start: in the next pass. */
static void fail_later(struct net_dns_walk *w, enum error_kind kind, const char *why)
{
	char text[NET_DNS_NAME_TEXT];

	if (w->failure.kind == ERROR_NONE)
		error_set(&w->failure, kind, "%.120s: %s", net_dns_name_format(&w->asked.name, text), why);
	net_timer_start(&w->later, w->loop, 0, fail, w);
}

static void ask_next(struct net_dns_walk *);

static void go_to_root(struct net_dns_walk *w)
{
	net_dns_name_root(&w->zone);
	memcpy(w->servers, w->roots, sizeof w->servers);
	w->n_servers = w->options.n_roots;
	w->next_server = w->n_names = w->next_name = 0;
}

/* ---- a server whose address is not known ---- */

static void add_server(struct net_dns_walk *w, const struct net_dns_record *r)
{
	char text[INET6_ADDRSTRLEN];
	int family = r->type == NET_DNS_A ? AF_INET : AF_INET6;

	if ((r->type != NET_DNS_A && r->type != NET_DNS_AAAA) || w->n_servers == NET_DNS_WALK_SERVERS_MAX)
		return;
	inet_ntop(family, r->data.at, text, sizeof text);
	if (net_addr_from_ip(text, NET_DNS_PORT, &w->servers[w->n_servers]))
		w->n_servers++;
}

static void on_inner(void *owner, const struct net_dns_message *m, struct bytes octets, const struct error *err)
{
	struct net_dns_walk *w = owner;

	(void)octets;
	(void)err;
	w->inner = NULL;
	for (size_t i = 0; m != NULL && i < m->n_records; i++)
		if (m->records[i].section == NET_DNS_ANSWER)
			add_server(w, &m->records[i]);
	ask_next(w);
}

static struct net_dns_walk *create(struct net_loop *, const struct net_dns_walk_options *, const struct net_dns_question *, struct budget_of_steps *);

static void look_for_server(struct net_dns_walk *w)
{
	struct net_dns_question q = {
		.name = w->names[w->next_name], .type = w->asks_v6 ? NET_DNS_AAAA : NET_DNS_A, .class = NET_DNS_IN,
	};

	if (w->asks_v6)
		w->next_name++;
	w->asks_v6 = !w->asks_v6;
	w->inner = create(w->loop, &w->options, &q, w->budget);
	w->inner->depth = w->depth + 1;
	w->inner->fn = on_inner;
	w->inner->owner = w;
	w->inner->step_owner = w->step_owner;
	ask_next(w->inner);
}

/* ---- what an answer means ---- */

/* NS records of the authority section for a zone between ours and the name: its name. */
static const struct net_dns_name *find_referral(const struct net_dns_walk *w, const struct net_dns_message *m)
{
	for (size_t i = 0; i < m->n_records; i++) {
		const struct net_dns_record *r = &m->records[i];
		if (r->section == NET_DNS_AUTHORITY && r->type == NET_DNS_NS && r->name.len > w->zone.len &&
		    net_dns_name_is_below(&r->name, &w->zone) && net_dns_name_is_below(&w->asked.name, &r->name))
			return &r->name;
	}
	return NULL;
}

static bool has_glue(struct net_dns_walk *w, const struct net_dns_message *m, const struct net_dns_name *server)
{
	bool found = false;

	/* a server speaks for addresses inside its own zone only */
	if (!net_dns_name_is_below(server, &w->zone))
		return false;
	for (size_t i = 0; i < m->n_records; i++) {
		const struct net_dns_record *r = &m->records[i];
		if (r->section != NET_DNS_ADDITIONAL || !net_dns_name_equal(&r->name, server))
			continue;
		found = found || r->type == NET_DNS_A || r->type == NET_DNS_AAAA;
		add_server(w, r);
	}
	return found;
}

static void follow(struct net_dns_walk *w, const struct net_dns_message *m, const struct net_dns_name *zone)
{
	struct net_dns_name server;

	w->n_servers = w->next_server = w->n_names = w->next_name = 0;
	w->asks_v6 = false;
	for (size_t i = 0; i < m->n_records; i++) {
		const struct net_dns_record *r = &m->records[i];
		if (r->section != NET_DNS_AUTHORITY || r->type != NET_DNS_NS || !net_dns_name_equal(&r->name, zone))
			continue;
		if (net_dns_data_target(NET_DNS_NS, r->data, &server) && !has_glue(w, m, &server) && w->n_names < NET_DNS_WALK_SERVERS_MAX)
			w->names[w->n_names++] = server;
	}
	w->zone = *zone;
}

/* Take what the message says of the name asked, and of those it is an alias for, as long as they are in this server's zone.  True: data was found. */
static bool take_answers(struct net_dns_walk *w, const struct net_dns_message *m, bool *was_alias)
{
	bool again = true, found = false;

	while (again && !found && w->aliases <= NET_DNS_WALK_ALIASES_MAX) {
		struct net_dns_name alias_of = { 0 };
		again = false;
		for (size_t i = 0; i < m->n_records; i++) {
			const struct net_dns_record *r = &m->records[i];
			if (r->section != NET_DNS_ANSWER || !net_dns_name_equal(&r->name, &w->asked.name) || !net_dns_name_is_below(&r->name, &w->zone))
				continue;
			net_dns_write_record(&w->writer, NET_DNS_ANSWER, r);
			found = found || r->type == w->asked.type || w->asked.type == NET_DNS_ANY;
			if (r->type == NET_DNS_CNAME && w->asked.type != NET_DNS_CNAME)
				again = net_dns_data_target(NET_DNS_CNAME, r->data, &alias_of);
		}
		if (again && !found) {
			w->asked.name = alias_of;
			w->aliases++;
			*was_alias = true;
		}
	}
	return found;
}

static void end_without_data(struct net_dns_walk *w, const struct net_dns_message *m)
{
	for (size_t i = 0; i < m->n_records; i++)
		if (m->records[i].section == NET_DNS_AUTHORITY && m->records[i].type != NET_DNS_NS)
			net_dns_write_record(&w->writer, NET_DNS_AUTHORITY, &m->records[i]);
	w->answer.at[w->writer.base + 3] = (char)(w->answer.at[w->writer.base + 3] | (char)m->rcode);
	end(w, NULL);
}

static bool is_useless(const struct net_dns_walk *w, const struct net_dns_message *m)
{
	if (m->rcode != NET_DNS_NOERROR && m->rcode != NET_DNS_NXDOMAIN)
		return true;
	return !(m->flags & NET_DNS_AUTHORITATIVE) && find_referral(w, m) == NULL;
}

static void on_answer(void *owner, const struct net_dns_message *m, const struct net_dns_exchange_facts *facts, const struct error *err)
{
	struct net_dns_walk *w = owner;
	const struct net_dns_name *referral = m == NULL || (m->flags & NET_DNS_AUTHORITATIVE) ? NULL : find_referral(w, m);
	struct net_dns_step step = {
		&w->asked, &w->zone, &w->servers[w->next_server - 1], m, facts, err, referral, w->depth,
	};
	bool was_alias = false;

	w->exchange = NULL;
	if (w->options.step != NULL)
		w->options.step(w->step_owner, &step);
	if (m == NULL || is_useless(w, m)) {
		ask_next(w);
	} else if (referral != NULL) {
		follow(w, m, referral);
		ask_next(w);
	} else if (take_answers(w, m, &was_alias)) {
		end(w, NULL);
	} else if (was_alias && w->aliases > NET_DNS_WALK_ALIASES_MAX) {
		fail_later(w, ERROR_LIMIT, "too long a chain of aliases");
	} else if (was_alias && !(m->rcode == NET_DNS_NXDOMAIN && net_dns_name_is_below(&w->asked.name, &w->zone))) {
		go_to_root(w);
		ask_next(w);
	} else {
		end_without_data(w, m);
	}
}

static void ask_next(struct net_dns_walk *w)
{
	int64_t left = w->budget->until_ms - net_loop_now_ms(w->loop);
	struct net_dns_exchange_options options = { .wants_dnssec = w->options.wants_dnssec };

	if (w->next_server == w->n_servers) {
		if (w->next_name < w->n_names && w->depth < NET_DNS_WALK_DEPTH_MAX)
			look_for_server(w);
		else
			fail_later(w, ERROR_TRY_LATER, "no name server of its zone gave an answer");
		return;
	}
	if (w->budget->steps++ >= NET_DNS_WALK_STEPS_MAX) {
		fail_later(w, ERROR_LIMIT, "too many questions on the way");
		return;
	}
	options.server = w->servers[w->next_server++];
	options.deadline_ms = left < w->options.server_ms ? (left > 0 ? left : 0) : w->options.server_ms;
	w->exchange = net_dns_exchange_start(w->loop, &options, &w->asked, on_answer, w);
}

static void on_deadline(void *owner)
{
	struct net_dns_walk *w = owner;

	error_set(&w->failure, ERROR_TRY_LATER, "no answer in time");
	end(w, &w->failure);
}

static struct net_dns_walk *create(struct net_loop *loop, const struct net_dns_walk_options *options, const struct net_dns_question *q,
                                   struct budget_of_steps *budget)
{
	struct net_dns_walk *w = xcalloc(1, sizeof *w);

	w->loop = loop;
	w->options = *options;
	if (w->options.n_roots > NET_DNS_WALK_SERVERS_MAX)
		w->options.n_roots = NET_DNS_WALK_SERVERS_MAX;
	memcpy(w->roots, options->roots, w->options.n_roots * sizeof *w->roots);
	w->options.roots = w->roots;
	w->question = w->asked = *q;
	w->own.until_ms = net_loop_now_ms(loop) + options->deadline_ms;
	w->budget = budget != NULL ? budget : &w->own;
	net_dns_write_begin(&w->writer, &w->answer, NET_DNS_MESSAGE_MAX, 0, NET_DNS_RESPONSE);
	net_dns_write_question(&w->writer, &q->name, q->type, q->class);
	go_to_root(w);
	return w;
}

struct net_dns_walk *net_dns_walk_start(struct net_loop *loop, const struct net_dns_walk_options *options, const struct net_dns_question *q,
                                        net_dns_walk_fn *fn, void *owner)
{
	struct net_dns_walk *w = create(loop, options, q, NULL);

	w->fn = fn;
	w->owner = w->step_owner = owner;
	net_timer_start(&w->deadline, loop, options->deadline_ms, on_deadline, w);
	ask_next(w);
	return w;
}

size_t net_dns_hints_read(const char *path, struct net_addr *at, size_t max, struct error *err)
{
	char line[1024], *rest, *word, *last;
	FILE *file = fopen(path, "re");
	size_t n = 0;

	if (file == NULL) {
		error_set(err, ERROR_NOT_FOUND, "%s cannot be read", path);
		return 0;
	}
	while (n < max && fgets(line, sizeof line, file) != NULL) {
		bool is_address = false;
		line[strcspn(line, ";\r\n")] = '\0';
		last = NULL;
		for (word = strtok_r(line, " \t", &rest); word != NULL; word = strtok_r(NULL, " \t", &rest)) {
			if (last != NULL)
				is_address = strcasecmp(last, "A") == 0 || strcasecmp(last, "AAAA") == 0;
			last = word;
		}
		if (is_address && net_addr_from_ip(last, NET_DNS_PORT, &at[n]))
			n++;
	}
	fclose(file);
	if (n == 0)
		error_set(err, ERROR_SYNTAX, "%s names no address (lines \"NAME TTL A ADDRESS\")", path);
	return n;
}
