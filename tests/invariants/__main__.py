"""`python -m tests.invariants --seeds 40 [--from N]`: as many lots of histories of money, on all cores; what was reached in them."""

import argparse
import multiprocessing
import sys
import time
from collections import Counter

from tests.invariants.test_money import EXAMPLES, missing, told


def main() -> int:
    """Give 1 when a promise was broken."""
    options = argparse.ArgumentParser(prog="python -m tests.invariants", description=__doc__)
    options.add_argument("--seeds", type=int, default=40, help="how many (40)")
    options.add_argument("--from", type=int, default=1, dest="first", help="the first of them (1)")
    given = options.parse_args()
    begun, broken, counts = time.perf_counter(), 0, Counter[str]()
    with multiprocessing.get_context("spawn").Pool() as pool:
        for found in pool.imap(told, range(given.first, given.first + given.seeds)):
            if isinstance(found, str):
                broken += 1
                sys.stdout.write(f"{found}\n\n")
            else:
                counts += found
    for kind, times in sorted(counts.items()):
        sys.stdout.write(f"{times:>10,}  {kind}\n")
    sys.stdout.write(f"Never reached: {', '.join(missing(counts)) or 'nothing'}.\n")
    sys.stdout.write(
        f"Seeds {given.first} to {given.first + given.seeds - 1}, {EXAMPLES} histories each: {broken} broke a promise; "
        f"{time.perf_counter() - begun:.0f} s.\n"
    )
    return 1 if broken or missing(counts) else 0


if __name__ == "__main__":
    sys.exit(main())
