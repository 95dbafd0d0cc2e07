"""netcore itself: echo beside libuv, memory of idle connections, timers that are put off, descriptors after many connections."""

import re
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from peers import certificate
from stream import port_of, running
from table import Figure

MANY, ECHO_MS, ECHO_TURNS, ECHO_TARGET = (100, 1000), 600, 3, 0.85     # short turns: what else the machine does meets both
HELD, SETTLE_S = 5000, 1
HELD_TARGET_KB = {"plain": 0.5, "tls": 16}
TIMERS, TIMER_SECONDS, TIMER_TARGET = 100000, 3, 1
CHURN = {"plain": {"whole": 25000, "half": 20000, "reset": 20000, "mute": 5000}, "tls": {"clear": 15000, "cut": 10000, "mute": 5000}}
CHURN_WORDS = "echoed, half-closed, reset, reset unspoken to; words in clear, half a handshake, reset instead of a handshake"
ENDING_S = 10                               # a stream drains at most 1 s
UV_HEADER = Path("/usr/include/uv.h")       # the unpacked package lies over the system's files


class Echo:
    """The echo servers and the one program that loads them."""

    def __init__(self, options):
        self.programs = options.build / "release" / "tests" / "bench"
        self.load, self.tls = options.tool("echoload"), options.work / "echo-tls"
        self.rival = options.tool("echo_uv") if UV_HEADER.exists() else None
        certificate.make(self.tls, "localhost")

    def ours(self, kind="plain"):
        return [self.programs / "bench_echo", *([self.tls / "cert.pem", self.tls / "key.pem"] if kind == "tls" else [])]

    def ask(self, what, port, count, more):
        done = subprocess.run([self.load, what, str(port), str(count), str(more)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=600)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip() or f"echoload: exit {done.returncode}")
        return done.stdout.strip()

    @contextmanager
    def held(self, port, kind, count):
        """So many connections, each of which got an echo."""
        client = subprocess.Popen([self.load, "hold", str(port), str(count), kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if client.stdout.readline() != "ready\n":
            raise RuntimeError(f"echoload: exit {client.wait()}")
        yield
        client.stdin.close()
        client.stdout.read()
        if client.wait() != 0:
            raise RuntimeError("echoload: a connection did not end well")


def pss_kb(process):
    rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)[1]) * 1.024


def descriptors(process):
    return len(list(Path(f"/proc/{process.pid}/fd").iterdir()))


def answers(options, echo, server, count):
    """A second, of a server that is fresh."""
    with running(server) as process:
        return float(echo.ask("rate", port_of(process), count, options.scaled(ECHO_MS)))


def echoes(options, echo, count):
    ours, theirs = [], []
    for _ in range(options.rounds * ECHO_TURNS):
        ours.append(answers(options, echo, echo.ours(), count))
        if echo.rival:
            theirs.append(answers(options, echo, [echo.rival], count))
    note = "" if echo.rival else "libuv1-dev is missing"
    return Figure(f"loop_echo_{count}", f"64 octets echoed, {count:,} connections", "/s", ours, theirs, "libuv", target=ECHO_TARGET, note=note)


def growth_kb(options, echo, kind):
    """A connection, of a server that has served one."""
    count = options.scaled(HELD)
    with running(echo.ours(kind)) as process:
        port = port_of(process)
        with echo.held(port, kind, 1):
            pass
        time.sleep(SETTLE_S)
        before = pss_kb(process)
        with echo.held(port, kind, count):
            time.sleep(SETTLE_S)
            return (pss_kb(process) - before) / count


def timers(options, echo):
    """Percent of a core: what re-arming takes, and all that the program takes."""
    done = subprocess.run([echo.programs / "bench_timer", str(TIMERS), str(TIMERS), str(options.scaled(TIMER_SECONDS))], check=True, stdout=subprocess.PIPE, text=True)
    values = dict(line.split() for line in done.stdout.splitlines())
    return float(values["percent"]), float(values["all"])


def left_open(options, echo, kind):
    """Descriptors that a server has more than before, once all it was asked for is over; and how many connections that was."""
    total = 0
    with running(echo.ours(kind)) as process:
        port = port_of(process)
        before = descriptors(process)
        for how, count in CHURN[kind].items():
            echo.ask("churn", port, options.scaled(count), how)
            total += options.scaled(count)
        end = time.monotonic() + ENDING_S
        while descriptors(process) > before and time.monotonic() < end:
            time.sleep(0.05)
        return descriptors(process) - before, total


def leaks(options, echo):
    left, totals = zip(*(left_open(options, echo, kind) for kind in CHURN))
    return Figure("loop_descriptors", f"descriptors left open by {sum(totals):,} connections", "", [sum(left)], target=0, better="less", note=CHURN_WORDS)


def measure(options):
    if not UV_HEADER.exists():
        print("bench: loop: no uv.h here (package libuv1-dev): its echo server is left out, ours has nothing beside it")
    echo = Echo(options)
    figures = [echoes(options, echo, count) for count in MANY]
    figures += [Figure(f"loop_idle_{kind}", f"an idle connection of 5,000, {'TLS 1.3' if kind == 'tls' else 'plain'}", "kB",
                       [growth_kb(options, echo, kind) for _ in range(options.few_rounds)], target=target, better="less")
                for kind, target in HELD_TARGET_KB.items()]
    took = [timers(options, echo) for _ in range(options.few_rounds)]
    most = max(everything for _, everything in took)
    figures.append(Figure("loop_timers", "100,000 timers re-armed a second", "% of a core", [percent for percent, _ in took], target=TIMER_TARGET,
                          better="less", note=f"with waking and noting something of each connection, {most:.1f} %"))
    return [*figures, leaks(options, echo)]
