"""What policies have folded up to an event: put together in one place."""

from adapters.closed_months import ClosedMonths
from adapters.issued_documents import IssuedDocuments
from adapters.issued_statements import IssuedStatements
from adapters.planned_settlements import PlannedSettlements
from adapters.projecting.asking import Views
from adapters.trued_up_drift import TruedUpDrift
from application.policies import Cuts
from application.ports import Documents, Log


def cuts_of(views: Views, documents: Documents, log: Log) -> Cuts:
    months = ClosedMonths(log, documents)
    return Cuts(
        statements=IssuedStatements(months),
        documents=IssuedDocuments(months, views),
        drift=TruedUpDrift(views),
        settlements=PlannedSettlements(views, log),
    )
