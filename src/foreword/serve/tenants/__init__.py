"""Who may ask, how much, and which prefix a name means to them."""
