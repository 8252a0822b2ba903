"""Plain text from the HTML that the national catalogue's editors leave: no tag, entity or script survives."""

import re
import unicodedata
from html.parser import HTMLParser

HTML_CHARACTERS_MAX = 30_000
"""Read of one text; what follows is cut before parsing, for no offering keeps a fifth of it."""

_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "figure", "footer", "form", "header"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tr", "ul"}
)
_CELLS = frozenset({"td", "th"})
_DROPPED = frozenset({"iframe", "noscript", "object", "script", "style", "svg", "template"})
_TAG = re.compile(r"<[A-Za-z/!?]")
_COMMENT = re.compile(r"<!--.*?-->|<!--.*", re.DOTALL)
_WHOLE_TAG = re.compile(r"""<(/?[A-Za-z][A-Za-z0-9]*)(?:(?:[^<>"']|"[^"<]*"|'[^'<]*')*|[^<>]*)>""")
_OTHER_MARKUP = re.compile(r"<(?!/?[A-Za-z][A-Za-z0-9]*>)(?:[!?/][^<>]*>|(?=[A-Za-z/!?]))")
_INVISIBLE = frozenset("\u00ad\u200b\u2060\ufeff")  # soft hyphen and the like: they would hide a word from the search


def plain(html: str) -> str:
    """The text of an HTML fragment: a line a paragraph or list item, single spaces, NFC, no control characters.

    Text escaped twice (`&lt;p&gt;`) is common in the catalogue, so what still looks like a tag is parsed again.
    """
    html = _visible(html[:HTML_CHARACTERS_MAX])
    marked_up = bool(_TAG.search(html))
    text = _parsed(html, flows=marked_up)
    while _TAG.search(text):  # ends: every pass shortens the text
        text = _parsed(text, flows=not marked_up)
        marked_up = True  # from now on a line break is one that a tag made
    return "\n".join(line for line in (_clean(part) for part in text.split("\n")) if line)


def one_line(html: str) -> str:
    """The same on a single line, for names and keywords."""
    return " ".join(plain(html).split("\n"))


def cut(text: str, characters_max: int) -> str:
    """A text within a limit, ended by an ellipsis where something was cut, at a word's end if one is near."""
    if len(text) <= characters_max:
        return text
    head = text[: characters_max - 1]
    word_end = max(head.rfind(" "), head.rfind("\n"))
    return f"{head[:word_end].rstrip() if word_end > characters_max * 3 // 4 else head}…"


def _clean(line: str) -> str:
    """NFC, with single spaces."""
    return " ".join(unicodedata.normalize("NFC", line).split())


def _visible(text: str) -> str:
    """Without what nobody sees: it would hide a tag from the parser, and a word from the search."""
    return "".join(c for c in text if c.isspace() or (c not in _INVISIBLE and _is_printed(c)))


def _is_printed(character: str) -> bool:
    """Neither a control character (NUL among them) nor half a surrogate pair, which no UTF-8 can hold."""
    return unicodedata.category(character) not in ("Cc", "Cs")


def _parsed(html: str, *, flows: bool) -> str:
    """One level of tags and entities less.

    Attributes, declarations and unclosed brackets go first, by expressions that run in linear time: nothing of them is
    kept, and on thousands of broken ones the parser takes minutes.
    """
    bare = _OTHER_MARKUP.sub(" ", _WHOLE_TAG.sub(r"<\1>", _COMMENT.sub("", html)))
    reader = _Reader(flows=flows)
    reader.feed(bare)
    reader.close()
    return _visible("".join(reader.parts))


class _Reader(HTMLParser):
    def __init__(self, *, flows: bool) -> None:
        """`flows`: a line break in the text is but a space, as in a browser."""
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._flows = flows
        self._dropping: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's form
        if self._dropping is None and tag in _DROPPED:
            self._dropping = tag
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._dropping:
            self._dropping = None
        self._break(tag)

    def handle_data(self, data: str) -> None:
        if self._dropping is None:
            self.parts.append(data.replace("\n", " ").replace("\r", " ") if self._flows else data)

    def _break(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.parts.append("\n")
        elif tag in _CELLS:
            self.parts.append(" ")
