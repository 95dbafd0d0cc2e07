"""
Our relay and smtp-sink, which fails at each verb in each way: the letter is sent again or reported, never lost, never doubled.  Mail for a
sound server goes at once meanwhile; when the other one is sound again, its mail comes within a minute, unless it put the letter itself off.
"""

import os
import re
import signal
import smtplib
import subprocess
import time
from collections import Counter

from harness.port import free_port
from peers import wait
from support import ALICE, PASSWORD, Mailbox, Skip, check, is_report, letter, need, one_user

BOB = "bob@sink.test"
CAROL = "carol@sound.test"
AT_ONCE_S = 5
LETTERS = 20
CONNECTIONS = 2                     # to a peer, as `init` leaves it
SUBJECT = re.compile(rb"^Subject: (.*?)\r?$", re.MULTILINE)
MINUTE = "+66s"                     # a minute, and the time of the probe itself
HARD, SOFT, SOFT_CLOSE, CUT = "-f", "-r", "-Q", "-q"


class Sink:
    """smtp-sink on a port, with options; keeps what it took."""

    def __init__(self, house, port, *options, name="sink"):
        need("smtp-sink")
        self.folder = house.folder / name
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

    def signal(self, number):
        self.process.send_signal(number)

    def taken(self):
        """Whole messages: a transaction that was cut off leaves a file without them."""
        return [octets for octets in (path.read_bytes() for path in self.folder.glob("taken.*")) if SUBJECT.search(octets)]

    def subjects(self):
        """Counted."""
        return Counter(SUBJECT.search(octets).group(1).decode() for octets in self.taken())

    def forget(self):
        for path in self.folder.glob("taken.*"):
            path.unlink()


def submit(server, *letters):
    """(recipient, subject) each."""
    with smtplib.SMTP("127.0.0.1", server.ports()["submission"]) as smtp:
        smtp.login(ALICE, PASSWORD)
        for to, subject in letters:
            smtp.sendmail(ALICE, to, letter(subject, to=to))


def others_are_unharmed(server, sound):
    submit(server, (CAROL, "for the sound one"))
    wait.until("the letter at the sound server", sound.taken, AT_ONCE_S)


def two_sinks(house, *options):
    """A server, a sink with these faults and a sound one."""
    port, sound_port = free_port(), free_port()
    sink = house.own(Sink(house, port, *options))
    sound = house.own(Sink(house, sound_port, name="sound"))
    return one_user(house, peers={"sink.test": port, "sound.test": sound_port}), sink, sound


def submitted(house, *options):
    """A sink with these faults, a letter on its way to it, and one to a sound server that is there already."""
    server, sink, sound = two_sinks(house, *options)
    submit(server, (BOB, "for the sink"))
    others_are_unharmed(server, sound)
    return server, sink


def need_clock(house):
    if house.home.variant != "test":
        raise Skip("needs a test build, whose clock can be moved")
    house.use_clock()


def reported(verb):
    def claim(house):
        server, _ = submitted(house, HARD, verb)
        is_report(Mailbox(server).wait_for(1)[0], BOB)
    return claim


def sent_again(option, verb, later=MINUTE):
    def claim(house):
        need_clock(house)
        server, sink = submitted(house, option, verb)
        wait.until("a log line about the failure", lambda: any("event=deferred" in line for line in server.log_lines()))
        sink.stop()
        sink.forget()
        good = house.own(Sink(house, sink.port))
        house.clock.move(later)
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


# ---- many letters under way ----

def many():
    return [(BOB, f"letter {number}") for number in range(LETTERS)]


def all_arrive(server, sink, again=0):
    """Each at least once; `again`: how many a stranger, who knows no transactions, may get twice."""
    wait.until("all letters at the sink", lambda: len(sink.subjects()) == LETTERS)
    more = sum(sink.subjects().values()) - LETTERS
    check(more <= again, f"at most {again} of {LETTERS} letters again", f"{more}")
    check(Mailbox(server).count() == 0, "no report", "one")


def frozen_for(how_long):
    def claim(house):
        """SIGSTOP with letters under way."""
        need_clock(house)
        server, sink, sound = two_sinks(house, "-w", "1")
        submit(server, *many())
        wait.until("the first letters at the sink", sink.taken)
        sink.signal(signal.SIGSTOP)
        others_are_unharmed(server, sound)
        house.clock.move(how_long)
        time.sleep(1)
        sink.stop()
        good = house.own(Sink(house, sink.port))
        house.clock.move(MINUTE)
        all_arrive(server, good, again=CONNECTIONS)
    claim.variant = "test"
    return claim


