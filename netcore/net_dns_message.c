#include "netcore/net_dns_message.h"

#include <assert.h>
#include <stdio.h>

#define HEADER 12
#define RECORD_MIN 11                   /* root name, type, class, ttl, length */
#define QUESTION_MIN 5

const char *net_dns_rcode_format(unsigned rcode, char text[NET_DNS_TYPE_TEXT])
{
	static const char *const names[] = {
		"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE",
	};

	if (rcode < sizeof names / sizeof *names)
		snprintf(text, NET_DNS_TYPE_TEXT, "%s", names[rcode]);
	else
		snprintf(text, NET_DNS_TYPE_TEXT, rcode == 16 ? "BADVERS" : "RCODE%u", rcode);
	return text;
}

/* ---- reading ---- */

struct reader {
	struct bytes octets;
	size_t at;
};

static unsigned read_u16(struct reader *r)
{
	const unsigned char *at = (const unsigned char *)r->octets.at + r->at;

	r->at += 2;
	return (unsigned)at[0] << 8 | at[1];
}

static bool has(const struct reader *r, size_t n)
{
	return r->octets.len - r->at >= n;
}

static enum net_dns_status read_question(struct reader *r, struct net_dns_question *q)
{
	enum net_dns_status status = net_dns_name_read(r->octets, &r->at, &q->name);

	if (status != NET_DNS_OK)
		return status;
	if (!has(r, 4))
		return NET_DNS_SHORT;
	q->type = (uint16_t)read_u16(r);
	q->class = (uint16_t)read_u16(r);
	return NET_DNS_OK;
}

static enum net_dns_status read_record(struct reader *r, struct net_dns_record *record, struct arena *arena)
{
	enum net_dns_status status = net_dns_name_read(r->octets, &r->at, &record->name);
	struct buffer data = { 0 };

	if (status != NET_DNS_OK)
		return status;
	if (!has(r, 10))
		return NET_DNS_SHORT;
	record->type = (uint16_t)read_u16(r);
	record->class = (uint16_t)read_u16(r);
	record->ttl = (uint32_t)read_u16(r) << 16;
	record->ttl |= read_u16(r);
	size_t len = read_u16(r);
	if (!has(r, len))
		return NET_DNS_SHORT;
	status = net_dns_data_read(record->type, r->octets, r->at, len, &data);
	if (status == NET_DNS_OK)
		record->data = arena_bytes(arena, buffer_bytes(&data));
	buffer_release(&data);
	r->at += len;
	return status;
}

/* The OPT record says things about the message, in the fields of a record.  RFC 6891 6.1.3. */
static void take_edns(struct net_dns_message *m, const struct net_dns_record *opt)
{
	m->edns = (struct net_dns_edns){
		.is_there = true, .udp_size = opt->class, .wants_dnssec = (opt->ttl & 0x8000u) != 0, .version = (uint8_t)(opt->ttl >> 16),
	};
	m->rcode |= opt->ttl >> 24 << 4;
}

static enum net_dns_status read_records(struct reader *r, struct net_dns_message *m, const size_t counts[3])
{
	for (unsigned section = 0; section < 3; section++) {
		for (size_t i = 0; i < counts[section]; i++) {
			struct net_dns_record *record = &m->records[m->n_records];
			enum net_dns_status status = read_record(r, record, &m->arena);
			if (status != NET_DNS_OK)
				return status;
			record->section = (enum net_dns_section)section;
			if (record->type == NET_DNS_OPT && section == NET_DNS_ADDITIONAL && !m->edns.is_there)
				take_edns(m, record);
			else
				m->n_records++;
		}
	}
	return r->at == r->octets.len ? NET_DNS_OK : NET_DNS_DATA;
}

static enum net_dns_status parse(struct reader *r, struct net_dns_message *m)
{
	size_t counts[3];

