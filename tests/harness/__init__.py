"""The end-to-end harness: one module a noun; README.md one folder up has the language."""
