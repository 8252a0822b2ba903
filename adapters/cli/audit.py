"""`tasma audit`: what auditors and witnesses do; the modules beside this one add their commands to the group."""

import click


@click.group("audit")
def audit() -> None:
    """Prove and check what the log holds."""
