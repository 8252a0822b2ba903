"""One partner's statement of one period: what it is called, and who may answer it."""

from domain.kernel import Asked, Refused, Unknown
from domain.settlement.events import StatementIssued


class NotIssued(Refused):
    def __init__(self, partner: str, period: str) -> None:
        super().__init__(
            f"The statement of {partner} for {period} has not been issued; the network issues it once the period is closed."
        )


def statement_id(partner: str, period: str) -> str:
    return f"statement:{partner.removeprefix('org:')}.{period}"


def issued_to(asked: Asked, partner: str, period: str, issued: StatementIssued | None) -> StatementIssued:
    """The statement that somebody asks about. Raises Unknown and NotIssued."""
    # A statement is between the network and its partner: to everybody else it does not exist.
    if not asked.acts_for(partner):
        raise Unknown(statement_id(partner, period))
    if issued is None:
        raise NotIssued(partner, period)
    return issued
