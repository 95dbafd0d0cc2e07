"""Our own servers beside the peers: a scratch folder on a real disk and what was started in it."""

import os
import shutil
import tempfile
from pathlib import Path

from harness import process
from harness.clock import Clock
from harness.server import Server
from harness.stage import Home

DISK = "/var/tmp"                  # not /tmp, which may be memory
WAIT_S = 20


class House:
    """`with House(bin) as house`: servers started by house.server() are killed and the folder removed at the end."""

    def __init__(self, bin_folder, variant="release"):
        self.folder = Path(tempfile.mkdtemp(prefix="posta-", dir=DISK))
        os.chmod(self.folder, 0o755)
        identity = process.Identity.usual()
        identity.make_folder(self.folder / "ours")
        self.home = Home(self.folder / "ours", process.reachable_programs(bin_folder, self.folder), variant, identity, WAIT_S)
        self.servers, self.others, self.clock = [], [], None

    def use_clock(self):
        """Before the first server; test variant only."""
        self.clock = self.home.clock = Clock(self.home.folder / "clock")

    def server(self, domain, users=None, peers=None, smtp_port=0, change="", daemons=("smtpd", "imapd"), extra=None, start=True):
        """Made and, unless told otherwise, started; users: {address: password}, peers: {domain: port}, extra: environment."""
        server = Server(domain, self.home.folder / domain, self.home, list(daemons))
        server.init((), peers, smtp_port, change)
        for address, password in (users or {}).items():
            server.user_add(address, password)
        self.servers.append(server)
        if start:
            server.start((), extra)
        return server

    def own(self, other):
        """Something with stop() that ends with the house; started here."""
        self.others.append(other)
        other.start()
        return other

    def finish(self):
        """Every server still lives and stops cleanly."""
        for server in self.servers:
            server.finish()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in self.servers:
            server.close()
        for other in self.others:
            other.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
