//! Integration tests: one binary, so that the library is linked once.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic
)]

#[path = "../harness/mod.rs"]
#[allow(dead_code)]
mod harness;

mod across_cuts;
mod cli;
mod cli_files;
mod cli_help;
mod cli_screen;
mod cli_search;
mod cli_send;
mod cli_store;
mod cli_triage;
mod env_harden;
mod fuzz;
mod licences;
mod live_cli;
mod live_cli_triage;
mod live_files;
mod live_filing;
mod live_harness;
mod live_link;
mod live_lists;
mod live_mail;
mod live_mute;
mod live_owner;
mod live_pop3;
mod live_queue;
mod live_reply;
mod live_screen;
mod live_search_screen;
mod live_search_server;
mod live_secrets;
mod live_send;
mod live_submission;
mod live_sync;
mod live_tasks;
mod live_trial;
mod live_watch;
mod live_writing;
mod net_imap;
mod net_pop3;
mod net_smtp;
mod net_tls;
mod outbox_cuts;
mod outbox_kills;
mod pop3_across;
mod pop3_bed;
mod pop3_cuts;
mod pop3_modes;
mod pop3_watch;
mod readme;
mod safety;
mod safety_load;
mod safety_run;
mod safety_wire;
mod screen_compose;
mod screen_given_back;
mod screen_threads;
mod screen_triage;
mod search_kills;
mod tidy;
mod triage_bed;
mod triage_cuts;
mod triage_day;
mod triage_model;
mod triage_pairs;
mod triage_removal;
