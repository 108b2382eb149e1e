"""Version: the number of the schema that this code reads and writes."""

SCHEMA_VERSION = 4
APPLICATION_ID = 0x44534B4D  # "DSKM", so that `file` and we know our own databases
