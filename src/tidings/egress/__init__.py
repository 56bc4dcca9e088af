"""Whom we may call, and the one HTTP client that calls; importable alone."""
