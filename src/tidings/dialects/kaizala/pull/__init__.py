"""What Kaizala's API tells to whoever asks, made into what its callbacks would have told."""
