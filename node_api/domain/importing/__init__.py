"""The import folder's rows, values and faults, as docs/import.md describes them. Pure: nothing here opens a file."""
