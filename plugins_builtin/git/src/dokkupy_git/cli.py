"""The commands of the namespace `git`."""

from __future__ import annotations

from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, Opt
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import AppName, GitRef, ImageRef, Secret

from dokkupy_git.settings import SETTINGS, GitFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.operation import Transaction

git = Group("git", "Manage the git repositories of apps and which branch deploys")


def planned(line: str) -> CommandResult:
    """The plan of a dry run."""
    return CommandResult({"dry_run": True, "plan": [line]}, [line])


BuildDir = Annotated[str, Opt("--build-dir", help="Directory on the host with additional files for the build")]
Author = Annotated[
    list[str], Arg("GIT_USER GIT_EMAIL", "Name of the author of the commit; it may consist of several arguments")
]


def author_of(parts: list[str]) -> tuple[str, str]:
    """(user, email). SSH joins its arguments with spaces, so a name of two words arrives as two arguments. The email is the
    first argument with an @; those after it are ignored."""
    at = next((number for number, part in enumerate(parts) if number and "@" in part), None)
    if at is not None:
        return " ".join(parts[:at]), parts[at]
    return " ".join(parts[:1]), " ".join(parts[1:2])


# code


@git.command("sync", permission="app:write", mutating=True)
def sync(
    host: Host,
    app: AppName,
    repository: Annotated[str, Arg("REPOSITORY")],
    ref: Annotated[GitRef | None, Arg("GIT_REF")] = None,
    *,
    build: Annotated[bool, Opt("--build", help="Build and deploy the fetched commit")] = False,
    build_if_changes: Annotated[
        bool, Opt("--build-if-changes", help="Build and deploy only if the fetched commit is new")
    ] = False,
    skip_deploy_branch: Annotated[bool, Opt("--skip-deploy-branch", help="Do not change the deploy branch")] = False,
) -> CommandResult:
    """Fetch a branch, tag or commit from another repository.

    git:sync --build blog https://github.com/ann/blog.git main
    """
    from dokkupy_git.fetch.deploy import sync_app

    changed, commit = sync_app(
        host, app, repository, ref, build=build, if_changes=build_if_changes, keep_branch=skip_deploy_branch
    )
    if host.dry_run:
        does = "be deployed" if build or (build_if_changes and changed) else "not be deployed"
        news = "new" if changed else "the commit of the deploy branch already"
        return planned(f"The commit {commit} is {news}; it would {does}")
    return CommandResult({"app": app, "commit": commit, "changed": changed})


@git.command("from-archive", permission="app:write", mutating=True)
def from_archive(
    host: Host,
    app: AppName,
    place: Annotated[str, Arg("ARCHIVE_URL", "URL of the archive; `--`, or nothing: standard input")] = "--",
    author: Author = [],  # noqa: B006 - never changed
    *,
    archive_type: Annotated[
        str, Opt("--archive-type", help="tar, tar.gz or zip; detected if not given", complete=("tar", "tar.gz", "zip"))
    ] = "",
) -> CommandResult:
    """Commit the content of an archive and deploy it.

    git:from-archive blog https://example.com/blog-1.4.tar.gz
    git:from-archive blog < blog.tar
    """
    from dokkupy_git.fetch.deploy import deploy_archive

    commit = deploy_archive(host, app, place, *author_of(author), archive_type)
    if host.dry_run:
        return planned("The archive is valid; its content would be committed and deployed")
    return CommandResult({"app": app, "commit": commit})


@git.command("from-image", permission="app:write", mutating=True)
def from_image(
    host: Host,
    app: AppName,
    image: ImageRef,
    author: Author = [],  # noqa: B006 - never changed
    *,
    build_dir: BuildDir = "",
    force: Annotated[bool, Opt("--force", help="Pull the image again, and deploy it even if nothing changed")] = False,
) -> CommandResult:
    """Deploy an image from a registry or from this host.

    git:from-image blog registry.example.com/blog:1.4
    """
    from dokkupy_git.fetch.deploy import deploy_image

    if host.dry_run:
        host.store.require_app(app)
        return planned(f"A Dockerfile with the line FROM {image} would be committed and deployed")
    commit = deploy_image(host, app, image, *author_of(author), kind="git:from-image", build_dir=build_dir, force=force)
    return CommandResult({"app": app, "commit": commit, "image": image})


