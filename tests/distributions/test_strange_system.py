"""No test reads or changes the real system, because `./test.sh` runs them in `tests/strange-system`, where the system
is broken and read-only."""

from __future__ import annotations

import errno
import os
import pwd
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    "path",
    [
        "/etc/nginx/nginx.conf",
        "/var/www/dokkupy/challenges/token",
        "/var/lib/dokkupy/global/domains.toml",
        "/usr/local/bin/dokkupy",
        "/etc/gitconfig",
        "/etc/ssh/sshd_config",
    ],
)
def test_configuration_of_the_real_system_is_broken_for_tests(path: str) -> None:
    assert "no test reads it" in Path(path).read_text(), "run it as ./test.sh tests/distributions"


@pytest.mark.parametrize("path", ["/etc/nginx/conf.d", "/var/lib/dokkupy", "/var/www", "/usr/local/bin", "/opt"])
def test_the_real_system_cannot_be_written_by_a_test(path: str) -> None:
    with pytest.raises(OSError) as refused:
        (Path(path) / "written-by-a-test").write_text("")
    assert refused.value.errno == errno.EROFS


def test_a_test_has_a_home_of_its_own() -> None:
    """The home directory is removed after the run."""
    assert Path.home() != Path(pwd.getpwuid(os.getuid()).pw_dir)
    assert not (Path.home() / ".gitconfig").exists()
