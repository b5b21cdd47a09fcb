"""The forms a report is written in: terminal, HTML, Markdown, LaTeX, CSV."""
