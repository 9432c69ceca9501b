"""The checkout under test, as a tar stream: the files of a fresh clone, with changes that are not committed yet."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

from bed.engine import run

ROOT = Path(__file__).resolve().parents[3]
#: The paths that the installer reads. A change of any other file cannot change an installed host.
INSTALLED = ("core", "plugin_sdk", "plugins_builtin", "examples", "install.sh", "pyproject.toml", "README.md")


def paths() -> list[str]:
    """Every existing file that git tracks or would track."""
    listed = run(["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]).stdout
    return sorted(name for name in listed.split("\0") if name and (ROOT / name).is_file())


def archive() -> bytes:
    """The checkout as a tar stream with the folder `dokkupy` at its root."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name in paths():
            tar.add(ROOT / name, arcname=f"dokkupy/{name}", recursive=False)
    return stream.getvalue()


def fingerprint() -> str:
    """A hash that changes if an installation from this checkout would differ."""
    digest = hashlib.sha256()
    for name in paths():
        if name.split("/", 1)[0] in INSTALLED and "/tests/" not in name:
            digest.update(f"{name}\0{(ROOT / name).stat().st_mode & 0o111:o}\0".encode())
            digest.update(hashlib.sha256((ROOT / name).read_bytes()).digest())
    return digest.hexdigest()[:12]
