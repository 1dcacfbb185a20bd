"""What Pigeon Books refuses, in finance's words."""

from integrations.faults import Row

TABLE = (
    Row(id="P1", code="AUTH_FAILED", next="auth", codes=("HTTP_401",), title="Pigeon Books refused our key.", status="AUTH_FAILED"),
    Row(id="P2", code="PERMISSION", next="person", codes=("HTTP_403",), title="The key may not write invoices."),
    Row(id="P3", code="RATE_LIMIT", next="rate", codes=("HTTP_429",), title="Pigeon Books asks us to wait.", status="RATE_LIMIT_RETRY"),
    Row(id="P4", code="ANSWER_UNCLEAR", next="unknown", codes=("HTTP_5", "HTTP_2"), title="Pigeon Books did not say what became of it."),
    Row(id="P9", code="REFUSED", next="person", title="Pigeon Books refused the invoice.", why="{words}"),
)
