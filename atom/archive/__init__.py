"""The open archive: windows of recorded markets, published by content id, signed, mirrored and filled in."""
