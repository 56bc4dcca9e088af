"""Paper: whether this machine has what PDF is made with."""

from ctypes.util import find_library

import pytest

needs_paper = pytest.mark.skipif(
    find_library("pango-1.0") is None, reason="Pango is not installed; tools/test-machine installs it from Debian"
)
