"""kill -9 of a daemon's processes at random moments, or an orderly stop, and what brings it back."""

import os
import signal
import time
from pathlib import Path

from harness.failure import Failure

GONE_S = 60
BACK_S = 120
# A server that dies again and again is started again ever later; its keeper dies before that takes the time of the test.
DEATHS_MAX = 3
PARTS = ("server", "keeper", "both")
ORDERLY = 0.1                       # how often a round stops the daemon as an operator would, instead
TWICE = 0.15                        # how often the next process is killed before it is ready


def is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def wait_gone(pids):
    deadline = time.monotonic() + GONE_S
    while any(is_alive(pid) for pid in pids):
        if time.monotonic() > deadline:
            raise Failure("no process left of a daemon whose keeper is dead", f"pids {[p for p in pids if is_alive(p)]}")
        time.sleep(0.002)


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


class Victim:
    """A daemon of one server, and how often its server process died under this keeper."""

    def __init__(self, server, name, rng, retry=None):
        self.server, self.rng = server, rng
        self.daemon = server.daemons[name]
        self.name = f"{name} of {server.domain}"
        self.retry, self.deaths = retry, 0

    def strike(self, part=None):
        """Kill and wait for the service to be back.  Returns what was done."""
        part = part or self.rng.choice(PARTS)
        if part == "server" and self.deaths >= DEATHS_MAX:
            part = "both"
        begin = self.log_size()
        if part == "server":
            self.kill_server()
            if self.rng.random() < TWICE:
                time.sleep(self.rng.random() * 0.15)
                self.kill_server()
                part = "server twice"
            self.wait_ready(begin)
        else:
            self.kill_keeper(part)
            self.restart()
        return f"kill -9 of {self.name}: {part}"

    def stop(self):
        """SIGTERM under load: exit 0 soon.  Returns what was done."""
        self.daemon.stop()
        self.restart()
        return f"stop of {self.name}"

    def log_size(self):
        return self.daemon.log_path.stat().st_size

    def kill_server(self):
        for pid in self.daemon.children():
            kill(pid)
            self.deaths += 1

    def pids(self):
        return [self.daemon.process.pid, *self.daemon.children()]

    def kill_keeper(self, part):
        pids = self.pids()
        # Whichever dies first must not matter.
        for pid in pids[:1] if part == "keeper" else self.rng.sample(pids, len(pids)):
            kill(pid)
        self.bury(pids)

    def bury(self, pids):
        self.daemon.process.wait()
        wait_gone(pids)
        self.daemon.process = None

    def restart(self, extra=None):
        self.deaths = 0
        if self.retry:
            self.retry()
        self.daemon.start(self.server.home.env(extra))

    def wait_ready(self, begin):
        deadline = time.monotonic() + BACK_S
        while "event=ready" not in self.daemon.log_from(begin):
            if not self.daemon.is_running():
                raise Failure(f"{self.name} to come back", f"its keeper ended: {self.daemon.log_from(begin)}")
            if time.monotonic() > deadline:
                raise Failure(f"{self.name} to come back", f"nothing within {BACK_S} s: {self.daemon.log_from(begin)}")
            time.sleep(0.01)

    def wait_death(self, begin, limit_s):
        """Did the server process die within that time?"""
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            if "event=server-died" in self.daemon.log_from(begin):
                return True
            time.sleep(0.01)
        return False


def kill_together(victims, rng):
    """Every process of all of them, in any order, with nothing in between."""
    pids = {victim: victim.pids() for victim in victims}
    everybody = sum(pids.values(), [])
    for pid in rng.sample(everybody, len(everybody)):
        kill(pid)
    for victim in victims:
        victim.bury(pids[victim])
