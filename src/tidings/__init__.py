"""Tidings carries the news out of one system and into another: a self-hosted webhook platform."""
