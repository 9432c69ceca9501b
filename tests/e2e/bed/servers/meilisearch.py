#!/usr/bin/python3
"""A stand-in for Meilisearch (https://www.meilisearch.com/docs/reference/api): keys, documents, settings, tasks and dumps.

It cannot search. Its dump is an archive like Meilisearch's, but with other files.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import tarfile
import tomllib

sys.path.insert(0, "/usr/local/bin")
from stand_in import Content, Handler, Refused, options, serve  # noqa: E402

KNOWN = (
    "config-file-path", "db-path", "dump-dir", "env", "http-addr", "ignore-dump-if-db-exists", "ignore-missing-dump",
    "import-dump", "log-level", "master-key", "max-indexing-memory", "no-analytics",
)  # fmt: skip
VERSION = os.environ["STAND_IN_VERSION"]


def configured() -> dict[str, str]:
    given = options(KNOWN)
    found = {}
    if path := given.get("config-file-path"):
        with open(path, "rb") as file:
            found = {key.replace("_", "-"): value for key, value in tomllib.load(file).items()}
    if unknown := sorted(set(found) - set(KNOWN)):
        sys.exit(f"error: unknown field `{unknown[0]}`")
    return {**found, **given}


SETTINGS = configured()
KEY = SETTINGS.get("master-key", "")
DATABASE = SETTINGS.get("db-path", "data.ms")
DUMPS = SETTINGS.get("dump-dir", "dumps")


class Meilisearch(Handler):
    def answer(self, method: str, path: list[str], query: dict[str, str], body: bytes) -> tuple[int, object]:
        if path == ["health"]:
            return 200, {"status": "available"}
        if KEY and self.headers.get("Authorization") != f"Bearer {KEY}":
            raise Refused(403, {"message": "The provided API key is invalid.", "code": "invalid_api_key"})
        match method, path:
            case "GET", ["version"]:
                return 200, {"pkgVersion": VERSION}
            case "GET", ["stats"]:
                known = {uid: {"numberOfDocuments": len(one["documents"])} for uid, one in indexes().items()}
                return 200, {"indexes": known}
            case "GET", ["indexes"]:
                known = [{"uid": uid, "primaryKey": one["key"]} for uid, one in indexes().items()]
                return 200, {"results": known, "total": len(known)}
            case "GET", ["indexes", uid, "settings"]:
                return 200, {"searchableAttributes": ["*"], "stopWords": [], **index(uid)["settings"]}
            case "PATCH", ["indexes", uid, "settings"]:
                indexes().setdefault(uid, new())["settings"].update(json.loads(body))
                return task("settingsUpdate")
            case "POST", ["indexes", uid, "documents"]:
                added = {str(one["id"]): one for one in json.loads(body)}
                indexes().setdefault(uid, new())["documents"].update(added)
                return task("documentAdditionOrUpdate")
            case "GET", ["tasks", number] if int(number) < len(CONTENT.all["tasks"]):
                return 200, CONTENT.all["tasks"][int(number)]
            case "POST", ["dumps"]:
                uid = f"dump-{len(CONTENT.all['tasks'])}"
                answer = task("dumpCreation", {"dumpUid": uid})
                dump(os.path.join(DUMPS, f"{uid}.dump"))
                return answer
        raise Refused(404, {"message": f"{method} /{'/'.join(path)} is not of the stand-in", "code": "not_found"})


def new() -> dict[str, object]:
    return {"key": "id", "documents": {}, "settings": {}}


def indexes() -> dict[str, dict]:
    return CONTENT.all["indexes"]


def index(uid: str) -> dict:
    if uid not in indexes():
        raise Refused(404, {"message": f"Index `{uid}` not found.", "code": "index_not_found"})
    return indexes()[uid]


def task(kind: str, details: dict[str, str] | None = None) -> tuple[int, object]:
    """A task that is done at once, but reported as enqueued."""
    uid = len(CONTENT.all["tasks"])
    CONTENT.all["tasks"].append({"uid": uid, "status": "succeeded", "type": kind, "details": details or {}})
    CONTENT.save()
    return 202, {"taskUid": uid, "status": "enqueued", "type": kind}


def dump(path: str) -> None:
    os.makedirs(DUMPS, exist_ok=True)
    content = json.dumps(CONTENT.all).encode()
    member = tarfile.TarInfo("content.json")
    member.size = len(content)
    with tarfile.open(path, "w:gz") as tar:
        tar.addfile(member, io.BytesIO(content))


def imported() -> dict:
    """The content of the dump that the options name, or new content."""
    path = SETTINGS.get("import-dump", "")
    if not path or not os.path.exists(path) and SETTINGS.get("ignore-missing-dump"):
        return {"indexes": {}, "tasks": []}
    with tarfile.open(path, "r:gz") as tar:
        return json.load(tar.extractfile("content.json"))


def version_of_data() -> str:
    try:
        with open(os.path.join(DATABASE, "VERSION")) as file:
            return file.read()
    except FileNotFoundError:
        return ""


if SETTINGS.get("env") == "production" and len(KEY) < 16:
    sys.exit("error: the master key must be at least 16 bytes in a production environment")
old = version_of_data()
if old and old != VERSION:
    sys.exit(f"error: Your database version ({old}) is incompatible with your current engine version ({VERSION}).")
if not old:
    shutil.rmtree(DATABASE, ignore_errors=True)
CONTENT = Content(os.path.join(DATABASE, "content.json"), imported() if not old else {})
with open(os.path.join(DATABASE, "VERSION"), "w") as file:
    file.write(VERSION)
address, _, port = SETTINGS.get("http-addr", "localhost:7700").rpartition(":")
serve(Meilisearch, address, int(port))