def silent_at(verb):
    def claim(house):
        """No reply to it until all deadlines are over, and then a sound server at that place."""
        need_clock(house)
        # Without PIPELINING: what follows a delayed command the sink takes out of order.
        server, sink, sound = two_sinks(house, "-p", "-W", f"{verb}:1000")
        submit(server, *many())
        others_are_unharmed(server, sound)
        house.clock.move("+11m")
        time.sleep(1)
        sink.stop()
        sink.forget()
        good = house.own(Sink(house, sink.port))
        house.clock.move(MINUTE)
        all_arrive(server, good)
    claim.variant = "test"
    return claim


def frozen_and_thawed(house):
    """Four minutes are less than any deadline: the sessions go on where they were."""
    need_clock(house)
    server, sink, sound = two_sinks(house)
    sink.signal(signal.SIGSTOP)
    submit(server, *many())
    others_are_unharmed(server, sound)
    house.clock.move("+4m")
    sink.signal(signal.SIGCONT)
    house.clock.move(MINUTE)
    all_arrive(server, sink)


def killed_under_way(house):
    need_clock(house)
    server, sink, sound = two_sinks(house, "-w", "1")
    submit(server, *many())
    wait.until("the first letters at the sink", sink.taken)
    sink.signal(signal.SIGKILL)
    others_are_unharmed(server, sound)
    sink.stop()
    good = house.own(Sink(house, sink.port))
    house.clock.move(MINUTE)
    all_arrive(server, good, again=CONNECTIONS)


def away_after_each_five(house):
    """Killed by its own option when it took five; it comes back, again and again."""
    need_clock(house)
    server, sink, sound = two_sinks(house, "-M", "5")
    submit(server, *many())
    others_are_unharmed(server, sound)
    for _ in range(2 * LETTERS // 5):
        wait.until("the sink to end", lambda: sink.process.poll() is not None or len(sink.subjects()) == LETTERS)
        if len(sink.subjects()) == LETTERS:
            break
        sink.stop()
        sink = house.own(Sink(house, sink.port, "-M", "5"))
        house.clock.move(MINUTE)
    all_arrive(server, sink, again=CONNECTIONS * LETTERS // 5)


for function in (frozen_and_thawed, killed_under_way, away_after_each_five):
    function.variant = "test"

CLAIMS = {
    "frozen_for_four_minutes_and_thawed_gets_each_letter_once": frozen_and_thawed,
    "frozen_under_way_for_eleven_minutes_loses_nothing": frozen_for("+11m"),
    "killed_under_way_loses_nothing": killed_under_way,
    "away_after_each_five_letters_loses_nothing": away_after_each_five,
    "takes_a_letter": taken_once(),
    "takes_a_letter_without_esmtp": taken_once("-e"),
    "takes_a_letter_without_pipelining": taken_once("-p"),
    "takes_a_letter_without_8bitmime": taken_once("-8"),
    "takes_a_letter_and_refuses_ehlo": taken_once(HARD, "EHLO"),
    "takes_a_letter_and_cuts_at_quit": taken_once(CUT, "QUIT"),
}
for step in ("MAIL", "RCPT", "DATA", "."):
    CLAIMS[f"refuses_{'the_message' if step == '.' else step}_and_alice_gets_a_report"] = reported(step)
for step in ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "."):
    CLAIMS[f"silent_at_{'the_message' if step == '.' else step}_and_each_letter_comes_once"] = silent_at(step)
for step in ("CONNECT", "EHLO,HELO"):
    CLAIMS[f"refuses_{step.replace(',', '_and_')}_and_gets_it_within_the_hour"] = sent_again(HARD, step, "+1h")
for way, how in ((SOFT, "puts_off"), (SOFT_CLOSE, "answers_421_to"), (CUT, "cuts_at")):
    for step in ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "."):
        is_of_the_letter = way == SOFT and step not in ("CONNECT", "EHLO")
        CLAIMS[f"{how}_{'the_message' if step == '.' else step}_and_gets_it_again"] = sent_again(way, step, "+1h" if is_of_the_letter else MINUTE)
