"""Who runs the jobs of a sweep: this machine, or a SLURM cluster."""
