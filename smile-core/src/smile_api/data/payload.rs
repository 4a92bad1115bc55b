use crate::model::{List, object};

use super::{
    Contribution, Document, Eincome, Employment, Identity, Income, Insight, Liability, Link,
    Rating, Transaction,
};

object! {
    /// The data of a user from one source (`AllDatapointPayload`).
    ///
    /// A member is `None` where the source has no such data. A list holds at most 300 items:
    /// [`List::may_be_truncated`] says when there may be more, which then have to be fetched from
    /// the REST API.
    pub struct DatapointPayload<'a> {
        /// Who the user is.
        identity: Option<Box<Identity<'a>>> = "identity",
        /// How the user is rated, as by the customers of a driver.
        rating: Option<Box<Rating<'a>>> = "rating",
        /// Identity cards, payslips, certificates. The rest is at `GET /documents`.
        documents: Option<List<'a, Document<'a>>> = "documents",
        /// What the user was paid. The rest is at `GET /incomes`.
        incomes: Option<List<'a, Income<'a>>> = "incomes",
        /// Money that moved. The rest is at `GET /transactions`.
        transactions: Option<List<'a, Transaction<'a>>> = "transactions",
        /// Where the user worked. The rest is at `GET /employments`.
        employments: Option<List<'a, Employment<'a>>> = "employments",
        /// What was paid to social security. The rest is at `GET /contributions`.
        contributions: Option<List<'a, Contribution<'a>>> = "contributions",
        /// What the user owes. The rest is at `GET /liabilities`.
        liabilities: Option<List<'a, Liability<'a>>> = "liabilities",
        /// What the user probably earned. The rest is at `GET /eincomes`.
        eincomes: Option<List<'a, Eincome<'a>>> = "eincomes",
        /// The user's links to other tenants of the vendor. The rest is at `GET /links`.
        links: Option<List<'a, Link<'a>>> = "links",
        /// What the vendor computed from the rest.
        insight: Option<Box<Insight<'a>>> = "insight",
    }
}

impl DatapointPayload<'_> {
    /// Whether there is no data at all, as in `{}` or where every member is `null`.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether one of the lists may be longer at the vendor's, see [`List::may_be_truncated`].
    #[must_use]
    pub fn may_be_truncated(&self) -> bool {
        self.documents.as_ref().is_some_and(List::may_be_truncated)
            || self.incomes.as_ref().is_some_and(List::may_be_truncated)
            || self
                .transactions
                .as_ref()
                .is_some_and(List::may_be_truncated)
            || self
                .employments
                .as_ref()
                .is_some_and(List::may_be_truncated)
            || self
                .contributions
                .as_ref()
                .is_some_and(List::may_be_truncated)
            || self
                .liabilities
                .as_ref()
                .is_some_and(List::may_be_truncated)
            || self.eincomes.as_ref().is_some_and(List::may_be_truncated)
            || self.links.as_ref().is_some_and(List::may_be_truncated)
    }
}
