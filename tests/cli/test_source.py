"""Sources are made with the address and the secret that their sender needs."""

from tests.cli.terminal import Terminal


def test_connectreport_is_told_an_address_that_holds_the_secret(here: Terminal) -> None:
    made = here.tells("source", "create", "--name", "runs", "--dialect", "connectreport")
    told = here.says("source", "create", "--name", "more", "--dialect", "connectreport", "--secret", "a/b")

    assert made["url"].endswith(f"/receive/runs/{made['secret']}")
    assert told.splitlines()[0].endswith("/receive/more/a%2Fb")


def test_others_are_told_both_apart_and_a_standard_one_gets_a_secret_that_signs(here: Terminal) -> None:
    made = here.tells("source", "create", "--name", "orders", "--dialect", "standard")

    assert made["url"].endswith("/receive/orders")
    assert made["secret"].startswith("whsec_")
