"""nettool multicast, broadcast and rpc: CLAIM.  On the loopback interface only."""
import random
import socket
import struct
import subprocess
import threading
import time

from talk import nettool
from tool import TIMEOUT_S, Tool, check, dial, main, read_all, read_exactly


def random_group(prefix="239.255"):
    return f"{prefix}.{random.randrange(256)}.{random.randrange(1, 255)}:{random.randrange(20000, 50000)}"


class Hearer:
    """`nettool multicast|broadcast receive` that waits for some datagrams."""

    def __init__(self, *words, count=1, seconds=60):
        self.process = subprocess.Popen(["nettool", words[0], "receive", "--count", str(count), "--time", f"{seconds}s", *map(str, words[1:])],
                                        stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        check(line.startswith("listening on udp:"), "listening on udp:…", line)

    def lines(self, code=0):
        out = self.process.communicate(timeout=90)[0]
        check(self.process.returncode == code, f"exit {code}", self.process.returncode)
        return out.splitlines()


def multicast_reaches_each_receiver():
    group = random_group()
    hearers = [Hearer("multicast", group, count=2) for _ in range(3)]
    nettool("multicast", "send", "--ttl", "0", group, "good morning", "bye\x07")
    for hearer in hearers:
        lines = hearer.lines()
        check([line.partition(": ")[2] for line in lines] == ["good morning", "bye\\x07"], "both texts", lines)
        check(f"> {group.partition(':')[0]}:" in lines[0], "the group it was told to", lines[0])


def multicast_hears_only_its_source():
    group = random_group("232.7")
    hearer = Hearer("multicast", "--source", "127.0.0.3", group)
    nettool("multicast", "send", "--interface", "127.0.0.2", group, "wrong")
    nettool("multicast", "send", "--interface", "127.0.0.3", group, "right")
    lines = hearer.lines()
    check(lines and lines[0].startswith("127.0.0.3:") and lines[0].endswith(": right"), "only the source asked for", lines)


def multicast_names_what_is_wrong():
    for words in (["127.0.0.1:7", "x"], ["--interface", "nosuch0", "239.1.1.1:7", "x"]):
        nettool("multicast", "send", *words, code=69)
    for words in (["--ttl", "256", "239.1.1.1:7", "x"], ["--loop", "maybe", "239.1.1.1:7", "x"]):
        nettool("multicast", "send", *words, code=64)


def broadcast_reaches_each_receiver():
    port = random.randrange(20000, 50000)
    hearers = [Hearer("broadcast", port) for _ in range(2)]
    nettool("broadcast", "send", "--directed", port, "is anybody there?")
    for hearer in hearers:
        lines = hearer.lines()
        check(lines == [lines[0]] and "> 127.255.255.255: is anybody there?" in lines[0], "the question", lines)


def rpc_squares_by_both_transports():
    number = random.randrange(10 ** 4095, 10 ** 4096)
    for address in ("udp:127.0.0.1:0", "tcp:127.0.0.1:0"):
        with Tool("rpc", "serve", address) as server:
            at = server.line[len("listening on "):]
            got = nettool("rpc", "call", at, "12", "-5", number).split()
            digits = decimal_square(number)
            check(got == ["144", "25", digits], f"three squares over {address}", [g[:20] for g in got])
            nettool("rpc", "call", at, "1x", code=65)
            nettool("rpc", "call", at, "1" * 4097, code=65)


def decimal_square(number):
    import sys
    if hasattr(sys, "set_int_max_str_digits"):
        sys.set_int_max_str_digits(0)
    return str(number * number)


def request(number, body):
    return struct.pack(">QB", number, 0) + body


def rpc_works_at_most_once():
    """The same request three times: three equal replies, one piece of work; another client's equal id is another request."""
    with Tool("rpc", "serve", "udp:127.0.0.1:0") as server:
        first, second = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        for sock in (first, second):
            sock.settimeout(TIMEOUT_S)
            sock.connect(("127.0.0.1", server.at))
        replies = []
        for _ in range(3):
            first.send(request(77, b"13"))
            replies.append(first.recv(100))
        check(replies == [struct.pack(">QB", 77, 1) + b"169"] * 3, "three equal replies", replies)
        check(server.said().count("squared") == 1, "one piece of work", server.said())
        second.send(request(77, b"2"))
        check(second.recv(100)[9:] == b"4", "4")
        check(server.said().count("squared") == 2, "two pieces of work", server.said())


def rpc_repeats_after_half_one_and_two_seconds():
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    server.settimeout(TIMEOUT_S)
    at = f"udp:127.0.0.1:{server.getsockname()[1]}"
    asked = []

    def hear(count):
        for _ in range(count):
            octets, source = server.recvfrom(100)
            asked.append((time.monotonic(), octets, source))
    def call_for_nothing():
        """The gaps between the requests, and the whole."""
        thread = threading.Thread(target=hear, args=(3,))
        thread.start()
        before = time.monotonic()
        nettool("rpc", "call", at, "5", code=75)
        took = time.monotonic() - before
        thread.join()
        check(len({octets for _, octets, _ in asked}) == 1, "the same request each time")
        gaps = [b[0] - a[0] for a, b in zip(asked, asked[1:])]
        asked.clear()
        return *gaps, took

    # A busy machine stretches one or the other, hardly each of ten.
    for _ in range(10):
        first, second, took = call_for_nothing()
        if 0.4 < first < 0.9 and 0.9 < second < 1.5 and 3.4 < took < 5:
            break
    else:
        check(False, "0.5 s, 1 s, and the end after 3.5 s", f"{first} {second} {took}")

    def answer_the_second():
        hear(2)
        _, octets, source = asked[1]
        server.sendto(struct.pack(">QB", 1, 1) + b"guessed", source)                # another call's reply
        server.sendto(octets[:8] + b"\x01" + b"25", source)
    thread = threading.Thread(target=answer_the_second)
    thread.start()
    check(nettool("rpc", "call", at, "5") == "25\n", "the answer to the second")
    thread.join()


def rpc_refuses_oversize_before_it_is_sent():
    """A length of 4 GiB is refused from its four octets; the server goes on, and its memory does not grow."""
    with Tool("rpc", "serve", "tcp:127.0.0.1:0") as server:
        for length in (0xffffffff, 16384 + 10):
            client = dial(server.at)
            client.sendall(struct.pack(">I", length))
            check(b"too long" in read_all(client), "the request is too long")
        short = dial(server.at)
        short.sendall(struct.pack(">I", 3))
        check(b"no request" in read_all(short), "this is no request")
        client = dial(server.at)
        for octet in struct.pack(">I", 11) + request(5, b"12"):                      # one octet at a time
            client.sendall(bytes([octet]))
        check(read_exactly(client, 4 + 9 + 3)[-3:] == b"144", "144")
        with open(f"/proc/{server.process.pid}/status", encoding="ascii") as status:
            peak = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
        check(peak < 200000, "less than 200 MB", peak)


main({name: claim for name, claim in list(globals().items()) if callable(claim) and getattr(claim, "__module__", "") == "__main__" and not isinstance(claim, type)})
