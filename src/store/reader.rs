//! Query-only connections.

use std::path::Path;

use rusqlite::Connection;

use super::{Rows, StoreError, open};

/// A query-only connection; each call is a read transaction of its own. It may be sent to another
/// thread, not shared by two.
pub struct Reader {
    connection: Connection,
}

impl Reader {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        Self::over(open::connect(path)?)
    }

    /// Has a connection that was tuned write no more.
    pub(super) fn over(connection: Connection) -> Result<Self, StoreError> {
        connection.pragma_update(None, "query_only", true)?;
        Ok(Self { connection })
    }

    /// A number that differs after a commit of any other connection. It costs no page of the file.
    pub fn version(&self) -> Result<i64, StoreError> {
        let sql = &self.connection;
        Ok(sql.pragma_query_value(None, "data_version", |row| row.get(0))?)
    }

    /// Runs several reads over one state of the store. Keep it short: a long read transaction keeps
    /// the WAL from being emptied.
    pub fn snapshot<T>(
        &self,
        read: impl FnOnce(&Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let transaction = self.connection.unchecked_transaction()?;
        let out = read(self);
        transaction.finish()?;
        out
    }
}

impl Rows for Reader {
    fn connection(&self) -> &Connection {
        &self.connection
    }
}
