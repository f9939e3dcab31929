"""Turns a decoder's complaint about a configuration into one that names the key, who gave it, and the nearest known."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import msgspec
from msgspec import inspect

from kernel.errors import ConfigError

__all__ = ["explained"]

_SHAPE = re.compile(r"(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?", re.DOTALL)
_NAMED = re.compile(r"(?P<how>unknown|missing required) field `(?P<field>[^`]+)`")
_INVALID = re.compile(r"Invalid (?:enum )?value '(?P<value>.*)'", re.DOTALL)


def explained(error: msgspec.ValidationError, root: type, file: str, origins: Mapping[str, str]) -> ConfigError:
    """The error that a user reads. `root` is the type that was decoded, `file` what it was read from.

    `origins` says of each key that was set from elsewhere, by whom.
    """
    shape = _SHAPE.fullmatch(str(error))
    what, path = (shape["what"], shape["path"] or "") if shape else (str(error), "")
    place = re.sub(r"\[(\d+)\]", r".\1", path).strip(".")
    here = _types_at(inspect.type_info(root), place.split(".") if place else [])
    named, invalid = _NAMED.search(what), _INVALID.fullmatch(what)
    if named:
        key, known = ".".join(filter(None, (place, named["field"]))), _keys(here)
        how = "missing" if named["how"].startswith("missing") else "unknown"
        fix = _nearest(named["field"], known) if how == "unknown" else f"add {named['field']}"
        return ConfigError(f"{_origin(key, file, origins)}: {how} key {key}", fix=fix)
    fix = _nearest(invalid["value"], _values(here, place)) if invalid else ""
    return ConfigError(f"{_origin(place, file, origins)}: {place or 'the file'}: {what[:1].lower()}{what[1:]}", fix=fix)


def _origin(key: str, file: str, origins: Mapping[str, str]) -> str:
    found = [origin for name, origin in origins.items() if f"{name}.".startswith(f"{key}.")]
    return found[-1] if found else file


def _nearest(word: str, known: list[str]) -> str:
    near = get_close_matches(word, known, n=1, cutoff=0.0)
    return f"did you mean {near[0]!r}? known here: {', '.join(known)}" if near else ""


def _types_at(info: Any, path: list[str]) -> list[Any]:
    """The types that may stand at a place of the configuration. A union's tag has the types that it chooses from."""
    if isinstance(info, inspect.UnionType):
        return [found for option in info.types for found in _types_at(option, path)]
    if not path or not isinstance(info, inspect.StructType | inspect.VarTupleType):
        return [info] if not path else []
    if isinstance(info, inspect.VarTupleType):
        return _types_at(info.item_type, path[1:])
    if path == [info.tag_field]:
        return [info]
    return [found for field in info.fields if field.encode_name == path[0] for found in _types_at(field.type, path[1:])]


def _keys(types: list[Any]) -> list[str]:
    structs = [info for info in types if isinstance(info, inspect.StructType)]
    tags = [str(info.tag_field) for info in structs if info.tag_field]
    return list(dict.fromkeys(tags + [field.encode_name for info in structs for field in info.fields]))


def _values(types: list[Any], place: str) -> list[str]:
    """The words that may stand at a place: those of a literal, or the tags that a union's `kind` may have."""
    tags = [str(t.tag) for t in types if isinstance(t, inspect.StructType) and place.endswith(f".{t.tag_field}")]
    return tags + [str(value) for t in types if isinstance(t, inspect.LiteralType) for value in t.values]
