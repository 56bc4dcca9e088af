"""URLs: one spelling of a host, and everything that could be read two ways refused."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.core.errors import Undeliverable
from tidings.egress.url import Target, parse


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("https://example.com", "example.com", 443, "/"),
        ("HTTPS://EXAMPLE.com/A?b=C#d", "example.com", 443, "/A?b=C"),
        ("http://example.com:8080?x=1", "example.com", 8080, "/?x=1"),
        ("https://b\u00fccher.example/\u00e9?q=\u00fc", "xn--bcher-kva.example", 443, "/%C3%A9?q=%C3%BC"),
        ("https://a_b.example.com/%20%zz", "a_b.example.com", 443, "/%20%zz"),
        ("https://localhost:1/", "localhost", 1, "/"),
        ("https://198.51.100.7:65535/", "198.51.100.7", 65535, "/"),
        ("https://[2001:DB8:0::1]:8443/", "2001:db8::1", 8443, "/"),
        ("https://[::ffff:127.0.0.1]/", "::ffff:7f00:1", 443, "/"),
    ],
)
def test_a_url_is_taken_apart(*, url: str, host: str, port: int, path: str) -> None:
    target = parse(url)

    assert (target.host, target.port, target.path_and_query) == (host, port, path)
    assert target.addresses == ((host,) if re.fullmatch(r"[0-9.]+|.*:.*", host) else ())


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("", "must begin with https://"),
        ("example.com/hook", "must begin with https://"),
        ("ftp://example.com/", "must begin with https://"),
        ("//example.com/", "must begin with https://"),
        ("https:/example.com/", "must begin with https://"),
        ("https:///hook", "has no host"),
        ("https://:443/", "has no host"),
        ("https://" + "a" * 2_048, "longer than 2048"),
        ("https://2130706433/", "odd spelling of an IPv4"),
        ("https://0x7f000001/", "odd spelling of an IPv4"),
        ("https://0x7f.1/", "odd spelling of an IPv4"),
        ("https://0X7F.0.0.1/", "odd spelling of an IPv4"),
        ("https://017700000001/", "odd spelling of an IPv4"),
        ("https://0177.0.0.1/", "odd spelling of an IPv4"),
        ("https://127.0.0.01/", "odd spelling of an IPv4"),
        ("https://127.1/", "odd spelling of an IPv4"),
        ("https://127.0.0.1.1/", "odd spelling of an IPv4"),
        ("https://256.0.0.1/", "odd spelling of an IPv4"),
        ("https://example.0x/", "odd spelling of an IPv4"),
        ("https://127.0.0.1./", "ends in a dot"),
        ("https://example.com./", "ends in a dot"),
        ("https://example..com/", "is not a host name"),
        ("https://.example.com/", "is not a host name"),
        ("https://-example.com/", "is not a host name"),
        ("https://exa%6dple.com/", "is not a host name"),
        ("https://exa*mple.com/", "is not a host name"),
        ("https://" + "a" * 64 + ".com/", "is not a host name"),
        ("https://" + ".".join(["abcdefg"] * 40) + "/", "is not a host name"),
        ("https://example\u3002com/", "full-width"),
        ("https://127\uff0e0\uff0e0\uff0e1/", "full-width"),
        ("https://\uff11\uff12\uff17.0.0.1/", "full-width"),
        ("https://\u2488.example/", "IDNA 2008"),
        ("https://e\u0301xample.com/", "IDNA 2008"),
        ("https://\u212aelvin.example/", "IDNA 2008"),
        ("https://B\u00dcCHER.example/", "IDNA 2008"),
        ("https://\u2460.example/", "IDNA 2008"),
        ("https://\u0661\u0662\u0667.0.0.1/", "IDNA 2008"),
        ("https://user@example.com/", "user or password"),
        ("https://user:pass@example.com/", "user or password"),
        ("https://example.com\\@127.0.0.1/", "backslash"),
        ("https:\\\\example.com/", "backslash"),
        (" https://example.com/", "space"),
        ("https://example.com/a b", "space"),
        ("https://exam\tple.com/", "control character"),
        ("https://example.com/\r\nx: y", "control character"),
        ("https://example.com/\0", "control character"),
        ("https://exam\u200bple.com/", "space"),
        ("https://example.com/\ud800", "control character"),
        ("https://example.com:/", "port must be"),
        ("https://example.com:0/", "port must be"),
        ("https://example.com:0443/", "port must be"),
        ("https://example.com:65536/", "port must be"),
        ("https://example.com:123456/", "port must be"),
        ("https://example.com:44\u0663/", "cannot be read"),
        ("https://example.com:443:443/", "cannot be read"),
        ("https://::1/", "cannot be read"),
        ("https://[::1/", "cannot be read"),
        ("https://[::1]x/", "cannot be read"),
        ("https://[]/", "not an IPv6 address"),
        ("https://[127.0.0.1]/", "not an IPv6 address"),
        ("https://[::g]/", "not an IPv6 address"),
        ("https://[fe80::1%eth0]/", "has a zone"),
        ("https://[fe80::1%25eth0]/", "has a zone"),
    ],
)
def test_a_url_that_could_be_read_in_two_ways_is_refused(url: str, complaint: str) -> None:
    with pytest.raises(Undeliverable, match=complaint):
        parse(url)


@given(text=st.text(max_size=40))
def test_whatever_is_accepted_as_a_host_has_one_spelling(text: str) -> None:
    try:
        target = parse(f"https://{text}/")
    except Undeliverable:
        return

    assert re.fullmatch(r"[a-z0-9_.-]+|[0-9a-f:]+", target.host)
    assert parse(f"https://{target.authority}{target.path_and_query}") == target


@pytest.mark.parametrize(
    ("scheme", "host", "port", "authority"),
    [
        ("https", "example.com", 443, "example.com"),
        ("https", "example.com", 80, "example.com:80"),
        ("http", "example.com", 80, "example.com"),
        ("https", "::1", 443, "[::1]"),
        ("https", "::1", 8443, "[::1]:8443"),
    ],
)
def test_the_authority_names_the_port_only_where_it_is_not_the_schemes_own(
    *, scheme: str, host: str, port: int, authority: str
) -> None:
    assert Target(scheme=scheme, host=host, port=port, path_and_query="/").authority == authority
