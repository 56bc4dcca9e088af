"""The calls of Kaizala's API, a module for each of its chapters."""
