"""The kill switch without a database: it is kept in the spool, and turned once when the database is back."""

import signal

import pytest

from service import loop
from tests.service.daemon.afar import database_afar
from tests.service.daemon.living import Place, of_type
from tests.service.made import MEAN_REVERSION, dataset, walk

PACE = "12000"


@pytest.fixture(scope="module")
def afar(embedded_server):
    with database_afar(loop.run(embedded_server.make_home())) as found:
        yield found


@pytest.fixture(scope="module")
def place(tmp_path_factory, afar):
    data_dir = tmp_path_factory.mktemp("switch")
    return Place(data_dir, [dataset(data_dir, walk(6_000, 7))], MEAN_REVERSION, database_url=afar.url)


def holding(status):
    return status.ready and status.positions > 0 and status.head.seq > 100


def flat(status):
    return status.ready and status.positions == 0 and status.orders == 0 and status.trading == "halted"


def assert_turned_once(recorded, key):
    """One command in the log, and behind it nothing but the way out."""
    turned = [record for record in recorded if record.type == "SetTradingState"]
    assert [command.key for command in of_type(turned, "SetTradingState")] == [key]
    asked = [entry for entry in of_type(recorded[turned[0].seq :], "OrderRequested")]
    assert len(asked) == 1
    assert asked[0].reduce_only


def test_flatten_without_a_database_is_kept_and_turned_once(place, afar):
    stream = place.new_stream()
    with place.living(stream, speed=PACE) as living:
        living.until(holding)
        with afar.away():
            living.until(lambda status: "database" in status.problems, within_s=5.0)
            for _ in range(3):
                answer = living.post("/flatten", key="panic", confirm=True)
                assert (answer["seq"], answer["durable"]) == (0, "spool")
        living.until(flat)
        turned = living.post("/flatten", key="panic", confirm=True)
        assert turned["repeated"]
        living.until(lambda status: status.market_ended)
        assert living.stop() == 0
    assert_turned_once(place.records(stream), "panic")


@pytest.mark.parametrize("when", ["before it is back", "once it is back"])
def test_a_spooled_command_outlives_the_daemon_and_is_turned_once(place, afar, when):
    stream = place.new_stream()
    with place.living(stream, speed=PACE) as living:
        living.until(holding)
        with afar.away():
            living.until(lambda status: "database" in status.problems, within_s=5.0)
            assert living.post("/flatten", key="panic", confirm=True)["durable"] == "spool"
            if when == "before it is back":
                living.process.kill()
        if when == "once it is back":
            living.until(lambda status: status.trading == "halted")
            living.process.kill()
        assert living.process.wait(5) == -signal.SIGKILL
    with place.living(stream, speed=PACE) as living:
        living.until(flat)
        assert living.stop() == 0
    recorded = place.records(stream)
    assert_turned_once(recorded, "panic")
    with place.living(stream, speed=PACE) as living:
        living.until(flat)
        assert living.stop() == 0
    assert of_type(place.records(stream), "SetTradingState") == of_type(recorded, "SetTradingState")
