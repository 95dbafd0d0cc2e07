"""One pipelined connection beside one with a message at a time, with this disk and with a slower one."""

import statistics
import struct
import subprocess

from peers.house import House
from table import Figure

MESSAGES, SLOW_MESSAGES, OCTETS, SLOW_MS, TIMEOUT_S = 4000, 400, 4096, 2, 120
NOT_OFFERED = 2


class Counter:
    """Syncs of the server, counted by the preloaded slowsync."""

    def __init__(self, path):
        self.path = path
        path.write_bytes(bytes(8))
        path.chmod(0o666)

    def value(self):
        return struct.unpack("=q", self.path.read_bytes())[0]


def load(options, port, count, mode):
    """Messages per second, or None when the server lacks the extension."""
    done = subprocess.run([options.tool("pipeload"), "127.0.0.1", str(port), "box@a.test", str(count), str(OCTETS), mode],
                          stdout=subprocess.PIPE, text=True, timeout=TIMEOUT_S)
    if done.returncode == NOT_OFFERED:
        return None
    done.check_returncode()
    return float(done.stdout)


def compare(options, delay_ms, count):
    with House(options.bin) as house:
        counter = Counter(house.folder / "syncs")
        server = house.server("a.test", {"box@a.test": "secret"}, daemons=("smtpd",), extra={
            "LD_PRELOAD": str(options.tool("slowsync.so")), "SLOWSYNC_MS": str(delay_ms), "SLOWSYNC_COUNT": str(counter.path)})
        port = server.ports()["smtp"]
        many = "data" if load(options, port, 1, "bdat") is None else "bdat"
        rates, flushes = {"one": [], many: []}, {"one": [], many: []}
        for _ in range(options.rounds):
            for mode in rates:
                before = counter.value()
                rates[mode].append(load(options, port, count, mode))
                flushes[mode].append((counter.value() - before) / count)
        house.finish()
    return rates[many], rates["one"], f"{many}; syncs a message {statistics.median(flushes[many]):.2f} beside {statistics.median(flushes['one']):.2f}"


def measure(options):
    out = []
    for key, delay_ms, count in (("pipeline", 0, MESSAGES), ("pipeline_slow_disk", SLOW_MS, SLOW_MESSAGES)):
        text = "one pipelined connection, 4 KiB" + (f", fdatasync +{delay_ms} ms" if delay_ms else "")
        many, one, note = compare(options, delay_ms, options.scaled(count))
        out.append(Figure(key, text, "/s", many, one, "one at a time", 3, note=note))
    return out
