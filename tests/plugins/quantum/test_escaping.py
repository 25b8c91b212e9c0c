"""Hostile values in every place of a page: an HTML parser finds what the template wrote, no more."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest

from ciranda_quantum import escape

from .stage import fails, html, value

SCRIPT = "javascript:alert(1)"
VECTORS = [
    "<script>alert(1)</script>", "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>', "'><svg onload=alert(1)>", '" onmouseover="alert(1)', "' onclick='x",
    "` onclick=`x", "--><script>x</script>", "]]><script>x</script>", "</style><script>x</script>",
    "</textarea><script>x</script>", "</title><script>x</script>", "<!--", "<![CDATA[", "&lt;script&gt;",
    "&#60;script&#62;", "&#x3c;script>", "\x00<script>", "<scr\x00ipt>", "\u2028<b>", "\ud83d<b>",
    "\u202e<b>", "\uff1cscript\uff1e", "{alert(1)}", "{{alert(1)}}", "{q:raw}", "${alert(1)}", "<q:raw>x",
    SCRIPT, "  jAvA\tscript:alert(1)", "java\nscript:alert(1)", "java\r\nscript:x", "\x01javascript:x",
    "\u2028javascript:x", "\ufeffjavascript:x", "java\x00script:x", "vbscript:x", "javascript&colon;x",
    "data:text/html,<script>x</script>", "data:image/svg+xml,<svg onload=x>", "DATA:text/html;base64,x",
    "data:application/xhtml+xml,x", "blob:https://x", "file:///etc/passwd", "feed:javascript:x",
    "view-source:x", "jar:x", "livescript:x", "mocha:x", "unknown:x", "javascript\t:x", "\xa0javascript:x",
    "');alert(1)//", "\\');alert(1)//", '");alert(1)//', "*/alert(1)/*", "\\u0027);alert(1)//",
    "url(javascript:x)", "expression(alert(1))", "x;behavior:url(a)", "\\75rl(javascript:x)", "@import 'x'",
]  # fmt: skip
PLACES = [
    "<p>{v}</p>", "<p>a {v} b</p>", '<p title="{v}"/>', '<p title="a {v} b"/>', "<p title='{v}'/>",
    '<a href="{v}"/>', '<a href=" {v}"/>', '<a HREF="{v}"/>', '<a href="{v}{v}"/>', '<a href="/x/{v}"/>',
    '<img src="{v}"/>', '<img srcset="{v} 1x, b 2x"/>', '<form action="{v}"/>', '<b formaction="{v}"/>',
    '<iframe src="{v}"/>', '<object data="{v}"/>', '<meta http-equiv="refresh" content="0;url={v}"/>',
    '<meta http-equiv="refresh" content="{v}"/>', '<svg><animate attributeName="href" to="{v}"/></svg>',
    '<svg><set attributeName="href" values="a;{v}"/></svg>', '<svg><a x:href="{v}" xmlns:x="y"/></svg>',
    '<p style="{v}"/>', '<p style="color: {v}"/>', '<p style="background: url({v})"/>',
    '<p onclick="{v}"/>', '<p onclick="f({v})"/>', "<p onclick=\"f('{v}')\"/>", '<p onclick="f(`{v}`)"/>',
    "<textarea>{v}</textarea>", "<title>{v}</title>", "<xmp>{v}</xmp>", "<noscript>{v}</noscript>",
    '<q:dump var="v" label="x"/>', '<q:loop items="{[v, v]}" var="x"><i>{x}</i></q:loop>',
    '<p class="{v ? v : 1}"/>', "<p>{[v]}</p>", '<q:set name="s" value="{v}!"/><p a="{s}">{s}</p>',
]  # fmt: skip
ADDRESSES = frozenset(["href", "src", "srcset", "action", "formaction", "data", "x:href", "to"])
LIVE = re.compile(
    r"(?:java|vb|live)script:|data:(?!image/(?:png|gif))|mocha:|feed:|view-source:|jar:|blob:|file:",
    re.IGNORECASE,
)


class Page(HTMLParser):
    """What a browser sees: the elements with the names of their attributes, and live values."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.seen = []
        self.live = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, tuple(name for name, _ in attrs)))
        for name, given in attrs:
            plain = re.sub(r"[\t\r\n\x00]", "", given or "").lstrip("".join(map(chr, range(33))))
            if (name in ADDRESSES and LIVE.match(plain)) or (
                name == "content" and re.search(r"url\s*=\s*(?:javascript|vbscript|data):", plain)
            ):
                self.live.append((name, given))
            if name == "style" and re.search(r"script:|expression\(|behavior:|@import|\\", plain):
                self.live.append((name, given))

    def handle_comment(self, data):
        self.seen.append(("comment", ()))

    def handle_decl(self, decl):
        self.seen.append(("declaration", ()))


