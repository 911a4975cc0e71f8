"""Loading an import folder: look what the chain has, plan what is missing, carry it out stage by stage."""
