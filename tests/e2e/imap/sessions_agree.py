"""Several sessions do random things to one mailbox; each keeps the numbering it was told, and it is never contradicted.

Usage: sessions_agree.py PORT USER PASSWORD [SECONDS [SESSIONS [SEED]]]
"""
import random
import re
import socket
import sys
import threading
import time

HOLDS = {"FETCH", "STORE", "SEARCH"}            # no EXPUNGE while these count by number


class Broken(Exception):
    pass


class Session:
    def __init__(self, port, user, password, seed):
        self.random = random.Random(seed)
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.file = self.socket.makefile("rb")
        self.trace = []
        self.n = 0
        self.uids = []          # None: told by EXISTS, its UID not asked for yet
        self.flags = {}         # uid -> what was told last
        self.results, self.results_of = None, 0
        self.read()
        self.command(f"LOGIN {user} {password}")
        self.command("SELECT INBOX")

    def read(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise Broken("connection lost")
        self.trace.append(line[:200])
        return line

    def read_response(self):
        whole = self.read()
        while (m := re.search(rb"\{(\d+)\}\r\n$", whole)):
            whole += self.file.read(int(m.group(1))) + self.read()
        return whole.decode("latin1")

    def take(self, response, verb):
        if (m := re.match(r"\* (\d+) EXISTS", response)):
            n = int(m.group(1))
            if n < len(self.uids):
                raise Broken(f"EXISTS shrank from {len(self.uids)} to {n}")
            self.uids += [None] * (n - len(self.uids))
        elif (m := re.match(r"\* (\d+) EXPUNGE", response)):
            n = int(m.group(1))
            if verb in HOLDS:
                raise Broken(f"EXPUNGE during {verb}")
            if not 1 <= n <= len(self.uids):
                raise Broken(f"EXPUNGE {n} of {len(self.uids)}")
            self.flags.pop(self.uids.pop(n - 1), None)
        elif (m := re.match(r"\* (\d+) FETCH \((.*)\)\r\n$", response, re.S)):
            self.take_fetch(int(m.group(1)), m.group(2))
        elif response.startswith("* SEARCH"):
            self.results = [int(x) for x in response.split()[2:]]
            self.results_of = len(self.uids)
        elif response.startswith("* BYE"):
            raise Broken(response)

    def take_fetch(self, n, items):
        if not 1 <= n <= len(self.uids):
            raise Broken(f"FETCH {n} of {len(self.uids)}")
        if (m := re.search(r"UID (\d+)", items)):
            uid = int(m.group(1))
            if self.uids[n - 1] not in (None, uid):
                raise Broken(f"number {n} was UID {self.uids[n - 1]}, now {uid}")
            self.uids[n - 1] = uid
            known = [u for u in self.uids if u]
            if known != sorted(set(known)):
                raise Broken(f"UIDs out of order: {known}")
        if (m := re.search(r"FLAGS \(([^)]*)\)", items)) and self.uids[n - 1]:
            self.flags[self.uids[n - 1]] = frozenset(m.group(1).split()) - {"\\Recent"}
        if (m := re.search(r"Subject: uid-of-nobody-(\w+)", items)) and not m.group(1):
            raise Broken("a body that is not its own")

    def command(self, text, literal=None):
        self.n += 1
        tag = f"t{self.n}"
        verb = text.split()[0]
        self.trace.append(f"> {tag} {text}\r\n".encode())
        octets = f"{tag} {text}".encode()
        if literal is not None:
            octets += b" {%d+}\r\n" % len(literal) + literal
        self.socket.sendall(octets + b"\r\n")
        while True:
            response = self.read_response()
            if response.startswith(tag + " "):
                break
            self.take(response, verb)
        if response.startswith(tag + " BAD"):
            raise Broken(f"{text}: {response}")
        return response

    def numbers(self):
        a, b = self.random.randint(1, len(self.uids)), self.random.randint(1, len(self.uids))
        return f"{min(a, b)}:{max(a, b)}"

    def step(self):
        r = self.random.random()
        flag = self.random.choice(["\\Seen", "\\Flagged", "\\Answered", "\\Deleted", "kw1", "kw2"])
        if not self.uids or r < 0.2:
            return self.command("APPEND INBOX", b"Subject: %d\r\n\r\nx\r\n" % self.n)
        if r < 0.35:
            return self.command(f"FETCH {self.numbers()} (UID FLAGS)")
        if r < 0.45:
            return self.command(f"STORE {self.numbers()} {self.random.choice('+-')}FLAGS ({flag})")
        if r < 0.55:
            return self.silent_store() if r < 0.46 else self.command(f"STORE {self.random.randint(1, len(self.uids))} +FLAGS (\\Deleted)")
        if r < 0.62:
            self.command("SEARCH ALL")
            if self.results != list(range(1, self.results_of + 1)):
                raise Broken(f"SEARCH ALL gave {self.results} of {self.results_of}")
            return None
        if r < 0.7:
            return self.command("EXPUNGE")
        if r < 0.8:
            return self.command("UID FETCH 1:* (FLAGS)")
        if r < 0.85:
            return self.command(f"FETCH {self.random.randint(1, len(self.uids))} (UID BODY[])")
        if r < 0.92:
            return self.idle()
        return self.command("NOOP")

    def silent_store(self):
        """Nobody ever takes kw3 away, so that the client knows what it did without being told."""
        before = [u for u in self.uids if u in self.flags]
        self.command("UID STORE 1:* +FLAGS.SILENT (kw3)")
        for uid in before:
            if uid in self.flags:
                self.flags[uid] |= {"kw3"}

    def idle(self):
        self.n += 1
        self.socket.sendall(b"t%d IDLE\r\n" % self.n)
        response = self.read_response()
        while not response.startswith("+"):
            self.take(response, "IDLE")
            response = self.read_response()
        time.sleep(self.random.random() * 0.02)
        self.socket.sendall(b"DONE\r\n")
        while not (response := self.read_response()).startswith(f"t{self.n} "):
            self.take(response, "IDLE")


def run(session, until, faults):
    try:
        while time.time() < until and not faults:
            session.step()
    except Exception as fault:
        faults.append((fault, session.trace[-30:]))


def settle(sessions):
    """Once nobody writes, all know the same: UIDs and, without asking, flags."""
    quiet = 0
    while quiet < 10:                               # a NOOP waits for no slow store: the news comes with a later one
        before = [(list(s.uids), dict(s.flags)) for s in sessions]
        for s in sessions:
            s.command("NOOP")
        quiet = quiet + 1 if before == [(s.uids, s.flags) for s in sessions] else 0
        time.sleep(0.1)
    told = [dict(s.flags) for s in sessions]
    for s, flags in zip(sessions, told):
        s.flags = {}
        s.command("UID FETCH 1:* (FLAGS)")
        for uid, was in flags.items():
            if s.flags.get(uid) != was:
                raise Broken(f"UID {uid} was told as {sorted(was)}, is {sorted(s.flags.get(uid, []))}")
    for s in sessions[1:]:
        if s.uids != sessions[0].uids or s.flags != sessions[0].flags:
            raise Broken(f"sessions differ: {s.uids} {sessions[0].uids}")


def main(port, user, password, seconds="5", n_sessions="4", seed="1"):
    sessions = [Session(int(port), user, password, int(seed) * 1000 + i) for i in range(int(n_sessions))]
    faults = []
    threads = [threading.Thread(target=run, args=(s, time.time() + float(seconds), faults)) for s in sessions]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if not faults:
        try:
            settle(sessions)
        except Broken as fault:
            faults.append((fault, []))
    for fault, trace in faults:
        print(f"{type(fault).__name__}: {fault}")
        for line in trace:
            print("   ", line.decode("latin1").rstrip())
    commands = sum(s.n for s in sessions)
    print(f"{n_sessions} sessions, {commands} commands, {len(faults)} faults", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
