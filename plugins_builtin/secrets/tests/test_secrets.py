"""Values at rest: encrypted in every file, with keys outside the state."""

from __future__ import annotations

import json
import os
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from dokkupy_apps.apps import create_app
from dokkupy_apps.desired.config import get_env, set_env
from dokkupy_apps.testing import deploy
from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError, HostError, StateError, UserError
from dokkupy_sdk.model import Finding
from dokkupy_sdk.names import AppName, EnvKey, Secret
from dokkupy_sdk.operation import operation
from dokkupy_sdk.secret_files import encrypted, in_clear
from dokkupy_sdk.testing import fake_host
from dokkupy_sdk.testing.command_line import Run, command_line
from dokkupy_secrets import aead, keyring, rotate, tokens
from dokkupy_secrets.cipher import KeyringCipher
from dokkupy_secrets.doctor import findings
from dokkupy_secrets.install import set_up, tear_down
from dokkupy_secrets.key_file import write

BLOG = AppName("blog")
CANARY = "hunter2-canary"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    found = opened(tmp_path / "state")
    set_up(found, dry_run=False)
    create_app(found, BLOG)
    yield found


@pytest.fixture
def run(host: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    return command_line(host, capsys, monkeypatch)


def opened(root: Path) -> Host:
    """The host as another process sees it, with no keys cached."""
    return fake_host(root, plugins=("secrets",), real=("cipher",))


def put(host: Host, app: AppName = BLOG, **values: str) -> None:
    with operation(host, "config:set", f"app:{app}") as tx:
        set_env(tx, app, {EnvKey(key): Secret(value) for key, value in values.items()})


def everything(host: Host) -> bytes:
    return b"".join(path.read_bytes() for path in Path(host.root).rglob("*") if path.is_file())


def config(host: Host) -> Path:
    return Path(host.store.path("apps", "blog", "config"))


def key_file(host: Host) -> Path:
    return Path(keyring.path_of(host.root))


def keys(host: Host) -> tuple[keyring.Key, ...]:
    return keyring.load(str(key_file(host)))


def value(host: Host, key: str, app: AppName = BLOG) -> str:
    return get_env(opened(Path(host.root)), app)[EnvKey(key)].reveal()


def only(found: Iterator[Finding]) -> Finding:
    (one,) = found
    return one


def token(path: Path) -> str:
    """The first encrypted value of a file."""
    found = tokens.TOKEN.search(path.read_bytes().decode())
    assert found
    return found[0] + "=" * (path.read_text().count(f"{found[0]}==") and 2 or path.read_text().count(f"{found[0]}="))


# set, read, written


@pytest.mark.parametrize("text", [CANARY, "", "a\nb", "ü" * 3_000, "sealed:x", "sealed::y", "sealed:clear:z", 'a"b\\c'])
def test_a_value_is_read_back_and_its_plain_text_is_nowhere_in_the_state(host: Host, text: str) -> None:
    put(host, KEY=text)
    assert value(host, "KEY") == text
    if len(text) > 8:
        assert text.encode() not in everything(host)


def test_a_release_and_the_previous_generation_contain_no_plain_value_either(host: Host) -> None:
    put(host, KEY=CANARY)
    deploy(host, "blog", {"Procfile": "web: serve\n"})
    put(host, KEY="another-value")
    assert CANARY.encode() not in everything(host)


def test_an_unchanged_value_keeps_its_ciphertext(host: Host) -> None:
    put(host, KEY=CANARY)
    before = token(config(host))
    put(host, OTHER="y")
    assert before in config(host).read_text()


def test_setting_the_same_value_again_changes_nothing(host: Host, run: Run) -> None:
    run("config:set", "blog", f"KEY={CANARY}")
    text = config(host).read_bytes()
    run("config:set", "blog", f"KEY={CANARY}")
    assert config(host).read_bytes() == text


def test_a_text_of_a_user_that_looks_encrypted_stays_a_text(host: Host) -> None:
    """Otherwise a deployer's label could be a value that no key decrypts, which would block the rotation of the whole
    host."""
    fake = f"sealed:deadbeef:{'A' * 60}"
    host.store.write("apps", "blog", "nginx", data={"properties": {"label": fake}})
    assert host.store.read("apps", "blog", "nginx") == {"properties": {"label": fake}}
    put(host, KEY=CANARY, OTHER=fake)
    rotate.rotate(host)
    assert (value(host, "KEY"), value(host, "OTHER")) == (CANARY, fake)
    assert only(findings(host)).level == "ok"


def test_the_doctor_reads_each_file_once(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    put(host, KEY=CANARY)
    read: list[str] = []
    original = tokens.read

    def counted(path: str) -> bytes:
        read.append(path)
        return original(path)

    monkeypatch.setattr(tokens, "read", counted)
    assert only(findings(opened(Path(host.root)))).level == "ok"
    assert sorted(read) == sorted(tokens.tables(host))


def test_a_renamed_and_a_cloned_app_have_the_values(host: Host, run: Run) -> None:
    put(host, KEY=CANARY)
    deploy(host, "blog", {"Procfile": "web: serve\n"})
    run("apps:clone", "blog", "copy")
    run("apps:rename", "blog", "journal")
    assert value(host, "KEY", AppName("copy")) == value(host, "KEY", AppName("journal")) == CANARY
    run("releases:rollback", "journal")
    assert CANARY.encode() not in everything(host)
    assert only(findings(host)).level == "ok"


# what goes wrong


def test_without_a_key_values_are_plain_and_the_doctor_says_so(tmp_path: Path) -> None:
    host = opened(tmp_path / "state")
    create_app(host, BLOG)
    put(host, KEY="sealed:looks so")
    assert value(host, "KEY") == "sealed:looks so"
    assert only(findings(host)).level == "warning"


def test_values_written_without_a_key_are_read_and_setup_encrypts_them(tmp_path: Path) -> None:
    host = opened(tmp_path / "state")
    create_app(host, BLOG)
    put(host, KEY=CANARY)
    put(host, OTHER="x")
    deploy(host, "blog", {"Procfile": "web: serve\n"})
    keyring_path = keyring.path_of(host.root)
    write(keyring_path, (keyring.fresh(),))
    assert value(host, "KEY") == CANARY
    found = only(findings(opened(tmp_path / "state")))
    assert (found.level, found.remedy) == ("warning", "sudo dokkupy setup")
    assert "apps/blog/config.toml" in found.message
    assert any("encrypt the secrets in" in line for line in set_up(opened(tmp_path / "state"), dry_run=True))
    assert CANARY.encode() in everything(host)
    set_up(opened(tmp_path / "state"), dry_run=False)
    assert CANARY.encode() not in everything(host)
    assert value(host, "KEY") == CANARY
    assert set_up(opened(tmp_path / "state"), dry_run=False) == []


def test_a_host_without_the_plugin_says_what_is_missing(host: Host) -> None:
    put(host, KEY=CANARY)
    bare = fake_host(Path(host.root))
    with pytest.raises(StateError, match=r"env.KEY in apps/blog/config.toml is encrypted, but no plugin") as caught:
        get_env(bare, BLOG)[EnvKey("KEY")].reveal()
    assert "plugin:install dokkupy-secrets" in caught.value.hint
    put(bare, OTHER="x")
    assert (value(host, "KEY"), value(host, "OTHER")) == (CANARY, "x")


def test_the_error_for_a_missing_key_names_it_and_how_to_restore_it(host: Host, run: Run) -> None:
    put(host, KEY=CANARY)
    saved = key_file(host).read_text()
    os.unlink(key_file(host))
    set_up(opened(Path(host.root)), dry_run=False)
    with pytest.raises(
        StateError, match=r"env.KEY in .*config.toml is encrypted with the key .* which is not in"
    ) as caught:
        value(host, "KEY")
    assert "secrets:key-add" in caught.value.hint
    put(opened(Path(host.root)), OTHER="x")
    with pytest.raises(StateError, match="keys that are not in"):
        rotate.rotate(opened(Path(host.root)))
    assert len(keys(host)) == 1
    found = [one for one in findings(opened(Path(host.root))) if one.level == "error"]
    assert "values are encrypted with the key" in found[0].message and "secrets:key-add" in found[0].remedy
    key_file(host).chmod(0o600)
    key_file(host).write_text(key_file(host).read_text() + saved)
    assert value(host, "KEY") == CANARY


def test_nothing_is_saved_in_plain_text_when_the_key_is_lost(host: Host, run: Run) -> None:
    put(host, KEY="x")
    os.unlink(key_file(host))
    with pytest.raises(StateError, match="is lost.*Nothing was saved") as caught:
        put(opened(Path(host.root)), OTHER=CANARY)
    assert "secrets:key-add" in caught.value.hint and "dokkupy setup" in caught.value.hint
    assert CANARY.encode() not in everything(host)
    set_up(opened(Path(host.root)), dry_run=False)
    put(opened(Path(host.root)), OTHER=CANARY)
    assert value(host, "OTHER") == CANARY and CANARY.encode() not in everything(host)


def test_a_different_key_under_the_same_id_decrypts_nothing(host: Host) -> None:
    put(host, KEY=CANARY)
    (old,) = keys(host)
    key_file(host).chmod(0o600)
    key_file(host).write_text(f"{old.id} {'ab' * 32}\n")
    with pytest.raises(StateError, match="it was changed, or copied from another file"):
        value(host, "KEY")
    assert any(one.level == "error" and "env.KEY in" in one.message for one in findings(opened(Path(host.root))))


@pytest.mark.parametrize("length", [7, 8, 12, 16, 20, -4, -1])
def test_a_value_that_is_cut_off_is_refused(host: Host, length: int) -> None:
    put(host, KEY=CANARY)
    whole = token(config(host))
    config(host).write_text(config(host).read_text().replace(whole, whole[:length]))
    with pytest.raises(StateError, match=r"env.KEY in .*(cut off|cannot be decrypted)") as caught:
        value(host, "KEY")
    assert "Set the value again" in caught.value.hint
    assert any(one.level == "error" for one in findings(opened(Path(host.root))))
    put(opened(Path(host.root)), KEY="again")
    assert value(host, "KEY") == "again"


def test_a_changed_value_is_refused(host: Host) -> None:
    put(host, KEY=CANARY)
    whole = token(config(host))
    changed = whole[:40] + ("A" if whole[40] != "A" else "B") + whole[41:]
    config(host).write_text(config(host).read_text().replace(whole, changed))
    with pytest.raises(StateError, match="it was changed"):
        value(host, "KEY")


def test_a_changed_value_does_not_prevent_reading_others_and_can_be_unset(host: Host, run: Run) -> None:
    put(host, KEY="t0psecret", OTHER="also")
    path = config(host)
    found = token(path)
    path.write_text(path.read_text().replace(found, found[:-6] + "AAAA=="))
    assert run("config:get", "blog", "OTHER")[:2] == (0, "also\n")
    assert run("config:keys", "blog")[:2] == (0, "KEY\nOTHER\n")
    status, _, error = run("config:get", "blog", "KEY")
    assert status == 1 and "env.KEY" in error
    assert run("config:unset", "--no-restart", "blog", "KEY")[0] == 0
    assert run("config:show", "blog")[0] == 0


def test_a_value_does_not_decrypt_in_another_file_or_under_another_name(host: Host) -> None:
    """Otherwise anyone who may write an app's file and read its values could read every value of the host."""
    create_app(host, AppName("shop"))
    put(host, KEY=CANARY)
    put(host, AppName("shop"), KEY="x", OTHER="y")
    shutil.copy(config(host), host.store.path("apps", "shop", "config"))
    with pytest.raises(StateError, match="copied from another file"):
        value(host, "KEY", AppName("shop"))
    config(host).write_text(config(host).read_text().replace("KEY", "ANOTHER"))
    with pytest.raises(StateError, match="copied from another file"):
        value(host, "ANOTHER")


@pytest.mark.parametrize("text", ["", "x", "12 34", "0123456g " + "00" * 32, "01234567 00", "\xff"])
def test_a_key_file_without_usable_keys_is_an_error_and_stays(host: Host, text: str) -> None:
    put(host, KEY=CANARY)
    key_file(host).chmod(0o600)
    key_file(host).write_bytes(text.encode("latin-1"))
    with pytest.raises(StateError, match="has no usable keys") as caught:
        value(host, "KEY")
    assert "secrets:key-add" in caught.value.hint
    before = config(host).read_bytes()
    with pytest.raises(StateError):
        put(opened(Path(host.root)), OTHER="x")
    assert config(host).read_bytes() == before
    assert set_up(opened(Path(host.root)), dry_run=True) == [f"let only root and dokkupy read {key_file(host)}"]
    assert key_file(host).read_bytes() == text.encode("latin-1")
    assert only(findings(opened(Path(host.root)))).level == "error"


def test_a_key_file_that_cannot_be_read_is_an_error(host: Host) -> None:
    os.unlink(key_file(host))
    os.mkdir(key_file(host))
    with pytest.raises(HostError, match="cannot be read"):
        KeyringCipher(host).seal("x", "apps/blog/config\nKEY")
    os.rmdir(key_file(host))


# keys


def test_a_rotation_gives_every_file_the_new_key(host: Host, run: Run) -> None:
    put(host, KEY=CANARY)
    put(host, OTHER="y")
    deploy(host, "blog", {"Procfile": "web: serve\n"})
    (old,) = keys(host)
    done = json.loads(run("secrets:rotate", "--format", "json")[1])
    new, kept = keys(host)
    assert done["key"] == new.id and kept == old and done["kept"] == [old.id] and done["files"] >= 3
    assert tokens.ids(host) == {new.id}
    assert old.id.encode() not in everything(host)
    assert value(host, "KEY") == CANARY
    again = json.loads(run("secrets:rotate", "--format", "json")[1])
    assert again["removed"] == [old.id]
    assert only(findings(opened(Path(host.root)))).level == "ok"


def test_a_dry_run_of_a_rotation_changes_nothing(host: Host, run: Run) -> None:
    put(host, KEY=CANARY)
    before, ring = config(host).read_bytes(), key_file(host).read_bytes()
    plan = json.loads(run("secrets:rotate", "--dry-run", "--format", "json")[1])["plan"]
    assert "add a key to" in plan[0] and "encrypt the secrets in" in plan[1]
    assert (config(host).read_bytes(), key_file(host).read_bytes()) == (before, ring)


def test_a_rotation_refuses_before_anything_when_a_file_cannot_be_read(host: Host) -> None:
    put(host, KEY=CANARY)
    (old,) = keys(host)
    Path(host.store.path("global", "other")).parent.mkdir(exist_ok=True)
    Path(host.store.path("global", "other")).write_text('schema = 1\nx = "sealed:')
    with pytest.raises(StateError, match="does not parse"):
        rotate.rotate(host)
    assert keys(host) == (old,)


def test_a_key_that_an_interrupted_operation_uses_stays(host: Host) -> None:
    put(host, KEY=CANARY)
    deploy(host, "blog", {"Procfile": "web: serve\n"})
    backup = Path(host.path("journal", "backups", "x", "1"))
    backup.parent.mkdir(parents=True)
    os.link(config(host), backup)
    (old,) = keys(host)
    rotate.rotate(host)
    rotate.rotate(host)
    rotate.rotate(host)
    assert old in keys(host)
    os.replace(backup, config(host))
    assert value(host, "KEY") == CANARY


def test_a_rotation_that_is_killed_anywhere_leaves_every_value_readable(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(host, KEY=CANARY)
    put(host, OTHER="y")
    deploy(host, "blog", {"Procfile": "web: serve\n"})
    points: list[str] = []
    monkeypatch.setattr(rotate, "failpoint", points.append)
    rotate.rotate(host)
    assert len(points) >= 8
    for last in range(len(points)):
        left = [last]

        def killed(name: str, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt

        monkeypatch.setattr(rotate, "failpoint", killed)
        with pytest.raises(KeyboardInterrupt):
            rotate.rotate(host)
        assert value(host, "KEY") == CANARY and value(host, "OTHER") == "y"
        monkeypatch.setattr(rotate, "failpoint", lambda name: None)
        rotate.rotate(host)
        assert value(host, "KEY") == CANARY
        assert len(keys(host)) == 2 and tokens.ids(host) == {keys(host)[0].id}


def test_added_keys_decrypt_and_do_not_encrypt(host: Host, tmp_path: Path) -> None:
    other = opened(tmp_path / "other")
    set_up(other, dry_run=False)
    create_app(other, BLOG)
    put(other, KEY=CANARY)
    shutil.copy(other.store.path("apps", "blog", "config"), config(host))
    with pytest.raises(StateError, match="which is not in"):
        value(host, "KEY")
    write(str(key_file(host)), (*keys(host), *keys(other)))
    assert value(host, "KEY") == CANARY
    put(opened(Path(host.root)), OTHER="y")
    assert tokens.ids(host) == {keys(host)[0].id, keys(other)[0].id}


@pytest.mark.parametrize("text", ["", "x", "12 34", "0123456g " + "00" * 32, "01234567 00"])
def test_an_invalid_key_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        keyring.parse(text)


#: The example of RFC 8439, section 2.8.2. The values that older versions of dokkupy encrypted by another library have
#: this form, too.
RFC_KEY, RFC_CONTEXT = bytes(range(0x80, 0xA0)), bytes.fromhex("50515253c0c1c2c3c4c5c6c7")
RFC_TEXT = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
RFC_DATA = bytes.fromhex(
    "070000004041424344454647d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92"
    "728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9d"
    "e576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691"
)


@pytest.fixture(params=["libsodium", "the public module"])
def primitives(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "the public module":
        monkeypatch.setattr(aead, "Libsodium", missing)


def missing() -> aead.Libsodium:
    raise ImportError("this version of PyNaCl has libsodium elsewhere")


@pytest.mark.usefixtures("primitives")
def test_each_primitive_is_that_of_the_standard() -> None:
    assert aead.decrypt(RFC_KEY, RFC_DATA, RFC_CONTEXT) == RFC_TEXT
    sealed = aead.primitives().crypto_aead_chacha20poly1305_ietf_encrypt(RFC_TEXT, RFC_CONTEXT, RFC_DATA[:12], RFC_KEY)
    assert RFC_DATA[:12] + sealed == RFC_DATA


@pytest.mark.usefixtures("primitives")
def test_changed_or_short_data_is_refused() -> None:
    for size in (0, 1, 70_000):
        data = aead.encrypt(RFC_KEY, b"x" * size, b"context")
        assert aead.decrypt(RFC_KEY, data, b"context") == b"x" * size
        changed = data[:-1] + bytes([data[-1] ^ 1])
        for other in (changed, data[:-1], data[:12], data[:11], b"", data + b"x", data[1:]):
            with pytest.raises(ValueError):
                aead.decrypt(RFC_KEY, other, b"context")
        with pytest.raises(ValueError):
            aead.decrypt(RFC_KEY, data, b"another")
        for key in (b"", RFC_KEY[:31], RFC_KEY + b"x", bytes(32)):
            with pytest.raises(ValueError):
                aead.decrypt(key, data, b"context")


@pytest.mark.usefixtures("primitives")
def test_key_of_another_size_does_not_encrypt() -> None:
    for key in (b"", RFC_KEY[:31], RFC_KEY + b"x"):
        with pytest.raises((ValueError, TypeError)):
            aead.encrypt(key, b"text", b"context")


def test_encrypting_the_same_text_differs_each_time() -> None:
    assert aead.encrypt(RFC_KEY, b"text", b"context") != aead.encrypt(RFC_KEY, b"text", b"context")


def test_others_cannot_read_the_key_file(host: Host) -> None:
    assert os.stat(key_file(host)).st_mode & 0o777 == 0o440
    assert only(findings(host)).level == "ok"
    os.chmod(key_file(host), 0o444)
    assert only(findings(host)).level == "error"
    set_up(host, dry_run=False)
    assert os.stat(key_file(host)).st_mode & 0o777 == 0o440


def test_the_key_is_removed_with_the_state_that_it_decrypts(host: Host) -> None:
    tear_down(host, dry_run=True)
    assert key_file(host).exists()
    tear_down(host, dry_run=False)
    assert not key_file(host).exists()


def test_a_key_prints_only_its_id() -> None:
    key = keyring.fresh()
    assert key.key.hex() not in f"{key} {key!r} {[key]}"


# backups


def test_a_file_of_a_backup_is_written_with_the_key_of_the_host_that_it_comes_to(host: Host, tmp_path: Path) -> None:
    put(host, KEY=CANARY, LOOKS="sealed:so")
    parts = ("apps", "blog", "config")
    text = in_clear(host.store, parts, config(host).read_bytes())
    assert CANARY in text.decode() and tomllib.loads(text.decode())
    other = opened(tmp_path / "other")
    set_up(other, dry_run=False)
    create_app(other, BLOG)
    config(other).write_bytes(encrypted(other.store, parts, text))
    assert CANARY.encode() not in everything(other)
    assert (value(other, "KEY"), value(other, "LOOKS")) == (CANARY, "sealed:so")
    bare = fake_host(tmp_path / "bare")
    create_app(bare, BLOG)
    config(bare).write_bytes(encrypted(bare.store, parts, text))
    assert get_env(bare, BLOG)[EnvKey("KEY")].reveal() == CANARY


def test_a_value_that_no_key_decrypts_is_backed_up_unchanged_and_refused_elsewhere(host: Host, tmp_path: Path) -> None:
    put(host, KEY=CANARY)
    kept = key_file(host).read_text()
    os.unlink(key_file(host))
    parts = ("apps", "blog", "config")
    text = in_clear(opened(Path(host.root)).store, parts, config(host).read_bytes())
    assert CANARY.encode() not in text
    other = opened(tmp_path / "other")
    set_up(other, dry_run=False)
    with pytest.raises(DokkupyError, match="which is not in") as caught:
        encrypted(other.store, parts, text)
    assert "secrets:key-add" in caught.value.hint
    Path(keyring.path_of(other.root)).chmod(0o600)
    Path(keyring.path_of(other.root)).write_text(Path(keyring.path_of(other.root)).read_text() + kept)
    assert encrypted(opened(tmp_path / "other").store, parts, text) != text


@pytest.mark.parametrize(("mode", "said"), [(0o400, "not by dokkupy"), (0o444, "by others than root and dokkupy")])
def test_doctor_tells_a_key_file_that_is_too_closed_from_one_that_is_too_open(host: Host, mode: int, said: str) -> None:
    os.chmod(keyring.path_of(host.root), mode)
    assert only(findings(host)).message.endswith(f"can be read {said}")
