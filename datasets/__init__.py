"""Where pictures come from (sources) and how they are damaged (tasks); numpy only, no torch."""
