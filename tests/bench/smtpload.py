"""What the SMTP figures share: Postfix' own load generator and sink, and a way into our queue for one that cannot log in."""

import re
import subprocess
import time
from pathlib import Path

from harness.port import free_port
from peers import wait

OCTETS, SUBMITTERS, TIMEOUT_S = 4096, 8, 180
ESTABLISHED = "01"
STATISTICS = re.compile(r"sess=(\d+) quit=\d+ mesg=(\d+)")


def source(port, recipient, count, sessions=SUBMITTERS):
    """Seconds that smtp-source took over persistent connections."""
    begin = time.monotonic()
    subprocess.run(["smtp-source", "-d", "-s", str(sessions), "-m", str(count), "-l", str(OCTETS), "-f", "a@vm.test",
                    "-t", recipient, f"127.0.0.1:{port}"], check=True, timeout=TIMEOUT_S)
    return time.monotonic() - begin


class Sink:
    """smtp-sink, which counts its sessions and messages and keeps nothing; the counters are in the statistics it repeats."""

    def __init__(self, folder):
        self.port, self.path, self.process = free_port(), folder / f"sink.{id(self)}", None

    def start(self):
        with open(self.path, "wb") as out:
            self.process = subprocess.Popen(["smtp-sink", "-c", "-u", "nobody", f"127.0.0.1:{self.port}", "1000"], stdout=out, stderr=subprocess.DEVNULL)
        wait.until("smtp-sink listens", lambda: wait.answers(self.port))

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def counts(self):
        """(sessions that ended, messages) since its start."""
        with open(self.path, "rb") as said:
            said.seek(max(0, said.seek(0, 2) - 100))
            found = STATISTICS.findall(said.read().decode())
        return tuple(map(int, found[-1])) if found else (0, 0)

    def connections(self):
        """Of all times since its start: those that ended and those that stand."""
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return self.counts()[0] + sum(row[1].endswith(f":{self.port:04X}") and row[3] == ESTABLISHED for row in rows)

    def wait_for(self, count):
        """Until it has had so many messages in all."""
        wait.until(f"{count} messages at smtp-sink", lambda: self.counts()[1] >= count, TIMEOUT_S, 0.005)


def forward(server, address, target):
    """An alias: who sends to it from outside hands in mail for the target, for which only users who log in may ask themselves."""
    server.mailctl(["-c", str(server.conf), "alias", "add", address, target])
