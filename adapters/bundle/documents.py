"""Whether a document is the one that an event names, by the rules of the program in the bundle."""

import json

from adapters.bundle.verify import DOCUMENTS, Fault, once, same


def misfit(line: bytes, kind: str, digest: str, body: bytes) -> str | None:
    """What a document says otherwise than the event of this kind that names it."""
    _, forms, alike = DOCUMENTS[kind]
    try:
        event = json.loads(line, object_pairs_hook=once)["data"]
        if event["form"] not in forms:
            return None  # a later one, of which that program says so itself
        document = json.loads(body.decode(), object_pairs_hook=once)
        if (found := forms[event["form"]](document)) != digest:
            return f"has the digest {found}"
        same("it", document, {name: event[name] for name in alike})
    except Fault as fault:
        return f"does not fit: {fault}"
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        return f"cannot be read ({error})"
    return None
