"""What a hook implementation may ask for: it works, or the plugin is left out with the reason."""

from __future__ import annotations

import types
import warnings
from collections.abc import Callable, Iterable

import pytest
from dokkupy import hookspecs
from dokkupy.kernel.discovery import CORE, EntryPoint, entry_points
from dokkupy.kernel.hooks import Hooks
from dokkupy.kernel.registry import Registry
from dokkupy.model.names import AppName
from dokkupy_sdk import Host, hookimpl, hookspec

APP = AppName("blog")


class Loaded(Registry):
    """A registry of modules that are there already, beside core's own specifications."""

    def __init__(self, **modules: object) -> None:
        self.modules = modules
        entries = [
            EntryPoint("dokkupy.plugins", name, f"{name}.hooks", f"dokkupy-{name}", "1.2", "") for name in modules
        ]
        super().__init__([*(one for one in entry_points() if one.distribution == CORE), *entries])

    def load(self, entry: EntryPoint) -> object:
        return self.modules[entry.name] if entry.name in self.modules else super().load(entry)


def module(**functions: Callable[..., object]) -> types.ModuleType:
    made = types.ModuleType("hooks")
    for name, function in functions.items():
        setattr(made, name, function)
    return made


def hooks(said: list[str] | None = None, **modules: object) -> Hooks:
    return Hooks(Loaded(**modules), warn=(said if said is not None else []).append)


def reason(found: Hooks) -> str:
    return found.quarantined["tool"].message


@pytest.mark.parametrize("option", ["wrapper", "hookwrapper", "tryfirst", "trylast"])
def test_an_option_of_pluggy_that_hooks_do_not_have_leaves_the_plugin_out(option: str) -> None:
    def release_files(host: Host, app: AppName):  # type: ignore[no-untyped-def]
        yield []

    marked = hookimpl(**{option: True})(release_files)
    other = hookimpl(lambda: ["one"])
    found = hooks(tool=module(release_files=marked), other=module(release_files=other))
    assert f"tool (dokkupy-tool 1.2) implements the hook release_files with {option}=True: " in reason(found)
    assert found.gather(hookspecs.release_files, host=Host("/nowhere"), app=APP) == [("other", "one")]


def unknown_argument(host: Host, nothing: object) -> Iterable[str]:
    return []


def unknown_default(nothing: object = None) -> Iterable[str]:
    return []


def by_position(app: AppName, /) -> Iterable[str]:
    return []


def starred(*args: object) -> Iterable[str]:
    return []


def double_starred(**kwargs: object) -> Iterable[str]:
    return []


@pytest.mark.parametrize("function", [unknown_argument, unknown_default, by_position, starred, double_starred])
def test_a_plugin_with_an_argument_that_no_call_fills_is_quarantined(function: Callable[..., object]) -> None:
    found = hooks(tool=module(release_files=hookimpl(function)))
    assert "tool (dokkupy-tool 1.2)" in reason(found)
    assert "release_files" in reason(found)
    assert found.gather(hookspecs.release_files, host=Host("/nowhere"), app=APP) == []


def test_an_argument_with_a_default_or_by_keyword_alone_is_given() -> None:
    def with_default(app: str = "none") -> Iterable[str]:
        return [app]

    def keyword_only(*, app: AppName) -> Iterable[str]:
        return [str(app)]

    class Methods:
        @hookimpl
        def release_files(self, app: AppName) -> Iterable[str]:
            return [str(app)]

    found = hooks(
        one=module(release_files=hookimpl(with_default)),
        two=module(release_files=hookimpl(keyword_only)),
        three=Methods(),
    )
    assert found.quarantined == {}
    facts = found.gather(hookspecs.release_files, host=Host("/nowhere"), app=APP)
    assert facts == [("one", "blog"), ("three", "blog"), ("two", "blog")]


@pytest.mark.parametrize("shape", ["emit", "emit_to_all", "ask", "gather", "gather_what_can", "notify"])
def test_arguments_by_position_are_refused(shape: str) -> None:
    """Two of the shapes dropped them, and blamed the plugin."""
    found = hooks(tool=module(release_files=hookimpl(lambda app: [app])))
    with pytest.raises(TypeError, match="release_files are given by keyword"):
        getattr(found, shape)(hookspecs.release_files, Host("/nowhere"), APP)


def test_an_implementation_under_another_name_runs() -> None:
    found = hooks(tool=module(files=hookimpl(specname="release_files")(lambda: ["x"])))
    assert found.gather(hookspecs.release_files, host=Host("/nowhere"), app=APP) == [("tool", "x")]


def test_an_optional_hook_may_be_unknown_and_others_may_not() -> None:
    assert hooks(tool=module(of_later=hookimpl(optionalhook=True)(lambda: None))).quarantined == {}
    found = hooks(tool=module(release_filez=hookimpl(lambda: [])))
    assert "tool (dokkupy-tool 1.2) implements an unknown hook release_filez" in reason(found)
    assert "release_files" in found.quarantined["tool"].hint


def specification(name: str, **options: bool) -> types.ModuleType:
    def function(host: Host, app: AppName) -> None:
        """Something of another plugin's happens."""

    function.__name__ = name
    return module(**{name: hookspec(**options)(function)})


def kit(spec: types.ModuleType, **modules: object) -> Hooks:
    registry = Loaded(**modules, kit=spec)
    next(entry for entry in registry.entries if entry.name == "kit").group = "dokkupy.hookspecs"
    return Hooks(registry)


def test_a_plugin_specifies_hooks_that_other_plugins_implement() -> None:
    spec = specification("post_bake")
    got: list[AppName] = []
    found = kit(spec, tool=module(post_bake=hookimpl(lambda app: got.append(app))))
    found.emit(spec.post_bake, host=Host("/nowhere"), app=APP)
    assert (got, found.quarantined) == ([APP], {})
    assert "post_bake" in found.names()


@pytest.mark.parametrize(
    ("name", "options", "complaint"),
    [
        ("post_bake", {"historic": True}, "historic"),
        ("post_bake", {"firstresult": True}, "firstresult=True"),
        ("resolve_bread", {}, "firstresult=True"),
        ("post_deploy", {}, "which core specifies already"),
    ],
)
def test_a_plugin_with_a_specification_of_no_known_shape_is_quarantined(
    name: str, options: dict[str, bool], complaint: str
) -> None:
    found = kit(specification(name, **options))
    assert f"kit (dokkupy-kit 1.2) specifies the hook {name}" in found.quarantined["kit"].message
    assert complaint in found.quarantined["kit"].message


def test_an_optional_hook_of_a_plugin_that_is_not_installed_may_have_arguments() -> None:
    optional = hookimpl(optionalhook=True)(lambda host, subject: None)
    assert hooks(tool=module(on_backup_finished=optional)).quarantined == {}


def test_an_implementation_of_a_deprecated_hook_causes_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(hookspecs.release_files.dokkupy_spec, "warn_on_impl", DeprecationWarning("use another"))  # type: ignore[attr-defined]
    said: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hooks(said, tool=module(release_files=hookimpl(lambda: [])))
    assert said == ["Plugin tool (dokkupy-tool 1.2): use another"]
