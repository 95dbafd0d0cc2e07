"""Stream throughput, checked octet for octet at the far end: forwarder and tunnel beside the direct path, socat and a stunnel pair."""

import re
import subprocess
import time
from contextlib import ExitStack, contextmanager

from harness.port import free_port
from peers import wait
from table import Figure

MIB, HOPS = 2048, 3


@contextmanager
def running(words, **options):
    """A program in the background, ended at the end; its standard output can be read line by line."""
    process = subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, text=True, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def port_of(process):
    """Of the first line; a tunnel's goes on with its target."""
    line = process.stdout.readline()
    found = re.match(r"(?:port |listening on [\d.]+:)(\d+)", line)
    if not found:
        raise RuntimeError(f"{process.args[:3]} said {line!r}")
    return int(found[1])


class Paths:
    """Everything between the sender and the sink, each on a port: direct, forward, hops, socat, tunnel, stunnel."""

    def __init__(self, options, stack):
        self.nettool, self.load, self.work = options.bin / "nettool", options.tool("streamload"), options.work
        self.start = lambda words, **more: stack.enter_context(running(words, **more))
        self.ports = {"direct": port_of(self.start([self.load, "sink"]))}
        at = self.ports["direct"]
        for hop in range(HOPS):
            at = port_of(self.start([self.nettool, "forward", "127.0.0.1:0", f"127.0.0.1:{at}"]))
            self.ports["forward" if hop == 0 else "hops"] = at
        self.ports["socat"] = self.socat()
        self.ports["tunnel"] = self.tunnel()
        self.ports["stunnel"] = self.stunnel()

    def socat(self):
        port = free_port()
        self.start(["socat", f"TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr", f"TCP:127.0.0.1:{self.ports['direct']}"])
        wait.until("socat to listen", lambda: wait.answers(port))
        return port

    def key(self, name):
        path = self.work / f"{name}.key"
        return path, subprocess.run([self.nettool, "tunnel", "key", path], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()

    def tunnel(self):
        (near, near_pin), (far, far_pin) = self.key("near"), self.key("far")
        target, quiet = f"127.0.0.1:{self.ports['direct']}", {"stderr": subprocess.DEVNULL}
        side = port_of(self.start([self.nettool, "tunnel", "serve", "--key", far, "--peer", near_pin, "--target", target, "127.0.0.1:0"], **quiet))
        return port_of(self.start([self.nettool, "tunnel", "connect", "--key", near, "--peer", far_pin, f"127.0.0.1:{side}", "127.0.0.1:0", target], **quiet))

    def stunnel(self):
        """TLS 1.3 on both sides as here; it verifies nobody, which costs it less."""
        near, far = free_port(), free_port()
        pem = self.work / "stunnel.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", pem, "-out", self.work / "crt",
                        "-days", "2", "-subj", "/CN=stunnel"], check=True, stderr=subprocess.DEVNULL)
        pem.write_text(pem.read_text() + (self.work / "crt").read_text())
        pem.chmod(0o600)
        head = "foreground = yes\ndebug = 3\npid =\nsslVersionMin = TLSv1.3\n[x]\n"
        sides = {"far": (f"accept = 127.0.0.1:{far}\nconnect = 127.0.0.1:{self.ports['direct']}\ncert = {pem}\n", far),
                 "near": (f"client = yes\naccept = 127.0.0.1:{near}\nconnect = 127.0.0.1:{far}\n", near)}
        for name, (text, port) in sides.items():
            path = self.work / f"stunnel-{name}.conf"
            path.write_text(head + text)
            self.start(["stunnel4", path], stderr=subprocess.DEVNULL)
            wait.until(f"stunnel to listen on {port}", lambda port=port: wait.answers(port))
        return near

    def megabytes_per_s(self, name, mib):
        done = subprocess.run([self.load, "send", str(self.ports[name]), str(mib)], stdout=subprocess.PIPE, text=True, check=True, timeout=300)
        return float(done.stdout)


def measure(options):
    with ExitStack() as stack:
        paths = Paths(options, stack)
        mib, rates = options.scaled(MIB), {name: [] for name in paths.ports}
        time.sleep(0.5)
        for name in paths.ports:
            paths.megabytes_per_s(name, 64)
        # Neighbours in time: a busy moment harms all of a round alike.
        for _ in range(options.rounds):
            for name in paths.ports:
                rates[name].append(paths.megabytes_per_s(name, mib))
    return [Figure("forward_direct", "one stream through nettool forward", "MB/s", rates["forward"], rates["direct"], "direct", 0.4),
            Figure("forward_socat", "the same, beside socat's default", "MB/s", rates["forward"], rates["socat"], "socat", 2.5),
            Figure("forward_hops", "three forwarders in a row", "MB/s", rates["hops"], rates["direct"], "direct", 0.2),
            Figure("tunnel_stunnel", "one stream through nettool tunnel", "MB/s", rates["tunnel"], rates["stunnel"], "stunnel pair", 1.0)]
