"""What every part of tfvc stands on: configurations, errors, whole writes, plugins. Imports nothing else of tfvc."""
