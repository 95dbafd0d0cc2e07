"""The queue of a server, seen and hurried by its tables: a child process of the server's own user asks SQLite."""

import sqlite3

from harness.user import as_user

BUSY_S = 90


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
