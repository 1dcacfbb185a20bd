"""One measurement in a process of its own: `python -m benchmarks.child NAME JSON` prints what it found as JSON."""

import json
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from benchmarks import scenarios  # noqa: E402  the models need Django set up

if __name__ == "__main__":
    name, arguments = sys.argv[1], json.loads(sys.argv[2])
    sys.stdout.write(json.dumps(scenarios.SCENARIOS[name](**arguments)) + "\n")
