"""The configuration and environment of git calls. Pure, except that it reads this process's environment.

Configuration comes from the command line alone: a repository's own file is written by us and holds three lines, the
host's and the user's files are not read, so that no filter, hook, alias or credential program of theirs takes part.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from dokkupy_sdk.execute import environment
from dokkupy_sdk.values import dataclass, field

GIT = "git"
OWN_REFS = "refs/dokkupy"
"""The refs of commits that are being deployed, which are hidden from clients."""

HARDENED = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.symlinks=true",
    "core.protectHFS=true",
    "core.protectNTFS=true",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "core.sshCommand=ssh",
    "core.pager=cat",
    "checkout.workers=0",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "protocol.allow=never",
    "advice.detachedHead=false",
    "safe.directory=*",
)
"""For every call. `safe.directory`: the repository belongs to the system user; root may look at it too.
`checkout.workers=0`: as many as there are cores write a tree of more than 100 files (1.5 times as fast on two)."""

LENIENT_FSCK = ("zeroPaddedFilemode", "badTimezone", "missingSpaceBeforeDate", "multipleAuthors", "badDateOverflow")
"""Harmless defects in old histories (of Rails, of Linux), which must not prevent a push."""


def git(*words: str, repository: str = "", config: Sequence[str] = ()) -> list[str]:
    """The argv of one git call."""
    argv = [GIT]
    for setting in (*HARDENED, *config):
        argv += ["-c", setting]
    if repository:
        argv.append(f"--git-dir={repository}")
    return [*argv, *words]


def receive_pack_argv(repository: str, hooks: str, max_size: int) -> list[str]:
    """`git receive-pack`, with hooks from the host's own directory, and with strict checks of received objects."""
    config = [
        f"core.hooksPath={hooks}",
        f"receive.maxInputSize={max_size}",
        "receive.fsckObjects=true",
        *(f"receive.fsck.{name}=warn" for name in LENIENT_FSCK),
        # The hook refuses such a push with a remedy, which git's own refusal does not have.
        "receive.shallowUpdate=true",
        # The hook moves all refs, as a step of the deploy.
        "receive.procReceiveRefs=refs",
        "receive.keepAlive=2",
        # For `git push -o`: the hook refuses the unknown options.
        "receive.advertisePushOptions=true",
        "receive.denyDeleteCurrent=refuse",
        "receive.denyCurrentBranch=ignore",
        f"transfer.hideRefs={OWN_REFS}",
    ]
    return git("receive-pack", repository, config=config)


def upload_pack_argv(repository: str) -> list[str]:
    config = [f"transfer.hideRefs={OWN_REFS}", "uploadpack.allowFilter=true"]
    return git("upload-pack", "--strict", repository, config=config)


def fetch_config(scheme: str) -> list[str]:
    """Restricts a fetch to one transport, and checks the fetched objects."""
    lenient = [f"fetch.fsck.{name}=warn" for name in LENIENT_FSCK]
    return [f"protocol.{scheme}.allow=always", "fetch.fsckObjects=true", *lenient]


FILES_IGNORED = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_NO_REPLACE_OBJECTS": "1"}
"""For every call. Neither configuration of the host nor `refs/replace`, which anybody who pushes can push, takes part: with
it a commit deployed other files than its id names, and a commit that replaces itself ended every later push."""

QUIET = {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "", "SSH_ASKPASS": "", "GIT_SSH": "ssh", "GIT_SSH_VARIANT": "ssh"}

PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTPS_PROXY", "NO_PROXY", "GIT_SSL_CAINFO", "SSL_CERT_FILE")


def local_env(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a call without network access."""
    return {**FILES_IGNORED, **QUIET, **(extra or {})}


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """How one remote is reached. config: git's configuration, too secret for an argv (an Authorization header). env:
    variables that git itself reads."""

    config: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)


def network_env(settings: FetchSettings) -> dict[str, str]:
    """Additional environment of a call that fetches."""
    env = {**FILES_IGNORED, **QUIET, **{name: os.environ[name] for name in PROXIES if os.environ.get(name)}}
    for number, (key, value) in enumerate(settings.config.items()):
        env[f"GIT_CONFIG_KEY_{number}"] = key
        env[f"GIT_CONFIG_VALUE_{number}"] = value
    if settings.config:
        env["GIT_CONFIG_COUNT"] = str(len(settings.config))
    return {**env, **settings.env}


PUSH = "DOKKUPY_GIT_PUSH"
"""The variable that says that a push runs. Only the endpoint sets it; sshd does not accept it from a client."""

BEGUN, ENDED = "DOKKUPY_GIT_BEGUN", "DOKKUPY_GIT_ENDED"
"""The variables with the descriptors by which the hook of a push hands its work to the endpoint, and waits for its end."""


def endpoint_env(protocol: str = "", extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The whole environment of `git receive-pack` and `git upload-pack`; their hook inherits it."""
    known = {"GIT_PROTOCOL": protocol} if protocol in ("version=0", "version=1", "version=2") else {}
    return environment({**known, **FILES_IGNORED, **QUIET, **(extra or {})})
