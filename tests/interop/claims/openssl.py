"""openssl s_client verifies our certificate with the authority that mailctl init made."""

from support import check, need, one_user, run


def s_client(server, service, *words, codes=(0,)):
    need("openssl")
    return run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.ports()[service]}", "-CAfile", server.ca, "-verify_return_error",
                "-verify_hostname", "mx.a.test", *words], codes=codes)


def verifies(house, service, *words):
    said = s_client(one_user(house), service, *words)
    check(b"Verify return code: 0 (ok)" in said, "Verify return code: 0 (ok)", said[-800:])


def verifies_starttls_of_smtp(house):
    verifies(house, "smtp", "-starttls", "smtp")


def verifies_starttls_of_submission(house):
    verifies(house, "submission", "-starttls", "smtp")


def verifies_starttls_of_imap(house):
    verifies(house, "imap", "-starttls", "imap")


def verifies_submissions(house):
    verifies(house, "submissions")


def verifies_imaps(house):
    verifies(house, "imaps")


def is_refused_tls_1_1(house):
    said = s_client(one_user(house), "imaps", "-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0", codes=(1,))
    check(b"alert" in said, "an alert", said[-800:])
