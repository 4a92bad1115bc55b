use crate::model::{Date, DateTime, Number, Subject, Text, object, open_enum};

object! {
    /// A record was requested (`RecordCreatedEvent`). It names no user.
    pub struct RecordCreated<'a> {
        /// The record, such as `ss-..`; opaque.
        record_id: Option<Text<'a>> = "recordId",
        /// What kind of record it is.
        record_type: Option<RecordType<'a>> = "recordType",
    }
}

impl Subject for RecordCreated<'_> {}

object! {
    /// A record is ready, or could not be obtained (`RecordCompletedEvent`). It names no user.
    pub struct RecordCompleted<'a> {
        /// The record, such as `ss-..`; opaque.
        record_id: Option<Text<'a>> = "recordId",
        /// What kind of record it is. The payload is of the one kind that is documented.
        record_type: Option<RecordType<'a>> = "recordType",
        /// Whether it is there.
        status: Option<RecordStatus<'a>> = "status",
        /// How the search ended.
        result_code: Option<RecordResultCode<'a>> = "resultCode",
        /// How the search ended, in words.
        result_message: Option<Text<'a>> = "resultMessage",
        /// The record.
        payload: Option<Box<SocialSecurity<'a>>> = "payload",
    }
}

impl Subject for RecordCompleted<'_> {}

open_enum! {
    /// A kind of record (`RecordType`).
    pub enum RecordType<'a> {
        /// A social security record.
        SocialSecurity = "SOCIAL_SECURITY",
    }
}

open_enum! {
    /// How far a record is (`SocialSecurity.status`; the event itself has no `PROCESSING`).
    pub enum RecordStatus<'a> {
        /// It is looked for.
        Processing = "PROCESSING",
        /// It is there.
        Completed = "COMPLETED",
        /// It could not be obtained.
        Error = "ERROR",
    }
}

open_enum! {
    /// How the search for a record ended (`SocialSecurity.resultCode`; the event itself has no
    /// `INVALID_PARAMETERS`).
    pub enum RecordResultCode<'a> {
        /// It was found.
        Success = "SUCCESS",
        /// There is none.
        NoData = "NO_DATA",
        /// The vendor's system failed.
        SystemError = "SYSTEM_ERROR",
        /// The authority is not available.
        ServiceUnavailable = "SERVICE_UNAVAILABLE",
        /// What was asked for is not valid.
        InvalidParameters = "INVALID_PARAMETERS",
    }
}

object! {
    /// A social security record (`SocialSecurity`).
    pub struct SocialSecurity<'a> {
        /// The record, `ss-..`; opaque.
        id: Option<Text<'a>> = "id",
        /// When it was requested, UTC.
        created_at: Option<DateTime<'a>> = "createdAt",
        /// How far it is.
        status: Option<RecordStatus<'a>> = "status",
        /// How the search ended.
        result_code: Option<RecordResultCode<'a>> = "resultCode",
        /// How the search ended, in words.
        result_message: Option<Text<'a>> = "resultMessage",
        /// What was found.
        result: Option<Box<SocialSecurityResult<'a>>> = "result",
        /// What was asked for.
        request_meta: Option<Box<SocialSecurityRequestMeta<'a>>> = "requestMeta",
    }
}

object! {
    /// What a social security authority knows of a person (`SocialSecurityResult`).
    pub struct SocialSecurityResult<'a> {
        /// The full name. The webhooks page's example calls it `name`.
        full_name: Option<Text<'a>> = "fullName" | "name",
        /// The gender. The schema requires it without describing it.
        gender: Option<Text<'a>> = "gender",
        /// The population register number (Mexico).
        curp: Option<Text<'a>> = "curp",
        /// The social security number (Mexico).
        nss: Option<Text<'a>> = "nss",
        /// The day of the report.
        report_date: Option<Date<'a>> = "reportDate",
        /// The employer.
        employer_name: Option<Text<'a>> = "employerName",
        /// The employer's registration number.
        employer_registration: Option<Text<'a>> = "employerRegistration",
        /// The federal state.
        state: Option<Text<'a>> = "state",
        /// For how many days contributions were paid.
        contribution_days: Option<Number<'a>> = "contributionDays",
        /// The amount that the contribution is reckoned from, in major units of `currency`.
        contribution_base_amount: Option<Number<'a>> = "contributionBaseAmount",
        /// ISO 4217, such as `MXN`.
        currency: Option<Text<'a>> = "currency",
    }
}

object! {
    /// What a social security record was asked for with (`SocialSecurityRequestMeta`).
    pub struct SocialSecurityRequestMeta<'a> {
        /// The person's e-mail address.
        email_address: Option<Text<'a>> = "emailAddress",
        /// The person's full name.
        full_name: Option<Text<'a>> = "fullName",
        /// The person's phone number; may be a text such as `MD5(..)`.
        mobile_number: Option<Text<'a>> = "mobileNumber",
        /// The population register number (Mexico).
        curp: Option<Text<'a>> = "curp",
        /// The template of the request; opaque.
        template_id: Option<Text<'a>> = "templateId",
        /// What the person agreed to.
        consent: Option<Box<Consent<'a>>> = "consent",
    }
}

object! {
    /// What a person agreed to (`Consent`).
    pub struct Consent<'a> {
        /// The kind of text, such as `Terms And Conditions`.
        r#type: Option<Text<'a>> = "type",
        /// The version of the text. A JSON number in the webhooks page's example.
        version: Option<Text<'a>> = "version",
        /// The words that were agreed to.
        consented_with: Option<Text<'a>> = "consentedWith",
        /// When the person agreed, UTC.
        consented_at: Option<DateTime<'a>> = "consentedAt",
        /// The template of the text, `ct-..`; opaque.
        consent_template_id: Option<Text<'a>> = "consentTemplateId",
    }
}
