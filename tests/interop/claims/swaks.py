"""swaks, the SMTP test client."""

from support import ALICE, PASSWORD, Mailbox, check, ends_with, letter, need, one_user, run

AUTH_FAILED = 28


def swaks(server, service, *words, **options):
    need("swaks")
    return run(["swaks", "--server", "127.0.0.1", "--port", str(server.ports()[service]), "--helo", "client.test", "--from", ALICE, "--to", ALICE, *words], **options)


def trusted(server):
    return ["--tls-verify", "--tls-ca-path", str(server.ca)]


def submits(house, service, *words):
    server, octets = one_user(house), letter("by swaks")
    file = house.folder / "letter"
    file.write_bytes(octets.removesuffix(b"\r\n"))             # swaks ends the last line itself
    said = swaks(server, service, "--data", f"@{file}", *trusted(server), *words)
    got, = Mailbox(server).wait_for(1)
    ends_with(got, octets)
    return said


def delivers_to_a_local_user(house):
    server = one_user(house)
    swaks(server, "smtp", "--header", "Subject: plain")
    check(b"Subject: plain" in Mailbox(server).wait_for(1)[0], "the letter", "another")


def submits_by_starttls_and_auth_plain(house):
    said = submits(house, "submission", "--tls", "--auth", "PLAIN", "--auth-user", ALICE, "--auth-password", PASSWORD)
    check(b"TLSv1.3" in said, "TLS 1.3", said)


def submits_by_starttls_and_auth_login(house):
    submits(house, "submission", "--tls", "--auth", "LOGIN", "--auth-user", ALICE, "--auth-password", PASSWORD)


def submits_by_implicit_tls(house):
    submits(house, "submissions", "--tlsc", "--auth", "PLAIN", "--auth-user", ALICE, "--auth-password", PASSWORD)


def submits_pipelined(house):
    submits(house, "submission", "--pipeline", "--auth", "PLAIN", "--auth-user", ALICE, "--auth-password", PASSWORD)


def is_refused_with_a_wrong_password(house):
    server = one_user(house)
    swaks(server, "submission", "--tls", *trusted(server), "--auth", "PLAIN", "--auth-user", ALICE, "--auth-password", "guess", codes=(AUTH_FAILED,))
    check(Mailbox(server).count() == 0, "an empty mailbox", "mail")


def may_not_relay(house):
    server = one_user(house)
    said = swaks(server, "smtp", "--to", "stranger@c.test", codes=(24,))
    check(b"550 5.7.1" in said, "550 5.7.1", said)
