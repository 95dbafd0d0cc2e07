"""Debian's nsd with a root of our own and what is below it, all signed with ldns: three servers on three addresses of a host's loopback."""

import re
import subprocess
from pathlib import Path

from peers import wait

CONF = """
server:
  ip-address: {address}@{port}
  username: ""
  database: ""
  zonesdir: {folder}
  pidfile: {folder}/pid-{name}
  xfrdfile: {folder}/xfrd-{name}
  zonelistfile: {folder}/list-{name}
  xfrdir: {folder}
  server-count: 1
  verbosity: 0
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
remote-control:
  control-enable: no
"""
ZONE = """
zone:
  name: {zone}
  zonefile: {file}
"""

ROOT = """$TTL 300
. IN SOA ns.root-servers.test. hostmaster.test. 1 3600 600 86400 20
. IN NS ns.root-servers.test.
ns.root-servers.test. IN A 127.0.0.1
test. IN NS ns.test.
ns.test. IN A 127.0.0.2
{ds}
"""
TEST = """$ORIGIN test.
$TTL 300
@ IN SOA ns.test. hostmaster.test. 1 3600 600 86400 20
@ IN NS ns.test.
ns IN A 127.0.0.2
root-servers IN NS ns.test.
mail IN NS ns.mail.test.
ns.mail IN A 127.0.0.3
hen IN NS ns.egg.test.
egg IN NS ns.hen.test.
{ds}
"""
MAIL = """$ORIGIN mail.test.
$TTL 30
@ IN SOA ns.mail.test. hostmaster.mail.test. 1 3600 600 86400 20
@ IN NS ns.mail.test.
@ IN MX 20 mx2.mail.test.
@ IN MX 10 mx1.mail.test.
@ IN TXT "v=spf1 mx -all"
ns IN A 127.0.0.3
mx1 IN A 192.0.2.10
mx1 IN AAAA 2001:db8::10
mx2 IN A 192.0.2.20
alias IN CNAME mx1
_submission._tcp IN SRV 0 1 587 mx1.mail.test.
_imap._tcp IN SRV 0 0 0 .
_25._tcp.mx1 IN TLSA 3 1 1 {digest}
long IN TXT {strings}
altered IN A 192.0.2.66
"""


def command(words, folder):
    return subprocess.run([str(word) for word in words], cwd=folder, stdout=subprocess.PIPE, check=True, text=True).stdout.strip()


class SignedTree:
    """Zone files ., test. and mail.test., each signed; `anchor` is the root's key, `hints` the root's address."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        strings = " ".join('"' + chr(97 + n) * 250 + '"' for n in range(8))
        below = self.sign("mail.test", MAIL.format(digest="ab" * 32, strings=strings))
        top = self.sign("test", TEST.format(ds=below))
        self.sign(".", ROOT.format(ds=top))
        self.anchor = self.folder / "root.anchor"
        self.hints = self.folder / "root.hints"
        self.hints.write_text(". 3600000 IN NS ns.root-servers.test.\nns.root-servers.test. 3600000 IN A 127.0.0.1\n")

    def sign(self, zone, text):
        """The DS records for the zone above."""
        name = "root" if zone == "." else zone
        (self.folder / f"{name}.zone").write_text(text)
        keys = [command(["ldns-keygen", "-r", "/dev/urandom", "-a", "ECDSAP256SHA256", *more, zone], self.folder) for more in (["-k"], [])]
        command(["ldns-signzone", "-n", "-o", zone, "-f", f"{name}.signed", f"{name}.zone", *keys], self.folder)
        if zone == ".":
            (self.folder / "root.anchor").write_text((self.folder / f"{keys[0]}.key").read_text())
        return (self.folder / f"{keys[0]}.ds").read_text()

    def alter(self):
        """Change one address after it was signed."""
        path = self.folder / "mail.test.signed"
        text, n = re.subn(r"(altered\.mail\.test\.\s+\d+\s+IN\s+A\s+)192\.0\.2\.66", r"\g<1>192.0.2.67", path.read_text())
        assert n == 1
        path.write_text(text)


class Nsd:
    """One server on a host: zones {name: file of the tree}."""

    def __init__(self, host, tree, name, address, zones, port=53):
        self.host, self.tree, self.name, self.address, self.port = host, tree, name, address, port
        self.conf = tree.folder / f"nsd-{name}.conf"
        text = CONF.format(folder=tree.folder, name=name, address=address, port=port)
        text += "".join(ZONE.format(zone=f'"{zone}"', file=file) for zone, file in zones.items())
        self.conf.write_text(text)
        self.process = None

    def start(self):
        self.process = self.host.popen(["nsd", "-d", "-c", self.conf])
        def listens():
            if self.process.poll() is not None:
                raise wait.TooLate(f"nsd: {self.process.stdout.read()}")
            return f"{self.address}:{self.port} " in self.host.run(["cat", "/proc/self/net/udp"]).stdout or self.answers()
        wait.until("nsd answers", listens)

    def answers(self):
        """A question for the root over TCP gets some answer."""
        code = ("import socket,sys; s=socket.create_connection((sys.argv[1],int(sys.argv[2])),1); s.settimeout(1);"
                "s.sendall(b'\\0\\x11\\0\\1\\0\\0\\0\\1\\0\\0\\0\\0\\0\\0\\0\\0\\2\\0\\1'); sys.exit(0 if s.recv(2) else 1)")
        return self.host.run(["python3", "-c", code, self.address, self.port], check=False).returncode == 0

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None
