"""Identifiers, parsed at the border. Light: no dataclasses."""

from dokkupy.model.names import (
    AppName,
    Domain,
    EnvKey,
    GitRef,
    GlobalDomain,
    Identifier,
    ImageRef,
    KeyName,
    Pattern,
    PluginName,
    ProcessType,
    RelativePath,
    digits,
    shown,
)
from dokkupy.model.secret import Sealed, Secret

__all__ = [
    "AppName",
    "Domain",
    "EnvKey",
    "GitRef",
    "GlobalDomain",
    "Identifier",
    "ImageRef",
    "Pattern",
    "KeyName",
    "PluginName",
    "ProcessType",
    "RelativePath",
    "Sealed",
    "Secret",
    "digits",
    "shown",
]
