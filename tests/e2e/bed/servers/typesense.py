#!/usr/bin/python3
"""A stand-in for Typesense (https://typesense.org/docs/30.0/api): a key, collections, documents, aliases and snapshots.

It cannot search. A snapshot is a copy of its files.
"""

from __future__ import annotations

import configparser
import json
import os
import shutil
import sys

sys.path.insert(0, "/usr/local/bin")
from stand_in import Content, Handler, Lines, Refused, options, serve  # noqa: E402

KNOWN = ("config", "data-dir", "api-key", "api-address", "api-port", "peering-address", "enable-cors")


def configured() -> dict[str, str]:
    given = options(KNOWN)
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(given.get("config", ()))
    return {**(dict(parser["server"]) if parser.has_section("server") else {}), **given}


SETTINGS = configured()
DATA = SETTINGS["data-dir"]


class Typesense(Handler):
    def answer(self, method: str, path: list[str], query: dict[str, str], body: bytes) -> tuple[int, object]:
        if path == ["health"]:
            return 200, {"ok": True}
        if self.headers.get("X-TYPESENSE-API-KEY") != SETTINGS["api-key"]:
            raise Refused(401, {"message": "Forbidden - a valid `x-typesense-api-key` header must be sent."})
        collections, aliases = CONTENT.all["collections"], CONTENT.all["aliases"]
        match method, path:
            case "GET", ["debug"]:
                return 200, {"state": 1, "version": os.environ["STAND_IN_VERSION"]}
            case "GET", ["collections"]:
                return 200, [summary(name) for name in sorted(collections)]
            case "POST", ["collections"]:
                schema = json.loads(body)
                if schema["name"] in collections:
                    raise Refused(409, {"message": "A collection with this name already exists."})
                collections[schema["name"]] = {"fields": schema["fields"], "documents": {}}
                CONTENT.save()
                return 201, summary(schema["name"])
            case "GET", ["collections", name]:
                return 200, summary(name)
            case "POST", ["collections", name, "documents", "import"]:
                summary(name)
                added = [json.loads(line) for line in body.decode().splitlines()]
                collections[name]["documents"].update({one["id"]: one for one in added})
                CONTENT.save()
                return 200, Lines({"success": True} for _ in added)
            case "GET", ["aliases"]:
                return 200, {"aliases": [{"name": key, "collection_name": to} for key, to in sorted(aliases.items())]}
            case "PUT", ["aliases", name]:
                aliases[name] = json.loads(body)["collection_name"]
                CONTENT.save()
                return 200, {"name": name, "collection_name": aliases[name]}
            case "POST", ["operations", "snapshot"]:
                shutil.copytree(os.path.join(DATA, "state"), os.path.join(query["snapshot_path"], "state"))
                return 201, {"success": True}
        raise Refused(404, {"message": "Not Found"})


def summary(name: str) -> dict[str, object]:
    found = CONTENT.all["collections"].get(name)
    if found is None:
        raise Refused(404, {"message": "Not Found"})
    return {"name": name, "fields": found["fields"], "num_documents": len(found["documents"])}


CONTENT = Content(os.path.join(DATA, "state", "content.json"), {"collections": {}, "aliases": {}})
serve(Typesense, SETTINGS.get("api-address", "0.0.0.0"), int(SETTINGS.get("api-port", "8108")))
