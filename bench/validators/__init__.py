"""What a network costs by the number of its validators."""
