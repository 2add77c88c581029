//! Room that the file holds and does not use: what is deleted stays in it until it is given back.

use rusqlite::Connection;

use super::StoreError;

/// Bytes that the file keeps for what comes next.
const SPARE: i64 = 16 * 1024 * 1024;

/// Pages of one transaction: the writer is held no longer than those take.
const SLICE: i64 = 2_000;

/// Gives unused pages at the end of the file back to the disk, a slice of them; whether there are
/// more. The file itself shrinks with the next checkpoint.
pub(crate) fn give_back(c: &Connection) -> Result<bool, StoreError> {
    let number = |name: &str| c.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let spare = SPARE.checked_div(number("page_size")?).unwrap_or(0);
    let over = number("freelist_count")? - spare;
    if over <= 0 {
        return Ok(false);
    }
    let mut statement = c.prepare(&format!("PRAGMA incremental_vacuum({})", over.min(SLICE)))?;
    // It gives a page back with each step.
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(over > SLICE)
}
