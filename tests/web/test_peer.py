"""A client's address is the connection's, or what trusted proxies say of it."""

import pytest

from tidings.core.errors import Invalid
from tidings.web.peer import proxies


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "client"),
    [
        ("", "192.0.2.1", ["198.51.100.7"], "192.0.2.1"),
        ("10.0.0.0/8", "192.0.2.1", ["198.51.100.7"], "192.0.2.1"),
        ("10.0.0.0/8", "10.1.1.1", ["198.51.100.7"], "198.51.100.7"),
        ("10.0.0.0/8", "10.1.1.1", ["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
        ("10.0.0.0/8, 2001:db8::1", "2001:db8::1", ["198.51.100.7", "10.2.2.2"], "198.51.100.7"),
        ("10.0.0.0/8", "10.1.1.1", ["unknown"], "10.1.1.1"),
        ("10.0.0.0/8", "10.1.1.1", [], "10.1.1.1"),
        ("10.0.0.0/8", "", ["198.51.100.7"], ""),
    ],
)
def test_only_what_a_trusted_proxy_says_is_believed(
    *, trusted: str, peer: str, forwarded: list[str], client: str
) -> None:
    assert proxies(trusted).client_of(peer, forwarded) == client


def test_a_network_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(Invalid, match=r"TIDINGS_TRUSTED_PROXIES: 'proxy\.example\.com' is not a network"):
        proxies("10.0.0.0/8, proxy.example.com")
