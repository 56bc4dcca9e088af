"""The console: see everything, do everything, in a browser."""
