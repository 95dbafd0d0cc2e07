#include "netcore/net_place.h"

#include <stdio.h>

#include "base/bytes.h"
#include "base/text.h"

static bool is_name(const char *text)
{
	bool has_letter = false;

	for (const char *at = text; *at != '\0'; at++) {
		int lower = text_lower((unsigned char)*at);
		bool is_letter = (lower >= 'a' && lower <= 'z') || lower == '-' || lower == '_';
		if (!is_letter && lower != '.' && !(lower >= '0' && lower <= '9'))
			return false;
		has_letter = has_letter || is_letter;
	}
	return has_letter && text[0] != '-';
}

bool net_place_parse(const char *text, struct net_place *place, struct error *err)
{
	struct error no_address = { 0 };

	*place = (struct net_place){ 0 };
	if (net_addr_parse(text, &place->addr, &no_address))
		return true;
	place->addr.len = 0;
	if (bytes_starts(bytes_text(text), BYTES("unix:")) || text[0] == '[') {
		if (err)
			*err = no_address;
		return false;
	}
	if (!net_addr_split(text, -1, place->name, sizeof place->name, &place->port, err))
		return false;
	return is_name(place->name) || error_set(err, ERROR_SYNTAX, "\"%.63s\" is neither an IP address nor a name", place->name);
}

const char *net_place_format(const struct net_place *place, char text[NET_PLACE_TEXT])
{
	if (!net_place_is_name(place))
		return net_addr_format(&place->addr, text);
	snprintf(text, NET_PLACE_TEXT, "%s:%d", place->name, place->port);
	return text;
}

bool net_place_is_name(const struct net_place *place)
{
	return place->addr.len == 0;
}

bool net_place_equal(const struct net_place *a, const struct net_place *b)
{
	if (net_place_is_name(a) != net_place_is_name(b))
		return false;
	if (!net_place_is_name(a))
		return net_addr_equal(&a->addr, &b->addr);
	return a->port == b->port && bytes_equal_nocase(bytes_text(a->name), bytes_text(b->name));
}
