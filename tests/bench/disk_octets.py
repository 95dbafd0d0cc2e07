"""Octets on the disk for a message of 4.2 KB, plain beside Dovecot sdbox and packed beside Dovecot mdbox, zstd on both sides."""

import os
import shutil
import subprocess

from peers import dovecot
from peers.house import House
from table import Figure

USER, MAILBOX, MESSAGES, SIZE = "u1", "Many", 20000, 4096
PLAIN_TARGET, PACKED_TARGET = 1.1, 1.0
OURS = {"plain": 'compress = "none";', "packed": 'compress = "zstd";'}
THEIRS = {"plain": ("sdbox", None), "packed": ("mdbox", "zstd")}


def allocated(folder, without=()):
    """Octets of blocks, of all files below."""
    return sum(os.lstat(os.path.join(path, name)).st_blocks * 512 for path, _, names in os.walk(folder) for name in names if name not in without)


def load(options, port, user, *words):
    done = subprocess.run([options.tool("imapload"), "127.0.0.1", str(port), user, "secret", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=1800)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip() or done.stdout.strip())


def fill(options, port, user, mbox):
    load(options, port, user, "fill", f"mbox={MAILBOX}", f"file={mbox}", f"n={options.scaled(MESSAGES)}", "batch=100")


def ours(options, kind, mbox):
    """The database with everything in it, and body files; not the ballast, which is as large however much mail there is."""
    with House(options.bin) as house:
        server = house.server("a.test", {f"{USER}@a.test": "secret"}, change=OURS[kind], daemons=("imapd",))
        fill(options, server.ports()["imap"], f"{USER}@a.test", mbox)
        house.finish()
        return allocated(server.folder / "data", ("ballast",))


def theirs(options, kind, mbox):
    """The user's home, messages and indexes: as they came, and once a client has listed them, which fills the cache with what we always keep."""
    form, packing = THEIRS[kind]
    with House(options.bin) as house:
        mail = house.folder / "mail"
        mail.mkdir()
        shutil.chown(mail, "nobody")
        house.own(dovecot.Dovecot(house.folder / "dovecot", {f"{USER}@d.test": "secret"}, mail, form, packing=packing))
        fill(options, dovecot.IMAP_PORT, f"{USER}@d.test", mbox)
        came = allocated(mail)
        load(options, dovecot.IMAP_PORT, f"{USER}@d.test", "fetch", f"mbox={MAILBOX}", "items=(ENVELOPE BODYSTRUCTURE)", "runs=1")
        return came, allocated(mail)


def measure(options):
    if options.tool("imapload") is None:
        print("bench: disk left out: no shared load client beside this checkout")
        return []
    mbox, count = options.work / "disk.mbox", options.scaled(MESSAGES)
    subprocess.run([options.tool("mailgen"), "-n", str(count), "-s", str(SIZE), "-x", "-S", "5", "-o", str(mbox)], check=True)
    figures = []
    for kind, target in (("plain", PLAIN_TARGET), ("packed", PACKED_TARGET)):
        mine, (other, listed) = ours(options, kind, mbox) / count, (octets / count for octets in theirs(options, kind, mbox))
        note = f"{mine / other:.2f} of its octets, target {target:g}; {mine / listed:.2f} of the {listed:.0f} once a client listed them there"
        figures.append(Figure(f"disk_{kind}", f"octets on the disk for a message of 4.2 KB, {kind}", "octets", [mine], [other],
                              "Dovecot " + " ".join(filter(None, THEIRS[kind])), target * other, "less", note))
    os.remove(mbox)
    return figures
