from html.parser import HTMLParser

import pytest

from ciranda_quantum import QuantumError, Trusted

from .stage import fails, html, run, template

EVIL = "<script>alert(1)</script>\"' onload=x &amp;"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<p>a &amp; b &lt; c</p>", "<p>a &amp; b &lt; c</p>"),
        ("<p>{t}</p>", "<p>&lt;b&gt; &amp; &#34;q&#34; &#39;s&#39;</p>"),
        ('<a title="{t}">x</a>', '<a title="&lt;b&gt; &amp; &#34;q&#34; &#39;s&#39;">x</a>'),
        ("<p>{none}</p>", "<p></p>"),
        ('<p id="{none}" class="a {none}">x</p>', '<p class="a ">x</p>'),
        ("<br/><img src='a.png'/>", '<br /><img src="a.png" />'),
        ("<div/>", "<div></div>"),
        ("<b>a</b> <b>b</b>", "<b>a</b> <b>b</b>"),
        ("<b>a</b>\n  <b>b</b>", "<b>a</b><b>b</b>"),
        ("<p>\n  a\n</p>", "<p>\n  a\n</p>"),
        ("\n  text\n", "text"),
        ("<p><!-- {nope} -->a</p>", "<p>a</p>"),
        ("<style>a { color: red } b > c {}</style>", "<style>a { color: red } b > c {}</style>"),
        ("<script>if (a &lt; b) { go('{x}') }</script>", "<script>if (a < b) { go('{x}') }</script>"),
        ("<p>{{x}} {n}</p>", "<p>{x} 1</p>"),
        ("<p>{n}{f}{yes}</p>", "<p>11.5True</p>"),
        ("<p>{[1, 'a']}</p>", "<p>[1, &#39;a&#39;]</p>"),
        ("<p>é {u}</p>", "<p>é ü</p>"),
        ("<![CDATA[<b>{n}</b>]]>", "&lt;b&gt;1&lt;/b&gt;"),
    ],
)  # fmt: skip
def test_markup_is_put_out_as_it_stands_and_values_are_escaped(body, expected):
    data = {"t": "<b> & \"q\" 's'", "none": None, "n": 1, "f": 1.5, "yes": True, "u": "ü"}

    assert html(body, data) == expected


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://a.b/c?d=1&e", "https://a.b/c?d=1&amp;e"),
        ("/path", "/path"),
        ("page.html#x", "page.html#x"),
        ("mailto:a@b.c", "mailto:a@b.c"),
        ("data:image/png;base64,AA", "data:image/png;base64,AA"),
        ("javascript:alert(1)", "unsafe:javascript:alert(1)"),
        (" JaVaScRiPt:alert(1)", "unsafe:JaVaScRiPt:alert(1)"),
        ("java\nscript:alert(1)", "unsafe:java\nscript:alert(1)"),
        ("\x01javascript:alert(1)", "unsafe:\x01javascript:alert(1)"),
        ("vbscript:x", "unsafe:vbscript:x"),
        ("data:text/html,<script>", "unsafe:data:text/html,&lt;script&gt;"),
        ("data:image/svg+xml,<svg>", "unsafe:data:image/svg+xml,&lt;svg&gt;"),
    ],
)
def test_an_address_starts_no_script(address, shown):
    assert html('<a href="{u}">x</a>', {"u": address}) == f'<a href="{shown}">x</a>'
    assert html('<a href="{u}{none}">x</a>', {"u": address, "none": None}) == (
        f'<a href="{shown}">x</a>'
    )


def test_an_address_that_begins_written_out_keeps_its_scheme():
    assert (
        html('<a href="/x/{u}">x</a>', {"u": "javascript:1"}) == '<a href="/x/javascript:1">x</a>'
    )
    assert (
        html('<a href="java{u}">x</a>', {"u": "script:1"}) == '<a href="unsafe:javascript:1">x</a>'
    )


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags = []
        self.attributes = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]


