//! What may be deleted for good.

use super::*;

#[test]
fn r9_what_others_marked_is_not_deleted_for_good_where_single_messages_cannot_be() {
    let desk = Desk::new();
    let (inbox, account) = (desk.bed.inbox, desk.bed.account);
    desk.bed.put(move |tx| {
        let seen = messages::FlagsSeen {
            uid: Uid(2),
            flags: Flags::of(Flags::DELETED),
            modseq: None,
        };
        messages::update_flags(tx, inbox, Epoch(1), &[seen])
    });
    let reader = desk.bed.store.reader().unwrap();
    let found = || crate::ops::triage::marked_deleted(&reader, inbox);
    assert_eq!(found().unwrap(), desk.keys[1..2], "not asked yet");
    for (has, refused) in [(true, false), (false, true)] {
        desk.bed
            .put(move |tx| accounts::note_uidplus(tx, account, has));
        let told = matches!(found(), Err(StoreError::Refused(Refusal::NoUidPlus { .. })));
        assert_eq!(told, refused);
    }
}
