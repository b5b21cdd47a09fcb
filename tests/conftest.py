"""For all tests: no run of the suite reaches for a network."""

from __future__ import annotations

import os

import compat

os.environ["HF_HUB_OFFLINE"] = "1"

compat.declare_torchvision_operators()  # torchmetrics and diffusers import torchvision where it is installed
