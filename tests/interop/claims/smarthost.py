"""Debian's Postfix as our smarthost, with the log-in checked by Dovecot and the certificate by us."""

import smtplib

from harness.port import free_port
from peers import certificate, dovecot, postfix, wait
from support import ALICE, PASSWORD, Mailbox, check, ends_with, letter, one_user

RELAY, BOX = "relay@pf.test", "box@pf.test"
SMARTHOST = """peers = ();
smarthost = {{ address = "localhost:{port}"; tls = "verify"; ca = "{ca}"; username = "relay@pf.test"; password_file = "{secret}"; }};"""


class Smarthost:
    """Postfix' pf.test, where relay@pf.test may log in, and our a.test, which sends everything there."""

    def __init__(self, house, password=PASSWORD):
        self.house, tls = house, house.folder / "tls"
        certificate.make(tls, "mx.pf.test")
        self.theirs = postfix.Postfix(house.folder / "postfix", "pf.test", ["box"], tls=tls, port=free_port(), submission_port=free_port())
        self.auth = dovecot.Dovecot(house.folder / "dovecot", {RELAY: PASSWORD}, self.theirs.folder / "mail", tls=tls,
                                    auth_socket=self.theirs.folder / "spool" / "private" / "auth", imap_port=free_port())
        house.own(self.theirs)
        house.own(self.auth)
        self.secret = house.folder / "ours" / "secret"
        self.secret.write_text(password + "\n")
        self.ours = one_user(house, change=SMARTHOST.format(port=self.theirs.submission_port, ca=tls / "ca.pem", secret=self.secret))

    def submit(self, octets):
        with smtplib.SMTP("127.0.0.1", self.ours.ports()["submission"]) as smtp:
            smtp.login(ALICE, PASSWORD)
            smtp.sendmail(ALICE, BOX, octets, ["BODY=8BITMIME"])

    def in_postfix(self):
        wait.until("a message in Postfix' mailbox", lambda: self.theirs.messages("box"))
        return self.theirs.messages("box")[0].read_bytes().replace(b"\n", b"\r\n")


def takes_what_we_send_after_log_in(house):
    site, octets = Smarthost(house), letter("by the smarthost", to=BOX)
    site.submit(octets)
    ends_with(site.in_postfix(), octets)
    check("sasl_username=relay@pf.test" in site.theirs.log(), "a log-in as relay@pf.test", site.theirs.log()[-1500:])
    check("TLS connection established" in site.theirs.log(), "TLS", site.theirs.log()[-1500:])


def that_refuses_our_password_gets_the_mail_once_it_is_right(house):
    site, octets = Smarthost(house, "wrong"), letter("by the smarthost", to=BOX)
    site.submit(octets)
    wait.until("an alarm", lambda: any("level=error" in line and "event=smarthost-refused" in line for line in site.ours.log_lines()))
    check(not site.theirs.messages("box"), "nothing at Postfix", "a message")
    check(Mailbox(site.ours).count() == 0, "no report", "one")
    check("535" in site.ours.mailctl(["-c", str(site.ours.conf), "queue", "list"]), "the reply in queue list", site.ours.mailctl(["-c", str(site.ours.conf), "queue", "list"]))
    site.secret.write_text(PASSWORD + "\n")
    site.ours.daemons["smtpd"].signal(1)
    wait.until("the file read again", lambda: any("event=reloaded" in line for line in site.ours.log_lines()))
    site.ours.mailctl(["-c", str(site.ours.conf), "queue", "retry", "--all"])
    ends_with(site.in_postfix(), octets)
