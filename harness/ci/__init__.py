"""What other programs read of a gate's result: one module for each format, all pure functions."""
