"""wait_and_send CONF PORT ADDRESS SUBJECT: start `mailctl wait`, send it the mail while it waits, tell how soon it knew."""
import smtplib
import subprocess
import sys
import time

conf, port, address, subject = sys.argv[1:]
waiting = subprocess.Popen(["mailctl", "-c", conf, "wait", address, "--match", f"subject:{subject}", "--timeout", "90s"],
                           stdout=subprocess.PIPE, text=True)
time.sleep(0.7)
assert waiting.poll() is None
with smtplib.SMTP("127.0.0.1", int(port)) as smtp:
    smtp.sendmail("x@y.test", [address], f"Subject: {subject}\r\n\r\n")
    sent = time.monotonic()
    line = waiting.communicate(timeout=100)[0]
took = time.monotonic() - sent
print("woken" if took < 20 else f"woken after {took:.2f} s")
print(line.split("\t")[-1].strip())
