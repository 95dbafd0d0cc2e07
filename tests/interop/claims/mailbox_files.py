"""Mailboxes as files, there and back: Dovecot's Maildir, neomutt's mbox, and ours as they read them."""

import email
import imaplib
import mailbox
import os
import re
import shutil
import smtplib
import time

from harness.port import free_port
from peers import dovecot, postfix, wait
from claims.neomutt import Neomutt
from support import ALICE, PASSWORD, Mailbox, check, letter, one_user, run, subjects

FLAGS = {"seen": "(\\Seen)", "answered": "(\\Seen \\Answered)", "flagged": "(\\Flagged)", "draft": "(\\Draft)", "keyword": "(\\Seen Work $Forwarded)", "new": None}
WHEN = '"03-Feb-2021 04:05:06 +0000"'


def dovecots(house, mail, kind="maildir"):
    """A Dovecot whose users' homes are below `mail`, and a session of alice."""
    server = house.own(dovecot.Dovecot(house.folder / f"dovecot-{mail.name}", {ALICE: PASSWORD}, mail, kind, imap_port=free_port()))
    imap = imaplib.IMAP4("127.0.0.1", server.imap_port, timeout=60)
    imap.login(ALICE, PASSWORD)
    return imap


def folder_of(house, name, uid=65534):
    path = house.folder / name
    path.mkdir()
    os.chmod(path, 0o777)
    os.chown(path, uid, uid)
    return path


def listing(imap, folder):
    """{subject: (flags without \\Recent, INTERNALDATE, octets)} of a folder."""
    check(imap.select(f'"{folder}"', readonly=True)[0] == "OK", f"{folder} to be there", imap.list())
    _, data = imap.fetch("1:*", "(FLAGS INTERNALDATE BODY.PEEK[])")
    rows = {}
    for item, rest in zip(data, data[1:] + [b""]):
        if not isinstance(item, tuple):
            continue
        told = item[0] + (rest if isinstance(rest, bytes) else b"")
        flags = {flag.decode() for flag in imaplib.ParseFlags(told)} - {"\\Recent"}
        rows[email.message_from_bytes(item[1])["Subject"]] = (flags, imaplib.Internaldate2tuple(told), item[1])
    return rows


def fill(imap, folder):
    for name, flags in FLAGS.items():
        status, said = imap.append(f'"{folder}"', flags, WHEN, letter(name))
        check(status == "OK", "APPEND to be OK", said)


def dovecots_maildir_comes_with_flags_dates_and_folders(house):
    mail = folder_of(house, "mail")
    theirs = dovecots(house, mail)
    theirs.create("Lists/deep")
    for folder in ("INBOX", "Lists/deep"):
        fill(theirs, folder)
    server = one_user(house)
    server.mailctl(["-c", str(server.conf), "import", ALICE, "INBOX", f"maildir:{mail}/alice/Maildir"])
    ours = Mailbox(server).imap
    for folder in ("INBOX", "Lists/deep"):
        want, got = listing(theirs, folder), listing(ours, folder)
        check(got == want, want, got)


def our_maildir_is_dovecots(house):
    server, mail = one_user(house), folder_of(house, "mail")
    ours = Mailbox(server).imap
    ours.create("Lists/deep")
    for folder in ("INBOX", "Lists/deep"):
        fill(ours, folder)
    (mail / "alice").mkdir()
    os.chmod(mail / "alice", 0o777)
    server.mailctl(["-c", str(server.conf), "export", ALICE, "INBOX", f"maildir:{mail}/alice/Maildir"])
    run(["chown", "-R", "65534:65534", mail])
    theirs = dovecots(house, mail)
    for folder in ("INBOX", "Lists/deep"):
        want, got = listing(ours, folder), listing(theirs, folder)
        check(got == want, want, got)


def without_lengths(octets):
    """neomutt writes fields of its own into an mbox."""
    return re.sub(rb"(?m)^(Content-Length|Lines|Tags): .*\r\n", b"", octets)


def neomutts_mbox_comes_with_its_flags(house):
    server = one_user(house)
    fill(Mailbox(server).imap, "INBOX")
    mutt = Neomutt(house, server)
    path = mutt.home / "box"
    mutt.press(f"<tag-pattern>.<enter><tag-prefix><copy-message>{path}<enter><quit>")
    check(path.exists(), "an mbox of neomutt's", os.listdir(mutt.home))
    shutil.copy(path, house.home.folder / "box")
    os.chmod(house.home.folder / "box", 0o644)
    server.mailctl(["-c", str(server.conf), "import", ALICE, "Mutt", f"mbox:{house.home.folder}/box"])
    want, got = listing(Mailbox(server).imap, "INBOX"), listing(Mailbox(server).imap, "Mutt")
    for subject, (flags, _, octets) in want.items():
        check(subject in got and without_lengths(got[subject][2]) == octets, f"the octets of {subject}", got.get(subject))
        known = flags & {"\\Seen", "\\Answered", "\\Flagged"}
        check(got[subject][0] & {"\\Seen", "\\Answered", "\\Flagged"} == known, f"{subject} with {known}", got[subject][0])


