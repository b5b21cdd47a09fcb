"""Linear operators of restoration, y = A x + noise: what a task names, an observation carries and a method uses."""
