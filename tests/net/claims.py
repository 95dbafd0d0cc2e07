"""What only shows between hosts."""
import signal
import threading
import time

from tool import Wrong, check

GROUP, GROUP6, PORT = "239.255.7.7", "[ff02::7777]", 7007
HEAR_S, QUIET_S = 60, 0.7
TRIES = 8                           # a busy machine makes one of them late, hardly each


class Ears:
    """`nettool multicast|broadcast receive` on each host, until it heard what it has to hear and a little longer."""

    def __init__(self, link, *words):
        self.lines = {host: [] for host in (1, 2, 3)}
        self.processes = {host: link.start(host, "nettool", words[0], "receive", "--time", "300s", *words[1:]) for host in self.lines}
        for process in self.processes.values():
            line = process.stdout.readline()
            check(line.startswith("listening on "), "listening on …", line)
        self.threads = [threading.Thread(target=self.hear, args=(host,), daemon=True) for host in self.lines]
        for thread in self.threads:
            thread.start()

    def hear(self, host):
        for line in self.processes[host].stdout:
            self.lines[host].append(line.rstrip("\n").rpartition(": ")[2])

    def hear_only(self, want, claim):
        """The texts, by host."""
        deadline = time.monotonic() + HEAR_S
        while any(len(self.lines[host]) < len(texts) for host, texts in want.items()) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(QUIET_S)
        for process in self.processes.values():
            process.terminate()
        for process, thread in zip(self.processes.values(), self.threads):
            process.wait(HEAR_S), thread.join(HEAR_S)
        check(self.lines == want, claim, self.lines)


def send(link, *words):
    done = link.run(1, "nettool", *words)
    check(done.returncode == 0, f"nettool {' '.join(map(str, words))} to send", done.stderr)


def multicast_ttl_and_loop(link):
    ears = Ears(link, "multicast", "--interface", "e0", f"{GROUP}:{PORT}")
    send(link, "multicast", "send", "--interface", "e0", "--ttl", "1", f"{GROUP}:{PORT}", "one")
    send(link, "multicast", "send", "--interface", "e0", "--ttl", "0", f"{GROUP}:{PORT}", "zero")
    send(link, "multicast", "send", "--interface", "10.77.0.1", "--loop", "off", f"{GROUP}:{PORT}", "others")
    ears.hear_only({1: ["one", "zero"], 2: ["one", "others"], 3: ["one", "others"]}, "TTL 0 to stay here, loop off to spare us")


def multicast_of_one_source(link):
    ears = Ears(link, "multicast", "--interface", "e0", "--source", "10.77.0.2", "232.7.7.7:7007")
    link.run(1, "nettool", "multicast", "send", "--interface", "e0", "232.7.7.7:7007", "wrong")
    link.run(2, "nettool", "multicast", "send", "--interface", "e0", "232.7.7.7:7007", "right")
    ears.hear_only({1: ["right"], 2: ["right"], 3: ["right"]}, "only h2 to be heard")


def ipv6_multicast_scope_and_loop(link):
    ears = Ears(link, "multicast", "--interface", "e0", f"{GROUP6}:{PORT}")
    send(link, "multicast", "send", "--interface", "e0", f"{GROUP6}:{PORT}", "link")
    send(link, "multicast", "send", "--interface", "e0", "--loop", "off", f"{GROUP6}:{PORT}", "others")
    ears.hear_only({1: ["link"], 2: ["link", "others"], 3: ["link", "others"]}, "ff02: on every host, loop off to spare us")
    ears = Ears(link, "multicast", "--interface", "e0", f"[ff01::7777]:{PORT}")
    send(link, "multicast", "send", "--interface", "e0", f"[ff01::7777]:{PORT}", "here")
    ears.hear_only({1: ["here"], 2: [], 3: []}, "ff01: to stay here")


def ipv6_multicast_on_loopback(link):
    ears = link.start(1, "nettool", "multicast", "receive", "--interface", "lo", "--count", "1", "--time", "60s", f"{GROUP6}:{PORT}")
    ears.stdout.readline()
    send(link, "multicast", "send", "--interface", "lo", f"{GROUP6}:{PORT}", "me")
    heard = ears.communicate(timeout=90)[0]
    check(heard.endswith(": me\n"), "it to be heard", heard)


