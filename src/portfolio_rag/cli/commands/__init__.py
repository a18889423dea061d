"""What each command takes. Light modules: what a command does is imported when it runs."""
