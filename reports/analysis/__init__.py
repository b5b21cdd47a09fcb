"""From records to what a report says; `reports.analysis.analyse` is the way in."""
