"""What the node is measured against: the same redemptions, one transaction each, by web3.py."""
