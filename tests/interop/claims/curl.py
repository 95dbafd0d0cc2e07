"""curl, which speaks SMTP and IMAP."""

from support import ALICE, PASSWORD, Mailbox, check, ends_with, letter, need, one_user, run


def curl(server, *words, **options):
    need("curl")
    return run(["curl", "-sS", "--cacert", server.ca, "--user", f"{ALICE}:{PASSWORD}", *words], **options)


def sends(house, scheme, service, *words):
    server, octets = one_user(house), letter("by curl")
    file = house.folder / "letter"
    file.write_bytes(octets)
    curl(server, *words, f"{scheme}://localhost:{server.ports()[service]}/client.test", "--mail-from", ALICE, "--mail-rcpt", ALICE, "--upload-file", file)
    got, = Mailbox(server).wait_for(1)
    ends_with(got, octets)


def sends_by_smtp_with_starttls(house):
    sends(house, "smtp", "submission", "--ssl-reqd")


def sends_by_smtps(house):
    sends(house, "smtps", "submissions")


def sends_with_auth_login(house):
    sends(house, "smtps", "submissions", "--login-options", "AUTH=LOGIN")


def reads(house, scheme, service, *words):
    server, octets = one_user(house), letter("for curl", lines=2000)
    Mailbox(server).append(octets)
    got = curl(server, *words, f"{scheme}://localhost:{server.ports()[service]}/INBOX;MAILINDEX=1")
    check(got == octets, f"{len(octets)} octets as appended", f"{len(got)}: {got[:200]!r}")


def reads_the_same_octets_by_imap(house):
    reads(house, "imap", "imap")


def reads_the_same_octets_by_imap_with_starttls(house):
    reads(house, "imap", "imap", "--ssl-reqd")


def reads_the_same_octets_by_imaps(house):
    reads(house, "imaps", "imaps")


def reads_a_section(house):
    server, octets = one_user(house), letter("for curl")
    Mailbox(server).append(octets)
    got = curl(server, f"imaps://localhost:{server.ports()['imaps']}/INBOX;MAILINDEX=1;SECTION=TEXT")
    check(got == octets.partition(b"\r\n\r\n")[2], "the body", got)


def appends_by_imap(house):
    server, octets = one_user(house), letter("appended")
    file = house.folder / "letter"
    file.write_bytes(octets)
    curl(server, f"imap://localhost:{server.ports()['imap']}/Archive", "-T", file)
    got, = Mailbox(server, folder="Archive").wait_for(1)
    check(got == octets, "the octets of the file", got)


def lists_folders(house):
    server = one_user(house)
    got = curl(server, f"imap://localhost:{server.ports()['imap']}/")
    for name in (b"INBOX", b"Sent", b"Drafts", b"Trash", b"Archive", b"Junk"):
        check(name in got, name, got)


def searches(house):
    server = one_user(house)
    box = Mailbox(server)
    box.append(letter("one"), "\\Seen")
    box.append(letter("two"), "\\Flagged")
    got = curl(server, f"imap://localhost:{server.ports()['imap']}/INBOX?UNSEEN%20FLAGGED")
    check(got.strip() == b"* SEARCH 2", "* SEARCH 2", got)
