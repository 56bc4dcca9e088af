"""GitHub: what its repositories and organisations tell."""

from tidings.dialects.github.reader import GithubReader

READERS = (GithubReader(),)
