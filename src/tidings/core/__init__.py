"""The words and their rules; no I/O."""
