"""What every server shares: settings, listener, events, shutdown."""
