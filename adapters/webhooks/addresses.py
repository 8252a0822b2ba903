"""Where deliveries may go: never into a network that only this server reaches. Pure; names are resolved where it is sent.

A URL is read here once, strictly, and sent to as read here: there is no second parser that could understand another host.
"""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_network
from typing import Final

from msgspec import Struct

from application.door import Malformed

URL_CHARACTERS_MAX: Final = 2_048
PORTS_BELOW_1024: Final = (80, 443)
PORT_DEFAULTS: Final = {"https": 443, "http": 80}

_NAME_CHARACTERS_MAX: Final = 253
_PORT_FREE_MIN: Final = 1_024
_PORT_MAX: Final = 65_535

_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+", re.ASCII)
"""Of RFC 3986: no backslash, blank or control character, which parsers understand differently, and nothing beyond ASCII."""
_PARTS = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*)://([^/?#]*)([^#]*)(#.*)?", re.ASCII)
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::([0-9]*))?", re.ASCII)
_PORT = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)
_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9\-]{0,61}[a-z0-9])?", re.ASCII)
"""The last label begins with a letter, as all top-level domains do: what ends in a number, such as 127.1, 0x7f.1 or
2130706433, is an address to some resolvers."""

_GLOBAL_IPV6 = ip_network("2000::/3")
"""All that is assigned to be routed everywhere (IANA, IPv6 address space). Outside it are the mapped, compatible and
translated forms of IPv4 addresses (::ffff:0:0/96, ::/96, 64:ff9b::/96, 64:ff9b:1::/48), which end in a network of ours."""
_SPECIAL: Final = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",
        "100.64.0.0/10",  # between a carrier and its customers
        "127.0.0.0/8",
        "168.63.129.16/32",  # the host under every virtual machine of Azure, in public space
        "169.254.0.0/16",  # link-local, and what clouds tell their machines
        "172.16.0.0/12",
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "2001::/23",  # protocol assignments: Teredo holds an IPv4 address, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4 holds an IPv4 address
        "3fff::/20",  # documentation
    )
)
"""IANA's special-purpose registries (RFC 6890), written out: what `ipaddress` calls global differs between versions of Python."""


class Place(Struct, frozen=True):
    """A URL taken apart: the host is a name in lower case or an address without brackets, the target begins with a slash."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """What stands between the slashes, and in the header Host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORT_DEFAULTS[self.scheme] else f"{host}:{self.port}"


def is_delivered_to(address: IPv4Address | IPv6Address, *, private: bool) -> bool:
    """Whether deliveries go to an address: to one that is the same for everybody, or to any where `private` is allowed."""
    if private:
        return True
    if isinstance(address, IPv6Address) and (address.scope_id is not None or address not in _GLOBAL_IPV6):
        return False
    return address.is_global and not any(address in network for network in _SPECIAL)


def checked_url(url: str, *, private: bool) -> str:
    """The URL as it is delivered to, in its one spelling. Raises Malformed for one that never is."""
    place = place_of(url, private=private)
    return f"{place.scheme}://{place.authority}{place.target}"


def place_of(url: str, *, private: bool) -> Place:
    """A URL taken apart. Raises Malformed for one that is never delivered to."""
    if len(url) > URL_CHARACTERS_MAX:
        raise _refused(f"The URL has {len(url):,} characters; the limit is {URL_CHARACTERS_MAX:,}")
    parts = _PARTS.fullmatch(url) if _CHARACTERS.fullmatch(url) else None
    if parts is None:
        raise _refused(
            "This is not a URL in the characters of RFC 3986; write a host's name in its xn-- form, and others percent-encoded"
        )
    scheme, authority, target, fragment = parts[1].lower(), parts[2], parts[3], parts[4]
    if scheme != "https" and not (private and scheme == "http"):
        raise _refused(
            f"The scheme is {scheme!r:.40}; deliveries go to {'https and http' if private else 'https'} alone"
        )
    if "@" in authority:
        raise _refused("The URL holds a user's name or password; a delivery proves its sender by its signature")
    if fragment is not None:
        raise _refused("The URL has a fragment (#), which is never sent; leave it out")
    split = _AUTHORITY.fullmatch(authority)
    if split is None:
        raise _not_a_host(authority)
    return Place(
        scheme=scheme,
        host=_host(split[1], private=private),
        port=PORT_DEFAULTS[scheme] if split[2] is None else _port(split[2]),
        target=target if target.startswith("/") else f"/{target}",
    )


def _host(text: str, *, private: bool) -> str:
    address = _address(text)
    if address is not None:
        if not is_delivered_to(address, private=private):
            raise _refused(
                f"{address} is not an address that everybody on the internet reaches; deliveries go to no other"
            )
        return str(address)
    name = text.lower()
    if len(name) > _NAME_CHARACTERS_MAX or not _NAME.fullmatch(name) or not (private or "." in name):
        raise _not_a_host(text)
    return name


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """The address that a host is in its usual form, four decimal numbers or IPv6 in brackets."""
    try:
        return IPv6Address(text[1:-1]) if text.startswith("[") else IPv4Address(text)
    except AddressValueError:
        return None


def _port(text: str) -> int:
    port = int(text) if _PORT.fullmatch(text) else 0
    if port not in PORTS_BELOW_1024 and not _PORT_FREE_MIN <= port <= _PORT_MAX:
        raise _refused(f"The port is {text!r:.20}; allowed are 80, 443 and those from 1024 to 65535")
    return port


def _not_a_host(text: str) -> Malformed:
    return _refused(
        f"{text!r:.80} is not a host: the full name, such as hooks.example.org, or an IP address in its usual form is needed"
    )


def _refused(why: str) -> Malformed:
    return Malformed("$.url", why)
