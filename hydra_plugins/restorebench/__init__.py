"""What Hydra finds of restorebench at each start: its sweeper."""
