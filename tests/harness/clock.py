"""The clock of test builds: a file that holds how many milliseconds to add."""

import os
import re
import struct

from harness.failure import Failure

UNITS_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


class Clock:
    def __init__(self, path):
        self.path, self.ahead_ms = str(path), 0
        with open(path, "wb") as file:
            file.write(struct.pack("=q", 0))
        os.chmod(path, 0o644)

    def move(self, text):
        found = re.fullmatch(r"\+(\d+)([smhd])", text)
        if not found:
            raise Failure("clock +NUMBER and one of s m h d", text)
        self.ahead_ms += int(found.group(1)) * UNITS_MS[found.group(2)]
        # Servers have the file mapped: write in place, all eight octets in one call.
        descriptor = os.open(self.path, os.O_WRONLY)
        os.pwrite(descriptor, struct.pack("=q", self.ahead_ms), 0)
        os.close(descriptor)
