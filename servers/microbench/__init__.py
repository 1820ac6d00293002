"""What an interface of readiness costs by itself."""
