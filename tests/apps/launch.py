"""Runs an app as `python app.py …` would, with a queue that asks for work less often.

    python tests/apps/launch.py app.py --port 7860

Gradio 6 asks a thousand times a second whether there is a job, which costs an idle app a twentieth
of a processor. The tests keep dozens of apps running: as often as Gradio 5 is often enough.
"""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path

from gradio import queueing

PAUSE = float(os.environ.get("QUEUE_PAUSE", "0.02"))
"""Seconds between two questions; 0.05 in Gradio 5. QUEUE_PAUSE=0 leaves the app its own."""

_init = queueing.Queue.__init__


def _patient(self, *args, **kwargs):
    _init(self, *args, **kwargs)
    self.sleep_when_free = max(self.sleep_when_free, PAUSE)
    self.progress_update_sleep_when_free = max(self.progress_update_sleep_when_free, PAUSE)


queueing.Queue.__init__ = _patient
app, *sys.argv[1:] = sys.argv[1:]
sys.argv[0] = app
sys.path[0] = str(Path(app).resolve().parent)
runpy.run_path(app, run_name="__main__")
