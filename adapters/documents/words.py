"""The words on documents in Finnish, Swedish and English: one table for every format, so that a column has one name wherever it is read."""

from typing import NamedTuple

from domain.money import Language


class Word(NamedTuple):
    """What a thing is called on a document."""

    fi: str
    sv: str
    en: str


def word(key: str, language: Language) -> str:
    """The word of a key such as `column.net`; a key that is not in the table is a KeyError, a document has no unnamed column."""
    found: str = getattr(WORDS[key], language)
    return found


DOCUMENTS = {
    "document.statement": Word("Korvauslaskelma", "Ersättningsspecifikation", "Compensation statement"),
    "document.invoice": Word("Lasku", "Faktura", "Invoice"),
    "document.credit-note": Word("Hyvityslasku", "Kreditnota", "Credit note"),
    "document.internal-voucher": Word("Sisäinen tosite", "Internt verifikat", "Internal voucher"),
    "document.sheet.statement": Word("Laskelma", "Specifikation", "Statement"),
    "document.sheet.lines": Word("Rivit", "Rader", "Lines"),
    "document.sheet.totals": Word("Yhteensä", "Summor", "Totals"),
}
HEADS = {
    "head.network": Word("Verkosto", "Nätverk", "Network"),
    "head.partner": Word("Kumppani", "Partner", "Partner"),
    "head.organisation": Word("Organisaatio", "Organisation", "Organisation"),
    "head.seller": Word("Myyjä", "Säljare", "Seller"),
    "head.buyer": Word("Ostaja", "Köpare", "Buyer"),
    "head.from-unit": Word("Veloittava yksikkö", "Debiterande enhet", "Charging unit"),
    "head.to-unit": Word("Veloitettava yksikkö", "Debiterad enhet", "Charged unit"),
    "head.legal-person": Word("Oikeushenkilö", "Juridisk person", "Legal person"),
    "head.business-id": Word("Y-tunnus", "FO-nummer", "Business ID"),
    "head.vat-number": Word("ALV-numero", "Momsnummer", "VAT number"),
    "head.address": Word("Osoite", "Adress", "Address"),
    "head.street": Word("Katuosoite", "Gatuadress", "Street address"),
    "head.postal-code": Word("Postinumero", "Postnummer", "Postal code"),
    "head.town": Word("Postitoimipaikka", "Postanstalt", "Town"),
    "head.country": Word("Maa", "Land", "Country"),
    "head.einvoice-address": Word("Verkkolaskuosoite", "E-fakturaadress", "E-invoice address"),
    "head.einvoice-operator": Word("Verkkolaskuvälittäjä", "E-fakturaoperatör", "E-invoice operator"),
    "head.number": Word("Numero", "Nummer", "Number"),
    "head.period": Word("Tilityskausi", "Avräkningsperiod", "Period"),
    "head.state": Word("Tila", "Status", "State"),
    "head.issued-on": Word("Päiväys", "Datum", "Date of issue"),
    "head.due-on": Word("Eräpäivä", "Förfallodag", "Due date"),
    "head.delivered": Word("Toimitusaika", "Leveranstid", "Delivered"),
    "head.agreement": Word("Sopimus", "Avtal", "Agreement"),
    "head.version": Word("Versio", "Version", "Version"),
    "head.credits": Word("Hyvitettävät laskut", "Krediterade fakturor", "Invoices credited"),
    "head.corrects": Word("Oikaistava laskelma", "Korrigerad specifikation", "Statement corrected"),
    "head.invoices": Word("Laskut ja tositteet", "Fakturor och verifikat", "Invoices and vouchers"),
    "head.position": Word("Sijainti lokissa", "Position i loggen", "Position in the log"),
    "head.digest": Word("Tiiviste (SHA-256)", "Kontrollsumma (SHA-256)", "Digest (SHA-256)"),
    "head.currency": Word("Valuutta", "Valuta", "Currency"),
    "head.language": Word("Kieli", "Språk", "Language"),
}
COLUMNS = {
    "column.n": Word("Nro", "Nr", "No."),
    "column.date": Word("Pvm", "Datum", "Date"),
    "column.occurred-on": Word("Tapahtumapäivä", "Händelsedag", "Date it happened"),
    "column.recorded-at": Word("Kirjattu", "Registrerad", "Recorded"),
    "column.kind": Word("Laji", "Slag", "Kind"),
    "column.what": Word("Selite", "Förklaring", "What for"),
    "column.counterparty": Word("Vastapuoli", "Motpart", "Counterparty"),
    "column.counterparty-name": Word("Vastapuolen nimi", "Motpartens namn", "Name of the counterparty"),
    "column.quantity": Word("Määrä", "Antal", "Quantity"),
    "column.unit": Word("Yksikkö", "Enhet", "Unit"),
    "column.unit-price": Word("Yksikköhinta", "Enhetspris", "Unit price"),
    "column.quantity-price": Word("Määrä \u00d7 hinta", "Antal \u00d7 pris", "Quantity \u00d7 price"),
    "column.net": Word("Veroton", "Utan moms", "Net"),
    "column.vat": Word("ALV", "Moms", "VAT"),
    "column.vat-rate": Word("ALV-%", "Moms-%", "VAT %"),
    "column.vat-code": Word("ALV-koodi", "Momskod", "VAT code"),
    "column.vat-ground": Word("Peruste", "Grund", "Ground"),
    "column.gross": Word("Verollinen", "Med moms", "Gross"),
    "column.balance": Word("Saldoon", "Till saldot", "To balance"),
    "column.base": Word("Veron peruste", "Skattegrund", "Taxable amount"),
    "column.treatment": Word("Verokanta", "Skattesats", "VAT rate"),
    "column.sum": Word("Yhteensä", "Summa", "Total"),
    "column.in": Word("Kasvattaa saldoa", "Ökar saldot", "Adds to the balance"),
    "column.out": Word("Pienentää saldoa", "Minskar saldot", "Takes from the balance"),
    "column.role": Word("Rooli", "Roll", "Role"),
    "column.clause": Word("Kohta", "Punkt", "Clause"),
    "column.agreement": Word("Sopimus", "Avtal", "Agreement"),
    "column.version": Word("Versio", "Version", "Version"),
    "column.project": Word("Hanke", "Projekt", "Project"),
    "column.pathway": Word("Osaamispolku", "Kompetensstig", "Pathway"),
    "column.step": Word("Vaihe", "Etapp", "Step"),
    "column.part": Word("Osa", "Del", "Part"),
    "column.entry": Word("Kirjaus", "Bokföringspost", "Entry"),
    "column.corrects": Word("Oikaisee riviä", "Korrigerar rad", "Corrects line"),
    "column.events": Word("Tapahtumat", "Händelser", "Events"),
    "column.account": Word("Tili", "Konto", "Account"),
    "column.cost-centre": Word("Kustannuspaikka", "Kostnadsställe", "Cost centre"),
    "column.debit": Word("Debet", "Debet", "Debit"),
    "column.credit": Word("Kredit", "Kredit", "Credit"),
}
KINDS = {
    "kind.share-earned": Word("Saatu korvausosuus", "Erhållen ersättningsandel", "Share earned"),
    "kind.share-owed": Word("Tilitettävä korvausosuus", "Ersättningsandel att redovisa", "Share owed"),
    "kind.cost-share": Word("Kustannusosuus", "Kostnadsandel", "Cost share"),
    "kind.correction": Word("Oikaisu", "Korrigering", "Correction"),
    "kind.true-up": Word("Tasaus", "Utjämning", "True-up"),
    "kind.set-off": Word("Kuittaus", "Kvittning", "Set-off"),
    "kind.payment": Word("Maksu", "Betalning", "Payment"),
    "kind.vat": Word("Arvonlisävero", "Mervärdesskatt", "Value added tax"),
}
STATES = {
    "state.open": Word("avoin", "öppen", "open"),
    "state.closed": Word("suljettu", "stängd", "closed"),
    "state.issued": Word("annettu", "utfärdad", "issued"),
    "state.checked": Word("tarkastettu", "granskad", "checked"),
    "state.approved": Word("hyväksytty", "godkänd", "approved"),
    "state.disputed": Word("riitautettu", "bestriden", "disputed"),
    "state.settled": Word("tilitetty", "avräknad", "settled"),
    "state.paid": Word("maksettu", "betald", "paid"),
}
VAT = {
    "vat.S": Word("Verollinen myynti", "Skattepliktig försäljning", "Standard rate"),
    "vat.AE": Word("Käännetty verovelvollisuus", "Omvänd skattskyldighet", "Reverse charge"),
    "vat.E": Word("Veroton myynti", "Skattefri försäljning", "Exempt from VAT"),
    "vat.Z": Word("Nollaverokanta", "Nollskattesats", "Zero-rated"),
    "vat.O": Word("Ei veron piirissä", "Utanför momssystemet", "Outside the scope of VAT"),
    "vat.undecided": Word(
        "Verokohtelua ei ole päätetty", "Momsbehandlingen är inte avgjord", "No VAT treatment decided"
    ),
    "vat.none": Word("Ei myyntiä", "Ingen försäljning", "Not a supply"),
}
TOTALS = {
    "total.opening": Word("Alkusaldo", "Ingående saldo", "Opening balance"),
    "total.lines": Word("Kauden rivit", "Periodens rader", "Lines of the period"),
    "total.closing": Word("Loppusaldo", "Utgående saldo", "Closing balance"),
    "total.own-title": Word("Oma osuus", "Egen andel", "Own part"),
    "total.own": Word(
        "Oma osuus keräämistään tuloista (tieto, ei kuulu saldoon)",
        "Egen andel av uppburna intäkter (uppgift, ingår inte i saldot)",
        "Own part of what was collected (information, not in the balance)",
    ),
    "total.net": Word("Veroton yhteensä", "Summa utan moms", "Net total"),
    "total.vat": Word("Arvonlisävero yhteensä", "Moms sammanlagt", "VAT total"),
    "total.gross": Word("Verollinen yhteensä", "Summa med moms", "Gross total"),
    "total.to-pay": Word("Maksettavaa", "Att betala", "To be paid"),
    "total.credited": Word("Hyvitetään", "Krediteras", "Credited"),
    "total.settled": Word("Tilitetään", "Avräknas", "To be settled"),
    "total.charged": Word("Sisäisesti veloitetaan", "Debiteras internt", "Charged internally"),
    "total.by-counterparty": Word("Vastapuolittain", "Per motpart", "By counterparty"),
    "total.by-vat": Word("Arvonlisävero", "Mervärdesskatt", "Value added tax"),
    "total.sold": Word("Myydyt suoritteet", "Sålda prestationer", "Supplies sold"),
    "total.bought": Word("Ostetut suoritteet", "Köpta prestationer", "Supplies bought"),
    "total.by-project": Word(
        "Hankkeet ja hankkeiden ulkopuolella", "I och utanför projekt", "Inside and outside projects"
    ),
    "total.outside-project": Word("Hankkeiden ulkopuolella", "Utanför projekt", "Outside any project"),
    "total.flows": Word("Mikä muutti saldoa", "Vad som ändrade saldot", "What changed the balance"),
    "total.sum": Word("Yhteensä", "Summa", "Total"),
}
PAYMENT = {
    "payment.title": Word("Maksutiedot", "Betalningsuppgifter", "Payment"),
    "payment.payee": Word("Saaja", "Mottagare", "Payee"),
    "payment.payer": Word("Maksaja", "Betalare", "Payer"),
    "payment.iban": Word("Tilinumero (IBAN)", "Kontonummer (IBAN)", "Account (IBAN)"),
    "payment.bic": Word("BIC", "BIC", "BIC"),
    "payment.reference": Word("Viitenumero", "Referensnummer", "Reference"),
    "payment.rf": Word("RF-viite", "RF-referens", "RF reference"),
    "payment.due-on": Word("Eräpäivä", "Förfallodag", "Due date"),
    "payment.amount": Word("Summa", "Belopp", "Amount"),
    "payment.no-account": Word(
        "Tilinumero ei ole tiedossa: kysy se saajalta.",
        "Kontonumret är inte känt: fråga mottagaren.",
        "The account is not known: ask the payee for it.",
    ),
}
BALANCES = {
    "balance.due-to": Word(
        "Tämän laskelman mukaan {partner} saa muilta kumppaneilta nettona",
        "Enligt denna specifikation får {partner} netto av de andra partnerna",
        "By this statement {partner} is to receive, net, from the other partners",
    ),
    "balance.owed-by": Word(
        "Tämän laskelman mukaan {partner} maksaa muille kumppaneille nettona",
        "Enligt denna specifikation betalar {partner} netto till de andra partnerna",
        "By this statement {partner} has to pay, net, to the other partners",
    ),
    "balance.even": Word(
        "Saatavat ja velat ovat yhtä suuret",
        "Fordringar och skulder är lika stora",
        "What is due and what is owed come to the same",
    ),
    "balance.pays": Word("{payer} maksaa saajalle {payee}", "{payer} betalar till {payee}", "{payer} pays {payee}"),
    "balance.charged": Word(
        "Veloitetaan: {buyer}. Hyvitetään: {seller}.",
        "Debiteras: {buyer}. Krediteras: {seller}.",
        "Charged to {buyer}, credited to {seller}.",
    ),
    "balance.with": Word("Rivit: {party}", "Rader med {party}", "Lines with {party}"),
    "balance.with-others": Word(
        "Rivit: muut {count} kumppania", "Rader med {count} andra partner", "Lines with {count} other partners"
    ),
    "balance.sign": Word(
        "Plus: kumppanin hyväksi, kuten saatu osuus tai maksettu maksu. Miinus: sen vastattavaksi, kuten velka tai saatu maksu.",
        "Plus: till partnerns fördel, som en erhållen andel eller en gjord betalning. Minus: till dess last, som en skuld eller en "
        "mottagen betalning.",
        "Plus: for the partner, such as a share earned or a payment it made. Minus: against it, such as a share owed or a payment "
        "it received.",
    ),
}
NOTICES = {
    "notice.constructed": Word(
        "Rakennettu esimerkkiaineisto: asiakkaat, tarjonta ja summat on keksitty",
        "Konstruerat exempelmaterial: klienter, utbud och summor är påhittade",
        "Constructed example data: clients, offerings and sums are invented",
    ),
    "notice.self-billed": Word("Itselaskutus", "Självfakturering", "Self-billing"),
    "notice.self-billed-by": Word(
        "Itselaskutus: ostaja on laatinut laskun myyjän puolesta sopimuksen nojalla.",
        "Självfakturering: köparen har upprättat fakturan för säljarens räkning enligt avtal.",
        "Self-billing: the buyer has issued this invoice in the seller's name by agreement.",
    ),
    "notice.credit": Word(
        "Hyvitys laskuun {numbers}. Summat vähentävät alkuperäistä laskua.",
        "Kreditering av faktura {numbers}. Beloppen minskar den ursprungliga fakturan.",
        "Credit to invoice {numbers}. The amounts reduce the original invoice.",
    ),
    "notice.corrects": Word(
        "Hyvitys oikaisee korvauslaskelman {period} ({statement}), tiiviste (SHA-256) {digest}.",
        "Krediteringen korrigerar ersättningsspecifikationen {period} ({statement}), kontrollsumma (SHA-256) {digest}.",
        "This credit corrects the compensation statement {period} ({statement}), digest (SHA-256) {digest}.",
    ),
    "notice.credit-to-seller": Word(
        "Ei maksettavaa ostajalle: myyjä palauttaa summan tai se kuitataan.",
        "Inget för köparen att betala: säljaren återbetalar beloppet eller det kvittas.",
        "Nothing for the buyer to pay: the seller returns the amount or it is set off.",
    ),
    "notice.netted": Word(
        "Maksetaan verkoston tilityksessä {period}: älä maksa erikseen.",
        "Betalas i nätverkets avräkning {period}: betala inte separat.",
        "Settled with the network's settlement of {period}; do not pay separately.",
    ),
    "notice.voucher": Word(
        "Saman oikeushenkilön yksiköiden välinen kirjaus: ei laskua, ei arvonlisäveroa, ei maksua.",
        "Post mellan enheter i samma juridiska person: ingen faktura, ingen moms, ingen betalning.",
        "An entry between units of one legal person: no invoice, no VAT, no payment.",
    ),
    "notice.no-lines": Word(
        "Kaudella ei ole rivejä.", "Perioden har inga rader.", "There are no lines in this period."
    ),
    "notice.not-closed": Word(
        "Kausi on auki: luvut voivat vielä muuttua.",
        "Perioden är öppen: siffrorna kan ännu ändras.",
        "The period is open: these figures may still change.",
    ),
    "notice.as-of": Word(
        "Sellaisena kuin se tiedettiin lokin sijainnissa {position}.",
        "Som det var känt vid loggens position {position}.",
        "As it was known at position {position} of the log.",
    ),
    "notice.prove": Word(
        "Todista tämä: tasma audit prove {position}",
        "Bevisa detta: tasma audit prove {position}",
        "Prove this: tasma audit prove {position}",
    ),
    "notice.page": Word("Sivu {page} / {pages}", "Sida {page} / {pages}", "Page {page} of {pages}"),
    "notice.unassigned": Word("Kohdistamatta", "Inte konterat", "Unassigned"),
    "notice.balance": Word(
        "Saldoon: rivin veroton summa. Vero on saldossa omana rivinään, joten verollinen on rivillä tieto.",
        "Till saldot: radens summa utan moms. Momsen har en egen rad i saldot, så summan med moms är en uppgift på raden.",
        "To balance: the line without VAT. The tax has its own line in the balance, so gross is information on a line.",
    ),
    "notice.numbers": Word(
        "Rivin numero on sama kuin myyjän korvauslaskelmassa.",
        "Radens nummer är det som den har i säljarens ersättningsspecifikation.",
        "A line has the number that it has on the seller's compensation statement.",
    ),
    "notice.codes": Word(
        "Rivin alla: sopimus, versio ja jakosäännön (steps) tai kustannusten jaon (costs) kohta, rooli ja osaamispolku (pathway).",
        "Under raden: avtal, version och punkt i fördelningsregeln (steps) eller kostnadsnyckeln (costs), roll och stig (pathway).",
        "Below a line: agreement, version and clause of the sharing rule (steps) or cost key (costs), role and pathway.",
    ),
    "notice.vat-codes": Word(
        "ALV-koodit ovat standardin EN 16931 (UNCL 5305): S verollinen, E veroton, AE käännetty, Z nollakanta, O ei veron piirissä.",
        "Momskoderna är de i EN 16931 (UNCL 5305): S skattepliktig, E skattefri, AE omvänd, Z nollskattesats, O utanför.",
        "VAT codes are those of EN 16931 (UNCL 5305): S standard rate, E exempt, AE reverse charge, Z zero-rated, O outside the scope.",
    ),
    "notice.exact": Word(
        "Kaikki summat ovat euroja, sentilleen. Jokaisen rivin takana on tapahtuma lokissa.",
        "Alla belopp är i euro, på centen. Bakom varje rad finns en händelse i loggen.",
        "All amounts are in euro, to the cent. Behind every line stands an event in the log.",
    ),
}
DETAILS = {
    "detail.recorded": Word("kirjattu {day}", "registrerad {day}", "recorded {day}"),
    "detail.project": Word("hanke {project}", "projekt {project}", "project {project}"),
    "detail.outside-project": Word("hankkeiden ulkopuolella", "utanför projekt", "outside any project"),
    "detail.corrects": Word("oikaisee riviä {line}", "korrigerar rad {line}", "corrects line {line}"),
    "detail.events": Word("tapahtumat {positions}", "händelser {positions}", "events {positions}"),
    "detail.event": Word("tapahtuma {positions}", "händelse {positions}", "event {positions}"),
    "detail.flows": Word("Palkkikaavio. {flows}", "Stapeldiagram. {flows}", "Bar chart. {flows}"),
    "detail.flow": Word(
        "{kind}: kasvattaa saldoa {added}, pienentää saldoa {taken}.",
        "{kind}: ökar saldot {added}, minskar saldot {taken}.",
        "{kind}: adds {added} to the balance, takes {taken} from it.",
    ),
}
WORDS: dict[str, Word] = {
    **DOCUMENTS,
    **HEADS,
    **COLUMNS,
    **KINDS,
    **STATES,
    **VAT,
    **TOTALS,
    **PAYMENT,
    **BALANCES,
    **NOTICES,
    **DETAILS,
}
"""Every key with its word."""
