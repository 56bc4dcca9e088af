"""What Kaizala's API is sent and answers, a module for each of its chapters."""
