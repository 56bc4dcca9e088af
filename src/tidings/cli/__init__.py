"""The door that speaks to a terminal."""
