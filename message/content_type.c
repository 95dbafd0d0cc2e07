#include "message/content_type.h"

#include "base/text.h"
#include "message/charset.h"
#include "message/encoded_word.h"

#define PIECES_MAX 100                  /* RFC 2231 pieces of one parameter */

static struct bytes skip_blank(struct bytes rest)
{
	while (rest.len > 0) {
		if (rest.at[0] == '(') {
			size_t depth = 0, i = 0;
			for (; i < rest.len; i++) {
				if (rest.at[i] == '\\')
					i++;
				else if (rest.at[i] == '(')
					depth++;
				else if (rest.at[i] == ')' && --depth == 0)
					break;
			}
			rest = bytes_skip(rest, i + 1);
		} else if (text_is_space((unsigned char)rest.at[0])) {
			rest = bytes_skip(rest, 1);
		} else {
			break;
		}
	}
	return rest;
}

/* RFC 2045 5.1 token; 8-bit octets are let in. */
static struct bytes take_token(struct bytes *rest)
{
	size_t n = 0;

	while (n < rest->len && (unsigned char)rest->at[n] > ' ' && rest->at[n] != 0x7f &&
	       memchr("()<>@,;:\\\"/[]?=", rest->at[n], 15) == NULL)
		n++;
	struct bytes token = bytes_slice(*rest, 0, n);
	*rest = bytes_skip(*rest, n);
	return token;
}

/* To the next ";" outside quotes. */
static struct bytes skip_parameter(struct bytes rest)
{
	bool quoted = false;
	size_t i = 0;

	for (; i < rest.len && (quoted || rest.at[i] != ';'); i++) {
		if (rest.at[i] == '\\' && quoted)
			i++;
		else if (rest.at[i] == '"')
			quoted = !quoted;
	}
	return bytes_skip(rest, i);
}

static struct bytes take_quoted(struct bytes *rest, struct arena *arena)
{
	char *text = NULL;
	size_t n = 0, i = 1;
	size_t plain = 1;

	while (plain < rest->len && rest->at[plain] != '"' && rest->at[plain] != '\\' && rest->at[plain] != '\r' &&
	       rest->at[plain] != '\n' && rest->at[plain] != '\0')
		plain++;
	if (plain < rest->len && rest->at[plain] == '"') {
		struct bytes found = bytes_slice(*rest, 1, plain);
		*rest = bytes_skip(*rest, plain + 1);
		return found;
	}
	text = arena_alloc(arena, rest->len);
	for (; i < rest->len && rest->at[i] != '"'; i++) {
		if (rest->at[i] == '\\' && i + 1 < rest->len)
			i++;
		if (rest->at[i] != '\r' && rest->at[i] != '\n' && rest->at[i] != '\0')
			text[n++] = rest->at[i];
	}
	*rest = bytes_skip(*rest, i + 1);
	return (struct bytes){ text, n };
}

/* An unquoted value may hold what a token must not ("=", "/", spaces of a file name): up to ";", as others read it. */
static struct bytes take_bare(struct bytes *rest)
{
	size_t n = 0;

	while (n < rest->len && rest->at[n] != ';' && rest->at[n] != '\r' && rest->at[n] != '\n' && rest->at[n] != '\0')
		n++;
	struct bytes value = bytes_slice(*rest, 0, n);
	*rest = bytes_skip(*rest, n);
	size_t comment = bytes_find(value, '(');
	return bytes_trim(bytes_slice(value, 0, comment));
}

static void take_parameters(struct bytes rest, struct arena *arena, struct content_type *out)
{
	struct mime_parameter found[CONTENT_PARAMETERS_MAX];
	size_t n = 0;

	while (n < CONTENT_PARAMETERS_MAX) {
		rest = skip_blank(skip_parameter(rest));
		if (rest.len == 0)
			break;
		rest = skip_blank(bytes_skip(rest, 1));
		struct bytes name = take_token(&rest);
		rest = skip_blank(rest);
		if (name.len == 0 || rest.len == 0 || rest.at[0] != '=')
			continue;
		rest = skip_blank(bytes_skip(rest, 1));
		found[n].name = name;
		found[n].value = rest.len > 0 && rest.at[0] == '"' ? take_quoted(&rest, arena) : take_bare(&rest);
		n++;
	}
	if (n > 0) {
		struct mime_parameter *parameters = arena_alloc(arena, n * sizeof *parameters);
		memcpy(parameters, found, n * sizeof *parameters);
		out->parameters = parameters;
		out->n_parameters = n;
	}
}

