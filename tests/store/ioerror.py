"""The n-th write, sync, read or open of a run fails (disk_fail.c), for each n until there are no more."""
import errno
import shutil
import subprocess

import believed

COUNT = 60                          # operations of a run
REFUSED = 75                        # store_load's exit when there is no store to use
FOR_EVER = 1 << 30
# kind of call, error, how many of them in a row
FAULTS = [("write", errno.EIO, 1), ("write", errno.ENOSPC, 1), ("write", errno.ENOSPC, 40), ("write", errno.EIO, FOR_EVER), ("sync", errno.EIO, 1),
          ("sync", errno.EIO, FOR_EVER), ("read", errno.EIO, 1), ("read", errno.EIO, 10), ("open", errno.EMFILE, 1), ("open", errno.EIO, 1)]


def run_one(programs, work, kind, number, times, n, seed, form):
    """(did a call fail, problems)"""
    folder, seen = work / "failing", work / "seen"
    seen.unlink(missing_ok=True)
    env = {"LD_PRELOAD": str(programs.shim("disk_fail")), "DISK_FAIL_ROOT": str(folder), "DISK_FAIL_KIND": kind, "DISK_FAIL_AT": str(n),
           "DISK_FAIL_TIMES": str(times), "DISK_FAIL_ERRNO": str(number), "DISK_FAIL_SEEN": str(seen)}
    try:
        done = subprocess.run([programs.load, folder, str(seed), str(COUNT), *form], env=env, capture_output=True, text=True, timeout=200)
        said = done.stdout.splitlines()
        if done.returncode == REFUSED and "ready" not in said and said and said[-1].startswith("cannot "):
            return seen.exists(), []
        problems = [] if done.returncode == 0 else [f"store_load ended with {done.returncode}: {said[-1:]} {done.stderr[-300:]}"]
        return seen.exists(), problems + unanswered(said) + believed.judge(said, programs.listed(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def unanswered(said):
    asked = {tuple(line.split()[1:3]) for line in said if line.startswith("+ ")}
    answered = {tuple(line.split()[1:3]) for line in said if line[:2] in ("= ", "- ")}
    return [f"{verb} {name} was never answered" for verb, name in sorted(asked - answered)]


def run(programs, work, seed, stride, verdict):
    """verdict(name, problems) once a fault."""
    for kind, number, times in FAULTS:
        n, failed, packed = 1, True, False
        while failed:
            failed, problems = run_one(programs, work, kind, number, times, n, seed, ("packed",) if packed else ())
            if failed:
                verdict(f"{kind} {n}{' packed' if packed else ''} fails {times if times < FOR_EVER else 'and all later'} with {errno.errorcode[number]}", problems)
            n, packed = n + stride, not packed
