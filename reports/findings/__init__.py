"""What the sections say, found in results: pure functions of values."""
