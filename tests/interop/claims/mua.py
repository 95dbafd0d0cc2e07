"""Our mua with Debian's Postfix and Dovecot, and the same journey with our own servers."""

import json
import os
import signal
import subprocess
import time

from harness.port import free_port
from peers import certificate, dovecot, postfix, wait
from support import check, run

ALICE, BOB, PASSWORD = "alice@pf.test", "bob@pf.test", "secret"


class Site:
    """Servers of two people, and their mua."""

    def words(self, user, scheme="imap"):
        """Where the account is: options of mua."""
        raise NotImplementedError

    def mua(self, user, *words, scheme="imap", codes=(0,), stdin=b"", **where):
        return run([*self.words(user, scheme, **where), *words], codes=codes, stdin=stdin, env=self.env(user))

    def env(self, user):
        home = self.house.folder / f"home-{user}"
        home.mkdir(exist_ok=True)
        return {"HOME": str(home), "XDG_CACHE_HOME": str(home)}

    def objects(self, user, *words, codes=(0,)):
        return [json.loads(line) for line in self.mua(user, "--json", *words, codes=codes).splitlines() if line.startswith(b"{")]

    def arrive(self, user, count):
        wait.until(f"{count} messages for {user}", lambda: len(self.objects(user, "list", codes=(0, 2))) >= count)


class Ours(Site):
    """smtpd and imapd of one domain, in clear on loopback."""

    alice, bob, boxes = "alice@a.test", "bob@a.test", ("Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash")

    def __init__(self, house):
        self.house = house
        self.server = house.server("a.test", {self.alice: PASSWORD, self.bob: PASSWORD})

    def words(self, user, scheme="imap"):
        name, ports = user.replace("@", "%40"), self.server.ports()
        return [self.house.home.bin / "mua", "--imap", f"{scheme}://{name}@127.0.0.1:{ports['imap']}", "--smtp", f"smtp://{name}@127.0.0.1:{ports['submission']}",
                "--password-command", f"echo {PASSWORD}"]


class Foreign(Site):
    """Postfix takes submissions with Dovecot's help; Dovecot serves what Postfix delivers.  It has no folders but those that are made."""

    alice, bob, boxes = ALICE, BOB, ("INBOX", "Sent", "Trash")

    def __init__(self, house):
        self.house, tls = house, house.folder / "tls"
        certificate.make(tls, "mx.pf.test")
        users = [ALICE, BOB]
        self.postfix = postfix.Postfix(house.folder / "postfix", "pf.test", ["alice", "bob"], tls=tls, port=free_port(), submission_port=free_port())
        self.dovecot = dovecot.Dovecot(house.folder / "dovecot", dict.fromkeys(users, PASSWORD), self.postfix.folder / "mail", tls=tls,
                                       auth_socket=self.postfix.folder / "spool" / "private" / "auth", imap_port=free_port(), imaps_port=free_port())
        house.own(self.postfix)
        house.own(self.dovecot)
        self.ca = tls / "ca.pem"
        for user in users:
            self.mua(user, "folders", "create", "Sent")
            self.mua(user, "folders", "create", "Trash")

    def words(self, user, scheme="imap", ca=None):
        name, port = user.replace("@", "%40"), self.dovecot.imaps_port if scheme == "imaps" else self.dovecot.imap_port
        return [self.house.home.bin / "mua", "--imap", f"{scheme}://{name}@localhost:{port}", "--smtp", f"smtp://{name}@localhost:{self.postfix.submission_port}",
                "--password-command", f"echo {PASSWORD}", "--tls-ca", ca or self.ca]


def sends_lists_and_reads(house):
    foreign = Foreign(house)
    foreign.mua(ALICE, "send", "--to", BOB, "-s", "Grüße", "--body-file", "-", stdin="Hallo Bob, schön.\n".encode())
    foreign.arrive(BOB, 1)
    listed = foreign.objects(BOB, "list")
    check(any("Grüße" in json.dumps(row, ensure_ascii=False) for row in listed), "the letter in the list", listed)
    text = foreign.mua(BOB, "read", "1").decode()
    check("Hallo Bob, schön." in text and "Grüße" in text, "the letter", text)


