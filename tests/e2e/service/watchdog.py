"""watchdog CONF FOLDER: be the service manager of an smtpd with a watchdog of 0.6 s; tell what it says, and when it falls silent."""
import os
import signal
import socket
import subprocess
import sys
import time

conf, folder = sys.argv[1:]
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(f"{folder}/manager")


def hear(seconds):
    """What is said in that time."""
    said, end = [], time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        manager.settimeout(left)
        try:
            said.append(manager.recv(99).decode())
        except TimeoutError:
            break
    return said


def start(**extra):
    env = dict(os.environ, NOTIFY_SOCKET=f"{folder}/manager", WATCHDOG_USEC="600000", **extra)
    process = subprocess.Popen(["smtpd", "-c", conf], env=env, stderr=subprocess.DEVNULL)
    manager.settimeout(30)
    print(manager.recv(99).decode())
    return process


def until(holds, seconds):
    """What is said in that time, the first time that it is as wanted; a busy machine has ten tries."""
    for _ in range(10):
        said = hear(seconds)
        if holds(said):
            break
    return said


keeper = start()
said = until(lambda said: 5 <= len(said) <= 11, 3)
print(set(said), "every half interval" if 5 <= len(said) <= 11 else f"{len(said)} times in 3 s")
with open(f"/proc/{keeper.pid}/task/{keeper.pid}/children") as file:
    server = int(file.read())
os.kill(server, signal.SIGSTOP)
print("while the server hangs:", until(lambda said: not said, 1.5))
os.kill(server, signal.SIGCONT)
print("when it goes on:", set(until(len, 1.5)))
keeper.terminate()
print("exit", keeper.wait(20))
hear(0.1)
other = start(WATCHDOG_PID="1")
print("for another process:", hear(1))
other.terminate()
print("exit", other.wait(20))
