"""Debian's avahi-daemon with a bus of its own on one of our hosts.  Its pid file is global: a mount of its own keeps daemons apart."""

import os
import subprocess
from pathlib import Path

from peers import wait

BUS_CONF = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={folder}/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
CONF = """[server]
host-name={name}
allow-interfaces=e0
use-ipv4=yes
use-ipv6=yes
[publish]
publish-workstation=no
publish-hinfo=no
"""
SERVICE = """<?xml version="1.0" standalone='no'?>
<!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<service-group><name>{name}</name><service><type>{type}</type><port>{port}</port>{texts}</service></service-group>
"""


class Avahi:
    """services: [(name, type, port, [text])] that it announces."""

    def __init__(self, host, folder, name="other", services=()):
        self.host, self.folder = host, Path(folder)
        self.folder.mkdir(parents=True)
        (self.folder / "services").mkdir()
        (self.folder / "run").mkdir()
        (self.folder / "bus.conf").write_text(BUS_CONF.format(folder=self.folder))
        (self.folder / "avahi.conf").write_text(CONF.format(name=name))
        for number, (title, kind, port, texts) in enumerate(services):
            lines = "".join(f"<txt-record>{text}</txt-record>" for text in texts)
            (self.folder / "services" / f"{number}.service").write_text(SERVICE.format(name=title, type=kind, port=port, texts=lines))
        self.env = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.folder}/bus"}

    def start(self):
        self.bus = self.host.popen(["dbus-daemon", f"--config-file={self.folder}/bus.conf", "--nofork"])
        wait.until("the bus", lambda: (self.folder / "bus").exists())
        mounts = (f"mkdir -p /run/avahi-daemon /etc/avahi/services && mount --bind {self.folder}/run /run/avahi-daemon && "
                  f"mount --bind {self.folder}/services /etc/avahi/services && "
                  f"exec avahi-daemon -f {self.folder}/avahi.conf --no-drop-root --no-chroot --no-rlimits")
        self.process = self.host.popen(["unshare", "--mount", "sh", "-c", mounts], env=self.env)
        wait.until("avahi runs", lambda: self.browse("_nothing._tcp") is not None)

    def browse(self, kind):
        """The parsed, resolved lines of avahi-browse: [(instance, host, address, port, texts)], each once."""
        done = self.host.run(["avahi-browse", "-rtp", kind], check=False, env=self.env)
        if done.returncode != 0 or (self.process.poll() is not None):
            if self.process.poll() is not None:
                raise wait.TooLate(f"avahi: {self.process.stdout.read()}")
            return None
        rows = [line.split(";") for line in done.stdout.splitlines() if line.startswith("=")]
        return sorted({(row[3], row[6], row[7], int(row[8]), ";".join(row[9:])) for row in rows})

    def resolve(self, name):
        return self.host.run(["avahi-resolve", "-4n", name], check=False, env=self.env).stdout.split()

    def stop(self):
        for child in (self.process, self.bus):
            child.terminate()
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
