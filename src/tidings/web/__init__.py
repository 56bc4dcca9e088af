"""The HTTP door: REST API, raw publish routes, metrics."""
