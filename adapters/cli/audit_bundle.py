"""What `tasma audit verify --bundle FILE` does: the checks of the verify.py in the bundle, by the same functions."""

from collections.abc import Sequence
from pathlib import Path

import click

from adapters.bundle.verify import Check, Fault, key_of
from adapters.cli.session import write, write_json
from domain.kernel import Refused


class NotWhole(Refused):
    def __init__(self, file: Path, faults: Sequence[str]) -> None:
        super().__init__("\n".join([f"{file} is not whole:", *faults]))


def verify_bundle(file: Path, keys: Sequence[str], form: str) -> None:
    """Print what a bundle proves. keys: public keys that the reader trusts. Raises NotWhole, click.BadParameter."""
    for vkey in keys:
        try:
            key_of(vkey)
        except Fault as fault:
            raise click.BadParameter(str(fault), param_hint="--key") from None
    check = Check(file, keys)
    faults = [{"position": fault.position, "what": str(fault)} for fault in check.faults]
    if form == "json":
        write_json(
            {
                "size": check.size,
                "root": check.root or None,
                "ok": not faults,
                "unproven": check.unproven,
                "first_fault": faults[0] if faults else None,
                "faults": faults,
                "notices": check.said,
            }
        )
    else:
        write("\n".join([*check.said, *check.doubts, f"{file}: {check.verdict}"]))
    if faults:
        raise NotWhole(file, [str(fault) for fault in check.faults])