@git.command("load-image", permission="app:write", mutating=True)
def load_image(
    host: Host,
    app: AppName,
    image: ImageRef,
    author: Author = [],  # noqa: B006 - never changed
    *,
    build_dir: BuildDir = "",
) -> CommandResult:
    """Load an image from standard input (docker save) and deploy it.

    git:load-image blog blog:1.4 < image.tar
    """
    from dokkupy_git.fetch.deploy import deploy_image, load

    host.store.require_app(app)
    if host.dry_run:
        return planned(f"The image {image} would be loaded from standard input and deployed")
    load(host, app, image)
    commit = deploy_image(host, app, image, *author_of(author), kind="git:load-image", build_dir=build_dir, force=True)
    return CommandResult({"app": app, "commit": commit, "image": image})


@git.command("initialize", permission="app:write", mutating=True)
def initialize(host: Host, app: AppName) -> CommandResult:
    """Create the app's repository, ready to be pushed to."""
    from dokkupy_git.push.hook_script import hooks_directory
    from dokkupy_git.repository.bare import Repository
    from dokkupy_git.settings import deploy_branch

    host.store.require_app(app)
    repository = Repository(host, app)
    if host.dry_run:
        return planned(f"{repository.path} " + ("exists already" if repository.exists else "would be made"))
    repository.ensure(deploy_branch(host, app))
    hooks_directory(host)
    return CommandResult({"app": app, "repository": repository.path})


@git.command("status", permission="app:read")
def status(host: Host, app: AppName) -> CommandResult:
    """Show the branches of an app's repository and what is deployed."""
    from dokkupy_git.deployed import deployed_commit
    from dokkupy_git.repository.bare import Repository
    from dokkupy_git.settings import deploy_branch

    host.store.require_app(app)
    branch = deploy_branch(host, app)
    head = Repository(host, app).ref(f"refs/heads/{branch}")
    deployed = deployed_commit(host, app)
    text = [f"On branch {branch}"]
    if not head:
        text += ["", "No commits yet"]
    else:
        text.append(f"Its commit {head} is deployed" if head == deployed else f"Its commit {head} is not deployed")
        if deployed and head != deployed:
            text.append(f"The deployed commit is {deployed}")
    return CommandResult({"app": app, "branch": branch, "commit": head, "deployed": deployed}, text)


# access to other servers


@git.command("allow-host", permission="host:write", mutating=True)
def allow_host(host: Host, name: Annotated[str, Arg("HOST", complete=())]) -> CommandResult:
    """Trust the SSH host keys that a host shows now."""
    from dokkupy_git.fetch import credentials

    target = credentials.host_name(name)
    if host.dry_run:
        return planned(f"The SSH host keys that {target} shows would be trusted")
    count = credentials.allow_host(target)
    host.out.section(f"{target}: {count} new host keys trusted" if count else f"{target} is trusted already")
    return CommandResult({"host": target, "added": count})


@git.command("auth", permission="host:write", mutating=True, secret_args=2)
def auth(
    host: Host,
    name: Annotated[str, Arg("HOST", complete="dokkupy_git.completers:hosts")],
    user: Annotated[str, Arg("USERNAME")] = "",
    password: Annotated[str, Arg("PASSWORD", "If not given, the first line of standard input is read")] = "",
) -> CommandResult:
    """Set the login for fetching from a host over HTTPS; without a user, remove it.

    git:auth github.com ann TOKEN
    """
    from dokkupy_git.fetch import credentials
    from dokkupy_git.repository import logins

    target = credentials.host_name(name)
    secret = given_password(user, password)
    if user and secret is None:
        raise UserError("Missing a password for git-auth", hint="Give it after the user, or on standard input.")
    if host.dry_run:
        return planned(f"The login for {target} would be " + ("set" if user else "removed"))
    host.out.announce(f"Setting netrc entry for host {target}" if user else f"Removing netrc entry for host {target}")
    changed = logins.set_login(host, target, user, secret)
    if not user and not changed:
        host.out.warn(f"No login for {target} is stored")
    return CommandResult({"host": target, "user": user, "changed": changed})


