"""What `tasma audit verify --bundle FILE` does: the checks of the verify.py in the bundle, by the same functions."""

from collections.abc import Sequence
from pathlib import Path

from adapters.bundle.verify import check_bundle
from adapters.cli.session import write, write_json
from domain.kernel import Refused


class NotWhole(Refused):
    def __init__(self, file: Path, faults: Sequence[str]) -> None:
        super().__init__("\n".join([f"{file} is not whole:", *faults]))


def verify_bundle(file: Path, keys: Sequence[str], form: str) -> None:
    """Print what a bundle proves. keys: public keys that the reader trusts. Raises NotWhole."""
    report = check_bundle(file, keys)
    faults = [{"position": fault.position, "what": str(fault)} for fault in report.faults]
    if form == "json":
        write_json(
            {
                "size": report.size,
                "root": report.root or None,
                "ok": not faults,
                "first_fault": faults[0] if faults else None,
                "faults": faults,
                "notices": report.said,
            }
        )
    else:
        write("\n".join([*report.said, *([] if faults else [f"{file} is whole."])]) or "Nothing could be read.")
    if faults:
        raise NotWhole(file, [str(fault) for fault in report.faults])
