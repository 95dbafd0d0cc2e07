#!/usr/bin/env python3
"""app register|remind ADDRESS: somebody's application, which sends mail to SMTP_HOST:SMTP_PORT."""
import os
import smtplib
import sys
from email.message import EmailMessage

verb, address = sys.argv[1:]
mail = EmailMessage()
mail["From"], mail["To"] = "Shop <no-reply@app.test>", address
mail["Subject"] = {"register": "Welcome, näw user", "remind": "Please do not forget"}[verb]
mail.set_content("hello")
with smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"])) as smtp:
    smtp.send_message(mail)
