"""What a container may be given beyond the lab's confinement, in words that rooms share."""

WHOLE_FILE_SYSTEM = "/"
"""Among the writable folders of a container: all of them."""
