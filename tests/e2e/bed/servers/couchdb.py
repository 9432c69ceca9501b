#!/usr/bin/python3
"""A stand-in for CouchDB 3 (https://docs.couchdb.org/en/stable/api): administrators of its settings, databases, documents.

One file for each database. It has no views, no attachments and no replication.
"""

from __future__ import annotations

import base64
import configparser
import glob
import hashlib
import json
import os
import sys
from urllib.parse import quote, unquote

sys.path.insert(0, "/usr/local/bin")
from stand_in import Content, Handler, Refused, options, serve  # noqa: E402

DATA = "/opt/couchdb/data"
options(())
SETTINGS = configparser.ConfigParser(interpolation=None, strict=False)
SETTINGS.read(sorted(glob.glob("/opt/couchdb/etc/local.d/*.ini")))
ADMINS = dict(SETTINGS["admins"]) if SETTINGS.has_section("admins") else {}
DATABASES = {}


def is_password(stored: str, given: str) -> bool:
    """https://docs.couchdb.org/en/stable/config/auth.html"""
    digest, salt, iterations = stored.removeprefix("-pbkdf2-").split(",")
    return hashlib.pbkdf2_hmac("sha1", given.encode(), salt.encode(), int(iterations), 20).hex() == digest


class CouchDB(Handler):
    def answer(self, method: str, path: list[str], query: dict[str, str], body: bytes) -> tuple[int, object]:
        if path == ["_up"]:
            return 200, {"status": "ok"}
        self.authenticate()
        match method, path:
            case "GET", []:
                return 200, {"couchdb": "Welcome", "version": "3.5.1"}
            case "GET", ["_all_dbs"]:
                return 200, sorted(DATABASES)
            case "PUT", [name] if name in DATABASES:
                raise Refused(412, {"error": "file_exists", "reason": "The database could not be created."})
            case "PUT", [name]:
                create(name)
                return 201, {"ok": True}
            case "DELETE", [name]:
                os.remove(database(name).path)
                del DATABASES[name]
                return 200, {"ok": True}
            case "GET", [name]:
                documents = database(name).all.values()
                gone = sum(bool(one.get("_deleted")) for one in documents)
                return 200, {"db_name": name, "doc_count": len(documents) - gone, "doc_del_count": gone}
            case "GET", [name, "_design_docs"]:
                rows = [{"id": key, "value": {"rev": one["_rev"]}} for key, one in sorted(database(name).all.items())]
                return 200, {"rows": [row for row in rows if row["id"].startswith("_design/")]}
            case "POST", [name, "_bulk_docs"]:
                made = [write(database(name), one["_id"], one) for one in json.loads(body)["docs"]]
                database(name).save()
                return 201, made
            case "PUT", [name, *rest]:
                made = write(database(name), "/".join(rest), json.loads(body))
                database(name).save()
                return (201, made) if made.get("ok") else (409, made)
            case "GET", [name, *rest] if "/".join(rest) in database(name).all:
                return 200, database(name).all["/".join(rest)]
        raise Refused(404, {"error": "not_found", "reason": "missing"})

    def authenticate(self) -> None:
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        user, _, password = base64.b64decode(token).decode().partition(":") if scheme == "Basic" else ("", "", "")
        if user not in ADMINS or not is_password(ADMINS[user], password):
            raise Refused(401, {"error": "unauthorized", "reason": "Name or password is incorrect."})


def create(name: str) -> None:
    DATABASES[name] = Content(os.path.join(DATA, "shards", f"{quote(name, safe='')}.couch"), {})


def database(name: str) -> Content:
    if name not in DATABASES:
        raise Refused(404, {"error": "not_found", "reason": "Database does not exist."})
    return DATABASES[name]


def write(content: Content, key: str, document: dict) -> dict[str, object]:
    before = content.all.get(key, {}).get("_rev", "")
    if before != document.get("_rev", ""):
        return {"id": key, "error": "conflict", "reason": "Document update conflict."}
    revision = f"{int(before.partition('-')[0] or 0) + 1}-{hashlib.md5(json.dumps(document).encode()).hexdigest()}"
    content.all[key] = {**document, "_id": key, "_rev": revision}
    return {"ok": True, "id": key, "rev": revision}


if not ADMINS:
    sys.exit("ERROR: CouchDB 3.0+ will no longer run in 'Admin Party' mode.")
for file in glob.glob(os.path.join(DATA, "shards", "*.couch")):
    create(unquote(os.path.basename(file).removesuffix(".couch")))
for system in ("_users", "_replicator"):
    if system not in DATABASES:
        create(system)
serve(CouchDB, "0.0.0.0", 5984)
