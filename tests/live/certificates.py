"""Certificates of a test's own, for servers that speak TLS."""

from __future__ import annotations

import subprocess
from pathlib import Path

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
"""Made in milliseconds."""


def make_certificates(folder: Path, *, host: str = "IP:127.0.0.1") -> Path:
    """Return `folder` with ca.pem, and server.pem and server.key of a server called `host`."""
    _openssl(folder, "req", "-x509", *KEY, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=CA")
    _openssl(
        folder, "req", *KEY, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=server"
    )
    (folder / "names").write_text(f"subjectAltName={host}\n", encoding="utf-8")
    _openssl(
        folder,
        *("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key"),
        *("-CAcreateserial", "-extfile", "names", "-out", "server.pem"),
    )
    return folder


def _openssl(folder: Path, *words: str) -> None:
    done = subprocess.run(["openssl", *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