def answers_a_letter(house):
    foreign = Foreign(house)
    foreign.mua(ALICE, "send", "--to", BOB, "-s", "a question", "--body-file", "-", stdin=b"How?\n")
    foreign.arrive(BOB, 1)
    ident = next(row["id"] for row in foreign.objects(BOB, "list") if "id" in row)
    foreign.mua(BOB, "send", "--reply-to-id", ident, "--body-file", "-", stdin=b"So.\n")
    foreign.arrive(ALICE, 1)
    text = foreign.mua(ALICE, "read", "1", "--raw").decode()
    check("Subject: Re: a question" in text and "In-Reply-To: <" in text and "So." in text, "the answer", text)


def reads_by_imaps(house):
    foreign = Foreign(house)
    foreign.mua(ALICE, "send", "--to", BOB, "-s", "over imaps", "--body-file", "-", stdin=b"Hello.\n")
    foreign.arrive(BOB, 1)
    check(b"over imaps" in foreign.mua(BOB, "list", scheme="imaps"), "the letter in the list", "another")


def refuses_a_certificate_of_another_authority(house):
    foreign = Foreign(house)
    certificate.make(house.folder / "other", "mx.pf.test")
    foreign.mua(BOB, "list", codes=(79,), ca=house.folder / "other" / "ca.pem")


# The journey, step by step; each leaves the site as the next one wants it.

PICTURE = bytes(range(256)) * 40


def sends(site):
    """Five letters from alice to bob, the first with an attachment; a copy of each is kept."""
    picture = site.house.folder / "picture.bin"
    picture.write_bytes(PICTURE)
    site.mua(site.alice, "send", "--to", site.bob, "-s", "Grüße mit Bild", "-a", picture, "--body-file", "-", stdin="Ein Bild, schön.\n".encode())
    for number in range(2, 6):
        site.mua(site.alice, "send", "--to", site.bob, "-s", f"letter {number}", "--body-file", "-", stdin=f"Text number {number}.\n".encode())
    site.arrive(site.bob, 5)
    check(len(site.objects(site.alice, "list", "-f", "Sent")) == 5, "five copies in Sent", "others")


def ids(site):
    """Subject to id, of bob's INBOX."""
    return {row["subject"]: row["id"] for row in site.objects(site.bob, "list")}


def lists_and_searches(site):
    rows = site.objects(site.bob, "list")
    check([row["has_attachment"] for row in rows if row["subject"] == "Grüße mit Bild"] == [True], "the attachment in the list", rows)
    found = site.objects(site.bob, "search", "subject:letter", "NOT", 'subject:"letter 3"')
    check(sorted(row["subject"] for row in found) == ["letter 2", "letter 4", "letter 5"], "three letters", found)
    found = site.objects(site.bob, "search", "--server", "subject:GRÜSSE OR subject:Grüße")
    check(len(found) == 1, "one letter, found by the server", found)


def reads_flags_and_saves(site):
    names = ids(site)
    text = site.mua(site.bob, "read", names["Grüße mit Bild"]).decode()
    check("Ein Bild, schön." in text and "Attachment: 2 picture.bin" in text, "text and attachment", text)
    site.mua(site.bob, "flag", names["letter 2"], "+flagged", "+seen", "+$work")
    flags = {row["subject"]: row["flags"] for row in site.objects(site.bob, "list")}
    check(flags["Grüße mit Bild"] == ["\\Seen"] and sorted(flags["letter 2"]) == ["$work", "\\Flagged", "\\Seen"], "the flags set", flags)
    folder = site.house.folder / "saved"
    folder.mkdir()
    site.mua(site.bob, "save", names["Grüße mit Bild"], "--all", "-o", folder)
    check((folder / "picture.bin").read_bytes() == PICTURE, "the attachment as it was", "other octets")


