"""posta.conf as text: merge settings into it without a libconfig library."""

import re

NAME = re.compile(r"([A-Za-z*][A-Za-z0-9_*-]*)\s*[=:]\s*")
SKIP = re.compile(r"(?:\s+|//[^\n]*|#[^\n]*|/\*.*?\*/)+", re.DOTALL)
CLOSING = {"{": "}", "[": "]", "(": ")"}


def end_of_value(text, at):
    """Where the value that starts at `at` ends: the first ; or , outside brackets and strings."""
    depth = 0
    while at < len(text):
        skipped = SKIP.match(text, at)
        if skipped:
            at = skipped.end()
            continue
        letter = text[at]
        if letter == '"':
            at = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL).match(text, at).end()
            continue
        if letter in CLOSING:
            depth += 1
        elif letter in CLOSING.values():
            depth -= 1
        elif letter in ";," and depth == 0:
            return at
        at += 1
    return at


def parse(text):
    """The settings of one group as an ordered dictionary name -> value text."""
    out, at = {}, 0
    while True:
        skipped = SKIP.match(text, at)
        at = skipped.end() if skipped else at
        found = NAME.match(text, at)
        if not found:
            if text[at:at + 1] == "@":              # @include stays where it is
                end = text.find("\n", at) + 1 or len(text)
                out[text[at:end].strip()] = None
                at = end
                continue
            if at < len(text):
                raise ValueError(f"not a setting: {text[at:at + 40]!r}")
            return out
        end = end_of_value(text, found.end())
        out[found.group(1)] = text[found.end():end].strip()
        at = end + 1


def is_group(value):
    return value is not None and value.startswith("{")


def merge(base, change):
    """Settings of `change` replace those of `base`; groups are merged inside."""
    merged = parse(base)
    for name, value in parse(change).items():
        if is_group(value) and is_group(merged.get(name)):
            value = "{\n" + merge(merged[name][1:-1], value[1:-1]) + "}"
        merged[name] = value
    return "".join(name + "\n" if value is None else f"{name} = {value};\n" for name, value in merged.items())


def with_ports(text, ports):
    """Every TCP listener on the port that ports[service] names, else on port 0."""
    def row(found):
        service = re.search(r'service\s*=\s*"(\w+)"', found.group(0)).group(1)
        return re.sub(r'(address\s*=\s*"[^"]*):\d+"', rf'\g<1>:{ports.get(service, 0)}"', found.group(0))

    settings = parse(text)
    settings["listen"] = re.sub(r"\{[^{}]*\}", row, settings["listen"])
    return "".join(name + "\n" if value is None else f"{name} = {value};\n" for name, value in settings.items())
