import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.access.token import (
    Purpose,
    bearer_of,
    hash_of,
    hash_of_secret,
    is_current,
    issue,
    looks_like_a_token,
    same_secret,
    successor,
)
from tidings.core.caller import Caller, TokenKind
from tidings.core.clock import DAY
from tidings.core.event import Actor

ROBIN = Caller(
    connector="shop",
    kind=TokenKind.USER,
    person=Actor(id="robin", phone="+910000000001"),
    scopes=frozenset({"publish", "bin"}),
)


@pytest.mark.parametrize(
    ("purpose", "prefix", "life"),
    [(Purpose.REFRESH, "tdr_", 365 * DAY), (Purpose.ACCESS, "tda_", DAY), (Purpose.STATIC, "tdk_", None)],
)
def test_the_prefix_of_a_token_tells_its_purpose_which_decides_its_life(
    purpose: Purpose, prefix: str, life: int | None
) -> None:
    issued = issue(purpose, ROBIN, now=5)

    assert issued.text.startswith(prefix)
    assert looks_like_a_token(issued.text)
    assert issued.kept.expires_at == (None if life is None else 5 + life)
    assert bearer_of(issued.kept) == ROBIN


def test_a_token_is_kept_as_a_hash_only() -> None:
    issued = issue(Purpose.ACCESS, ROBIN, now=5)

    assert issued.kept.hash == hash_of(issued.text)
    assert issued.text not in repr(issued)


def test_no_two_tokens_are_alike() -> None:
    assert issue(Purpose.ACCESS, ROBIN, now=5).text != issue(Purpose.ACCESS, ROBIN, now=5).text


def test_a_token_is_current_until_its_end() -> None:
    token = issue(Purpose.ACCESS, ROBIN, now=0).kept

    assert [is_current(token, DAY - 1), is_current(token, DAY)] == [True, False]
    assert is_current(issue(Purpose.STATIC, ROBIN, now=0).kept, 1000 * DAY)


def test_the_successor_of_a_token_is_always_the_same_and_needs_both_token_and_seed() -> None:
    following = successor("token", "seed")

    assert following == successor("token", "seed")
    assert looks_like_a_token(following)
    assert following.startswith("tdr_")
    assert len({following, successor("other", "seed"), successor("token", "other")}) == 3


@given(st.text())
def test_anything_may_be_hashed_and_hardly_anything_looks_like_a_token(text: str) -> None:
    assert len(hash_of(text)) == 64
    assert not looks_like_a_token(text)


@given(secret=st.text())
def test_a_secret_is_right_for_its_connector_only(secret: str) -> None:
    kept = hash_of_secret("shop", secret)

    assert same_secret(kept, connector="shop", secret=secret)
    assert not same_secret(kept, connector="shop", secret=secret + "x")
    assert not same_secret(kept, connector="other", secret=secret)
