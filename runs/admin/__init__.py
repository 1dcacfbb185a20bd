"""The pages of Bills, runs, problems and what the sources know. Importing this registers them."""

from runs import beside
from runs.admin import bills, directory, problems, reconciliation, runs
from runs.views import estimate

__all__ = ["beside", "bills", "directory", "estimate", "problems", "reconciliation", "runs"]
