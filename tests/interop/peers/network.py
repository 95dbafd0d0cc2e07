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


def cable(one, two, network="10.88.0"):
    """A cable between two hosts: device e0 on both, addresses NETWORK.1 and NETWORK.2, IPv6 link-local ones without waiting."""
    one.run(["ip", "link", "add", "e0", "type", "veth", "peer", "name", "e0", "netns", str(two.process.pid)])
    for number, host in enumerate((one, two), 1):
        host.run(["sysctl", "-q", "-w", "net.ipv6.conf.e0.accept_dad=0"], check=False)
        host.run(["ip", "addr", "add", f"{network}.{number}/24", "brd", "+", "dev", "e0"])
        host.run(["ip", "link", "set", "e0", "up"])
    time.sleep(0.2)
