"""The budgets of the house, measured: length, parameters, docstrings, names, and that every module is used."""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("kernel", "venues", "service", "research", "migrations")
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
NAMES = [str(path.relative_to(ROOT)) for path in FILES]

FILE_MAX, FILE_AIM = 400, 180
FUNCTION_MAX = 60
PARAMETERS_MAX = 8
PUBLIC_METHODS_MAX = 15

# Doors: behind each of them is code that is not ours, or the end of a process.
BROAD_EXCEPT = {
    "service/rules.py": 3,  # a user's rule: imported, made, asked
    "service/embedded/keeper.py": 1,  # a process of its own, whose last words go to its log
}
PRINTS: set[str] = set()
# Found by name, not by import: Alembic's, a process that is started as a module, what compiled modules import.
STARTED_BY_NAME = {"migrations/env.py", "service/embedded/keeper.py", "service/jitted.py"}
# Found by themselves: whoever adds a kind, or features, adds a file.
FOUND_BY_NAME = {name for name in NAMES if name.startswith(("kernel/indicators/", "kernel/features/catalogue/"))}
# What is compiled takes its arrays one by one: a kind's update its state and up to five inputs, the search its columns.
# A verb's parameters are its options, of which a reader names one or two.
VERBS = {name for name in NAMES if name.endswith(("_commands.py", "_command.py"))}
COMPILED = {name for name in NAMES if name.startswith("kernel/indicators/")} | {"kernel/wake.py"}
# The schema as data. No query uses it yet; a test holds it to the migrations.
AHEAD_OF_THEIR_USE = {"service/database/tables.py"}
# A list of statements that, once released, is never touched again; Alembic finds it by its place.
MIGRATIONS = {name for name in NAMES if name.startswith("migrations/versions/")}

trees = pytest.mark.parametrize("path", FILES, ids=NAMES)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@trees
def test_a_file_is_short(path):
    lines = len(path.read_text().splitlines())
    assert lines <= FILE_MAX, f"{lines} lines; the aim is {FILE_AIM}"


@trees
def test_a_function_is_short_and_asks_for_little(path):
    for function in functions(parsed(path)):
        lines = (function.end_lineno or 0) - function.lineno + 1
        assert lines <= FUNCTION_MAX or name_of(path) in MIGRATIONS, f"{function.name}: {lines} lines"
        arguments = function.args
        count = len(arguments.posonlyargs + arguments.args + arguments.kwonlyargs)
        assert (
            count - (arguments.args[:1] != [] and arguments.args[0].arg == "self") <= PARAMETERS_MAX
            or name_of(path) in COMPILED | VERBS
        )


@trees
def test_a_class_has_few_public_methods(path):
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ClassDef):
            public = [f.name for f in node.body if isinstance(f, Function) and not f.name.startswith("_")]
            assert len(public) <= PUBLIC_METHODS_MAX, f"{node.name}: {len(public)}"


@trees
def test_what_is_public_has_a_docstring(path):
    tree = parsed(path)
    if tree.body:
        assert ast.get_docstring(tree), "the module: the rule of this file"
    public = [(node, node.name) for node in tree.body if isinstance(node, Function | ast.ClassDef)]
    for node, name in list(public):
        if isinstance(node, ast.ClassDef) and not name.startswith("_"):
            public += [(method, f"{name}.{method.name}") for method in node.body if isinstance(method, Function)]
    for node, name in public:
        if not name.rpartition(".")[2].startswith("_"):
            exempt = name_of(path).startswith("migrations/versions") and name in {"upgrade", "downgrade"}
            assert exempt or ast.get_docstring(node), name


@trees
def test_a_module_says_what_it_is(path):
    words = re.split(r"[_.]", path.name)
    assert not {"utils", "util", "helpers", "helper", "misc", "common", "manager"} & set(words)


@trees
def test_what_goes_wrong_is_not_swallowed(path):
    handlers = [node for node in ast.walk(parsed(path)) if isinstance(node, ast.ExceptHandler)]
    assert all(handler.type is not None for handler in handlers), "a bare except"
    names = [ast.unparse(handler.type) for handler in handlers if handler.type is not None]
    broad = sum("Exception" in re.findall(r"\w+", name) for name in names)
    assert broad == BROAD_EXCEPT.get(name_of(path), 0), "except Exception: a door that is not on the list"
    for handler in handlers:
        if ast.unparse(handler.type or ast.Constant("")).endswith("BaseException"):
            assert any(isinstance(node, ast.Raise) and node.exc is None for node in ast.walk(handler)), "must re-raise"


@trees
def test_nothing_is_printed_and_nothing_left_undone(path):
    calls = [n.func.id for n in ast.walk(parsed(path)) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    assert "print" not in calls or name_of(path) in PRINTS
    assert not {"breakpoint", "eval", "exec"} & set(calls)
    assert not re.findall(r"\b(TODO|FIXME|XXX|HACK)\b", path.read_text())


@trees
def test_all_is_true_to_the_facts(path):
    tree = parsed(path)
    assigned = [n for n in tree.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "__all__"]
    public = {n.name for n in tree.body if isinstance(n, Function | ast.ClassDef) and not n.name.startswith("_")}
    if path.name == "__init__.py" or name_of(path).startswith("migrations/"):
        return
    assert assigned, "no __all__"
    listed = ast.literal_eval(assigned[0].value)
    assert len(set(listed)) == len(listed)
    at_top = public | {t.id for n in tree.body for t in _targets(n) if isinstance(t, ast.Name)} | _imported(tree)
    assert set(listed) <= at_top, "named, and not there"
    used = {name for name in public - set(listed) if not _used_elsewhere(path, name)}
    assert used == public - set(listed), f"imported elsewhere, and not named: {public - set(listed) - used}"


def _targets(node: ast.stmt) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []


def _imported(tree: ast.Module) -> set[str]:
    nodes = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    return {alias.asname or alias.name for node in nodes for alias in node.names}


def _module(path: Path) -> str:
    return name_of(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@cache
def _mentions() -> dict[str, set[str]]:
    """For each module of the house, the names that others take from it; an import inside a function counts."""
    found: dict[str, set[str]] = {}
    for path in FILES:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ImportFrom) and node.module:
                taken = found.setdefault(node.module, set())
                taken |= {alias.name for alias in node.names}
                for alias in node.names:
                    found.setdefault(f"{node.module}.{alias.name}", set())
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    found.setdefault(alias.name, set())
    return found


def _used_elsewhere(path: Path, name: str) -> bool:
    return name in _mentions().get(_module(path), set())


@pytest.mark.parametrize("path", [p for p in FILES if p.name != "__init__.py"],
                         ids=[n for n in NAMES if not n.endswith("__init__.py")])  # fmt: skip
def test_no_module_is_dead(path):
    """It is imported by another, or is a verb of the command line, or is started by name."""
    verbs = set(re.findall(r'"([a-z_.]+):[a-z_]+"', (ROOT / "service" / "cli" / "main.py").read_text()))
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"].values()
    entries = verbs | {script.partition(":")[0] for script in scripts}
    assert (
        _module(path) in _mentions()
        or _module(path) in entries
        or name_of(path) in STARTED_BY_NAME | FOUND_BY_NAME | MIGRATIONS | AHEAD_OF_THEIR_USE
    )


def test_most_files_are_of_the_length_that_we_aim_at():
    lengths = sorted((len(path.read_text().splitlines()), name_of(path)) for path in FILES)
    longer = [f"{name}: {lines}" for lines, name in lengths if lines > FILE_AIM]
    assert len(longer) <= len(lengths) // 20, "\n".join(longer)
