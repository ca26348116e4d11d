"""Shopify's formatted texts without their markup: nothing of a shop's HTML is ever shown as HTML."""

from __future__ import annotations

from html.parser import HTMLParser

LONGEST = 5_000
_SILENT = frozenset({"script", "style", "template", "head", "title"})
_BREAKS = frozenset({"br", "p", "div", "li", "ul", "ol", "tr", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6"})


def plain_text(markup: str) -> str:
    """The words of `markup` as they would be read: entities resolved, scripts and styles dropped, a line for each
    block, at most `LONGEST` characters. Text without markup keeps its line breaks."""
    reader = _Words()
    reader.feed(markup)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.words).split("\n"))
    return "\n".join(line for line in lines if line)[:LONGEST]


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag in _BREAKS:
            self.words.append("\n")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BREAKS:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(self._silent - 1, 0)
        elif tag in _BREAKS:
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(data)
