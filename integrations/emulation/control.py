"""The control API that tests and demos steer the emulators with: /_emulator/…"""

from typing import TYPE_CHECKING, Any

from integrations.emulation import jsons, pages
from integrations.emulation.contract import Emulator, Request, Response
from integrations.emulation.faults import parse_orders
from integrations.emulation.source import SourceEmulator
from integrations.emulation.source_pages import amount_of

if TYPE_CHECKING:
    from integrations.emulation.hub import Hub


class Control:
    """Answers the control paths; a wrong body gets a 400 with {error: a sentence}."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub

    def handle(self, request: Request) -> Response:
        action = f"{request.method} {request.path.removeprefix(pages.CONTROL)}"
        if action == f"GET {pages.STYLE}":
            return pages.style()
        try:
            return jsons.answer(self._act(action, request.body))
        except KeyError:
            return jsons.answer({"error": f"There is no control {request.method} {request.path}."}, 404)
        except ValueError as error:
            return jsons.answer({"error": str(error)}, 400)

    def _act(self, action: str, body: bytes) -> Any:
        hub = self._hub
        if action == "GET state":
            return {slug: emulator.state() for slug, emulator in hub.emulators.items()}
        if action == "GET calls":
            return hub.calls.report()
        if action == "POST reset":
            hub.reset()
            return {"reset": True}
        return {"POST records": self._records, "POST configure": self._configure, "POST change": self._change}[action](_object(body))

    def _records(self, order: dict[str, Any]) -> dict[str, Any]:
        emulator = self._emulator(order.get("system"))
        tenant, kind, records = order.get("tenant"), order.get("type"), order.get("records")
        if not isinstance(tenant, str) or not isinstance(kind, str) or not tenant or not kind:
            raise ValueError("records needs system, tenant and type, each a string.")
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            raise ValueError("records must be a list of objects.")
        return {"ids": emulator.add_records(tenant, kind, records)}

    def _change(self, order: dict[str, Any]) -> dict[str, Any]:
        """{system, id, amount}: the first line of a source's Bill costs this much from now on; its hook goes out."""
        emulator = self._emulator(order.get("system"))
        if not isinstance(emulator, SourceEmulator):
            raise ValueError(f"{emulator.slug} has no Bills to change.")
        return {"hook": emulator.change(str(order.get("id", "")), amount_of(str(order.get("amount", ""))))}

    def _configure(self, settings: dict[str, Any]) -> dict[str, Any]:
        latency = settings.pop("latency_ms", None)
        if latency is not None and (type(latency) is not int or latency < 0):
            raise ValueError("latency_ms must be a whole number that is not negative.")
        for slug, value in settings.items():
            self._configure_system(self._emulator(slug), value)
        if latency is not None:
            self._hub.latency = latency / 1000
        return {"configured": True}

    def _configure_system(self, emulator: Emulator, settings: Any) -> None:
        """Takes `concurrency` and `faults` here and hands the rest to the emulator."""
        if not isinstance(settings, dict):
            raise ValueError(f"The settings of {emulator.slug} must be an object.")
        own = dict(settings)
        orders = parse_orders(own.pop("faults")) if "faults" in own else None
        concurrency = own.pop("concurrency", emulator.concurrency)
        if type(concurrency) is not int or concurrency < 1:
            raise ValueError("concurrency must be a whole number above zero.")
        emulator.configure(own)
        emulator.concurrency = concurrency
        if orders is not None:
            self._hub.faults[emulator.slug].replace(orders)

    def _emulator(self, slug: Any) -> Emulator:
        known = self._hub.emulators
        if slug not in known:
            raise ValueError(f"There is no system {slug!r}; there are {', '.join(sorted(known))}.")
        return known[slug]


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = jsons.load(body)
    except ValueError as error:
        raise ValueError(f"The body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ValueError("The body must be a JSON object.")
    return value
