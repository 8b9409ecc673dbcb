"""What methods are made of; no method itself."""
