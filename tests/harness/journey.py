"""Two servers that relay to each other, for suites that are Python and not dialogue: corpus, crash, bench."""

import os
import shutil
import tempfile
from pathlib import Path

from harness import process
from harness.port import free_port
from harness.server import Server
from harness.stage import Home

WAIT_S = 90


class Journey:
    """`with Journey(bin) as j`: j.a and j.b are servers of a.test and b.test, peers of each other, with alice and bob."""

    def __init__(self, bin_folder, variant="release", settings="", password="secret"):
        self.scratch = Path(tempfile.mkdtemp(prefix="posta-"))
        os.chmod(self.scratch, 0o755)
        identity = process.Identity.usual()
        folder = self.scratch / "0"
        identity.make_folder(folder)
        self.home = Home(folder, process.reachable_programs(bin_folder, self.scratch), variant, identity, WAIT_S)
        self.password, self.settings = password, settings
        self.a, self.b = (Server(domain, folder / domain, self.home, ["smtpd", "imapd"]) for domain in ("a.test", "b.test"))

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def start(self):
        self.ports = {"a.test": free_port(), "b.test": free_port()}
        self.prepare(self.a, "alice@a.test")
        self.prepare(self.b, "bob@b.test")
        self.prepared()
        self.a.start()
        self.b.start()

    def prepare(self, server, user):
        peers = {domain: port for domain, port in self.ports.items() if domain != server.domain}
        server.init((), peers, self.ports[server.domain], self.settings)
        server.user_add(user, self.password)

    def prepared(self):
        """Both are there and none runs yet: what a subclass wants to change."""

    def finish(self):
        """Stop both as an operator would; raises Failure when one does not end well."""
        self.a.finish()
        self.b.finish()

    def close(self):
        self.a.close()
        self.b.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def __exit__(self, *_):
        self.close()