@pytest.mark.uncounted
@pytest.mark.parametrize("place", PLACES)
def test_no_value_becomes_markup_or_code(place):
    wanted = Page(html(place, {"v": "plain"})).seen

    for vector in VECTORS:
        page = Page(html(place, {"v": vector}))

        assert page.seen == wanted, vector
        assert not page.live, vector


@pytest.mark.parametrize("quote", ["'", '"', "`"])
def test_a_value_in_the_script_of_an_event_stays_within_its_quotes(quote):
    for vector in VECTORS:
        page = html(f"<p onclick='f(&#{ord(quote)};{{v}}&#{ord(quote)};)'/>", {"v": vector})
        script = unescape(page.partition('onclick="')[2].partition('"></p>')[0])
        inner = script[len("f(") + 1 : -len(")") - 1]

        assert script == f"f({quote}{inner}{quote})"
        assert quote not in re.sub(r"\\.", "", inner)
        assert not re.search(r"[<>$`\n\u2028\u2029]", inner)


def test_the_script_of_an_event_holds_values_as_literals():
    assert html('<p onclick="f({n}, {t}, {z})"/>', {"n": 5, "t": "a", "z": None}) == (
        '<p onclick="f(5, &#34;a&#34;, null)"></p>'
    )
    assert (
        html('<p onclick="f(`{v}`)"/>', {"v": "${x}`"})
        == '<p onclick="f(`\\u0024{x}\\u0060`)"></p>'
    )
    assert html("<p onclick=\"f('{v}')\"/>", {"v": "');x//"}) == (
        '<p onclick="f(&#39;\\u0027);x\\u002f\\u002f&#39;)"></p>'
    )


@pytest.mark.parametrize(
    ("place", "given", "expected"),
    [
        ('<p style="background: url(/a.png); width: {v}px"/>', 5, "background: url(/a.png); width: 5px"),
        ('<p style="background: url({v})"/>', "/b.png", "background: url(/b.png)"),
        ('<p style="color: {v}"/>', "red", "color: red"),
        ('<p style="color: {v}"/>', "url(/a)", ""),
        ('<meta name="d" content="{v}"/>', "a: b", "a: b"),
        ('<meta http-equiv="refresh" content="5; url={v}"/>', "/next", "5; url=/next"),
        ('<meta http-equiv="refresh" content="{v}"/>', 5, "5"),
        ('<p values="{v}"/>', SCRIPT, SCRIPT),
        ('<a href="{v}"/>', "https://a.b/?c=1", "https://a.b/?c=1"),
        ('<a href="{v}"/>', "mailto:a@b.c", "mailto:a@b.c"),
        ('<a href="{v}"/>', "/a?b=javascript:x", "/a?b=javascript:x"),
        ('<a href="{v}"/>', "#a:b", "#a:b"),
        ('<img src="{v}"/>', "data:image/png;base64,AA", "data:image/png;base64,AA"),
        ('<a href="java{v}"/>', "script:x", "unsafe:javascript:x"),
        ('<a href="javascript:go(/{v}/)"/>', "1", "unsafe:javascript:go(/1/)"),
        ('<a href="javascript:void(0)"/>', "", "javascript:void(0)"),
    ],
)  # fmt: skip
def test_what_harms_nobody_is_shown_as_it_is(place, given, expected):
    found = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.append(attrs[-1][1])

    Reader().feed(html(place, {"v": given}))

    assert found == [expected]


@pytest.mark.parametrize("name", ["srcdoc", "SrcDoc"])
def test_a_document_within_an_attribute_takes_no_value(name):
    assert fails(f'<iframe {name}="{{v}}"/>', {"v": "x"}).kind == "security"
    assert html(f'<iframe {name}="&lt;p>"/>') == f'<iframe {name}="&lt;p&gt;"></iframe>'


def test_raw_text_holds_no_values():
    assert html("<script>f({v})</script><style>a {v}</style>", {"v": "x"}) == (
        "<script>f({v})</script><style>a {v}</style>"
    )
    assert value('<q:return value="{v}"/>', {"v": "{v}"}) == "{v}"


def test_escaping_without_the_c_extension_gives_the_same():
    text = "<a href=\"x\">'&amp;'</a>\u2028"

    assert escape._escape(text) == escape.escape(text)
    assert escape._escape(text) == "&lt;a href=&#34;x&#34;&gt;&#39;&amp;amp;&#39;&lt;/a&gt;\u2028"
