"""Several processes at one mailbox: what each sees, how fairly they share, and what a stopped one costs the others."""
import fcntl
import os
import random
import re
import shutil
import signal
import sqlite3
import struct
import subprocess
import time
from contextlib import contextmanager

FAIR, FAIR_TRIES = 0.9, 15         # other load takes from the one and not from the other, hardly each time
LONG_S = 60                         # so long a round is judged alone: other load has evened out
TURN_MS, BUSY_MS = 5000, 10000      # how long a write waits for another process, and for an outsider's lock
SLACK_MS, SLACK_TRIES = 2000, 5     # a busy machine lets one of them wait longer, hardly each


class House:
    """A store that store_load made, and processes at it."""

    def __init__(self, programs, work, seed):
        self.programs, self.folder = programs, work / "rivals"
        subprocess.run([programs.load, self.folder, str(seed), "120"], check=True, capture_output=True, timeout=200)

    def start(self, *words, to=subprocess.PIPE):
        return subprocess.Popen([self.programs.rival, self.folder, *words], stdout=to, text=True)

    def once(self, *words):
        return self.start(*words).communicate(timeout=200)[0].splitlines()

    def findings(self):
        return [line for line in self.programs.listed(self.folder) if line.startswith("finding")]


@contextmanager
def house(programs, work, seed):
    made = House(programs, work, seed)
    try:
        yield made
    finally:
        shutil.rmtree(made.folder, ignore_errors=True)


def order_and_fairness(place, seconds):
    """modseq strictly rising, UIDs visible in the order of their commits, no update lost, both served alike."""
    for _ in range(FAIR_TRIES if seconds < LONG_S else 1):
        problems, done = two_hammer(place, seconds)
        if problems or done[0] >= FAIR * done[1]:
            return problems
    return [f"unfair: {done[0]} and {done[1]} changes"]


def two_hammer(place, seconds):
    """(problems, how many changes each could make, the fewer first)"""
    watcher = place.start("watch", str(seconds))
    answers = [place.folder.with_name(f"rival{bit}") for bit in (1, 4)]     # files: a full pipe would hold a rival up
    rivals = [place.start("hammer", path.name[-1], str(seconds), to=path.open("w")) for path in answers]
    for rival in rivals:
        rival.wait(timeout=seconds + 60)
    said = [path.read_text().splitlines() for path in answers]
    problems = watcher.communicate(timeout=200)[0].splitlines()
    own = [[int(line.split()[1]) for line in lines if line.startswith("modseq")] for lines in said]
    problems += [line for lines in said for line in lines if line.startswith(("problem", "refused"))]
    problems += [f"rival {n + 1}'s modseq did not rise" for n, seen in enumerate(own) if seen != sorted(set(seen))]
    if set(own[0]) & set(own[1]):
        problems.append("two changes have the same modseq")
    done = sorted(len(seen) for seen in own)
    print(f"rivals: {done[0]} and {done[1]} changes in {seconds} s", flush=True)
    return problems + place.findings(), done


def refused_ms(answer):
    """How long it waited; None: that is no clear refusal."""
    clear = answer and re.fullmatch(r"refused (\d+) try-later: .+", answer[0])
    return int(clear[1]) if clear else None


def has_turn(place):
    """Does some process hold the octet of the turnstile that lets it write?"""
    with (place.folder / "turnstile").open("rb+") as file:
        asked = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 1, 1, 0)
        return struct.unpack("hhqqi4x", fcntl.fcntl(file, fcntl.F_OFD_GETLK, asked))[0] != fcntl.F_UNLCK


def stop_in_its_turn(place, rival):
    for _ in range(5000):
        time.sleep(random.random() * 0.005)
        os.kill(rival.pid, signal.SIGSTOP)
        os.waitpid(rival.pid, os.WUNTRACED)
        if has_turn(place):
            return True
        os.kill(rival.pid, signal.SIGCONT)
    return False


def stopped_writer(place):
    """A process that is stopped while it writes costs another one five seconds and a clear error, and nothing once it goes on."""
    late = []
    while len(late) < SLACK_TRIES:
        rival = place.start("hammer", "1", "60", to=subprocess.DEVNULL)
        is_stopped = stop_in_its_turn(place, rival)
        answer = place.once("once")
        os.kill(rival.pid, signal.SIGCONT)
        after = place.once("once")
        rival.kill()
        rival.wait()
        ms = refused_ms(answer)
        if not is_stopped or ms is None:
            return [f"{'while it was stopped' if is_stopped else 'it never wrote'}: {answer}"]
        if not after or not after[0].startswith("done"):
            return [f"after it went on: {after}"]
        if ms < TURN_MS + SLACK_MS:
            return []
        late.append(f"refused after {ms} ms")
    return late


def outsiders_lock(place):
    """Somebody's sqlite3 shell in the middle of a write: a bounded wait, a clear error, and all is well after."""
    outsider = sqlite3.connect(place.folder / "shard0.db", isolation_level=None)
    outsider.execute("BEGIN IMMEDIATE")
    for _ in range(SLACK_TRIES):
        answer = place.once("once")
        ms = refused_ms(answer)
        if ms is None or ms < BUSY_MS + SLACK_MS:
            break
    outsider.execute("ROLLBACK")
    outsider.close()
    problems = [] if ms is not None and ms < BUSY_MS + SLACK_MS else [f"{answer}"]
    after = place.once("once")
    return problems + ([] if after and after[0].startswith("done") else [f"afterwards: {after}"])


def expunged_while_read(place):
    """Who reads a message slowly reads all of it, though another process expunged it meanwhile."""
    reader = place.start("slowread")
    first = reader.stdout.readline()
    said = place.once("expunge")
    rest = reader.communicate(timeout=200)[0].split()
    return [] if (first, said, rest) == ("reading\n", ["expunged"], ["read"]) else [f"{first!r} {said} {rest}"]


def run(programs, work, seed, seconds, verdict):
    claims = [lambda place: order_and_fairness(place, seconds), stopped_writer, outsiders_lock, expunged_while_read]
    for name, claim in zip(("order and fairness", "a stopped writer", "an outsider's lock", "expunged while read"), claims):
        with house(programs, work, seed) as place:
            verdict(name, claim(place))
