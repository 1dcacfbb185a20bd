"""manage.py load_samples: the sample data of every package, through the commands that people use."""

import json
from argparse import ArgumentParser
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from integrations import destinations as destination_packages
from integrations import registry
from integrations import sources as source_packages
from integrations.contract import Destination, Source

ROOMS = ("billing", "integrations", "mappings", "credentials", "runs")
DAILY_WORK = ("operate", "approve", "map")


class Command(BaseCommand):
    help = (
        "Loads into an empty installation the sample/ folder of every package: Bills (*.json of a source), and a destination's "
        "mappings.csv and integration.json, connected with the credential that its emulator wrote. Then it syncs. A source that has "
        "credentials there too is connected and pulled, of any other the first file is imported; further files arrive when all is "
        "posted, as revisions do."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--credentials", type=Path, required=True, metavar="DIR", help="what emulators --write-credentials wrote")

    def handle(self, *args: Any, credentials: Path, **options: Any) -> None:
        _make_users()
        arriving = [(source, _bills(source)) for source in registry.sources() if source.pull is not None or source.files is None]
        for source, files in arriving:
            if self._log_in(source, credentials):
                self._call("pull", source=source.platform)
            else:
                self._import(source.platform, files[:1])
        for destination in registry.destinations():
            samples = _samples(destination_packages.__path__, destination.slug)
            if (samples / "mappings.csv").exists():
                self._call("import_mappings", str(samples / "mappings.csv"))
            if (samples / "integration.json").exists():
                self._connect(destination, samples / "integration.json", credentials)
        self._call("sync", wait=True)
        for source, files in arriving:
            self._import(source.platform, files[1:])
        self._call("sync")

    def _import(self, platform: str, files: list[Path]) -> None:
        for file in files:
            self._call("import_bills", str(file), source=platform)

    def _log_in(self, source: Source, credentials: Path) -> bool:
        """Whether the source can be pulled: each kind that has a file is connected, the one for hooks too."""
        ready = [path for kind in source.credential_kinds if (path := credentials / f"{kind.kind}.json").exists()]
        for path in ready:
            self._call("create_credential", file=path)
        return source.pull is not None and source.pull.kind.kind in {path.stem for path in ready}

    def _connect(self, destination: Destination, file: Path, credentials: Path) -> None:
        """Creates the sample integration with the first kind of credential that has a file."""
        ready = [path for kind in destination.credential_kinds if (path := credentials / f"{kind.kind}.json").exists()]
        if not ready:
            raise CommandError(f"{credentials} holds no credential for {destination.label}.")
        credential = self._call("create_credential", file=ready[0])
        integration = json.loads(file.read_text()) | {"integrationCredentialsId": credential["id"]}
        with TemporaryDirectory() as folder:
            complete = Path(folder) / file.name
            complete.write_text(json.dumps(integration))
            self._call("create_integration", file=str(complete))

    def _call(self, command: str, *arguments: str, **options: Any) -> Any:
        printed = StringIO()
        with redirect_stdout(printed):
            call_command(command, *arguments, stdout=printed, **options)
        self.stdout.write(f"{command}: {printed.getvalue().strip()}")
        return json.loads(printed.getvalue())


def _bills(source: Source) -> list[Path]:
    """The source's files in the order in which they arrive: demo.json before demo-recalculated.json."""
    return sorted(_samples(source_packages.__path__, source.platform).glob("*.json"), key=lambda file: file.stem)


def _samples(roots: list[str], package: str) -> Path:
    found = (Path(root) / package / "sample" for root in roots)
    return next((path for path in found if path.is_dir()), Path(roots[0]) / package / "sample")


def _make_users() -> None:
    """The superuser `demo` and a finance user, both with DJANGO_SUPERUSER_PASSWORD."""
    call_command("createsuperuser", interactive=False, username="demo", email="demo@example.com")
    finance = Group.objects.create(name="Finance")
    daily = Q(codename__startswith="view_") | Q(codename__in=DAILY_WORK)
    finance.permissions.set(Permission.objects.filter(daily, content_type__app_label__in=ROOMS))
    user = User.objects.create(username="finance", email="finance@example.com", is_staff=True)
    user.password = User.objects.get(username="demo").password
    user.save()
    user.groups.add(finance)
