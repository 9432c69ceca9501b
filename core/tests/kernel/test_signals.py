"""A signal during an operation: its reader is shown what became of the operation."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from dokkupy.host import Host
from dokkupy.kernel.operation import operation
from dokkupy.kernel.registry import Registry
from dokkupy.kernel.signals import SignalReceived


@pytest.mark.parametrize(("commits", "end"), [(False, "was rolled back"), (True, "took effect")])
def test_an_interruption_names_the_command_and_what_became_of_it(tmp_path: Path, commits: bool, end: str) -> None:
    host = Host(str(tmp_path), registry=Registry([]), command="ps:rebuild blog")
    with pytest.raises(SignalReceived) as caught, operation(host, "deploy", "app:blog") as tx:
        if commits:
            tx.commit()
        signal.raise_signal(signal.SIGINT)
    assert (caught.value.message, caught.value.exit_code) == (f"Interrupted by SIGINT; `ps:rebuild blog` {end}", 130)
