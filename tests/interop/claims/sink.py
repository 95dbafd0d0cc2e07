"""Our relay and smtp-sink, which fails at each verb in each way: the letter is sent again or reported, never lost, never doubled."""

import os
import smtplib
import subprocess

from harness.server import free_port
from peers import wait
from support import ALICE, PASSWORD, Mailbox, Skip, check, is_report, letter, need, one_user

BOB = "bob@sink.test"
HARD, SOFT, SOFT_CLOSE, CUT = "-f", "-r", "-Q", "-q"


class Sink:
    """smtp-sink on a port, with options; keeps what it took."""

    def __init__(self, house, port, *options):
        need("smtp-sink")
        self.folder = house.folder / "sink"
        self.folder.mkdir(exist_ok=True)
        os.chmod(self.folder, 0o777)
        self.words = ["smtp-sink", "-u", "nobody", "-R", str(self.folder), "-d", "taken.", *options, f"127.0.0.1:{port}", "100"]
        self.port, self.process = port, None

    def start(self):
        self.process = subprocess.Popen(self.words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait.until("smtp-sink listens", lambda: wait.answers(self.port))

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def taken(self):
        """Whole messages: a transaction that was cut off leaves a file without them."""
        return [path.read_bytes() for path in self.folder.glob("taken.*") if b"Subject: for the sink" in path.read_bytes()]


def submitted(house, *options):
    """A sink with these faults, and a letter on its way to it."""
    port = free_port()
    sink = house.own(Sink(house, port, *options))
    server = one_user(house, peers={"sink.test": port})
    with smtplib.SMTP("127.0.0.1", server.ports()["submission"]) as smtp:
        smtp.login(ALICE, PASSWORD)
        smtp.sendmail(ALICE, BOB, letter("for the sink", to=BOB))
    return server, sink


def reported(verb):
    def claim(house):
        server, _ = submitted(house, HARD, verb)
        is_report(Mailbox(server).wait_for(1)[0], BOB)
    return claim


def sent_again(option, verb):
    def claim(house):
        if house.home.variant != "test":
            raise Skip("needs a test build, whose clock can be moved")
        house.use_clock()
        server, sink = submitted(house, option, verb)
        wait.until("a log line about the failure", lambda: any("event=deferred" in line for line in server.log_lines()))
        sink.stop()
        for path in sink.folder.glob("taken.*"):
            path.unlink()
        good = house.own(Sink(house, sink.port))
        house.clock.move("+1h")
        wait.until("the letter at the sink", good.taken)
        check(len(good.taken()) == 1, "one copy", len(good.taken()))
        check(Mailbox(server).count() == 0, "no report", "one")
    claim.variant = "test"
    return claim


def taken_once(*options):
    def claim(house):
        server, sink = submitted(house, *options)
        wait.until("the letter at the sink", sink.taken)
        wait.until("the server to know", lambda: any("event=delivered" in line for line in server.log_lines()))
        check(len(sink.taken()) == 1, "one copy", len(sink.taken()))
        check(Mailbox(server).count() == 0, "no report", "one")
    return claim


CLAIMS = {
    "takes_a_letter": taken_once(),
    "takes_a_letter_without_esmtp": taken_once("-e"),
    "takes_a_letter_without_pipelining": taken_once("-p"),
    "takes_a_letter_without_8bitmime": taken_once("-8"),
    "takes_a_letter_and_refuses_ehlo": taken_once(HARD, "EHLO"),
    "takes_a_letter_and_cuts_at_quit": taken_once(CUT, "QUIT"),
}
for step in ("MAIL", "RCPT", "DATA", "."):
    CLAIMS[f"refuses_{'the_message' if step == '.' else step}_and_alice_gets_a_report"] = reported(step)
for way, how in ((SOFT, "puts_off"), (SOFT_CLOSE, "answers_421_to"), (CUT, "cuts_at")):
    for step in ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "."):
        CLAIMS[f"{how}_{'the_message' if step == '.' else step}_and_gets_it_again"] = sent_again(way, step)
