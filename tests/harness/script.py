"""A script file as a list of steps."""

import re

from harness.failure import ScriptError
from harness.match import Literal

TEXT_BLOCKS = {"server", "settings", "expect-file"}
STEP_BLOCKS = {"unordered", "together", "split", "repeat", "eventually"}
CLIENT_WORDS = {"raw", "silent", "closed", "hangup", "starttls", "auth", "unordered", "together", "split"}
WORDS = TEXT_BLOCKS | STEP_BLOCKS | CLIENT_WORDS | {
    "client", "user", "stop", "start", "restart", "reload", "terminate", "kill", "log", "nolog", "peer", "accept",
    "run", "meanwhile", "ended", "clock", "fault", "as", "pause", "transcript"}
TEST_ONLY = {"clock", "fault"}
DIALOGUE = re.compile(r"(\d*)(>|<\.\.\.|<)(?: (.*))?$")
INLINE = re.compile(r"(\+?)\{\{\{(.*?)\}\}\}(?!\})")


class Step:
    """One line: its verb, the client it speaks to, what follows, and the block below it."""

    def __init__(self, line, verb, client="1", text="", block=None):
        self.line, self.verb, self.client, self.text, self.block = line, verb, client, text, block
        self.words = text.split() if isinstance(text, str) else []


class Script:
    def __init__(self, path):
        self.path = path
        with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            lines = file.read().split("\n")
        self.text = "\n".join(lines)
        self.steps = Parser([(number + 1, line) for number, line in enumerate(lines)]).steps()
        self.service = path.resolve().parent.name
        if self.service not in ("smtp", "submission", "submissions", "imap", "imaps", "lmtp"):
            self.service = "smtp"

    def every(self, steps=None):
        for step in self.steps if steps is None else steps:
            yield step
            if step.verb in STEP_BLOCKS:
                yield from self.every(step.block)

    def verbs(self):
        return {step.verb for step in self.every()}

    def is_test_only(self):
        """A fault may also be asked for in the environment of one command."""
        return bool(self.verbs() & TEST_ONLY) or "POSTA_TEST_FAULT=" in self.text

    def domains(self):
        return [step.words[0] for step in self.every() if step.verb == "server" and step.words]

    def daemons(self):
        """The daemons it speaks of; smtpd when it speaks of none."""
        services = [self.service if not self.services_of(s) else self.services_of(s)
                    for s in self.every() if s.verb == "client"]
        services += [s.words[1] for s in self.every() if s.verb == "transcript" and len(s.words) == 2]
        wanted = {"imapd" if s.startswith("imap") else "smtpd" for s in services}
        if re.search(r"\$\{?imap|\bimapd\b", self.text):
            wanted.add("imapd")
        if re.search(r"\$\{?(smtp|submission)|\bsmtpd\b", self.text) or len(self.domains()) > 1:
            wanted.add("smtpd")
        return sorted(wanted) or ["smtpd"]

    @staticmethod
    def services_of(step):
        return next((w for w in step.words if w.isalpha()), None)


class Parser:
    def __init__(self, lines):
        self.lines, self.at = lines, 0

    def steps(self):
        out = []
        while self.at < len(self.lines):
            number, line = self.lines[self.at]
            self.at += 1
            if line.strip() == "" or line.startswith("#"):
                continue
            if line[0] in " \t":
                raise ScriptError(number, "an indented block needs a line that takes one above it")
            out.append(self.step(number, line))
        return out

    def step(self, number, line):
        if line[0] == "|":
            return Step(number, "|", text=line[2:] if line.startswith("| ") else line[1:])
        if line.startswith("exit "):
            return Step(number, "exit", text=line[5:])
        dialogue = DIALOGUE.match(line)
        if dialogue:
            return self.dialogue(number, *dialogue.groups())
        client, _, rest = line.partition(" ")
        if not client.isdigit():
            client, rest = "1", line
        verb, _, text = rest.partition(" ")
        if verb not in WORDS or (client != "1" and verb not in CLIENT_WORDS):
            raise ScriptError(number, f"unknown line: {line}")
        step = Step(number, verb, client, text)
        if verb in TEXT_BLOCKS:
            step.block = [text for _, text in self.block()]
        elif verb in STEP_BLOCKS:
            step.block = Parser(self.block()).steps()
            if not step.block:
                raise ScriptError(number, f"{verb} needs an indented block")
            if verb in CLIENT_WORDS:
                self.own(step)
        return step

    def own(self, step):
        """`2 unordered`: the lines of the block belong to client 2 unless they say otherwise."""
        if step.client != "1":
            for inner in step.block:
                if inner.client == "1":
                    inner.client = step.client

    def block(self):
        """The indented lines that follow, dedented by the first one's indentation."""
        out, indent = [], None
        while self.at < len(self.lines):
            number, line = self.lines[self.at]
            if line.strip() == "":
                ahead = next((l for _, l in self.lines[self.at:] if l.strip()), "x")
                if ahead[0] not in " \t":
                    break
                out.append((number, ""))
            elif line[0] in " \t":
                if indent is None:
                    indent = line[:len(line) - len(line.lstrip())]
                out.append((number, line[len(indent):] if line.startswith(indent) else line.lstrip()))
            else:
                break
            self.at += 1
        return out

    def dialogue(self, number, client, arrow, text):
        parts = []
        rest = text or ""
        while True:
            for found in iter(lambda: INLINE.search(rest), None):
                parts += [rest[:found.start()], Literal(text=found.group(2), wait=not found.group(1))]
                rest = rest[found.end():]
            if not rest.endswith("{{{"):
                parts.append(rest)
                break
            wait = not rest.endswith("+{{{")
            parts.append(rest[:-3] if wait else rest[:-4])
            lines, rest = self.literal(number)
            parts.append(Literal(lines=lines, wait=wait))
        return Step(number, arrow, client or "1", parts)

    def literal(self, number):
        lines = []
        while self.at < len(self.lines):
            line = self.lines[self.at][1]
            self.at += 1
            if line.startswith("}}}"):
                return lines, line[3:]
            lines.append(line)
        raise ScriptError(number, "{{{ has no line that begins with }}}")
