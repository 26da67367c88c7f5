"""Trade setups: one detector per file, run over closed bars by a state machine."""
