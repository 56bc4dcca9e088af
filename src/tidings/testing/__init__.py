"""Real parts for users' own tests: a scripted endpoint, a clock that is moved by hand."""
