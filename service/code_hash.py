"""The hash of source code: what a run was decided by, whatever path or machine it lay on."""

import ast
from collections.abc import Iterable, Mapping
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from kernel.errors import ConfigError

__all__ = ["code_hash", "package_hash", "sources_beside"]


def code_hash(sources: Mapping[str, bytes]) -> str:
    """sha256 over the files in order of their names: each as its name, its own sha256, and a line feed."""
    lines = [f"{name} {sha256(sources[name]).hexdigest()}\n" for name in sorted(sources)]
    return sha256("".join(lines).encode()).hexdigest()


def package_hash(package: str) -> str:
    """The hash of every Python file of an installed package, by its path below the package."""
    return code_hash(dict(_python_files(files(package), "")))


def _python_files(folder: Traversable, prefix: str) -> Iterable[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _python_files(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".py"):
            yield f"{prefix}{entry.name}", entry.read_bytes()


def sources_beside(path: Path) -> dict[str, bytes]:
    """A Python file and every module that it imports, directly or not, from its own folder.

    Errors: ConfigError when a file cannot be read or is not Python.
    """
    found: dict[str, bytes] = {}
    waiting = [path.name]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        try:
            found[name] = (path.parent / name).read_bytes()
            tree = ast.parse(found[name], filename=name)
        except OSError as error:
            raise ConfigError(f"the rule {path.parent / name} cannot be read: {error.strerror}") from None
        except (SyntaxError, ValueError) as error:
            raise ConfigError(f"the rule {path.parent / name} is not Python: {error}") from None
        waiting += [f"{module}.py" for module in _imported(tree) if (path.parent / f"{module}.py").is_file()]
    return found


def _imported(tree: ast.AST) -> Iterable[str]:
    """The top-level names of every module that the code imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ([node.module.split(".")[0]] if node.module else [alias.name for alias in node.names])
