"""The one signal by which every room tells what a person or a command changed."""

from django.dispatch import Signal

changed = Signal()
"""Sent by every room when a person or a command changed something worth keeping: sender, actor, subject, verb, before, after.

`actor` is a user or None, `subject` a model instance, `verb` a past-tense word ("created", "enabled"), `before` and `after` JSON dicts
that never hold a secret. `runs` stores them as Events.
"""
