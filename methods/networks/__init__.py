"""Backbones: ``forward(x: (B, Cin, ...), t: (B,)) -> (B, Cout, ...)`` and nothing else."""
