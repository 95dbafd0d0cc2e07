"""Every verb that `mailctl --help` lists, while no daemon runs: its exit code, nothing but JSON objects with --json, and text without it where it only looks."""

import json
import re
import subprocess
import sys
from pathlib import Path

conf, folder = sys.argv[1], Path(sys.argv[2])


def mailctl(*words, given=""):
    return subprocess.run(["mailctl", "-c", conf, *words], input=given, capture_output=True, text=True, timeout=100)


def queue_id():
    """The last message that waits; three of them were queued while the daemons ran."""
    return json.loads(mailctl("queue", "list", "--json").stdout.splitlines()[-1])["queue"]


def other_conf():
    """An empty data folder for restore, and the configuration that names it."""
    (folder / "other").mkdir(mode=0o700)
    text = re.sub(r'data_dir\s*=\s*"[^"]*"', f'data_dir = "{folder}/other"', Path(conf).read_text())
    (folder / "other.conf").write_text(text)
    return str(folder / "other.conf")


# Verb, what is given to it, its exit code; the verbs of LOOKS change nothing.
ASKED = [
    ("init", lambda: [str(folder / "made"), "--domain", "c.test", "--port-base", "any"], 0),
    ("user add", lambda: ["bob@a.test"], 0),
    ("user list", list, 0),
    ("user show", lambda: ["bob@a.test"], 0),
    ("user passwd", lambda: ["bob@a.test"], 0),
    ("user quota", lambda: ["bob@a.test", "1G"], 0),
    ("user set", lambda: ["bob@a.test", "--disable"], 0),
    ("alias add", lambda: ["info@a.test", "bob@a.test"], 0),
    ("alias list", lambda: ["a.test"], 0),
    ("alias delete", lambda: ["info@a.test"], 0),
    ("domain add", lambda: ["more.test"], 0),
    ("domain list", list, 0),
    ("domain set", lambda: ["more.test", "--catch-all"], 0),
    ("domain delete", lambda: ["more.test"], 0),
    ("mailbox create", lambda: ["alice@a.test", "Lists"], 0),
    ("mailbox rename", lambda: ["alice@a.test", "Lists", "Groups"], 0),
    ("mailbox expire", lambda: ["alice@a.test", "Trash", "30d"], 0),
    ("mailbox list", lambda: ["alice@a.test"], 0),
    ("mailbox delete", lambda: ["alice@a.test", "Groups", "--yes"], 0),
    ("ports", list, 75),
    ("wait", lambda: ["alice@a.test", "--timeout", "0"], 0),
    ("reset", list, 77),
    ("queue list", list, 0),
    ("queue show", lambda: [queue_id()], 0),
    ("queue hold", lambda: ["--to", "b.test"], 0),
    ("queue release", lambda: [queue_id()], 0),
    ("queue retry", lambda: ["--all"], 0),
    ("queue explain", lambda: ["x@b.test"], 0),
    ("queue expire", lambda: [queue_id()], 0),
    ("queue delete", lambda: ["--all"], 0),
    ("trace", lambda: ["<1@a.test>"], 0),
    ("export", lambda: ["alice@a.test", "INBOX", f"maildir:{folder}/maildir"], 0),
    ("import", lambda: ["alice@a.test", "Old", f"maildir:{folder}/maildir"], 0),
    ("stats", list, 0),
    ("check", lambda: ["--repair"], 0),
    ("backup", lambda: [f"{folder}/backup/"], 0),
    ("restore", lambda: [f"{folder}/backup", "-c", other_conf()], 0),
    ("config show", list, 0),
    ("user delete", lambda: ["bob@a.test", "--yes"], 0),
]
LOOKS = {"user list", "user show", "domain list", "mailbox list", "wait", "queue list", "queue show", "queue explain", "trace", "stats", "config show"}


def listed():
    """The verbs of the help page."""
    for line in mailctl("--help").stdout.splitlines():
        words = re.match(r"  (?:\[-c FILE\]\.\.\. )?((?:[a-z]+ ?)+)", line)
        if words and not line.startswith("   "):
            yield words.group(1).strip()


def main():
    unknown = set(listed()) ^ {verb for verb, _, _ in ASKED}
    if unknown:
        sys.exit(f"listed or asked, and not both: {', '.join(sorted(unknown))}")
    for verb, words, code in ASKED:
        given = [*verb.split(), *words()]
        done = mailctl(*given, "--json", given="pw\n")
        objects = [json.loads(line) for line in done.stdout.splitlines()]
        if done.returncode != code or any(not isinstance(o, dict) for o in objects) or (code == 0) != (len(objects) > 0) or (code == 0) != (done.stderr == ""):
            sys.exit(f"{given}: exit {done.returncode}, not {code}: {done.stdout}{done.stderr}")
        if verb in LOOKS:
            text = mailctl(*given)
            if text.returncode != code or text.stdout == "" or text.stdout == done.stdout:
                sys.exit(f"{given} without --json: exit {text.returncode}: {text.stdout}{text.stderr}")
    print(f"{len(ASKED)} verbs")


main()
