"""The command line, the report and the pages: the door of resprout."""
