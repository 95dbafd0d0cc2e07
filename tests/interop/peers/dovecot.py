"""Debian's Dovecot on loopback ports, the configuration of the measurements it is compared with."""

import os
import subprocess
from pathlib import Path

from peers import wait

IMAP_PORT = 2143
NOBODY = 65534

CONF = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
listen = 127.0.0.1
protocols = imap
ssl = {ssl}
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = {location}
mail_max_userip_connections = 0
first_valid_uid = 1
default_process_limit = 4096
default_client_limit = 12000
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={nobody} gid={nobody} home={mail}/%n
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
service imap {{
  process_limit = 4096
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service stats {{
  client_limit = 12000
}}
"""

TLS = """
ssl_cert = <{tls}/cert.pem
ssl_key = <{tls}/key.pem
"""

PACKED = """
mail_plugins = zlib
plugin {{
  zlib_save = {packing}
}}
"""

AUTH_FOR_POSTFIX = """
service auth {{
  unix_listener {socket} {{
    mode = 0660
    user = postfix
    group = postfix
  }}
}}
"""


class Dovecot:
    """users: {address: password}; mail: where homes are; kind: maildir sdbox mdbox; packing: zstd; auth_socket: Postfix's private/auth."""

    def __init__(self, folder, users, mail, kind="maildir", tls=None, auth_socket=None, imap_port=IMAP_PORT, imaps_port=0, packing=None):
        self.folder = Path(folder)
        self.imap_port, self.imaps_port = imap_port, imaps_port
        for name in ("run", "state"):
            (self.folder / name).mkdir(parents=True)
        os.chmod(self.folder, 0o755)
        location = "maildir:~/Maildir" if kind == "maildir" else f"{kind}:~/{kind}"
        text = CONF.format(folder=self.folder, ssl="yes" if tls else "no", location=location, nobody=NOBODY, mail=mail,
                           imap=imap_port, imaps=imaps_port)
        text += TLS.format(tls=tls) if tls else ""
        text += PACKED.format(packing=packing) if packing else ""
        text += AUTH_FOR_POSTFIX.format(socket=auth_socket) if auth_socket else ""
        self.conf = self.folder / "dovecot.conf"
        self.conf.write_text(text)
        (self.folder / "users").write_text("".join(f"{name}:{{PLAIN}}{password}\n" for name, password in users.items()))
        self.process = None

    def start(self):
        self.process = subprocess.Popen(["dovecot", "-F", "-c", str(self.conf)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        def ready():
            if self.process.poll() is not None:
                raise wait.TooLate(f"dovecot: {self.process.stderr.read().decode(errors='replace')} {self.log()}")
            return wait.answers(self.imap_port)
        wait.until("Dovecot listens", ready)

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def log(self):
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""
