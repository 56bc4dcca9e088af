"""Requests that reached us, kept to the byte."""