def moves_copies_archives_deletes(site):
    names = ids(site)
    site.mua(site.bob, "move", names["letter 2"], "Arbeit/Größe", codes=(66,))
    moved = site.objects(site.bob, "move", names["letter 2"], "Arbeit/Größe", "--create")
    check(moved[0]["action"] == "move" and "/Arbeit/Größe;" in moved[0]["new_id"], "the new id", moved)
    text = site.mua(site.bob, "read", moved[0]["new_id"]).decode()
    check("Text number 2." in text, "the moved letter under its new id", text)
    copied = site.objects(site.bob, "copy", names["letter 3"], moved[0]["folder"])
    check(copied[0]["new_id"] and copied[0]["new_id"] != names["letter 3"], "the copy's id", copied)
    site.mua(site.bob, "archive", names["letter 4"], "--create")
    site.mua(site.bob, "delete", names["letter 5"])
    left = ids(site)
    check(sorted(left) == ["Grüße mit Bild", "letter 3"], "two left in INBOX", left)
    there = {folder: [row["subject"] for row in site.objects(site.bob, "list", "-f", folder)] for folder in ("Arbeit/Größe", "Archive", "Trash")}
    check(sorted(there["Arbeit/Größe"]) == ["letter 2", "letter 3"] and there["Archive"] == ["letter 4"] and there["Trash"] == ["letter 5"], "each in its folder", there)
    mixed = site.objects(site.bob, "move", left["letter 3"], names["letter 4"], "Archive", codes=(3,))
    check([row["schema"] for row in mixed] == ["posta.transfer.1", "posta.error.1"] and mixed[1]["exit_code"] == 66, "one moved, one error", mixed)
    site.mua(site.bob, "delete", names["letter 4"], names["letter 5"], codes=(66,))


def searches_all_folders(site):
    found = site.objects(site.bob, "search", "--all-folders", "subject:letter")
    check(sorted((row["folder"], row["subject"]) for row in found) ==
          [("Arbeit/Größe", "letter 2"), ("Arbeit/Größe", "letter 3"), ("Archive", "letter 3"), ("Archive", "letter 4"), ("Trash", "letter 5")], "five in four folders", found)


def synchronises(site):
    """What other clients did shows; with bodies kept bob reads while the server is away."""
    first = {row["folder"]: row for row in site.objects(site.bob, "sync", "--offline-bodies", "3")}
    check(sorted(first) == sorted({*site.boxes, "Arbeit/Größe", "Archive"} | ({"Arbeit"} & set(first))), "a line for each folder", first)
    check(first["Archive"]["bodies"] == 2 and first["INBOX"]["bodies"] == 1, "the letters kept", first)
    names = ids(site)
    second = Elsewhere(site)
    second.mua(site.bob, "flag", names["Grüße mit Bild"], "+flagged")
    second.mua(site.bob, "delete", "1", "-f", "Arbeit/Größe", "--purge")
    site.mua(site.alice, "send", "--to", site.bob, "-s", "one more", "--body-file", "-", stdin=b"More.\n")
    second.arrive(site.bob, 2)
    rows = {row["folder"]: (row["new"], row["changed"], row["vanished"]) for row in site.objects(site.bob, "sync", "--offline-bodies", "3")}
    check(rows["INBOX"] == (1, 1, 0) and rows["Arbeit/Größe"] == (0, 0, 1) and rows["Archive"] == (0, 0, 0), "just what changed", rows)


class Elsewhere(Site):
    """The same people at another machine: a cache of its own."""

    def __init__(self, site):
        self.house, self.words = site.house, site.words

    def env(self, user):
        return {**super().env(user), "XDG_CACHE_HOME": str(self.house.folder / "elsewhere")}


def family(pid):
    """A process and all below it."""
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [pid, *(one for child in file.read().split() for one in family(int(child)))]


