"""What every service stands on: the journal, the bus, the contract and the web."""
