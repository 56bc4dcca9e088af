"""Secrets as they are kept at rest."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.core.errors import Invalid
from tidings.core.vault import Drawer, Vault, new_key

OLD, NEW = new_key(), new_key()


@given(st.text())
def test_what_is_sealed_is_opened(text: str) -> None:
    vault = Vault([NEW])

    assert vault.open(vault.seal(text, Drawer.SINK_SETTINGS)) == text


def test_a_sealed_text_shows_nothing_and_is_different_each_time() -> None:
    vault = Vault([NEW])

    one, other = vault.seal("hunter2", Drawer.SINK_SETTINGS), vault.seal("hunter2", Drawer.SINK_SETTINGS)

    assert one != other
    assert b"hunter2" not in base64.b64decode(one)


def test_after_a_rotation_old_texts_open_and_new_ones_are_sealed_with_the_new_key() -> None:
    old = Vault([OLD])
    rotated = Vault([NEW, OLD])

    assert rotated.open(old.seal("hunter2", Drawer.SINK_SETTINGS)) == "hunter2"
    assert Vault([NEW]).open(rotated.seal("hunter2", Drawer.SINK_SETTINGS)) == "hunter2"


def test_a_text_sealed_with_a_missing_key_is_not_opened() -> None:
    sealed = Vault([OLD]).seal("hunter2", Drawer.SINK_SETTINGS)

    with pytest.raises(Invalid, match="add that key behind the first"):
        Vault([NEW]).open(sealed)


@pytest.mark.parametrize("place", [5, 17, -1])
def test_a_changed_text_is_not_opened(place: int) -> None:
    vault = Vault([NEW])
    octets = bytearray(base64.b64decode(vault.seal("hunter2", Drawer.SINK_SETTINGS)))
    octets[place] ^= 1

    with pytest.raises(Invalid, match="was changed since"):
        vault.open(base64.b64encode(octets).decode())


@pytest.mark.parametrize("sealed", ["", "hunter2", "ä", "AQ==", base64.b64encode(b"\x02" + b"x" * 60).decode()])
def test_what_no_vault_sealed_is_not_opened(sealed: str) -> None:
    with pytest.raises(Invalid, match="not sealed by a vault"):
        Vault([NEW]).open(sealed)


def test_a_vault_knows_the_database_that_was_made_with_its_key() -> None:
    kept = Vault([OLD]).check_value()

    Vault([OLD]).check(kept)
    Vault([NEW, OLD]).check(kept)


@pytest.mark.parametrize(
    "kept",
    [Vault([OLD]).check_value(), Vault([NEW]).seal("something else", Drawer.SINK_SETTINGS), "garbage"],
    ids=["another key's", "another text", "garbage"],
)
def test_a_vault_whose_keys_do_not_fit_the_database_says_what_to_do(kept: str) -> None:
    with pytest.raises(Invalid, match="no key in TIDINGS_SECRET_KEY opens this database's secrets"):
        Vault([NEW]).check(kept)


@pytest.mark.parametrize(
    "key",
    ["", "hunter2", new_key()[:-4], new_key() + "AAAA", "ä" * 44],
    ids=["nothing", "no base64", "too short", "too long", "no ASCII"],
)
def test_a_key_that_is_none_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(Invalid, match="TIDINGS_SECRET_KEY: key 2 is not 32 bytes") as caught:
        Vault([NEW, key])

    assert not key or key not in caught.value.message


def test_a_vault_needs_a_key() -> None:
    with pytest.raises(Invalid, match="holds no key"):
        Vault([])


def test_a_vault_shows_none_of_its_keys() -> None:
    assert repr(Vault([NEW, OLD])) == "Vault(2 keys)"
