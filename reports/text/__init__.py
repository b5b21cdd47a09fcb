"""Reports as text: Markdown, LaTeX, terminal."""
