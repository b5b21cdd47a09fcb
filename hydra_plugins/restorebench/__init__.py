"""What Hydra finds of restorebench at each start: its launchers and its sweeper."""
