"""Deliveries go only to what everybody on the internet reaches, however an address is written."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.webhooks.addresses import checked_url, is_delivered_to, place_of
from application.door import Malformed

EVERYBODYS = [
    "1.1.1.1",
    "8.8.8.8",
    "128.214.222.1",
    "172.15.255.255",
    "172.32.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "169.253.255.255",
    "192.0.1.0",
    "198.17.255.255",
    "223.255.255.255",
    "2001:708::1",
    "2001:200::1",
    "2606:4700::1111",
    "2a00:1450:4001::1",
]
NOT_EVERYBODYS = [
    "0.0.0.0",  # noqa: S104 - a refused address, nothing listens
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.0.170",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:8.8.8.8",
    "64:ff9b::127.0.0.1",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:808:808::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "2a00:1450:4001::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]


@pytest.mark.parametrize("text", EVERYBODYS)
def test_what_everybody_reaches_is_delivered_to(text: str) -> None:
    assert is_delivered_to(ip_address(text), private=False)


@pytest.mark.parametrize("text", NOT_EVERYBODYS)
def test_what_only_some_reach_is_not_delivered_to_unless_allowed(text: str) -> None:
    assert not is_delivered_to(ip_address(text), private=False)
    assert is_delivered_to(ip_address(text), private=True)


def literal(address: IPv4Address | IPv6Address) -> str:
    return f"https://[{address}]/" if address.version == 6 else f"https://{address}/"


@pytest.mark.parametrize("text", NOT_EVERYBODYS)
def test_a_url_with_such_an_address_is_refused(text: str) -> None:
    with pytest.raises(Malformed) as refused:
        checked_url(literal(ip_address(text)), private=False)
    assert refused.value.where == "$.url"


@given(st.ip_addresses())
@example(IPv4Address("127.0.0.1"))
@example(IPv6Address("::ffff:127.0.0.1"))
def test_no_address_that_is_not_global_is_ever_delivered_to(address: IPv4Address | IPv6Address) -> None:
    if not address.is_global or address.is_multicast or address.is_reserved or address.is_link_local:
        assert not is_delivered_to(address, private=False)


@given(st.ip_addresses(v=4), st.sampled_from(["::ffff:0:0", "::", "64:ff9b::", "::ffff:0:0:0", "64:ff9b:1::"]))
def test_no_address_that_holds_an_ipv4_address_is_ever_delivered_to(inner: IPv4Address, prefix: str) -> None:
    assert not is_delivered_to(IPv6Address(int(IPv6Address(prefix)) | int(inner)), private=False)
    assert not is_delivered_to(IPv6Address(0x2002 << 112 | int(inner) << 80 | 1), private=False)


@given(st.ip_addresses())
def test_an_address_in_a_url_is_judged_as_the_one_that_is_connected_to(address: IPv4Address | IPv6Address) -> None:
    if is_delivered_to(address, private=False):
        place = place_of(literal(address), private=False)
        assert ip_address(place.host) == address
        assert checked_url(literal(address), private=False) == literal(address)
    else:
        with pytest.raises(Malformed):
            checked_url(literal(address), private=False)


@pytest.mark.parametrize(
    ("url", "checked"),
    [
        ("https://hooks.example.fi", "https://hooks.example.fi/"),
        ("HTTPS://Hooks.Example.FI/Path", "https://hooks.example.fi/Path"),
        ("https://hooks.example.fi:443/a", "https://hooks.example.fi/a"),
        ("https://hooks.example.fi:8443/a?b=c%20d&e=@f", "https://hooks.example.fi:8443/a?b=c%20d&e=@f"),
        ("https://hooks.example.fi:80/", "https://hooks.example.fi:80/"),
        ("https://hooks.example.fi:1024/", "https://hooks.example.fi:1024/"),
        ("https://hooks.example.fi:65535/", "https://hooks.example.fi:65535/"),
        ("https://hooks.example.fi?a", "https://hooks.example.fi/?a"),
        ("https://xn--hmeenlinna-v5a.fi/", "https://xn--hmeenlinna-v5a.fi/"),
        ("https://1.example.fi/", "https://1.example.fi/"),
        ("https://8.8.8.8/", "https://8.8.8.8/"),
        ("https://[2606:4700:0::1111]:8443/", "https://[2606:4700::1111]:8443/"),
    ],
)
def test_a_url_has_one_spelling(url: str, checked: str) -> None:
    assert checked_url(url, private=False) == checked
    assert checked_url(checked, private=False) == checked


CHARACTERS = (
    "This is not a URL in the characters of RFC 3986; write a host's name in its xn-- form, and others percent-encoded"
)
CREDENTIALS = "The URL holds a user's name or password; a delivery proves its sender by its signature"


def no_host(text: str) -> str:
    return f"'{text}' is not a host: the full name, such as hooks.example.org, or an IP address in its usual form is needed"


def no_port(text: str) -> str:
    return f"The port is '{text}'; allowed are 80, 443 and those from 1024 to 65535"


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("https://example.fi/" + "a" * 2_030, "The URL has 2,049 characters; the limit is 2,048"),
        ("", CHARACTERS),
        ("hooks.example.fi/path", CHARACTERS),
        ("//hooks.example.fi/", CHARACTERS),
        ("https:/hooks.example.fi/", CHARACTERS),
        (" https://hooks.example.fi/", CHARACTERS),
        ("https://hooks.example.fi/\n", CHARACTERS),
        ("https://hooks.example.fi/ HTTP/1.1\r\nX: y", CHARACTERS),
        ("https://hooks.example.fi\\@127.0.0.1/", CHARACTERS),
        ("https://hämeenlinna.fi/", CHARACTERS),
        ("https://\uff11\uff12\uff17.0.0.1/", CHARACTERS),
        ("https://127。0。0。1/", CHARACTERS),
        ("https://ⓛocalhost/", CHARACTERS),
        ("https://hooks.example.fi\t/", CHARACTERS),
        ("http://hooks.example.fi/", "The scheme is 'http'; deliveries go to https alone"),
        ("ftp://hooks.example.fi/", "The scheme is 'ftp'; deliveries go to https alone"),
        ("file:///etc/passwd", "The scheme is 'file'; deliveries go to https alone"),
        ("gopher://hooks.example.fi/", "The scheme is 'gopher'; deliveries go to https alone"),
        ("https://user:password@hooks.example.fi/", CREDENTIALS),
        ("https://hooks.example.fi@127.0.0.1/", CREDENTIALS),
        ("https://@hooks.example.fi/", CREDENTIALS),
        ("https://hooks.example.fi/#fragment", "The URL has a fragment (#), which is never sent; leave it out"),
        ("https://hooks.example.fi#@127.0.0.1/", "The URL has a fragment (#), which is never sent; leave it out"),
        ("https:///path", no_host("")),
        ("https://localhost/", no_host("localhost")),
        ("https://db/", no_host("db")),
        ("https://127.1/", no_host("127.1")),
        ("https://127.0.1/", no_host("127.0.1")),
        ("https://0x7f.1/", no_host("0x7f.1")),
        ("https://0x7f000001/", no_host("0x7f000001")),
        ("https://127.0.0.0x1/", no_host("127.0.0.0x1")),
        ("https://2130706433/", no_host("2130706433")),
        ("https://017700000001/", no_host("017700000001")),
        ("https://0177.0.0.1/", no_host("0177.0.0.1")),
        ("https://127.0.0.01/", no_host("127.0.0.01")),
        ("https://127.0.0.1./", no_host("127.0.0.1.")),
        ("https://127.0.0.1.1/", no_host("127.0.0.1.1")),
        ("https://256.1.1.1/", no_host("256.1.1.1")),
        ("https://hooks.example.fi./", no_host("hooks.example.fi.")),
        ("https://hooks..example.fi/", no_host("hooks..example.fi")),
        ("https://.example.fi/", no_host(".example.fi")),
        ("https://-a.example.fi/", no_host("-a.example.fi")),
        ("https://a_b.example.fi/", no_host("a_b.example.fi")),
        ("https://%31%32%37.0.0.1/", no_host("%31%32%37.0.0.1")),
        ("https://hooks%2eexample.fi/", no_host("hooks%2eexample.fi")),
        ("https://hooks.example.fi,127.0.0.1/", no_host("hooks.example.fi,127.0.0.1")),
        (f"https://{'a' * 64}.fi/", no_host(f"{'a' * 64}.fi")),
        ("https://[::1/", no_host("[::1")),
        ("https://[::1%25eth0]/", no_host("[::1%25eth0]")),
        ("https://[127.0.0.1]/", no_host("[127.0.0.1]")),
        ("https://[v1.fe80]/", no_host("[v1.fe80]")),
        ("https://::1/", no_host("::1")),
        (
            "https://[0:0::7f00:1]/",
            "::7f00:1 is not an address that everybody on the internet reaches; deliveries go to no other",
        ),
        (
            "https://10.0.0.1/",
            "10.0.0.1 is not an address that everybody on the internet reaches; deliveries go to no other",
        ),
        ("https://hooks.example.fi:22/", no_port("22")),
        ("https://hooks.example.fi:0/", no_port("0")),
        ("https://hooks.example.fi:1023/", no_port("1023")),
        ("https://hooks.example.fi:65536/", no_port("65536")),
        ("https://hooks.example.fi:0443/", no_port("0443")),
        ("https://hooks.example.fi:/", no_port("")),
        ("https://hooks.example.fi:443:22/", no_host("hooks.example.fi:443:22")),
    ],
)
def test_a_url_that_is_never_delivered_to_is_refused_with_a_sentence(url: str, sentence: str) -> None:
    with pytest.raises(Malformed) as refused:
        checked_url(url, private=False)
    assert (refused.value.where, refused.value.why) == ("$.url", sentence)


def test_a_name_that_is_too_long_for_dns_is_refused() -> None:
    name = ".".join(["a" * 60] * 5) + ".fi"
    with pytest.raises(Malformed, match="is not a host"):
        checked_url(f"https://{name}/", private=False)


@pytest.mark.parametrize(
    ("url", "checked"),
    [
        ("http://localhost:8000/hook", "http://localhost:8000/hook"),
        ("http://127.0.0.1:80/", "http://127.0.0.1/"),
        ("http://[::1]:8000/", "http://[::1]:8000/"),
        ("https://receiver/", "https://receiver/"),
    ],
)
def test_a_network_that_allows_it_delivers_to_http_and_private_addresses(url: str, checked: str) -> None:
    assert checked_url(url, private=True) == checked


@pytest.mark.parametrize("url", ["ftp://receiver/", "http://a@receiver/", "http://receiver:22/", "http://0x7f.1/"])
def test_what_is_wrong_with_a_url_itself_is_wrong_everywhere(url: str) -> None:
    with pytest.raises(Malformed):
        checked_url(url, private=True)


@given(st.text(st.characters(codec="utf-8"), max_size=60))
@example("https://hooks.example.fi:9٣/")
def test_any_text_is_a_url_in_its_one_spelling_or_refused(text: str) -> None:
    for url in (text, f"https://{text}", f"https://hooks.example.fi{text}"):
        try:
            checked = checked_url(url, private=False)
        except Malformed:
            continue
        assert checked_url(checked, private=False) == checked
        assert "." in place_of(checked, private=False).host
