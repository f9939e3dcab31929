"""Rules of trading: from the user's file, else from the decimals of the data; a wrong key is named."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from kernel.errors import ConfigError, NotFound
from kernel.instrument import Instrument
from venues.dataset import DatasetManifest
from venues.instruments import find_rules, instrument_for, load_rules

FEE = Decimal("0.002")


def manifest(symbol: str = "BTC/USDT", *, price_decimals: int = 2, volume_decimals: int = 5) -> DatasetManifest:
    described = {
        "dataset": "0" * 64,
        "candles_sha256": "0" * 64,
        "venue": "binance",
        "symbol": symbol,
        "timeframe": "1m",
        "rows": 1,
        "first": "2022-01-01T00:00:00Z",
        "last": "2022-01-01T00:00:00Z",
        "price_decimals": price_decimals,
        "volume_decimals": volume_decimals,
        "longest_gap": None,
        "last_candle": "unknown",
        **dict.fromkeys(("gaps", "missing", "duplicates", "zero_volume", "flat_stretches", "longest_flat"), 0),
        **dict.fromkeys(("sources", "attachments", "left_out"), ()),
        "imported_at": "2022-01-01T00:00:00Z",
    }
    return msgspec.convert(described, DatasetManifest)


def file_of(directory: Path, text: str) -> Path:
    path = directory / "instruments.toml"
    path.write_text(text)
    return path


def test_without_rules_tick_and_lot_are_the_finest_decimals_of_the_data():
    instrument, derived = instrument_for(manifest(volume_decimals=0), {}, FEE)
    assert derived
    expected = Instrument("BTC/USDT", "BTC", "USDT", 2, 0, Decimal("0.01"), Decimal(1), Decimal(0), FEE)
    assert instrument == expected


def test_named_rules_are_taken_exactly(tmp_path):
    text = '[binance."BTC/USDT"]\ntick = 0.10\nlot = "0.00001"\nmin_notional = 5\nfee_rate = 0.00075\n'
    instrument, derived = instrument_for(manifest(), load_rules(file_of(tmp_path, text)), FEE)
    assert not derived
    found = (instrument.tick, instrument.lot, instrument.min_notional, instrument.fee_rate)
    assert [str(number) for number in found] == ["0.10", "0.00001", "5", "0.00075"]


def test_the_fee_may_be_left_to_the_run_and_other_symbols_to_the_data(tmp_path):
    rules = load_rules(file_of(tmp_path, '[binance."BTC/USDT"]\ntick = "1"\nlot = "1"\n'))
    instrument, _ = instrument_for(manifest(), rules, FEE)
    assert (instrument.fee_rate, instrument.min_notional) == (FEE, 0)
    assert instrument_for(manifest("ETH/USDT"), rules, FEE)[1]


def test_the_quote_of_a_perpetual_is_not_its_settlement():
    instrument, _ = instrument_for(manifest("BTC/USDT:USDT"), {}, FEE)
    assert (instrument.base, instrument.quote) == ("BTC", "USDT")


@pytest.mark.parametrize(
    ("text", "message", "fix"),
    [
        ('[binance."BTC/USDT"]\ntik = "1"', "unknown key 'tik'", "did you mean 'tick'?"),
        ('[binance."BTC/USDT"]\nminnotional = "1"', "unknown key 'minnotional'", "did you mean 'min_notional'?"),
        ('[binance."BTC/USDT"]\ntick = "1"', "lot is missing", "lot = "),
        ('[binance."BTC/USDT"]\ntick = "1"\nlot = "0"', ".lot must be above zero", ""),
        ('[binance."BTC/USDT"]\ntick = "-1"\nlot = "1"', ".tick must be above zero", ""),
        ('[binance."BTC/USDT"]\ntick = "1"\nlot = true', "True is not a number", ""),
        ('[binance."BTC/USDT"]\ntick = nan\nlot = 1', "is not a number", ""),
        ('[binance."BTC/USDT"]\ntick = "1"\nlot = "1"\nfee_rate = 1', "fee_rate is a fraction", ""),
        ("[binance]\ntick = 1", "is not a table", "[binance."),
        ("tick = 1", "is not a table", ""),
        ("[binance", "is not TOML", ""),
    ],
)
def test_a_fault_in_the_file_is_named(tmp_path, text, message, fix):
    with pytest.raises(ConfigError) as caught:
        load_rules(file_of(tmp_path, text))
    assert message in str(caught.value)
    assert str(tmp_path / "instruments.toml") in str(caught.value)
    assert fix in caught.value.fix


def test_a_file_that_was_given_must_be_there_and_the_usual_one_need_not(tmp_path):
    assert find_rules(tmp_path, None) == {}
    with pytest.raises(NotFound):
        find_rules(tmp_path, tmp_path / "mine.toml")
    file_of(tmp_path, '[binance."BTC/USDT"]\ntick = "1"\nlot = "1"\n')
    assert ("binance", "BTC/USDT") in find_rules(tmp_path, None)
