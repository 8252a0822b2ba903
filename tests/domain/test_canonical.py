"""Our canonical JSON is that of RFC 8785, compared with an independent implementation."""

import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.canonical import canonical

keys = st.text(st.characters(max_codepoint=127), max_size=6)
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
)
contents = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)


@settings(derandomize=True, max_examples=500)
@given(contents)
def test_canonical_bytes_are_those_of_rfc_8785(content: object) -> None:
    assert canonical(content) == rfc8785.dumps(content)  # type: ignore[arg-type]  # any JSON without floats
