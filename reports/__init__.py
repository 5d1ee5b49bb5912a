"""Stored results as a page, a chart or a table."""
