"""A dialogue as a page prints it: the ``` block of a language, replayed line by line and nothing left out.

`$ telnet HOST PORT` names the service, `> text` is sent, `< pattern` is the next line, `< ...` any lines.
"""

import re

from harness import match
from harness.client import Client, octets_of
from harness.failure import Failure

TELNET = re.compile(r"\$ telnet \S+ (\d+)")
SERVICES = {25: "smtp", 587: "submission", 465: "submissions", 143: "imap", 993: "imaps"}


def block_of(path, language):
    """[(line number, text)] of the first ``` block of that language."""
    out = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if out is None and line == "```" + language:
            out = []
        elif out is not None and line == "```":
            return out
        elif out is not None:
            out.append((number, line))
    raise Failure(f"a block ```{language} in {path.name}", "none")


def service_of(line):
    """Port 10025 is service smtp: what `--port-base` added are thousands."""
    found = TELNET.fullmatch(line)
    service = SERVICES.get(int(found.group(1)) % 1000) if found else None
    if service is None:
        raise Failure("$ telnet HOST PORT, the port of a service", line)
    return service


def said(line, mark):
    """The text behind > or <, or None."""
    return line[2:] if line[:1] == mark and line[1:2] in ("", " ") else None


def play(path, language, address_of, timeout, variables, note):
    """Replay the block; `note(mark, text)` is told each line.  A Failure names the page's line."""
    (number, first), *rest = block_of(path, language)
    client, skipping = None, False
    try:
        # Line by line, whatever the protocol: the page shows literals as lines too.
        client = Client.connect(address_of(service_of(first)), "smtp", timeout)
        for number, line in rest:
            sent, want = said(line, ">"), said(line, "<")
            if sent is None and want is None:
                raise Failure("> or < and a text", line)
            if sent is not None:
                note(">", sent)
                client.send(octets_of(sent + "\r\n"))
            elif want == "...":
                skipping = True
            else:
                expect(client, want, skipping, variables, note)
                skipping = False
        client.expect_close()
    except Failure as failure:
        raise Failure(f"{path.name}:{number}: {failure.want}", failure.got) from None
    finally:
        if client:
            client.close()


def expect(client, want, skipping, variables, note):
    while True:
        got = client.read(want)
        note("<", got)
        if match.matches([want], got, variables):
            return
        if not skipping:
            raise Failure(want, got)
