"""What an owner does beside the daemons, killed like them: imports that go on where they stopped, backups, maintenance by hand."""

import random
import re
import subprocess
import threading
from pathlib import Path

from harness.failure import Failure
from kills import kill
from load import BIG

LETTERS = 60                        # of an import
SIZES = (300, 3000, 30_000)
PAUSE_S = 0.5
CHORE_S = 240
HOME = ("a.test", "Imported")
KILLED = -9
STRAY = re.compile(r"bodies/../\w+: no message refers to it")


def unsound(server, code, out):
    """What mailctl check found.  When hours go by in a minute the sweep has not come round yet to all body files that kills left."""
    return [line for line in out.splitlines() if code != 0 and line and not (server.home.clock and STRAY.fullmatch(line))]


class Chores(threading.Thread):
    """One mailctl after the other at one server; `process` is the one that runs now."""

    def __init__(self, server, user, ledger, seed, big):
        super().__init__(daemon=True)
        self.server, self.user, self.ledger, self.big, self.rng = server, user, ledger, big, random.Random(seed)
        self.folder = server.home.folder / "chores"
        server.home.identity.make_folder(self.folder)
        self.stopping, self.process = threading.Event(), None
        self.turn = threading.Lock()
        self.waiting = None         # an import that was killed: (mbox, its letters)
        self.n_imports = self.n_backups = self.n_killed = 0
        self.problems = []

    def run(self):
        while not self.stopping.is_set():
            try:
                with self.turn:
                    self.rng.choice((self.import_some, self.import_some, self.back_up, self.check))()
            except (Failure, OSError, subprocess.TimeoutExpired) as problem:
                self.problems.append(str(problem))
                return
            self.stopping.wait(self.rng.random() * PAUSE_S)

    def mailctl(self, *words, extra=None):
        """Exit code and output.  A killed one is no failure."""
        program = str(Path(self.server.home.bin) / "mailctl")
        self.process = self.server.home.identity.spawn([program, "-c", str(self.server.conf), *words], env=self.server.home.env(extra),
                                                       cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        out = self.process.communicate(timeout=CHORE_S)[0]
        self.n_killed += self.process.returncode == KILLED
        return self.process.returncode, out

    def strike(self):
        """Kill what runs now; what was killed, or None."""
        process = self.process
        if process is None or process.poll() is not None:
            return None
        kill(process.pid)
        return "mailctl"

    def size(self):
        return BIG if self.rng.random() < self.big else self.rng.choice(SIZES)

    def new_mbox(self):
        letters = [self.ledger.write("import", self.size(), {HOME: True}) for _ in range(LETTERS)]
        path = self.folder / f"mbox{self.n_imports}"
        path.write_bytes(b"".join(b"From bench@x.test Thu Jan  1 00:00:00 2026\n" + letter.octets().replace(b"\r\n", b"\n") + b"\n" for letter in letters))
        path.chmod(0o644)
        return path, letters

    def import_some(self, extra=None):
        """A killed import is given again until it is whole: then each letter is there once."""
        self.waiting = self.waiting or self.new_mbox()
        mbox, letters = self.waiting
        code, out = self.mailctl("import", self.user, HOME[1], f"mbox:{mbox}", extra=extra)
        if code == 0:
            for letter in letters:
                self.ledger.answered(letter, "imported", True)
            mbox.unlink()
            self.waiting = None
            self.n_imports += 1
        elif code != KILLED and extra is None:
            raise Failure("an import to end well or to be killed", f"exit {code}: {out}")
        return code

    def back_up(self, extra=None):
        """Into a folder: what was killed leaves the backup before it whole."""
        code, out = self.mailctl("backup", f"{self.folder}/backup/", extra=extra)
        self.n_backups += code == 0
        if code not in (0, KILLED) and extra is None:
            raise Failure("a backup to end well or to be killed", f"exit {code}: {out}")
        return code

    def check(self):
        code, out = self.mailctl("check")
        problems = unsound(self.server, code, out) if code != KILLED else []
        if problems:
            raise Failure("a sound store while daemons are killed", f"exit {code}: {problems}")

    def finish(self):
        """No chore is left half done."""
        self.stopping.set()
        self.join(CHORE_S)
        while self.waiting and not self.problems:
            self.import_some()
        self.back_up()
        return self.problems

    def said(self):
        return f"{self.n_imports} imports and {self.n_backups} backups whole, {self.n_killed} killed"

