"""The queue of a server, seen and hurried by its tables: a child process of the server's own user asks SQLite."""

import os
import sqlite3

from harness.failure import Failure

BUSY_S = 20


def as_user(identity, work):
    """What work() returns as text, done by a forked child of that user; files it makes are the user's."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            if identity.ids:
                os.setgroups([])
                os.setgid(identity.gid)
                os.setuid(identity.uid)
            os.write(write, work().encode())
            code = 0
        except BaseException as error:
            os.write(write, repr(error).encode())
        finally:
            os._exit(code)
    os.close(write)
    with open(read, "rb") as pipe:
        text = pipe.read().decode()
    _, status = os.waitpid(pid, 0)
    if status != 0:
        raise Failure("an answer of the store", text)
    return text


def ask(server, sql):
    def work():
        path = server.folder / "data" / "shard0.db"
        with sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=BUSY_S) as database:
            return str((database.execute(sql).fetchone() or [""])[0])
    return as_user(server.home.identity, work)


def length(server):
    """Recipients that still wait."""
    return int(ask(server, "SELECT count(*) FROM qrcpt"))


def retry_now(server):
    """All of them are due.  Only while its smtpd is down: a scheduler would not hear of it."""
    ask(server, "UPDATE qrcpt SET next_at = 0 WHERE token = 0")
