"""A small file system for this process and its children alone: in memory, with or without root, or ext4 in a file, as root."""

import ctypes
import os
import subprocess
from pathlib import Path

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_NOSUID, MS_NODEV, MS_REC, MS_PRIVATE = 2, 4, 0x4000, 1 << 18
LIBC = ctypes.CDLL(None, use_errno=True)


def call(name, *arguments):
    if getattr(LIBC, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def own_mounts():
    """Mounts made from now on are seen by nobody else, and end with the last of these processes.  Before any thread starts."""
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0:
        call("unshare", CLONE_NEWNS)
    else:
        call("unshare", CLONE_NEWUSER | CLONE_NEWNS)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)


def tmpfs(path, size, uid, gid):
    options = f"size={size},mode=0700,uid={uid},gid={gid}".encode()
    call("mount", b"tmpfs", bytes(path), b"tmpfs", MS_NOSUID | MS_NODEV, options)


def ext4(path, size, uid, gid):
    """On a loop device that goes with the last of these processes."""
    image = Path(path).parent / "image"
    with open(image, "wb") as file:
        file.truncate(size)
    for words in (["mkfs.ext4", "-q", "-F", "-m", "0", image], ["mount", "-o", "loop,nosuid,nodev", image, path]):
        done = subprocess.run(words, env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}, capture_output=True, text=True)
        if done.returncode != 0:
            raise OSError(done.stderr.strip() or f"{words[0]} ended with {done.returncode}")
    os.chown(path, uid, gid)
    os.chmod(path, 0o700)
