#!/opt/secantus/bin/python
"""NOT MongoDB's tools: `mongodump --archive` and `mongorestore --archive` for tests, on pymongo.

MongoDB's own tools are in no package registry. A test with these tools only shows that the options are right. An
archive has the same structure (magic number, prelude, namespaces in blocks, each ended by 0xffffffff), but its
checksums are 0. So the real `mongorestore` cannot read it, and these tools cannot read real archives.

A dump contains documents byte for byte, collection options (validators, capped, collation), indexes, views, GridFS (two
collections) and roles. It also contains users with their hashed passwords, but the stand-in for the server does not
accept those. A restore therefore prints each user that does not exist, and continues. Not supported: --oplog,
directories instead of an archive, --query, time series.
"""

from __future__ import annotations

import argparse
import fnmatch
import getpass
import gzip
import struct
import sys
from pathlib import Path

import bson
import pymongo
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from bson.son import SON
from pymongo.errors import OperationFailure, PyMongoError

MAGIC = struct.pack("<I", 0x8199E26D)
END = b"\xff\xff\xff\xff"
RAW = CodecOptions(document_class=RawBSONDocument)
ORDERED = CodecOptions(document_class=SON)
#: Fields of `listCollections` that `create` does not accept.
NOT_OPTIONS = ("uuid",)


class Broken(Exception):
    """The archive is incomplete."""


