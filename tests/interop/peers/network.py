"""Hosts of our own: network namespaces with virtual cables between them.  Nothing leaves them."""

import subprocess
import time

from peers import wait

NSENTER = ["nsenter", "--net=/proc/{pid}/ns/net", "--"]


class Host:
    """`host.run([...])` and `host.popen([...])` are commands on that host.  It ends, with what runs on it, at stop()."""

    def __init__(self, name):
        self.name, self.children = name, []
        self.process = subprocess.Popen(["unshare", "--net", "sleep", "1000000"])
        wait.until("a network namespace", lambda: self.own_namespace())
        self.run(["ip", "link", "set", "lo", "up"])

    def own_namespace(self):
        def number(pid):
            return subprocess.run(["readlink", f"/proc/{pid}/ns/net"], stdout=subprocess.PIPE, check=True).stdout
        return number(self.process.pid) != number("self")

    def words(self, words):
        return [word.format(pid=self.process.pid) for word in NSENTER] + [str(word) for word in words]

    def run(self, words, check=True, timeout=60, **options):
        return subprocess.run(self.words(words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=check, timeout=timeout, **options)

    def popen(self, words, **options):
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.STDOUT)
        child = subprocess.Popen(self.words(words), stdin=subprocess.DEVNULL, text=True, **options)
        self.children.append(child)
        return child

    def stop(self):
        for child in self.children:
            if child.poll() is None:
                child.terminate()
        for child in self.children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
        self.process.kill()
        self.process.wait()


class Here:
    """The namespace of the claims themselves, for cables that lead out of it: their device goes with the other end."""

    def run(self, words, check=True, **options):
        return subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=check, **options)


def cable(one, two, network="10.88.0", device="e0"):
    """A cable between two hosts, e0 (the first one's may have another name), with addresses NETWORK.1 and NETWORK.2."""
    one.run(["ip", "link", "add", device, "type", "veth", "peer", "name", "e0", "netns", str(two.process.pid)])
    for number, (host, name) in enumerate(((one, device), (two, "e0")), 1):
        host.run(["sysctl", "-q", "-w", f"net.ipv6.conf.{name}.accept_dad=0"], check=False)
        host.run(["ip", "addr", "add", f"{network}.{number}/24", "brd", "+", "dev", name])
        host.run(["ip", "link", "set", name, "up"])
    time.sleep(0.2)
