"""Where a bank's account statement is handed in: each line is recorded for its payment or put on the list."""

from typing import Final

import msgspec
from litestar import Response

from adapters.bank.message_tree import MOST_BYTES
from adapters.bank_intake import RECORDING, BankIntake
from adapters.bank_taken import Taken
from adapters.http.asking import asker_of, body_of, time_of
from adapters.http.at_a_time import at_a_time
from adapters.http.network import Asked, network_of
from adapters.http.problems import NotSentAsXml
from adapters.http.readers import Readers
from adapters.http.route import Route
from application.door import check_may, decider_of
from application.ports import Unavailable

XML: Final = "application/xml"
READ_MAX: Final = 2
"""Files that are read at a time: one may hold a million elements."""
HELD_MAX: Final = 8
"""Files that are held at a time, up to 20 MB each: those that are read, and those that arrive, so that a few slow senders keep
nobody from being read."""
EXAMPLE = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08">
  <BkToCstmrDbtCdtNtfctn>
    <GrpHdr><MsgId>2019-02-22-1</MsgId><CreDtTm>2019-02-22T06:00:00+02:00</CreDtTm></GrpHdr>
    <Ntfctn>
      <Id>N-1</Id>
      <Acct><Id><IBAN>FI9399999900000014</IBAN></Id><Ccy>EUR</Ccy></Acct>
      <Ntry>
        <Amt Ccy="EUR">270.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
        <BookgDt><Dt>2019-02-21</Dt></BookgDt><AcctSvcrRef>190221A1</AcctSvcrRef>
        <NtryDtls><TxDtls><RmtInf><Strd><CdtrRefInf><Ref>1000012</Ref></CdtrRefInf></Strd></RmtInf></TxDtls></NtryDtls>
      </Ntry>
    </Ntfctn>
  </BkToCstmrDbtCdtNtfctn>
</Document>
"""


class TooManyRead(Unavailable):
    def __init__(self) -> None:
        super().__init__(f"{READ_MAX} files of banks are being read already; send yours again in a moment.")


class TooManyHeld(Unavailable):
    def __init__(self) -> None:
        super().__init__(f"{HELD_MAX} files of banks are on their way in already; send yours again in a moment.")


async def respond(request: Asked) -> Response[bytes]:
    """201 where something was recorded or listed, 200 where nothing is new; what is refused whole is a 409."""
    network = network_of(request)
    asker = await asker_of(request, network)
    check_may(decider_of(RECORDING), RECORDING, asker.role, asker.scopes)
    at = time_of(request, asker)
    _check_content_type(request)
    with at_a_time(request, "bank-statements-held", HELD_MAX, TooManyHeld):
        body = await body_of(request, bytes_max=MOST_BYTES)
        with at_a_time(request, "bank-statements", READ_MAX, TooManyRead):
            taken = await BankIntake(network.desk, network.views).take_in(body, asker, at=at)
    return Response(
        content=msgspec.json.encode(taken),
        media_type="application/json",
        status_code=201 if taken.appended else 200,
        headers={"Tasma-Position": str(taken.position), "Cache-Control": "no-store", "Vary": "Authorization"},
    )


def _check_content_type(request: Asked) -> None:
    """XML says its encoding itself, so what is said of it here is not looked at. Raises NotSentAsXml."""
    sent_as = ", ".join(request.headers.getall("content-type", []))
    if sent_as.partition(";")[0].strip().lower() not in (XML, "text/xml"):
        raise NotSentAsXml(sent_as or "nothing named")


bank_statements = Route(
    name="bank-statements",
    path="/v1/bank-statements",
    method="post",
    says="Hand in an account statement or notification of a bank (ISO 20022 camt.053 or camt.054, versions 02 and 08, up to 20 MB): each "
    "line that shows a payment of an approved settlement is recorded for it, every other one is put on the list of what somebody has to "
    "look after. The file is read whole or not at all; read twice, it changes nothing and says so. What is refused, such as a day in "
    "the future or an account that nobody here has set, stops no other line; where every line is refused, the file is. Payments are "
    "known by their EndToEndId or reference, or by that of an invoice which a gross settlement pays, never by their sum alone.",
    readers=Readers(
        "coordinator; partner with the scope finance-approve, of its own accounts",
        lambda asker: asker.role in ("coordinator", "partner"),
    ),
    tag="commands",
    takes={XML: EXAMPLE},
    gives={"application/json": Taken},
    statuses={
        "201": "Something was recorded or listed.",
        "200": "Nothing is new: each line had been read before, is left to another, or says why it was refused.",
    },
    heeds={"Tasma-At": "The time of asking, with its zone; in constructed networks, from the coordinator."},
    headers={"Tasma-Position": "The position of the log when it was done."},
    respond=respond,
    problems=frozenset({"400", "401", "403", "404", "408", "409", "413", "415", "422"}),
)
