"""What is asked of a method: nothing but pictures (generate), or the restoration of what is degraded here."""
