"""`tasma token`: who may come in, as whom, for how long."""

from datetime import date
from typing import get_args

import click

from adapters.cli.session import format_option, with_network, write, write_json, write_table
from adapters.cli.session import table as table_of
from adapters.wiring import Network
from application.access import Issued, Token, Wish, check_fits
from domain.kernel import Role, Scope

ROLES = [role for role in get_args(Role) if role != "policy"]


@click.group("token")
def token() -> None:
    """Issue, list and revoke tokens."""


@token.command("issue")
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option("--organisation", metavar="ORG", help="Whom the token acts for: org:ekami.")
@click.option(
    "--subject",
    metavar="SUBJECT",
    help="A mentor (mentor:…) or an opaque id of a person (person:…), in lower case. What a person has to answer for, such as "
    "check-statement, approve-statement, settle-period and set-billing-details, needs one.",
)
@click.option("--scopes", "--scope", default="", metavar="SCOPE,…", help=f"Of {', '.join(get_args(Scope))}.")
@click.option("--project", metavar="CODE", help="The one project an auditor or funder may see.")
@click.option("--expires", metavar="DATE", help="The last day it is good for: 2026-12-31.")
@format_option
def issue(
    role: Role,
    organisation: str | None,
    subject: str | None,
    scopes: str,
    project: str | None,
    expires: str | None,
    form: str,
) -> None:
    """Issue a token. It is shown once; only its hash is kept."""
    wanted = [s for s in scopes.split(",") if s]
    if unknown := sorted(set(wanted) - set(get_args(Scope))):
        raise click.BadParameter(
            f"{', '.join(unknown)}: allowed are {', '.join(get_args(Scope))}.", param_hint="--scope"
        )
    try:
        expires_on = date.fromisoformat(expires) if expires else None
    except ValueError:
        raise click.BadParameter(f"{expires!r} is no date such as 2026-12-31.", param_hint="--expires") from None
    wish = Wish(
        role=role,
        organisation=organisation,
        subject=subject,
        scopes=frozenset(wanted),  # type: ignore[arg-type]  # compared with the scopes above
        project=project,
        expires_on=expires_on,
    )

    async def work(network: Network) -> Issued:
        await check_fits(wish, network.log)
        return await network.tokens.issue(wish)

    issued = with_network(work)
    if form == "json":
        write_json(issued)
    else:
        write(f"{issued.token}\n")
        click.echo("Keep it now: only its hash is stored, it cannot be shown again.", err=True)


@token.command("list")
@format_option
def list_(form: str) -> None:
    """List every token ever issued, without its secret."""

    async def work(network: Network) -> list[Token]:
        return list(await network.tokens.list())

    tokens = with_network(work)
    if form == "json":
        write_json([{f: getattr(t, f) for f in t.__struct_fields__ if f != "secret_hash"} for t in tokens])
        return
    table = table_of("id", "role", "organisation", "subject", "scopes", "expires", "revoked")
    for each in tokens:
        revoked = each.revoked_at.isoformat(timespec="minutes") if each.revoked_at else ""
        expires = str(each.expires_on or "")
        table.add_row(each.id, each.role, each.organisation, each.subject, ", ".join(each.scopes), expires, revoked)
    write_table(table)


@token.command("revoke")
@click.argument("token_id", metavar="ID")
@format_option
def revoke(token_id: str, form: str) -> None:
    """Revoke a token from this moment on."""

    async def work(network: Network) -> Token:
        return await network.tokens.revoke(token_id)

    revoked = with_network(work)
    if form == "json":
        write_json({"id": revoked.id, "revoked_at": revoked.revoked_at})
    else:
        write(f"{revoked.id} is revoked.")
