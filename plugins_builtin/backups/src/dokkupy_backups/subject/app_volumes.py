"""The subject `app:NAME`: the docker volumes that an app mounts (`docker-options:add APP deploy "-v NAME:/PATH"`), and the
directories of the host that plugins name by the hook `backup_directories` (`storage:mount`).

Read and written as root by the host's own tar in a container (`dokkupy_sdk.programs`). A restore is put beside what is
there first, and takes its place when all of it has come.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import secrets
import tarfile
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial

from dokkupy_apps.releases.records import current
from dokkupy_sdk import Host
from dokkupy_sdk import hooks as hookspecs
from dokkupy_sdk.errors import HostError, NotFound, PluginError, UserError
from dokkupy_sdk.names import AppName, EnvKey, Secret
from dokkupy_sdk.operation import call, operation
from dokkupy_sdk.programs import ensure_image, run_program
from dokkupy_sdk.roles import BackupSubject, ContainerSpec

from dokkupy_backups.hookspecs import backup_directories
from dokkupy_backups.repository.process import Child
from dokkupy_backups.subject.tar_stream import Source

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{1,127}")
"""Of a docker volume; what begins with a slash is a directory of the host, which a plugin may name."""

DIRECTORY = re.compile(r"_[A-Za-z0-9_.-]{1,127}")
"""Of a directory of the host, in the archive."""

PLACE = "/work"
PATIENCE = 600.0
SWAP_SECONDS = 3600.0
END = bytes(1024)
"""Two empty blocks, which end a tar archive (POSIX.1, pax, ustar interchange format)."""

SWAP = """
cd /work/volumes
for one in *; do
  mkdir -p "$one/.dokkupy-old"
  find "$one" -mindepth 1 -maxdepth 1 ! -name .dokkupy-old -exec mv -t "$one/.dokkupy-old" {} +
  cp -a "/work/staged/$one/." "$one/"
done
"""

CLEAN = """
cd /work/volumes
for one in *; do rm -rf "$one/.dokkupy-old"; done
"""
"""Only after the commit, because it cannot be undone."""

BACK = """
cd /work/volumes
for one in *; do
  [ -d "$one/.dokkupy-old" ] || continue
  find "$one" -mindepth 1 -maxdepth 1 ! -name .dokkupy-old -exec rm -rf {} +
  find "$one/.dokkupy-old" -mindepth 1 -maxdepth 1 -exec mv -t "$one" {} +
  rmdir "$one/.dokkupy-old"
