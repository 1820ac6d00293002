"""What a check-up asks and by which limits, agreed by those who measure and those who report."""
