"""A small authority and a leaf for the peers, made by openssl(1)."""

import subprocess


def make(folder, hostname):
    """Writes ca.pem, cert.pem and key.pem; the leaf names the host, localhost and loopback."""
    folder.mkdir(parents=True, exist_ok=True)
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]
    run(["openssl", "req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-subj", f"/CN=CA of {hostname}"], folder)
    run(["openssl", "req", *curve[:-2], "-keyout", "key.pem", "-out", "leaf.csr", "-subj", f"/CN={hostname}"], folder)
    (folder / "names").write_text(f"subjectAltName=DNS:{hostname},DNS:localhost,IP:127.0.0.1,IP:::1\n")
    run(["openssl", "x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30",
         "-extfile", "names", "-out", "cert.pem"], folder)


def run(words, folder):
    subprocess.run(words, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
