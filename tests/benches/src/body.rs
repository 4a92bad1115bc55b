//! Bodies as Smile API sends them, of any size.

use std::{
    fmt::{self, Write},
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;

/// The sizes that are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Size {
    B281,
    K8,
    K112,
    M1,
}

impl Size {
    pub(crate) const ALL: [Self; 4] = [Self::B281, Self::K8, Self::K112, Self::M1];

    pub(crate) fn template(self) -> Template {
        match self {
            Self::B281 => Template::account_connected(),
            Self::K8 => Template::task_finished(8 << 10),
            Self::K112 => Template::task_finished(112 << 10),
            Self::M1 => Template::task_finished(1 << 20),
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::B281 => "281 B",
            Self::K8 => "8 KB",
            Self::K112 => "112 KB",
            Self::M1 => "1 MiB",
        })
    }
}

/// A body to make deliveries of: all alike but for the event's id.
#[derive(Clone, Debug)]
pub(crate) struct Template(Vec<u8>);

impl Template {
    /// `ACCOUNT_CONNECTED`, 281 bytes.
    fn account_connected() -> Self {
        let body = front("ACCOUNT_CONNECTED")
            + r#""data":{"userId":"tenantId-123abc456def789abc123def456abc78","#
            + r#""accountId":"a-123abc456def789abc123def456abc78","#
            + r#""loginName":"juandelacruz12","providers":["sss_ph"]}}"#;
        assert_eq!(
            body.len(),
            281,
            "the smallest body has the size that the docs say"
        );
        Self(body.into_bytes())
    }

