"""What a stream is begun with holds for good: it is continued by its own definition, by newer code too, by no other."""

import msgspec
import pytest

from kernel.errors import UsageError
from kernel.timeframe import parse_time
from service.config import load_config
from service.daemon.plan import Asked, make_plan
from service.daemon.played import played
from service.definition import Window, run_id
from service.log.file import FileLogStore
from service.log.record import decoded
from service.loop import run as run_loop
from service.runs import runs_dir
from service.streams import find
from tests.service.made import EMA_CROSS, dataset, records, run, walk

FIRST = "2022-01-01T05:00"
NO_WINDOW = Window(None, None)


@pytest.fixture
def market(tmp_path):
    return dataset(tmp_path, walk(1_500)).manifest.dataset


def plan_of(data_dir, *overrides, datasets=(), window=NO_WINDOW, stream="paper"):
    return make_plan(
        data_dir, load_config(EMA_CROSS, overrides=overrides), Asked(stream, datasets, window, EMA_CROSS.parent)
    )


def test_a_stream_is_continued_with_what_it_began_with(tmp_path, market):
    """Its window is not asked for again, nor its datasets where the configuration names no market."""
    began = plan_of(tmp_path, datasets=[market], window=Window(parse_time(FIRST), None))
    assert find(tmp_path, "paper").run == began.run == run_id(began.definition)
    again = plan_of(tmp_path, datasets=[market])
    assert (again.run, again.place, again.definition) == (began.run, began.place, began.definition)
    assert again.definition.window.first == parse_time(FIRST)
    bare = msgspec.structs.replace(load_config(EMA_CROSS), markets=())
    without = make_plan(tmp_path, bare, Asked("paper", beside=EMA_CROSS.parent))
    assert without.definition == began.definition


@pytest.mark.parametrize(
    ("overrides", "window", "named"),
    [
        (["seed=7"], NO_WINDOW, "seed"),
        (["venue.fee_rate=0.002"], NO_WINDOW, "venue, markets"),
        ([], Window(parse_time("2022-01-01T06:00"), None), "window"),
    ],
)
def test_another_configuration_is_refused(tmp_path, market, overrides, window, named):
    plan_of(tmp_path, datasets=[market])
    with pytest.raises(UsageError, match=f"paper was begun with another configuration: {named} are not the same"):
        plan_of(tmp_path, *overrides, datasets=[market], window=window)
    assert plan_of(tmp_path, *overrides, datasets=[market], window=window, stream="other").stream == "other"


def test_where_and_how_it_runs_is_no_part_of_it(tmp_path, market):
    began = plan_of(tmp_path, datasets=[market])
    assert plan_of(tmp_path, "daemon.snapshot_every=7", "daemon.on_stop=cancel", datasets=[market]).run == began.run


def test_newer_code_continues_and_makes_everything_again(tmp_path, market, monkeypatch):
    from service import definition

    began = plan_of(tmp_path, datasets=[market])
    monkeypatch.setattr(definition, "package_hash", lambda _: "f" * 64)
    newer = plan_of(tmp_path, datasets=[market])
    assert newer.run == began.run
    assert newer.definition.kernel_code == "f" * 64 != began.definition.kernel_code
    result = run_loop(played(newer, store := FileLogStore(tmp_path / "daemon")))
    assert result.run == decoded(records_of(store)[0]).definition == began.run


def test_a_run_through_the_daemon_is_the_backtest(tmp_path, market):
    """With warm-up, from configuration and datasets on; an ended stream answers the same again."""
    ran = run(tmp_path, [dataset(tmp_path, walk(1_500))], EMA_CROSS, first=FIRST)
    plan = plan_of(tmp_path, datasets=[market], window=Window(parse_time(FIRST), None))
    assert plan.run == run_id(ran.definition)
    result = run_loop(played(plan, store := FileLogStore(runs_dir(tmp_path) / "daemon")))
    assert result.decisions_digest == ran.result.decisions_digest
    left = [
        r for r in records_of(store) if r.type not in ("CandleClosed", "WarmupCandle", "InstantClosed", "CandleGap")
    ]
    assert [(r.type, r.payload) for r in left] == [(r.type, r.payload) for r in records(tmp_path, ran.result.stream)]
    assert (result.fills, result.final_equity) == (ran.result.fills, ran.result.final_equity)
    again = run_loop(played(plan_of(tmp_path, datasets=[market]), store))
    timed = {"wall_s": 0, "candles_per_s": 0}
    assert msgspec.structs.replace(again, **timed) == msgspec.structs.replace(result, **timed)


def records_of(store):
    async def read():
        return [record async for batch in store.records("paper") for record in batch]

    return run_loop(read())
