"""Every verb that `mailctl --help` lists, as root and with --json; after each one nothing in the data folder is root's, and a delivery works."""

import json
import os
import pwd
import re
import smtplib
import subprocess
import sys
from pathlib import Path

conf, folder = sys.argv[1], Path(sys.argv[2])
data = folder / "data"
owner = data.stat().st_uid


def mailctl(*words, given="", config=conf, codes=(0,), as_json=True):
    command = ["mailctl", "-c", config, *words] + (["--json"] if as_json else [])
    done = subprocess.run(command, input=given, capture_output=True, text=True, timeout=100)
    if done.returncode not in codes:
        sys.exit(f"{' '.join(words)}: exit {done.returncode}, not {codes}: {done.stdout}{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()] if as_json else done.stdout


def port(service, config=conf):
    return int(mailctl("ports", service, "--timeout", "60s", config=config, as_json=False))


def deliver(sender, recipient, after):
    with smtplib.SMTP("127.0.0.1", port("submission"), timeout=60) as smtp:
        smtp.login("alice@a.test", "pw")
        smtp.sendmail(sender, [recipient], f"From: {sender}\r\nTo: {recipient}\r\nSubject: after {after}\r\nMessage-ID: <{after.replace(' ', '.')}@a.test>\r\n\r\ntext\r\n")


def deliver_with_its_own_daemon(config, recipient):
    """To a server that is not running yet; everything in its data folder is its user's then, too."""
    with open(folder / "other.log", "ab") as log:
        daemon = subprocess.Popen(["smtpd", "-c", config], stderr=log)
    try:
        with smtplib.SMTP("127.0.0.1", port("smtp", config), timeout=60) as smtp:
            smtp.sendmail("x@y.test", [recipient], "Subject: behind\r\n\r\ntext\r\n")
        mailctl("wait", recipient, "--match", "subject:behind", "--timeout", "60s", config=config)
    finally:
        daemon.terminate()
        if daemon.wait(60) != 0:
            sys.exit(f"smtpd with {config} ended with {daemon.returncode}")
    if root_owned(Path(mailctl("config", "show", config=config)[0]["data_dir"])):
        sys.exit(f"{config}: something in its data folder is not the daemons'")


def init():
    made = mailctl("init", str(folder / "made"), "--domain", "c.test", "--port-base", "any")[0]["config"]
    mailctl("user", "add", "carol@c.test", given="pw\n", config=made)
    deliver_with_its_own_daemon(made, "carol@c.test")


def restore():
    config = new_folder()
    mailctl("restore", str(folder / "backup"), config=config)
    deliver_with_its_own_daemon(config, "alice@a.test")


def reset():
    """Refused where mail is for keeps, done where it is not."""
    mailctl("reset", codes=(77,))
    bench = mailctl("init", str(folder / "bench"), "--domain", "d.test", "--port-base", "any", "--ephemeral", "--catch-all")[0]["config"]
    mailctl("reset", config=bench)
    deliver_with_its_own_daemon(bench, "dora@d.test")


def queue_id():
    """Of a message that waits and that no attempt has in its hands."""
    deliver("alice@a.test", "x@b.test", "queued")
    return mailctl("queue", "list")[-1]["queue"]


def new_folder():
    """An empty data folder of its own for restore, and the configuration that names it."""
    other = folder / "other"
    other.mkdir(mode=0o700)
    os.chown(other, owner, -1)
    text = re.sub(r'data_dir\s*=\s*"[^"]*"', f'data_dir = "{other}"', Path(conf).read_text())
    text = re.sub(r'127\.0\.0\.1:\d+"(; service)', r'127.0.0.1:0"\1', text).replace("run/lmtp", "run/other")
    config = folder / "other.conf"
    config.write_text(text)
    config.chmod(0o644)
    return str(config)


# verb: what is asked of it.  A list: words, what it reads, exit codes, configuration.
ASKED = {
    "init": init,
    "user add": lambda: mailctl("user", "add", "bob@a.test", given="pw\n"),
    "user list": lambda: mailctl("user", "list"),
    "user show": lambda: mailctl("user", "show", "bob@a.test"),
    "user passwd": lambda: mailctl("user", "passwd", "bob@a.test", given="new\n"),
    "user quota": lambda: mailctl("user", "quota", "bob@a.test", "1G"),
    "user set": lambda: mailctl("user", "set", "bob@a.test", "--quota", "2G"),
    "alias add": lambda: mailctl("alias", "add", "info@a.test", "bob@a.test"),
    "alias list": lambda: mailctl("alias", "list"),
    "alias delete": lambda: mailctl("alias", "delete", "info@a.test"),
    "domain add": lambda: mailctl("domain", "add", "more.test"),
    "domain list": lambda: mailctl("domain", "list"),
    "domain set": lambda: mailctl("domain", "set", "more.test", "--catch-all"),
    "domain delete": lambda: mailctl("domain", "delete", "more.test"),
    "mailbox create": lambda: mailctl("mailbox", "create", "alice@a.test", "Lists"),
    "mailbox rename": lambda: mailctl("mailbox", "rename", "alice@a.test", "Lists", "Groups"),
    "mailbox expire": lambda: mailctl("mailbox", "expire", "alice@a.test", "Trash", "30d"),
    "mailbox list": lambda: mailctl("mailbox", "list", "alice@a.test"),
    "mailbox delete": lambda: mailctl("mailbox", "delete", "alice@a.test", "Groups", "--yes"),
    "ports": lambda: mailctl("ports"),
    "wait": lambda: mailctl("wait", "alice@a.test", "--timeout", "60s"),
    "reset": reset,
    "queue list": lambda: mailctl("queue", "list"),
    "queue show": lambda: mailctl("queue", "show", queue_id()),
    "queue hold": lambda: mailctl("queue", "hold", queue_id()),
    "queue release": lambda: mailctl("queue", "release", "--all"),
    "queue retry": lambda: mailctl("queue", "retry", "--to", "b.test"),
    "queue explain": lambda: mailctl("queue", "explain", "x@b.test"),
    "queue expire": lambda: mailctl("queue", "expire", queue_id(), codes=(0, 75)),
    "queue delete": lambda: mailctl("queue", "delete", "--all", codes=(0, 75)),
    "trace": lambda: mailctl("trace", "<init@a.test>"),
    "export": lambda: mailctl("export", "alice@a.test", "INBOX", f"maildir:{folder}/maildir"),
    "import": lambda: mailctl("import", "alice@a.test", "Old", f"maildir:{folder}/maildir"),
    "stats": lambda: mailctl("stats"),
    "check": lambda: mailctl("check", "--repair"),
    "backup": lambda: mailctl("backup", str(folder / "backup/")),
    "restore": restore,
    "config show": lambda: mailctl("config", "show"),
    "user delete": lambda: mailctl("user", "delete", "bob@a.test", "--yes"),
}


def listed():
    """The verbs of the help page."""
    text = subprocess.run(["mailctl", "--help"], capture_output=True, text=True, check=True).stdout
    for line in text.splitlines():
        words = re.match(r"  (?:\[-c FILE\]\.\.\. )?((?:[a-z]+ ?)+)", line)
        if words and not line.startswith("   "):
            yield words.group(1).strip()


def root_owned(where):
    return [str(path) for path in [where, *where.rglob("*")] if path.stat().st_uid != owner]


def main():
    if os.geteuid() != 0 or owner == 0:
        sys.exit("this is for root, and for a folder that is not root's")
    unknown = set(listed()) ^ set(ASKED)
    if unknown:
        sys.exit(f"listed or asked, and not both: {', '.join(sorted(unknown))}")
    for verb, ask in ASKED.items():
        ask()
        if root_owned(data):
            sys.exit(f"{verb}: not {pwd.getpwuid(owner).pw_name}'s: {root_owned(data)}")
        deliver("alice@a.test", "alice@a.test", verb)
    print(f"{len(ASKED)} verbs, a delivery after each")


main()
