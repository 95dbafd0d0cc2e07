"""Namespaces of our own, in which the unpacked packages look installed: nothing outside is touched.

Mounts: /usr and /etc with the packages' files laid over them.  Network: a loopback of its own, so that fixed ports collide with
nobody's.  Processes: all end when the first one does.
"""

import fcntl
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path

INSIDE = "POSTA_PEERS_INSIDE"
USERS = {"postfix": 64901, "dovecot": 64902, "dovenull": 64903, "avahi": 64905}
GROUPS = {**USERS, "postdrop": 64904}


def is_inside():
    return os.environ.get(INSIDE) == "1"


def why_not():
    """Why there can be no namespaces here, or None."""
    if os.geteuid() != 0:
        return "namespaces of their own need root"
    tried = subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "true"], stderr=subprocess.PIPE, text=True)
    return None if tried.returncode == 0 else tried.stderr.strip()


def enter():
    """Run this program again inside; returns there only.  Needs root."""
    if is_inside():
        return
    os.environ[INSIDE] = "1"
    words = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable, *sys.argv]
    sys.stdout.flush()
    os.execvp(words[0], words)


def add_lines(path, entries):
    """Append the `name:…` lines whose names the file lacks."""
    text = path.read_text()
    known = {line.partition(":")[0] for line in text.splitlines()}
    path.write_text(text + "".join(line + "\n" for name, line in entries.items() if name not in known))


def furnish(root):
    """Lay the packages' files over the system's, inside only."""
    root = Path(root)
    store = root.parent / "overlay"             # everybody mounts there in a namespace of his own
    store.mkdir(exist_ok=True)
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(store)], check=True)
    for name in ("usr", "etc"):
        (store / name).mkdir()
        (store / f"{name}.work").mkdir()
        options = f"lowerdir={root / name}:/{name},upperdir={store / name},workdir={store / name}.work"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, f"/{name}"], check=True)
    add_lines(Path("/etc/passwd"), {name: f"{name}:x:{number}:{number}::/nonexistent:/usr/sbin/nologin" for name, number in USERS.items()})
    add_lines(Path("/etc/group"), {name: f"{name}:x:{number}:" for name, number in GROUPS.items()})
    subprocess.run(["ldconfig"], check=False)
    raise_loopback()


def raise_loopback():
    set_flags, up_running = 0x8914, 0x41
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, set_flags, struct.pack("16sh14x", b"lo", up_running))
