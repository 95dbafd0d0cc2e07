"""Hosts h1, h2, … on one bridge: 10.77.0.N/24 and 2001:db8:77::N/64 on e0, no other route.  Nothing leaves, nothing stays."""
import os
import subprocess
import sys
import time

INSIDE = "POSTA_HOSTS_INSIDE"
UNSHARE = ["unshare", "--user", "--map-root-user", "--net", "--mount", "--propagation", "private"]


READY_S = 60


def are_inside():
    return os.environ.get(INSIDE) == "1"


def why_not():
    """Why there can be no namespaces here, or None."""
    try:
        tried = subprocess.run([*UNSHARE, "ip", "link"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    except OSError as problem:
        return str(problem)
    return None if tried.returncode == 0 else tried.stderr.strip()


def enter():
    """Run this program again inside; returns there only."""
    if are_inside():
        return
    os.environ[INSIDE] = "1"
    sys.stdout.flush()
    os.execvp(UNSHARE[0], [*UNSHARE, sys.executable, *sys.argv])


def do(*lines):
    for line in lines:
        subprocess.run(line.split(), check=True)


class Link:
    def __init__(self, count):
        do("mount -t tmpfs tmpfs /run", "mkdir /run/netns", "ip netns add sw", "ip -n sw link set lo up",
           "ip -n sw link add br0 type bridge mcast_snooping 0", "ip -n sw link set br0 up")
        for i in range(1, count + 1):
            do(f"ip netns add h{i}", f"ip -n h{i} link add e0 type veth peer name p{i} netns sw", f"ip -n sw link set p{i} master br0 up",
               f"ip -n h{i} link set lo up", f"ip -n h{i} link set e0 up", f"ip -n h{i} addr add 10.77.0.{i}/24 brd + dev e0",
               f"ip -n h{i} addr add 2001:db8:77::{i}/64 dev e0 nodad",
               f"ip -n h{i} -6 route add local ff00::/8 dev lo table local metric 2048")
        self.wait_ready(count)

    @staticmethod
    def wait_ready(count):
        """Until each host has its link-local address, which is tentative at first."""
        def of(host, *words):
            return subprocess.run(["ip", "-n", f"h{host}", "-6", "addr", "show", "dev", "e0", *words], capture_output=True, text=True).stdout
        deadline = time.monotonic() + READY_S
        while any("fe80" not in of(host) or of(host, "tentative") for host in range(1, count + 1)) and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(0.5)                                               # and what it was told of its groups has gone out

    @staticmethod
    def name(lines):
        """What getaddrinfo finds: the lines of /etc/hosts."""
        with open("/run/hosts", "w", encoding="ascii") as names:
            names.write(lines)
        do("mount --bind /run/hosts /etc/hosts")

    @staticmethod
    def start(host, *words, **options):
        return subprocess.Popen(["ip", "netns", "exec", f"h{host}", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, **options)

    @staticmethod
    def run(host, *words):
        return subprocess.run(["ip", "netns", "exec", f"h{host}", *map(str, words)], capture_output=True, text=True, timeout=120)
