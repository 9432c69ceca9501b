"""Trees of pushed commits, many of them untrusted, written into a directory."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path

import pytest
from dokkupy_git.repository.bare import Repository
from dokkupy_git.sources import GitSources
from dokkupy_sdk.errors import AppError, NotFound, UserError
from dokkupy_sdk.names import AppName

from plugins_builtin.git.tests.conftest import Client, World

BLOG = AppName("blog")


def bring(world: World, client: Client) -> GitSources:
    """Put the client's history into the app's repository as it is, past the checks of a push."""
    if not world.host.store.has_app(BLOG):
        world.make_app()
    repository = Repository(world.host, BLOG)
    repository.ensure()
    client.git("push", "-q", "--force", repository.path, "HEAD:refs/heads/master")
    return GitSources(world.host)


def checkout(world: World, client: Client, target: Path) -> Path:
    target.mkdir()
    bring(world, client).checkout(BLOG, target)
    return target


def plant(client: Client, entries: list[tuple[str, str, bytes]]) -> None:
    """Commit a tree that git's own commands would not make: (mode, path, content)."""
    tree: dict[str, list[bytes]] = {}
    lines = []
    for mode, path, content in entries:
        blob = client.git("hash-object", "-w", "--stdin", stdin=content) if mode != "160000" else content.decode()
        lines.append(f"{mode} {'commit' if mode == '160000' else 'blob'} {blob}\t{path}".encode())
    assert not tree
    made = client.git("mktree", "-z", stdin=b"\0".join(lines) + b"\0")
    commit = client.git("commit-tree", made, "-m", "planted")
    client.git("update-ref", "refs/heads/master", commit)


