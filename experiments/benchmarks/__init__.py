"""The lab's own speed, beside its peers in the same run."""
