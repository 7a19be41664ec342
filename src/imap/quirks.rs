//! Servers that must be treated apart from what their capabilities say.

/// What is different about the server at hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    /// Several names in one `BODY[HEADER.FIELDS (…)]` fail: the encoder asks for each apart.
    pub one_field_each: bool,
    /// SELECT is refused until the client has named itself: send ID after sign-in.
    pub wants_id: bool,
    /// `ID ()`, `ID NIL` and ID at all are refused: do not send it.
    pub refuses_id: bool,
}
