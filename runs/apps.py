from django.apps import AppConfig
from django.db.models.signals import post_migrate

from integrations.contract import changed
from mappings.held import asked


class RunsConfig(AppConfig):
    name = "runs"
    verbose_name = "Runs"

    def ready(self) -> None:
        from runs import catalogue_tasks, follow_up, held, history, intake_tasks, setup  # noqa: PLC0415 (models are not loaded before this)

        changed.connect(history.keep, dispatch_uid="runs.history")
        changed.connect(follow_up.mapping_saved, dispatch_uid="runs.follow_up")
        changed.connect(catalogue_tasks.connected, dispatch_uid="runs.catalogue_tasks")
        changed.connect(intake_tasks.connected, dispatch_uid="runs.intake_tasks")
        asked.connect(held.waiting, dispatch_uid="runs.held")
        post_migrate.connect(setup.after_migrate, sender=self, dispatch_uid="runs.setup")
