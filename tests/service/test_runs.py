"""Where runs live, and what RUN means."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from kernel.errors import NotFound, UsageError
from service.log.record import Head
from service.runs import Outcome, executions, next_execution, resolve, runs_dir

FIRST = "ab12cd" + "0" * 58
SECOND = "ab12ce" + "1" * 58


def test_executions_are_numbered_from_one(tmp_path):
    assert [next_execution(tmp_path, FIRST).number for _ in range(11)] == list(range(1, 12))
    assert [execution.number for execution in executions(tmp_path)] == list(range(1, 12))
    assert resolve(tmp_path, FIRST).stream == f"{FIRST}/11"


def test_many_at_once_never_share_a_number(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: next_execution(tmp_path, FIRST).number, range(64)))
    assert sorted(numbers) == list(range(1, 65))


@pytest.mark.parametrize("text", [FIRST, FIRST[:6], FIRST[:30], f"{FIRST}/2", f"{FIRST[:7]}/2"])
def test_a_run_is_found_by_its_id_by_a_beginning_and_by_number(tmp_path, text):
    for run in (FIRST, FIRST, SECOND):
        next_execution(tmp_path, run)
    execution = resolve(tmp_path, text)
    assert (execution.stream, execution.path) == (f"{FIRST}/2", runs_dir(tmp_path) / FIRST / "2")
    assert execution.definition == runs_dir(tmp_path) / FIRST / "definition.json"


def test_a_beginning_of_several_runs_is_refused(tmp_path):
    for run in (FIRST, FIRST[:6] + "7" * 58):
        next_execution(tmp_path, run)
    with pytest.raises(UsageError, match="begins 2 run ids"):
        resolve(tmp_path, FIRST[:6])


@pytest.mark.parametrize(
    "text", [FIRST[:5], "", "zz12cd", f"{FIRST}/3", f"{FIRST}/", f"{FIRST}/x", f"{FIRST}/01", "/1"]
)
def test_what_is_not_there_is_not_found(tmp_path, text):
    for run in (FIRST, FIRST, SECOND):
        next_execution(tmp_path, run)
    with pytest.raises(NotFound) as missing:
        resolve(tmp_path, text)
    assert missing.value.fix


def test_close_runs_are_named(tmp_path):
    for run in (FIRST, SECOND, "f" * 64):
        next_execution(tmp_path, run)
    with pytest.raises(NotFound) as missing:
        resolve(tmp_path, "ab12cf")
    assert FIRST[:12] in missing.value.fix
    assert SECOND[:12] in missing.value.fix
    assert "ffff" not in missing.value.fix
    with pytest.raises(NotFound, match="no run"):
        resolve(tmp_path / "elsewhere", FIRST)


def test_an_outcome_is_kept_with_whatever_else_is_said(tmp_path):
    execution = next_execution(tmp_path, FIRST)
    assert execution.outcome() is None
    outcome = Outcome(execution.stream, "postgres", "ab" * 32, 17)
    execution.finish(outcome, mode="step")
    assert execution.outcome() == outcome
    assert outcome.head == Head(17, b"\xab" * 32)
    assert json.loads((execution.path / "execution.json").read_text())["mode"] == "step"
    assert [path.name for path in execution.path.iterdir()] == ["execution.json"]
    (execution.path / "execution.json").write_text('{"stream": 1}')
    with pytest.raises(UsageError):
        execution.outcome()


def test_a_number_that_the_store_knows_from_elsewhere_is_not_used_again(tmp_path):
    next_execution(tmp_path, FIRST)
    streams = [f"{FIRST}/7", f"{FIRST}/notes", f"{'0' * 64}/9", "paper"]
    assert next_execution(tmp_path, FIRST, streams=streams).number == 8
