"""Examples of commands: what their docstrings show, else one made from the declaration of their parameters."""

from __future__ import annotations

from dokkupy_sdk.cli import Host, parameters, takes_app
from dokkupy_sdk.completion import completer_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.entry import Command, Parameter

APP = "blog"
SAMPLES = {
    "AppNames": "blog,shop",
    "BackupId": "4f2c1a9b",
    "BuildId": "7d1f3c",
    "COMMAND": "config:set",
    "ContainerPath": "/data",
    "Cron": "'30 3 * * *'",
    "DOMAIN": "blog.example.com",
    "DirectoryName": "blog-uploads",
    "Domain": "blog.example.com",
    "EntryName": "uploads",
    "EnvKey": "DATABASE_URL",
    "Exposure": "5432",
    "FILE": "blog.env",
    "GitRef": "main",
    "GlobalDomain": "apps.example.com",
    "HOST": "github.com",
    "HostPath": "/srv/uploads",
    "HostPortOrMapping": "http:8080:5000",
    "IdOrTime": "4f2c1a9b",
    "ImageRef": "registry.example.com/blog:1.4",
    "KEY-VALUE": "GREETING=hello",
    "KeyName": "ann",
    "LabelKey": "team",
    "Mountable": "uploads:/data",
    "NetworkName": "backend",
    "PluginName": "postgres",
    "PortMapping": "http:8080:5000",
    "ProcessType": "web",
    "REPOSITORY": "https://github.com/ann/blog.git",
    "ReleaseNumber": "v12",
    "Role": "deployer",
    "RunContainer": "blog.run.5718d3c8",
    "RunId": "5718d3c8",
    "ServiceName": "db",
    "SubjectName": "postgres:db",
    "SubjectOrId": "postgres:db",
    "TargetName": "disk",
    "TargetUrl": "/mnt/backups",
    "TaskId": "nightly",
    "USERNAME": "ann",
    "address": "203.0.113.0/24",
    "aws-access-key-id": "AKIAIOSFODNN7EXAMPLE",
    "aws-secret-access-key": "SECRET",
    "bucket-name": "my-backups",
    "buildpack": "python",
    "command": "bash",
    "crt-key-csr": "crt",
    "file": "ann.pub",
    "hook": "scheduled_jobs",
    "image": "python:3.13-slim",
    "lines": "100",
    "option": "--shm-size=64m",
    "passphrase": "PASSPHRASE",
    "password": "PASSWORD",
    "phase": "deploy",
    "phase-s": "deploy",
    "plugin": "postgres",
    "proc-count": "web=2",
    "process-type": "web",
    "process-types": "web",
    "public-key-id": "0x1234ABCD",
    "schedule": "'0 3 * * *'",
    "server": "registry.example.com",
    "source": "old.example.com",
    "url": "postgres://app:secret@db.example.com/app",
    "user": "ann",
    "username": "ann",
    "words": "config:s",
}
"""What stands for an argument, by its type's name or its own name in the help, as for completers."""

OF_PROPERTIES = {
    "allowed": "tests/server.pem",
    "attach-post-create": "backend",
    "client-max-body-size": "50m",
    "directory": "/srv/coming-soon",
    "email": "ann@example.com",
    "http-proxy": "http://proxy.example.com:3128",
    "image-repo": "ann/blog",
    "url": "https://hooks.example.com/deploys",
}
"""Values of properties that have no default and more values than a few. A namespace's example shows such a property first."""

NEW_NAMES = {"new-app": "blog-copy", "new-service": "db-copy", "destination": "www.example.com"}


def examples(host: Host, command: Command) -> list[str]:
    """Command lines without the program's name."""
    return written(command) or [generated(host, command)]


def written(command: Command) -> list[str]:
    """Those of the docstring: its lines that begin with the command's name. `KIND:` and `GROUP:` are its namespace."""
    lines = (as_example(command, line) for line in (command.function.__doc__ or "").splitlines()[1:])
    return [line for line in lines if line]


def as_example(command: Command, line: str) -> str:
    """The example in a line of the docstring; empty for a line of prose."""
    text = line.strip()
    for stand_in in ("KIND:", "GROUP:"):
        if text.startswith(stand_in):
            text = f"{command.group.namespace}:{text.removeprefix(stand_in)}"
    return text if text.split(" ")[0] == command.full_name else ""


def generated(host: Host, command: Command) -> str:
    """One with an app, and all that is required."""
    words = [command.full_name]
    for item in parameters(command.function):
        if takes_app(item) and item.metavar not in NEW_NAMES:
            words.append(APP)
        elif item.metavar == "property":
            scope, words_of_property = property_and_value(host, command.group.namespace)
            words = [scope if word == APP else word for word in words] + words_of_property
        elif item.metavar == "value":
            continue
        elif item.kind in ("argument", "rest") and (item.required or sample(item) and not item.inert):
            words.append(sample(item) or item.metavar.upper())
        elif item.kind == "option" and item.required and not item.is_bool:
            words += [item.flags[0], sample(item) or "VALUE"]
    return " ".join(words)


def property_and_value(host: Host, namespace: str) -> tuple[str, list[str]]:
    """The scope of an example, and a property of the namespace with a value that it accepts."""
    entry = host.registry.find("dokkupy.settings", namespace)
    if entry is None:
        return APP, ["PROPERTY", "VALUE"]
    settings = host.registry.load(entry)
    of_apps = [name for name, prop in settings.listed.items() if prop.scope != "global"]
    names = of_apps or list(settings.listed)
    few = {one: settings.choices(host, one) for one in names}
    sampled = [one for one in names if one in OF_PROPERTIES and not few[one]]
    with_value = [one for one in names if few[one] or settings.listed[one].default]
    name = (sampled or with_value or names)[0]
    value = OF_PROPERTIES[name] if sampled else (*few[name], settings.listed[name].default or "VALUE")[0]
    return APP if of_apps else "--global", [name, value]


def sample(item: Parameter) -> str:
    return NEW_NAMES.get(item.metavar) or SAMPLES.get(completer_name(item)) or SAMPLES.get(item.metavar, "")
