"""A Salesforce org that keeps its records in memory: what the emulator is made of."""
