"""Live venues: connection plan, sockets, REST requests with their budgets, reachability."""
