"""Texts that would act in some medium, and what a reader sees of Markdown and pictures."""

from __future__ import annotations

import io
from html.parser import HTMLParser
from xml.parsers.expat import ParserCreate

from hypothesis import strategies as st
from markdown_it import MarkdownIt

DOLLARS = "/a?x=$1_a_b&b=$2"
HOSTILE = (
    DOLLARS,
    "<script>alert(1)</script><b title='",
    "a|b `c` [d](http://e.example) ![f](g) www.h.example ~~i~~ *j* _k_ # l",
    '=HYPERLINK("http://e.example";"m")',
    "+1-1",
    "-2+3|cmd' /C calc'!A0",
    "@SUM(1)",
    "'=quoted",
    "red \x1b[31m bell \x07 nul \x00 back \r\x85",
    "\u202egnp.exe\u2066 \ud800",
    "[bold]n[/nope] [link=http://e.example]o[/link]",
    '#1f77b4 id="p url(#q href="#r \\1 \\g<2>',
    "1. s",
    "- t",
    "--- ",
    "{{ 7 * 7 }} {% raw %}",
    "&lt;u&gt; &#36;",
)
texts = st.one_of(st.text(max_size=40), st.sampled_from(HOSTILE))


# Markdown.


def rendered(source: str) -> str:
    """What a reader of the Markdown sees."""
    seen = io.StringIO()
    parser = HTMLParser()
    parser.handle_data = seen.write  # type: ignore[assignment,method-assign]
    parser.feed(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(source))
    parser.close()
    return " ".join(seen.getvalue().split())


# Pictures.


def texts_of(svg: str) -> list[str]:
    """The texts of an SVG, which has to be well formed."""
    found: list[str] = []
    parser = ParserCreate()
    parser.buffer_text = True
    parser.CharacterDataHandler = found.append
    parser.StartElementHandler = lambda *_: None  # so that each element's text comes by itself
    parser.Parse(svg, True)
    return [" ".join(text.split()) for text in found]
