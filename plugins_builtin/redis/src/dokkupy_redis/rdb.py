"""The formats of dumps. Pure.

`export` gives Redis's own format: `REDIS`, four digits of a version, ..., the byte 0xFF, eight bytes of CRC-64
(https://rdb.fnordig.de/file_format.html). `dump` gives that between two lines of ours, after the users that were added:

    DOKKUPY-REDIS 1
    user alice on #... ~cache:* +@read
    RDB
    REDIS0012...DOKKUPY-REDIS END
"""

from __future__ import annotations

MAGIC = b"REDIS"
FIRST = b"DOKKUPY-REDIS 1\n"
LAST = b"DOKKUPY-REDIS END\n"
BEFORE = b"RDB\n"
END = 9
"""Length of the end: 0xFF and the checksum."""


def check(head: bytes, tail: bytes, size: int) -> str:
    """Why a dump with this beginning and end is incomplete; empty if it seems complete. The checksum of a small dump is
    verified here. That of a large one is verified by the server, which refuses to load a dump with a wrong checksum."""
    if head.startswith(FIRST):
        if not tail.endswith(LAST):
            return "it ends early"
        before = head.find(b"\n" + BEFORE)
        if before < 0:
            return "" if size > len(head) else "it ends before its keys"
        start = before + 1 + len(BEFORE)
        head, tail, size = head[start:], tail.removesuffix(LAST), size - start - len(LAST)
        if size <= len(head):
            head = head[:size]
    if not head.startswith(MAGIC):
        return "it is not a dump of Redis" if size else "it is empty"
    if size < len(MAGIC) + 4 + END or tail[-END] != 0xFF:
        return "it ends early"
    if size == len(head) and tail[-8:] not in (bytes(8), crc64(head[:-8]).to_bytes(8, "little")):
        return "its checksum is wrong"
    return ""


POLYNOMIAL = 0x95AC9329AC4BC9B5
"""The polynomial of Jones, reflected (Redis, src/crc64.c)."""


def crc64(text: bytes) -> int:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (POLYNOMIAL if byte & 1 else 0)
        table.append(byte)
    sum_ = 0
    for byte in text:
        sum_ = table[(sum_ ^ byte) & 0xFF] ^ (sum_ >> 8)
    return sum_
