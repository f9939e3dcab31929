"""Fill, drop, center and scale: the formulas, that order does not matter, and the artifact that says all of it."""

import statistics
import subprocess
from math import inf, nan

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.errors import CheckFailed, ConfigError, UsageError
from kernel.features.declaration import feature, group
from kernel.features.transform import FittedFeature, FittedTransform, Scaling, declaration_hashes, read_transform
from kernel.features.transform_columns import transformed
from kernel.timeframe import parse_time
from research.features import fitting
from research.features.batch import markets_of, prepare
from research.features.fit import NODES, fit_on, save_transform
from research.features.graph import Graph
from service.artifacts import load_transform
from service.definition import Window
from tests.research.features.markets import a_dataset, bits

FEATURES = (
    feature("ema_9", "ema", period=9),
    feature("roc_1h", "roc", period=1, timeframe="1h"),
    feature("level", "sma", "0.1", period=3),
    feature("never", "sma", period=900),
    feature("of_roc", "sma", "roc_1h", period=2),
)
NAMES = ("ema_9", "roc_1h", "level", "never")

numbers = st.floats(-1e9, 1e9, allow_subnormal=False) | st.just(nan) | st.sampled_from([0.1, 0.3, -7.7, inf, -inf])


def fitted(column, min_variance=0.0):
    """The numbers of one feature."""
    training = {"x": np.array(column, dtype=np.float64)}
    made = Graph(fitting).execute(NODES, {"training": training, "min_variance": min_variance})
    return {node: made[node].get("x") for node in NODES}


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    dataset = a_dataset(tmp_path_factory.mktemp("fit"), 600)
    return prepare(markets_of([dataset]), FEATURES, NAMES)


@pytest.fixture(scope="module")
def transform(batch):
    return fit_on(batch, batch.compute(), Window(), min_variance=0.0).transform


@given(st.lists(numbers, min_size=1, max_size=40).filter(lambda column: any(x - x == 0 for x in column)))
@settings(max_examples=60, deadline=None)
def test_the_numbers_are_those_of_the_formulas(column):
    made = fitted(column)
    fill = statistics.median(x for x in column if x - x == 0)
    whole = [x if x - x == 0 else fill for x in column]
    assert made["fill"] == fill
    assert made["center"] == pytest.approx(statistics.fmean(whole), rel=1e-12, abs=1e-12 * max(map(abs, whole)))
    assert made["scale"] == pytest.approx(statistics.pstdev(whole), rel=1e-9, abs=1e-12 * max(map(abs, whole)))


@given(st.lists(numbers, min_size=2, max_size=40), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_the_candles_does_not_matter(column, draw):
    shuffled = list(column)
    draw.shuffle(shuffled)
    assert fitted(shuffled) == fitted(column)


@given(st.floats(-1e150, 1e150, allow_subnormal=False), st.integers(1, 200))
@settings(max_examples=60, deadline=None)
def test_a_constant_feature_is_dropped_whatever_its_value(value, rows):
    made = fitted([nan, *[value] * rows])
    assert (made["fill"], made["center"], made["scale"]) == (value, value, 0.0)
    assert made["dropped"] == "its variance of 0.0 is not above 0.0"


def test_what_cannot_be_scaled_is_dropped_with_the_reason():
    assert fitted([nan, inf])["dropped"] == "it has no finite value"
    assert fitted([1e308, -1e308, 1e308])["dropped"] == "its values are too large to be squared"
    assert fitted([1.0, 2.0], 0.25)["dropped"] == "its variance of 0.25 is not above 0.25"
    assert fitted([1.0, 2.0], 0.2499)["dropped"] is None


def test_a_fit_takes_the_rows_of_its_window_and_nothing_else(batch):
    columns = batch.compute()
    window = Window(parse_time("2022-01-01T02:00Z"), parse_time("2022-01-01T04:30Z"))
    made = fit_on(batch, columns, window, min_variance=0.0).transform
    times = batch.base.block.open_time
    inside = (times >= window.first) & (times < window.before)
    training = columns["ema_9"][inside]
    assert made.rows == inside.sum()
    assert (made.first, made.before) == (window.first, window.before)
    assert made.kept[0].center == pytest.approx(training.mean(), rel=1e-12)
    assert made.kept[0].scale == pytest.approx(training.std(), rel=1e-9)
    with pytest.raises(UsageError, match="no candle in that time"):
        fit_on(batch, columns, Window(parse_time("2023-01-01")), min_variance=0.0)
    with pytest.raises(UsageError, match=r"no feature is left to fit: ema_9: its variance"):
        fit_on(batch, columns, Window(), min_variance=1e30)


def test_kept_features_come_out_centered_and_scaled(batch, transform):
    assert [step.name for step in transform.kept] == ["ema_9", "roc_1h"]
    for made in transformed(transform, batch.compute()).values():
        np.testing.assert_allclose([made.mean(), made.std()], [0.0, 1.0], atol=1e-12)


any_float = st.floats(allow_nan=True, allow_infinity=True)
finite = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(any_float, any_float), min_size=1, max_size=20), finite, finite, finite.map(abs))
@settings(max_examples=100, deadline=None)
def test_columns_are_transformed_with_the_bits_of_single_candles(rows, fill, center, scale):
    made = FittedTransform(
        schema=1,
        features=(FittedFeature("a", ""), FittedFeature("b", "")),
        kept=(Scaling("b", fill, center, scale or 1.0),),
        dataset="",
        timeframe="1m",
        first=None,
        before=None,
        rows=1,
    )
    columns = dict(zip("ab", np.array(rows, dtype=np.float64).T, strict=True))
    single = np.array([made.apply(row)[0] for row in rows])
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(bits(transformed(made, columns)["b"]), bits(single))


