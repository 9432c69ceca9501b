"""New adapters of a role: a class with every method of the role and its docstrings, and the contract as its test."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

from dokkupy_sdk import model, names, roles
from dokkupy_sdk.names import PluginName
from dokkupy_sdk.scaffold import write_tree

MODULES = {
    "dokkupy_sdk.model": model.__all__,
    "dokkupy_sdk.names": names.__all__,
    "dokkupy_sdk.one_offs": ["OneOffContainers"],
    "dokkupy_sdk.operation": ["Transaction"],
    "dokkupy_sdk.roles": roles.__all__,
    "typing": ["Any"],
    "collections.abc": ["Callable", "Iterable", "Iterator", "Mapping", "Sequence"],
}
"""The modules from which the names in annotations are imported."""

SETTINGS = {"builder": "builder:set", "proxy": "proxy:set", "scheduler": "scheduler:set"}
PROPERTIES = {"builder": "selected", "proxy": "type", "scheduler": "selected"}


def write_proxy(name: str, directory: str) -> list[str]:
    """Write a plugin with an adapter of the role Proxy; see `write_plugin`."""
    return write_adapter("proxy", (roles.Proxy,), name, directory)


def write_builder(name: str, directory: str) -> list[str]:
    """Write a plugin with an adapter of the role Builder; see `write_plugin`."""
    return write_adapter("builder", (roles.Builder,), name, directory)


def write_scheduler(name: str, directory: str) -> list[str]:
    """Write a plugin with an adapter of the roles of a scheduler; see `write_plugin`."""
    return write_adapter("scheduler", (roles.Scheduler, roles.Instances, roles.Surroundings), name, directory)


def write_adapter(module: str, bases: tuple[type, ...], name: str, directory: str) -> list[str]:
    code, one_offs = methods(*bases), methods(roles.OneOffs, roles.OneOffSessions)
    values = {
        "module": module,
        "role": bases[0].__name__,
        "bases": ", ".join(base.__name__ for base in bases),
        "methods": code,
        "imports": imports(f"{code} {' '.join(base.__name__ for base in bases)}"),
        "one_offs_methods": one_offs,
        "one_offs_imports": imports(f"{one_offs} OneOffContainers"),
        "fixtures": fixtures(bases[0].__name__),
        "setting": SETTINGS[module],
        "property": PROPERTIES[module],
    }
    own = Path(__file__).parent / module
    return write_tree(own if own.is_dir() else own.with_name("role"), PluginName(name), Path(directory), values)


def methods(*bases: type) -> str:
    return "\n\n".join(method(function) for base in bases for function in abstract(base))


def abstract(role: type) -> list[object]:
    return [one for name, one in vars(role).items() if name in getattr(role, "__abstractmethods__", ())]


def method(function: object) -> str:
    """The first version of an abstract method in an adapter."""
    is_property = isinstance(function, property)
    plain: Any = function.fget if isinstance(function, property) else function
    signature = re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(inspect.signature(plain))).replace(
        "Transaction[Any]", "Transaction"
    )
    text = inspect.getdoc(plain) or "The readiness of the adapter."
    lines = declaration(f"def {plain.__name__}", signature)
    closing = "\n" if "\n" in text else ""
    lines += [f"    {line}".rstrip() for line in f'"""{text}{closing}"""'.splitlines()]
    lines.append(f'    raise NotImplementedError("{plain.__name__} is not written yet")')
    return "\n".join(f"    {line}".rstrip() for line in (["@property"] if is_property else []) + lines)


WIDTH = 120


def declaration(start: str, signature: str) -> list[str]:
    """The first lines of a method as formatters write them: the parameters in one line, or one for each."""
    signature = signature.replace("''", '""')
    if len(start) + len(signature) + 5 <= WIDTH:
        return [f"{start}{signature}:"]
    parameters, _, returns = signature[1:].rpartition(") -> ")
    if len(parameters) + 8 <= WIDTH:
        return [f"{start}(", f"    {parameters}", f") -> {returns}:"]
    depth, rows = 0, [""]
    for mark in parameters:
        depth += (mark in "([") - (mark in ")]")
        if mark == "," and not depth:
            rows.append("")
        else:
            rows[-1] += mark
    return [f"{start}(", *(f"    {row.strip()}," for row in rows), f") -> {returns}:"]


def imports(code: str) -> str:
    """The import statements for the names in the code's annotations."""
    used = set(re.findall(r"\b[A-Z]\w+\b", re.sub(r'""".*?"""', "", code, flags=re.DOTALL)))
    found = {module: sorted(used.intersection(exported)) for module, exported in MODULES.items()}
    found["dokkupy_sdk"] = ["Host"]
    standard = [module for module in ("collections.abc", "typing") if found[module]]
    ours = sorted(module for module in found if found[module] and module not in ("collections.abc", "typing"))
    blocks = [[f"from {module} import {', '.join(found[module])}" for module in part] for part in (standard, ours)]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def fixtures(role: str) -> str:
    """The docstrings of the contract that describe its fixtures."""
    from dokkupy_sdk.testing import contracts

    docs = [inspect.cleandoc(one.__doc__ or "") for one in getattr(contracts, f"{role}Contract").__mro__]
    return "\n\n".join(doc for doc in docs if doc.startswith("Fixture"))
