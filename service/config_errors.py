"""Turns a decoder's complaint about a configuration into one that names the key and the nearest known one."""

import re
from difflib import get_close_matches
from typing import Any

import msgspec
from msgspec import inspect

from kernel.errors import ConfigError

__all__ = ["explained"]

_SHAPE = re.compile(r"(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?")
_QUOTED = re.compile(r"`(?P<field>[^`]+)`")


def explained(error: msgspec.ValidationError, root: type, file: str) -> ConfigError:
    """The error that a user reads. `root` is the type that was decoded, `file` what it was read from."""
    shape = _SHAPE.fullmatch(str(error))
    what, path = (shape["what"], shape["path"] or "") if shape else (str(error), "")
    place = re.sub(r"\[(\d+)\]", r".\1", path).lstrip(".")
    if "unknown field" not in what:
        return ConfigError(f"{file}: {place or 'the file'}: {what[:1].lower()}{what[1:]}")
    field = _quoted(what)
    known = _fields(inspect.type_info(root), place.split(".") if place else [])
    near = get_close_matches(field, known, n=1, cutoff=0.0)
    full = f"{place}.{field}" if place else field
    fix = f"did you mean {near[0]!r}? known here: {', '.join(known)}" if near else ""
    return ConfigError(f"{file}: unknown key {full}", fix=fix)


def _quoted(what: str) -> str:
    found = _QUOTED.search(what)
    return found["field"] if found else what


def _fields(info: Any, path: list[str]) -> list[str]:
    """The keys that may stand at a place of the configuration."""
    if isinstance(info, inspect.UnionType):
        return sorted({name for option in info.types for name in _fields(option, path)})
    if isinstance(info, inspect.StructType):
        if not path:
            tag = [str(info.tag_field)] if info.tag_field else []
            return tag + [field.encode_name for field in info.fields]
        return [n for field in info.fields if field.encode_name == path[0] for n in _fields(field.type, path[1:])]
    if isinstance(info, inspect.VarTupleType | inspect.ListType):
        return _fields(info.item_type, path[1:])
    return []
