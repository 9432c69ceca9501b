"""A repository without snapshots whose key costs nothing to derive: restic picks a cost of a quarter of a second or more,
and pays it each time it opens a repository. Made by `restic init`; the key is encrypted again with scrypt's N = 2.
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

KEY = "canary-encryption-key-of-the-tests"
CONFIG = (
    "5Db1ZIXeB77H0SMuFxXVwohG5uqsgZKbKncapL6PGSfwgGfvRQEAvFRdD5tv6Ah4otX4kIj9QH9z2InCW25riEdeN2TmVhgYokLB"
    "83yLTGFDstxfsQS/382WbsB6K5m9l1oVBdQnTClnI2ijtxnr3T2Spe1NvZmpivcT8GIPgG/lGi1hIPKruyrl2VV6osKJ42+SCTp+"
    "wtR+lC8="
)
SALT = "kpxn/3l4F2BrmEC1LstPvWTKDOr42e5Iz9E5YNvYQW+ziUv/fU7+Gt+aHGXmV2PNQRDANi4MMTYL8lepzUXUyw=="
DATA = (
    "R09gCBtJ7qBhGk/bicFZB19ZtKyOmxW6Jo565sv6QsKDVKwM6VU4Kn5/nr+1E/wZpBEksrrNTTtjNpimbJBeeIFgLanGGnQ+CUZc"
    "YLUe7Wsw7kE3tJO8FOi/3YDGB5G7NCv4FiH3I7ZM7J7W/A9VZ9SSXkkm1Sv/sPoVL0yrF7xnkSNCW/4WiVdiKVjNJuwOTq6D1giK"
    "znDJ8No0Wwdlkg=="
)


def make(path: Path) -> Path:
    """Write the repository to a folder that is not there yet."""
    for name in ("data", "index", "keys", "locks", "snapshots"):
        (path / name).mkdir(parents=True)
    for number in range(256):
        (path / "data" / f"{number:02x}").mkdir()
    (path / "config").write_bytes(base64.b64decode(CONFIG))
    table = {
        "created": "2026-01-01T00:00:00Z",
        "username": "nobody",
        "hostname": "nowhere",
        "kdf": "scrypt",
        "N": 2,
        "r": 1,
        "p": 1,
    }
    key = json.dumps({**table, "salt": SALT, "data": DATA}).encode()
    (path / "keys" / hashlib.sha256(key).hexdigest()).write_bytes(key)
    return path
