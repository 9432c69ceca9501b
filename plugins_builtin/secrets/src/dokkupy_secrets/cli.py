"""`secrets:rotate`, `secrets:key`, `secrets:key-add`."""

from __future__ import annotations

from dokkupy_sdk.cli import CommandResult, Group, Host

group = Group("secrets", "Manage the keys that encrypt values at rest")


@group.command("rotate", permission="host:write", root=True, mutating=True)
def rotate(host: Host) -> CommandResult:
    """Encrypt all values with a new key; the old key is removed at the next rotation, because running commands may still use it."""
    from dataclasses import asdict

    from dokkupy_secrets import keyring, tokens
    from dokkupy_secrets import rotate as rotation

    if host.dry_run:
        path = keyring.path_of(host.root)
        keys, used = rotation.require_keys(path), tokens.ids(host)
        count = sum(bool(tokens.in_file(host, one)) for one in tokens.tables(host))
        host.plan.extend([f"add a key to {path}", f"encrypt the secrets in {count} files with it"])
        host.plan.extend(f"remove the key {key.id}, which nothing uses" for key in keys[1:] if key.id not in used)
        return CommandResult()
    done = rotation.rotate(host)
    text = [f"-----> The secrets in {done.files} files are encrypted with the new key {done.key}"]
    text += [f"       Removed the old key {name}" for name in done.removed]
    text += [f"       The key {name} stays until the next rotation" for name in done.kept]
    return CommandResult(asdict(done), text)


@group.command("key", permission="host:write", root=True)
def show(host: Host) -> CommandResult:
    """Print the keys, so that you can store them elsewhere: no backup contains them."""
    from dokkupy_sdk.errors import NotFound

    from dokkupy_secrets import keyring

    keys = keyring.load(keyring.path_of(host.root))
    if not keys:
        raise NotFound("This host has no encryption key for secrets", hint="Create one: sudo dokkupy setup")
    return CommandResult([key.line() for key in keys], [key.line() for key in keys])


@group.command("key-add", permission="host:write", root=True, mutating=True)
def add(host: Host) -> CommandResult:
    """Add keys from standard input, such as those of the host whose backup is restored here."""
    from dokkupy_sdk.files import read_input
    from dokkupy_sdk.text import counted

    from dokkupy_secrets import keyring
    from dokkupy_secrets.key_file import write

    path = keyring.path_of(host.root)
    present = keyring.load(path)
    given = keyring.parse(read_input(65536))
    fresh = tuple(key for key in given if key.id not in {one.id for one in present})
    host.act(f"add {counted(len(fresh), 'key')} to {path}", lambda: write(path, (*present, *fresh)))
    return CommandResult({"added": [key.id for key in fresh]}, [f"-----> Added {counted(len(fresh), 'key')} to {path}"])
