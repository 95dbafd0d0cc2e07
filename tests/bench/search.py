"""SEARCH BODY over 100,000 messages beside Dovecot mdbox, which reads them all: without our text index, and with it."""

import mailbox as mailboxes
import re
import shutil
import socket
import subprocess
import threading
import time

import neighbour
from peers import dovecot, wait
from peers.house import House
from table import Figure

MAILBOX = "Found"
MESSAGES, SAMPLE, NOOPS = 100000, 400, 200
NOWHERE, RARE, COMMON = "what is nowhere", "a rare word", "a common word"
SCAN_TARGET, INDEX_TARGET, NOOP_MS = 2, 20, 15
BUILD_S = 600
INDEXED = re.compile(r"event=indexed .*messages=(\d+) text=(\d+) index=(\d+) ms=(\d+)")


class Imap:
    """One session in a mailbox."""

    def __init__(self, port, user, mailbox=MAILBOX):
        self.sock = socket.create_connection(("127.0.0.1", port), 600)
        self.file = self.sock.makefile("rb")
        self.file.readline()
        self.do(f"LOGIN {user} secret")
        self.do(f"SELECT {mailbox}")

    def do(self, command):
        """The untagged lines and the seconds it took."""
        begin = time.monotonic()
        self.sock.sendall(f"a {command}\r\n".encode())
        lines = [self.file.readline()]
        while not lines[-1].startswith(b"a "):
            lines.append(self.file.readline())
            if not lines[-1]:
                raise RuntimeError(f"{command}: the connection closed")
        if not lines[-1].startswith(b"a OK"):
            raise RuntimeError(f"{command}: {lines[-1]!r}")
        return lines[:-1], time.monotonic() - begin

    def search(self, word):
        """Message numbers and seconds."""
        lines, seconds = self.do(f"SEARCH BODY {word}")
        return [line.split()[2:] for line in lines if line.startswith(b"* SEARCH")][0], seconds


def choose_words(mbox):
    """{what: word}: by how many of the first messages hold them, inside other words too."""
    words, texts = set(), []
    for number, message in enumerate(mailboxes.mbox(mbox)):
        if number == SAMPLE:
            break
        parts = [part.get_payload(decode=True).lower() for part in message.walk() if part.get_content_maintype() == "text"]
        texts.append(b"\n".join(parts))
        words.update(re.findall(rb"\b[a-z]{5,12}\b", texts[-1]))
    shares = {word: sum(word in text for text in texts) / len(texts) for word in sorted(words)}

    def nearest(share):
        return min(shares, key=lambda word: abs(shares[word] - share)).decode()

    return {NOWHERE: "zyxwvuqq", RARE: nearest(0.01), COMMON: nearest(0.25)}


def fill(options, port, user, mbox):
    words = [options.tool("imapload"), "127.0.0.1", str(port), user, "secret", "fill", f"mbox={MAILBOX}", f"file={mbox}", f"n={options.scaled(MESSAGES)}", "batch=100"]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=1800)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip() or done.stdout.strip())


def alternate(options, ours, theirs, words):
    """{what: (our seconds, their seconds)}; and what differs in the answers."""
    times, notes = {what: ([], []) for what in words}, {}
    for _ in range(options.few_rounds):
        for what, word in words.items():
            (our_numbers, our_s), (their_numbers, their_s) = ours.search(word), theirs.search(word)
            times[what][0].append(our_s)
            times[what][1].append(their_s)
            notes[what] = f"in {len(our_numbers)} messages" + ("" if our_numbers == their_numbers else f", Dovecot {len(their_numbers)}")
    return times, notes


def noops_beside(server, searcher, word):
    """p99 of another session's NOOP while texts are searched for, ms."""
    other, done, times = Imap(server.ports()["imap"], "ann@a.test", "INBOX"), threading.Event(), []

    def search_on():
        while not done.is_set():
            searcher.search(word)

    thread = threading.Thread(target=search_on)
    thread.start()
    for _ in range(NOOPS):
        times.append(other.do("NOOP")[1] * 1000)
        time.sleep(0.005)
    done.set()
    thread.join()
    return neighbour.p99(times)


def build_index(server, port, word):
    """Search until all is indexed; what the log says of it, added up: messages, text, index, ms."""
    Imap(port, "bob@a.test").search(word)
    found = []

    def all_told():
        found[:] = [tuple(map(int, match.groups())) for match in map(INDEXED.search, server.log_lines()) if match]
        return bool(found)

    wait.until("the index is built", all_told, BUILD_S, 0.2)
    return found[-1]


def per_second(count, seconds):
    return [count / value for value in seconds]


def rows(key, text, count, times, notes, target):
    return [Figure(f"{key}_{number}", f"{text}, {what}", "messages/s", per_second(count, ours), per_second(count, theirs), "Dovecot mdbox",
                   target if what != NOWHERE else None, note=notes[what]) for number, (what, (ours, theirs)) in enumerate(times.items())]


def measure(options):
    if options.tool("imapload") is None:
        print("bench: search left out: no shared load client beside this checkout")
        return []
    count = options.scaled(MESSAGES)
    mbox = options.work / "search-mbox"
    subprocess.run([options.tool("mailgen"), "-n", str(count), "-s", "4096", "-x", "-S", "4", "-o", str(mbox)], check=True)
    words = choose_words(mbox)
    with House(options.bin) as house:
        server = house.server("a.test", {"ann@a.test": "secret", "bob@a.test": "secret"}, daemons=("imapd",))
        (house.folder / "mail").mkdir()
        shutil.chown(house.folder / "mail", "nobody")
        house.own(dovecot.Dovecot(house.folder / "dovecot", {"bob@d.test": "secret"}, house.folder / "mail", "mdbox"))
        fill(options, server.ports()["imap"], "bob@a.test", mbox)
        fill(options, dovecot.IMAP_PORT, "bob@d.test", mbox)
        mbox.unlink()
        blocker = server.folder / "data" / "index"
        blocker.write_text("no folder: no index\n")
        theirs, ours = Imap(dovecot.IMAP_PORT, "bob@d.test"), Imap(server.ports()["imap"], "bob@a.test")
        scan, scan_notes = alternate(options, ours, theirs, words)
        noop = noops_beside(server, ours, words[RARE])
        blocker.unlink()
        built, text, size, built_ms = build_index(server, server.ports()["imap"], words[RARE])
        index, index_notes = alternate(options, ours, theirs, words)
        house.finish()
    return [*rows("search_scan", f"SEARCH BODY, {count} messages, no index", count, scan, scan_notes, SCAN_TARGET),
            *rows("search_index", f"SEARCH BODY, {count} messages, with the index", count, index, index_notes, INDEX_TARGET),
            Figure("search_noop", "a neighbour's NOOP (p99) beside searches without index", "ms", [noop], target=NOOP_MS, better="less"),
            Figure("search_index_size", "the index, of the text searched", "%", [100 * size / text], note=f"{size / built:.0f} octets a message"),
            Figure("search_index_build", "the index built, in the background", "messages/s", [built * 1000 / built_ms], note=f"{built} in {built_ms / 1000:.1f} s")]
