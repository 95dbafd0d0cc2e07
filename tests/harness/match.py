"""Patterns: wildcards, captures and substitution over one dictionary of variables."""

import re

from harness.failure import Failure

VARIABLE = re.compile(r"\$\$|\$(?:\{([a-z][a-z0-9_]*)(?:\+(\d+))?\}|([a-z][a-z0-9_]*)|\{(.)\*(\d+)\})")


class Literal:
    """The octets between {{{ and }}}: lines of a block, or an inline text."""

    def __init__(self, lines=None, text=None, wait=True):
        self.lines, self.text, self.wait = lines, text, wait


def value_of(found, variables):
    """What a $reference stands for, or None when it is not known yet."""
    if found.group(0) == "$$":
        return "$"
    if found.group(4):
        return found.group(4) * int(found.group(5))
    name = found.group(1) or found.group(3)
    if name not in variables:
        return None
    value = variables[name]
    return str(int(value) + int(found.group(2))) if found.group(2) else value


def substitute(text, variables):
    """Text to send: every known $name replaced; an unknown ${name} is an error."""
    def replace(found):
        value = value_of(found, variables)
        if value is None:
            if found.group(1):
                raise Failure(f"a value for {found.group(0)}", "none captured so far")
            return found.group(0)
        return value
    return VARIABLE.sub(replace, text)


def compile_text(text, variables, seen, anything):
    """One run of pattern text as a regular expression; `seen` holds the names captured in it."""
    out, at = [], 0

    def plain(piece):
        return anything.join(re.escape(part) for part in piece.split("*"))

    for found in VARIABLE.finditer(text):
        out.append(plain(text[at:found.start()]))
        at = found.end()
        value = value_of(found, variables)
        name = found.group(1) or found.group(3)
        if value is not None:
            out.append(re.escape(value))
        elif found.group(2):
            raise Failure(f"a value for {found.group(0)}", "none captured so far")
        elif name in seen:
            out.append(f"(?P={name})")
        else:
            seen.add(name)
            out.append(f"(?P<{name}>{anything[:-1]}+?)")
    out.append(plain(text[at:]))
    return "".join(out)


def compile_lines(lines, variables, seen, end="\r\n"):
    out = []
    for line in lines:
        if line.strip() == "...":
            out.append(f"(?:[^\n]*{end})*?")
        else:
            out.append(compile_text(line, variables, seen, "[^\r\n]*") + end)
    return "".join(out)


def compile_parts(parts, variables):
    """Parts: strings and Literals in the order they stand in the line."""
    seen, out = set(), []
    for place, part in enumerate(parts):
        if isinstance(part, str):
            if place == 0 and part.startswith("* "):
                out.append(r"\*")
                part = part[1:]
            out.append(compile_text(part, variables, seen, ".*"))
            continue
        out.append(r"~?\{\d+\}\r\n")
        if part.lines is None:
            out.append(compile_text(part.text, variables, seen, ".*"))
        else:
            out.append(compile_lines(part.lines, variables, seen))
    return re.compile("".join(out), re.DOTALL)


def matches(parts, got, variables):
    """Does the response match?  Captures are kept only when it does."""
    found = compile_parts(parts, variables).fullmatch(got)
    if found:
        variables.update(found.groupdict())
    return found is not None


def matches_lines(lines, got, variables):
    """Lines of a file or of a command's output, `...` standing for any number of them."""
    found = re.fullmatch(compile_lines(lines, variables, set(), "\n"), "".join(l + "\n" for l in got))
    if found:
        variables.update(found.groupdict())
    return found is not None


def show(parts):
    """The pattern as it is printed in a failure."""
    out = []
    for part in parts:
        if isinstance(part, str):
            out.append(part)
        elif part.lines is None:
            out.append("{{{" + part.text + "}}}")
        else:
            out.append("{{{\n" + "".join(line + "\n" for line in part.lines) + "}}}")
    return "".join(out)
