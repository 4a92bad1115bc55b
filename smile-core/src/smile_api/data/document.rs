use crate::model::{Date, Text, object, open_enum};

object! {
    /// A document of a user (`DocumentPayload`).
    pub struct Document<'a> {
        /// The document, `d-..`; opaque.
        id: Option<Text<'a>> = "id",
        /// What it is called, such as `UMID`.
        name: Option<Text<'a>> = "name",
        /// The number on it.
        doc_id: Option<Text<'a>> = "docId",
        /// How it stands, such as `VALID`. The vendor documents no list of values.
        status: Option<Text<'a>> = "status",
        /// What it is for.
        document_type: Option<DocumentType<'a>> = "documentType",
        /// The day on which it was issued.
        issue_date: Option<Date<'a>> = "issueDate",
        /// The day on which it expires.
        expiry_date: Option<Date<'a>> = "expiryDate",
        /// A copy of it.
        file_url: Option<Text<'a>> = "fileUrl",
        /// What else is to be said of it.
        remarks: Option<Text<'a>> = "remarks",
    }
}

open_enum! {
    /// What a document is for (`DocumentPayload.documentType`).
    pub enum DocumentType<'a> {
        /// It says who somebody is.
        Identification = "IDENTIFICATION",
        /// It says what somebody was paid.
        Payslip = "PAYSLIP",
        /// It says that nothing is held against somebody.
        Clearance = "CLEARANCE",
        /// It says what somebody has achieved.
        Certificate = "CERTIFICATE",
    }
}
