"""How sources speak on the wire, one folder a source."""
