"""A lively instance out of the dialects' samples."""
