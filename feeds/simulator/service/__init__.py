"""The simulated venues as a service: loopback servers, clients, faults, control."""
