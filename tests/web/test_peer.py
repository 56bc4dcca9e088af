"""A client's address is the connection's, or what trusted proxies say of it."""

from ipaddress import ip_network

import pytest

from tidings.web.peer import Proxies


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "client"),
    [
        ([], "192.0.2.1", ["198.51.100.7"], "192.0.2.1"),
        (["10.0.0.0/8"], "192.0.2.1", ["198.51.100.7"], "192.0.2.1"),
        (["10.0.0.0/8"], "10.1.1.1", ["198.51.100.7"], "198.51.100.7"),
        (["10.0.0.0/8"], "10.1.1.1", ["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
        (["10.0.0.0/8", "2001:db8::1"], "2001:db8::1", ["198.51.100.7", "10.2.2.2"], "198.51.100.7"),
        (["10.0.0.0/8"], "10.1.1.1", ["unknown"], "10.1.1.1"),
        (["10.0.0.0/8"], "10.1.1.1", [], "10.1.1.1"),
        (["10.0.0.0/8"], "", ["198.51.100.7"], ""),
    ],
)
def test_only_what_a_trusted_proxy_says_is_believed(
    *, trusted: list[str], peer: str, forwarded: list[str], client: str
) -> None:
    proxies = Proxies([ip_network(block) for block in trusted])

    assert proxies.client_of(peer, forwarded) == client
