"""A full disk: 452 and NO, nothing lost, and as soon as there is room all goes on."""

import errno
import shutil
import time

from harness import mount
from harness.failure import Failure
from place import Place, Unfit, greeted, logged_in, send_letter, tagged, until_tag

SIZE = 96 << 20
LEFT = 66 << 20                    # a little above the reserve below which the store takes nothing new
TRIES = 200


def onto_small_disk(place, make=mount.tmpfs):
    """The data folder moves onto a file system of SIZE octets that only this test sees."""
    data, aside = place.server.folder / "data", place.server.folder / "aside"
    data.rename(aside)
    place.identity.make_folder(data)
    try:
        mount.own_mounts()
        make(data, SIZE, place.identity.uid, place.identity.gid)
    except OSError as error:
        raise Unfit(f"no file system of its own: {error}") from None
    for path in aside.iterdir():
        shutil.copy2(path, data / path.name) if path.is_file() else shutil.copytree(path, data / path.name)
    for path in data.rglob("*"):
        shutil.chown(path, place.identity.uid, place.identity.gid)


class Disk:
    def __init__(self, place):
        self.folder = place.server.folder / "data"
        self.filler = self.folder / "filler"

    def fill(self, left):
        free = shutil.disk_usage(self.folder).free
        try:
            with open(self.filler, "wb", buffering=0) as file:
                file.write(bytes(max(0, free - left)))
        except OSError as error:            # the daemons write too
            if error.errno != errno.ENOSPC or left > 0:
                raise

    def clear(self):
        self.filler.unlink()


def letter(n, octets):
    return f"Subject: {n}\r\n\r\n" + ("x" * 70 + "\r\n") * (octets // 72)


def append(client, tag, text):
    client.send(f"{tag} APPEND INBOX {{{len(text)}+}}\r\n{text}\r\n".encode())
    return until_tag(client, tag)[-1]


def until_full(smtp, octets):
    """Letters until one is refused; how many were taken, and the refusal."""
    for n in range(TRIES):
        got = send_letter(smtp, letter(n, octets))
        if not got.startswith("250"):
            return n, got
    raise Failure("a refusal for want of room", f"{TRIES} letters of {octets} octets taken")


def wanted(got, *starts):
    if not any(got.startswith(start) for start in starts):
        raise Failure(" or ".join(starts), got)


def messages(imap, tag):
    for line in tagged(imap, tag, "STATUS INBOX (MESSAGES)"):
        if "MESSAGES" in line:
            return int(line.partition("MESSAGES ")[2].partition(")")[0])
    raise Failure("STATUS", line)


def full_disk(options, folder, prepare=onto_small_disk):
    """A full disk is 452 4.3.1 to SMTP and NO to APPEND, mail can be read meanwhile, and room helps without a restart."""
    with Place(options, folder, prepare=prepare) as place:
        disk, smtp, imap = Disk(place), greeted(place), logged_in(place)
        wanted(send_letter(smtp), "250")
        disk.fill(LEFT)
        taken, got = until_full(smtp, 50_000)
        wanted(got, "452 4.3.1")
        wanted(send_letter(smtp, letter("big", 1_500_000)), "452 4.3.1")
        wanted(append(imap, "a", letter("appended", 200_000)), "a NO")
        if messages(imap, "b") != taken + 1:
            raise Failure(f"{taken + 1} messages", messages(imap, "c"))
        wanted(tagged(imap, "d", "EXAMINE INBOX")[-1], "d OK")
        if "Subject: x" not in "".join(tagged(imap, "e", "FETCH 1 BODY[]")):
            raise Failure("the first message while the disk is full", "not that")
        disk.clear()
        wanted(send_letter(smtp, letter("after", 50_000)), "250")
        wanted(send_letter(smtp, letter("big", 1_500_000)), "250")
        wanted(append(imap, "f", letter("appended", 200_000)), "f OK")
        if messages(imap, "g") != taken + 4:
            raise Failure(f"{taken + 4} messages", messages(imap, "h"))
        place.server.mailctl(["-c", str(place.server.conf), "check"])
        shutil.rmtree(place.server.folder / "aside")


def full_ext4(options, folder):
    """The same on ext4 in a file on a loop device."""
    full_disk(options, folder, lambda place: onto_small_disk(place, mount.ext4))


def full_at_start(options, folder):
    """A daemon that starts on a full disk serves what is there, or says in one line why not and exits 74."""
    with Place(options, folder, prepare=onto_small_disk) as place:
        disk = Disk(place)
        wanted(send_letter(greeted(place)), "250")
        place.server.stop()
        disk.fill(0)
        for name in ("imapd", "smtpd"):
            daemon = place.server.daemons[name]
            try:
                place.server.start([name])
            except Failure as failure:
                if daemon.process.wait() != 74 or "No space left" not in str(failure) or str(disk.folder) not in str(failure):
                    raise
        disk.clear()
        place.server.start()
        wanted(send_letter(greeted(place)), "250")


def eventually(claim, seconds=90):
    until = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def ballast(options, folder):
    """On a disk without one free octet mail can still be flagged, expunged and read, in the ballast's room; new mail is 452; the ballast comes back."""
    with Place(options, folder, prepare=onto_small_disk) as place:
        disk, smtp, imap = Disk(place), greeted(place), logged_in(place)
        file = disk.folder / "ballast"
        for n in range(3):
            wanted(send_letter(smtp, letter(n, 2000)), "250")
        if not eventually(lambda: any("event=ballast-made" in line for line in place.server.log_lines())):
            raise Failure("a ballast", "none")
        disk.fill(0)
        wanted(tagged(imap, "a", "SELECT INBOX")[-1], "a OK")
        for n in range(400):
            wanted(tagged(imap, f"s{n}", f"STORE 1:3 {'+-'[n % 2]}FLAGS.SILENT (\\Flagged)")[-1], f"s{n} OK")
            if file.stat().st_size == 0:
                break
        else:
            raise Failure("the ballast given up", file.stat().st_size)
        wanted(send_letter(smtp, letter("new", 2000)), "452 4.3.1")
        wanted(tagged(imap, "b", "STORE 1 +FLAGS (\\Deleted)")[-1], "b OK")
        wanted(tagged(imap, "c", "EXPUNGE")[-1], "c OK")
        if "Subject: 2" not in "".join(tagged(imap, "d", "FETCH 2 BODY.PEEK[]")):
            raise Failure("the last message while the disk is full", "not that")
        disk.clear()
        wanted(send_letter(smtp, letter("after", 2000)), "250")
        if not eventually(lambda: file.stat().st_size > 1 << 20):
            raise Failure("the ballast made again", file.stat().st_size)
        if messages(imap, "e") != 3:
            raise Failure("3 messages", messages(imap, "f"))
        place.server.mailctl(["-c", str(place.server.conf), "check"])
        shutil.rmtree(place.server.folder / "aside")


TESTS = [full_disk, full_ext4, full_at_start, ballast]
