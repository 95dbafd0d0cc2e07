"""nettool echo, chat and peer: CLAIM.  The counterparts are plain sockets where one is needed."""
import socket
import subprocess
import tempfile
import threading
import time

from tool import TIMEOUT_S, Tool, accept, check, dial, listen, main, read_exactly, refusing_udp


def nettool(*words, typed="", code=0):
    done = subprocess.run(["nettool", *map(str, words)], input=typed, capture_output=True, text=True, timeout=100)
    check(done.returncode == code, f"nettool {' '.join(map(str, words))} to exit {code}", f"{done.returncode} {done.stderr}")
    return done.stdout


def echoes_over_each_transport():
    with tempfile.TemporaryDirectory() as folder:
        for address in ("tcp:127.0.0.1:0", "udp:127.0.0.1:0", "udp:[::1]:0", f"unix:{folder}/echo"):
            with Tool("echo", "serve", address) as server:
                at = server.line[len("listening on "):]
                check(nettool("echo", "ask", at, "good morning", "x") == "GOOD MORNING\nX\n", f"both texts in capitals over {address}")


def echoes_to_many_at_once():
    with Tool("echo", "serve", "127.0.0.1:0") as server:
        clients = [dial(server.at) for _ in range(100)]
        for number, client in enumerate(clients):
            client.sendall(f"client {number}".encode())
        for number, client in reversed(list(enumerate(clients))):
            client.sendall(b" ends\r\n")
            want = f"CLIENT {number} ENDS\r\n".encode()
            check(read_exactly(client, len(want)) == want, want)


