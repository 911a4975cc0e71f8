"""Reading and checking an import folder; `node_api.services.import_folder` is the way in."""