def options(program: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(program, add_help=False, allow_abbrev=False)
    parser.add_argument("--help", action="help")
    parser.add_argument("--version", action="version", version=f"{program} version: a stand-in of dokkupy's test bed")
    parser.add_argument("--uri")
    parser.add_argument("-h", "--host", default="localhost")
    parser.add_argument("--port", type=int)
    parser.add_argument("-u", "--username")
    parser.add_argument("-p", "--password")
    parser.add_argument("--config", help="a YAML file with `uri:` or `password:`")
    parser.add_argument("--authenticationDatabase")
    parser.add_argument("--authenticationMechanism")
    parser.add_argument("-d", "--db")
    parser.add_argument("-c", "--collection")
    parser.add_argument("--archive", nargs="?", const="-", required=True)
    parser.add_argument("--gzip", action="store_true")
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("-v", "--verbose", action="count")
    parser.add_argument("-j", "--numParallelCollections", type=int)
    if program == "mongodump":
        parser.add_argument("--excludeCollection", action="append", default=[])
        parser.add_argument("--readPreference")
        parser.add_argument("--forceTableScan", action="store_true")
        parser.add_argument("--dumpDbUsersAndRoles", action="store_true")
    else:
        parser.add_argument("--drop", action="store_true")
        parser.add_argument("--dryRun", action="store_true")
        parser.add_argument("--nsInclude", action="append", default=[])
        parser.add_argument("--nsExclude", action="append", default=[])
        parser.add_argument("--nsFrom", action="append", default=[])
        parser.add_argument("--nsTo", action="append", default=[])
        parser.add_argument("--stopOnError", action="store_true")
        parser.add_argument("--bypassDocumentValidation", action="store_true")
        parser.add_argument("--noIndexRestore", action="store_true")
        parser.add_argument("--restoreDbUsersAndRoles", action="store_true")
        parser.add_argument("--numInsertionWorkersPerCollection", type=int)
    return parser.parse_args()


def client(given: argparse.Namespace) -> pymongo.MongoClient:
    if given.config:
        for line in Path(given.config).read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip() in ("uri", "password"):
                value = value.strip()
                if value[:1] == value[-1:] and value[:1] in ("'", '"'):
                    quote, value = value[0], value[1:-1]
                    value = value.replace("''", "'") if quote == "'" else value.replace('\\"', '"').replace("\\\\", "\\")
                setattr(given, key.strip(), value)
    if given.username and given.password is None:
        asks = sys.stdin.isatty()
        given.password = getpass.getpass("Enter password: ") if asks else sys.stdin.buffer.readline().decode().rstrip("\n")
    words = {}
    if given.username:
        words = {"username": given.username, "password": given.password}
        words["authSource"] = given.authenticationDatabase or given.db or "admin"
    if given.authenticationMechanism:
        words["authMechanism"] = given.authenticationMechanism
    where = given.uri or given.host
    if given.uri and not given.db:
        given.db = pymongo.uri_parser.parse_uri(given.uri)["database"]
    return pymongo.MongoClient(where, given.port, serverSelectionTimeoutMS=10000, **words)


def say(given: argparse.Namespace, text: str) -> None:
    if not given.quiet:
        print(text, file=sys.stderr)


def dump(given: argparse.Namespace) -> None:
    server = client(given)
    names = [given.db] if given.db else [one for one in server.list_database_names() if one not in ("local", "config")]
    found = []
    for name in names:
        for one in server[name].list_collections():
            seen = one["name"]
            wanted = not given.collection or seen == given.collection
            if wanted and not seen.startswith("system.") and seen not in given.excludeCollection:
                found.append((name, one))
    users, roles = [], []
    if not given.db or given.dumpDbUsersAndRoles:
        for name in sorted({*names, *([] if given.db else ["admin"])}):
            users += server[name].command("usersInfo", 1, showCredentials=True)["users"]
            roles += server[name].command("rolesInfo", 1, showPrivileges=True)["roles"]

    sink = sys.stdout.buffer if given.archive == "-" else open(given.archive, "wb")
    out = gzip.GzipFile(fileobj=sink, mode="wb", mtime=0) if given.gzip else sink
    version = server.server_info()["version"]
    out.write(MAGIC)
    out.write(bson.encode({"concurrent_collections": 1, "version": "0.1", "server_version": version, "tool_version": "bed"}))
    for name, one in found:
        indexes = []
        if one["type"] == "collection":
            indexes = list(server.get_database(name, codec_options=ORDERED)[one["name"]].list_indexes())
        settings = {key: value for key, value in one["options"].items() if key not in NOT_OPTIONS}
        prelude = {"db": name, "collection": one["name"], "type": one["type"], "options": settings, "indexes": indexes}
        out.write(bson.encode(prelude))
    for name, kind, content in (("admin", "users", users), ("admin", "roles", roles)):
        if content:
            out.write(bson.encode({"db": name, "collection": f"system.{kind}", "type": kind, "content": content}))
    out.write(END)
    for name, one in found:
        where = {"db": name, "collection": one["name"]}
        count = 0
        if one["type"] == "collection":
            out.write(bson.encode({**where, "EOF": False, "CRC": bson.Int64(0)}))
            for batch in server[name][one["name"]].find_raw_batches(batch_size=1000):
                out.write(batch)
                count += _documents(batch)
            out.write(END)
        out.write(bson.encode({**where, "EOF": True, "CRC": bson.Int64(0), "documents": bson.Int64(count)}) + END)
        say(given, f"done dumping {name}.{one['name']} ({count} documents)")
    if given.gzip:
        out.close()
    sink.flush()


def _documents(batch: bytes) -> int:
    count = at = 0
    while at < len(batch):
        at += struct.unpack_from("<i", batch, at)[0]
        count += 1
    return count


class Archive:
    """Reads an archive piece by piece."""

    def __init__(self, given: argparse.Namespace) -> None:
        source = sys.stdin.buffer if given.archive == "-" else open(given.archive, "rb")
        self.source = gzip.GzipFile(fileobj=source, mode="rb") if given.gzip else source
        if self._take(4) != MAGIC:
            raise Broken("stream or file does not appear to be a mongodump archive")

    def _take(self, size: int) -> bytes:
        try:
            data = self.source.read(size)
        except (EOFError, OSError) as error:
            raise Broken(str(error)) from error
        if len(data) != size:
            raise Broken("unexpected EOF")
        return data

    def piece(self) -> bytes | None:
        """The next document. None at a terminator."""
        size = self._take(4)
        if size == END:
            return None
        length = struct.unpack("<i", size)[0]
        if not 5 <= length <= 48 << 20:
            raise Broken(f"corrupt archive: a document of {length} bytes")
        return size + self._take(length - 4)

    def at_end(self) -> bool:
        first = self.source.read(1)
        if first:
            raise Broken("something follows the end of the archive")
        return True


def restore(given: argparse.Namespace) -> None:
    server = client(given)
    archive = Archive(given)
    archive.piece()
    preludes = []
    while (piece := archive.piece()) is not None:
        preludes.append(bson.decode(piece, ORDERED))
    kept = [one for one in preludes if one["type"] in ("users", "roles") or wanted(given, one["db"], one["collection"])]
    total = failed = 0
    for one in sorted(kept, key=lambda one: one["type"] == "view"):
        if one["type"] in ("users", "roles") or given.dryRun:
            continue
        name, seen = renamed(given, one["db"], one["collection"])
        if given.drop:
            server[name].drop_collection(seen)
        if seen not in server[name].list_collection_names():
            server[name].command("create", seen, **one["options"])
    chosen = {(one["db"], one["collection"]) for one in kept}
    open_ones = {(one["db"], one["collection"]) for one in preludes if one["type"] not in ("users", "roles")}
    while open_ones:
        piece = archive.piece()
        if piece is None:
            raise Broken("a terminator where a namespace should be")
        header = bson.decode(piece)
        where = (header["db"], header["collection"])
        batch: list[RawBSONDocument] = []
        count = 0
        name, seen = renamed(given, *where)
        target = server.get_database(name, codec_options=RAW)[seen]

        def put(batch: list[RawBSONDocument]) -> int:
            if not batch or where not in chosen or given.dryRun:
                return 0
            try:
                target.insert_many(batch, ordered=given.stopOnError, bypass_document_validation=given.bypassDocumentValidation)
            except pymongo.errors.BulkWriteError as error:
                print(f"error: {error.details['writeErrors'][0]['errmsg']}", file=sys.stderr)
                if given.stopOnError:
                    raise
                return len(error.details["writeErrors"])
            return 0

        while (piece := archive.piece()) is not None:
            batch.append(RawBSONDocument(piece, RAW))
            count += 1
            if len(batch) == 1000:
                failed += put(batch)
                batch = []
        failed += put(batch)
        total += count
        if header["EOF"]:
            open_ones.discard(where)
    archive.at_end()
    for one in kept:
        if given.dryRun:
            break
        name, seen = renamed(given, one["db"], one["collection"])
        if one["type"] == "collection" and not given.noIndexRestore:
            indexes = [{k: v for k, v in index.items() if k != "ns"} for index in one["indexes"] if index["name"] != "_id_"]
            if indexes:
                server[name].command("createIndexes", seen, indexes=indexes)
        elif one["type"] == "roles":
            for role in one["content"]:
                words = {"privileges": role["privileges"], "roles": role["roles"]}
                try:
                    server[role["db"]].command("createRole", role["role"], **words)
                except OperationFailure:
                    server[role["db"]].command("updateRole", role["role"], **words)
        elif one["type"] == "users":
            for user in one["content"]:
                try:
                    server[user["db"]].command("updateUser", user["user"], roles=user["roles"])
                except OperationFailure:
                    # Printed even with --quiet, because this is the only thing that the real tool would have restored.
                    print(f"warning: user {user['_id']} not restored: the stand-in takes no hashed password", file=sys.stderr)
    say(given, f"{total - failed} document(s) restored successfully. {failed} document(s) failed to restore.")
    if failed:
        sys.exit(1)


def wanted(given: argparse.Namespace, database: str, collection: str) -> bool:
    name = f"{database}.{collection}"
    if given.db and database != given.db or given.collection and collection != given.collection:
        return False
    if given.nsInclude and not any(fnmatch.fnmatchcase(name, one) for one in given.nsInclude):
        return False
    return not any(fnmatch.fnmatchcase(name, one) for one in given.nsExclude)


def renamed(given: argparse.Namespace, database: str, collection: str) -> tuple[str, str]:
    """Rename by --nsFrom and --nsTo. Both end with a star (`old.*`, `new.*`), or neither does."""
    name = f"{database}.{collection}"
    for source, target in zip(given.nsFrom, given.nsTo, strict=True):
        if source == name:
            name = target
        elif source.endswith("*") and name.startswith(source[:-1]):
            name = target.removesuffix("*") + name[len(source) - 1 :]
    before, _, after = name.partition(".")
    return before, after


if __name__ == "__main__":
    called = Path(sys.argv[0]).name
    try:
        (restore if called == "mongorestore" else dump)(options(called))
    except (Broken, PyMongoError, OSError) as problem:
        sys.exit(f"Failed: {problem}")
