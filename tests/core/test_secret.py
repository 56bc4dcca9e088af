"""A text that must not be shown."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.core.errors import Unavailable
from tidings.core.secret import Secret, Unopened


@dataclass(frozen=True)
class Holder:
    token: Secret


def test_a_secret_never_shows_in_text() -> None:
    secret = Secret("hunter2")

    assert [str(secret), repr(secret), f"{secret}", f"{Holder(secret)}"] == ["***", "***", "***", "Holder(token=***)"]


@given(st.text(), st.text())
def test_secrets_are_equal_when_their_texts_are(one: str, other: str) -> None:
    assert (Secret(one) == Secret(other)) is (one == other)
    assert Secret(one) == Secret(one)
    assert hash(Secret(one)) == hash(Secret(one))


def test_a_secret_is_not_equal_to_its_text() -> None:
    assert Secret("hunter2") != "hunter2"


@pytest.mark.parametrize("text", ["hunter2", "\udce4\udcf6"])
def test_reveal_gives_the_text(text: str) -> None:
    assert Secret(text).reveal() == text


def test_an_empty_secret_is_false() -> None:
    assert not Secret("")
    assert Secret("hunter2")


def test_a_secret_that_was_not_opened_is_there_and_says_why_it_cannot_be_used() -> None:
    secret = Unopened("the key is missing")

    assert secret
    with pytest.raises(Unavailable, match="the key is missing"):
        secret.reveal()
