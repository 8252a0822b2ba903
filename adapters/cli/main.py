"""The command `tasma`: every module of this package that makes a click command adds one."""

import importlib
import logging
import os
import pkgutil
import signal
import sys

import click

import adapters.cli
from adapters.cli.session import EXIT_REFUSED, SENTENCES
from adapters.http.logs import configure_logs

EXIT_ABORTED, EXIT_TERMINATED = 128 + signal.SIGINT, 128 + signal.SIGTERM


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="tasma", prog_name="tasma")
def tasma() -> None:
    """The backend of a regional network of education providers.

    Results go to stdout, logs to stderr. Exit code 0: done; 1: refused, the sentence is on stderr; 2: wrong usage. Without
    TASMA_DATABASE_URL an embedded PostgreSQL is used; TASMA_NETWORK names the network (none: that of the demo).
    """
    configure_logs("json" if os.environ.get("TASMA_LOG") == "json" else "console", level=logging.WARNING)


def _collect() -> None:
    modules = [m.name for m in pkgutil.iter_modules(adapters.cli.__path__, "adapters.cli.") if m.name != __name__]
    found = [t for m in modules for t in vars(importlib.import_module(m)).values() if isinstance(t, click.Command)]
    within = {id(command) for group in found if isinstance(group, click.Group) for command in group.commands.values()}
    for command in found:
        if id(command) not in within:
            tasma.add_command(command)


def main() -> None:
    """Run the command line; what is refused is one sentence, not a traceback."""
    _collect()
    # Ended from outside, a command still leaves what it has joined, such as the embedded PostgreSQL.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_TERMINATED))
    try:
        tasma.main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(EXIT_ABORTED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except SENTENCES as refusal:
        click.echo(str(refusal), err=True)
        sys.exit(EXIT_REFUSED)
