"""manage.py demo: everything from nothing on this machine."""

import signal
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.demo import Demo, only_one
from config.processes import Died, Processes
from config.starter import starter_watch

READY = """
Billpost is running.

  Open        {url}/admin/
  Log in      demo / {password}      (may do everything)
              finance / {password}   (posts, retries and maps; changes no settings)
  Emulators   {emulator_url}/
  Sources     {sources}

The approved sample Bills are being posted now. Change a Bill on the page of its source, and its invoice follows.
Logs are in {folder}. Ctrl-C ends everything.
"""


class Command(BaseCommand):
    help = "Runs Billpost with sample data and emulators, from an empty database each time, until Ctrl-C."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--folder", type=Path, default=settings.BASE_DIR / ".demo", help="emptied at the start (default .demo)")
        parser.add_argument("--port", type=int, default=8000, help="of the admin; the next free one when it is taken (8000)")
        parser.add_argument("--emulator-port", type=int, default=9100, help="of the emulators, likewise (9100)")

    def handle(self, *args: Any, folder: Path, port: int, emulator_port: int, **options: Any) -> None:
        signal.signal(signal.SIGTERM, _interrupt)
        signal.signal(signal.SIGINT, _interrupt)
        wanted = starter_watch()
        try:
            with only_one(folder.absolute()):
                demo = Demo.fresh(folder.absolute(), port, emulator_port)
                self._tell_ports({port: demo.port, emulator_port: demo.emulator_port})
                self._run(demo, wanted)
        except (Died, OSError) as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            self.stdout.write("")
        self.stdout.write("Stopped.")

    def _tell_ports(self, ports: Mapping[int, int]) -> None:
        for asked, given in ports.items():
            if asked != given:
                self.stdout.write(f"Port {asked} is taken; using {given}.")

    def _run(self, demo: Demo, wanted: Callable[[], bool]) -> None:
        self.stdout.write("Starting: database, emulators, web server, worker, sample data.")
        self.stdout.flush()
        with Processes(demo.folder, demo.environment()) as processes:
            try:
                demo.start(processes)
                places = {"url": demo.url, "emulator_url": demo.emulator_url, "folder": demo.folder, "sources": demo.source_pages}
                self.stdout.write(READY.format(password=demo.password, **places))
                self.stdout.flush()
                processes.watch(wanted)
            finally:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