def our_mbox_is_read_by_neomutt_and_python(house):
    server = one_user(house)
    box = Mailbox(server)
    fill(box.imap, "INBOX")
    box.append(letter("From in it").replace(b"\r\n\r\n", b"\r\n\r\nFrom me to you\r\n>From before\r\n", 1))
    folder = house.home.folder / "out"
    house.home.identity.make_folder(folder)
    server.mailctl(["-c", str(server.conf), "export", ALICE, "INBOX", f"mbox:{folder}/box"])
    read = mailbox.mbox(folder / "box")
    check(sorted(message["Subject"] for message in read) == subjects(box.all()), "the same messages", len(read))
    by_subject = {message["Subject"]: message for message in read}
    check("F" in by_subject["flagged"].get_flags() and "A" in by_subject["answered"].get_flags(), "the flags", [m.get_flags() for m in read])
    os.chmod(folder / "box", 0o644)
    mutt = Neomutt(house, server)
    count = mutt.home / "count"
    mutt.press(f"<change-folder>{folder}/box<enter><tag-pattern>~F<enter><tag-prefix><pipe-message>cat > {count}<enter><exit>")
    check(b"Subject: flagged" in count.read_bytes(), "the flagged message in neomutt", count.read_bytes()[:300])
    server.mailctl(["-c", str(server.conf), "import", ALICE, "Back", f"mbox:{folder}/box"])
    want, got = listing(box.imap, "INBOX"), listing(Mailbox(server).imap, "Back")
    check(got == want, want, got)


def letters_with_from_lines():
    """A letter that another seems to begin in, and one with lines that look quoted."""
    yield letter("inner").replace(b"\r\n\r\n", b"\r\n\r\nhello\r\n\r\nFrom me Sat Nov 21 10:22:25 2026\r\nSubject: none\r\n\r\n>From before\r\n>>From long before\r\n", 1)
    yield letter("after")


def neomutts_mbox_keeps_its_from_lines_and_dates(house):
    """It quotes nothing and writes Content-Length; the dates of its From_ lines are local."""
    server = one_user(house)
    box = Mailbox(server)
    for octets in letters_with_from_lines():
        check(box.imap.append("INBOX", None, WHEN, octets)[0] == "OK", "APPEND to be OK", None)
    mutt = Neomutt(house, server)
    mutt.env["TZ"] = "CET-1CEST,M3.5.0,M10.5.0/3"
    path = mutt.home / "box"
    mutt.press(f"<tag-pattern>.<enter><tag-prefix><copy-message>{path}<enter><quit>")
    shutil.copy(path, house.home.folder / "box")
    os.chmod(house.home.folder / "box", 0o644)
    run(["env", f"TZ={mutt.env['TZ']}", server.home.bin / "mailctl", "-c", server.conf, "import", ALICE, "Mutt", f"mbox:{house.home.folder}/box"])
    want, got = listing(box.imap, "INBOX"), listing(Mailbox(server).imap, "Mutt")
    check(sorted(got) == sorted(want), sorted(want), path.read_bytes())
    for subject, (_, date, octets) in want.items():
        check(without_lengths(got[subject][2]) == octets, octets, got[subject][2])
        check(got[subject][1] == date, date, got[subject][1])


def compare(want, got):
    check(set(got) >= set(want), sorted(want), sorted(got))
    for subject, row in want.items():
        check(got[subject] == row, row, got[subject])


def dovecots_mbox_there_and_back(house):
    there, back = folder_of(house, "there"), folder_of(house, "back")
    theirs = dovecots(house, there, "mbox")
    server = one_user(house)
    fill(theirs, "INBOX")
    for octets in letters_with_from_lines():
        check(theirs.append("INBOX", None, WHEN, octets)[0] == "OK", "APPEND to be OK", None)
    server.mailctl(["-c", str(server.conf), "import", ALICE, "Came", f"mbox:{there}/alice/mbox/inbox"])
    ours = Mailbox(server).imap
    want = listing(theirs, "INBOX")
    compare(want, listing(ours, "Came"))
    (back / "alice" / "mbox").mkdir(parents=True)
    run(["chmod", "-R", "777", back])
    server.mailctl(["-c", str(server.conf), "export", ALICE, "Came", f"mbox:{back}/alice/mbox/inbox"])
    run(["chown", "-R", "65534:65534", back])
    del want["inner"]           # our mbox quotes From lines for readers that go by them, and Dovecot shows the quotes
    got = listing(dovecots(house, back, "mbox"), "INBOX")
    check(len(got) == len(want) + 1, len(want) + 1, sorted(got))
    compare(want, got)


def postfixs_mbox_comes_as_it_was_sent(house):
    """It quotes From lines, but not those that look quoted: which of them it did nobody can tell.  It dates its own by the clock on the wall."""
    theirs = house.own(postfix.Postfix(house.folder / "postfix", "pf.test", ["box"], port=free_port(),
                                       more="virtual_mailbox_maps = inline:{ box@pf.test=box/mbox }\nimport_environment = MAIL_CONFIG MAIL_LOGTAG LANG=C TZ=CET-1CEST\n"))
    sent = [octets.replace(b">From before\r\n>>From long before\r\n", b"") for octets in letters_with_from_lines()]
    with smtplib.SMTP("127.0.0.1", theirs.port) as smtp:
        for octets in sent:
            smtp.sendmail(ALICE, "box@pf.test", octets, ["BODY=8BITMIME"])
    path = theirs.folder / "mail" / "box" / "mbox"
    wait.until("both in Postfix' mbox", lambda: path.exists() and path.read_bytes().count(b"Message-ID") == 2)
    shutil.copy(path, house.home.folder / "box")
    os.chmod(house.home.folder / "box", 0o644)
    server = one_user(house)
    run(["env", "TZ=CET-1CEST", server.home.bin / "mailctl", "-c", server.conf, "import", ALICE, "Came", f"mbox:{house.home.folder}/box"])
    got = listing(Mailbox(server).imap, "Came")
    for octets in sent:
        subject = email.message_from_bytes(octets)["Subject"]
        check(subject in got and got[subject][2].endswith(octets[octets.index(b"Subject"):]), octets, path.read_bytes())
        check(abs(time.time() - time.mktime(got[subject][1])) < 600, "a date of now", got[subject][1])
