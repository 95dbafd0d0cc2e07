"""Debian's Postfix with its default settings, on loopback ports, delivering by virtual(8) into Maildir folders."""

import os
import shutil
import subprocess
from pathlib import Path

from peers import wait

SMTP_PORT = 2525
NOBODY = 65534
CHROOT_FILES = ("hosts", "services", "nsswitch.conf", "resolv.conf", "localtime")

# Debian's default main.cf says compatibility_level, biff and append_dot_mydomain; the rest is where to run and what for.
MAIN_CF = """
compatibility_level = 3.6
biff = no
append_dot_mydomain = no
readme_directory = no
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
queue_directory = {folder}/spool
data_directory = {folder}/data
myhostname = mx.{domain}
mydomain = {domain}
myorigin = {domain}
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
disable_dns_lookups = yes
smtp_host_lookup = native
smtpd_peername_lookup = no
alias_maps =
alias_database =
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = inline:{{ {mailboxes} }}
virtual_uid_maps = static:{nobody}
virtual_gid_maps = static:{nobody}
transport_maps = inline:{{ {transports} }}
smtp_tls_security_level = {tls_out}
smtp_tls_CAfile = {ca}
smtp_tls_loglevel = 1
smtpd_tls_loglevel = 1
"""

TLS_CF = """
smtpd_tls_security_level = may
smtpd_tls_cert_file = {tls}/cert.pem
smtpd_tls_key_file = {tls}/key.pem
"""

SUBMISSION_CF = """127.0.0.1:{port} inet n - y - - smtpd
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_sasl_type=dovecot
  -o smtpd_sasl_path=private/auth
  -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject
"""


class Postfix:
    """domain: its own; users: mailboxes; relays: {domain: port on 127.0.0.1}; tls: folder with cert.pem and key.pem, or None.

    submission_port: where users log in through Dovecot's socket spool/private/auth; 0 without.  more: further lines of main.cf.
    """

    def __init__(self, folder, domain, users, relays=None, tls=None, ca="", tls_out="may", port=SMTP_PORT, submission_port=0, more=""):
        self.folder, self.conf = Path(folder), Path(folder) / "etc"
        self.port, self.submission_port = port, submission_port
        for name in ("etc", "spool", "data", "mail"):
            (self.folder / name).mkdir(parents=True)
        os.chmod(self.folder, 0o755)
        shutil.chown(self.folder / "data", "postfix", "postfix")
        for user in users:
            (self.folder / "mail" / user).mkdir()
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", str(self.folder / "mail")], check=True)
        text = MAIN_CF.format(
            folder=self.folder, domain=domain, nobody=NOBODY, ca=ca, tls_out=tls_out,
            mailboxes=", ".join(f"{user}@{domain}={user}/Maildir/" for user in users),
            transports=", ".join([f"{{ {domain}=virtual: }}", *(f"{{ {name}=smtp:[127.0.0.1]:{port} }}" for name, port in (relays or {}).items())]))
        text += (TLS_CF.format(tls=tls) if tls else "") + more
        (self.conf / "main.cf").write_text(text)
        self.write_master()
        for name in ("postfix-files", "dynamicmaps.cf"):
            (self.conf / name).write_text("")
        self.fill_chroot()

    def write_master(self):
        text = Path("/usr/share/postfix/master.cf.dist").read_text()
        text = text.replace("\nsmtp      inet  n", f"\n127.0.0.1:{self.port} inet  n", 1)
        text += SUBMISSION_CF.format(port=self.submission_port) if self.submission_port else ""
        (self.conf / "master.cf").write_text(text)

    def fill_chroot(self):
        (self.folder / "spool" / "etc").mkdir()
        for name in CHROOT_FILES:
            if Path("/etc", name).exists():
                shutil.copy(f"/etc/{name}", self.folder / "spool" / "etc" / name)

    def run(self, *words):
        done = subprocess.run([words[0], "-c", str(self.conf), *words[1:]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise wait.TooLate(f"{' '.join(words)}: {done.stdout.strip()}")
        return done.stdout

    def start(self):
        self.run("postfix", "start")
        wait.until("Postfix listens", lambda: wait.answers(self.port))

    def stop(self):
        subprocess.run(["postfix", "-c", str(self.conf), "stop"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def log(self):
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def messages(self, user):
        """The files in a mailbox."""
        maildir = self.folder / "mail" / user / "Maildir"
        return [path for name in ("new", "cur") for path in sorted((maildir / name).glob("*"))]
