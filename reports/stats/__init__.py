"""What intervals and tests are made of; `reports.statistics` is the way in."""
