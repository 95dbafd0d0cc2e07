"""The command `tests/run`: choose scripts, run them in parallel, print what failed."""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import process
from harness.failure import Failure, ScriptError, TimeUp
from harness.play import Player
from harness.pool import FAILED, PASSED, SKIPPED, Totals, run_all
from harness.script import Script
from harness.stage import Home, reason_to_skip

ROOT = Path(__file__).resolve().parents[2]
E2E = ROOT / "tests" / "e2e"
PROGRAM_FOLDERS = {"test": "test/bin", "release": "bin"}
WAIT_S = 40                          # for an event, on a slow machine; only a failure waits so long


class Foreign(tuple):
    """(host, port) of a server that is already there, with its service and users."""

    service, users = "smtp", set()

    @classmethod
    def probe(cls, text, users):
        host, _, port = text.rpartition(":")
        foreign = cls((host.strip("[]"), int(port)))
        foreign.users = set(users)
        with socket.create_connection(foreign, WAIT_S) as sock:
            sock.settimeout(WAIT_S)
            foreign.service = "imap" if sock.recv(512).startswith(b"*") else "smtp"
        return foreign


def arguments(words):
    parser = argparse.ArgumentParser(prog="tests/run", description="End-to-end scripts and unit tests; see tests/README.md.")
    parser.add_argument("paths", nargs="*", type=Path, help="scripts or folders of scripts (default tests/e2e)")
    parser.add_argument("--bin", type=Path, help="folder of the programs (default build/test/bin or build/bin)")
    parser.add_argument("--variant", choices=PROGRAM_FOLDERS, default="test")
    parser.add_argument("--loop", choices=("epoll", "poll"), help="event back end of the servers, test variant only")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--server", metavar="HOST:PORT", help="judge this server instead of our own")
    parser.add_argument("--user", action="append", default=[], metavar="ADDRESS:PASSWORD", help="a user that --server has")
    parser.add_argument("--filter", default="", metavar="WORD", help="only files whose path or claim holds it")
    parser.add_argument("--timeout", type=float, default=300, metavar="S", help="for one script or program")
    parser.add_argument("--unit", type=Path, metavar="DIR", help="run every unit-test program below DIR instead")
    parser.add_argument("--keep", action="store_true", help="keep the folders of scripts that failed")
    return parser.parse_args(words)


def scripts_below(paths):
    found = []
    for path in paths or [E2E]:
        if path.is_dir():
            found += sorted(path.rglob("*.e2e"))
        elif path.exists():
            found.append(path)
        else:
            raise SystemExit(f"tests/run: {path} does not exist")
    return found


def shown(path):
    try:
        return str(path.resolve().relative_to(ROOT))
    except ValueError:
        return str(path)


def report(script_path, line, failure, player=None):
    out = [f"{shown(script_path)}:{line}: {failure}"]
    if player is not None:
        out += ["    " + line for text in player.dialogue[-60:] for line in text.split("\n")]
        out += ["    log " + line for line in player.log_tail()]
    return FAILED, "\n".join(out)


def play(path, options, bin_folder, scratch, number):
    """One script, in the process of its own that the pool forked."""
    try:
        script = Script(path)
    except ScriptError as error:
        return report(path, error.line, f"want a line of the language got {error}")
    reason = reason_to_skip(script, os.geteuid() == 0, options.foreign)
    if reason:
        return SKIPPED, f"{shown(path)}: skipped: {reason}"
    as_root = any(s.verb == "as" and s.text == "root" for s in script.steps)
    identity = process.Identity.usual(as_root)
    folder = scratch / str(number)
    identity.make_folder(folder)
    player = Player(script, Home(folder, bin_folder, options.variant, identity, WAIT_S), options.foreign)

    def ring(*_):
        raise TimeUp("the script to end", f"still running after {options.timeout:g} s")
    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, options.timeout)
    answer = (PASSED, "")
    try:
        player.play()
    except Failure as failure:
        answer = report(path, player.now or 1, failure, player)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        player.close()
        if answer[0] == PASSED or not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            answer = (answer[0], answer[1] + f"\n    kept {folder}")
    return answer


def run_scripts(options):
    chosen = []
    for path in scripts_below(options.paths):
        if options.filter and options.filter not in shown(path) and options.filter not in path.read_text(errors="replace"):
            continue
        try:
            if options.variant != "test" and Script(path).is_test_only():
                continue
        except ScriptError:
            pass                                    # reported by the run
        chosen.append(path)
    options.foreign = Foreign.probe(options.server, options.user) if options.server else None
    bin_folder = options.bin or ROOT / os.environ.get("BUILD", "build") / PROGRAM_FOLDERS[options.variant]
    scratch = Path(tempfile.mkdtemp(prefix="posta-"))
    os.chmod(scratch, 0o755)
    totals = Totals()
    try:
        bin_folder = process.reachable_programs(bin_folder, scratch)
        jobs = [(shown(path), lambda path=path, number=number: play(path, options, bin_folder, scratch, number))
                for number, path in enumerate(chosen)]
        run_all(jobs, options.jobs, options.timeout, totals)
    finally:
        try:
            scratch.rmdir()                         # empty, unless something was kept
        except OSError:
            shutil.rmtree(scratch / "bin", ignore_errors=True)
            if not options.keep:
                shutil.rmtree(scratch, ignore_errors=True)
    return totals.finish()


def run_unit(path, timeout):
    """A unit-test program: its exit code is the verdict, its own folder below TMPDIR."""
    with tempfile.TemporaryDirectory(prefix="posta-unit-") as folder:
        env = dict(os.environ, TMPDIR=folder, **process.SANITIZER_OPTIONS)
        env.setdefault("CORPUS", str(ROOT.parent / "shared" / "corpus"))
        code, output, errors = process.run(process.Identity(), [str(path)], env, folder, timeout=timeout)
    if code == 0:
        return PASSED, ""
    text = "\n".join("    " + line for line in (output + errors).splitlines()[-60:])
    return FAILED, f"{shown(path)}: want exit 0 got {code}\n{text}"


def run_units(options):
    programs = sorted(path for path in options.unit.resolve().rglob("test_*")
                      if path.is_file() and os.access(path, os.X_OK) and options.filter in str(path))
    totals = Totals()
    jobs = [(shown(path), lambda path=path: run_unit(path, options.timeout)) for path in programs]
    run_all(jobs, options.jobs, options.timeout, totals)
    return totals.finish()


def main(words):
    options = arguments(words)
    if options.loop:
        os.environ["POSTA_TEST_LOOP"] = options.loop
    try:
        return run_units(options) if options.unit else run_scripts(options)
    except KeyboardInterrupt:
        return 130
    except (OSError, subprocess.SubprocessError) as error:
        print(f"tests/run: {error}", file=sys.stderr)
        return 1
