"""mailctl asks for a password on a terminal of our own: what is seen, what is left of the terminal."""

import fcntl
import os
import pty
import select
import signal
import sys
import termios

conf = sys.argv[1]
ours, its = pty.openpty()


def echoes():
    return bool(termios.tcgetattr(its)[3] & termios.ECHO)


def start(*words):
    pid = os.fork()
    if pid == 0:
        os.setsid()
        fcntl.ioctl(its, termios.TIOCSCTTY, 0)
        for fd in range(3):
            os.dup2(its, fd)
        os.execvp("mailctl", ["mailctl", "-c", conf, *words])
    return pid


def read_until(text, deadline_s=60):
    seen = ""
    while not seen.endswith(text):
        if not select.select([ours], [], [], deadline_s)[0]:
            sys.exit(f"waited for {text!r}, and saw {seen!r}")
        seen += os.read(ours, 1).decode()
    return seen


def answer(text):
    """To a prompt that has been seen."""
    if echoes():
        sys.exit("it asks while the terminal shows what is typed")
    os.write(ours, text)


def end(pid):
    status = os.waitpid(pid, 0)[1]
    if not echoes():
        sys.exit("the terminal shows nothing any more")
    return f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}"


def main():
    pid = start("user", "add", "bob@a.test")
    read_until("Password: ")
    answer(b"pw\n")
    read_until("Again: ")
    answer(b"pw\n")
    print(read_until("added\r\n").strip(), end(pid))
    pid = start("user", "passwd", "bob@a.test")
    read_until("Password: ")
    answer(b"one\n")
    read_until("Again: ")
    answer(b"other\n")
    print(read_until("differ\r\n").strip(), end(pid))
    pid = start("user", "passwd", "bob@a.test")
    read_until("Password: ")
    answer(b"half\x03")
    print("^C:", end(pid))
    pid = start("user", "passwd", "bob@a.test")
    read_until("Password: ")
    os.kill(pid, signal.SIGTERM)
    print("SIGTERM:", end(pid))
    for words in ("add", "bob@a.test"), ("add", "bob@b.test"), ("passwd", "carol@a.test"):
        termios.tcflush(its, termios.TCIOFLUSH)
        pid = start("user", *words)
        print(read_until("\r\n").strip(), end(pid))


main()