@git.command("auth-status", permission="host:read", secret_args=2)
def auth_status(
    host: Host,
    name: Annotated[str, Arg("HOST", complete="dokkupy_git.completers:hosts")],
    user: Annotated[str, Arg("USERNAME")] = "",
    password: Annotated[str, Arg("PASSWORD", "If not given, the first line of standard input is read")] = "",
) -> int:
    """Exit with 0 if the stored login is the given one, else with 1."""
    from dokkupy_git.fetch import credentials
    from dokkupy_git.repository import logins

    secret = given_password(user, password)
    return 0 if logins.has_login(host, credentials.host_name(name), user, secret) else 1


def given_password(user: str, password: str) -> Secret | None:
    """The password from the argument, or from standard input if that is a pipe; None without a user."""
    import os
    import stat

    from dokkupy_sdk.files import read_input_line

    if not user:
        return None
    if password:
        return Secret(password)
    if stat.S_ISFIFO(os.fstat(0).st_mode) or stat.S_ISREG(os.fstat(0).st_mode):
        text = read_input_line(4096)
        return Secret(text) if text else None
    return None


@git.command("generate-deploy-key", permission="host:write", mutating=True)
def generate_deploy_key(host: Host) -> CommandResult:
    """Create the SSH key with which the host fetches from other servers."""
    from dokkupy_git.fetch import credentials

    if host.dry_run:
        return planned("An SSH key would be made, unless there is one")
    key = credentials.generate_key()
    return CommandResult({"public_key": key}, [key])


@git.command("public-key", permission="host:read")
def public_key(host: Host) -> CommandResult:
    """Print the public half of the host's deploy key."""
    from dokkupy_git.fetch import credentials

    key = credentials.public_key()
    return CommandResult({"public_key": key}, [key])


@git.command("unlock", permission="app:write")
def unlock(host: Host, app: AppName) -> None:
    """No effect: an interrupted push leaves no lock. For scripts written for Dokku."""
    host.store.require_app(app)
    raise UserError(
        "git takes no lock on this host: the next command rolls back an interrupted push",
        hint=f"To unlock deploys: apps:unlock {app}",
    )


# properties


BEYOND = (
    "allowed-networks",
    "allowed-protocols",
    "image-max-size",
    "push-max-size",
    "tree-max-files",
    "tree-max-size",
    "computed-rev-env-var",
    "global-rev-env-var",
    "computed-source-image",
)
"""Properties that Dokku does not have."""


def report_extra(host: Host, app: AppName | None) -> dict[str, str]:
    from dokkupy_git.deployed import deployed_commit
    from dokkupy_git.repository.bare import Repository
    from dokkupy_git.settings import deploy_branch, revision_variable

    if app is None:
        return {}
    branch = deploy_branch(host, app)
    repository = Repository(host, app)
    variable = revision_variable(host, app)
    return {
        "rev-env-var": variable,
        "computed-rev-env-var": variable,
        "sha": deployed_commit(host, app) or repository.ref(f"refs/heads/{branch}"),
        "last-updated-at": repository.updated_at(branch),
    }


def follow(tx: Transaction, app: AppName | None, name: str) -> None:
    """Side effects of a property: HEAD follows the deploy branch, and an empty rev-env-var disables the variable."""
    if name == "rev-env-var":
        record = tx.host.store.load(GitFile, app)
        tx.save(record.replace(no_rev_env_var=not record.properties.get(name)), app)
    if name == "deploy-branch" and app is not None:
        from dokkupy_sdk.operation import call

        from dokkupy_git.deploy import restore_head
        from dokkupy_git.repository.bare import Repository
        from dokkupy_git.settings import deploy_branch

        repository = Repository(tx.host, app)
        if repository.exists:
            branch = deploy_branch(tx.host, app)
            before = repository.head_branch() or branch
            tx.step(
                "set HEAD to the branch, so that clones check it out",
                lambda: repository.point_head(branch),
                undo=call(restore_head, app=str(app), branch=before),
            )


add_property_commands(git, SETTINGS, extra=report_extra, beyond=BEYOND, on_set=follow)
