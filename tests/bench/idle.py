"""Memory of idle IMAP sessions: growth of the proportional set size of both imapd processes."""

import subprocess
import time
from pathlib import Path

from peers.house import House
from table import Figure

SESSIONS, USERS, SETTLE_S = 1000, 8, 2
TARGET_KB = {"plain": 8, "tls": 20}


def pss_kb(daemon):
    """Of the keeper and its server."""
    total = 0
    for pid in [daemon.process.pid, *daemon.children()]:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total


def hold(options, server, users, kind, count):
    port = server.ports()["imaps" if kind == "tls" else "imap"]
    client = subprocess.Popen([options.tool("idlehold"), "127.0.0.1", str(port), kind, str(count), "secret", *users],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if client.stdout.readline() != "ready\n":
        raise RuntimeError(f"idlehold: exit {client.wait()}")
    return client


def release(client):
    client.stdin.close()
    client.stdout.read()
    if client.wait() != 0:
        raise RuntimeError("idlehold: a session did not end well")


def growth(options, kind):
    """kB a session, from a server that has served one."""
    users = [f"u{number}@a.test" for number in range(USERS)]
    with House(options.bin) as house:
        server = house.server("a.test", {user: "secret" for user in users}, daemons=("imapd",))
        release(hold(options, server, users, kind, 1))
        time.sleep(SETTLE_S)
        before = pss_kb(server.daemons["imapd"])
        count = options.scaled(SESSIONS)
        client = hold(options, server, users, kind, count)
        time.sleep(SETTLE_S)
        after = pss_kb(server.daemons["imapd"])
        release(client)
        house.finish()
    return (after - before) / count


def measure(options):
    return [Figure(f"idle_{kind}", f"an idle IMAP session of 1,000, {kind}", "kB", [growth(options, kind) for _ in range(options.few_rounds)],
                   target=target, better="less") for kind, target in TARGET_KB.items()]
