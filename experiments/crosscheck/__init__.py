"""The lab's figures beside those of tools that others wrote."""
