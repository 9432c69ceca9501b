"""Implements `git:sync`, `git:from-archive`, `git:from-image` and `git:load-image`."""

from __future__ import annotations

import os

from dokkupy_sdk.errors import Conflict, NotFound, UserError
from dokkupy_sdk.operation import call, operation
from dokkupy_sdk.settings import property_of

from dokkupy_git.deploy import deploy, restore_refs
from dokkupy_git.fetch import archives, made_commits
from dokkupy_git.hookspecs import pre_source_receive
from dokkupy_git.incoming import Incoming
from dokkupy_git.repository.bare import Repository, require_git
from dokkupy_git.settings import GitFile, allowed_protocols, deploy_branch, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import IO

    from dokkupy_sdk import Host
    from dokkupy_sdk.names import AppName, GitRef, ImageRef

UNCHANGED = "No changes detected, skipping git commit"
LARGEST_EXTRA_FILE = 64 * 1024 * 1024


def ready_repository(host: Host, app: AppName) -> tuple[Repository, str]:
    """The app's repository, which is created if it is missing, and the deploy branch."""
    require_git()
    host.store.require_app(app)
    host.hooks.emit(pre_source_receive, host=host, app=app)
    branch = deploy_branch(host, app)
    repository = Repository(host, app)
    repository.ensure(branch)
    return repository, branch


# git:sync


def sync_app(
    host: Host, app: AppName, url: str, wanted: GitRef | None, *, build: bool, if_changes: bool, keep_branch: bool
) -> tuple[bool, str]:
    """Fetch, move the deploy branch, and deploy it if `build`. Returns whether anything changed, and the commit."""
    from dokkupy_sdk.access import is_admin

    from dokkupy_git.fetch import sync
    from dokkupy_git.repository.reach import fetch_settings
    from dokkupy_git.urls import parse_remote

    host.store.require_app(app)
    sync.require_one(build, if_changes)
    remote = parse_remote(
        url, protocols=allowed_protocols(host), local=not host.who.startswith("key:"), loopback=is_admin(host)
    )
    require_git()
    branch = deploy_branch(host, app)
    settings = fetch_settings(host, remote)
    refs, default = sync.advertised(remote, settings)
    target = sync.choose(refs, default, wanted, remote.url)
    adopt = ""
    if target.branch and not keep_branch:
        branch = target.branch
        if branch != deploy_branch(host, app):
            adopt = branch
    ref = f"refs/heads/{branch}"
    old = Repository(host, app).ref(ref)
    if host.dry_run:
        return target.commit != old, target.commit
    repository, _ = ready_repository(host, app)
    metadata = f"{remote.url}#{wanted or target.branch or target.commit}"
    host.out.section(f"{'Fetching remote code for' if old else 'Cloning'} {app} from {metadata}")
    if target.commit and target.commit == old:
        if build:
            deploy(
                host, app, kind="git:sync", metadata=metadata, incoming=Incoming(old, adopt=adopt, origin=remote.url)
            )
        elif adopt:
            move(host, app, ref, old, adopt, remote.url)
        if if_changes:
            host.out.section("Skipping build as no changes were detected")
        return False, old
    with made_commits.waiting_ref(repository) as keep:
        commit = sync.fetch(repository, remote, target, keep, settings)
        if build or if_changes:
            incoming = Incoming(commit, adopt=adopt, ref=ref, origin=remote.url)
            deploy(host, app, kind="git:sync", metadata=metadata, incoming=incoming)
        else:
            move(host, app, ref, commit, adopt, remote.url)
    return commit != old, commit


def move(host: Host, app: AppName, ref: str, commit: str, adopt: str, origin: str) -> None:
    """Move the branch to a commit without deploying it."""
    from dokkupy_git.deploy import restore_head

    repository = Repository(host, app)
    with operation(host, "git:sync", f"app:{app}") as tx:
        host.store.require_app(app)
        record = host.store.load(GitFile, app)
        adopted = {"deploy-branch": adopt} if adopt else {}
        tx.save(record.replace(origin=origin, properties={**record.properties, **adopted}), app)
        old = repository.ref(ref)
        tx.step(
            f"move {ref}",
            lambda: repository.move_ref(ref, commit),
            undo=call(restore_refs, app=str(app), moves=[[ref, old, commit]]),
        )
        if adopt:
            before = repository.head_branch() or adopt
            tx.step(
                "set HEAD to the branch, so that clones check it out",
                lambda: repository.point_head(adopt),
                undo=call(restore_head, app=str(app), branch=before),
            )


