//! What a user can do, one function and one transaction each, and the reads that both faces share.
