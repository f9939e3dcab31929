"""The registry of daemon streams, and RUN as the name of one."""

import json

import pytest

from kernel.errors import NotFound, UsageError
from service.runs import Outcome, next_execution, resolve, runs_dir
from service.streams import Stream, every, find, register, stream_dir, streams_dir

FIRST = "ab12cd" + "0" * 58
SECOND = "ab12ce" + "1" * 58


@pytest.mark.parametrize("name", ["paper", "desk/btc", "a.b-c_d", FIRST, f"{FIRST}/1"])
def test_a_stream_is_found_by_its_name_alone(tmp_path, name):
    assert find(tmp_path, name) is None
    assert register(tmp_path, name, FIRST) == stream_dir(tmp_path, name) == streams_dir(tmp_path) / name
    assert find(tmp_path, name) == Stream(name, FIRST)
    assert find(tmp_path, name[:-1]) is None
    assert json.loads((streams_dir(tmp_path) / name / "stream.json").read_text()) == {"stream": name, "run": FIRST}


def test_to_register_again_changes_nothing_and_another_run_is_refused(tmp_path):
    for _ in range(2):
        register(tmp_path, "paper", FIRST)
    with pytest.raises(UsageError, match=rf"paper executes the run {FIRST[:12]}, .* is the run {SECOND[:12]}") as error:
        register(tmp_path, "paper", SECOND)
    assert "--stream" in error.value.fix
    assert find(tmp_path, "paper") == Stream("paper", FIRST)
    assert [path.name for path in stream_dir(tmp_path, "paper").iterdir()] == ["stream.json"]


def test_streams_within_streams_are_apart(tmp_path):
    names = ["paper", "paper/btc", "paper/btc/fast", "aside"]
    for name in reversed(names):
        register(tmp_path, name, FIRST)
    assert [stream.stream for stream in every(tmp_path)] == sorted(names)
    assert find(tmp_path, "paper/eth") is None


@pytest.mark.parametrize("name", ["", "/", "../out", "a//b", "a/", ".hidden", "a b", "x" * 201])
def test_nothing_has_a_name_that_none_can_have(tmp_path, name):
    assert find(tmp_path, name) is None
    with pytest.raises(UsageError, match="cannot name a stream"):
        register(tmp_path, name, FIRST)
    assert not streams_dir(tmp_path).exists()


def test_a_name_whose_directory_is_taken_is_refused(tmp_path):
    (register(tmp_path, "paper", FIRST) / "head.json").write_text("{}")
    with pytest.raises(UsageError, match="cannot be written"):
        register(tmp_path, "paper/head.json", FIRST)


@pytest.mark.parametrize("content", ["", "{}", '{"stream": 1, "run": "x"}', "\0"])
def test_a_file_that_says_nothing_is_refused_by_name(tmp_path, content):
    path = register(tmp_path, "paper", FIRST) / "stream.json"
    path.write_text(content)
    for look in (lambda: find(tmp_path, "paper"), lambda: every(tmp_path)):
        with pytest.raises(UsageError, match=r"paper/stream\.json does not say"):
            look()


def test_run_is_the_stream_of_that_name_before_any_run(tmp_path):
    next_execution(tmp_path, FIRST)
    register(tmp_path, FIRST[:6], SECOND)
    stream = resolve(tmp_path, FIRST[:6])
    assert (stream.run, stream.stream, stream.path) == (SECOND, FIRST[:6], stream_dir(tmp_path, FIRST[:6]))
    assert stream.definition == runs_dir(tmp_path) / SECOND / "definition.json"
    assert (stream.keeps_market, stream.short, stream.outcome(), stream.known_end()) == (True, FIRST[:6], None, None)
    backtest = resolve(tmp_path, FIRST[:7])
    assert (backtest.run, backtest.stream) == (FIRST, f"{FIRST}/1")
    assert (backtest.keeps_market, backtest.short) == (False, f"{FIRST[:12]}/1")


def test_the_end_of_an_execution_is_the_one_it_noted_last(tmp_path):
    from service.log.anchor import write_anchor
    from service.log.record import Head

    execution = next_execution(tmp_path, FIRST)
    write_anchor(execution.path, Head(5, b"\5" * 32))
    assert execution.known_end() == Head(5, b"\5" * 32)
    execution.finish(Outcome(execution.stream, "file", "07" * 32, 7))
    assert execution.known_end() == Head(7, b"\7" * 32)


def test_what_is_not_there_names_runs_and_streams(tmp_path):
    with pytest.raises(NotFound, match="no run 'paper' in .*, and no such stream") as nothing:
        resolve(tmp_path, "paper")
    assert "candled run" in nothing.value.fix
    next_execution(tmp_path, FIRST)
    for name in ("paper/btc", "paper/eth", "aside"):
        register(tmp_path, name, FIRST)
    for text, told, untold in (
        ("paper/bct", "streams here: paper/btc", FIRST[:12]),
        (FIRST[:10] + "11", f"runs here: {FIRST[:12]}", "paper"),
        ("elsewhere!", "streams here: aside, paper/btc, paper/eth", "ab12ce"),
    ):
        with pytest.raises(NotFound) as missing:
            resolve(tmp_path, text)
        assert told in missing.value.fix
        assert untold not in missing.value.fix
