"""A mail server of a test: its folder, its two daemons, their life and their ports."""

import os
import re
import shlex
import signal
import subprocess
import time
from pathlib import Path

from harness import process, settings
from harness.failure import Failure

START_S = 60
STOP_S = 20                          # ten seconds of a machine that has nothing else to do
REPORT_LINES = 16
SERVICE_OF_SECOND = {"submission": "submissions", "imap": "imaps"}
FIELD = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)')


def fields_of(line):
    return {name: value.strip('"') for name, value in FIELD.findall(line)}


class Daemon:
    """One program in the foreground, its standard error in a file."""

    def __init__(self, name, folder, home):
        self.name, self.folder, self.home = name, folder, home
        self.log_path = folder.parent / f"{folder.name}.{name}.log"
        self.process, self.ports = None, {}

    def start(self, env):
        program = Path(self.home.bin) / self.name
        begin = self.log_path.stat().st_size if self.log_path.exists() else 0
        with open(self.log_path, "ab") as log:
            try:
                self.process = self.home.identity.spawn(
                    [str(program), "-c", str(self.folder / "posta.conf")], env=env, cwd=self.folder,
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            except OSError as error:
                raise Failure(f"{program} to start", error.strerror) from None
        self.wait_ready(begin)

    def wait_ready(self, begin):
        deadline = time.monotonic() + START_S
        while True:
            text = self.log_from(begin)
            ready = text.find("event=ready")
            if ready >= 0:
                self.ports = self.read_ports(text[:ready])
                return
            code = self.process.poll()
            if code is not None:
                raise Failure(f"{self.name} to log event=ready", f"exit {code}: {self.log_from(begin)}")
            if time.monotonic() > deadline:
                raise Failure(f"{self.name} to log event=ready", f"nothing within {START_S} s: {text}")
            time.sleep(0.01)

    @staticmethod
    def read_ports(text):
        """Ports by service.  The second row of a service is the implicit-TLS one, as in `init`'s file."""
        ports = {}
        for line in text.splitlines():
            if "event=listening" not in line:
                continue
            fields = fields_of(line)
            service, address = fields.get("service", ""), fields.get("address", "")
            if fields.get("tls") == "implicit" or (service in ports and "tls" not in fields):
                service = SERVICE_OF_SECOND.get(service, service)
            port = address.rpartition(":")[2]
            if port.isdigit():
                ports[service] = int(port)
        return ports

    def log_from(self, begin=0):
        if not self.log_path.exists():
            return ""
        with open(self.log_path, "rb") as log:
            log.seek(begin)
            return log.read().decode("utf-8", "replace")

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self):
        """SIGTERM; exit 0 soon is part of the contract."""
        if self.process is None:
            return
        running, self.process = self.process, None
        if running.poll() is None:
            running.send_signal(signal.SIGTERM)
        try:
            code = running.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill_group(running)
            raise Failure(f"{self.name} to stop within {STOP_S} s", "still running") from None
        self.kill_group(running)
        if code != 0:
            raise Failure(f"{self.name} to exit 0", f"exit {code}")

    @staticmethod
    def kill_group(running):
        try:
            os.killpg(running.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        running.wait()

    def kill(self, part=None):
        """SIGKILL keeper and server at once, or one of them."""
        if self.process is None:
            return
        if part == "server":
            for child in self.children():
                os.kill(child, signal.SIGKILL)
            return
        running, self.process = self.process, None
        if part == "keeper":
            running.kill()
            running.wait()
        else:
            self.kill_group(running)

    def children(self):
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def signal(self, number):
        if self.process is not None:
            self.process.send_signal(number)


class Server:
    """`home` gives bin, identity, variant and the environment that tests add."""

    def __init__(self, domain, folder, home, daemons):
        self.domain, self.folder, self.home = domain, Path(folder), home
        self.conf = self.folder / "posta.conf"
        self.ca = self.folder / "tls" / "ca.pem"
        self.hostname = f"mx.{domain}"
        self.daemons = {name: Daemon(name, self.folder, home) for name in daemons}
        self.started = False

    def mailctl(self, arguments, stdin=""):
        program = str(Path(self.home.bin) / "mailctl")
        try:
            code, output, errors = process.run(self.home.identity, [program, *arguments],
                                               self.home.env(), self.home.folder, stdin.encode())
        except OSError as error:
            raise Failure(f"{program} to start", error.strerror) from None
        if code != 0:
            raise Failure(f"mailctl {shlex.join(arguments)} to exit 0", f"exit {code}: {errors or output}")
        return output

    def init(self, options=(), peers=None, smtp_port=0, change=""):
        arguments = ["init", str(self.folder), "--domain", self.domain]
        for peer, port in (peers or {}).items():
            arguments += ["--peer", f"{peer}=127.0.0.1:{port}"]
        self.mailctl(arguments + list(options))
        self.rewrite(lambda text: settings.with_ports(text, {"smtp": smtp_port}))
        self.change(change)

    def rewrite(self, edit):
        try:
            self.conf.write_text(edit(self.conf.read_text()))
        except (OSError, ValueError, KeyError) as error:
            raise Failure(f"settings merged into {self.conf}", repr(error)) from None

    def change(self, text):
        if text.strip():
            self.rewrite(lambda old: settings.merge(old, text))

    def user_add(self, address, password):
        self.mailctl(["-c", str(self.conf), "user", "add", address], password + "\n")

    def chosen(self, names):
        return [self.daemons[name] for name in names] if names else list(self.daemons.values())

    def start(self, names=(), extra=None):
        self.started = True
        for daemon in self.chosen(names):
            if not daemon.is_running():
                daemon.start(self.home.env(extra))

    def stop(self, names=()):
        for daemon in self.chosen(names):
            daemon.stop()

    def ports(self):
        out = {}
        for daemon in self.daemons.values():
            out.update(daemon.ports)
        return out

    def address_of(self, service):
        if service == "lmtp":
            return str(self.folder / "run" / "lmtp")
        ports = self.ports()
        if service not in ports:
            raise Failure(f"a listener for {service} at {self.domain}", f"listeners {ports}")
        return ("127.0.0.1", ports[service])

    def log_lines(self):
        return [line for daemon in self.daemons.values() for line in daemon.log_from().splitlines()]

    def close(self):
        """Kill whatever still runs."""
        for daemon in self.daemons.values():
            daemon.kill()

    def finish(self):
        """At a script's end: everything still lives, stops cleanly, and no sanitizer spoke."""
        for daemon in self.daemons.values():
            if daemon.process is not None and daemon.process.poll() is not None:
                raise Failure(f"{daemon.name} of {self.domain} to live", f"exit {daemon.process.returncode}")
        try:
            self.stop()
        finally:
            self.check_sanitizers()

    def check_sanitizers(self):
        """A report goes before whatever else went wrong: it is the cause."""
        lines = self.log_lines()
        for place, line in enumerate(lines):
            if any(word in line for word in process.SANITIZER_WORDS):
                raise Failure("no sanitizer report", "\n    ".join(lines[place:place + REPORT_LINES]))
