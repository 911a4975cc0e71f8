"""The database adapter: the only package that knows SQLAlchemy."""
