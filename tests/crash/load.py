"""Clients that send all the time, come back after each break, and note what the server promised."""

import base64
import random
import re
import threading
import time

from harness.client import Client
from harness.failure import Failure

WAIT_S = 120
AGAIN_S = 0.02
PAUSE_S = 0.03                      # between two messages of a client, at most
SIZES, OFTEN = (200, 2000, 20_000, 100_000), (50, 35, 12, 3)
BIG = 1_300_000                     # above 1 MiB a body is a file of its own
TOGETHER = 8                        # messages that leave before the first is answered: APPENDs, and BDATs


def size_of(rng, big):
    return BIG if rng.random() < big else rng.choices(SIZES, OFTEN)[0]


class Refused(Exception):
    """The server said no and the session goes on no further."""


class Sender(threading.Thread):
    """One client: `talk` runs a session and may end by any break of it."""

    service, protocol = "smtp", "smtp"

    def __init__(self, server, ledger, seed, big):
        super().__init__(daemon=True)
        self.server, self.ledger, self.big = server, ledger, big
        self.rng = random.Random(seed)
        self.stopping = threading.Event()
        self.trouble, self.n_answers = None, 0

    def run(self):
        while not self.stopping.is_set():
            client = None
            try:
                client = Client.connect(self.server.address_of(self.service), self.protocol, WAIT_S)
                self.talk(client)
            except (Failure, OSError, Refused) as broken:
                self.trouble = broken
                time.sleep(AGAIN_S)
            finally:
                if client:
                    client.close()

    def size(self):
        return size_of(self.rng, self.big)

    def answered(self, letter, answer, positive):
        self.n_answers += 1
        self.ledger.answered(letter, answer, positive)

    def pause(self):
        time.sleep(self.rng.random() * PAUSE_S)

    def home(self, mailbox="INBOX"):
        return (self.server.domain, mailbox)


def reply(client):
    """The last line of a reply."""
    while True:
        line = client.read("a reply")
        if line[3:4] != "-":
            return line


def wanted(client, code):
    line = reply(client)
    if not line.startswith(code):
        raise Refused(line)


def dots(octets):
    return octets.replace(b"\r\n.", b"\r\n..") + b".\r\n"


