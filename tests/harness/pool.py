"""Run many jobs, each in a process of its own, and count how they end."""

import json
import os
import select
import signal
import sys
import time
import traceback

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
GRACE_S = 40


class Totals:
    def __init__(self):
        self.count = {PASSED: 0, FAILED: 0, SKIPPED: 0}

    def add(self, verdict, text=""):
        self.count[verdict] += 1
        if text:
            print(text, flush=True)

    def finish(self):
        """The last line; the exit code.  Nothing at all is a failure."""
        print(f"{self.count[PASSED]} passed, {self.count[FAILED]} failed, {self.count[SKIPPED]} skipped", flush=True)
        return 1 if self.count[FAILED] or not any(self.count.values()) else 0


class Job:
    """A forked child that runs work() -> (verdict, text) and writes the answer into a pipe."""

    def __init__(self, name, work, limit_s):
        self.name, self.answer = name, b""
        self.deadline = time.monotonic() + limit_s + GRACE_S
        self.pipe, write = os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.pipe)
            os.setpgid(0, 0)
            self.child(work, write)
        os.close(write)

    @staticmethod
    def child(work, write):
        try:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            answer = work()
        except BaseException:
            answer = (FAILED, traceback.format_exc())
        data = json.dumps(answer).encode()
        while data:
            data = data[os.write(write, data):]
        os._exit(0)

    def read(self):
        """True when the child has ended."""
        octets = os.read(self.pipe, 65536)
        self.answer += octets
        return octets == b""

    def result(self):
        os.close(self.pipe)
        os.waitpid(self.pid, 0)
        if not self.answer:
            return FAILED, f"{self.name}: the test's process died"
        return tuple(json.loads(self.answer))

    def kill(self):
        os.killpg(self.pid, signal.SIGKILL)


def run_all(jobs, n_parallel, limit_s, totals):
    """jobs: list of (name, work).  Results are printed as they come."""
    waiting, running = list(jobs), []
    try:
        while waiting or running:
            while waiting and len(running) < n_parallel:
                name, work = waiting.pop(0)
                running.append(Job(name, work, limit_s))
            ready, _, _ = select.select([job.pipe for job in running], [], [], 1)
            for job in [job for job in running if job.pipe in ready]:
                if job.read():
                    running.remove(job)
                    totals.add(*job.result())
            for job in running:
                if time.monotonic() > job.deadline:
                    job.kill()
    finally:
        for job in running:
            job.kill()
