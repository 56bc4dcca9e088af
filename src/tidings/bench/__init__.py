"""Server, receiver and load as separate processes, and what they measured."""
