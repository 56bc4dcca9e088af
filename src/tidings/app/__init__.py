"""Puts the parts together; reads the settings."""
