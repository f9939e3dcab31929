"""Tokens are made once, are nobody else's to read, and are never quoted."""

import pytest

from kernel.errors import ConfigError
from service.api.tokens import Tokens, read_token, read_tokens
from service.config_types import ApiConfig

CANARY = "canary-0123456789-abcdefghij-KLMNOPQRST"


def made(path, text=CANARY, mode=0o600):
    path.write_text(text)
    path.chmod(mode)
    return path


def test_they_are_made_at_the_first_start_and_stay(tmp_path):
    tokens = read_tokens(ApiConfig(), tmp_path)
    assert tokens.read != tokens.operate
    assert min(map(len, tokens)) >= 43
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {
        "read-token": 0o600, "operate-token": 0o600,
    }  # fmt: skip
    assert read_tokens(ApiConfig(), tmp_path) == tokens


def test_named_files_are_read_and_never_made(tmp_path):
    config = ApiConfig(read_token_file=str(made(tmp_path / "mine")), operate_token_file=str(tmp_path / "none"))
    with pytest.raises(ConfigError, match=r"the token to operate cannot be read from .*none: No such file"):
        read_tokens(config, tmp_path)
    made(tmp_path / "none", "x" * 32 + "\n")
    assert read_tokens(config, tmp_path) == Tokens(CANARY, "x" * 32)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "none"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_that_others_reach_is_refused(tmp_path, mode):
    with pytest.raises(ConfigError, match="can be read by others"):
        read_token(made(tmp_path / "token", mode=mode), "read")


@pytest.mark.parametrize(
    "text", ["", "\n", "brief-canary", "x" * 31, "two words of thirty-two characters", "é" * 40, "x" * 600]
)
def test_what_is_no_token_is_not_quoted(tmp_path, text):
    with pytest.raises(ConfigError, match="does not hold the token|holds no token") as refused:
        read_token(made(tmp_path / "token", text), "operate")
    assert not text.strip() or text.strip() not in str(refused.value) + refused.value.fix


def test_one_token_for_both_scopes_is_refused(tmp_path):
    both = str(made(tmp_path / "both"))
    with pytest.raises(ConfigError, match="are the same") as refused:
        read_tokens(ApiConfig(read_token_file=both, operate_token_file=both), tmp_path)
    assert CANARY not in str(refused.value)


def test_scopes():
    tokens = Tokens("r" * 32, "o" * 32)
    assert [tokens.scope_of(t) for t in ("r" * 32, "o" * 32, "", "r" * 31, "\udcff", "é")] == [
        "read", "operate", None, None, None, None,
    ]  # fmt: skip
    assert "r" * 32 not in repr(tokens) + str(tokens) + f"{tokens}"