class Smtp(Sender):
    """Letters to fixed recipients; `how`: in turn, the next envelope behind the dot (RFC 2920), or by BDAT (RFC 3030)."""

    def __init__(self, server, ledger, seed, big, recipients, homes, how, login=None):
        super().__init__(server, ledger, seed, big)
        self.recipients, self.homes, self.login = recipients, homes, login
        self.talk_on = {"in turn": self.talk_in_turn, "ahead": self.talk_ahead, "chunked": self.talk_chunked}[how]
        if login:
            self.service = "submission"

    def greet(self, client):
        wanted(client, "220")
        client.send(b"EHLO load.test\r\n")
        wanted(client, "250")
        if self.login:
            proof = base64.b64encode(f"\0{self.login[0]}\0{self.login[1]}".encode()).decode()
            client.send(f"AUTH PLAIN {proof}\r\n".encode())
            wanted(client, "235")

    def envelope(self):
        sender = self.login[0] if self.login else "load@x.test"
        return [f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{r}>" for r in self.recipients), "DATA"]

    def talk(self, client):
        self.greet(client)
        self.talk_on(client)
        client.send(b"QUIT\r\n")
        wanted(client, "221")

    def new_letter(self):
        return self.ledger.write("mail", self.size(), self.homes)

    def take_answer(self, client, letter):
        answer = reply(client)
        self.answered(letter, answer, answer.startswith("250"))

    def talk_in_turn(self, client):
        while not self.stopping.is_set():
            for line in self.envelope():
                client.send(line.encode() + b"\r\n")
                wanted(client, "354" if line == "DATA" else "250")
            letter = self.new_letter()
            client.send(dots(letter.octets()))
            self.take_answer(client, letter)
            self.pause()

    def talk_ahead(self, client):
        """The next envelope follows the dot in the same segment, so that its 354 comes behind the 250."""
        group = "".join(line + "\r\n" for line in self.envelope()).encode()
        replies = ["250"] * (1 + len(self.recipients)) + ["354"]
        client.send(group)
        for code in replies:
            wanted(client, code)
        while not self.stopping.is_set():
            letter = self.new_letter()
            client.send(dots(letter.octets()) + group)
            self.take_answer(client, letter)
            for code in replies:
                wanted(client, code)
            self.pause()
        letter = self.new_letter()
        client.send(dots(letter.octets()))
        self.take_answer(client, letter)


    def talk_chunked(self, client):
        """Whole transactions follow each other: several commits of one session are under way at once."""
        envelope = "".join(line + "\r\n" for line in self.envelope()[:-1]).encode()
        while not self.stopping.is_set():
            letters = [self.new_letter() for _ in range(self.rng.randrange(1, TOGETHER))]
            bodies = [letter.octets() for letter in letters]
            client.send(b"".join(envelope + b"BDAT %d LAST\r\n" % len(body) + body for body in bodies))
            for letter in letters:
                for _ in range(1 + len(self.recipients)):
                    wanted(client, "250")
                self.take_answer(client, letter)
            self.pause()


class Imap(Sender):
    """A logged-in session in which a subclass works."""

    service, protocol = "imap", "imap"

    def __init__(self, server, ledger, seed, big, user, password, mailboxes):
        super().__init__(server, ledger, seed, big)
        self.user, self.password, self.mailboxes = user, password, mailboxes

    def answer(self, client, tag):
        while True:
            line = client.read("a tagged reply")
            if line.startswith("* BYE"):
                raise Refused(line)
            if line.startswith(tag + " "):
                return line[len(tag) + 1:]

    def talk(self, client):
        client.read("a greeting")
        client.send(f"l LOGIN {self.user} {self.password}\r\n".encode())
        answer = self.answer(client, "l")
        if not answer.startswith("OK"):
            raise Refused(answer)
        while not self.stopping.is_set():
            self.work(client)
            self.pause()


class Look(Imap):
    """Reads all the time, so that kills meet readers too."""

    def work(self, client):
        client.send(f"e EXAMINE {self.rng.choice(self.mailboxes)}\r\nf FETCH 1:5 (FLAGS BODY.PEEK[])\r\n".encode())
        for tag in "ef":
            self.answer(client, tag)
        self.n_answers += 1


class Append(Imap):
    """APPENDs into the user's mailboxes, some with a literal that waits, some with several at once."""

    def work(self, client):
        self.one(client) if self.rng.random() < 0.5 else self.some(client)

    def take_answer(self, client, tag, letter):
        answer = self.answer(client, tag)
        self.answered(letter, answer, answer.startswith("OK"))

    def one(self, client):
        mailbox = self.rng.choice(self.mailboxes)
        letter = self.ledger.write("append", self.size(), {self.home(mailbox): True})
        octets = letter.octets()
        client.send(b"a APPEND %s {%d}\r\n" % (mailbox.encode(), len(octets)))
        line = client.read("+")
        if line.startswith("+"):
            client.send(octets + b"\r\n")
            self.take_answer(client, "a", letter)
        else:
            self.answered(letter, line, False)

    def some(self, client):
        letters, out = [], b""
        for n in range(self.rng.randrange(1, TOGETHER)):
            mailbox = self.rng.choice(self.mailboxes)
            letter = self.ledger.write("append", 500, {self.home(mailbox): True})
            octets = letter.octets()
            letters.append((f"s{n}", letter))
            out += b"s%d APPEND %s {%d+}\r\n" % (n, mailbox.encode(), len(octets)) + octets + b"\r\n"
        client.send(out)
        for tag, letter in letters:
            self.take_answer(client, tag, letter)


class Shuffle(Imap):
    """APPENDs to Shelf, MOVEs to Moved, COPYs from there to Copies, and EXPUNGEs some: each letter is in one place, and copied once or not."""

    PLACES = ("Shelf", "Moved", "Copies")
    APPENDED = re.compile(r"OK \[APPENDUID \d+ (\d+)\]")
    COPIED = re.compile(r"\[COPYUID \d+ \d+ (\d+)\]")

    def __init__(self, *plan):
        super().__init__(*plan, mailboxes=self.PLACES)
        self.kept, self.moved, self.copied, self.expunged = {}, {}, {}, {}       # {name: answered}; not there: not tried

    def do(self, client, text):
        """The whole answer, untagged lines too."""
        client.send(f"d {text}\r\n".encode())
        lines = []
        while True:
            lines.append(client.read("an answer"))
            if lines[-1].startswith("* BYE"):
                raise Refused(lines[-1])
            if lines[-1].startswith("d "):
                self.n_answers += 1
                return "\n".join(lines)

    def wanted(self, client, text):
        answer = self.do(client, text)
        if not answer.rpartition("\n")[2].startswith("d OK"):
            raise Refused(answer)
        return answer

    def work(self, client):
        for place in self.PLACES if not self.kept else ():
            self.do(client, f"CREATE {place}")
        letter = self.ledger.write("shuffle", self.size(), {})
        octets = letter.octets()
        self.kept[letter.name] = False
        client.send(b"a APPEND Shelf {%d+}\r\n" % len(octets) + octets + b"\r\n")
        uid = self.APPENDED.match(self.answer(client, "a"))
        if not uid:
            raise Refused("no UID of what was appended")
        self.kept[letter.name] = True
        self.move_on(client, letter.name, uid.group(1))

    def move_on(self, client, name, uid):
        self.wanted(client, "SELECT Shelf")
        self.moved[name] = False
        uid = self.COPIED.search(self.wanted(client, f"UID MOVE {uid} Moved")).group(1)
        self.moved[name] = True
        self.wanted(client, "SELECT Moved")
        if self.rng.random() < 0.5:
            self.copied[name] = False
            self.wanted(client, f"UID COPY {uid} Copies")
            self.copied[name] = True
        if self.rng.random() < 0.5:
            self.wanted(client, f"UID STORE {uid} +FLAGS.SILENT (\\Deleted)")
            self.expunged[name] = False
            self.wanted(client, f"UID EXPUNGE {uid}")
            self.expunged[name] = True

    def judge(self, found):
        """found: {place: Counter of names}.  What is wrong."""
        problems = []
        for name, is_kept in self.kept.items():
            shelf, moved, copies = (found[place][name] for place in self.PLACES)
            gone = self.expunged.get(name)
            least = 0 if gone is not None or not is_kept else 1
            most = 0 if gone else 1
            if not least <= shelf + moved <= most:
                problems.append(f"{name} is {shelf} times in Shelf and {moved} times in Moved; expunged: {gone}")
            if (self.moved.get(name) and shelf) or (name not in self.moved and moved):
                problems.append(f"{name} is in the wrong place; moved: {self.moved.get(name)}")
            if copies not in {True: (1,), False: (0, 1), None: (0,)}[self.copied.get(name)]:
                problems.append(f"{name} is {copies} times in Copies; copied: {self.copied.get(name)}")
        return problems


class Load:
    """All the clients of a run at both servers."""

    def __init__(self, journey, ledger, seed, big=0.01):
        a, b, word = journey.a, journey.b, journey.password
        local, remote = {("a.test", "INBOX"): True}, {("b.test", "INBOX"): False}
        alice = ("alice@a.test", word)
        plans = [
            (["alice@a.test"], local, "in turn", None), (["alice@a.test"], local, "ahead", None),
            (["bob@b.test"], remote, "in turn", alice), (["bob@b.test"], remote, "ahead", alice),
            (["alice@a.test", "bob@b.test"], {**local, **remote}, "ahead", alice),
            (["alice@a.test"], local, "chunked", None), (["bob@b.test"], remote, "chunked", alice),
            (["list@a.test"], {**local, **remote}, "in turn", None),
        ]
        self.senders = [Smtp(a, ledger, f"{seed}{n}", big, *plan) for n, plan in enumerate(plans)]
        self.senders += [Append(a, ledger, f"{seed}a", big, *alice, ("INBOX", "Archive")),
                         Append(b, ledger, f"{seed}b", big, "bob@b.test", word, ("Archive", "Drafts")),
                         Look(a, ledger, f"{seed}c", big, *alice, ("INBOX", "Archive"))]
        self.shuffles = [Shuffle(a, ledger, f"{seed}d", big, *alice), Shuffle(b, ledger, f"{seed}e", big, "bob@b.test", word)]
        self.senders += self.shuffles

    def start(self):
        for sender in self.senders:
            sender.start()

    def stop(self):
        for sender in self.senders:
            sender.stopping.set()
        for sender in self.senders:
            sender.join(WAIT_S)
            if sender.is_alive():
                raise Failure(f"the client of {sender.server.domain} to end", f"waits since {WAIT_S} s")
            if sender.n_answers == 0:
                raise Failure(f"an answer to each client of {sender.server.domain}", f"none to one; {sender.trouble}")
