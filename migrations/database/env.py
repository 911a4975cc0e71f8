"""Runs migrations on the connection it is handed: `node_api.storage.migrate` starts it, never Alembic's own command."""

from alembic import context

from node_api.storage.migrate import run_on

run_on(context)
