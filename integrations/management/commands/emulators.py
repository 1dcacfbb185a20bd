"""manage.py emulators: all emulators on one port of this machine."""

import signal
from argparse import ArgumentParser
from pathlib import Path
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from integrations.emulation import credential_files
from integrations.emulation.hub import Hub
from integrations.emulation.server import EmulatorServer
from integrations.emulation.source import SourceEmulator


class Command(BaseCommand):
    help = (
        "Serves the emulators of all systems on 127.0.0.1 until Ctrl-C or SIGTERM. Control, in JSON: GET /_emulator/state, "
        "GET /_emulator/calls, POST /_emulator/reset, POST /_emulator/records, POST /_emulator/configure, POST /_emulator/change."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=9100, help="0 picks a free one")
        parser.add_argument("--write-credentials", type=Path, metavar="DIR", help="write one <kind>.json per credential kind into DIR")
        parser.add_argument("--hooks", default="", metavar="URL", help="where Billpost is: sources post the hooks of changed Bills there")

    def handle(self, *args: Any, port: int, write_credentials: Path | None, hooks: str, **options: Any) -> None:
        hub = Hub()
        _post_hooks_to(hub, hooks)
        signal.signal(signal.SIGTERM, _stop)
        signal.signal(signal.SIGINT, _stop)
        try:
            if write_credentials:
                credential_files.write(hub.emulators.values(), write_credentials)
            with EmulatorServer(hub, port) as server:
                self.stderr.write(f"Emulators of {', '.join(hub.emulators)} listen on {server.url}")
                server.serve_forever()
        except (OSError, ValueError) as error:
            raise CommandError(f"The emulators could not start: {error}") from error
        except KeyboardInterrupt:
            return


def _post_hooks_to(hub: Hub, address: str) -> None:
    for emulator in hub.emulators.values():
        if isinstance(emulator, SourceEmulator) and address:
            emulator.hook_url = f"{address.rstrip('/')}{reverse('hook', args=[emulator.slug])}"


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
