"""Tables as they arrive: the contract, landing, the engine and a synthetic company."""
