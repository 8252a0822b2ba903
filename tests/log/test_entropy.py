"""Ids carry their time in front; seeded entropy comes out the same again, the system's never does."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from adapters.entropy import SeededEntropy, SystemEntropy
from application.envelope import Entropy

AT = datetime(2022, 2, 22, 19, 22, 22, 999_999, tzinfo=UTC)


@pytest.mark.parametrize("entropy", [SystemEntropy(), SeededEntropy(1)])
def test_event_ids_are_uuids_of_version_7(entropy: Entropy) -> None:
    """The milliseconds are those of the example in RFC 9562, appendix A.6, which stands 0.999 s earlier."""
    made = entropy.event_id(AT)
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == 0x017F22E279B0 + 999
    assert entropy.event_id(AT) != made
    assert entropy.event_id(datetime(1950, 1, 1, tzinfo=UTC)).int >> 80 == 0


@pytest.mark.parametrize("entropy", [SystemEntropy(), SeededEntropy(1)])
def test_ids_of_later_milliseconds_are_greater(entropy: Entropy) -> None:
    ids = [entropy.event_id(AT + timedelta(milliseconds=n)) for n in range(100)]
    assert all(earlier < later for earlier, later in pairwise(ids))


@pytest.mark.parametrize("entropy", [SystemEntropy(), SeededEntropy(1)])
def test_nonces_are_128_bits_in_hex_and_differ(entropy: Entropy) -> None:
    nonces = {entropy.nonce() for _ in range(1000)}
    assert len(nonces) == 1000
    assert all(len(nonce) == 32 and int(nonce, 16) >= 0 for nonce in nonces)


def test_a_seed_gives_the_same_sequence() -> None:
    one, two, other = SeededEntropy(5), SeededEntropy(5), SeededEntropy(6)
    assert (one.event_id(AT), one.nonce()) == (two.event_id(AT), two.nonce())
    assert one.nonce() != other.nonce()
