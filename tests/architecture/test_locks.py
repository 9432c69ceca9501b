"""A command that waits for a lock says in words what is being changed, not the lock's own name."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.test_layers import SOURCES, short, tree

SUBJECTS = ("app:", "service:")
"""Locks of apps and services are named as users name them."""


def unnamed_waits(module: ast.AST) -> list[int]:
    """The lines that wait for a lock whose message would show the lock's own name."""
    return [
        call.lineno
        for call in ast.walk(module)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "lock"
        for given in [{one.arg: one.value for one in call.keywords}]
        if "wait" in given and not is_zero(given["wait"])
        if call.args and "what" not in given and "command" in given and not text_of(call.args[0]).startswith(SUBJECTS)
    ]


def is_zero(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 0


def text_of(node: ast.expr) -> str:
    """The first text in the subject."""
    return next((str(one.value) for one in ast.walk(node) if isinstance(one, ast.Constant)), "")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("host.lock('proxy', wait=60, command='nginx')", [1]),
        ("host.lock(LOCK, wait=SECONDS, command='nginx')", [1]),
        ("host.lock('proxy', wait=60, command='nginx', what='The configuration')", []),
        ("host.lock('proxy', wait=0, command='nginx')", []),
        ("host.lock(f'app:{app}', wait=60, command='nginx')", []),
    ],
)
def test_a_wait_for_a_lock_without_words_is_found(text: str, lines: list[int]) -> None:
    assert unnamed_waits(ast.parse(text)) == lines


def test_whoever_waits_for_a_lock_reads_what_is_being_changed() -> None:
    found = {short(path): lines for path in SOURCES if (lines := unnamed_waits(tree(path)))}
    found.pop("core/src/dokkupy/kernel/operation.py")  # its subjects are apps, services and the host
    assert found == {}
