"""The store's targets 1 to 9 and 11, beside SQLite itself on the same disk in the same minute; `mailctl import`.

Where threads and a journal are kept the shares asked for are 18, 45 and 70 % of raw, 30 and 55 kB written, 150 octets a message.
Target 10 is what tests/crash and tests/store prove.
"""

import os
import random
import select
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
import traceback
from pathlib import Path

from peers.house import House
from table import Figure

SIZES = {4096: (0.18, 30), 16384: (0.45, 55), 65536: (0.70, None)}
ONE_AT_ONCE, P99_MS, MAX_MS, SLOW_MS = 0.60, 30, 100, 2
LARGE, LARGE_SHARE = 2 << 20, 1.1
PER_MESSAGE = ("msg", "msg_modseq", "msg_message", "thread_id", "journal", "journal_queue")
NOTICES, LOST_NOTICES = 400, 8
IMPORTED, IMPORT_RATE = 60000, 10000
TIMEOUT_S = 120


class Bench:
    """Runs the bench programs in folders of their own."""

    def __init__(self, options):
        self.options = options
        self.programs = options.build / "release" / "tests" / "bench"
        self.rounds = 1 if options.quick else options.few_rounds
        self.seconds = 0.3 if options.quick else 1
        self.folder = None

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(dir=self.options.work))
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self, words):
        """`words`: program, what it does (None: it does one thing), folder, more."""
        program, verb, folder, *rest = words
        return [str(self.programs / f"bench_{program}"), *([verb] if verb else []), str(self.folder / folder), *map(str, rest)]

    def run(self, *words, env=None):
        """{key: value} of what it printed."""
        done = subprocess.run(self.command(words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT_S,
                              env={**os.environ, **(env or {})})
        return self.values(words, done.returncode, done.stdout, done.stderr)

    def start(self, *words):
        return subprocess.Popen(self.command(words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    @staticmethod
    def values(words, code, out, errors):
        if code != 0:
            raise RuntimeError(f"bench_{' '.join(map(str, words))}: {errors.strip()}")
        return {key: float(value) for key, value in (line.split() for line in out.splitlines())}

    def raw(self, octets, batch):
        self.folder.joinpath("raw").mkdir(exist_ok=True)
        made = self.run("store", "raw", "raw", octets, batch, self.seconds)
        shutil.rmtree(self.folder / "raw")
        return made

    def ingest(self, octets, at_once, recipients=1, env=None, look=None):
        """The store is given to `look` afterwards, and removed."""
        made = self.run("store", "store", "store", octets, at_once, recipients, self.seconds, env=env)
        if look:
            made["seen"] = look(self.folder / "store", made)
        shutil.rmtree(self.folder / "store")
        return made


def column(runs, key):
    return [run[key] for run in runs]


def ingest(options):
    """Targets 1 to 3 and 7."""
    figures, size_note = [], ""
    with Bench(options) as bench:
        for octets, (share, written) in SIZES.items():
            kib, rows = octets >> 10, {"many": [], "raw": [], "one": [], "raw_one": []}
            for _ in range(bench.rounds):
                rows["many"].append(bench.ingest(octets, 64, look=octets_a_message if octets == 4096 else None))
                rows["raw"].append(bench.raw(octets, 64))
                rows["one"].append(bench.ingest(octets, 1))
                rows["raw_one"].append(bench.raw(octets, 1))
            figures += [
                Figure(f"store_ingest_{kib}", f"1: ingest {kib} KiB, 64 outstanding", "/s", column(rows["many"], "rate"), column(rows["raw"], "rate"), "raw", share),
                Figure(f"store_ingest_{kib}_one", f"1: ingest {kib} KiB, 1 outstanding", "/s", column(rows["one"], "rate"), column(rows["raw_one"], "rate"), "raw", ONE_AT_ONCE),
                Figure(f"store_written_{kib}", f"3: written a message of {kib} KiB, 64 outstanding", "kB", column(rows["many"], "written_kb"),
                       target=written, better="less")]
            if octets == 4096:
                figures += [
                    Figure("store_group", "2: 64 outstanding beside 1", "/s", column(rows["many"], "rate"), column(rows["one"], "rate"), "1 outstanding", 3.5),
                    Figure("store_p99", "2: ingest 4 KiB, 64 outstanding, p99", "ms", column(rows["many"], "p99_ms"), target=P99_MS, better="less"),
                    Figure("store_max", "2: the same, longest", "ms", column(rows["many"], "max_ms"), target=MAX_MS, better="less")]
                sizes, size_note = [total for total, _ in column(rows["many"], "seen")], rows["many"][-1]["seen"][1]
        large = [bench.ingest(LARGE, 8) for _ in range(bench.rounds)]
    return [*figures,
            Figure("store_written_large", f"3: written a message of {LARGE >> 20} MiB, in its sizes", "x", [run["written_kb"] * 1000 / LARGE for run in large],
                   target=LARGE_SHARE, better="less"),
            Figure("store_octets", "7: database without bodies and envelopes", "octets", sizes, target=150, better="less", note=size_note)]


def octets_a_message(folder, made):
    """Whole pages of the tables and indexes that grow with each message, all but `message` (envelope, structure, keys) and `chunk`."""
    with sqlite3.connect(folder / "shard0.db") as db:
        pages = dict(db.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"))
    parts = {name: pages[name] / made["n"] for name in PER_MESSAGE}
    return sum(parts.values()), "pages of " + ", ".join(f"{name} {value:.0f}" for name, value in parts.items())


def slow_disk(options):
    """Target 2 with 2 ms more for each sync."""
    env = {"LD_PRELOAD": str(options.tool("slowsync.so")), "SLOWSYNC_MS": str(SLOW_MS)}
    with Bench(options) as bench:
        many, one = ([bench.ingest(4096, n, env=env) for _ in range(bench.rounds)] for n in (64, 1))
    return [Figure("store_group_slow", f"2: 64 outstanding beside 1, syncs +{SLOW_MS} ms", "/s", column(many, "rate"), column(one, "rate"), "1 outstanding", 12)]


def bodies_a_message(folder, made):
    with sqlite3.connect(folder / "shard0.db") as db:
        return db.execute("SELECT count(*) FROM chunk").fetchone()[0] / made["n"]


def recipients(options):
    """Target 4."""
    with Bench(options) as bench:
        ten, one = [], []
        for _ in range(bench.rounds):
            ten.append(bench.ingest(16384, 64, 10, look=bodies_a_message))
            one.append(bench.ingest(16384, 64))
    return [Figure("store_fanout", "4: 16 KiB to 10 recipients", "/s", column(ten, "rate"), column(one, "rate"), "1 recipient", 0.40),
            Figure("store_fanout_bodies", "4: bodies stored for it", "", column(ten, "seen"), target=1, better="less")]


def flags(options):
    """Target 5: two processes at one store; the one that changes flags is measured."""
    with Bench(options) as bench:
        bench.run("store", "store", "store", 4096, 1, 1, 0.1)
        bench.folder.joinpath("raw").mkdir()
        alone, raw, beside, ingested = [], [], [], []
        for _ in range(bench.rounds):
            raw.append(bench.run("flags", "raw", "raw", bench.seconds))
            alone.append(bench.run("flags", "store", "store", bench.seconds))
            load = ["store", "store", "store", 4096, 64, 1, bench.seconds * 2 + 1]
            with bench.start(*load) as loading:
                time.sleep(0.5)
                beside.append(bench.run("flags", "store", "store", bench.seconds * 2))
                ingested.append(bench.values(load, loading.wait(TIMEOUT_S), loading.stdout.read(), loading.stderr.read()))
    note = f"{sum(column(ingested, 'rate')) / len(ingested):.0f} messages/s beside"
    return [Figure("store_flag", "5: one flag changed durably", "ms", column(alone, "p50_ms"), target=2 * sorted(column(raw, "p50_ms"))[len(raw) // 2], better="less",
                   note="target: twice raw's UPDATE of a row"),
            Figure("store_flag_p99", "5: the same beside saturated ingest, p99", "ms", column(beside, "p99_ms"), target=15, better="less", note=note),
            Figure("store_flag_max", "5: and longest", "ms", column(beside, "max_ms"), target=50, better="less")]


def million(options):
    """Target 6."""
    with Bench(options) as bench:
        bench.run("mailbox", "fill", "store")
        made = {**bench.run("mailbox", "read", "store"), **bench.run("sort", None, "store"), **bench.run("mailbox", "change", "store")}
    rows = [("status_ms", "STATUS from counters", 1), ("select_ms", "SELECT: counters and all UIDs", 100), ("changed_ms", "changes since, 100 of them", 1),
            ("newest_ms", "the newest 100 envelopes and structures", 1), ("sort_date_ms", "SORT DATE", 300), ("sort_reverse_arrival_ms", "SORT REVERSE ARRIVAL", None),
            ("sort_subject_date_ms", "SORT SUBJECT DATE of 100,000", None), ("thread_references_ms", "THREAD REFERENCES of 100,000", None),
            ("copy_ms", "COPY 10,000", 60), ("expunge_ms", "EXPUNGE 100,000", 1500)]
    return [Figure("store_million_flags", "6: all flags of 1,000,000 messages", "/s", [1e9 / made["flags_ms"]], [1e9 / made["raw_flags_ms"]], "raw", 0.5),
            *(Figure(f"store_million_{key}", f"6: {text}", "ms", [made[key]], target=target, better="less") for key, text, target in rows)]


def bodies(options):
    """Target 8."""
    with Bench(options) as bench:
        raw, ours = [], []
        for number in range(bench.rounds):
            for folder in (f"raw{number}", f"store{number}"):
                bench.folder.joinpath(folder).mkdir()
            raw.append(bench.run("body", "raw", f"raw{number}", bench.seconds))
            ours.append(bench.run("body", "read", f"store{number}", bench.seconds))
        large, stream = bench.run("body", "large", "large", 25), bench.run("body", "large", "stream", 50)
    return [Figure("store_body", "8: 16 KiB bodies read, warm, 16 outstanding", "/s", column(ours, "rate_16"), column(raw, "rate"), "raw", 0.60),
            Figure("store_body_one", "8: the same, one after the other", "/s", column(ours, "rate"), column(raw, "rate"), "raw"),
            Figure("store_large_in", "8: 25 MB in: memory beside", "kB", [large["in_kb"]], target=8192, better="less", note=f"{large['in_ms']:.0f} ms"),
            Figure("store_large_out", "8: 25 MB out: memory beside", "kB", [large["out_kb"]], target=8192, better="less", note=f"{large['out_ms']:.0f} ms"),
            Figure("store_stream", "8: 50 MB in and out: memory beside", "kB", [max(stream["in_kb"], stream["out_kb"])], target=8192, better="less"),
            Figure("store_piece", "8: 64 KiB anywhere in 50 MB, p99", "ms", [stream["p99_ms"]], target=1, better="less")]


def queue(options):
    """Target 9, which names no size: the smallest of the others, and a smaller one beside it, of which the rows take more and the disk less."""
    figures = []
    with Bench(options) as bench:
        for octets, target in ((4096, 0.5), (1024, None)):
            for batch in (16, 256):
                raw, ours = [], []
                for _ in range(bench.rounds):
                    bench.folder.joinpath("raw").mkdir()
                    raw.append(bench.run("queue", "raw", "raw", octets, batch, bench.seconds))
                    ours.append(bench.run("queue", "enqueue", "store", octets, batch, bench.seconds))
                    shutil.rmtree(bench.folder / "raw")
                    shutil.rmtree(bench.folder / "store")
                figures.append(Figure(f"store_enqueue_{octets >> 10}_{batch}", f"9: enqueue {octets >> 10} KiB, {batch} outstanding", "/s", column(ours, "rate"),
                                      column(raw, "rate"), f"raw two rows, {batch} a commit", target))
        entries = options.scaled(1000000)
        made = bench.run("queue", "long", "long", entries, 1000)
    return [*figures, Figure("store_claim", f"9: 100 claimed of {entries}, p99", "ms", [made["p99_ms"]], target=5, better="less"),
            Figure("store_queue_open", f"9: opened with {entries} waiting, until the first claim", "ms", [made["open_ms"]], target=1000, better="less")]


class Noticed:
    """One delivers, another process' session in IDLE is told."""

    def __init__(self, ports):
        self.smtp, self.imap = (socket.create_connection(("127.0.0.1", ports[name]), 20) for name in ("smtp", "imap"))
        for sock in (self.smtp, self.imap):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.until(self.smtp, b"\r\n")
        self.say(self.smtp, b"EHLO bench.test\r\n", b"250 ")
        self.until(self.imap, b"\r\n")
        for line, end in ((b"a LOGIN ann@a.test secret", b"a OK"), (b"b SELECT INBOX", b"b OK"), (b"c IDLE", b"+ ")):
            self.say(self.imap, line + b"\r\n", end)

    @staticmethod
    def until(sock, text):
        got = b""
        while text not in got or not got.endswith(b"\r\n"):
            more = sock.recv(65536)
            if not more:
                raise RuntimeError(f"{text!r} expected, the connection closed after {got!r}")
            got += more

    def say(self, sock, line, end):
        sock.sendall(line)
        self.until(sock, end)

    def once(self):
        """ms from 250 to EXISTS."""
        for line, end in ((b"MAIL FROM:<b@b.test>", b"250 "), (b"RCPT TO:<ann@a.test>", b"250 "), (b"DATA", b"354 ")):
            self.say(self.smtp, line + b"\r\n", end)
        self.smtp.sendall(b"Subject: bench\r\n\r\ntext\r\n.\r\n")
        at, got = {}, {self.smtp: b"", self.imap: b""}
        while len(at) < 2:
            ready, now = select.select(list(got), [], [], 20)[0], time.monotonic()
            for sock in ready:
                got[sock] += sock.recv(65536)
            for sock, text in ((self.smtp, b"250 "), (self.imap, b" EXISTS")):
                if text in got[sock]:
                    at.setdefault(sock, now)
            if not ready:
                raise RuntimeError(f"nobody was told: {got}")
        return max(0, (at[self.imap] - at[self.smtp]) * 1000)


def notice_times(options, count, extra=None):
    """`extra`: smtpd's environment."""
    with House(options.bin) as house:
        server = house.server("a.test", {"ann@a.test": "secret"}, start=False)
        server.start(("smtpd",), extra)
        server.start(("imapd",))
        session = Noticed(server.ports())
        session.once()
        found = []
        for _ in range(count):
            time.sleep(random.random() * (1 if extra else 0.005))
            found.append(session.once())
        house.finish()
    return sorted(found)


def notices(options):
    """Target 11."""
    usual = notice_times(options, max(100, options.scaled(NOTICES)))
    lost = notice_times(options, LOST_NOTICES, {"LD_PRELOAD": str(options.tool("nohint.so"))})
    return [Figure("store_notice", "11: from 250 to EXISTS in another process, p99", "ms", [usual[len(usual) * 99 // 100]], target=2, better="less",
                   note=f"median {usual[len(usual) // 2]:.2f} ms"),
            Figure("store_notice_lost", "11: the same, every datagram lost, longest", "ms", [lost[-1]], target=1100, better="less",
                   note=f"median {lost[len(lost) // 2]:.0f} ms")]


def letters(options, count):
    """An mbox of so many messages of 4.2 kB, readable for all."""
    path = options.work / "letters"
    subprocess.run([options.tool("mailgen"), "-n", str(count), "-s", "4096", "-x", "-S", "9", "-o", str(path)], check=True)
    path.chmod(0o644)
    return path


def imported(house, mbox, count, domain):
    """messages/s"""
    server = house.server(domain, {f"ann@{domain}": "secret"}, start=False)
    begin = time.monotonic()
    server.mailctl(["-c", str(server.conf), "import", f"ann@{domain}", "INBOX", f"mbox:{mbox}"])
    return count / (time.monotonic() - begin)


def importing(options):
    if options.tool("mailgen") is None:
        print("bench: import left out: no shared generator of mail beside this checkout")
        return []
    count = options.scaled(IMPORTED)
    mbox = letters(options, count)
    with House(options.bin) as house:
        rates = [imported(house, mbox, count, f"a{number}.test") for number in range(1 if options.quick else 2)]
    mbox.unlink()
    return [Figure("import", f"mailctl import, {count} messages of 4 KiB", "/s", rates, target=IMPORT_RATE, better="least")]


def measure(options):
    parts = (ingest, slow_disk, recipients, flags, million, bodies, queue, notices, importing)
    figures = []
    for part in parts:
        begin = time.monotonic()
        try:
            figures += part(options)
        except Exception as problem:
            traceback.print_exc()
            figures.append(Figure(f"store_{part.__name__}", f"the store: {part.__name__}", "", [], note=str(problem)))
        print(f"bench: store: {part.__name__}, {time.monotonic() - begin:.0f} s", flush=True)
    return figures
