"""keep_turn.py TURNSTILE RELEASE: keep the store's turn, tell by the file RELEASE.kept, and give it back when the file RELEASE is there."""

import fcntl
import os
import struct
import sys
import time

F_OFD_SETLK = 37
WRITER = 1
DEADLINE_S = 120

turnstile, release = sys.argv[1:]
descriptor = os.open(turnstile, os.O_RDWR)
fcntl.fcntl(descriptor, F_OFD_SETLK, struct.pack("hhqqixxxx", fcntl.F_WRLCK, os.SEEK_SET, WRITER, 1, 0))
open(release + ".kept", "w").close()
end = time.monotonic() + DEADLINE_S
while not os.path.exists(release) and time.monotonic() < end:
    time.sleep(0.05)