# archives and images


def deploy_archive(host: Host, app: AppName, place: str, user: str, email: str, kind: str) -> str:
    """Commit and deploy an archive. Returns the commit. As in Dokku, it is an error if the archive equals what is deployed,
    because scripts use the exit status."""
    from dokkupy_sdk.outgoing import require_without_login

    from dokkupy_git.fetch.download import obtain, without_query

    if kind and kind not in archives.TYPES:
        raise UserError(f"Invalid archive type specified, valid archive types include: {', '.join(archives.TYPES)}")
    who = made_commits.author(user, email)
    host.store.require_app(app)
    if place != "--":
        require_without_login(place)
    limits = archives.Limits(number(host, "archive-max-files"), number(host, "archive-max-size"))
    if host.dry_run:
        with obtain(host, place, limits.size) as file:
            archives.survey(file, kind or archives.sniff(file), limits)
        return ""
    repository, branch = ready_repository(host, app)
    ref = f"refs/heads/{branch}"
    shown_place = "stdin" if place == "--" else without_query(place)
    host.out.section("Fetching archive from " + shown_place if place != "--" else "Reading archive from stdin")
    with obtain(host, place, limits.size) as file, made_commits.waiting_ref(repository) as keep:
        parent = repository.ref(ref)
        host.out.section("Generating build context")
        commit = made_commits.commit_archive(
            repository,
            keep,
            file,
            kind or archives.sniff(file),
            limits,
            who,
            f"Automated commit from {shown_place}",
            parent,
        )
        require_changes(repository, commit, parent)
        deploy(host, app, kind="git:from-archive", metadata=shown_place, incoming=Incoming(commit, ref=ref))
    return commit


def require_changes(repository: Repository, commit: str, parent: str) -> None:
    if made_commits.same_tree(repository, commit, parent):
        raise UserError(UNCHANGED, code="no_changes", hint="To build the same code again: ps:rebuild")


def deploy_image(
    host: Host, app: AppName, image: ImageRef, user: str, email: str, *, kind: str, build_dir: str, force: bool
) -> str:
    """Commit a one-line Dockerfile with the image, and deploy it. Returns the commit."""
    from dokkupy_apps.releases.app_images import loaded_images, require_usable

    who = made_commits.author(user, email)
    host.store.require_app(app)
    require_usable(host, app, image)
    files = extra_files(host, build_dir)
    repository, branch = ready_repository(host, app)
    ref = f"refs/heads/{branch}"
    base = str(image)
    if force and kind == "git:from-image" and str(image) not in loaded_images(host, app):
        host.out.section(f"Pulling {image}")
        base = newest(host, app, image)
    files[dockerfile_path(host, app)] = f"FROM {base}\n".encode()
    with made_commits.waiting_ref(repository) as keep:
        parent = repository.ref(ref)
        host.out.section("Generating build context")
        commit = made_commits.commit_files(repository, keep, files, who, f"Deploy of {image}", parent)
        if not force:
            require_changes(repository, commit, parent)
        deploy(host, app, kind=kind, metadata=image, incoming=Incoming(commit, ref=ref, image=str(image)))
    return commit


def newest(host: Host, app: AppName, image: ImageRef) -> str:
    """The name by which a build finds what the registry has now. A pulled image is every app's to name; so one that only the
    app's own login fetches is left to the build, with the digest that the registry says."""
    from dokkupy_sdk.registry_access import login_for

    login = login_for(host, app, image)
    if login is None or login.shared:
        host.images().pull(image)
        return str(image)
    digest = host.image_registries().digest(image, login)
    if digest is None:
        raise NotFound(
            f"The registry {login.server} does not offer the image {image} to the user {login.user}",
            hint=f"Check the name, or log in with another user: registry:login {app} {login.server} USERNAME",
        )
    return f"{image.partition('@')[0]}@{digest}"


