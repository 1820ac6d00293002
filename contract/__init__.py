"""What the rooms agree on, each thing once. The standard library only, but for console.py."""