bool content_type_parse(struct bytes value, struct arena *arena, struct content_type *out)
{
	*out = (struct content_type){ 0 };
	struct bytes rest = skip_blank(value);
	struct bytes type = take_token(&rest);
	rest = skip_blank(rest);
	if (type.len == 0 || rest.len == 0 || rest.at[0] != '/')
		return false;
	rest = skip_blank(bytes_skip(rest, 1));
	struct bytes subtype = take_token(&rest);
	if (subtype.len == 0)
		return false;
	out->type = type;
	out->subtype = subtype;
	take_parameters(rest, arena, out);
	return true;
}

bool content_disposition_parse(struct bytes value, struct arena *arena, struct content_type *out)
{
	*out = (struct content_type){ 0 };
	struct bytes rest = skip_blank(value);
	struct bytes type = take_token(&rest);
	if (type.len == 0)
		return false;
	out->type = type;
	take_parameters(rest, arena, out);
	return true;
}

struct bytes content_token(struct bytes value)
{
	struct bytes rest = skip_blank(value);

	return take_token(&rest);
}

bool content_parameter_find(const struct mime_parameter *parameters, size_t n, const char *name, struct bytes *value)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes_equal_nocase(parameters[i].name, bytes_text(name))) {
			*value = parameters[i].value;
			return true;
		}
	}
	return false;
}

static void percent_decode(struct bytes text, struct buffer *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < text.len; i++) {
		const char *high, *low;
		if (text.at[i] == '%' && i + 2 < text.len && text.at[i + 1] != '\0' && text.at[i + 2] != '\0' &&
		    (high = strchr(digits, text_lower((unsigned char)text.at[i + 1]))) != NULL &&
		    (low = strchr(digits, text_lower((unsigned char)text.at[i + 2]))) != NULL) {
			buffer_add_octet(out, (char)((high - digits) << 4 | (low - digits)));
			i += 2;
		} else {
			buffer_add_octet(out, text.at[i]);
		}
	}
}

/* Piece number of `given` for `name`: name, name*, name*N, name*N*.  False when it is another parameter. */
static bool is_piece(struct bytes given, struct bytes name, uint64_t *number, bool *is_encoded, bool *is_plain)
{
	*number = 0;
	*is_plain = given.len == name.len;
	*is_encoded = false;
	if (!bytes_starts_nocase(given, name))
		return false;
	struct bytes rest = bytes_skip(given, name.len);
	if (rest.len == 0)
		return true;
	if (rest.at[0] != '*')
		return false;
	if (rest.at[rest.len - 1] == '*') {
		*is_encoded = true;
		rest.len--;
	}
	return rest.len == 0 || bytes_to_u64(bytes_skip(rest, 1), PIECES_MAX - 1, number);
}

/* charset'language'text of a first encoded piece: the charset; *text moves behind the second quote. */
static struct bytes take_charset(struct bytes *text)
{
	struct bytes rest = *text, charset, language;

	if (!bytes_cut(&rest, '\'', &charset) || !bytes_cut(&rest, '\'', &language))
		return (struct bytes){ 0 };
	*text = rest;
	return charset;
}

bool content_parameter_decode(const struct mime_parameter *parameters, size_t n, const char *name, struct buffer *out)
{
	const struct mime_parameter *pieces[PIECES_MAX] = { 0 }, *plain = NULL;
	bool encoded[PIECES_MAX] = { false };
	uint64_t number;
	bool is_encoded, is_plain;

	for (size_t i = 0; i < n; i++) {
		if (!is_piece(parameters[i].name, bytes_text(name), &number, &is_encoded, &is_plain))
			continue;
		if (is_plain) {
			plain = plain ? plain : &parameters[i];
		} else if (pieces[number] == NULL) {
			pieces[number] = &parameters[i];
			encoded[number] = is_encoded;
		}
	}
	if (pieces[0] == NULL) {
		if (plain)
			encoded_word_decode(plain->value, out);
		return plain != NULL;
	}
	struct buffer raw = { 0 };
	struct bytes charset = { 0 };
	for (size_t i = 0; i < PIECES_MAX && pieces[i]; i++) {
		struct bytes value = pieces[i]->value;
		if (i == 0 && encoded[i])
			charset = take_charset(&value);
		if (encoded[i])
			percent_decode(value, &raw);
		else
			buffer_add_bytes(&raw, value);
	}
	charset_to_utf8(charset, buffer_bytes(&raw), out);
	buffer_release(&raw);
	return true;
}
