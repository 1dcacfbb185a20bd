"""The page OAuth 2.0 Client Credentials (M2M) Setup, where a person uploads a certificate and gets its id."""

import uuid
from email import policy
from email.parser import BytesParser
from urllib.parse import parse_qs

from django.utils.html import format_html
from django.utils.safestring import SafeString

from integrations.destinations.netsuite.emulation import keys
from integrations.destinations.netsuite.emulation.auth import Doorkeeper
from integrations.emulation import pages
from integrations.emulation.contract import Request, Response

PATH = "/app/oauth2/clientCredentials"
TITLE = "OAuth 2.0 Client Credentials (M2M) Setup"


def handle(doorkeeper: Doorkeeper, account: str, request: Request) -> Response:
    """The form, and after it is sent the certificate id and the client id."""
    kicker = f"NetSuite emulator, account {account}"
    if request.method != "POST":
        return pages.page(TITLE, _form(account, ""), kicker)
    form = _read(request)
    text = form.get("certificate_file", "").strip() or form.get("certificate", "").strip()
    client_id = form.get("client_id", "").strip() or uuid.uuid4().hex
    try:
        certificate = keys.certificate({"clientId": client_id, "certificate": text})
    except ValueError as error:
        return pages.page(TITLE, _form(account, str(error)), kicker, 400)
    doorkeeper.register(account, certificate)
    done = pages.facts([("Account ID", account), ("Certificate ID", certificate.certificate_id), ("Client ID", client_id)])
    return pages.page("Certificate saved", format_html("<p>{}</p>{}", "Copy these into the credential.", done), kicker)


def _form(account: str, problem: str) -> SafeString:
    return format_html(
        '<p role="alert">{}</p><form method="post" action="{}?c={}" enctype="multipart/form-data">'
        '<label for="client">Client ID of the integration record (leave it empty for a new one)</label><input id="client" name="client_id">'
        '<label for="file">Certificate file</label><input id="file" type="file" name="certificate_file" accept=".pem,.crt,.cer">'
        '<label for="text">Or paste the certificate</label><textarea id="text" name="certificate" spellcheck="false"></textarea>'
        "<button>Save</button></form>",
        *(problem, PATH, account),
    )


def _read(request: Request) -> dict[str, str]:
    """The fields of a form, sent as multipart or URL-encoded."""
    media = request.header("Content-Type")
    if not media.startswith("multipart/form-data"):
        return {name: values[-1] for name, values in parse_qs(request.body.decode(errors="replace")).items()}
    message = BytesParser(policy=policy.HTTP).parsebytes(f"Content-Type: {media}\r\n\r\n".encode() + request.body)
    parts = message.iter_parts() if message.is_multipart() else ()
    return {
        str(part.get_param("name", header="content-disposition")): bytes(part.get_payload(decode=True) or b"").decode(errors="replace")
        for part in parts
    }
