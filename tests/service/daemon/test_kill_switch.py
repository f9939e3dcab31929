"""The kill switch without a database: it is kept in the spool, and turned once when the database is back."""

import signal
from decimal import Decimal

import pytest

from service import loop
from tests.service.daemon.afar import database_afar
from tests.service.daemon.place import Place, of_type
from tests.service.made import dataset, levels, walk

PACE = "12000"  # two hundred candles a second
HOLDER = f"""
[strategy]
{levels(top=1, bottom=0)}execution = {{ quantity = "1" }}
[strategy.exits]
stop_loss = "0.5"
[account]
cash = "1000000"
[venue]
fee_rate = "0.001"
"""


@pytest.fixture(scope="module")
def afar(embedded_server):
    with database_afar(loop.run(embedded_server.make_home())) as found:
        yield found


@pytest.fixture(scope="module")
def place(tmp_path_factory, afar):
    data_dir = tmp_path_factory.mktemp("switch")
    config = data_dir / "holder.toml"
    config.write_text(HOLDER)
    return Place(data_dir, [dataset(data_dir, walk(3_000, 7))], config, database_url=afar.url)


def holding(status):
    return status.ready and status.positions == 1 and status.orders == 1 and status.head.seq > 50


def flat(status):
    return status.ready and status.positions == 0 and status.orders == 0 and status.trading == "halted"


def assert_turned_once(recorded, key):
    """One command in the log, and behind it nothing but the way out."""
    turned = [record for record in recorded if record.type == "SetTradingState"]
    assert [command.key for command in of_type(turned, "SetTradingState")] == [key]
    way_out = of_type(recorded[turned[0].seq :], "OrderRequested")
    assert [(order.reduce_only, order.quantity) for order in way_out] == [(True, Decimal(1))]
    assert len(of_type(recorded[turned[0].seq :], "OrderFilled")) == 1


def test_flatten_without_a_database_is_kept_and_turned_once(place, afar):
    stream = place.new_stream()
    with place.living(stream, speed=PACE) as living:
        living.until(holding)
        with afar.away():
            living.until(lambda status: "database" in status.problems, within_s=5.0)
            for _ in range(3):
                answer = living.post("/flatten", key="panic", confirm=True)
                assert (answer["seq"], answer["durable"]) == (0, "spool")
        done = living.until(flat)
        assert living.post("/flatten", key="panic", confirm=True)["repeated"]
        living.until(lambda status: status.market_messages > done.market_messages + 200)
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
