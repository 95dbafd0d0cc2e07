"""wait_and_send CONF PORT ADDRESS SUBJECT...: for each subject start `mailctl wait`, send it the mail while it waits, tell how soon it knew.

A busy machine makes one of them late, hardly all: the whole is tried again, with another mailbox that is not there yet, when one was.
"""
import smtplib
import subprocess
import sys
import time

SOON_S = 1                          # before anything that asks again and again would notice
TRIES = 10

conf, port, address, *subjects = sys.argv[1:]


def wait_and_send(mailbox, subject):
    """(how long it took, the subject told)"""
    waiting = subprocess.Popen(["mailctl", "-c", conf, "wait", mailbox, "--match", f"subject:{subject}", "--timeout", "90s"],
                               stdout=subprocess.PIPE, text=True)
    time.sleep(0.7)
    assert waiting.poll() is None
    with smtplib.SMTP("127.0.0.1", int(port)) as smtp:
        smtp.sendmail("x@y.test", [mailbox], f"Subject: {subject}\r\n\r\n")
        sent = time.monotonic()
        line = waiting.communicate(timeout=100)[0]
    return time.monotonic() - sent, line.split("\t")[-1].strip()


for n in range(TRIES):
    woken = [wait_and_send(f"{n}{address}", subject) for subject in subjects]
    if all(took < SOON_S for took, _ in woken):
        break
for took, subject in woken:
    print("woken within a second" if took < SOON_S else f"woken after {took:.2f} s", subject, sep=": ")
