"""What intervals and tests are made of; `reports.statistics.crossed` is the way in."""
