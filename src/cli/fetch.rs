//! The bytes of a message: from the store, or from the server where they are not kept.

use super::error::Failure;
use super::online;
use super::start::Start;
use crate::model::MessageKey;
use crate::store::{Store, bodies, messages};

/// The whole message exactly as the server gave it.
pub fn raw(start: &Start, store: &Store, key: MessageKey) -> Result<Vec<u8>, Failure> {
    let reader = store.reader()?;
    let content = messages::get(&reader, key)?.content;
    if let Some(raw) = bodies::read_whole(&reader, content, "")? {
        return Ok(raw);
    }
    online::fetch(start, store, key)?;
    bodies::read_whole(&reader, content, "")?.ok_or_else(|| {
        Failure::new(format!("Message {key} is not kept here"))
            .cause("the server did not send all of it")
    })
}
