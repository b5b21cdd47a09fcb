"""For all tests: threads that wait passively, and no run of the suite reaches for a network."""

from __future__ import annotations

import os

import harness.threads  # noqa: F401 - before torch is imported

os.environ["HF_HUB_OFFLINE"] = "1"