	if (!has(r, HEADER))
		return NET_DNS_SHORT;
	m->id = (uint16_t)read_u16(r);
	m->flags = (uint16_t)read_u16(r);
	m->rcode = m->flags & NET_DNS_RCODE;
	size_t n_questions = read_u16(r), n_records = 0;
	for (unsigned i = 0; i < 3; i++)
		n_records += counts[i] = read_u16(r);
	/* what the counts promise is allocated only when the octets could hold it */
	if (n_questions * QUESTION_MIN + n_records * RECORD_MIN > r->octets.len - r->at)
		return NET_DNS_SHORT;
	m->questions = arena_alloc(&m->arena, (n_questions + 1) * sizeof *m->questions);
	m->records = arena_alloc(&m->arena, (n_records + 1) * sizeof *m->records);
	for (; m->n_questions < n_questions; m->n_questions++) {
		enum net_dns_status status = read_question(r, &m->questions[m->n_questions]);
		if (status != NET_DNS_OK)
			return status;
	}
	return read_records(r, m, counts);
}

enum net_dns_status net_dns_message_parse(struct bytes octets, struct net_dns_message *m)
{
	struct reader r = { octets, 0 };

	*m = (struct net_dns_message){ 0 };
	if (octets.len > NET_DNS_MESSAGE_MAX)
		return NET_DNS_LONG;
	enum net_dns_status status = parse(&r, m);
	if (status != NET_DNS_OK)
		net_dns_message_release(m);
	return status;
}

void net_dns_message_release(struct net_dns_message *m)
{
	arena_reset(&m->arena);
	*m = (struct net_dns_message){ 0 };
}

/* ---- writing ---- */

static void add_u16(struct buffer *out, unsigned value)
{
	buffer_add_octet(out, (char)(value >> 8));
	buffer_add_octet(out, (char)value);
}

static void set_u16(struct net_dns_writer *w, size_t at, unsigned value)
{
	w->out->at[w->base + at] = (char)(value >> 8);
	w->out->at[w->base + at + 1] = (char)value;
}

void net_dns_write_begin(struct net_dns_writer *w, struct buffer *out, size_t max, uint16_t id, uint16_t flags)
{
	assert(max >= HEADER && max <= NET_DNS_MESSAGE_MAX);
	*w = (struct net_dns_writer){ .out = out, .base = out->len, .max = max };
	add_u16(out, id);
	add_u16(out, flags);
	for (unsigned i = 0; i < 4; i++)
		add_u16(out, 0);
}

/* The offset where this name stands already, 0 when it does not. */
static size_t find_place(const struct net_dns_writer *w, const struct net_dns_name *name)
{
	struct bytes message = bytes_of(w->out->at + w->base, w->out->len - w->base);
	struct net_dns_name there;

	for (size_t i = 0; i < w->n_places; i++) {
		size_t at = w->places[i];
		if (net_dns_name_read(message, &at, &there) == NET_DNS_OK && net_dns_name_equal(&there, name))
			return w->places[i];
	}
	return 0;
}

static void write_name(struct net_dns_writer *w, struct net_dns_name name)
{
	while (name.len > 1) {
		size_t place = find_place(w, &name), here = w->out->len - w->base;
		if (place != 0) {
			add_u16(w->out, 0xc000u | (unsigned)place);
			return;
		}
		buffer_add(w->out, name.at, name.at[0] + 1u);
		/* noted when the name is whole: until then it cannot be read */
		if (w->n_places < sizeof w->places / sizeof *w->places && here < 0x4000)
			w->places[w->n_places++] = (uint16_t)here;
		struct net_dns_name rest = { 0 };
		net_dns_name_parent(&name, &rest);
		name = rest;
	}
	buffer_add_octet(w->out, '\0');
}

static bool undo(struct net_dns_writer *w, size_t len, size_t n_places)
{
	buffer_truncate(w->out, len);
	w->n_places = n_places;
	w->is_truncated = true;
	return false;
}

