"""Build and check commands of this repository; nothing here ships with the service."""
