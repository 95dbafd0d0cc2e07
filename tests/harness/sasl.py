"""The client's half of AUTH, for SMTP and IMAP.  RFC 4616 (PLAIN), RFC 5802 and 7677 (SCRAM-SHA-256)."""

import base64
import hashlib
import hmac
import secrets

from harness.client import octets_of
from harness.failure import Failure


def encode(octets):
    return base64.b64encode(octets).decode()


def digest(key, text):
    return hmac.new(key, text, hashlib.sha256).digest()


def plain(user, password):
    """Each message of ours, given the server's last one (None before the first)."""
    yield octets_of(f"\0{user}\0{password}")


def scram_sha_256(user, password):
    name = user.replace("=", "=3D").replace(",", "=2C")
    first = f"n={name},r={secrets.token_urlsafe(18)}"
    challenge = (yield octets_of("n,," + first)).decode()
    fields = dict(field.split("=", 1) for field in challenge.split(","))
    if not fields["r"].startswith(first.rpartition("r=")[2]):
        raise Failure("a nonce that begins with ours", challenge)
    salted = hashlib.pbkdf2_hmac("sha256", octets_of(password), base64.b64decode(fields["s"]), int(fields["i"]))
    final = f"c=biws,r={fields['r']}"
    signed = octets_of(f"{first},{challenge},{final}")
    key = digest(salted, b"Client Key")
    proof = bytes(a ^ b for a, b in zip(key, digest(hashlib.sha256(key).digest(), signed)))
    verdict = (yield octets_of(f"{final},p={encode(proof)}")).decode()
    want = "v=" + encode(digest(digest(salted, b"Server Key"), signed))
    if verdict != want:
        raise Failure(f"the server's signature {want}", verdict)
    yield b""


MECHANISMS = {"plain": plain, "scram-sha-256": scram_sha_256}


def authenticate(client, mechanism, user, password, send, receive, unread):
    """Send and receive until the server says something else than a challenge; that line is given back."""
    if mechanism not in MECHANISMS:
        raise Failure("auth plain or auth scram-sha-256", mechanism)
    messages = MECHANISMS[mechanism](user, password)
    message = next(messages)
    mark = "+ " if client.protocol == "imap" else "334 "
    if client.protocol == "imap":
        send(f"auth AUTHENTICATE {mechanism.upper()}")
    else:
        send(f"AUTH {mechanism.upper()} {encode(message)}")
    pending = client.protocol == "imap"
    while True:
        line = receive()
        if not (line + " ").startswith(mark):
            unread(line)
            return
        if pending:
            pending = False
        else:
            try:
                message = messages.send(base64.b64decode(line[len(mark):]))
            except (StopIteration, KeyError, ValueError) as error:
                raise Failure("a challenge of this mechanism", f"{line} ({error!r})") from None
        send(encode(message))