static bool is_over(const struct net_dns_writer *w)
{
	return w->out->len - w->base > w->max;
}

bool net_dns_write_question(struct net_dns_writer *w, const struct net_dns_name *name, uint16_t type, uint16_t class)
{
	size_t len = w->out->len, n_places = w->n_places;

	write_name(w, *name);
	add_u16(w->out, type);
	add_u16(w->out, class);
	if (is_over(w))
		return undo(w, len, n_places);
	w->counts[0]++;
	return true;
}

static void write_data(struct net_dns_writer *w, unsigned type, struct bytes data)
{
	size_t places[2], n = net_dns_data_compressible(type, data, places), from = 0;
	struct net_dns_name name;

	for (size_t i = 0; i < n; i++) {
		buffer_add(w->out, data.at + from, places[i] - from);
		from = places[i];
		if (net_dns_name_read(data, &from, &name) != NET_DNS_OK)
			break;
		write_name(w, name);
	}
	buffer_add_bytes(w->out, bytes_skip(data, from));
}

bool net_dns_write_record(struct net_dns_writer *w, enum net_dns_section section, const struct net_dns_record *record)
{
	size_t len = w->out->len, n_places = w->n_places;

	if (w->is_truncated)
		return false;
	write_name(w, record->name);
	add_u16(w->out, record->type);
	add_u16(w->out, record->class);
	add_u16(w->out, record->ttl >> 16);
	add_u16(w->out, record->ttl & 0xffff);
	size_t length_at = w->out->len - w->base;
	add_u16(w->out, 0);
	write_data(w, record->type, record->data);
	if (is_over(w))
		return undo(w, len, n_places);
	set_u16(w, length_at, (unsigned)(w->out->len - w->base - length_at - 2));
	w->counts[1 + section]++;
	return true;
}

bool net_dns_write_edns(struct net_dns_writer *w, const struct net_dns_edns *edns, unsigned rcode)
{
	struct net_dns_record opt = {
		.type = NET_DNS_OPT, .class = edns->udp_size,
		.ttl = (uint32_t)(rcode >> 4) << 24 | (uint32_t)edns->version << 16 | (edns->wants_dnssec ? 0x8000u : 0),
	};
	bool was_truncated = w->is_truncated;

	net_dns_name_root(&opt.name);
	w->is_truncated = false;
	bool fits = net_dns_write_record(w, NET_DNS_ADDITIONAL, &opt);
	w->is_truncated = w->is_truncated || was_truncated;
	return fits;
}

void net_dns_write_end(struct net_dns_writer *w)
{
	for (unsigned i = 0; i < 4; i++)
		set_u16(w, 4 + 2 * i, w->counts[i]);
	if (w->is_truncated)
		w->out->at[w->base + 2] = (char)(w->out->at[w->base + 2] | (NET_DNS_TRUNCATED >> 8));
}

void net_dns_query_format(struct buffer *out, uint16_t id, bool wants_recursion, bool wants_dnssec, const struct net_dns_question *q)
{
	struct net_dns_edns edns = { .is_there = true, .udp_size = NET_DNS_UDP_SIZE, .wants_dnssec = wants_dnssec };
	struct net_dns_writer w;

	net_dns_write_begin(&w, out, NET_DNS_UDP_PLAIN, id, wants_recursion ? NET_DNS_RECURSION_DESIRED : 0);
	net_dns_write_question(&w, &q->name, q->type, q->class);
	net_dns_write_edns(&w, &edns, 0);
	net_dns_write_end(&w);
}

bool net_dns_answers(const struct net_dns_message *m, uint16_t id, const struct net_dns_question *q)
{
	return m->id == id && (m->flags & NET_DNS_RESPONSE) && (m->flags & NET_DNS_OPCODE) == 0 && m->n_questions == 1 &&
	       m->questions[0].type == q->type && m->questions[0].class == q->class && net_dns_name_equal(&m->questions[0].name, &q->name);
}
