"""mbsync keeps a Maildir and a mailbox of ours the same."""

import hashlib
import hmac
import re
import secrets
import shutil
import sqlite3

from support import ALICE, PASSWORD, Mailbox, check, letter, need, one_user, run

TUID = re.compile(rb"^X-TUID: .*\n", re.MULTILINE)      # mbsync's own mark
CYRUS_ROUNDS_MAX = 65536
CONFIG = """
IMAPAccount posta
Host localhost
Port {port}
User {user}
Pass {password}
SSLType {tls}
CertificateFile {ca}
AuthMechs {mechanism}

IMAPStore far
Account posta

MaildirStore near
Path {folder}/
Inbox {folder}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns {patterns}
Create {create}
Remove {remove}
Expunge Both
SyncState {state}
"""


def with_rounds(server, rounds):
    """Give the only user a credential with so many rounds."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), salt, rounds)
    client, key = (hmac.digest(salted, word, "sha256") for word in (b"Client Key", b"Server Key"))
    with sqlite3.connect(server.folder / "data" / "shard0.db") as store:
        store.execute("UPDATE credential SET iterations = ?, salt = ?, stored_key = ?, server_key = ?", (rounds, salt, hashlib.sha256(client).digest(), key))


class Sync:
    def __init__(self, house, server, tls="STARTTLS", mechanism="PLAIN", patterns="INBOX", create="Near", remove="None", state="*"):
        need("mbsync")
        self.folder = house.folder / "maildir"
        self.folder.mkdir(exist_ok=True)
        self.config = house.folder / "mbsyncrc"
        self.config.write_text(CONFIG.format(port=server.ports()["imaps" if tls == "IMAPS" else "imap"], user=ALICE, password=PASSWORD, tls=tls,
                                             ca=server.ca, mechanism=mechanism, folder=self.folder, patterns=patterns, create=create, remove=remove, state=state))

    def run(self):
        run(["mbsync", "-c", self.config, "-a"], env={"HOME": str(self.folder)})

    def files(self, box="INBOX"):
        return sorted(path for name in ("cur", "new") for path in (self.folder / box / name).iterdir())


def pulls(house, count=5, **options):
    server = one_user(house)
    box = Mailbox(server)
    for number in range(count):
        box.append(letter(f"number {number}", lines=10 * number + 1), "\\Seen" if number % 2 else None)
    sync = Sync(house, server, **options)
    sync.run()
    got = sorted(TUID.sub(b"", path.read_bytes()).replace(b"\n", b"\r\n") for path in sync.files())
    check(got == sorted(box.all()), f"{count} messages, the same octets", [len(octets) for octets in got])
    return server, box, sync


def pulls_every_message_by_starttls(house):
    _, _, sync = pulls(house)
    check(sum(path.name.endswith("S") for path in sync.files()) == 2, "2 messages seen", [path.name for path in sync.files()])


def pulls_by_imaps(house):
    pulls(house, tls="IMAPS")


def pulls_after_scram_sha_256(house):
    """Cyrus SASL's SCRAM against ours, with the most rounds it computes; a new user's record has more."""
    server = one_user(house)
    with_rounds(server, CYRUS_ROUNDS_MAX)
    Mailbox(server).append(letter("one"))
    sync = Sync(house, server, mechanism="SCRAM-SHA-256")
    sync.run()
    check(len(sync.files()) == 1, "1 file", len(sync.files()))
    check(any("mechanism=SCRAM-SHA-256" in line for line in server.log_lines()), "a log-in by SCRAM-SHA-256", "another")


def pulls_only_what_is_new(house):
    _, box, sync = pulls(house)
    box.append(letter("one more"))
    sync.run()
    check(len(sync.files()) == 6, "6 files", len(sync.files()))


def pushes_flags(house):
    _, box, sync = pulls(house)
    for path in sync.files():
        path.rename(sync.folder / "INBOX" / "cur" / (path.name.partition(":")[0] + ":2,FS"))
    sync.run()
    check(box.flags() == [["\\Flagged", "\\Seen"]] * 5, "5 messages flagged and seen", box.flags())


def pushes_a_new_message(house):
    server, box, sync = pulls(house)
    (sync.folder / "INBOX" / "new" / "1234.pushed").write_bytes(letter("pushed").replace(b"\r\n", b"\n"))
    sync.run()
    got = box.wait_for(6)[-1]
    check(b"Subject: pushed" in got and got.endswith(letter("pushed").partition(b"\r\n\r\n")[2]), "the letter pushed", got)
    sync.run()
    check(box.count() == 6, "nothing more after another run", box.count())


def pushes_a_deletion(house):
    _, box, sync = pulls(house)
    sync.files()[0].unlink()
    sync.run()
    check(box.count() == 4, "4 messages left", box.count())


def pulls_a_deletion(house):
    _, box, sync = pulls(house)
    box.imap.select("INBOX")
    box.imap.store("1:2", "+FLAGS", "(\\Deleted)")
    box.imap.expunge()
    sync.run()
    check(len(sync.files()) == 3, "3 files left", len(sync.files()))


def makes_mailboxes_on_both_sides(house):
    server = one_user(house)
    far = Mailbox(server)
    far.imap.create("Lists/far")
    far.imap.append("Lists/far", None, None, letter("from far"))
    sync = Sync(house, server, patterns="INBOX Lists*", create="Both", remove="Both", state=f"{house.folder}/state-")
    for name in ("", "cur", "new", "tmp"):
        (sync.folder / "Lists" / "near" / name).mkdir(parents=True, exist_ok=True)
    (sync.folder / "Lists" / "near" / "new" / "1.near").write_bytes(letter("from near").replace(b"\r\n", b"\n"))
    sync.run()
    check(len(sync.files("Lists/far")) == 1, "the letter from far", sync.files("Lists/far"))
    got, = Mailbox(server, folder="Lists/near").all()
    check(b"Subject: from near" in got, "the letter from near", got)
    return server, far, sync


def removes_a_mailbox_that_is_gone_here(house):
    server, far, sync = makes_mailboxes_on_both_sides(house)
    for path in sync.files("Lists/far"):
        path.unlink()
    sync.run()
    shutil.rmtree(sync.folder / "Lists" / "far")
    sync.run()
    check(far.imap.select("Lists/far")[0] == "NO", "the mailbox deleted", "still there")
    check(far.imap.select("Lists/near")[0] == "OK", "the other one left", "gone")


def pulls_everything_again_into_an_empty_folder(house):
    _, box, sync = pulls(house, count=20)
    shutil.rmtree(sync.folder)
    sync.folder.mkdir()
    sync.run()
    check(len(sync.files()) == 20, "20 files", len(sync.files()))
