"""Whether an integration's documents can be stored at all: asked before its first sending with new options, and told as one problem."""

from integrations.contract import Fault
from integrations.errors import Refused
from runs.build import Kit
from runs.models import IntegrationRun, Status


def misfit(kit: Kit) -> Fault | None:
    """Every reason why the destination could store nothing as the options say; None once anything was stored with them.

    Raises errors.Retry or errors.Misconfigured when the destination cannot be asked.
    """
    ask, version = kit.destination.misfits, kit.integration.current_version
    if ask is None or IntegrationRun.objects.filter(integration=kit.integration, version=version, status=Status.COMPLETE).exists():
        return None
    try:
        reasons = ask(kit.wire, kit.tenant, kit.options)
    except Refused as refused:
        return refusal(refused)
    if not reasons:
        return None
    others = f" There are {len(reasons) - 1} more reasons like this." if len(reasons) > 2 else " There is one more." if reasons[1:] else ""
    return Fault(
        code="OPTIONS_MISFIT",
        next="person",
        title=f"Nothing was sent: {reasons[0]}{others}",
        why=f"What the options name was compared with {kit.destination.label} before the first sending.",
        remedy=f"Correct it in {kit.destination.label} or in the options, then Retry.",
        detail=" ".join(reasons),
    )


def refusal(refused: Refused) -> Fault:
    """A question that the destination answers with a no, as for whatever would have been sent."""
    return Fault(
        code=refused.code,
        next="person",
        title=f"Nothing was sent: {refused.sentence}",
        why="The destination was asked before sending, and would not answer.",
        detail=refused.detail,
    )
