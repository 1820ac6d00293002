"""What HTTP asks of a server in single cases, agreed by those who ask and those who judge."""
