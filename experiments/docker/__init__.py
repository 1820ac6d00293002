"""The container engine behind a small interface, and what of it is the lab's own."""
