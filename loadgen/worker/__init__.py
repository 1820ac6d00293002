"""A load worker: its share of one load, from verification to the frozen counts."""
