"""The load engine beside generators that others wrote, and beside itself."""
