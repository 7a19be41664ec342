//! Finding mail: the full-text index and the questions that it answers.
//!
//! The index is a file of its own, `search.db` in the cache folder, and nothing of it is truth: it
//! is made from `mail.db` by whichever process holds its lock ([`Indexer`]), and may be deleted at
//! any time. It holds words without their text (FTS5, contentless), one row for each content, whose
//! rowid is `content.docid`: arrival in seconds shifted by 20 bits, so that "newest first" is the
//! order of the rows, and a condition on the date a range of them.
//!
//! How far the index has come stands in the transaction of its rows: the highest content key, with
//! marks on the way that say which content had which key. A store that went back behind that, or is
//! another one, or another program's words in the file: the index goes on from the last mark that
//! is still true, or is made anew. What changes after a content was indexed, because its text came
//! later or it is gone, `mail.db` lists in `tombstone`. Only what is synced to the disk is indexed:
//! before each stretch the indexer says in `mail.db` how far it will go, and has that synced.
//!
//! A [`Searcher`] asks: words are looked up in the index, newest first; flags, mailboxes, sizes and
//! dates in `mail.db` for each hit; a question without words walks the lists of the mailboxes. It
//! stops at the limit and can be stopped from another thread. A file that cannot be read is put
//! aside for the indexer and never an error to the person.

mod columns;
mod compile;
mod file;
mod indexer;
mod places;
mod run;
mod walk;

#[cfg(test)]
mod tests;

pub use compile::Scope;
pub use indexer::{Indexer, Step, remove};
pub use places::Place;
pub use run::{Ask, Found, Hit, Searcher, Stop};

pub use columns::text_of;
