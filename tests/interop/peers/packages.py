"""Fetch Debian packages and what they need beyond this machine, and unpack them; nothing is installed."""

import os
import re
import shutil
import subprocess
from pathlib import Path

INST = re.compile(r"^Inst (\S+) ", re.MULTILINE)


class Unavailable(Exception):
    """The packages cannot be had here; the text says why."""


def command(words, **options):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, **options)
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(words[:3])} …: {(done.stderr.strip().splitlines() or ['failed'])[-1]}")
    return done.stdout


def missing(wanted):
    """The closure of `wanted` minus what is installed, by apt's own resolver."""
    words = ["apt-get", "install", "-s", "--no-install-recommends", *wanted]
    try:
        return INST.findall(command(words))
    except Unavailable:
        if os.geteuid() != 0:
            raise
        command(["apt-get", "update", "-q"])           # no or old package lists
        return INST.findall(command(words))


def download(names, folder):
    """Into `folder`; with fresh package lists when an old one names files that are gone."""
    try:
        command(["apt-get", "download", *names], cwd=folder)
    except Unavailable:
        if os.geteuid() != 0:
            raise
        command(["apt-get", "update", "-q"])
        command(["apt-get", "download", *names], cwd=folder)


def merge_usr(root):
    """Packages still carry /lib and /sbin; the system they are laid over has them in /usr."""
    for name in ("bin", "sbin", "lib", "lib64"):
        if (root / name).is_dir():
            shutil.copytree(root / name, root / "usr" / name, symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(root / name)


def fetch(wanted, folder):
    """The folder with the packages' files: unpacked once, then taken as it is.  Raises Unavailable."""
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        raise Unavailable("no apt-get or dpkg here")
    folder = Path(folder)
    root, stamp, text = folder / "root", folder / "packages", "\n".join(sorted(wanted)) + "\n"
    if stamp.exists() and stamp.read_text() == text:
        return root
    names = missing(wanted)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "deb").mkdir(parents=True)
    (root / "usr").mkdir(parents=True)
    (root / "etc").mkdir()
    if names:
        print(f"peers: fetching {' '.join(names)}", flush=True)
        download(names, folder / "deb")
    for package in sorted((folder / "deb").glob("*.deb")):
        command(["dpkg", "-x", str(package), str(root)])
    merge_usr(root)
    stamp.write_text(text)
    return root


def read_list(path):
    """The package names of an etc/debian-packages.* file."""
    return [line.split()[0] for line in Path(path).read_text().splitlines() if line.strip() and not line.startswith("#")]
