"""The sections of the page as strings ready to print, one module each."""
