use crate::model::Text;

use super::user_event;

user_event! {
    /// An invitation was sent to a user (`InviteInvitedEvent`).
    pub struct InviteInvited<'a> {
        /// The invitation, `iv-..` or `ivt-..`; opaque.
        invite_id: Option<Text<'a>> = "inviteId",
    }
}

user_event! {
    /// An invited user linked an account (`InviteLinkedEvent`).
    pub struct InviteLinked<'a> {
        /// The invitation, `iv-..` or `ivt-..`; opaque.
        invite_id: Option<Text<'a>> = "inviteId",
    }
}
