"""`tasma demo`: build the constructed network, play its year, show what a person wants to see."""

import asyncio

import click

from adapters.cli.session import settings
from adapters.entropy import SeededEntropy
from adapters.wiring import open_network
from domain.kernel import Refused

SEED = 2019
DEMO = "_demo"
"""Ends the name of a network that the demo may drop."""


class NotADemo(Refused):
    def __init__(self, network: str) -> None:
        super().__init__(
            f"TASMA_NETWORK names {network}; the demo drops and builds only networks whose names end in {DEMO}. Unset it."
        )


@click.command("demo")
@click.option(
    "--seed", default=SEED, show_default=True, help="All chance comes from it: the same seed gives the same log."
)
@click.option(
    "--scale",
    default=1,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="How many times more clients and pathways.",
)
def demo_command(seed: int, scale: int) -> None:
    """Play a constructed year 2019 of a network in Kymenlaakso and print its statements.

    Organisations are real; clients, offerings and sums are invented. The demo's own schema is dropped and built anew, nothing
    else is touched, and a network with real history is never dropped.
    """
    build(seed=seed, scale=scale)


def build(*, seed: int = SEED, scale: int = 1) -> None:
    """Build the demo's network anew and print its year. Raises NotADemo."""
    if not (network := settings().network).endswith(DEMO):
        raise NotADemo(network)
    try:
        # The example is part of the source tree, not of the installed packages.
        from examples.kymenlaakso.demo import demo  # noqa: PLC0415 - see above
    except ImportError as error:
        raise click.ClickException(
            "The examples are not here: run the demo in a checkout of the repository."
        ) from error

    async def run() -> None:
        async with open_network(settings(), entropy=SeededEntropy(seed), anew=True) as network:
            await demo(network, seed=seed, scale=scale)

    asyncio.run(run())
