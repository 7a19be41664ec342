//! The migrations stand.

use crate::store::schema::MIGRATIONS;

#[test]
fn a_released_migration_is_never_edited() {
    let hashes = MIGRATIONS.map(|sql| blake3::hash(sql.as_bytes()).to_hex().to_string());
    assert_eq!(
        hashes.map(|hash| hash[..16].to_owned()),
        ["3755e91ae786c7f5", "6ac3cef8bf504671"],
        "a migration was changed"
    );
}
