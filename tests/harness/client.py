"""One connection, seen line by line: blocking socket, literals, TLS."""

import re
import socket
import ssl
import time

from harness.failure import Failure

LITERAL_AT_END = re.compile(rb"\{(\d+)\}$")
READ_SIZE = 65536
LINE_MAX = 16 << 20


def text_of(octets):
    return octets.decode("utf-8", "surrogateescape")


def octets_of(text):
    return text.encode("utf-8", "surrogateescape")


class Client:
    """`protocol` is "imap" where {N} at a line's end announces a literal, else "smtp"."""

    def __init__(self, sock, protocol, timeout, hostname=None, ca=None):
        self.sock, self.protocol, self.timeout = sock, protocol, timeout
        self.hostname, self.ca = hostname, ca
        self.buffer = b""
        self.pushed = []
        self.since = time.monotonic()       # of the last octet that went either way
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(timeout)

    @classmethod
    def connect(cls, address, protocol, timeout, **tls):
        try:
            if isinstance(address, str):
                sock = socket.socket(socket.AF_UNIX)
                sock.settimeout(timeout)
                sock.connect(address)
            else:
                sock = socket.create_connection(address, timeout)
        except OSError as error:
            raise Failure(f"a connection to {address}", error) from None
        return cls(sock, protocol, timeout, **tls)

    def start_tls(self):
        if self.buffer or self.pushed:
            raise Failure("nothing before the TLS handshake", repr(self.buffer))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if self.ca:
            context.load_verify_locations(self.ca)
        else:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        try:
            self.sock = context.wrap_socket(self.sock, server_hostname=self.hostname)
        except (OSError, ValueError) as error:
            raise Failure("a TLS handshake", error) from None

    def send(self, octets):
        self.since = time.monotonic()
        try:
            self.sock.sendall(octets)
        except OSError as error:
            raise Failure("the octets to be taken", error) from None

    def send_split(self, octets):
        for place in range(len(octets)):
            self.send(octets[place:place + 1])

    def fill(self, deadline):
        """Read more; False at the end of the stream.  A reset counts as an end."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.sock.settimeout(left)
        try:
            octets = self.sock.recv(READ_SIZE)
        except (ConnectionResetError, ssl.SSLEOFError):
            octets = b""
        finally:
            self.sock.settimeout(self.timeout)
        self.buffer += octets
        self.since = time.monotonic()
        return octets != b""

    def take_line(self, deadline):
        while b"\n" not in self.buffer:
            if len(self.buffer) > LINE_MAX:
                raise Failure("a line", f"{len(self.buffer)} octets without a line end")
            if not self.fill(deadline):
                raise EOFError
        line, _, self.buffer = self.buffer.partition(b"\n")
        if not line.endswith(b"\r"):
            raise Failure("a line ended by CRLF", repr(line + b"\n"))
        return line[:-1]

    def take(self, count, deadline):
        while len(self.buffer) < count:
            if not self.fill(deadline):
                raise EOFError
        octets, self.buffer = self.buffer[:count], self.buffer[count:]
        return octets

    def read(self, want="a line"):
        """The next response as text: one line, or for IMAP with its literals inside."""
        if self.pushed:
            return self.pushed.pop(0)
        deadline = time.monotonic() + self.timeout
        try:
            out = self.take_line(deadline)
            while self.protocol == "imap" and LITERAL_AT_END.search(out):
                count = int(LITERAL_AT_END.search(out).group(1))
                out += b"\r\n" + self.take(count, deadline) + self.take_line(deadline)
        except EOFError:
            raise Failure(want, f"the connection closed{self.rest()}") from None
        except TimeoutError:
            raise Failure(want, f"nothing within {self.timeout:g} s{self.rest()}") from None
        except OSError as error:
            raise Failure(want, error) from None
        return text_of(out)

    def push_back(self, line):
        self.pushed.insert(0, line)

    def rest(self):
        return f" after {text_of(self.buffer)!r}" if self.buffer else ""

    def expect_silence(self, seconds, since):
        """From the last octet or `since`; what is seen later proves nothing: a busy machine lets us look when it likes."""
        deadline = max(self.since, since) + seconds
        if self.pushed or self.buffer:
            raise Failure("silence", self.pushed[0] if self.pushed else text_of(self.buffer))
        try:
            ended = not self.fill(deadline)
        except TimeoutError:
            return
        if self.since > deadline and not ended:
            return
        raise Failure("silence", "the connection closed" if ended else text_of(self.buffer))

    def drain(self, quiet_s):
        """Drop what arrives until nothing does for so long."""
        try:
            while self.fill(time.monotonic() + quiet_s):
                pass
        except (TimeoutError, OSError):
            pass
        self.buffer, self.pushed = b"", []

    def expect_close(self):
        if self.pushed:
            raise Failure("the connection to close", self.pushed[0])
        try:
            while self.buffer == b"" and self.fill(time.monotonic() + self.timeout):
                pass
        except TimeoutError:
            raise Failure("the connection to close", f"nothing within {self.timeout:g} s") from None
        except OSError as error:
            raise Failure("the connection to close", error) from None
        if self.buffer:
            raise Failure("the connection to close", text_of(self.buffer))
        self.close()

    def close(self):
        self.sock.close()
