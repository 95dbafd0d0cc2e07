"""submit PORT USER:PASSWORD RECIPIENT N: N letters in one session."""
import smtplib
import sys

port, login, recipient, n = sys.argv[1:]
user, password = login.split(":")
with smtplib.SMTP("127.0.0.1", int(port)) as smtp:
    smtp.login(user, password)
    for number in range(int(n)):
        smtp.sendmail(user, recipient, f"Subject: letter {number}\r\n\r\nhello\r\n")
