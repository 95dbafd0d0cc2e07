"""Python's smtplib and imaplib."""

import imaplib
import smtplib

from support import ALICE, PASSWORD, Mailbox, check, ends_with, letter, one_user, tls_of


def smtplib_sends_after_starttls(house):
    server, octets = one_user(house), letter("by smtplib")
    with smtplib.SMTP("127.0.0.1", server.ports()["submission"]) as smtp:
        smtp.starttls(context=tls_of(server))
        smtp.login(ALICE, PASSWORD)
        smtp.sendmail(ALICE, [ALICE], octets, ["BODY=8BITMIME"])
    ends_with(Mailbox(server).wait_for(1)[0], octets)


def smtplib_sends_by_implicit_tls(house):
    server, octets = one_user(house), letter("by smtplib")
    with smtplib.SMTP_SSL("localhost", server.ports()["submissions"], context=tls_of(server)) as smtp:
        smtp.login(ALICE, PASSWORD)
        smtp.sendmail(ALICE, [ALICE], octets, ["BODY=8BITMIME"])
    ends_with(Mailbox(server).wait_for(1)[0], octets)


def smtplib_sees_a_refused_recipient_beside_a_good_one(house):
    server = one_user(house)
    with smtplib.SMTP("127.0.0.1", server.ports()["smtp"]) as smtp:
        refused = smtp.sendmail("friend@b.test", [ALICE, "nobody@a.test"], letter("half"))
    check(list(refused) == ["nobody@a.test"] and refused["nobody@a.test"][0] == 550, "550 for nobody@a.test", refused)
    Mailbox(server).wait_for(1)


def session(server):
    imap = imaplib.IMAP4("127.0.0.1", server.ports()["imap"])
    imap.starttls(tls_of(server))
    imap.authenticate("PLAIN", lambda _: f"\0{ALICE}\0{PASSWORD}".encode())
    return imap


def good(answer):
    check(answer[0] == "OK", "OK", answer)
    return answer[1]


def imaplib_appends_and_fetches_the_same_octets(house):
    server, octets = one_user(house), letter("by imaplib")
    imap = session(server)
    check(b"APPENDUID" in good(imap.append("INBOX", "\\Seen", '"21-Nov-2026 08:00:00 +0000"', octets))[0], "APPENDUID", "none")
    check(good(imap.select("INBOX")) == [b"1"], "1 message", "another number")
    data = good(imap.fetch("1", "(UID FLAGS INTERNALDATE RFC822.SIZE BODY[])"))
    check(data[0][1] == octets, "the octets appended", data)
    head = data[0][0] + data[1]
    for part in (b"RFC822.SIZE %d" % len(octets), b'INTERNALDATE "21-Nov-2026 08:00:00 +0000"', b"\\Seen"):
        check(part in head, part, head)


def imaplib_searches(house):
    imap = session(one_user(house))
    for number, flags in enumerate(("\\Seen", "", "\\Flagged", "\\Seen \\Flagged")):
        good(imap.append("INBOX", flags or None, f'"{20 + number}-Nov-2026 08:00:00 +0000"', letter(f"number {number}")))
    good(imap.select("INBOX"))
    for words, want in ((("ALL",), b"1 2 3 4"), (("UNSEEN",), b"2 3"), (("FLAGGED", "SEEN"), b"4"), (("NOT", "FLAGGED"), b"1 2"),
                        (("SINCE", "22-Nov-2026"), b"3 4"), (("OR", "1", "FLAGGED"), b"1 3 4"), (("2:3",), b"2 3")):
        check(good(imap.search(None, *words)) == [want], f"{' '.join(words)}: {want}", imap.search(None, *words))


def imaplib_stores_and_expunges(house):
    server = one_user(house)
    imap = session(server)
    for number in range(4):
        good(imap.append("INBOX", None, None, letter(f"number {number}")))
    good(imap.select("INBOX"))
    good(imap.store("2:3", "+FLAGS", "(\\Deleted $Work)"))
    numbers = good(imap.expunge())
    check(numbers in ([b"2", b"2"], [b"3", b"2"]), "2 and 2 again, or 3 and 2", numbers)
    check(len(Mailbox(server).all()) == 2, "2 messages", len(Mailbox(server).all()))
    check(good(imap.uid("SEARCH", None, "ALL")) == [b"1 4"], "UIDs 1 4", imap.uid("SEARCH", None, "ALL"))


def names(imap, kind="LIST"):
    answer = good(imap.lsub() if kind == "LSUB" else imap.list())
    return sorted(line.rpartition(b' "/" ')[2].decode() for line in answer if line and b"\\Noselect" not in line)


