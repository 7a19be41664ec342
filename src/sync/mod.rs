//! Store and server made equal: pure plans, a dull executor, the account task.