done
"""


def volumes_in(words: Sequence[str]) -> list[str]:
    """The named volumes in docker options."""
    found, rest = [], list(words)
    while rest:
        name, mark, value = rest.pop(0).partition("=")
        if name not in ("-v", "--volume", "--mount"):
            continue
        if not mark:
            value = rest.pop(0) if rest else ""
        if name == "--mount":
            fields = dict(part.partition("=")[::2] for part in value.split(","))
            source = fields.get("source", fields.get("src", "")) if fields.get("type", "volume") == "volume" else ""
        else:
            source = value.partition(":")[0]
        if NAME.fullmatch(source):
            found.append(source)
    return sorted(set(found))


def sources_of(host: Host, app: AppName) -> dict[str, str]:
    """Name in the archive -> what is mounted: a docker volume, which has the same name, or a directory of the host. Raises
    PluginError for a name that two directories have."""
    release = current(host, app)[0]
    asked = host.for_invocation(dry_run=True)  # nothing starts, so no plugin may prepare anything
    processes = {"web", *(release.processes if release is not None else ())}
    words = [
        word
        for phase, process in (*(("deploy", str(one)) for one in sorted(processes)), ("run", "run"))
        for _, word in host.hooks.gather(hookspecs.container_options, host=asked, app=app, phase=phase, process=process)
    ]
    found = {name: name for name in volumes_in(words)}
    for plugin, (name, path) in host.hooks.gather(backup_directories, host=host, app=app):
        if not DIRECTORY.fullmatch(name) or found.setdefault(name, path) != path:
            raise PluginError(
                f"{plugin} names a directory of {app} {name!r}, which is invalid or already used",
                plugin=plugin,
                hint="Report it to the plugin's author, or disable the plugin.",
            )
    return found


class AppVolumes(BackupSubject):
    suffix = "tar"

    def __init__(self, host: Host, app: AppName) -> None:
        self.host = host
        self.app = app
        self.name = f"app:{app}"

    def found(self) -> dict[str, str]:
        """The volumes and directories that exist."""
        sources = sources_of(self.host, self.app)
        every = set(self.host.volumes().find_all({})) if any(is_volume(one) for one in sources.values()) else set()
        return {name: one for name, one in sources.items() if (one in every if is_volume(one) else os.path.isdir(one))}

    def there(self) -> dict[str, str]:
        """Raise NotFound if there is none."""
        found = self.found()
        if not found:
            raise NotFound(
                f"{self.app} has no volume yet", hint=f"It gets one with its next deploy: ps:rebuild {self.app}"
            )
        return found

    def holds(self) -> bool:
        return bool(self.found())

    def describe(self) -> Mapping[str, str]:
        return {"kind": "app", "app": str(self.app), "volumes": " ".join(self.there())}

    def invariants(self) -> Mapping[str, str]:
        with closing(read(self.host, self.there())) as pieces:
            return invariants_of(pieces)

    def dump(self, write: Callable[[bytes], object]) -> None:
        for piece in read(self.host, self.there()):
            write(piece)

    def check(self, head: bytes, tail: bytes, size: int) -> None:
        if head[257:262] != b"ustar" or size % 512 or not tail.endswith(END):
            raise HostError(
                f"The dump of {self.name} is an incomplete tar archive",
                code="bad_dump",
                hint="Run the backup again. If it fails again, check the free space and the health of the disk.",
            )

    def verify(self, pieces: Iterable[bytes], about: Mapping[str, str]) -> Mapping[str, str]:
        staged = staging()
        with operation(self.host, "backups:verify", f"volumes-verification:{self.app}") as tx:
            tx.register_undo("create a temporary volume", call(drop, volume=staged))
            stage(self.host, staged, pieces)
            with closing(read(self.host, {"": staged})) as back:
                found = invariants_of(back)
            tx.commit(after=(call(drop, volume=staged),))
        return found

    def restore(self, pieces: Iterable[bytes], about: Mapping[str, str], *, to: str = "") -> None:
        if to:
            raise UserError(
                "The volumes of an app are restored into the same app; --to is for services", hint="Leave out --to."
            )
        sources = sources_of(self.host, self.app)
        missing = [name for name in about.get("volumes", "").split() if name not in sources]
        if missing:
            raise UserError(
                f"{self.app} does not mount {missing[0]}, which is in the backup",
                hint=f"Mount it again: storage:mount {self.app}, with the arguments that mounted it before"
                if missing[0].startswith("_")
                else f'docker-options:add {self.app} deploy "-v {missing[0]}:/PATH"',
            )
        kept, staged = {name: sources[name] for name in about.get("volumes", "").split()}, staging()
        with operation(self.host, "backups:restore-volumes", f"volumes:{self.app}") as tx:
            tx.register_undo("unpack the backup beside the data", call(drop, volume=staged))
            tx.step("unpack the backup beside the data", partial(stage, self.host, staged, pieces))
            for one in kept.values():
                if is_volume(one):
                    self.host.volumes().ensure(one, labels={"dokkupy.app": str(self.app)})
            tx.step(
                "replace the data with it",
                partial(swap, self.host, kept, staged, SWAP),
                undo=call(put_back, sources=kept),
            )
            tx.commit(after=(call(clean, sources=kept), call(drop, volume=staged)))
        self.host.out.section(f"{self.app} may still have old files open. To close them: ps:restart {self.app}")


def staging() -> str:
    return f"dokkupy-staged-{secrets.token_hex(6)}"


def drop(host: Host, *, volume: str) -> None:
    host.volumes().remove(volume)


def is_volume(source: str) -> bool:
    return not source.startswith("/")


def swap(host: Host, sources: Mapping[str, str], staged: str, script: str) -> None:
    mounts = {source: f"{PLACE}/volumes/{name}" for name, source in sources.items()}
    if staged:
        mounts[staged] = f"{PLACE}/staged"
    name = f"dokkupy-volumes-{secrets.token_hex(4)}"
    status, messages = run_program(host, name, script, mounts=mounts, timeout=SWAP_SECONDS)
    if status:
        raise HostError(
            "The volumes could not be replaced",
            details=messages,
            hint="Correct what these lines name, such as a full disk, then restore again.",
        )


def put_back(host: Host, *, sources: dict[str, str]) -> None:
    swap(host, sources, "", BACK)


def clean(host: Host, *, sources: dict[str, str]) -> None:
    swap(host, sources, "", CLEAN)


@contextmanager
def tar(host: Host, words: Sequence[str], mounts: Mapping[str, str], *, feeds: bool) -> Iterator[Child]:
    """Run the host's tar in a container, writing to it or reading from it. Raises HostError if it fails."""
    image = ensure_image(host)
    name = f"dokkupy-volumes-{secrets.token_hex(4)}"
    seen = {"/usr": "/usr:ro", "/etc": "/etc:ro", **mounts}
    spec = ContainerSpec(
        name,
        image,
        entrypoint=(),
        command=("/usr/bin/tar", *words),
        env={EnvKey("PATH"): Secret("/usr/bin:/bin")},
        labels={"dokkupy.kind": "programs"},
        init=False,
        stdin=feeds,
        options=tuple(word for one, to in seen.items() for word in ("-v", f"{one}:{to}")),
        remove_on_exit=True,
    )
    try:
        host.containers().create(spec, start=False)
        child = Child(host.sessions().start_argv(name, stdin=feeds), {}, feeds=feeds, reads=not feeds)
        try:
            yield child
            status = child.finish(PATIENCE)
            # 1: a file changed while it was read (GNU tar, Return Values), which cannot be avoided for files in use.
            if status not in ((0,) if feeds else (0, 1)):
                raise HostError(
                    f"tar ended with status {status}",
                    details=tuple(child.errors[-10:]),
                    hint="Correct what these lines name, such as a full disk, then run the command again.",
                )
        except BrokenPipeError:
            raise HostError(
                "tar ended before it had read all of its input",
                details=tuple(child.errors[-10:]),
                hint="Correct what these lines name, such as a full disk, then run the command again.",
            ) from None
        except TimeoutError:
            raise HostError(
                f"tar made no progress for {PATIENCE:.0f} seconds",
                hint="Check the load and the disks of the host, and that the target responds.",
            ) from None
        finally:
            child.end()
    finally:
        host.containers().remove(name)


