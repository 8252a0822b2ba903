"""The phrases that the sentences of statement lines are put together from, in Finnish, Swedish and English."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from domain.money import Language


class Phrases(NamedTuple):
    """`{day}` and sums come as people write them in the language."""

    earned: str
    owed: str
    share: str
    """What a share is for where its clause does not say."""
    cost_due: str
    """On the statement of who paid."""
    cost_owed: str
    costs: str
    waived: str
    trued_up: str
    this_partner: str
    other_partner: str
    corrected: str
    """All that was left is taken back."""
    corrected_in_part: str
    by_remainder: str
    """A part of a correction: the cents that are left over go to the largest remainders."""
    rounded: str
    """A tax: to the nearest cent, half a cent away from zero."""
    step: str
    set_off: str
    paid: str
    received: str
    paid_back: str
    """On the statement of the payer: what was paid is taken back."""
    received_back: str
    back_reasons: Mapping[str, str]
    sold: str
    """VAT on what the partner sells."""
    bought: str
    one_line: str
    several_lines: str
    untaxed: str
    reasons: Mapping[str, str]


PHRASES: Final[Mapping[Language, Phrases]] = {
    "fi": Phrases(
        earned="{counterparty} tilittää {purpose}: vaiheen {step} osa {part} ({pathway}) toteutui {day}. {how}",
        owed="Saajalle {counterparty} {purpose}: vaiheen {step} osa {part} ({pathway}) toteutui {day}. {how}",
        share="korvausosuus",
        cost_due="{counterparty} maksaa osuutensa kustannuksista ({purpose}, {day}), yhteensä {amount}. {how}",
        cost_owed="Osuus kustannuksista ({purpose}, {day}), jotka {counterparty} maksoi, yhteensä {amount}. {how}",
        costs="jaetut kustannukset",
        waived="Osuudesta {waived} on sovittu luovuttavan.",
        trued_up="Pyöristysten tasaus ({agreement}): kauteen {upto} asti {whose} on tarkasti {exact}, kirjattu on "
        "{booked}, joten eroa on {missing}.",
        this_partner="tämän kumppanin osuus",
        other_partner="kumppanin {counterparty} osuus",
        corrected="Oikaisu {cents} riviin {corrects} ({counterparty}, {purpose}): {where} peruttiin {day}, koko {amount} ({reason}).",
        corrected_in_part="Oikaisu {cents} riviin {corrects} ({counterparty}, {purpose}): {where} peruttiin {day} osaksi, {amount} "
        "summasta {left} ({reason}); tästä osuudesta {share} se on {part}.",
        by_remainder="{exact}, pyöristettynä suurimman jakojäännöksen mukaan {result}",
        rounded="{exact}, pyöristettynä {result}",
        step="vaiheen {step} osa {part} ({pathway})",
        set_off="Kuittaus {day} kumppanin {counterparty} kanssa: velkaa sille {owes}, saatavaa siltä {due}; maksettavaksi sille jää "
        "{pays} ja siltä {gets}.",
        paid="Maksettu saajalle {counterparty} {day}: {cents} maksusta {ordered} ({bank_line}).",
        received="Saatu maksajalta {counterparty} {day}: {cents} maksusta {ordered} ({bank_line}).",
        paid_back="Maksu saajalle {counterparty} peruttiin {day}: {cents} maksusta {ordered} ({bank_line}) ei ole maksettu, "
        "{reason}.",
        received_back="Maksu maksajalta {counterparty} peruttiin {day}: {cents} maksusta {ordered} ({bank_line}) ei ole maksettu, "
        "{reason}.",
        back_reasons={
            "returned": "raha palautui",
            "not-received": "saajan tili ei näytä sitä",
            "wrong-line": "pankin rivi koskee muuta",
        },
        sold="Arvonlisävero myynnistä kumppanille {counterparty}, {lines}: {rate} summasta {base} on {exact}.",
        bought="Arvonlisävero ostoista kumppanilta {counterparty}, {lines}: {rate} summasta {base} on {exact}.",
        one_line="rivi {numbers}",
        several_lines="rivit {numbers}",
        untaxed="Ei arvonlisäveroa: {ground}.",
        reasons={
            "entered-in-error": "kirjattu virheellisesti",
            "service-not-accepted": "palvelua ei hyväksytty",
            "price-changed": "hinta muuttui",
            "credit-loss": "luottotappio",
            "cancelled": "peruutettu",
        },
    ),
    "sv": Phrases(
        earned="{counterparty} redovisar {purpose}: del {part} av etapp {step} ({pathway}) genomfördes {day}. {how}",
        owed="Till {counterparty} {purpose}: del {part} av etapp {step} ({pathway}) genomfördes {day}. {how}",
        share="ersättningsandel",
        cost_due="{counterparty} betalar sin del av kostnaderna ({purpose}, {day}), sammanlagt {amount}. {how}",
        cost_owed="Del av kostnaderna ({purpose}, {day}) som {counterparty} betalade, sammanlagt {amount}. {how}",
        costs="delade kostnader",
        waived="Man har kommit överens om att avstå från delen på {waived}.",
        trued_up="Utjämning av avrundningar ({agreement}): till och med {upto} är {whose} exakt {exact}, bokfört är "
        "{booked}, alltså en skillnad på {missing}.",
        this_partner="denna partners andel",
        other_partner="andelen för {counterparty}",
        corrected="Korrigering {cents} av rad {corrects} ({counterparty}, {purpose}): {where} togs tillbaka {day}, hela {amount} "
        "({reason}).",
        corrected_in_part="Korrigering {cents} av rad {corrects} ({counterparty}, {purpose}): {where} togs delvis tillbaka {day}, "
        "{amount} av {left} ({reason}); av denna andel på {share} är det {part}.",
        by_remainder="{exact}, avrundat enligt den största resten {result}",
        rounded="{exact}, avrundat {result}",
        step="del {part} av etapp {step} ({pathway})",
        set_off="Kvittning {day} med {counterparty}: skuld till den {owes}, fordran på den {due}; kvar att betala till den blir "
        "{pays} och av den {gets}.",
        paid="Betalt till {counterparty} {day}: {cents} av betalningen på {ordered} ({bank_line}).",
        received="Fått av {counterparty} {day}: {cents} av betalningen på {ordered} ({bank_line}).",
        paid_back="Betalningen till {counterparty} togs tillbaka {day}: {cents} av betalningen på {ordered} ({bank_line}) är inte betalt, "
        "{reason}.",
        received_back="Betalningen från {counterparty} togs tillbaka {day}: {cents} av betalningen på {ordered} ({bank_line}) är inte "
        "betalt, {reason}.",
        back_reasons={
            "returned": "pengarna gick tillbaka",
            "not-received": "mottagarens konto visar dem inte",
            "wrong-line": "bankens rad gäller något annat",
        },
        sold="Mervärdesskatt på försäljning till {counterparty}, {lines}: {rate} av {base} är {exact}.",
        bought="Mervärdesskatt på inköp från {counterparty}, {lines}: {rate} av {base} är {exact}.",
        one_line="rad {numbers}",
        several_lines="raderna {numbers}",
        untaxed="Ingen mervärdesskatt: {ground}.",
        reasons={
            "entered-in-error": "felaktigt bokfört",
            "service-not-accepted": "tjänsten godkändes inte",
            "price-changed": "priset ändrades",
            "credit-loss": "kreditförlust",
            "cancelled": "inställt",
        },
    ),
    "en": Phrases(
        earned="{counterparty} passes on {purpose}: part {part} of step {step} ({pathway}) was delivered on {day}. {how}",
        owed="To {counterparty} for {purpose}: part {part} of step {step} ({pathway}) was delivered on {day}. {how}",
        share="a revenue share",
        cost_due="{counterparty} pays its part of costs ({purpose}, {day}), {amount} in all. {how}",
        cost_owed="Part of costs ({purpose}, {day}) that {counterparty} paid, {amount} in all. {how}",
        costs="shared costs",
        waived="The {waived} is waived by agreement.",
        trued_up="Rounding set right ({agreement}): up to {upto} {whose} is exactly {exact}, {booked} was booked, a "
        "difference of {missing}.",
        this_partner="the share of this partner",
        other_partner="the share of {counterparty}",
        corrected="Correction of {cents} to line {corrects} ({counterparty}, {purpose}): {where} was taken back on {day}, all of "
        "{amount} ({reason}).",
        corrected_in_part="Correction of {cents} to line {corrects} ({counterparty}, {purpose}): of {where} {amount} of {left} was "
        "taken back on {day} ({reason}); of this share of {share} that is {part}.",
        by_remainder="{exact}, rounded by largest remainder to {result}",
        rounded="{exact}, rounded to {result}",
        step="part {part} of step {step} ({pathway})",
        set_off="Set off with {counterparty} on {day}: {owes} owed to it, {due} owed by it; left to be paid to it {pays}, by it "
        "{gets}.",
        paid="Paid to {counterparty} on {day}: {cents} of the {ordered} ordered ({bank_line}).",
        received="Received from {counterparty} on {day}: {cents} of the {ordered} ordered ({bank_line}).",
        paid_back="Payment to {counterparty} taken back on {day}: {cents} of the {ordered} ordered ({bank_line}) is not paid, {reason}.",
        received_back="Payment from {counterparty} taken back on {day}: {cents} of the {ordered} ordered ({bank_line}) is not paid, "
        "{reason}.",
        back_reasons={
            "returned": "the money went back",
            "not-received": "the payee's account does not show it",
            "wrong-line": "the bank's line is of something else",
        },
        sold="VAT on sales to {counterparty}, {lines}: {rate} of {base} is {exact}.",
        bought="VAT on purchases from {counterparty}, {lines}: {rate} of {base} is {exact}.",
        one_line="line {numbers}",
        several_lines="lines {numbers}",
        untaxed="No VAT: {ground}.",
        reasons={
            "entered-in-error": "entered in error",
            "service-not-accepted": "the service was not accepted",
            "price-changed": "the price changed",
            "credit-loss": "a credit loss",
            "cancelled": "cancelled",
        },
    ),
}
