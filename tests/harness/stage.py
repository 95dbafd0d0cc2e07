"""What stands around a dialogue: servers, users, programs, clock, faults, log."""

import shlex
import signal
import socket
import subprocess
import time
from pathlib import Path

from harness import match, process
from harness.clock import Clock
from harness.failure import Failure
from harness.port import free_port
from harness.server import Server

TESTS = Path(__file__).resolve().parents[1]
BEFORE_SERVER = {"fault", "peer", "clock"}


class Home:
    """What all programs of one script share."""

    def __init__(self, folder, bin_folder, variant, identity, wait_s):
        self.folder, self.bin, self.variant = Path(folder), bin_folder, variant
        self.identity, self.wait_s = identity, wait_s
        self.clock = None

    def env(self, extra=None):
        made = dict(extra or {})
        if self.clock:
            made["POSTA_TEST_CLOCK"] = self.clock.path
        return process.environment(self.bin, self.folder, self.variant, made)


class Stage:
    def __init__(self, script, home, foreign=None):
        self.script, self.home, self.foreign = script, home, foreign
        self.servers, self.peers, self.variables = {}, {}, {"tests": str(TESTS)}
        self.smtp_ports, self.fault_text = {}, None
        self.running, self.command = None, ""
        domains = script.domains()
        if len(domains) > 1:
            self.smtp_ports = {domain: free_port() for domain in domains}
        if home is not None and "clock" in script.verbs():
            home.clock = Clock(home.folder / "clock")

    def prepare(self, step):
        """A script without a `server` line gets the default one before its first line that needs one."""
        if self.foreign or self.servers or self.peers or step.verb in BEFORE_SERVER or self.script.domains():
            return
        if step.verb == "as" and step.words[0] == "root":
            return
        self.make_server("a.test", [], "")

    # -- servers

    def server(self, step):
        if not step.words:
            raise Failure("server DOMAIN [INIT-OPTIONS]", step.text)
        words = shlex.split(match.substitute(step.text, self.variables))
        self.make_server(words[0], words[1:], match.substitute("\n".join(step.block), self.variables))

    def make_server(self, domain, options, change):
        peers = {other: port for other, port in self.smtp_ports.items() if other != domain}
        peers.update({other: listener.getsockname()[1] for other, listener in self.peers.items()})
        server = Server(domain, self.home.folder / domain, self.home, self.script.daemons())
        self.servers[domain] = server
        server.init(options, peers, self.smtp_ports.get(domain, 0), change)
        self.start_server(server)

    def start_server(self, server, names=()):
        extra = {"POSTA_TEST_FAULT": self.fault_text} if self.fault_text else None
        self.fault_text = None
        server.start(names, extra)
        self.publish(server)

    def publish(self, server):
        """The variables that name this server's folder and ports."""
        known = {"dir": server.folder, "conf": server.conf, "ca": server.ca, "tests": TESTS, **server.ports()}
        first = next(iter(self.servers.values())) is server
        for name, value in known.items():
            self.variables[f"{name}_{server.domain.partition('.')[0]}"] = str(value)
            if first:
                self.variables[name] = str(value)

    def server_of(self, domain=None):
        if not self.servers:
            raise Failure("a `server` line before this one", "none")
        if domain is None:
            return next(iter(self.servers.values()))
        if domain not in self.servers:
            raise Failure(f"a server for {domain}", f"servers {', '.join(self.servers)}")
        return self.servers[domain]

    def address_of(self, service, domain):
        if self.foreign:
            return self.foreign, {}
        server = self.server_of(domain)
        return server.address_of(service), {"hostname": server.hostname, "ca": str(server.ca)}

    def targets(self, step):
        words = match.substitute(step.text, self.variables).split()
        names = [w for w in words if w in ("smtpd", "imapd")]
        domain = next((w for w in words if "." in w), None)
        part = next((w for w in words if w in ("keeper", "server")), None)
        if len(names) + (domain is not None) + (part is not None) != len(words):
            raise Failure("[smtpd|imapd] [keeper|server] [DOMAIN]", step.text)
        return self.server_of(domain), names, part

    def start(self, step):
        server, names, _ = self.targets(step)
        self.start_server(server, names)

    def stop(self, step):
        server, names, _ = self.targets(step)
        server.stop(names)

    def restart(self, step):
        self.stop(step)
        self.start(step)

    def reload(self, step):
        server, names, _ = self.targets(step)
        for daemon in server.chosen(names):
            daemon.signal(signal.SIGHUP)

    def terminate(self, step):
        server, names, _ = self.targets(step)
        for daemon in server.chosen(names):
            daemon.signal(signal.SIGTERM)

    def kill(self, step):
        server, names, part = self.targets(step)
        for daemon in server.chosen(names):
            daemon.kill(part)

    def settings(self, step):
        server = self.server_of(step.words[0] if step.words else None)
        server.change(match.substitute("\n".join(step.block), self.variables))

    def user(self, step):
        if self.foreign:
            return
        address, _, password = match.substitute(step.text, self.variables).partition(" ")
        domain = address.rpartition("@")[2]
        self.server_of(domain if domain in self.servers else None).user_add(address, password)

    # -- the peer that the script plays itself

    def peer(self, step):
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        self.peers[step.words[0]] = listener
        name, port = step.words[0].partition(".")[0], str(listener.getsockname()[1])
        self.variables[f"peer_{name}"] = port
        self.variables.setdefault("peer", port)

    def peer_listener(self, domain):
        if not self.peers or (domain and domain not in self.peers):
            raise Failure(f"a `peer {domain or 'DOMAIN'}` line before", "none")
        return self.peers[domain] if domain else next(iter(self.peers.values()))

    # -- log

    def find_in_log(self, step):
        parts = ["*" + step.text + "*"]
        for server in self.servers.values():
            for line in server.log_lines():
                if match.matches(parts, line, self.variables):
                    return line
        return None

    def log(self, step):
        deadline = time.monotonic() + self.home.wait_s
        while self.find_in_log(step) is None:
            if time.monotonic() > deadline:
                raise Failure(f"a log line with {step.text}", f"none within {self.home.wait_s:g} s")
            time.sleep(0.05)

    def nolog(self, step):
        line = self.find_in_log(step)
        if line is not None:
            raise Failure(f"no log line with {step.text}", line)

    # -- time, faults, programs

    def clock(self, step):
        self.home.clock.move(step.text)

    def fault(self, step):
        self.fault_text = step.text

    def as_(self, step, answers):
        who, _, rest = step.text.partition(" ")
        if who == "nobody" and rest.startswith("run "):
            self.run_as(process.Identity("nobody"), rest[4:], answers)
        elif who != "root" or rest:
            raise Failure("as root, or as nobody run COMMAND", step.text)

    def run(self, step, answers):
        self.run_as(self.home.identity, step.text, answers)

    def run_as(self, identity, command, answers):
        command = match.substitute(command, self.variables)
        code, output, errors = process.run(identity, ["sh", "-c", command], self.home.env(), self.home.folder)
        self.judge(command, code, output, errors, answers)

    def meanwhile(self, step):
        self.command = match.substitute(step.text, self.variables)
        self.running = self.home.identity.spawn(["sh", "-c", self.command], env=self.home.env(), cwd=self.home.folder,
                                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def ended(self, step, answers):
        if self.running is None:
            raise Failure("a `meanwhile` line before", "none")
        running, self.running = self.running, None
        try:
            output, errors = running.communicate(timeout=self.home.wait_s)
        except subprocess.TimeoutExpired:
            process.kill_group(running)
            raise Failure(f"{self.command} to end within {self.home.wait_s:g} s", "still running") from None
        self.judge(self.command, running.returncode, output.decode("utf-8", "replace"), errors.decode("utf-8", "replace"), answers)

    def judge(self, command, code, output, errors, answers):
        want_code = next((int(a.text) for a in answers if a.verb == "exit"), 0)
        said = f"{output}{errors}".rstrip("\n")
        if code != want_code:
            raise Failure(f"exit {want_code} of {command}", f"exit {code}\n{said}")
        want = [a.text for a in answers if a.verb == "|"]
        if want and not match.matches_lines(want, output.splitlines(), self.variables):
            self.now = next(a.line for a in answers if a.verb == "|")
            raise Failure("\n".join(want), said)

    def expect_file(self, step):
        path = self.server_of().folder / match.substitute(step.text, self.variables)
        try:
            got = path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        except OSError as error:
            raise Failure(f"the file {path}", error.strerror) from None
        if not match.matches_lines(step.block, got, self.variables):
            raise Failure("\n".join(step.block), "\n".join(got))

    # -- the end

    def finish(self):
        for server in self.servers.values():
            server.finish()

    def close(self):
        if self.running is not None:
            process.kill_group(self.running)
        for listener in self.peers.values():
            listener.close()
        for server in self.servers.values():
            server.close()

    def log_tail(self, count=8):
        out = []
        for server in self.servers.values():
            for daemon in server.daemons.values():
                out += [f"{daemon.name} {server.domain}: {line}" for line in daemon.log_from().splitlines()[-count:]]
        return out


def reason_to_skip(script, is_root, foreign=None):
    """Why a script cannot be judged here, or None."""
    steps = list(script.every())
    if not is_root and any(s.verb == "as" for s in steps):
        return "needs root"
    return foreign_reason(script, steps, foreign) if foreign else None


def foreign_reason(script, steps, foreign):
    own = {"server", "settings", "stop", "start", "restart", "reload", "terminate", "kill", "log", "nolog", "peer", "accept",
           "run", "meanwhile", "ended", "as", "clock", "fault", "expect-file", "transcript"}
    verb = next((s.verb for s in steps if s.verb in own), None)
    if verb:
        return f"line `{verb}` needs a server of its own"
    for step in steps:
        if step.verb == "user" and step.text.replace(" ", ":", 1) not in foreign.users:
            return f"needs --user {step.text.replace(' ', ':', 1)}"
        if step.verb == "client" and (script.services_of(step) or script.service) != foreign.service:
            return f"speaks to service {script.services_of(step) or script.service}"
    return None