def read(host: Host, volumes: Mapping[str, str]) -> Generator[bytes, None, None]:
    """A tar stream. volumes: path in the archive (empty for all of it) -> volume, or directory of the host."""
    mounts = {volume: f"{PLACE}/{path}:ro".replace("/:ro", ":ro") for path, volume in volumes.items()}
    words = (
        "-C",
        PLACE,
        "--numeric-owner",
        "--format=posix",
        "--sort=name",
        "-c",
        *(sorted(p for p in volumes if p) or ["."]),
    )
    with tar(host, words, mounts, feeds=False) as child:
        yield from child.read(PATIENCE)


def stage(host: Host, volume: str, pieces: Iterable[bytes]) -> None:
    """Unpack into a new volume. tar itself prevents names from leading out of it (it strips `/` and `..`)."""
    host.volumes().ensure(volume, labels={"dokkupy.kind": "staged"})
    with tar(host, ("-C", PLACE, "--numeric-owner", "-p", "-x"), {volume: PLACE}, feeds=True) as child:
        for piece in pieces:
            child.write(piece, PATIENCE)


def invariants_of(pieces: Iterable[bytes]) -> dict[str, str]:
    """The number and bytes of files, and a checksum of names, modes, owners and contents."""
    files = size = total = 0
    pieces = iter(pieces)
    with tarfile.open(fileobj=io.BufferedReader(Source(pieces)), mode="r|") as archive:
        for member in archive:
            path = member.name.removeprefix("./")
            if path in ("", "."):
                continue
            digest = hashlib.sha256(
                f"{path}\0{member.type!r}{member.mode}{member.uid}{member.gid}{member.linkname}".encode()
            )
            content = archive.extractfile(member) if member.isreg() else None
            while content is not None and (piece := content.read(1 << 20)):
                digest.update(piece)
            files, size = files + 1, size + member.size
            total += int.from_bytes(digest.digest()[:7])
    for _ in pieces:
        pass  # what follows the archive's end; then whether tar is content is known
    return {"files: number": str(files), "bytes: number": str(size), "content": str(total)}
