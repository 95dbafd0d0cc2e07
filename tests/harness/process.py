"""Who the programs run as, with which environment, and how they are started."""

import ctypes
import os
import pwd
import shutil
import signal
import stat
import subprocess
from pathlib import Path

PROGRAMS = ("smtpd", "imapd", "mua", "mailctl", "nettool")
PR_SET_PDEATHSIG = 1
TIMED_OUT = 124                      # exit code, as timeout(1) has it
LIBC = ctypes.CDLL(None)
PASSED_ON = ("POSTA_TEST_LOOP",)      # of the caller's environment, in the test variant
SANITIZER_WORDS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:", "ThreadSanitizer:")
SANITIZER_OPTIONS = {
    "ASAN_OPTIONS": "detect_leaks=1:exitcode=99:allocator_may_return_null=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": "exitcode=99:halt_on_error=1",
}


def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Identity:
    """The user that programs run as: nobody when root tests, unless the script says `as root`."""

    def __init__(self, name=None):
        self.ids = {}
        self.uid, self.gid = os.geteuid(), os.getegid()
        if name is not None:
            entry = pwd.getpwnam(name)
            self.uid, self.gid = entry.pw_uid, entry.pw_gid
            if os.geteuid() == 0:
                self.ids = {"user": self.uid, "group": self.gid, "extra_groups": []}

    @classmethod
    def usual(cls, as_root=False):
        return cls("nobody") if os.geteuid() == 0 and not as_root else cls()

    def make_folder(self, path):
        os.mkdir(path, 0o755)
        os.chown(path, self.uid, self.gid)

    def spawn(self, arguments, **options):
        return subprocess.Popen(arguments, start_new_session=True, preexec_fn=die_with_parent,
                                **self.ids, **options)


def may_enter(path, identity):
    """Can that user read and execute the file, by its mode and those of the folders above it?"""
    for entry in [path, *path.parents]:
        status = entry.stat()
        shift = 6 if status.st_uid == identity.uid else 3 if status.st_gid == identity.gid else 0
        wanted = 5 if entry == path else 1
        if (stat.S_IMODE(status.st_mode) >> shift) & wanted != wanted:
            return False
    return True


def reachable_programs(folder, scratch):
    """The folder of programs, or a copy of it where the test user cannot reach the original."""
    folder, identity = Path(folder).resolve(), Identity.usual()
    present = [folder / name for name in PROGRAMS if (folder / name).exists()]
    if os.geteuid() != 0 or all(may_enter(path, identity) for path in present):
        return folder
    copy = Path(scratch) / "bin"
    copy.mkdir()
    for path in present:
        shutil.copy(path, copy / path.name)
        os.chmod(copy / path.name, 0o755)
    return copy


def environment(bin_folder, home, variant, extra=None):
    """Nothing of the caller's environment but the PATH behind our programs and what PASSED_ON names."""
    made = {"PATH": f"{bin_folder}:{os.environ.get('PATH', '/usr/bin:/bin')}", "HOME": str(home),
            "TMPDIR": str(home), "LANG": "C.UTF-8", "TERM": "xterm"}
    if variant == "test":
        made.update(SANITIZER_OPTIONS, POSTA_TEST_SANDBOX="off")
        made.update((name, os.environ[name]) for name in PASSED_ON if name in os.environ)
    made.update(extra or {})
    return made


def kill_group(process):
    """Kill it and what it started, and take what is left of its output."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    return process.communicate()


def run(identity, arguments, env, cwd, stdin=b"", timeout=120):
    """Run to the end; returns (exit code, output, errors).  The whole group dies at the time-out."""
    process = identity.spawn(arguments, env=env, cwd=cwd, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        output, errors = process.communicate(stdin, timeout)
    except subprocess.TimeoutExpired:
        output, errors = kill_group(process)
        return TIMED_OUT, output.decode("utf-8", "replace"), f"{errors.decode('utf-8', 'replace')}\nstopped after {timeout} s"
    return process.returncode, output.decode("utf-8", "replace"), errors.decode("utf-8", "replace")
