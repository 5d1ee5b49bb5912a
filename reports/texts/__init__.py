"""Results as plain lines for a terminal."""
