"""One suite for every server variant, found by file name: what they must all do alike."""
