"""What the lab needs of this machine, and whether it gets what it asks for."""
