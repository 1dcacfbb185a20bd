"""One package per destination that is measured; `targets.all_targets` finds them by looking."""
