"""The HTML of a mail: styles put where mail clients read them, everything active removed, and a text made of it.

Plain Python, run in the child process: css-inline, nh3 and inscriptis work on what a template made."""

from __future__ import annotations

import re

import css_inline
import nh3
from inscriptis import get_text
from inscriptis.model.config import ParserConfig

_TAGS = set(
    """
    a abbr b bdi bdo blockquote br caption center code col colgroup dd del div dl dt em figure figcaption font
    footer h1 h2 h3 h4 h5 h6 header hr i img ins li mark ol p pre q s small span strike strong sub sup table
    tbody td tfoot th thead tr u ul
    """.split()  # noqa: SIM905 - a list of words reads better so
)
_REMOVED_WITH_CONTENT = {"script", "style", "title", "iframe", "object", "noscript", "template", "svg", "math"}
_EVERYWHERE = {"style", "class", "dir", "lang", "title", "align", "valign", "width", "height", "bgcolor"}
_ATTRIBUTES = {
    "*": _EVERYWHERE,
    "a": {"href", "target"},
    "img": {"src", "alt", "border"},
    "table": {"border", "cellpadding", "cellspacing", "role"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "font": {"color", "face", "size"},
    "ol": {"start", "type"},
}
_STYLES = set(
    """
    background background-color border border-bottom border-collapse border-color border-left border-radius
    border-right border-spacing border-style border-top border-width color direction display font font-family
    font-size font-style font-weight height letter-spacing line-height list-style list-style-type margin margin-
    bottom margin-left margin-right margin-top max-height max-width min-height min-width opacity overflow
    padding padding-bottom padding-left padding-right padding-top table-layout text-align text-decoration text-
    transform vertical-align white-space width word-break word-wrap
    """.split()  # noqa: SIM905 - a list of words reads better so
)
_inliner = css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=False, keep_link_tags=False)
_text_config = ParserConfig(display_links=True, display_images=False)
_HAS_STYLE = re.compile(r"<style\b", re.IGNORECASE)


def cleaned(html: str) -> str:
    """The inside of a body: styles inlined, no script, no active or relative address, no document around it."""
    if _HAS_STYLE.search(html):
        html = _inliner.inline(html)
    return nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags=_REMOVED_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        filter_style_properties=_STYLES,
        url_schemes={"http", "https", "mailto", "tel"},
        url_relative="deny",
        link_rel="noopener noreferrer",
    ).strip()


def text_of(html: str) -> str:
    """The same for readers without HTML: links as `[text](address)`, at most two line ends in a row."""
    lines = [line.rstrip() for line in get_text(html, _text_config).splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
