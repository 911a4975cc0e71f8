"""Messages to subscribers, over HTTP."""
