"""How torch's threads wait, set before torch is imported.

GNU OpenMP's threads spin while they wait. Beside one busy neighbour on a small machine that turns a training step
of one second into eight; waiting passively costs nothing measurable on an idle one. It changes no result.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