def frozen(processes):
    """While it lasts they do not run."""
    class Freeze:
        def __enter__(self):
            for process in processes:
                os.kill(process, signal.SIGSTOP)

        def __exit__(self, *_):
            for process in processes:
                os.kill(process, signal.SIGCONT)
    return Freeze()


def is_never_held(site, processes):
    """Servers stopped by SIGSTOP: every verb ends within its time, and what is kept can be read."""
    names = ids(site)
    ident = names["Grüße mit Bild"]
    with frozen(processes):
        for words in (["list"], ["search", "x"], ["search", "--all-folders", "body:x"], ["flag", ident, "+seen"], ["move", ident, "Archive"], ["copy", ident, "Archive"],
                      ["archive", ident], ["delete", ident], ["folders", "--counts"], ["folders", "create", "New"], ["sync"], ["read", "1", "-f", "Trash"],
                      ["send", "--to", site.alice, "-s", "never", "--body-file", "-"]):
            start = time.monotonic()
            site.mua(site.bob, "--timeout", "1s", *words, codes=(69,) if words[0] != "read" else (0,))
            check(time.monotonic() - start < 6, f"{words[0]} to end within 6 s", time.monotonic() - start)
        text = site.mua(site.bob, "--timeout", "1s", "read", ident).decode()
        check("Ein Bild, schön." in text, "a letter from the cache", text)
        folder = site.house.folder / "saved-offline"
        folder.mkdir()
        site.mua(site.bob, "--timeout", "1s", "save", ident, "--all", "-o", folder)
        check((folder / "picture.bin").read_bytes() == PICTURE, "the attachment from the cache", "other octets")
        found = site.objects(site.bob, "search", "--local", "--all-folders", 'body:"text number 4"')
        check([row["subject"] for row in found] == ["letter 4"], "a body found in the cache", found)


def watches(site):
    """sync --watch tells of a letter within seconds and ends well at a signal."""
    words = [str(word) for word in [*site.words(site.bob), "--json", "sync", "--watch", "--folder", "INBOX"]]
    watcher = subprocess.Popen(words, stdout=subprocess.PIPE, env={**os.environ, **site.env(site.bob)})
    try:
        check(json.loads(watcher.stdout.readline())["folder"] == "INBOX", "the first round", "another line")
        start = time.monotonic()
        site.mua(site.alice, "send", "--to", site.bob, "-s", "watched", "--body-file", "-", stdin=b"Now.\n")
        row = json.loads(watcher.stdout.readline())
        check(row["new"] == 1 and time.monotonic() - start < 10, "the letter within 10 s", row)
        watcher.terminate()
        check(watcher.wait(10) == 0, "exit 0", watcher.returncode)
    finally:
        watcher.kill()
        watcher.wait()


JOURNEY = [sends, lists_and_searches, reads_flags_and_saves, moves_copies_archives_deletes, searches_all_folders, synchronises, watches]


def resynchronises_by_qresync(house):
    site = Foreign(house)
    site.mua(site.alice, "send", "--to", site.bob, "-s", "once", "--body-file", "-", stdin=b"Once.\n")
    site.arrive(site.bob, 1)
    said = site.mua(site.bob, "--trace", "sync", "-f", "INBOX", codes=(0, 2)).decode()
    check("SELECT INBOX (QRESYNC (" in said and "FETCH 1" not in said, "one SELECT and no FETCH", said)


def does_the_whole_journey_at_debian(house):
    site = Foreign(house)
    for step in JOURNEY:
        step(site)
    found = site.objects(site.bob, "search", 'body:"schön"')
    check([row["subject"] for row in found] == ["Grüße mit Bild"], "a body found by the server", found)
    is_never_held(site, [*family(site.dovecot.process.pid), *family(int((site.postfix.folder / "spool" / "pid" / "master.pid").read_text()))])


def does_the_whole_journey_at_home(house):
    site = Ours(house)
    for step in JOURNEY:
        step(site)
    is_never_held(site, [one for daemon in site.server.daemons.values() for one in family(daemon.process.pid)])
