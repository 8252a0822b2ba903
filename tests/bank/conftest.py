"""The settled January for tests that change it."""

import pytest

from tests.bank.settled_world import SettledWorld


@pytest.fixture
def january() -> SettledWorld:
    return SettledWorld()
