"""What was sent, what was promised, and what must therefore be in which mailbox."""

import hashlib
import threading
from collections import Counter

SENT, PROMISED, REFUSED = "sent", "promised", "refused"
SHOWN = 12
LINE = 76


class Letter:
    """A message that proves itself: its octets follow from its id and size."""

    def __init__(self, name, size, homes):
        self.name, self.size, self.homes = name, size, homes
        self.state, self.answer = SENT, None

    def octets(self):
        text = hashlib.sha256(self.name.encode()).hexdigest()
        lines = [f"{n:06d} {text}"[:LINE] for n in range(max(1, self.size // (LINE + 2)))]
        return f"Subject: {self.name}\r\n\r\n".encode() + "".join(line + "\r\n" for line in lines).encode()


class Ledger:
    """`homes` of a letter: {(domain, mailbox): exact}; not exact is what a relay may bring twice."""

    def __init__(self, run):
        self.run, self.letters = run, {}
        self.lock = threading.Lock()

    def write(self, kind, size, homes):
        """A new letter, noted before its first octet leaves."""
        with self.lock:
            letter = Letter(f"{self.run}-{kind}-{len(self.letters)}", size, homes)
            self.letters[letter.name] = letter
        return letter

    def answered(self, letter, answer, positive):
        letter.answer = answer
        letter.state = PROMISED if positive else REFUSED

    def refusals(self):
        """The answers that were not positive, counted."""
        return Counter(letter.answer for letter in self.letters.values() if letter.state == REFUSED)

    def promised(self, home):
        """Names of the letters that must be there from now on, exactly once."""
        with self.lock:
            return {l.name for l in self.letters.values() if l.state == PROMISED and l.homes.get(home)}

    def counts(self):
        with self.lock:
            return Counter(letter.state for letter in self.letters.values())

    def homes(self):
        with self.lock:
            return sorted({home for letter in self.letters.values() for home in letter.homes})

    def judge(self, home, found):
        """(problems, messages that a relay brought again); found: Counter of names in that mailbox."""
        problems, again = [], 0
        for name in found:
            if name not in self.letters:
                problems.append(f"{name!r} was never sent")
            elif home not in self.letters[name].homes:
                problems.append(f"{name} belongs elsewhere")
        for letter in self.letters.values():
            if home not in letter.homes:
                continue
            n, exact = found[letter.name], letter.homes[home]
            if letter.state == PROMISED and n == 0:
                problems.append(f"{letter.name} was promised and is lost")
            elif letter.state == REFUSED and n > 0:
                problems.append(f"{letter.name} was refused and is there")
            elif n > 1 and exact:
                problems.append(f"{letter.name} is there {n} times")
            elif n > 1:
                again += n - 1
        return problems, again


def shown(problems):
    """The first of them, one a line, and how many more."""
    more = [f"and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
    return "\n    ".join(problems[:SHOWN] + more)