FIRST = ["Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"]


def imaplib_makes_renames_and_deletes_mailboxes(house):
    imap = session(one_user(house))
    good(imap.create("Work/2026"))
    check(names(imap) == FIRST + ["Work", "Work/2026"], "Work and Work/2026 too", names(imap))
    good(imap.rename("Work", "Old/Work"))
    check(names(imap) == sorted(FIRST + ["Old", "Old/Work", "Old/Work/2026"]), "both below Old", names(imap))
    good(imap.subscribe("Old/Work/2026"))
    good(imap.delete("Old/Work/2026"))
    good(imap.unsubscribe("Junk"))
    check(names(imap, "LSUB") == sorted(set(FIRST) - {"Junk"} | {"Old/Work/2026"}), "a name that is gone, Junk not", names(imap, "LSUB"))
    check(names(imap) == sorted(FIRST + ["Old", "Old/Work"]), "the deleted one gone", names(imap))
    check(imap.delete("INBOX")[0] == "NO", "NO to DELETE INBOX", "OK")
    check(imap.create("Sent")[0] == "NO", "NO to CREATE Sent", "OK")


def imaplib_copies_and_moves(house):
    imap = session(one_user(house))
    for number in range(4):
        good(imap.append("INBOX", "\\Seen", '"21-Nov-2026 08:00:00 +0000"', letter(f"number {number}")))
    good(imap.select("INBOX"))
    good(imap.store("2", "+FLAGS", "($Work)"))
    check(imap.copy("1", "Nowhere")[1][0].startswith(b"[TRYCREATE]"), "TRYCREATE", imap.copy("1", "Nowhere"))
    good(imap.copy("1:2", "Archive"))
    good(imap.uid("MOVE", "3:4", "Trash"))
    check(good(imap.uid("SEARCH", None, "ALL")) == [b"1 2"], "UIDs 1 and 2 left", imap.uid("SEARCH", None, "ALL"))
    good(imap.select("Archive"))
    data = good(imap.fetch("2", "(FLAGS INTERNALDATE BODY.PEEK[])"))
    check(data[0][1] == letter("number 1"), "the octets", data)
    for part in (b"$Work", b"\\Seen", b'"21-Nov-2026 08:00:00 +0000"'):
        check(part in data[0][0] + data[1], part, data)
    check(good(imap.select("Trash")) == [b"2"], "2 in Trash", "another number")


def imaplib_fetches_an_envelope(house):
    imap = session(one_user(house))
    good(imap.append("INBOX", None, None, letter("about it")))
    good(imap.select("INBOX"))
    data = good(imap.fetch("1", "(ENVELOPE BODYSTRUCTURE)"))[0]
    check(b'"about it" ((NIL NIL "alice" "a.test"))' in data and b'("text" "plain" ' in data.lower(), "envelope and structure", data)


def imaplib_idles(house):
    """IDLE by hand, since imaplib of Python 3.11 has none."""
    server = one_user(house)
    imap = session(server)
    good(imap.select("INBOX"))
    imap.send(b"x IDLE\r\n")
    check(imap.readline().startswith(b"+"), "a continuation", "another line")
    with smtplib.SMTP("127.0.0.1", server.ports()["smtp"]) as smtp:
        smtp.sendmail("friend@b.test", [ALICE], letter("wake up"))
    line = imap.readline()
    check(line == b"* 1 EXISTS\r\n", "* 1 EXISTS", line)
    imap.send(b"DONE\r\n")
    while not line.startswith(b"x "):
        line = imap.readline()
    check(line.startswith(b"x OK"), "x OK", line)


def imaplib_sees_what_another_session_changes(house):
    server = one_user(house)
    first, second = session(server), session(server)
    for number in range(3):
        good(first.append("INBOX", None, None, letter(f"number {number}")))
    good(first.select("INBOX"))
    good(second.select("INBOX"))
    good(first.store("1", "+FLAGS", "(\\Deleted)"))
    good(first.expunge())
    good(second.noop())
    check(second.untagged_responses.get("EXPUNGE") == [b"1"], "EXPUNGE 1", second.untagged_responses)
    data = good(second.fetch("1", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])"))
    check(b"number 1" in data[0][1], "number 1 first", data)


def imaplib_refuses_a_wrong_password(house):
    imap = imaplib.IMAP4("127.0.0.1", one_user(house).ports()["imap"])
    try:
        imap.login(ALICE, "guess")
    except imaplib.IMAP4.error as error:
        check("AUTHENTICATIONFAILED" in str(error), "AUTHENTICATIONFAILED", error)
        return
    check(False, "a refusal", "OK")
