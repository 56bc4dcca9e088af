"""Event, matched, owed, delivered, recorded."""
