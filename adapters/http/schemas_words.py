"""What the code says of a structure and its fields, for those who read schemas: each sentence stands once, beneath its field."""

import ast
import inspect
import re
import sys
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType, ModuleType


def said_of(structure: type) -> str:
    """The docstring of a structure itself, without the indentation around it; empty where it has none."""
    return inspect.cleandoc(vars(structure).get("__doc__") or "")


def said_of_fields(structure: type) -> Mapping[str, str]:
    """By the name of the field: the sentences beneath it."""
    return _of_module(sys.modules[structure.__module__]).get(structure.__name__, {})


def title_of(name: str) -> str:
    """`RevenueShared`, and `revenue_shared` too, as people write it."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).replace("_", " ").lower()
    return words[:1].upper() + words[1:]


@cache
def _of_module(module: ModuleType) -> Mapping[str, Mapping[str, str]]:
    tree = ast.parse(inspect.getsource(module))
    return {node.name: MappingProxyType(_of_class(node)) for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


def _of_class(node: ast.ClassDef) -> dict[str, str]:
    found: dict[str, str] = {}
    for field, beneath in zip(node.body, node.body[1:], strict=False):
        match field, beneath:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = inspect.cleandoc(text)
            case _:
                pass
    return found
