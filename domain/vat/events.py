"""What has been decided on VAT."""

from datetime import date

from domain.kernel import Event, fact
from domain.words import AgreementId, Day, Line, Organisation, TreatmentId, VatCode, VatRate


@fact("vat.treatment_decided", about=("treatment", "agreement"), seen_by="network")
class VatTreatmentDecided(Event, frozen=True):
    """A seller has decided how what it supplies under an agreement is taxed from a day of delivery on.

    It counts for what is booked from here on; a correction keeps the rate of what it corrects.
    """

    treatment: TreatmentId
    seller: Organisation
    """The organisation that supplies: of revenue the one whose share it is, of costs the one that paid them."""
    agreement: AgreementId
    """The agreement under which it supplies."""
    clause: Line | None
    """The clause that it is for, with all below it: `steps[1]` of the sharing rule, `costs.web-service` of a cost key; null:
    every clause."""
    code: VatCode
    rate: VatRate
    """In percent; 0 where no tax is added."""
    ground: Line | None
    """Why no tax is added, as an invoice has to say: the section of the law."""
    valid_from: date
    """The first day of delivery for which it holds, in Helsinki."""
    decided_by: Line
    """The body or officer that decided, by office, not by name."""
    by: str
    """The opaque id of who recorded it."""
    decided_on: Day