def dockerfile_path(host: Host, app: AppName) -> bytes:
    """The path at which the app's builder looks for the Dockerfile."""
    return (property_of(host.store, app, "builder-dockerfile", "dockerfile-path") or "Dockerfile").encode()


def extra_files(host: Host, directory: str) -> dict[bytes, bytes]:
    """The files of `--build-dir`. Only local users may use a path on the host."""
    if not directory:
        return {}
    if host.who.startswith("key:"):
        raise UserError(
            "--build-dir names a directory of the host, which is not readable over SSH",
            hint="Run the command on the host, or put the files into the archive.",
        )
    if not os.path.isdir(directory):
        raise UserError(
            f"{directory} is not a directory", hint="Give an existing directory of this host: --build-dir PATH"
        )
    files: dict[bytes, bytes] = {}
    total = 0
    for parent, directories, names in os.walk(os.fsencode(directory)):
        directories[:] = [name for name in directories if name != b".git"]
        for name in names:
            path = os.path.join(parent, name)
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(fd, "rb") as file:
                data = file.read(LARGEST_EXTRA_FILE + 1)
            total += len(data)
            if total > LARGEST_EXTRA_FILE:
                raise UserError(
                    f"{directory} has more than {LARGEST_EXTRA_FILE} bytes",
                    hint="Leave out what the build does not use.",
                )
            files[os.path.relpath(path, os.fsencode(directory))] = data
    return files


def load(host: Host, app: AppName, image: ImageRef) -> None:
    """Make an image of standard input, which only this app can name. What the archive calls its images means nothing to the
    engine, where a name is everybody's."""
    import sys

    from dokkupy_apps.deploy import deploying
    from dokkupy_apps.releases.app_images import keep_loaded, loaded_images
    from dokkupy_sdk.files import scratch_directory

    if sys.stdin.isatty():
        raise UserError("Pass the image on standard input", hint="docker save IMAGE | ... git:load-image APP IMAGE")
    require_free_name(host, app, image, loaded_images(host, app))
    host.out.section(f"Loading image {image}")
    with scratch_directory(host.path("tmp", "load-image")) as directory:
        path = os.path.join(directory, "archive")
        save_input(sys.stdin.buffer, path, number(host, "image-max-size"))
        with deploying(host, app, "git:load-image") as tx:
            old = keep_loaded(tx, app, image, host.builds().load(path, image).id)
        if old:
            host.images().remove(old)


def require_free_name(host: Host, app: AppName, image: ImageRef, loaded: Mapping[str, str]) -> None:
    from dokkupy_apps.releases.app_images import APPS, repository_of, require_usable

    require_usable(host, app, image)
    if repository_of(image).startswith(f"{APPS}/"):
        raise UserError(
            f"{image} cannot be loaded: {APPS}/ is for the images that apps made on this host",
            hint=f"Load it under another name: docker tag {image} NAME:TAG; docker save NAME:TAG",
        )
    if str(image) not in loaded and host.images().find(image) is not None:
        raise Conflict(
            f"The image {image} exists already on this host, and apps may use it",
            hint=f"Load it under another name (docker tag {image} OTHER; docker save OTHER), or deploy the "
            f"existing one: git:from-image {app} {image}",
            code="image_exists",
        )


def save_input(stdin: IO[bytes], path: str, most: int) -> None:
    """Save standard input to a file, decompressed if it is compressed by gzip."""
    import gzip
    import io
    import zlib

    head = stdin.read(2)
    rest: IO[bytes] = Prefixed(head, stdin)  # type: ignore[assignment]
    source = gzip.GzipFile(fileobj=rest) if head == b"\x1f\x8b" else rest
    size = 0
    try:
        with open(path, "xb") as file:
            while piece := source.read(io.DEFAULT_BUFFER_SIZE * 16):
                size += len(piece)
                if size > most:
                    raise UserError(
                        f"The archive has more than {most} bytes",
                        hint="An admin may allow more: git:set --global image-max-size BYTES",
                    )
                file.write(piece)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(
            f"Standard input is not an archive of images: {error}", hint="Pass what `docker save IMAGE` writes."
        ) from None


class Prefixed:
    """A stream whose first bytes have already been read."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        self.head = head
        self.rest = rest

    def read(self, size: int = -1) -> bytes:
        head, self.head = self.head, b""
        return head or self.rest.read(size)
