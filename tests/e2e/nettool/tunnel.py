"""nettool tunnel CLAIM."""
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from harness.port import free_port
from forward import MIB, pump, swallow
from tool import Tool, accept, check, dial, listen, main, read_all, read_exactly, refusing

BULK = 16


def make_key(folder, name):
    """(file, pin)"""
    path = f"{folder}/{name}.key"
    pin = subprocess.run(["nettool", "tunnel", "key", path], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    check(re.fullmatch("sha256:[0-9a-f]{64}", pin), "a pin", pin)
    check(os.stat(path).st_mode & 0o777 == 0o600, "a file that only its owner reads", oct(os.stat(path).st_mode))
    return path, pin


class Pair:
    """Both sides of a tunnel to one target."""

    def __init__(self, folder, port, allowed=None, *words):
        self.near_key, self.near_pin = make_key(folder, "near")
        self.far_key, self.far_pin = make_key(folder, "far")
        self.port, self.words = port, words
        self.allowed = allowed or port
        self.far = self.serve(f"127.0.0.1:{free_port()}")
        self.near = Tool("tunnel", "connect", "--key", self.near_key, "--peer", self.far_pin, *words, f"127.0.0.1:{self.far.at}",
                         "127.0.0.1:0", f"127.0.0.1:{port}", ready="listening on ")
        self.at = int(re.search(r"on 127\.0\.0\.1:(\d+) for", self.near.line)[1])

    def serve(self, at):
        return Tool("tunnel", "serve", "--key", self.far_key, "--peer", self.near_pin, "--target", f"127.0.0.1:{self.allowed}", *self.words, at)


@contextmanager
def pair(port, allowed=None, *words):
    with tempfile.TemporaryDirectory() as folder:
        both = Pair(folder, port, allowed, *words)
        try:
            yield both
        except BaseException:
            sys.stdout.write(both.near.said() + both.far.said())
            both.near.kill()
            both.far.kill()
            raise
        both.near.stop()
        both.far.stop()


def carries_streams():
    """Several at a time, byte-exact both ways, half-closes seen; the far server sees the tunnel's far side as its client."""
    server, port = listen()
    block = os.urandom(MIB)
    with pair(port) as both:
        nears = [dial(both.at) for _ in range(4)]
        fars = [accept(server) for _ in nears]
        results = {}

        def send(name, sock):
            results[name] = pump(sock, block, BULK)

        def receive(name, sock):
            results[name] = swallow(sock)

        # A stream's number is not its place in accept order: each says who it is.
        for number, near in enumerate(nears):
            near.sendall(bytes([number]))
        fars = sorted(fars, key=lambda sock: read_exactly(sock, 1))
        threads = [threading.Thread(target=run, args=((kind, number), sock)) for number in range(4)
                   for kind, run, sock in (("up sent", send, nears[number]), ("up got", receive, fars[number]),
                                           ("down sent", send, fars[number]), ("down got", receive, nears[number]))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for number in range(4):
            for way in ("up", "down"):
                digest, total = results[(f"{way} got", number)]
                check(total == BULK * MIB and digest == results[(f"{way} sent", number)], f"stream {number} {way} octet for octet", total)
        check(both.far.said().count("event=open") == 4, "each stream in the log", both.far.said())


def slow_stream_holds_up_no_other():
    server, port = listen()
    with pair(port) as both:
        deaf_near = dial(both.at)
        deaf_far = accept(server)
        deaf_near.settimeout(0.5)
        try:
            while True:
                deaf_near.sendall(b"x" * MIB)
        except TimeoutError:
            pass
        near = dial(both.at)
        far = accept(server)
        near.sendall(b"hello")
        check(read_exactly(far, 5) == b"hello", "the other stream to go on")
        deaf_near.close(), deaf_far.close(), near.close(), far.close()


def goes_by_names():
    """Only the name that the far side allows: its address is another target."""
    server, port = listen()
    with tempfile.TemporaryDirectory() as folder:
        (near_key, near_pin), (far_key, far_pin) = make_key(folder, "near"), make_key(folder, "far")
        with Tool("tunnel", "serve", "--key", far_key, "--peer", near_pin, "--target", f"localhost:{port}", "127.0.0.1:0") as far:
            with Tool("tunnel", "connect", "--key", near_key, "--peer", far_pin, f"localhost:{far.at}",
                      "127.0.0.1:0", f"LocalHost:{port}", "127.0.0.1:0", f"127.0.0.1:{port}") as near:
                second = near.process.stdout.readline()
                named, numbered = (int(re.search(r"on 127\.0\.0\.1:(\d+) for", line)[1]) for line in (near.line, second))
                client = dial(named)
                client.sendall(b"hello")
                check(read_exactly(accept(server), 5) == b"hello", "the target to be found")
                try:
                    check(dial(numbered).recv(1) == b"", "the address to be refused")
                except ConnectionResetError:
                    pass
                near.wait_said("this target is not allowed here")
        for words in (("serve", "--key", far_key, "--peer", near_pin, "--target", "nowhere.invalid:1", "127.0.0.1:0"),
                      ("connect", "--key", near_key, "--peer", far_pin, "nowhere.invalid:1", "127.0.0.1:0", "localhost:1")):
            done = subprocess.run(["nettool", "tunnel", *words], capture_output=True, text=True, timeout=60)
            check(done.returncode == 69 and "nowhere.invalid" in done.stderr, "a name that is not there to be told", done)


def half_close():
    server, port = listen()
    with pair(port) as both:
        near = dial(both.at)
        far = accept(server)
        near.sendall(b"question")
        near.shutdown(socket.SHUT_WR)
        check(read_all(far) == b"question", "the question and its end")
        far.sendall(b"answer")
        far.close()
        check(read_all(near) == b"answer", "the answer and its end")


def reset_is_passed_on():
    server, port = listen()
    with pair(port) as both:
        near = dial(both.at)
        far = accept(server)
        near.sendall(b"x")
        read_exactly(far, 1)
        far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        far.close()
        try:
            check(near.recv(1) == "never", "a reset", "a clean end")
        except ConnectionResetError:
            pass


def wrong_key_gets_nothing():
    """Either side; it is logged with its pin, and the target hears nothing."""
    server, port = listen()
    server.settimeout(0.7)
    with tempfile.TemporaryDirectory() as folder:
        near_key, near_pin = make_key(folder, "near")
        far_key, far_pin = make_key(folder, "far")
        other_key, other_pin = make_key(folder, "other")
        with Tool("tunnel", "serve", "--key", far_key, "--peer", near_pin, "--target", f"127.0.0.1:{port}", "127.0.0.1:0") as far:
            def connect(key, peer):
                return Tool("tunnel", "connect", "--key", key, "--peer", peer, f"127.0.0.1:{far.at}", "127.0.0.1:0", f"127.0.0.1:{port}")

            def asks(tool):
                dial(int(re.search(r":(\d+) for", tool.line)[1])).sendall(b"let me in")
                try:
                    accept(server)
                    check(False, "nobody to come to the target", "a connection")
                except TimeoutError:
                    pass

            with connect(other_key, far_pin) as stranger:
                far.wait_said("event=key-refused")
                check(other_pin in far.said() and "event=up" not in far.said(), "the stranger's pin in the log", far.said())
                asks(stranger)
            with connect(near_key, other_pin) as deceived:
                deceived.wait_said("event=key-refused")
                check(far_pin in deceived.said() and "event=up" not in deceived.said(), "the wrong server's pin in the log", deceived.said())
                asks(deceived)
            # In clear, or with TLS and no key at all.
            with dial(far.at) as plain:
                plain.sendall(b"\0\0\6\1\0\0\0\0\0\1\0\4\0\0")
                try:
                    check(len(plain.recv(100)) < 8, "no frame in clear")
                except ConnectionResetError:
                    pass
            subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{far.at}", "-tls1_3"], input=b"", capture_output=True)
            check("event=up" not in far.said(), "nobody without a key to be let in", far.said())


def target_is_not_allowed():
    server, port = listen()
    with pair(port, allowed=1) as both:
        near = dial(both.at)
        try:
            check(near.recv(1) == b"", "to be closed")
        except ConnectionResetError:
            pass
        both.near.wait_said("this target is not allowed here")
        both.far.wait_said("event=target-refused")


def refused_target():
    nobody, port = refusing()
    with pair(port) as both:
        try:
            check(dial(both.at).recv(1) == b"", "to be closed")
        except ConnectionResetError:
            pass
        both.near.wait_said("Connection refused")
    nobody.close()


def reconnects():
    """When the far side dies its streams are reset; it comes back, and a connection made meanwhile is served."""
    server, port = listen()
    with pair(port) as both:
        near = dial(both.at)
        far = accept(server)
        near.sendall(b"x")
        read_exactly(far, 1)
        both.far.kill()
        try:
            check(near.recv(1) == "never", "a reset", "a clean end")
        except ConnectionResetError:
            pass
        both.near.wait_said("event=down")
        waiting = dial(both.at)
        waiting.sendall(b"still there?")
        time.sleep(0.3)
        both.far = both.serve(f"127.0.0.1:{both.far.at}")
        check(read_exactly(accept(server), 12) == b"still there?", "the connection that waited")
        check(both.near.said().count("event=up") == 2, "up twice", both.near.said())


def silent_peer_is_given_up():
    """A far side that answers no ping for three keep-alive times is left."""
    server, port = listen()
    with pair(port, None, "--keepalive", "2s") as both:
        both.near.wait_said("event=up")
        time.sleep(7)
        check("event=down" not in both.near.said(), "pings to keep an idle tunnel", both.near.said())
        both.far.signal(19)
        try:
            both.near.wait_said("event=down")
        finally:
            both.far.signal(18)


def key_is_kept():
    with tempfile.TemporaryDirectory() as folder:
        path, pin = make_key(folder, "k")
        check(make_key(folder, "k")[1] == pin, "the key that is there", "another")
        os.chmod(path, 0o644)
        done = subprocess.run(["nettool", "tunnel", "key", path], stderr=subprocess.PIPE, text=True)
        check(done.returncode == 73 and "nobody else can read" in done.stderr, "a key that others can read to be refused", done)


if __name__ == "__main__":
    main({name: claim for name, claim in list(globals().items()) if callable(claim) and getattr(claim, "__module__", "") == "__main__"})
