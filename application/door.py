"""The door for commands: from a name and a JSON body to a command, or a sentence on what is wrong with them."""

import ast
import json
import re
from collections.abc import Mapping
from typing import Any, get_type_hints
from uuid import UUID

import msgspec

from application.registry import DECIDERS
from domain.kernel import AnyDecider, Asked, Command, Refused, Role, derived, filled_fields
from domain.words import FORMS, NULL

BODY_BYTES_MAX = 262_144
_NIL = UUID(int=0)
_DEPTH_MAX = 24
_MATCHING = re.compile(r"Expected `str` matching regex (.+)")
_TIMED = (7, 8)
"""UUID versions with a time in front; our own derived ones are version 8."""


class NoSuchCommand(Refused):
    def __init__(self, name: str) -> None:
        super().__init__(f"There is no command {name!r}.")


class NotJson(Refused):
    def __init__(self, why: str) -> None:
        super().__init__(f"The body is not JSON: {why}.")


class BodyTooLarge(Refused):
    def __init__(self, size: int, bytes_max: int = BODY_BYTES_MAX) -> None:
        super().__init__(f"The body has {size:,} bytes; the limit is {bytes_max:,}.")


class Malformed(Refused):
    """The body is JSON but not this command: `where` is a JSON path, `why` says what is wrong there."""

    def __init__(self, where: str, why: str) -> None:
        self.where, self.why = where, why
        super().__init__(f"{why} (at {where})")


class NotAllowed(Refused):
    def __init__(self, role: str, what: str, needed: str) -> None:
        super().__init__(f"The role {role} may not {what}; it needs {needed}.")


class NeedsPerson(Refused):
    """What two people do in turn, or what moves where money goes, is not done by whoever holds a token."""

    def __init__(self, name: str, actor: str) -> None:
        super().__init__(
            f"For {name} a person answers, and {actor} names none. Have a token of your own issued (`tasma token issue … --subject "
            'person:…`); at the command line say who you are: `--as person:…`, or "by" in a line of a file.'
        )


def decider_of(name: str) -> AnyDecider:
    try:
        return DECIDERS[name]
    except KeyError:
        raise NoSuchCommand(name) from None


def check_may(decider: AnyDecider, name: str, role: Role, scopes: frozenset[str]) -> None:
    """Deny by default: the role must be named by the decider, and the scope it asks for must be held."""
    if role not in decider.may:
        raise NotAllowed(role, name, " or ".join(r for r in decider.may if r != "policy") or "the network itself")
    scope = decider.may[role]
    if scope is not None and scope not in scopes:
        raise NotAllowed(role, name, f"the scope {scope}")


def check_person(decider: AnyDecider, name: str, actor: str, *, alone: bool) -> None:
    """Whether somebody answers for what a person has to answer for. `alone`: nobody else acts under this actor."""
    if decider.signed and not alone:
        raise NeedsPerson(name, actor)


def read_body(body: bytes, *, bytes_max: int = BODY_BYTES_MAX) -> Any:  # noqa: ANN401 - any JSON
    """Decode a body. Raises BodyTooLarge and NotJson."""
    if len(body) > bytes_max:
        raise BodyTooLarge(len(body), bytes_max)
    try:
        content = msgspec.json.decode(body)
        json.loads(body.decode(), object_pairs_hook=_keys_once)
    except UnicodeDecodeError:
        raise NotJson("it is not UTF-8") from None
    except RecursionError:
        raise NotJson("it nests too deep") from None
    except (msgspec.DecodeError, ValueError) as error:
        raise NotJson(str(error).removeprefix("JSON is malformed: ")) from error
    return content


def _keys_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Which of two values of one key is meant, only the sender knows."""
    content = dict(pairs)
    if len(content) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(k for k in keys if keys.count(k) > 1)!r} stands twice in one object")
    return content


def command_of(name: str, body: Any, asked: Asked, **filled: Any) -> Command:  # noqa: ANN401 - any JSON
    """The command a body stands for. Raises NoSuchCommand and Malformed."""
    command: type[Command] = decider_of(name).command
    if not isinstance(body, Mapping):
        raise Malformed("$", f"A command's body is an object, not {_kind(body)}")
    _check_values(body, "$", 0)
    if given := sorted(filled_fields(command) & set(body)):
        raise Malformed(f"$.{given[0]}", "This is filled in by the network, leave it out")
    try:
        return msgspec.convert({**body, "asked": asked, **filled}, command)
    except msgspec.ValidationError as error:
        where, why = place_of(error)
        raise Malformed(where, _of_null(command, body, where) or why) from error


def _of_null(command: type[Command], body: Mapping[str, Any], where: str) -> str | None:
    """What the command has to say of a field that is null and must not be."""
    field = where.removeprefix("$.")
    if field not in command.__struct_fields__ or body.get(field, field) is not None:
        return None
    declared = get_type_hints(command, include_extras=True)[field]
    said = [meta.extra for meta in getattr(declared, "__metadata__", ()) if isinstance(meta, msgspec.Meta)]
    return next((str(extra[NULL]) for extra in said if extra and NULL in extra), None)


def place_of(error: msgspec.ValidationError) -> tuple[str, str]:
    """Where a value is wrong, as a JSON path, and why; without a path in the message it is the whole, `$`."""
    why, found, where = str(error).rpartition(" - at `")
    where, why = (where.rstrip("`"), why) if found else ("$", str(error))
    if match := _MATCHING.fullmatch(why):
        why = f"This is not {FORMS.get(ast.literal_eval(match[1]), 'of the form that is asked for')}"
    return where, why


def _check_values(value: Any, where: str, depth: int) -> None:  # noqa: ANN401 - any JSON
    """No float, no NUL, no bottomless nesting, anywhere: PostgreSQL's text knows no NUL, money knows no float."""
    if depth > _DEPTH_MAX:
        raise Malformed(where, f"Values nest deeper than {_DEPTH_MAX} levels")
    match value:
        case float():
            raise Malformed(
                where, f"{value} is a floating-point number; give whole numbers, and exact decimals as strings"
            )
        case str() if "\x00" in value:
            raise Malformed(where, "The text contains a NUL character")
        case Mapping():
            for key, inner in value.items():
                _check_values(key, where, depth)
                _check_values(inner, f"{where}.{key}", depth + 1)
        case list():
            for n, inner in enumerate(value):
                _check_values(inner, f"{where}[{n}]", depth + 1)
        case _:
            pass


def _kind(value: object) -> str:
    return {list: "an array", str: "a string", type(None): "null"}.get(type(value), f"{value!r:.40}")


def command_id(actor: str, organisation: str | None, key: UUID) -> UUID:
    """The id of the command that an asker sends under an idempotency key; another asker's same key is another command.

    A UUIDv8: the time bits of the key, if it is one that has them (a UUIDv7, or derived from one), else 0; then SHA-256
    bits of actor, organisation and key.
    """
    return derived(key if key.version in _TIMED else _NIL, actor, organisation or "", key)
