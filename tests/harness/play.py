"""Play a script: the dialogue half.  One method a verb; names are the verbs with `_` for `-`."""

import re
import socket
import time
from pathlib import Path

from harness import match, sasl, transcript
from harness.client import Client, octets_of
from harness.failure import Failure, TimeUp
from harness.match import Literal
from harness.script import CLIENT_WORDS
from harness.stage import Stage

ROOT = Path(__file__).resolve().parents[2]
ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|(.))")
ESCAPES = {"r": "\r", "n": "\n", "t": "\t", "0": "\0", "\\": "\\"}
DIALOGUE = {">": "send", "<": "expect", "<...": "expect_later"}


def unescape(text):
    """Octets of a `raw` line: \\xNN is one octet, all else UTF-8."""
    out, at = b"", 0
    for found in ESCAPE.finditer(text):
        out += octets_of(text[at:found.start()])
        at = found.end()
        if found.group(1):
            out += bytes([int(found.group(1), 16)])
        elif found.group(2) in ESCAPES:
            out += octets_of(ESCAPES[found.group(2)])
        else:
            raise Failure(r"an escape \r \n \t \0 \\ \xNN", found.group(0))
    return out + octets_of(text[at:])


class Player(Stage):
    """Clients and their dialogue, on the stage of servers and programs."""

    def __init__(self, script, home, foreign=None):
        super().__init__(script, home, foreign)
        self.clients, self.dialogue, self.now = {}, [], None
        self.acted = 0                      # when the last step ended that is none of a client's

    def play(self):
        self.play_steps(self.script.steps)
        self.finish()

    def play_steps(self, steps):
        place = 0
        while place < len(steps):
            step = steps[place]
            self.now = step.line
            place += 1
            self.prepare(step)
            if step.verb in ("run", "as", "ended"):
                answers = []
                while place < len(steps) and steps[place].verb in ("|", "exit"):
                    answers.append(steps[place])
                    place += 1
                {"run": self.run, "as": self.as_, "ended": self.ended}[step.verb](step, answers)
                self.acted = time.monotonic()
                continue
            verb = DIALOGUE.get(step.verb, step.verb.replace("-", "_"))
            method = getattr(self, verb, None)
            if method is None:
                raise Failure("`|` and `exit` below a `run` line", step.verb)
            method(step)
            if step.verb not in DIALOGUE and step.verb not in CLIENT_WORDS:
                self.acted = time.monotonic()

    # -- connections

    def words(self, step):
        return match.substitute(step.text, self.variables).split()

    def client(self, step):
        words = self.words(step)
        number = words.pop(0) if words and words[0].isdigit() else "1"
        service = words.pop(0) if words and words[0].isalpha() else self.script.service
        if words and "." not in words[0]:
            raise Failure("client [N] [SERVICE] [DOMAIN]", step.text)
        if number in self.clients:
            self.clients[number].close()
        address, tls = self.address_of(service, words[0] if words else None)
        protocol = "imap" if service.startswith("imap") else "smtp"
        self.clients[number] = client = Client.connect(address, protocol, self.home.wait_s, **tls)
        if service in ("submissions", "imaps"):
            client.start_tls()

    def accept(self, step):
        words = self.words(step)
        number = words.pop(0) if words and words[0].isdigit() else "1"
        listener = self.peer_listener(words[0] if words else None)
        listener.settimeout(self.home.wait_s)
        try:
            sock, _ = listener.accept()
        except (socket.timeout, TimeoutError):
            raise Failure("a connection to the peer", f"none within {self.home.wait_s:g} s") from None
        self.clients[number] = Client(sock, "peer", self.home.wait_s)

    def chosen(self, step):
        if step.client not in self.clients:
            raise Failure(f"client {step.client} to be open", "no `client` line for it so far")
        return self.clients[step.client]

    def hangup(self, step):
        self.chosen(step).close()

    def closed(self, step):
        self.chosen(step).expect_close()

    def silent(self, step):
        self.chosen(step).expect_silence(float(step.text), self.acted)

    def pause(self, step):
        time.sleep(float(step.text))

    def starttls(self, step):
        self.chosen(step).start_tls()

    # -- sending

    def note(self, step, mark, text):
        number = step.client if len(self.clients) > 1 or step.client != "1" else ""
        self.dialogue.append(f"{number}{mark} {text}")

    def receive(self, step, want):
        line = self.chosen(step).read(want)
        self.note(step, "<", line)
        return line

    def unread(self, step, line):
        self.chosen(step).push_back(line)
        self.dialogue.pop()

    def octets_of_literal(self, part):
        if part.lines is None:
            return octets_of(match.substitute(part.text, self.variables))
        return octets_of("".join(match.substitute(line, self.variables) + "\r\n" for line in part.lines))

    def send(self, step):
        """Octets go out in one write up to each literal that the server must ask for."""
        client, out = self.chosen(step), b""
        for part in step.text:
            if not isinstance(part, Literal):
                out += octets_of(match.substitute(part, self.variables))
                continue
            literal = self.octets_of_literal(part)
            out += b"{%d%s}\r\n" % (len(literal), b"" if part.wait else b"+")
            if part.wait:
                self.note(step, ">", out.decode("utf-8", "replace").rstrip("\r\n"))
                client.send(out)
                line = self.receive(step, "+ (to send the literal)")
                if not line.startswith("+"):
                    self.unread(step, line)
                    return
                out = b""
            out += literal
        self.note(step, ">", out.decode("utf-8", "replace"))
        client.send(out + b"\r\n")

    def gather(self, steps):
        """What `>`, `raw` and `repeat` lines of a block send, as octets."""
        out = b""
        for step in steps:
            self.now = step.line
            if step.verb == ">":
                for part in step.text:
                    if isinstance(part, Literal):
                        literal = self.octets_of_literal(part)
                        out += b"{%d+}\r\n" % len(literal) + literal
                    else:
                        out += octets_of(match.substitute(part, self.variables))
                out += b"\r\n"
            elif step.verb == "raw":
                out += unescape(match.substitute(step.text, self.variables))
            elif step.verb == "repeat":
                out += b"".join(self.gather(step.block) for _ in self.times(step))
            else:
                raise Failure("only >, raw and repeat lines in this block", step.verb)
        return out

    def raw(self, step):
        self.put(step, self.gather([step]), self.chosen(step).send)

    def together(self, step):
        self.put(step, self.gather(step.block), self.chosen(step).send)

    def split(self, step):
        self.put(step, self.gather(step.block), self.chosen(step).send_split)

    def put(self, step, octets, send):
        shown = repr(octets)[1:]
        self.note(step, ">", f"{step.verb} {shown if len(shown) < 400 else shown[:400] + '…'}")
        send(octets)

    def auth(self, step):
        mechanism, user, password = (self.words(step) + ["", "", ""])[:3]
        client = self.chosen(step)

        def send(line):
            self.note(step, ">", line)
            client.send(octets_of(line + "\r\n"))
        sasl.authenticate(client, mechanism.lower(), user, password, send,
                          lambda: self.receive(step, "a reply to AUTH"), lambda line: self.unread(step, line))

    def transcript(self, step):
        """A dialogue of one of the project's pages."""
        if len(step.words) != 2:
            raise Failure("transcript PAGE LANGUAGE", step.text)
        page, language = step.words
        transcript.play(ROOT / page, language, lambda service: self.address_of(service, None)[0], self.home.wait_s,
                        self.variables, lambda mark, text: self.dialogue.append(f"{mark} {text}"))

    # -- expecting

    def continues(self, parts, line):
        """Is this `250-…` before the `250 …` that is expected?"""
        wanted = isinstance(parts[0], str) and re.match(r"(\d{3}) ", parts[0])
        return bool(wanted) and line.startswith(wanted.group(1) + "-")

    def expect(self, step):
        want = match.show(step.text)
        line = self.receive(step, want)
        while self.chosen(step).protocol == "smtp" and self.continues(step.text, line):
            line = self.receive(step, want)
        if not match.matches(step.text, line, self.variables):
            raise Failure(want, line)

    def expect_later(self, step):
        want = match.show(step.text)
        while not match.matches(step.text, self.receive(step, want), self.variables):
            pass

    def unordered(self, step):
        waiting = list(step.block)
        while waiting:
            line = self.receive(waiting[0], " or ".join(match.show(s.text) for s in waiting))
            for inner in waiting:
                if match.matches(inner.text, line, self.variables):
                    waiting.remove(inner)
                    break
            else:
                raise Failure(" or ".join(match.show(s.text) for s in waiting), line)

    # -- control

    def times(self, step):
        for n in range(1, int(match.substitute(step.text, self.variables)) + 1):
            self.variables["n"] = str(n)
            yield n

    def repeat(self, step):
        for _ in self.times(step):
            self.play_steps(step.block)

    def eventually(self, step):
        """Play the block until it holds; between two tries what the servers still had to say is dropped."""
        deadline = time.monotonic() + self.home.wait_s
        while True:
            known, said = dict(self.variables), len(self.dialogue)
            try:
                return self.play_steps(step.block)
            except Failure as failure:
                if isinstance(failure, TimeUp) or time.monotonic() > deadline:
                    raise
            self.variables = known
            del self.dialogue[said:]
            for number in {inner.client for inner in step.block} & set(self.clients):
                self.clients[number].drain(0.2)

    def close(self):
        for client in self.clients.values():
            client.close()
        super().close()

    def finish(self):
        for client in self.clients.values():
            client.close()
        super().finish()
