"""What Kaizala's callbacks say, laid flat."""
