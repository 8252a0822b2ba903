"""Logs go to stderr and never show what stood in the variables of a traceback."""

import json
from collections.abc import Iterator

import pytest
import structlog

from adapters.http.logs import configure_logs
from adapters.settings import LogFormat


@pytest.fixture
def _configured_back() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def fail(bearer: str) -> None:
    if bearer:
        raise ValueError("something broke")


@pytest.mark.usefixtures("_configured_back")
@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_traceback_shows_where_and_not_with_what(log_format: LogFormat, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(log_format)
    logger = structlog.get_logger()
    logger.debug("too.small")
    try:
        fail("tasma_" + "0" * 16)
    except ValueError:
        logger.exception("it.failed", number=7)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "too.small" not in printed.err
    assert "something broke" in printed.err
    assert "0" * 16 not in printed.err
    if log_format == "json":
        entry = json.loads(printed.err)
        assert (entry["event"], entry["level"], entry["number"]) == ("it.failed", "error", 7)
        assert entry["timestamp"].endswith("Z")
