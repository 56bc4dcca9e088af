"""The library of charts for browsers, packed, on standard output; run as `python -m tidings.console.charts_library`."""

import gzip
import sys

import vl_convert


def main() -> None:
    """Vega, Vega-Lite and vega-embed, with the interpreter that needs no eval."""
    bundle = vl_convert.javascript_bundle(None)  # type: ignore[arg-type]  # optional, but for its stub
    sys.stdout.buffer.write(gzip.compress(bundle.encode(), mtime=0))


if __name__ == "__main__":
    main()
