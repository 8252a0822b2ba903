"""`python -m tests.simulation --seeds 500 [--from N]`: as many histories, on all cores; `--seed N -v`: one, step by step."""

import argparse
import gc
import multiprocessing
import sys
import time
from collections import Counter
from statistics import median

from tests.simulation.run import Played, told


def main() -> int:
    """Give 1 when a promise was broken."""
    options = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    options.add_argument("--seeds", type=int, default=500, help="how many (500)")
    options.add_argument("--from", type=int, default=1, dest="first", help="the first of them (1)")
    options.add_argument("--seed", type=int, help="only this one")
    options.add_argument("-v", "--verbose", action="store_true", help="show every step")
    given = options.parse_args()
    begun, broken, played = time.perf_counter(), 0, list[Played]()
    if given.seed is not None:
        found = [told(given.seed, steps=print if given.verbose else None)]
    else:
        # The modules stay: they need no search after every seed.
        with multiprocessing.get_context("spawn").Pool(initializer=gc.freeze) as pool:
            found = pool.map(told, range(given.first, given.first + given.seeds), chunksize=5)
    for history in found:
        if isinstance(history, Played):
            played.append(history)
        else:
            broken += 1
            sys.stdout.write(f"{history}\n\n")
    seconds = time.perf_counter() - begun
    counts: Counter[str] = sum((p.counts for p in played), Counter())
    for kind, times in sorted(counts.items()):
        sys.stdout.write(f"{times:>10,}  {kind}\n")
    if played:
        sys.stdout.write(
            f"Of each seed, in the median: {median(p.counts['events'] for p in played):.0f} events, "
            f"{median(p.counts['commands'] for p in played):.0f} commands, {median(p.crashes for p in played):.0f} crashes, "
            f"{median(p.steps for p in played):,.0f} steps, {median(p.seconds for p in played):.0f} s of virtual time.\n"
        )
    sys.stdout.write(
        f"{len(played)} seeds held, {broken} broke a promise; {60 * len(found) / seconds:.0f} seeds a minute on "
        f"{multiprocessing.cpu_count()} cores.\n"
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
