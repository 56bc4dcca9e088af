"""The keys that seal secrets can be changed while a server runs, once it has them all."""

from dataclasses import replace

from tests.cli.terminal import Terminal
from tidings.core.vault import new_key


def test_an_old_key_may_go_once_everything_was_sealed_anew(here: Terminal) -> None:
    old, new = new_key(), here.says("vault", "create-key")
    before, between = (replace(here, settings={"TIDINGS_SECRET_KEY": keys}) for keys in (old, f"{new},{old}"))
    with before.serving():
        assert "seals with another key" in between.refuses_after_log("vault", "reseal")

    with between.serving():
        said = between.says("vault", "reseal")

    assert said.splitlines()[-1] == "the keys behind the first one may go"
