"""nettool dump CLAIM."""
import imaplib
import smtplib
import sys

from tool import Tool, accept, check, dial, listen, main, read_exactly

PASSWORD = "secret"


def trace_of(tool, last=""):
    """What it printed, once it has told of `last` and ended."""
    trace = ""
    while last not in trace:
        line = tool.process.stdout.readline()
        check(line, f"{last!r} in the trace", trace)
        trace += line
    tool.stop()
    return trace + tool.process.stdout.read()


def dumps_any_protocol():
    server, port = listen()
    with Tool("dump", "127.0.0.1:0", f"127.0.0.1:{port}") as tool:
        near = dial(tool.at)
        far = accept(server)
        near.sendall(b"who is there?\r\n")
        read_exactly(far, 15)
        far.sendall(b"\x00\x01\xfeme")
        read_exactly(near, 5)
        near.close()
        check(far.recv(1) == b"", "the end at the far side")
        far.close()
        trace = trace_of(tool, "both ends have ended")
    lines = [line.split(" ", 2) for line in trace.splitlines()]
    check(trace.startswith("#1 from 127.0.0.1:"), "who came", trace)
    check(any(line[2] == "C who is there?" for line in lines), "what the client said", trace)
    check("S 00 01 fe 6d 65" in trace and "...me" in trace, "what the server said, in hex", trace)
    check("C [ends]" in trace and "both ends have ended" in trace, "both ends", trace)


def finds_its_target_by_name():
    server, port = listen()
    with Tool("dump", "127.0.0.1:0", f"localhost:{port}") as tool:
        near = dial(tool.at)
        near.sendall(b"hello\r\n")
        check(read_exactly(accept(server), 7) == b"hello\r\n", "the target to be found")
        check("C hello" in trace_of(tool), "the dialogue")


def hides_smtp_credentials():
    with Tool("dump", "--mode", "smtp", "127.0.0.1:0", f"127.0.0.1:{sys.argv[2]}") as tool:
        for mechanism in ("auth_plain", "auth_login"):
            with smtplib.SMTP("127.0.0.1", tool.at, timeout=60) as smtp:
                smtp.ehlo()
                smtp.user, smtp.password = "alice@a.test", PASSWORD
                smtp.auth(mechanism[5:].upper(), getattr(smtp, mechanism))
                smtp.sendmail("alice@a.test", ["alice@a.test"], "Subject: AUTH PLAIN is a word\r\n\r\nhello\r\n")
        trace = trace_of(tool)
    for secret in (PASSWORD, "c2VjcmV0", "YWxpY2V", "AGFsaWNl"):
        check(secret not in trace, f"no {secret!r} in the trace", trace)
    check(trace.count("AUTH PLAIN [hidden") + trace.count("AUTH LOGIN [hidden") >= 1, "the command without its secret", trace)
    check("reply    235" in trace and "command  mail FROM" in trace, "replies and commands", trace)
    check("message  Subject: AUTH PLAIN is a word" in trace, "the message", trace)


def hides_imap_credentials():
    with Tool("dump", "--mode", "imap", "127.0.0.1:0", f"127.0.0.1:{sys.argv[2]}") as tool:
        with imaplib.IMAP4("127.0.0.1", tool.at, timeout=60) as imap:
            imap.login("alice@a.test", PASSWORD)
            imap.select("INBOX")
        with dial(tool.at) as sock:
            stream = sock.makefile("rwb", buffering=0)
            stream.readline()
            stream.write(b"a LOGIN {12}\r\n")
            check(stream.readline().startswith(b"+"), "to be asked for the literal")
            stream.write(b"alice@a.test {6}\r\n")
            stream.readline()
            stream.write(b"secret\r\n")
            check(stream.readline().startswith(b"a OK"), "a OK")
            stream.write(b"b LOGOUT\r\n")
            while stream.readline():
                pass
        trace = trace_of(tool)
    check(PASSWORD not in trace and "alice@a.test" not in trace, "no credentials in the trace", trace)
    check("LOGIN [hidden" in trace and "command  b LOGOUT" in trace and "reply    a OK" in trace, "labelled lines", trace)


main({name: claim for name, claim in list(globals().items()) if callable(claim) and getattr(claim, "__module__", "") == "__main__"})
