"""Results as files that programs and spreadsheets read."""
