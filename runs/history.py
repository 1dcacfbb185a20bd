from typing import Any

from django.db.models import Model

from runs.models import Event


def keep(sender: Any, *, actor: Any, subject: Model, verb: str, before: Any, after: Any, **_: Any) -> None:
    """Stores one change for ever: who, when, what, before, after."""
    Event.objects.create(
        who=actor if getattr(actor, "is_authenticated", False) else None,
        subject_type=subject._meta.label_lower,
        subject_id=str(subject.pk),
        subject=str(subject)[:300],
        verb=verb,
        before=before,
        after=after,
    )
