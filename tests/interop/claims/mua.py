"""Our mua with Debian's Postfix and Dovecot."""

import json

from harness.server import free_port
from peers import certificate, dovecot, postfix, wait
from support import check, run

ALICE, BOB, PASSWORD = "alice@pf.test", "bob@pf.test", "secret"


class Foreign:
    """Postfix takes submissions with Dovecot's help; Dovecot serves what Postfix delivers."""

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

    def mua(self, user, *words, scheme="imap", codes=(0,), stdin=b"", ca=None):
        name, port = user.replace("@", "%40"), self.dovecot.imaps_port if scheme == "imaps" else self.dovecot.imap_port
        home = self.house.folder / f"home-{user}"
        home.mkdir(exist_ok=True)
        return run([self.house.home.bin / "mua", "--imap", f"{scheme}://{name}@localhost:{port}", "--smtp", f"smtp://{name}@localhost:{self.postfix.submission_port}",
                    "--password-command", f"echo {PASSWORD}", "--tls-ca", ca or self.ca, *words], codes=codes, stdin=stdin, env={"HOME": str(home), "XDG_CACHE_HOME": str(home)})

    def objects(self, user, *words):
        return [json.loads(line) for line in self.mua(user, "--json", *words).splitlines()]

    def arrive(self, user, count):
        box = user.partition("@")[0]
        wait.until(f"{count} messages for {user}", lambda: len(self.postfix.messages(box)) >= count)


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
