"""What each worker process of the server runs: it reads the environment and puts the network to work for itself."""

import os
from pathlib import Path

from litestar import Litestar

from adapters.http.app import create_app_opening
from adapters.http.logs import configure_logs
from adapters.http.traffic import FOLDER, Traffic
from adapters.settings import read_settings
from adapters.wiring import serving_network


def create() -> Litestar:
    """The application for the network that the environment names. Raises WrongSetting."""
    settings = read_settings(os.environ)
    configure_logs(settings.log_format)
    shared = os.environ.get(FOLDER)
    return create_app_opening(lambda: serving_network(settings), Traffic(Path(shared) if shared else None))
