"""nettool forward CLAIM: the counterparts are plain sockets, so that a fault of netcore cannot hide."""
import hashlib
import os
import re
import signal
import smtplib
import socket
import sys
import tempfile
import threading
import time
from contextlib import ExitStack

from tool import Tool, accept, check, dial, listen, main, read_all, read_exactly, refusing, refusing_udp

MIB = 1 << 20
BULK = 64 * MIB


def pump(sock, octets, times):
    """Send and half-close; returns the digest."""
    digest = hashlib.sha256()
    for _ in range(times):
        sock.sendall(octets)
        digest.update(octets)
    sock.shutdown(socket.SHUT_WR)
    return digest.hexdigest()


def swallow(sock):
    digest, total = hashlib.sha256(), 0
    while part := sock.recv(MIB):
        digest.update(part)
        total += len(part)
    return digest.hexdigest(), total


def hops(stack, target, count):
    at = target
    for _ in range(count):
        at = stack.enter_context(Tool("forward", "127.0.0.1:0", f"127.0.0.1:{at}")).at
    return at


def three_hops():
    """Byte-exact both ways, and the half-close is seen at the far end while the answer still comes."""
    server, port = listen()
    block = bytes(hashlib.sha256(b"seed").digest()) * (MIB // 32) + b"odd"
    with ExitStack() as stack:
        near = dial(hops(stack, port, 3))
        far = accept(server)
        sent = []
        sender = threading.Thread(target=lambda: sent.append(pump(near, block, BULK // MIB)))
        sender.start()
        got, total = swallow(far)
        sender.join()
        check(total == len(block) * (BULK // MIB) and got == sent[0], "every octet in its place", f"{total} octets")
        answer = threading.Thread(target=lambda: sent.append(pump(far, block, 8)))
        answer.start()
        got, total = swallow(near)
        answer.join()
        check(total == len(block) * 8 and got == sent[1], "the answer after the half-close", f"{total} octets")


def fronts_smtpd():
    """`forward.py fronts_smtpd PORT`: a letter through it, as if it were not there."""
    with Tool("forward", "127.0.0.1:0", f"127.0.0.1:{sys.argv[2]}") as tool:
        with smtplib.SMTP("127.0.0.1", tool.at, timeout=60) as smtp:
            smtp.sendmail("x@y.test", ["alice@a.test"], "Subject: by way of a forwarder\r\n\r\nhello\r\n")


def allows_only_some():
    server, port = listen()
    with Tool("forward", "--allow", "127.0.0.2/32", "--allow", "10.0.0.0/8", "127.0.0.1:0", f"127.0.0.1:{port}") as tool:
        refused = dial(tool.at)
        check(refused.recv(1) == b"", "a client of another block to be closed")
        welcome = dial(tool.at, ("127.0.0.2", 0))
        welcome.sendall(b"hello")
        check(read_exactly(accept(server), 5) == b"hello", "one of the block to be served")
        tool.wait_said("why=not-allowed")


def bounds_one_address():
    server, port = listen()
    with Tool("forward", "--max-per-address", "2", "127.0.0.1:0", f"127.0.0.1:{port}") as tool:
        held = [(dial(tool.at), accept(server)) for _ in range(2)]
        check(dial(tool.at).recv(1) == b"", "the third of an address to be closed")
        other = dial(tool.at, ("127.0.0.3", 0))
        accept(server)
        for near, far in held:
            near.close(), far.close()
        other.close()
        tool.wait_said("too-many-of-this-address")
        tool.counts("open=0 ")
        near = dial(tool.at)
        near.sendall(b"x")
        check(read_exactly(accept(server), 1) == b"x", "a place that was left to be free again")


def counts_on_sigusr1():
    server, port = listen()
    with Tool("forward", "127.0.0.1:0", f"127.0.0.1:{port}") as tool:
        near = dial(tool.at)
        far = accept(server)
        near.sendall(b"12345")
        read_exactly(far, 5)
        far.sendall(b"123")
        read_exactly(near, 3)
        tool.signal(signal.SIGUSR1)
        tool.wait_said("up=")
        said = tool.said()
        check(re.search(r"open=1 accepted=1 refused=0 unreachable=0 finished=0 broken=0 up=5 down=3", said), "the counters", said)
        near.close(), far.close()


def finds_its_target_by_name():
    """A name that has more addresses than the server listens on is fine, too."""
    server, port = listen()
    with Tool("forward", "127.0.0.1:0", f"localhost:{port}") as bare, Tool("forward", "127.0.0.1:0", f"tcp:LocalHost:{port}") as worded:
        for tool in (bare, worded, bare):
            near = dial(tool.at)
            near.sendall(b"hello")
            check(read_exactly(accept(server), 5) == b"hello", "the target to be found")


def unreachable_target():
    nobody, port = refusing()
    with Tool("forward", "127.0.0.1:0", f"127.0.0.1:{port}") as tool:
        check(dial(tool.at).recv(1) == b"", "the client to be closed")
        tool.wait_said("event=unreachable")
        tool.signal(signal.SIGUSR1)
        tool.wait_said("unreachable=1")
    nobody.close()


def by_unix_sockets():
    """tcp to unix to tcp; the path is gone afterwards, a stale one is taken over."""
    server, port = listen()
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/mail"
        stale = socket.socket(socket.AF_UNIX)
        stale.bind(path)
        stale.close()
        with Tool("forward", f"unix:{path}", f"127.0.0.1:{port}") as second, Tool("forward", "tcp:127.0.0.1:0", f"unix:{path}") as first:
            check(second.at == path, path, second.at)
            near = dial(first.at)
            far = accept(server)
            near.sendall(b"hello")
            near.shutdown(socket.SHUT_WR)
            check(read_all(far) == b"hello", "the words and the end")
            far.sendall(b"bye")
            far.close()
            check(read_all(near) == b"bye", "the answer")
        try:
            dial(path)
            check(False, "the path to be gone", "a server")
        except FileNotFoundError:
            pass


def reset_is_passed_on():
    server, port = listen()
    with Tool("forward", "127.0.0.1:0", f"127.0.0.1:{port}") as tool:
        near = dial(tool.at)
        far = accept(server)
        near.sendall(b"x")
        read_exactly(far, 1)
        far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        far.close()
        try:
            check(near.recv(1) == "never", "a reset", "a clean end")
        except ConnectionResetError:
            pass


def udp_finds_its_way_back():
    """Each client gets its own answers, from the address it asked; octets arrive as they were; silence ends an association."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    server.settimeout(60)
    with Tool("forward", "--idle", "5s", "udp:0.0.0.0:0", f"udp:127.0.0.1:{server.getsockname()[1]}") as tool:
        clients = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3)]
        for number, client in enumerate(clients):
            client.settimeout(60)
            # Connected: an answer from another address than the one asked would not be taken.
            client.connect((f"127.0.0.{number + 1}", tool.at))
            client.send(bytes([number]) * (1 + number * 30000))
        for _ in clients:
            octets, source = server.recvfrom(65536)
            server.sendto(octets[::-1] + b"!", source)
        for number, client in enumerate(clients):
            got = client.recv(65536)
            check(got == bytes([number]) * (1 + number * 30000) + b"!", f"the answer to client {number}", got[:20])
        tool.signal(signal.SIGUSR1)
        tool.wait_said("open=3 accepted=3")
        tool.counts("open=0 accepted=3")
        clients[0].send(b"again")
        check(server.recvfrom(65536)[0] == b"again", "a newcomer to be served again")


def udp_target_comes_later():
    """A target that is not there is counted; the same client is served when it is."""
    nobody, port = refusing_udp()
    with Tool("forward", "udp:127.0.0.1:0", f"udp:127.0.0.1:{port}") as tool, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", tool.at))
        for _ in range(3):
            client.send(b"anybody?")
            time.sleep(0.1)
        tool.counts("open=1 accepted=1 .*unreachable=[1-9]")
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))
        nobody.close()
        server.settimeout(60)
        client.send(b"now?")
        got = server.recvfrom(100)[0]
        check(got in (b"now?", b"anybody?"), "the question", got)


def leaves_no_descriptor():
    """Ended, reset, refused by the target or by the allow list: all that was opened is closed."""
    server, port = listen()
    with Tool("forward", "127.0.0.1:0", f"127.0.0.1:{port}") as tool, Tool("forward", "--allow", "10.0.0.0/8", "127.0.0.1:0", f"127.0.0.1:{port}") as strict:
        before = [open_files(t) for t in (tool, strict)]
        for number in range(400):
            near = dial(tool.at)
            far = accept(server)
            if number % 2:
                far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            far.close(), near.close()
            dial(strict.at).close()
        server.close()
        for _ in range(20):
            dial(tool.at).close()
        deadline = time.monotonic() + 60
        while [open_files(t) for t in (tool, strict)] != before:
            check(time.monotonic() < deadline, f"{before} descriptors", [open_files(t) for t in (tool, strict)])
            time.sleep(0.05)


def open_files(tool):
    return len(os.listdir(f"/proc/{tool.process.pid}/fd"))


if __name__ == "__main__":
    main({name: claim for name, claim in list(globals().items()) if callable(claim) and getattr(claim, "__module__", "") == "__main__"})