@pytest.mark.parametrize(
    "place",
    ["<p>{x}</p>", '<p title="{x}">a</p>', "<p title='a {x}'>a</p>", '<p class="{x}">a</p>',
     '<a href="{x}">a</a>', '<p style="color: {x}">a</p>', '<p onclick="f({x})">a</p>',
     "<p onclick='f(\"{x}\")'>a</p>", "<textarea>{x}</textarea>", "<title>{x}</title>"],
)  # fmt: skip
@pytest.mark.parametrize(
    "value",
    [EVIL, "\"><script>alert(1)</script>", "' onmouseover='alert(1)", "</textarea><script>",
     "</title><img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "{{7*7}}", "\u2028alert(1)"],
)  # fmt: skip
def test_no_value_becomes_a_tag_or_an_attribute(place, value):
    made = html(place, {"x": value})

    page = Page()
    page.feed(made)
    assert len(page.tags) == 1
    assert set(page.attributes) <= {"title", "class", "href", "style", "onclick"}


@pytest.mark.parametrize(
    ("value", "shown"),
    [("red", "red"), ("url(javascript:x)", ""), ("expression(1)", ""), ("\\75rl(x)", "")],
)
def test_a_style_loads_nothing(value, shown):
    assert html('<p style="{x}">a</p>', {"x": value}) == f'<p style="{shown}">a</p>'


@pytest.mark.parametrize(
    ("attribute", "value", "shown"),
    [
        ("f({x})", 3, "f(3)"),
        ("f({x})", "a'b", "f(&#34;a\\u0027b&#34;)"),
        ("f('{x}')", "a'b", "f(&#39;a\\u0027b&#39;)"),
        ("f({x})", None, "f(null)"),
    ],
)
def test_a_value_in_a_script_is_a_literal_of_it(attribute, value, shown):
    assert html(f'<p onclick="{attribute}">a</p>', {"x": value}) == f'<p onclick="{shown}">a</p>'


def test_html_within_an_attribute_takes_no_value():
    assert fails('<iframe srcdoc="{x}"></iframe>', {"x": ""}).kind == "security"


def test_raw_html_must_be_trusted_by_the_host():
    body = "<div><q:raw>{x}</q:raw><q:raw value='{x}'/></div>"

    assert html(body, {"x": Trusted("<b>")}) == "<div><b><b></div>"
    assert html("<p>{x}</p>", {"x": Trusted("<b>")}) == "<p>&lt;b&gt;</p>"
    assert fails(body, {"x": "<b>"}).kind == "security"


def test_a_page_is_bounded():
    body = '<q:loop items="{range(1000)}" var="i"><p>{big}</p></q:loop>'

    assert fails(body, {"big": "x" * 100_000}).kind == "limit"


def test_render_gives_the_page():
    made = template("<p>{n}</p>")

    assert made.render(n=1) == "<p>1</p>"
    assert made.render(n="<") == "<p>&lt;</p>"
    with pytest.raises(QuantumError, match="unknown name 'n'"):
        made.render()


def test_a_value_with_braces_is_never_read_again():
    assert html("<p>{x}</p>", {"x": "{y}", "y": "no"}) == "<p>{y}</p>"
    made = run('<q:set name="a" value="{x}"/><q:set name="b" value="{a}!"/>', {"x": "{1 + 1}"})
    assert made.variables["b"] == "{1 + 1}!"


def test_a_dump_shows_a_value():
    assert html('<q:dump var="{x}" label="it"/>', {"x": ["<"]}) == "<pre>it: [&#34;&lt;&#34;]</pre>"


@pytest.mark.parametrize(
    "items",
    [
        ["a", "<b>"],
        [1, 2],
        ["a", 1],
        [],
        ["a\0b", "c"],
        ["\0"],
        [None, True],
        ("x",),
        range(2),
        [[1]],
    ],
)
def test_a_loop_that_only_shows_its_items_shows_what_any_loop_shows(items):
    short = '<q:loop items="{xs}" var="x"><td class="c">{x}!</td></q:loop>'
    long = '<q:loop items="{xs}" var="x"><q:if condition="true"><td class="c">{x}!</td></q:if></q:loop>'

    assert html(f"<tr>{short}</tr>", {"xs": items}) == html(f"<tr>{long}</tr>", {"xs": items})
    assert fails(short, {"xs": 5}).kind == "type"
    assert fails(short, {"xs": ["x" * 10_000_000] * 2}).kind == "limit"
    assert fails(short, {"xs": [1, "x" * 17_000_000]}).kind == "limit"
