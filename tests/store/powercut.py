"""Power cuts: the record of a run (disk_record.c) is played up to a moment; what was not synced then is dropped, kept or torn."""
import random
import shutil
import struct
import subprocess
from pathlib import Path

HEAD = struct.Struct("=c3xIQII")
SECTOR = 512
COUNT = 3000                        # operations of the run: about four checkpoints


def records(path):
    """(kind, file, offset, octets) in order."""
    with open(path, "rb") as log:
        while head := log.read(HEAD.size):
            kind, file, offset, length, _ = HEAD.unpack(head)
            yield kind.decode(), file, offset, log.read(length)


class File:
    """What is surely on the disk, and what was written since."""

    def __init__(self):
        self.durable = bytearray()
        self.pending = []           # (number, offset, octets or None for a truncation)
        self.sync_from = []

    def apply(self, image, offset, octets):
        if octets is None:
            del image[offset:]
            image.extend(bytes(offset - len(image)))
        else:
            image.extend(bytes(max(0, offset - len(image))))
            image[offset:offset + len(octets)] = octets

    def synced(self):
        """What was written before the sync began is there now."""
        start = self.sync_from.pop()
        for number, offset, octets in self.pending:
            if number < start:
                self.apply(self.durable, offset, octets)
        self.pending = [change for change in self.pending if change[0] >= start]

    def after_cut(self, rng, mood):
        if not self.pending or mood == "drop":
            return self.durable
        image = bytearray(self.durable)
        for _, offset, octets in self.pending:
            fate = mood if mood != "mixed" else rng.choice(("drop", "keep", "torn"))
            if fate == "keep" or (fate == "torn" and octets is None):
                self.apply(image, offset, octets)
            elif fate == "torn":
                for at in range(0, len(octets), SECTOR):
                    if rng.random() < 0.5:
                        self.apply(image, offset + at, octets[at:at + SECTOR])
        return image


class Disk:
    """A folder as the record leaves it, record by record."""

    def __init__(self):
        self.files, self.names, self.folders = {}, {}, {""}
        self.changes = []           # (number, folder, kind, arguments) of names, not yet synced
        self.sync_from = {}
        self.number = 0

    def take(self, kind, file, offset, octets):
        self.number += 1
        if kind == "U":
            self.files[file] = File()
        elif kind in "CLXRM":
            self.name(kind, file, octets.decode())
        elif kind == "W":
            self.files[file].pending.append((self.number, offset, octets))
        elif kind == "T":
            self.files[file].pending.append((self.number, offset, None))
        elif kind == "S":
            self.files[file].sync_from.append(self.number)
        elif kind == "s":
            self.files[file].synced()
        elif kind == "D":
            self.sync_from[octets.decode()] = self.number
        elif kind == "d":
            self.folder_synced(octets.decode())

    def name(self, kind, file, path):
        if kind == "C":
            self.files[file] = File()
        first = path.split("\0")[0]
        self.changes.append((self.number, first.rpartition("/")[0], kind, file, path))

    def change(self, names, folders, kind, file, path):
        if kind in "CL":
            names[path] = file
        elif kind == "X":
            names.pop(path, None)
        elif kind == "M":
            folders.add(path)
        else:
            old, new = path.split("\0")
            if old in names:
                names[new] = names.pop(old)

    def folder_synced(self, folder):
        start = self.sync_from[folder]
        due = [c for c in self.changes if c[0] < start and c[1] == folder]
        for _, _, kind, file, path in due:
            self.change(self.names, self.folders, kind, file, path)
        self.changes = [c for c in self.changes if c not in due]

    def after_cut(self, rng, mood, to):
        """Make the folder as a machine finds it when it starts again."""
        names, folders = dict(self.names), set(self.folders)
        for _, _, kind, file, path in self.changes:
            if mood == "keep" or (mood in ("mixed", "torn") and rng.random() < 0.5):
                self.change(names, folders, kind, file, path)
        for folder in sorted(folders):
            if all(str(parent) in folders for parent in Path(folder).parents if str(parent) != "."):
                (to / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        for path, file in names.items():
            if not path.endswith("-shm") and (to / path).parent.is_dir():
                (to / path).write_bytes(self.files[file].after_cut(rng, mood))
                (to / path).chmod(0o600)


def play(record, cuts, seed, visit):
    """visit(where, said, folder maker) at each of `cuts` random moments after the store was made."""
    rng = random.Random(seed)
    total = sum(1 for _ in records(record))
    first = next(i for i, r in enumerate(records(record)) if r[0] == "N" and r[3] == b"ready\n")
    moments = sorted(rng.sample(range(first + 1, total + 1), min(cuts, total - first)))
    disk, said, at = Disk(), [], 0
    for number, record_ in enumerate(records(record), 1):
        if record_[0] == "N":
            said += record_[3].decode().splitlines()
        else:
            disk.take(*record_)
        while at < len(moments) and moments[at] == number:
            mood = ("drop", "keep", "torn", "mixed")[at % 4]
            visit(f"cut {at + 1} after record {number} of {total}, {mood}", said, lambda to: disk.after_cut(rng, mood, to))
            at += 1


def run_recorded(programs, work, seed, count, *words):
    """Run the load under the recorder; the record's path."""
    record, folder = work / "record", work / "recorded"
    record.unlink(missing_ok=True)
    env = {"DISK_RECORD_ROOT": str(folder), "DISK_RECORD_LOG": str(record), "LD_PRELOAD": str(programs.shim("disk_record"))}
    done = subprocess.run([programs.load, folder, str(seed), str(count), *words], env=env, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise RuntimeError(f"store_load ended with {done.returncode}: {done.stdout[-300:]}{done.stderr[-300:]}")
    shutil.rmtree(folder)
    return record