    /// `TASK_FINISHED` with the data of a user in lists, of nearly `len` bytes.
    ///
    /// The vendor puts at most 300 items into one list, about half a megabyte in all. A larger body
    /// here has more.
    fn task_finished(len: usize) -> Self {
        let mut lists: [Vec<String>; 7] = Default::default();
        let mut values = Values(0x9e37_79b9_7f4a_7c15);
        let head = front("TASK_FINISHED") + TASK + IDENTITY;
        let frame: usize = LISTS.iter().map(|name| name.len() + 37).sum();
        let mut total = head.len() + frame + 38;
        for turn in ORDER.iter().cycle() {
            let item = values.item(LISTS[*turn]);
            if total + item.len() + 1 > len {
                break;
            }
            total += item.len() + 1;
            lists[*turn].push(item);
        }
        let mut body = head;
        for (name, items) in LISTS.iter().zip(&lists) {
            let items = items.join(",");
            write!(body, r#","{name}":{{"nextCursor":null,"items":[{items}]}}"#).expect("memory");
        }
        body += r#","links":null,"insight":null}}}"#;
        Self(body.into_bytes())
    }

    /// A body with an id that no other body of this process has.
    pub(crate) fn next(&self) -> Bytes {
        static IDS: AtomicU64 = AtomicU64::new(0);
        let id = IDS.fetch_add(1, Ordering::Relaxed);
        let mut body = self.0.clone();
        body[ID_AT..ID_AT + 32].copy_from_slice(format!("{id:032x}").as_bytes());
        body.into()
    }
}

fn front(event_type: &str) -> String {
    format!(r#"{{"id":"et-123abc456def789abc123def456abc78","version":1,"type":"{event_type}","#)
        + r#""createdAt":"2024-04-14T09:30:24Z","#
}

/// Values that look like a user's, the same in every run.
struct Values(u64);

impl Values {
    fn item(&mut self, list: &str) -> String {
        let (year, month, day) = (2015 + self.below(9), 1 + self.below(12), 1 + self.below(28));
        let date = format!("{year}-{month:02}-{day:02}");
        match list {
            "documents" => format!(
                r#"{{"id":"{}","name":"{}","docId":"{:04}-{:07}-{}","status":null,"documentType":"IDENTIFICATION","issueDate":"{date}","expiryDate":null,"fileUrl":null,"remarks":null}}"#,
                self.id("d"),
                self.pick(&["UMID", "SSS ID", "Payslip"]),
                self.below(9999),
                self.below(9_999_999),
                self.below(9),
            ),
            "incomes" => format!(
                r#"{{"id":"{}","workItem":"{}","employer":"{}","startDate":"{date}","endDate":"{year}-{month:02}-28","currency":"PHP","frequency":"Semimonthly","baseAmount":{}.0,"grossAmount":{}.{:02},"netAmount":{}.{:02}}}"#,
                self.id("inc"),
                self.pick(&["Salary", "13th month pay", "Night \\\"graveyard\\\" shift"]),
                self.employer(),
                8000 + self.below(9000),
                9000 + self.below(9000),
                self.below(100),
                7000 + self.below(9000),
                self.below(100),
            ),
            "transactions" => format!(
                r#"{{"id":"{}","date":"{date}","currency":"PHP","amount":-{}.{:02},"description":"{}","referenceId":"TX{:010}"}}"#,
                self.id("t"),
                self.below(4000),
                self.below(100),
                self.pick(&[
                    "GrabFood order, Barangay Paraiso",
                    "Padala to Ma. Niña Reyes",
                    "Load 7-Eleven Ortigas"
                ]),
                self.below(1 << 33),
            ),
            "employments" => format!(
                r#"{{"id":"{}","name":"Security","description":null,"jobTitle":"Security Guard","department":null,"employeeNumber":"EMP-{:06}","employerNumber":"ER-{:06}","employer":"{}","status":"Permanent","startDate":"{date}","endDate":"{year}-{month:02}-28","reportedDate":"{date}"}}"#,
                self.id("e"),
                self.below(999_999),
                self.below(999_999),
                self.employer(),
            ),
            "contributions" => format!(
                r#"{{"id":"{}","date":"{date}","currency":"PHP","amount":{}.0,"referenceId":"JA{:07}"}}"#,
                self.id("con"),
                1000 + self.below(900),
                self.below(9_999_999),
            ),
            "liabilities" => format!(
                r#"{{"id":"{}","type":"Salary Loan","referenceId":"SL{:015}","startDate":"{date}","endDate":"{date}","firstAmortizationDate":"{date}","amortizationFrequency":"Monthly","currency":"PHP","loanAmount":{}.0,"amortizationAmount":{}.{:02},"outstandingBalance":{}.{:02},"nextPaymentAmount":{}.{:02},"overduePaymentAmount":0.0}}"#,
                self.id("lia"),
                self.below(1 << 49),
                1000 * (1 + self.below(30)),
                self.below(900),
                self.below(100),
                self.below(20_000),
                self.below(100),
                self.below(900),
                self.below(100),
            ),
            _ => format!(
                r#"{{"id":"{}","month":"{year}-{month:02}","currency":"PHP","baseAmount":{1}.0,"amount":{1}.0}}"#,
                self.id("einc"),
                8000 + self.below(900),
            ),
        }
    }

    fn id(&mut self, prefix: &str) -> String {
        format!("{prefix}-{:016x}{:016x}", self.next(), self.next())
    }

    fn employer(&mut self) -> &'static str {
        self.pick(&[
            "ABC Corporation",
            "Piñas & Sons Trading",
            "Metro Manila Logistics, Inc.",
        ])
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from.iter()
            .cycle()
            .nth(usize::try_from(self.below(16)).unwrap_or_default())
            .expect("the lists are not empty")
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Xorshift: no crate for a few dozen bytes.
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// Where the id's 32 digits begin.
const ID_AT: usize = r#"{"id":"et-"#.len();

/// In the vendor's order.
const LISTS: [&str; 7] = [
    "documents",
    "incomes",
    "transactions",
    "employments",
    "contributions",
    "liabilities",
    "eincomes",
];

/// Turns of the lists, each for one item: people have more transactions than employers.
const ORDER: [usize; 16] = [2, 1, 4, 2, 6, 1, 2, 4, 3, 2, 1, 0, 2, 4, 5, 6];

const TASK: &str = concat!(
    r#""data":{"userId":"tenantId-123abc456def789abc123def456abc78","#,
    r#""sourceId":"a-123abc456def789abc123def456abc78","sourceType":"ACCOUNT","#,
    r#""taskType":"LINK_ACCOUNT","status":"SUCCEEDED","errorCode":null,"providers":["sss_ph"],"#,
    r#""datapoints":["IDENTITIES","DOCUMENTS","INCOMES","TRANSACTIONS","EMPLOYMENTS","#,
    r#""CONTRIBUTIONS","LIABILITIES","EINCOMES"],"payload":{"#,
);

const IDENTITY: &str = concat!(
    r#""identity":{"id":"i-34b7fe18cc5a482dac6a8a2132a7972f","fullName":"Juan Peña dela Cruz, Jr","#,
    r#""firstName":"Juan","middleName":"Peña","lastName":"dela Cruz","suffix":"Jr","#,
    r#""gender":"Male","dob":"1970-08-24","maritalStatus":"Married","countryResidence":"PH","#,
    r#""citizenship":"Citizen","photoUrl":"https://cdn.example.ph/image/avatar/v2021/juan.jpg","#,
    r#""referenceId":null,"profileUrl":null,"latestEmployerName":null,"#,
    r#""emails":[{"address":"juan@example.ph","type":"Primary"}],"#,
    r#""phones":[{"number":"+639559991234","type":"Mobile"}],"#,
    r#""socialProfiles":[{"socialUrl":"https://www.example.com/juan","type":"Facebook"}],"#,
    r#""addresses":[{"fullAddress":"12 Maybunga St, Barangay Paraiso, Pasig City, NCR, 1600, PH","#,
    r#""line1":"12 Maybunga St","line2":"Barangay Paraiso","city":"Pasig City","region":"NCR","#,
    r#""zip":"1600","country":"PH","latitude":"14.573454","longitude":"121.085042","#,
    r#""type":"Primary"}]},"rating":null"#,
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, Text};

    #[test]
    fn bodies_have_nearly_the_size_asked_for_and_are_events_to_every_reader() {
        for (size, len) in [
            (Size::K8, 8 << 10),
            (Size::K112, 112 << 10),
            (Size::M1, 1 << 20),
        ] {
            let template = size.template();
            assert!(
                (len - 600..=len).contains(&template.0.len()),
                "{}",
                template.0.len()
            );
            let body = template.next();
            serde_json::from_slice::<Event<String>>(&body).unwrap();
            serde_json::from_slice::<Event<Text<'_>>>(&body).unwrap();
        }
    }
}
