"""What HTTP costs a node for each redemption, behind services that answer at once."""
