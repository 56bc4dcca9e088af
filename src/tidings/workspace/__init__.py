"""Groups, people, messages."""