def echo_asks_again_over_udp():
    """The first datagram is lost; and a port where nobody listens is told as such."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    server.settimeout(TIMEOUT_S)
    at = f"udp:127.0.0.1:{server.getsockname()[1]}"

    def answer_the_second():
        server.recv(100)
        octets, source = server.recvfrom(100)
        server.sendto(octets.upper(), source)
    thread = threading.Thread(target=answer_the_second)
    thread.start()
    check(nettool("echo", "ask", at, "again") == "AGAIN\n", "the answer to the second asking")
    thread.join()
    server.close()
    nobody, port = refusing_udp()
    nettool("echo", "ask", f"udp:127.0.0.1:{port}", "anybody", code=69)
    nobody.close()


class Member:
    def __init__(self, at):
        self.sock = dial(at)
        self.lines = self.sock.makefile("rb")

    def say(self, text):
        self.sock.sendall(text.encode() + b"\r\n")

    def hears(self, want):
        got = self.lines.readline().decode().rstrip("\r\n")
        check(got == want, repr(want), repr(got))

    def ended(self):
        got = self.lines.readline()
        check(got == b"", "the end", got)


def chat_relays_to_all_others():
    with Tool("chat", "serve", "127.0.0.1:0") as server:
        a, b, c = Member(server.at), Member(server.at), Member(server.at)
        a.hears("* you are 1"), b.hears("* you are 2"), c.hears("* you are 3")
        a.hears("* 2 joined"), a.hears("* 3 joined"), b.hears("* 3 joined")
        a.sock.sendall(b"hel")
        b.say("good morning")
        a.hears("2: good morning"), c.hears("2: good morning")
        a.sock.sendall(b"lo\r\n")                                   # a line in two parts, another's in between
        b.hears("1: hello"), c.hears("1: hello")
        b.say("exit")
        b.hears("bye"), b.ended()
        a.hears("* 2 left"), c.hears("* 2 left")


def chat_never_gives_an_id_twice():
    with Tool("chat", "serve", "127.0.0.1:0") as server:
        for number in range(1, 21):
            member = Member(server.at)
            member.hears(f"* you are {number}")
            member.say("exit")
            member.hears("bye"), member.ended()


def chat_is_full_for_the_sixth():
    with Tool("chat", "serve", "--max", "5", "127.0.0.1:0") as server:
        members = [Member(server.at) for _ in range(5)]
        for number, member in enumerate(members):
            member.hears(f"* you are {number + 1}")
        sixth = Member(server.at)
        sixth.hears("full"), sixth.ended()
        check("full" in nettool("chat", "join", f"127.0.0.1:{server.at}", code=75), "full")
        members[0].sock.shutdown(socket.SHUT_RDWR)
        server.wait_said("1 went away")
        Member(server.at).hears("* you are 6")


def chat_drops_who_does_not_read():
    """One reads nothing: the others hear everything meanwhile, the deaf one is dropped."""
    with Tool("chat", "serve", "127.0.0.1:0") as server:
        deaf, speaker, hearer = Member(server.at), Member(server.at), Member(server.at)
        deaf.hears("* you are 1"), speaker.hears("* you are 2"), hearer.hears("* you are 3")
        speaker.hears("* 3 joined")
        text, n = "x" * 4000, 0
        while "1 is too slow" not in server.said():
            check(n < 10000, "the deaf member to be dropped", f"{n} lines")
            speaker.say(f"{n} {text}")
            hearer.hears(f"2: {n} {text}")
            n += 1
        hearer.say("still here")
        speaker.hears("3: still here")


def chat_bounds_a_line():
    with Tool("chat", "serve", "127.0.0.1:0") as server:
        member = Member(server.at)
        member.hears("* you are 1")
        member.sock.sendall(b"x" * 5000 + b"\r\n")
        member.hears("a line has at most 4096 octets"), member.ended()


def chat_members_by_nettool():
    with Tool("chat", "serve", "127.0.0.1:0") as server:
        other = Member(server.at)
        other.hears("* you are 1")
        said = nettool("chat", "join", f"127.0.0.1:{server.at}", typed="good \x1b[31mmorning\n")
        other.hears("* 2 joined"), other.hears("2: good \x1b[31mmorning"), other.hears("* 2 left")
        check(said.startswith("* you are 2\n") and said.endswith("bye\n"), "greeting and good-bye", said)


class Peer:
    def __init__(self, at):
        self.process = subprocess.Popen(["nettool", "peer", "join", f"127.0.0.1:{at}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def type(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def shows(self, want):
        line = self.process.stdout.readline().strip()
        check(want in line, want, line)
        return line

    def ended(self):
        code = self.process.wait(TIMEOUT_S)
        check(code == 0, "exit 0", code)


def peers_talk_to_server_and_each_other():
    with Tool("peer", "serve", "127.0.0.1:0") as server:
        first, second = Peer(server.at), Peer(server.at)
        ids = [peer.shows("you are ").split()[-1] for peer in (first, second)]
        for peer in (first, second):
            peer.shows("the other is at udp:127.0.0.1:")
        for peer, other, number, text in ((first, second, ids[0], "hello"), (second, first, ids[1], "good morning")):
            peer.type(text)
            other.shows(text)
            line = server.process.stdout.readline().strip()
            check(line == f"{number}: {text}", f"the server to hear {number}: {text}", line)
        second.type("exit")
        first.ended(), second.ended()
        check("parted" in server.process.stdout.readline(), "the server to see both go")


def peers_part_when_one_vanishes():
    with Tool("peer", "serve", "127.0.0.1:0") as server:
        first, second = Peer(server.at), Peer(server.at)
        first.shows("you are "), second.shows("you are ")
        first.process.kill()
        first.process.wait()
        second.ended()


def peers_hear_nobody_else():
    """A datagram from a stranger is not shown."""
    server, port = listen()
    peer = Peer(port)
    near = accept(server)
    lines = near.makefile("rb")
    at = int(lines.readline().split()[1])
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    other.bind(("127.0.0.1", 0))
    near.sendall(f"you 1\r\npeer 127.0.0.1:{other.getsockname()[1]}\r\n".encode())
    peer.shows("you are 1"), peer.shows("the other is at")
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    stranger.sendto(b"exit", ("127.0.0.1", at))
    stranger.sendto(b"say I am the other", ("127.0.0.1", at))
    time.sleep(0.1)
    other.sendto(b"say so am I", ("127.0.0.1", at))
    peer.shows("so am I")
    other.sendto(b"exit", ("127.0.0.1", at))
    check(lines.readline() == b"exit\r\n", "exit to the server too")
    near.sendall(b"exit\r\n")
    peer.ended()


if __name__ == "__main__":
    main({name: claim for name, claim in list(globals().items()) if callable(claim) and getattr(claim, "__module__", "") == "__main__" and not isinstance(claim, type)})
