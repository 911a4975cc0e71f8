"""The dunnhumby "Complete Journey" data as an import folder; docs/loaders.md tells how each column is derived."""
