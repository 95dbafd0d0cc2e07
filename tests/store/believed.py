"""What store_load said it asked for and was told is done, against what store_list finds."""
from collections import Counter

FLAGGED = 4


class Letter:
    """One message: where it was asked to go, and the last word on each thing asked of it."""

    def __init__(self):
        self.users, self.asked, self.done = [], set(), set()


def letters(lines):
    found = {}
    for line in lines:
        sign, verb, name, *rest = line.split()
        letter = found.setdefault(name, Letter())
        if sign == "+":
            letter.asked.add(verb)
            if verb in ("deliver", "append"):
                letter.users = rest
        elif sign == "=":
            letter.done.add(verb)
    return found


def judge(said, listed):
    """Problems: what was promised and is not so, or is so and was never asked."""
    boxes, queue, problems = Counter(), Counter(), []
    flags = {}
    for line in listed:
        kind, *rest = line.split(" ", 3)
        if kind == "box":
            boxes[rest[0], rest[1]] += 1
            flags[rest[1]] = int(rest[2])
        elif kind == "queue":
            queue[rest[0]] += 1
        elif line not in ("end", "= deliver after"):
            problems.append(line)
    problems += [f"store_list never said {line!r}" for line in ("= deliver after", "end") if line not in listed]
    known = letters(line for line in said if line[:1] in "+=-")
    problems += [f"{name} in {user} was never sent" for user, name in boxes if name not in known]
    problems += [f"{name} in the queue was never sent" for name in queue if name not in known]
    for name, letter in known.items():
        problems += [f"{name}: {why}" for why in judge_letter(letter, [boxes[user, name] for user in letter.users], queue[name])]
        if "flag" in letter.done and name in flags and not flags[name] & FLAGGED:
            problems.append(f"{name}: its flag is gone")
    return problems


def judge_letter(letter, copies, queued):
    if max(copies, default=0) > 1 or queued > 1:
        yield f"doubled: {copies}, queue {queued}"
    if copies and len(set(copies)) > 1:
        yield f"stored for some only: {copies}"
    if letter.done & {"deliver", "append"} and "expunge" not in letter.asked and 0 in copies:
        yield "promised and not in its mailbox"
    if "expunge" in letter.done and any(copies):
        yield "expunged and there again"
    if "queue" in letter.done and "relay" not in letter.asked and not queued:
        yield "promised and not in the queue"
    if "relay" in letter.done and queued:
        yield "relayed and in the queue again"
