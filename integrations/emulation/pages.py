"""Plain HTML pages, so that a person can look at what an emulator holds."""

from collections.abc import Iterable

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from integrations.emulation.contract import Request, Response

CONTROL = "/_emulator/"
STYLE = "style.css"

_CSS = """\
:root { color-scheme: light dark; }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif; }
header { border-bottom: 1px solid; margin-bottom: 1.5rem; }
h1 { font-size: 1.5rem; margin: 0.25rem 0; }
h2 { font-size: 1.125rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #8888; padding: 0.375rem 0.75rem 0.375rem 0; text-align: left; vertical-align: top; }
th[scope=row] { width: 14rem; font-weight: 500; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
label { display: block; margin: 1rem 0 0.25rem; }
input, textarea { width: 100%; font: inherit; box-sizing: border-box; padding: 0.375rem; }
textarea { height: 12rem; font-family: monospace; }
button { margin-top: 1rem; padding: 0.5rem 1rem; font: inherit; }
"""


def page(title: str, body: SafeString, kicker: str, status: int = 200) -> Response:
    """A whole page; `kicker` is the line above the title that says which system it imitates."""
    html = format_html(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        '<title>{}</title><link rel="stylesheet" href="{}{}"></head>'
        "<body><header><small>{}</small><h1>{}</h1></header><main>{}</main></body></html>",
        *(title, CONTROL, STYLE, kicker, title, body),
    )
    return Response(status, {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": "default-src 'self'"}, html.encode())


def table(head: Iterable[str], rows: Iterable[Iterable[object]], numbers: Iterable[int] = ()) -> SafeString:
    """A table whose columns at the positions `numbers` are right-aligned."""
    right = set(numbers)
    cells = [[("number" if at in right else "", cell) for at, cell in enumerate(row)] for row in rows]
    heading = format_html_join(
        "", '<th scope="col" class="{}">{}</th>', (("number" if at in right else "", name) for at, name in enumerate(head))
    )
    body = format_html_join("", "<tr>{}</tr>", ((format_html_join("", '<td class="{}">{}</td>', row),) for row in cells))
    return format_html("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>", heading, body)


def facts(pairs: Iterable[tuple[str, object]]) -> SafeString:
    """A two-column table of names and values."""
    return format_html("<table>{}</table>", format_html_join("", '<tr><th scope="row">{}</th><td>{}</td></tr>', pairs))


def link(href: str, text: object) -> SafeString:
    return format_html('<a href="{}">{}</a>', href, text)


def style() -> Response:
    return Response(200, {"Content-Type": "text/css; charset=utf-8"}, _CSS.encode())


def index(emulators: Iterable[str]) -> Response:
    names = format_html_join("", "<li>{}</li>", ((name,) for name in emulators))
    return page(
        "Emulators", format_html("<ul>{}</ul><p>What they hold: {}</p>", names, link(f"{CONTROL}state", "state")), "Nothing here is real"
    )


def not_found(request: Request) -> Response:
    return page("Not found", format_html("<p>No emulator answers {} {}.</p>", request.method, request.path), "Emulators", 404)