def broadcast_limited_and_directed(link):
    ears = Ears(link, "broadcast", PORT)
    send(link, "broadcast", "send", "--interface", "e0", PORT, "limited")
    send(link, "broadcast", "send", "--interface", "10.77.0.1", "--directed", PORT, "directed")
    send(link, "broadcast", "send", "--interface", "lo", "--directed", PORT, "here")
    ears.hear_only({1: ["limited", "directed", "here"], 2: ["limited", "directed"], 3: ["limited", "directed"]}, "both on every host, loopback's only here")


def race(link, lines, server, before_s, after_s, code=0):
    """Ask dual.test from h1; the time it took has to lie between."""
    link.name("127.0.0.1 localhost\n" + lines)
    echo = link.start(2, "nettool", "echo", "serve", server)
    try:
        check(echo.stdout.readline().startswith("listening on"), "h2 to listen")
        for _ in range(TRIES):
            began = time.monotonic()
            done = link.run(1, "nettool", "echo", "ask", f"tcp:dual.test:{PORT}", "hello")
            took = time.monotonic() - began
            check(done.returncode == code and done.stdout == "HELLO\n", "HELLO", f"{done.returncode} {done.stdout} {done.stderr}")
            check(before_s <= took, f"an answer after {before_s} s", f"{took:.2f} s")
            if took < after_s:
                break
        check(took < after_s, f"an answer within {after_s} s", f"{took:.2f} s")
    finally:
        echo.send_signal(signal.SIGTERM)
        echo.wait(60)


def happy_eyeballs_with_ipv6_black_holed(link):
    """Nobody has that IPv6 address: the second family is tried 250 ms later, and wins."""
    race(link, "2001:db8:77::99 dual.test\n10.77.0.2 dual.test\n", f"10.77.0.2:{PORT}", 0.25, 2.5)


def happy_eyeballs_with_ipv4_black_holed(link):
    race(link, "2001:db8:77::2 dual.test\n10.77.0.99 dual.test\n", f"[2001:db8:77::2]:{PORT}", 0, 2)


def happy_eyeballs_with_many_of_one_family_black_holed(link):
    """Nine dead IPv6 addresses come before the IPv4 one: the families take turns, so it is the second that is tried, not the tenth."""
    race(link, "".join(f"2001:db8:77::9{i} dual.test\n" for i in range(1, 10)) + "10.77.0.2 dual.test\n", f"10.77.0.2:{PORT}", 0.25, 2)


def happy_eyeballs_when_ipv6_refuses(link):
    """A refusal is not waited for."""
    race(link, "2001:db8:77::3 dual.test\n10.77.0.2 dual.test\n", f"10.77.0.2:{PORT}", 0, 2)


def chat_across_hosts(link):
    room = link.start(1, "nettool", "chat", "serve", f"10.77.0.1:{PORT}")
    room.stdout.readline()
    guest = link.start(2, "nettool", "chat", "join", f"10.77.0.1:{PORT}", stdin=-1)
    if "you are 1" not in guest.stdout.readline():
        raise Wrong("h2 is not let in")
    done = link.run(3, "sh", "-c", f"echo hello from h3 | nettool chat join 10.77.0.1:{PORT}")
    check("you are 2" in done.stdout, "h3 to be let in", done.stdout + done.stderr)
    heard = guest.communicate("exit\n", timeout=60)[0]
    room.send_signal(signal.SIGTERM)
    room.wait(60)
    check("2: hello from h3" in heard, "h2 to hear h3", heard)


ALL = [multicast_ttl_and_loop, multicast_of_one_source, ipv6_multicast_scope_and_loop, ipv6_multicast_on_loopback, broadcast_limited_and_directed,
       happy_eyeballs_with_ipv6_black_holed, happy_eyeballs_with_ipv4_black_holed, happy_eyeballs_with_many_of_one_family_black_holed,
       happy_eyeballs_when_ipv6_refuses, chat_across_hosts]
