"""neomutt on a terminal of its own."""

import os
import pty
import select
import time

from support import ALICE, PASSWORD, Mailbox, check, letter, need, one_user, run
from peers import wait

RC = """
set ssl_force_tls = yes
set ssl_verify_host = yes
set ssl_ca_certificates_file = "{ca}"
set certificate_file = "{ca}"
set imap_user = "{user}"
set imap_pass = "{password}"
set imap_check_subscribed = no
set smtp_url = "smtp://alice%40a.test@localhost:{submission}"
set smtp_pass = "{password}"
set from = "{user}"
set use_envelope_from = yes
set folder = "imap://localhost:{imap}/"
set spoolfile = "+INBOX"
set record = "+Sent"
set header_cache = ""
set wait_key = no
set editor = "echo 'Hello from neomutt.' >>"
set edit_headers = no
set sig_dashes = no
set sleep_time = 0
set quit = yes
set delete = yes
set mark_old = no
set pipe_decode = no
set confirmappend = no
set abort_nosubject = no
set confirmcreate = no
"""


class Neomutt:
    def __init__(self, house, server):
        need("neomutt")
        self.home = house.folder / "neomutt"
        self.home.mkdir(exist_ok=True)
        self.rc = self.home / "rc"
        ports = server.ports()
        self.rc.write_text(RC.format(ca=server.ca, user=ALICE, password=PASSWORD, submission=ports["submission"], imap=ports["imap"]))
        self.env = {"HOME": str(self.home), "TERM": "xterm", "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}

    def press(self, keys, timeout_s=30):
        """Run it in a terminal with these keys pushed; they must end it.  Returns what it drew."""
        words = ["neomutt", "-n", "-F", str(self.rc), "-e", f'push "{keys}"']
        pid, terminal = pty.fork()
        if pid == 0:
            os.execvpe(words[0], words, self.env)
        deadline, drawn = time.monotonic() + timeout_s, b""
        while time.monotonic() < deadline:
            if select.select([terminal], [], [], 0.2)[0]:
                try:
                    octets = os.read(terminal, 65536)
                except OSError:
                    octets = b""
                if not octets:
                    os.close(terminal)
                    os.waitpid(pid, 0)
                    return drawn
                drawn += octets
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        raise wait.TooLate(f"neomutt did not end; it drew {drawn[-1500:]!r}")


def opens_a_mailbox_and_reads_a_letter(house):
    server, octets = one_user(house), letter("for neomutt", lines=40)
    box = Mailbox(server)
    box.append(letter("older"))
    box.append(octets)
    mutt = Neomutt(house, server)
    out = mutt.home / "out"
    drawn = mutt.press(f"<last-entry><pipe-message>cat > {out}<enter><quit>")
    check(out.exists(), "the message piped", drawn[-1500:])
    check(out.read_bytes() == octets.replace(b"\r\n", b"\n"), "the octets of the letter", out.read_bytes()[-500:])


def marks_and_deletes(house):
    server = one_user(house)
    box = Mailbox(server)
    for number in range(3):
        box.append(letter(f"number {number}"))
    drawn = Neomutt(house, server).press("<first-entry><flag-message><last-entry><delete-message><quit>")
    wait.until(f"a message deleted; neomutt drew {drawn[-600:]!r}", lambda: box.count() == 2)
    check("\\Flagged" in box.flags()[0], "the first message flagged", box.flags())


def saves_a_letter_to_another_mailbox(house):
    """save-message is COPY and \\Deleted; to a mailbox that is not there it needs TRYCREATE."""
    server = one_user(house)
    box = Mailbox(server)
    for number in range(3):
        box.append(letter(f"number {number}"))
    drawn = Neomutt(house, server).press("<first-entry><save-message>=Archive<enter><last-entry><copy-message>=Lists/new<enter><quit>")
    wait.until(f"2 messages left; neomutt drew {drawn[-600:]!r}", lambda: box.count() == 2)
    got, = Mailbox(server, folder="Archive").all()
    check(b"Subject: number 0" in got, "number 0 in Archive", got)
    got, = Mailbox(server, folder="Lists/new").all()
    check(b"Subject: number 2" in got, "number 2 in Lists/new", got)


def sends_by_scram_from_the_command_line(house):
    server = one_user(house)
    mutt = Neomutt(house, server)
    run(["neomutt", "-n", "-F", mutt.rc, "-e", "unset record", "-s", "by neomutt", ALICE], stdin=b"Hello from neomutt.\n", env=mutt.env)
    got, = Mailbox(server).wait_for(1)
    check(b"Subject: by neomutt" in got and b"Hello from neomutt." in got, "the letter", got)
    check(any("mechanism=SCRAM-SHA-256" in line for line in server.log_lines()), "a log-in by SCRAM-SHA-256", "another")


def writes_a_letter_and_keeps_a_copy_in_sent(house):
    server = one_user(house)
    drawn = Neomutt(house, server).press(f"<mail>{ALICE}<enter>by neomutt<enter><send-message><quit>")
    got, = Mailbox(server).wait_for(1)
    check(b"Subject: by neomutt" in got and b"Hello from neomutt." in got, "the letter", got)
    copy = Mailbox(server, folder="Sent").all()
    check(len(copy) == 1 and b"Subject: by neomutt" in copy[0], "a copy in Sent", drawn[-1500:])
