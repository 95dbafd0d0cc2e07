#include "message/packed.h"

void packed_add_u64(struct buffer *out, uint64_t value)
{
	char octets[10];
	size_t n = 0;

	for (; value >= 0x80; value >>= 7)
		octets[n++] = (char)(value | 0x80);
	octets[n++] = (char)value;
	buffer_add(out, octets, n);
}

void packed_add_bytes(struct buffer *out, struct bytes text)
{
	packed_add_u64(out, text.len);
	if (text.len > 0)
		buffer_add(out, text.at, text.len);
}

void packed_add_hash(struct buffer *out, uint64_t value)
{
	char octets[8];

	for (int i = 0; i < 8; i++)
		octets[i] = (char)(value >> (56 - 8 * i));
	buffer_add(out, octets, sizeof octets);
}

static void damage(struct packed_reader *r)
{
	r->damaged = true;
	r->rest = (struct bytes){ 0 };
}

uint64_t packed_u64(struct packed_reader *r)
{
	uint64_t value = 0;

	for (size_t i = 0; i < r->rest.len && i < 10; i++) {
		uint8_t octet = (uint8_t)r->rest.at[i];
		value |= (uint64_t)(octet & 0x7f) << (7 * i);
		if (octet < 0x80) {
			r->rest = bytes_skip(r->rest, i + 1);
			return value;
		}
	}
	damage(r);
	return 0;
}

struct bytes packed_bytes(struct packed_reader *r)
{
	uint64_t len = packed_u64(r);

	if (len > r->rest.len) {
		damage(r);
		return (struct bytes){ 0 };
	}
	struct bytes text = bytes_slice(r->rest, 0, (size_t)len);
	r->rest = bytes_skip(r->rest, (size_t)len);
	return text;
}

uint64_t packed_hash(struct packed_reader *r)
{
	uint64_t value = 0;

	if (r->rest.len < 8) {
		damage(r);
		return 0;
	}
	for (int i = 0; i < 8; i++)
		value = value << 8 | (uint8_t)r->rest.at[i];
	r->rest = bytes_skip(r->rest, 8);
	return value;
}

size_t packed_count(struct packed_reader *r, size_t each)
{
	uint64_t n = packed_u64(r);

	if (n > r->rest.len / each) {
		damage(r);
		return 0;
	}
	return (size_t)n;
}
