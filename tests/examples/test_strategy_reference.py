"""docs/strategies.md says what a strategy file can say: its blocks decode, and no key or skip reason is left out."""

import re
from pathlib import Path

import msgspec
import pytest

from kernel.skip import SkipReason
from service.config import Config, load_config

REFERENCE = (Path(__file__).resolve().parents[2] / "docs" / "strategies.md").read_text()
BLOCKS = re.findall(r"^```toml\n(.*?)^```", REFERENCE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_every_block_is_a_configuration(tmp_path, block):
    path = tmp_path / "strategy.toml"
    path.write_text(block)
    assert load_config(path).every_strategy


def keys_of(info) -> set[str]:
    """Every key that can stand anywhere in a configuration."""
    if isinstance(info, msgspec.inspect.StructType):
        return {f.encode_name for f in info.fields} | {k for f in info.fields for k in keys_of(f.type)}
    if isinstance(info, msgspec.inspect.UnionType):
        return {key for option in info.types for key in keys_of(option)}
    if isinstance(info, msgspec.inspect.VarTupleType | msgspec.inspect.ListType):
        return keys_of(info.item_type)
    return set()


def test_no_key_is_left_out():
    written = "\n".join(BLOCKS)
    missing = [key for key in keys_of(msgspec.inspect.type_info(Config)) if not re.search(rf"\b{key}\b", written)]
    assert not missing


def test_no_reason_is_left_out():
    assert not [reason.label for reason in SkipReason if f"`{reason.label}`" not in REFERENCE]
