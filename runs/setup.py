"""What every installation has from its first migration on: groups named after the permissions, and the schedules."""

from typing import Any

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django_q.models import Schedule

from runs import catalogue_tasks, intake_tasks, reconcile_tasks

ROOMS = ("billing", "integrations", "mappings", "credentials", "runs")
GROUPS = {
    "View": ("view_",),
    "Operate": ("view_", "operate"),
    "Map": ("view_", "map"),
    "Configure": ("view_", "configure"),
    "Connect": ("view_", "connect"),
    "Approve": ("view_", "approve"),
}


def after_migrate(**_: Any) -> None:
    for room in ROOMS:
        create_permissions(apps.get_app_config(room), verbosity=0)
    for name, starts in GROUPS.items():
        group, _created = Group.objects.get_or_create(name=name)
        wanted = [
            permission
            for permission in Permission.objects.filter(content_type__app_label__in=ROOMS)
            if permission.codename.startswith(starts)
        ]
        group.permissions.add(*wanted)
    Schedule.objects.get_or_create(name="sweep", defaults={"func": "runs.tasks.sweep", "schedule_type": Schedule.MINUTES, "minutes": 1})
    for schedule in (catalogue_tasks.SCHEDULE, *intake_tasks.SCHEDULES, *reconcile_tasks.SCHEDULES):
        repeated = schedule | {"schedule_type": Schedule.MINUTES}
        Schedule.objects.get_or_create(name=repeated.pop("name"), defaults=repeated)
