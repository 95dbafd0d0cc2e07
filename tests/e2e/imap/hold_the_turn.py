"""hold_the_turn.py DATA FILE: the write turn of a store, held as long as FILE is there; it is made when the turn is held."""
import fcntl
import sys
import time
from pathlib import Path

data, sign = Path(sys.argv[1]), Path(sys.argv[2])
with open(data / "turnstile", "r+b") as turnstile:
    fcntl.lockf(turnstile, fcntl.LOCK_EX, 2)
    sign.touch()
    deadline = time.monotonic() + 120
    while sign.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
