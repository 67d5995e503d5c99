"""How the property tests of the core run."""

from __future__ import annotations

from hypothesis import settings

# The same examples on every run, so that a failure is the change's; and no deadline for one
# example: a busy machine is no defect.
settings.register_profile("core", deadline=None, derandomize=True, database=None, max_examples=200)
settings.load_profile("core")
# Of scripts/fuzz, which asks for it by name, after this file was read.
settings.register_profile("fuzz", deadline=None, database=None, max_examples=250)
