"""What is sent is signed as the reference library of Standard Webhooks verifies it."""

import base64
import json
import os
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from adapters.clock import system_clock
from adapters.webhooks.signing import SecretFault, headers_of, new_secret

BODY = b'[{"specversion":"1.0","id":"1"}]'
AT = datetime(2019, 3, 5, 7, 0, 0, 999_999, tzinfo=UTC)


def secret_of(size: int) -> str:
    return "whsec_" + base64.b64encode(bytes(range(size))).decode()


def test_a_secret_is_32_random_bytes() -> None:
    drawn: list[int] = []

    def draw(size: int) -> bytes:
        drawn.append(size)
        return b"\xff" * size

    assert new_secret(draw) == "whsec_" + base64.b64encode(b"\xff" * 32).decode()
    assert drawn == [32]


def test_the_reference_library_verifies_what_is_sent_now() -> None:
    secret = new_secret(os.urandom)
    headers = headers_of([secret], id="msg_1", at=system_clock(), body=BODY)
    assert Webhook(secret).verify(BODY, headers) == json.loads(BODY)


def test_while_a_secret_is_exchanged_either_verifies() -> None:
    new, old, foreign = (new_secret(os.urandom) for _ in range(3))
    headers = headers_of([new, old], id="msg_1", at=system_clock(), body=BODY)
    assert len(headers["webhook-signature"].split(" ")) == 2
    for secret in (new, old):
        Webhook(secret).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(foreign).verify(BODY, headers)


@pytest.mark.parametrize(
    ("changed", "body"),
    [
        ({}, BODY + b" "),
        ({"webhook-id": "msg_2"}, BODY),
        ({"webhook-timestamp": str(int(system_clock().timestamp()) - 1)}, BODY),
    ],
)
def test_what_was_tampered_with_does_not_verify(changed: dict[str, str], body: bytes) -> None:
    secret = secret_of(32)
    headers = headers_of([secret], id="msg_1", at=system_clock(), body=BODY) | changed
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, headers)


@given(st.text(st.characters(codec="utf-8")), st.integers(24, 64), st.datetimes(timezones=st.just(UTC)))
def test_signatures_are_those_of_the_reference_library_at_any_time(text: str, size: int, at: datetime) -> None:
    secret, body = secret_of(size), text.encode()
    headers = headers_of([secret], id="msg_1", at=at, body=body)
    whole = at.replace(microsecond=0)
    assert headers["webhook-signature"] == Webhook(secret).sign("msg_1", whole, text)
    assert int(headers["webhook-timestamp"]) == int(whole.timestamp())


def test_a_part_of_a_second_does_not_count() -> None:
    assert headers_of([secret_of(24)], id="1", at=AT, body=b"")["webhook-timestamp"] == "1551769200"


@pytest.mark.parametrize(
    "secret",
    [
        secret_of(23),
        secret_of(65),
        secret_of(32).removeprefix("whsec_"),
        secret_of(32)[:-1],
        secret_of(32).replace("A", "*"),
        "whsec_",
        "",
        "whsec_ä",
    ],
)
def test_what_is_no_secret_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(SecretFault) as refused:
        headers_of([secret], id="1", at=AT, body=b"")
    assert str(refused.value) == "A webhook's secret (not shown) is whsec_ and the base64 of 24 to 64 bytes."


@pytest.mark.parametrize("name", ["", "a.b", "a b", "a\n", "ä", "a" * 256])
def test_an_id_that_could_be_read_in_two_ways_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no id of a delivery"):
        headers_of([secret_of(32)], id=name, at=AT, body=b"")


def test_nothing_goes_out_unsigned() -> None:
    with pytest.raises(ValueError, match="at least one secret"):
        headers_of([], id="1", at=AT, body=b"")
