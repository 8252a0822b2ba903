"""Two accounts and a payment between them, for tests to change."""

from datetime import UTC, date, datetime

from application.bank import Account, PaymentFile, Transfer

EKAMI = Account(
    name="Etelä-Kymenlaakson ammattiopisto",
    business_id="1958694-5",
    street="Takojantie 1",
    postal_code="48220",
    town="Kotka",
    country="FI",
    iban="FI21 1234 5600 0007 85",
    bic="NDEAFIHH",
)
XAMK = Account(
    name="Kaakkois-Suomen Ammattikorkeakoulu Oy",
    business_id="2472908-2",
    street=None,
    postal_code=None,
    town=None,
    country=None,
    iban="FI1410093000123458",
    bic=None,
)
TRANSFER = Transfer(end_to_end_id="2019-11-0001", payee=XAMK, cents=123_456, reference="1234561")
FILE = PaymentFile(
    message_id="2019-11-EKAMI",
    created_at=datetime(2019, 12, 3, 7, 30, 15, 250_000, tzinfo=UTC),
    debtor=EKAMI,
    execution_on=date(2019, 12, 5),
    transfers=(TRANSFER,),
)
