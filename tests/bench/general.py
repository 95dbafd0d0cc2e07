"""A short table beside Dovecot, for information: log-in, APPEND, FETCH, by the shared load client where it is present."""

import shutil
import subprocess

from peers import dovecot
from peers.house import House
from table import Figure

USERS, MESSAGES = 9, 2000
LESS = "less is better"
READER = ["first=9", "runs=3"]                 # the last user's INBOX is filled before
SCENARIOS = [
    ("login_8", "log-ins, 8 connections", "login", "logins", "/s", ["conns=8", "secs=2", "runs=1"]),
    ("append_1", "APPEND 4 KiB, 1 connection", "append", "appends", "/s", ["mode=plus", f"n={MESSAGES // 2}", "runs=1", "keep=1"]),
    ("append_8", "APPEND 4 KiB, 8 connections", "append", "appends", "/s", ["mode=plus", "conns=8", f"n={MESSAGES}", "runs=1", "keep=1"]),
    ("fetch_flags", "FETCH 1:* (FLAGS UID), 2,000 messages", "fetch", "messages", "/s", READER),
    ("fetch_envelope", "FETCH 1:* (ENVELOPE BODYSTRUCTURE)", "fetch", "messages", "/s", [*READER, "items=(ENVELOPE BODYSTRUCTURE)"]),
    ("fetch_body", "FETCH 1:* (BODY.PEEK[])", "fetch", "rate", "MB/s", [*READER, "items=(BODY.PEEK[])"]),
    ("select", "SELECT INBOX, 2,000 messages", "select", "reselect", "ms", [*READER, "n=5"]),
    ("idle_latency", "OK to APPEND until EXISTS in IDLE", "idle", "ok_to_exists", "ms", ["keep=1", "n=10", "gap=50", "runs=1"]),
]


def load(options, port, domain, scenario, words):
    """Medians by figure name."""
    done = subprocess.run([options.tool("imapload"), "127.0.0.1", str(port), f"u%d@{domain}", "secret", scenario, *words],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return {fields[1]: float(fields[3]) for fields in (line.split("\t") for line in done.stdout.splitlines())}


def attempt(options, port, domain, scenario, figure, words):
    """[the figure], or [] and why not."""
    try:
        return [load(options, port, domain, scenario, words)[figure]], ""
    except (RuntimeError, KeyError, subprocess.TimeoutExpired) as problem:
        return [], str(problem)


def compare(options, ports, scenario, figure, words):
    """ours, theirs, note; alternating."""
    ours, theirs, notes = [], [], set()
    for _ in range(options.few_rounds):
        for port, domain, values in ((ports[0], "a.test", ours), (ports[1], "d.test", theirs)):
            value, note = attempt(options, port, domain, scenario, figure, words)
            values += value
            notes.add(f"{domain}: {note}" if note else "")
    return ours, theirs, "; ".join(sorted(notes - {""}))


def measure(options):
    if options.tool("imapload") is None:
        print("bench: general left out: no shared load client beside this checkout")
        return []
    mbox = options.work / "mbox"
    subprocess.run([options.tool("mailgen"), "-n", str(MESSAGES), "-s", "4096", "-x", "-S", "3", "-o", str(mbox)], check=True)
    figures = []
    with House(options.bin) as house:
        names = {domain: {f"u{n}@{domain}": "secret" for n in range(1, USERS + 1)} for domain in ("a.test", "d.test")}
        server = house.server("a.test", names["a.test"], daemons=("imapd",))
        (house.folder / "mail").mkdir()
        shutil.chown(house.folder / "mail", "nobody")
        house.own(dovecot.Dovecot(house.folder / "dovecot", names["d.test"], house.folder / "mail", "mdbox"))
        ports = (server.ports()["imap"], dovecot.IMAP_PORT)
        for port, domain in zip(ports, names):
            load(options, port, domain, "append", ["mode=pipe", "first=9", "keep=1", "runs=1", f"n={MESSAGES}", f"file={mbox}"])
        for key, text, scenario, figure, unit, words in SCENARIOS:
            ours, theirs, note = compare(options, ports, scenario, figure, [*words, *([f"file={mbox}"] if scenario in ("append", "idle") else [])])
            figures.append(Figure(key, text, unit, ours, theirs, "Dovecot mdbox", note=note or (LESS if unit == "ms" else "")))
        house.finish()
    return figures
