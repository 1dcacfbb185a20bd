"""The page where a person chooses a company and lets an app in."""

from urllib.parse import parse_qs, urlencode

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from integrations.destinations.quickbooks.emulation.auth import Doorkeeper
from integrations.emulation import pages
from integrations.emulation.contract import Request, Response

PATH = "/connect/oauth2"
TITLE, KICKER = "Connect to QuickBooks", "QuickBooks emulator"
_ASKED = ("client_id", "redirect_uri", "state", "scope", "response_type")


def handle(doorkeeper: Doorkeeper, request: Request, realm: str) -> Response:
    """The form, and after it is sent the way back to the app with a code, or with access_denied."""
    form = {name: values[-1] for name, values in parse_qs(request.body.decode(errors="replace")).items()}
    asked = form if request.method == "POST" else request.query
    problem = _problem(doorkeeper, asked)
    if problem:
        return pages.page(TITLE, format_html('<p role="alert">{}</p>', problem), KICKER, 400)
    if request.method != "POST":
        return pages.page(TITLE, _form(asked, realm), KICKER)
    return _back(doorkeeper, form)


def _problem(doorkeeper: Doorkeeper, asked: dict[str, str]) -> str:
    if not doorkeeper.knows(asked.get("client_id", "")):
        return "This app is not known. Compare the client id with Keys & credentials."
    if asked.get("response_type") != "code" or "com.intuit.quickbooks.accounting" not in asked.get("scope", "").split():
        return "The app must ask for response_type code and the scope com.intuit.quickbooks.accounting."
    if not asked.get("redirect_uri", "").startswith(("http://", "https://")) or not asked.get("state"):
        return "The app must name its redirect_uri and a state."
    return ""


def _form(asked: dict[str, str], realm: str) -> SafeString:
    hidden = format_html_join("", '<input type="hidden" name="{}" value="{}">', ((name, asked.get(name, "")) for name in _ASKED))
    return format_html(
        '<p>The app asks to read and write the accounting data of a company.</p><form method="post" action="{}">{}'
        '<label for="realm">Company</label><input id="realm" name="realm" value="{}" inputmode="numeric">'
        '<button name="answer" value="yes">Connect</button> <button name="answer" value="no">Cancel</button></form>',
        *(PATH, hidden, realm),
    )


def _back(doorkeeper: Doorkeeper, form: dict[str, str]) -> Response:
    realm = form.get("realm", "").strip()
    if form.get("answer") == "no" or not realm.isdecimal():
        told = {"error": "access_denied", "state": form["state"]}
    else:
        code = doorkeeper.consented(form["client_id"], form["redirect_uri"], realm)
        told = {"code": code, "state": form["state"], "realmId": realm}
    joint = "&" if "?" in form["redirect_uri"] else "?"
    return Response(302, {"Location": f"{form['redirect_uri']}{joint}{urlencode(told)}"})
