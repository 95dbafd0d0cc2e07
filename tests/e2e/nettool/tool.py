"""What the nettool scripts share: nettool in the background, its ready line, plain sockets.  A claim prints "ok" or what was wrong."""
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

TIMEOUT_S = 60


class Wrong(Exception):
    """The claim does not hold."""


def check(holds, want, got=""):
    if not holds:
        raise Wrong(f"want {want} got {got}")


class Tool:
    """`nettool WORDS…` in the background; `at` is what it listens on: a port, or a Unix path."""

    def __init__(self, *words, ready="listening on "):
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(["nettool", *map(str, words)], stdout=subprocess.PIPE, stderr=self.errors, text=True)
        self.at, self.line = None, None
        if ready:
            self.line = self.process.stdout.readline().strip()
            check(self.line.startswith(ready), f"nettool {words[0]} to say \"{ready}…\"", f"{self.line!r} {self.said()}")
            text = self.line[len(ready):].split()[0]
            self.at = text[5:] if text.startswith("unix:") else int(text.rpartition(":")[2])

    def said(self):
        """Standard error so far."""
        self.errors.seek(0)
        return self.errors.read()

    def wait_said(self, word, timeout_s=TIMEOUT_S):
        deadline = time.monotonic() + timeout_s
        while word not in self.said():
            check(time.monotonic() < deadline, f"standard error to hold {word!r}", self.said())
            time.sleep(0.02)

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """SIGTERM, and a clean exit."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Wrong(f"nettool does not end: {self.said()}") from None
        check(code == 0, "exit 0", f"{code} {self.said()}")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()
        else:
            sys.stdout.write(self.said())
            self.kill()


    def counts(self, pattern):
        """SIGUSR1 again and again until what it counted is so."""
        deadline = time.monotonic() + TIMEOUT_S
        while not re.search(pattern, self.said()):
            check(time.monotonic() < deadline, f"counters like {pattern!r}", self.said())
            self.signal(signal.SIGUSR1)
            time.sleep(0.1)


def dial(at, source=None):
    if isinstance(at, str):
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(TIMEOUT_S)
        sock.connect(at)
        return sock
    return socket.create_connection(("127.0.0.1", at), TIMEOUT_S, source)


def refusing():
    """(socket, port) where connections are refused as long as the socket is kept: bound, and not listening."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    return sock, sock.getsockname()[1]


def refusing_udp():
    """The same for datagrams: connected elsewhere.  Another may bind the port who also sets SO_REUSEADDR."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", 0))
    sock.connect(("127.0.0.1", 1))
    return sock, sock.getsockname()[1]


def listen():
    """(socket, port) of a server that the claim plays itself."""
    sock = socket.create_server(("127.0.0.1", 0))
    sock.settimeout(TIMEOUT_S)
    return sock, sock.getsockname()[1]


def accept(server):
    client, _ = server.accept()
    client.settimeout(TIMEOUT_S)
    return client


def read_all(sock):
    """Up to the end."""
    parts = []
    while part := sock.recv(1 << 20):
        parts.append(part)
    return b"".join(parts)


def read_exactly(sock, count):
    got = b""
    while len(got) < count:
        part = sock.recv(count - len(got))
        check(part, f"{count} octets", f"an end after {len(got)}")
        got += part
    return got


def main(claims):
    """Run the claim that the command line names."""
    try:
        claims[sys.argv[1]]()
    except Exception as problem:
        print("".join(traceback.format_exception(problem)) if not isinstance(problem, Wrong) else problem)
        sys.exit(1)
    print("ok")
    sys.stdout.flush()
    os._exit(0)