def test_an_artifact_is_read_back_under_the_hash_of_its_bytes(tmp_path, transform):
    path = save_transform(tmp_path, transform)
    assert load_transform(tmp_path, transform.digest()) == transform
    assert path.stem == subprocess.check_output(["sha256sum", path], text=True).split()[0]


def test_an_altered_artifact_is_refused(tmp_path, transform):
    path = save_transform(tmp_path, transform)
    path.write_bytes(path.read_bytes().replace(b'"rows":', b'"rows": '))
    with pytest.raises(CheckFailed, match="is altered"):
        load_transform(tmp_path, transform.digest())


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"kept": (Scaling("ema_10", 0.0, 0.0, 1.0),)},
        {"kept": (Scaling("ema_9", 0.0, 0.0, 0.0),)},
        {"features": (FittedFeature("ema_9", ""), FittedFeature("ema_9", ""))},
    ],
)
def test_an_artifact_that_cannot_be_applied_is_refused(transform, change):
    made = msgspec.structs.replace(transform, **change)
    with pytest.raises(CheckFailed):
        read_transform(made.content(), made.digest())


def test_a_transform_fits_the_features_that_it_was_fitted_with(transform):
    transform.check(NAMES, FEATURES)
    transform.check(NAMES, group("other", *FEATURES))


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (NAMES[1:], "reads ema_9, which is not among the features"),
        ((*NAMES, "of_roc"), "was fitted without of_roc"),
        (("roc_1h", "ema_9", *NAMES[2:]), "other features in place 1: roc_1h stands there"),
        ((*NAMES, "never"), "other features in place 5: never stands there"),
    ],
)
def test_other_features_are_refused_by_name(transform, names, told):
    with pytest.raises(ConfigError, match=told):
        transform.check(names, FEATURES)


@pytest.mark.parametrize(
    "changed",
    [
        feature("ema_9", "ema", period=10),
        feature("ema_9", "ema", "open", period=9),
        feature("ema_9", "ema", period=9, timeframe="5m"),
        feature("ema_9", "sma", period=9),
        feature("ema_9", "ema", "roc_1h", period=9),
    ],
)
def test_a_changed_declaration_is_found_out(transform, changed):
    with pytest.raises(ConfigError, match="another declaration of ema_9"):
        transform.check(NAMES, (changed, *FEATURES[1:]))


def test_a_declaration_changes_with_what_it_reads_and_not_with_names():
    changed = (feature("roc_1h", "roc", period=2, timeframe="1h"), FEATURES[4])
    renamed = (feature("hourly", "roc", period=1, timeframe="1h"), feature("mean", "sma", "hourly", period=2))
    before = declaration_hashes(FEATURES, ["of_roc"])["of_roc"]
    assert declaration_hashes(changed, ["of_roc"])["of_roc"] != before
    assert declaration_hashes(renamed, ["mean"])["mean"] == before
    with pytest.raises(ConfigError, match="no feature is declared as 'gone'"):
        declaration_hashes(FEATURES, ["gone"])