def test_tree_is_written_with_modes_links_and_odd_names(world: World, client: Client, tmp_path: Path) -> None:
    odd = "line\nbreak;$(id)\t'\""
    client.write({"run.sh": "#!/bin/sh\n", odd: "odd", "sub/deep/a": "1"})
    (client.path / "run.sh").chmod(0o755)
    (client.path / "link").symlink_to("/etc/shadow")
    commit = client.commit()
    target = tmp_path / "out"
    target.mkdir()
    old = os.umask(0o077)
    try:
        assert bring(world, client).checkout(BLOG, target) == commit
    finally:
        os.umask(old)
    assert sorted(os.listdir(target)) == sorted(["run.sh", odd, "sub", "link"])
    assert (target / odd).read_text() == "odd"
    assert os.readlink(target / "link") == "/etc/shadow"
    assert (target / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (target / "sub" / "deep" / "a").stat().st_mode & 0o777 == 0o644
    assert (target / "sub").stat().st_mode & 0o777 == 0o755


def test_attributes_of_the_tree_neither_execute_nor_hide(world: World, client: Client, tmp_path: Path) -> None:
    client.write(
        {
            ".gitattributes": "a.txt filter=evil export-subst\nhidden export-ignore\nb.txt merge=evil diff=evil\n",
            ".gitconfig": '[filter "evil"]\n\tsmudge = touch /tmp/dokkupy-evil\n',
            ".lfsconfig": "[lfs]\n\turl = https://127.0.0.1:1/\n",
            "a.txt": "$Format:%H$",
            "hidden": "seen",
            "b.txt": "b",
        }
    )
    client.commit()
    system = tmp_path / "home" / ".gitconfig"
    system.write_text(f'[filter "evil"]\n\tsmudge = touch {tmp_path}/executed\n\tclean = cat\n\trequired = true\n')
    out = checkout(world, client, tmp_path / "out")
    assert (out / "a.txt").read_text() == "$Format:%H$"
    assert (out / "hidden").read_text() == "seen"
    assert not (tmp_path / "executed").exists()


def test_pushed_replacement_changes_no_commit(world: World, client: Client, tmp_path: Path) -> None:
    client.write({"a.txt": "other"})
    other = client.commit()
    client.write({"a.txt": "good"})
    good = client.commit()
    repository = Repository(world.host, BLOG)
    bring(world, client)
    client.git("push", "-q", repository.path, f"{other}:refs/replace/{good}")
    target = tmp_path / "out"
    target.mkdir()
    assert GitSources(world.host).checkout(BLOG, target) == good
    assert (target / "a.txt").read_text() == "good"


def test_hooks_do_not_run_wherever_they_lie(world: World, client: Client, tmp_path: Path) -> None:
    client.write({"hooks/post-checkout": f"#!/bin/sh\ntouch {tmp_path}/executed\n"})
    (client.path / "hooks" / "post-checkout").chmod(0o755)
    client.commit()
    bring(world, client)
    repository = Path(Repository(world.host, BLOG).path)
    (repository / "hooks").mkdir(exist_ok=True)
    for name in ("post-checkout", "post-index-change", "reference-transaction", "pre-receive", "proc-receive"):
        (repository / "hooks" / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/executed\n")
        (repository / "hooks" / name).chmod(0o755)
    (tmp_path / "out").mkdir()
    GitSources(world.host).checkout(BLOG, tmp_path / "out")
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("path", [".git", ".GIT", "git~1", ".git\u200c", ".."])
def test_tree_that_reaches_for_git_or_the_parent_is_refused(
    world: World, client: Client, tmp_path: Path, path: str
) -> None:
    """Such trees do not pass a push (fsck); git:sync from an old server could bring one."""
    plant(client, [("100644", "ok", b"1"), ("100644", path, b"evil")])
    (tmp_path / "out").mkdir()
    with pytest.raises(AppError):
        bring(world, client).checkout(BLOG, tmp_path / "out")
    assert not (tmp_path / "evil").exists()


def test_push_of_a_tree_that_reaches_for_git_is_refused_by_git(world: World, client: Client) -> None:
    plant(client, [("100644", ".git", b"evil")])
    done = client.push()
    assert done.returncode != 0
    assert world.deployed == {}


def test_file_below_a_link_is_not_written_through_it(world: World, client: Client, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    blob = client.git("hash-object", "-w", "--stdin", stdin=b"evil")
    link = client.git("hash-object", "-w", "--stdin", stdin=str(outside).encode())
    inner = client.git("mktree", stdin=f"100644 blob {blob}\tx\n".encode())
    tree = client.git("mktree", stdin=f"120000 blob {link}\ta\n040000 tree {inner}\ta\n".encode(), check=False)
    if tree:
        client.git("update-ref", "refs/heads/master", client.git("commit-tree", tree, "-m", "x"))
        (tmp_path / "out").mkdir()
        with contextlib.suppress(AppError):
            bring(world, client).checkout(BLOG, tmp_path / "out")
    assert os.listdir(outside) == []


def test_tree_with_too_many_files_is_refused_before_anything_is_written(
    world: World, client: Client, tmp_path: Path
) -> None:
    """A git bomb: ten levels of ten times the same tree are 10^10 files in a pack of a kilobyte."""
    world.host.store.write("global", "git", data={"properties": {"tree-max-files": "1000"}})
    tree = client.git("hash-object", "-w", "--stdin", stdin=b"x")
    kind, mode = "blob", "100644"
    for _ in range(10):
        rows = "".join(f"{mode} {kind} {tree}\t{number}\n" for number in range(10))
        tree = client.git("mktree", stdin=rows.encode())
        kind, mode = "tree", "040000"
    client.git("update-ref", "refs/heads/master", client.git("commit-tree", tree, "-m", "bomb"))
    (tmp_path / "out").mkdir()
    with pytest.raises(AppError, match="more than 1000 files"):
        bring(world, client).checkout(BLOG, tmp_path / "out")
    assert os.listdir(tmp_path / "out") == []


def test_tree_of_too_many_bytes_is_refused_before_anything_is_written(
    world: World, client: Client, tmp_path: Path
) -> None:
    world.host.store.write("global", "git", data={"properties": {"tree-max-size": "100000"}})
    client.commit({"zeros": "0" * 200_000})
    (tmp_path / "out").mkdir()
    with pytest.raises(AppError, match="100000 bytes"):
        bring(world, client).checkout(BLOG, tmp_path / "out")
    assert os.listdir(tmp_path / "out") == []


def test_git_directory_is_kept_when_asked_for(world: World, client: Client, tmp_path: Path) -> None:
    client.commit({"a": "1"})
    client.git("tag", "v1")
    last = client.commit({"a": "2"})
    sources = bring(world, client)
    world.host.store.write("apps", "blog", "git", data={"properties": {"keep-git-dir": "true"}})
    (tmp_path / "out").mkdir()
    sources.checkout(BLOG, tmp_path / "out")
    log = subprocess.run(
        ["git", "-C", str(tmp_path / "out"), "-c", "safe.directory=*", "log", "--format=%H"],
        capture_output=True,
        text=True,
        check=True,
        env=client.env,
    )
    assert log.stdout.split()[0] == last
    assert len(log.stdout.split()) == 2


def test_push_with_kept_git_directory_hands_its_history_to_the_build(world: World, client: Client) -> None:
    world.make_app()
    world.host.store.write("apps", "blog", "git", data={"properties": {"keep-git-dir": "true"}})
    client.commit({"a": "1"})
    done = client.push()
    assert done.returncode == 0, done.stderr
    assert world.deployed["git_dir"] is True


@pytest.mark.parametrize("revision", ["--upload-pack=x", "-q", "a..b", "$(id)", "main;id", "@{-1}", "HEAD^{/x}", ""])
def test_malicious_revisions_are_refused(world: World, client: Client, tmp_path: Path, revision: str) -> None:
    client.commit({"a": "1"})
    sources = bring(world, client)
    (tmp_path / "out").mkdir()
    if not revision:
        sources.checkout(BLOG, tmp_path / "out")
        return
    with pytest.raises(UserError):
        sources.checkout(BLOG, tmp_path / "out", revision)


def test_older_revision_can_be_checked_out(world: World, client: Client, tmp_path: Path) -> None:
    first = client.commit({"a": "1"})
    client.commit({"a": "2"})
    sources = bring(world, client)
    for name, revision in (("one", first), ("two", first[:10])):
        (tmp_path / name).mkdir()
        assert sources.checkout(BLOG, tmp_path / name, revision) == first
        assert (tmp_path / name / "a").read_text() == "1"
    with pytest.raises(NotFound, match="no revision"):
        sources.checkout(BLOG, tmp_path / "one", "nope")


# submodules


def with_submodule(client: Client, url: str, commit: str, path: str = "lib") -> None:
    client.write({".gitmodules": f'[submodule "x"]\n\tpath = {path}\n\turl = {url}\n'})
    client.git("add", ".gitmodules")
    client.git("update-index", "--add", "--cacheinfo", f"160000,{commit},{path}")
    client.git("commit", "-q", "-m", "submodule")


def allow(world: World, protocols: str) -> None:
    world.host.store.write("global", "git", data={"properties": {"allowed-protocols": protocols}})


def test_submodules_are_written_recursively(world: World, client: Client, tmp_path: Path) -> None:
    inner = Client(tmp_path / "inner", world.root)
    leaf = inner.commit({"leaf.txt": "leaf"})
    library = Client(tmp_path / "library", world.root)
    library.commit({"lib.txt": "lib"})
    with_submodule(library, "../inner", leaf, "vendor/inner")
    commit = library.git("rev-parse", "HEAD")
    client.commit({"a": "1"})
    with_submodule(client, str(library.path), commit)
    allow(world, "https,file")
    out = checkout(world, client, tmp_path / "out")
    assert (out / "lib" / "lib.txt").read_text() == "lib"
    assert (out / "lib" / "vendor" / "inner" / "leaf.txt").read_text() == "leaf"
    assert list(out.rglob(".git")) == []


def test_submodule_is_not_fetched_twice(world: World, client: Client, tmp_path: Path) -> None:
    library = Client(tmp_path / "library", world.root)
    commit = library.commit({"lib.txt": "lib"})
    client.commit({"a": "1"})
    with_submodule(client, str(library.path), commit)
    allow(world, "file")
    checkout(world, client, tmp_path / "out")
    library.path.rename(tmp_path / "gone")
    out = checkout(world, client, tmp_path / "again")
    assert (out / "lib" / "lib.txt").exists()


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c touch% /tmp/dokkupy-evil",
        "file:///etc",
        "/etc",
        "--upload-pack=touch",
        "ssh://-oProxyCommand=x/y",
        "-u",
        "https://",
        "transport::x",
        "git@-oProxyCommand=x:y",
        "../../x",
    ],
)
def test_malicious_submodule_urls_are_refused(world: World, client: Client, tmp_path: Path, url: str) -> None:
    commit = client.commit({"a": "1"})
    with_submodule(client, url, commit)
    (tmp_path / "out").mkdir()
    with pytest.raises(AppError, match="lib"):
        bring(world, client).checkout(BLOG, tmp_path / "out")
    assert not Path("/tmp/dokkupy-evil").exists()  # noqa: S108


def test_submodule_without_a_mapping_is_an_error_that_names_it(world: World, client: Client, tmp_path: Path) -> None:
    plant(client, [("100644", "a", b"1"), ("160000", "lib", b"1" * 40)])
    (tmp_path / "out").mkdir()
    with pytest.raises(AppError, match=r"No submodule mapping found in \.gitmodules for path 'lib'"):
        bring(world, client).checkout(BLOG, tmp_path / "out")


# the role


def test_code_is_copied_renamed_and_forgotten(world: World, client: Client, tmp_path: Path) -> None:
    commit = client.commit({"a": "1"})
    sources = bring(world, client)
    other = AppName("other")
    assert sources.has_code(BLOG)
    assert not sources.has_code(other)
    sources.copy(BLOG, other)
    sources.copy(BLOG, other)
    assert sources.has_code(other)
    sources.forget(BLOG)
    sources.forget(BLOG)
    assert not sources.has_code(BLOG)
    sources.rename(other, BLOG)
    sources.rename(other, BLOG)
    (tmp_path / "out").mkdir()
    assert sources.checkout(BLOG, tmp_path / "out") == commit
    assert os.listdir(world.root / "repos") == ["blog.git"]


def test_killed_copy_is_taken_up_again(world: World, client: Client) -> None:
    client.commit({"a": "1"})
    sources = bring(world, client)
    half = world.root / "repos" / ".other.git.copy" / "objects"
    half.mkdir(parents=True)
    (half / "junk").write_text("half")
    sources.copy(BLOG, AppName("other"))
    assert sources.has_code(AppName("other"))
    assert sorted(os.listdir(world.root / "repos")) == ["blog.git", "other.git"]


def test_app_without_code_says_how_to_bring_it(world: World, tmp_path: Path) -> None:
    app = world.make_app()
    with pytest.raises(NotFound, match="blog has no branch master") as caught:
        GitSources(world.host).checkout(app, tmp_path)
    assert "git push" in caught.value.hint
    assert GitSources(world.host).prepare().ready
