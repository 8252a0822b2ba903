"""A connection string that is wrong is refused before it is used, and nothing of its password is shown, nor any piece of it."""

import asyncio
import traceback

import pytest

from adapters.postgres.database import connect, conninfo
from adapters.settings import WrongSetting
from application.ports import Unavailable

SENTENCE = (
    "TASMA_DATABASE_URL or TASMA_ADMIN_DATABASE_URL (not shown, they may hold a password) cannot be read. In a URL @ : / % and "
    "spaces in a password are percent-encoded (@ is %40); in key=value pairs quotes stand around it."
)


async def shown(url: str) -> str:
    """All that anybody gets to see."""
    try:
        async with connect(url):
            return ""
    except (WrongSetting, Unavailable) as error:
        return "".join(traceback.format_exception(error))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://app:Hun%ter2@127.0.0.1:1/db",
        "postgresql://app:Hun ter2@127.0.0.1:1/db",
        "postgresql://app:Hun@ter2@127.0.0.1:1/db",
        "postgresql://app:Hun@ter2@127.0.0.1,127.0.0.2:1/db",
        "postgresql://app:Hun/ter2@127.0.0.1:1/db",
        "postgresql://app:11/ter2@127.0.0.1:1/db",
        "postgresql://app:Hun@ter2:ter2@127.0.0.1:1/db",
        "postgresql://app:Hun@[ter2@127.0.0.1:1/db",
        "postgresql://app:Hun@x?ter2@127.0.0.1:1/db",
        "postgresql://app:%ffter2@127.0.0.1:1/db",
        "host=127.0.0.1 user=app password=Hun ter2",
    ],
)
def test_a_password_that_was_not_encoded_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(WrongSetting) as refused:
        conninfo(url, "tasma")
    assert str(refused.value) == SENTENCE
    told = asyncio.run(shown(url))
    assert "ter2" not in told
    assert "Hun" not in told


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://app:Hun%40t%2Fe%25r%202@127.0.0.1:1/db",
        "postgresql://app:Hunter:2@127.0.0.1:1,127.0.0.1:2/db",
        "postgresql://app:Hunter2@/db?host=%2Fnowhere",
        "host=127.0.0.1 port=1 user=app password='Hun@ter 2' dbname=a@b",
        "host=@abstract user=app password=Hunter2",
    ],
)
def test_a_string_that_is_right_is_used_and_its_password_not_shown(url: str) -> None:
    told = asyncio.run(shown(url))
    assert "The database cannot be reached: " in told
    assert "Hun" not in told
