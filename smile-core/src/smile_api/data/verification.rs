use crate::model::{Subject, Text, object, open_enum};

object! {
    /// A verification began (`VerificationStartedEvent`). It names no user.
    pub struct VerificationStarted<'a> {
        /// The verification, `ver-..`; opaque.
        verification_id: Option<Text<'a>> = "verificationId",
    }
}

impl Subject for VerificationStarted<'_> {}

object! {
    /// A verification ended (`VerificationCompletedEvent`). It names no user.
    pub struct VerificationCompleted<'a> {
        /// The verification, `ver-..`; opaque.
        verification_id: Option<Text<'a>> = "verificationId",
        /// How it ended.
        result_code: Option<VerificationResultCode<'a>> = "resultCode",
        /// How it ended, in words.
        result_message: Option<Text<'a>> = "resultMessage",
        /// What matched.
        result: Option<Box<VerificationResult<'a>>> = "result",
    }
}

impl Subject for VerificationCompleted<'_> {}

open_enum! {
    /// How a verification ended. The schema declares a string; its example is this one value.
    pub enum VerificationResultCode<'a> {
        /// It worked, whether anything matched or not.
        Success = "SUCCESS",
    }
}

object! {
    /// What a verification found (`VerificationResult`).
    ///
    /// Each `matches` is `None` where the input was absent or is not supported (or, says the
    /// verifications page, where `final_matches` is false), though the schema does not say so.
    pub struct VerificationResult<'a> {
        /// Whether the person is who they say, all in all.
        final_matches: Option<bool> = "finalMatches",
        /// Whether the names match.
        names: Option<Box<VerificationNames<'a>>> = "names",
        /// Whether the rest matches.
        additional_data: Option<Box<VerificationAdditionalData<'a>>> = "additionalData",
    }
}

object! {
    /// Whether names match (`VerificationResult.names`).
    pub struct VerificationNames<'a> {
        /// The first name.
        first_name_matches: Option<bool> = "firstNameMatches",
        /// The last name.
        last_name_matches: Option<bool> = "lastNameMatches",
        /// The middle name.
        middle_name_matches: Option<bool> = "middleNameMatches",
        /// The name as a whole.
        full_name_matches: Option<bool> = "fullNameMatches",
    }
}

object! {
    /// Whether more than names matches (`VerificationResult.additionalData`).
    pub struct VerificationAdditionalData<'a> {
        /// The identity numbers.
        ids: Vec<VerificationIdMatch<'a>> = "ids",
        /// The day of birth.
        dob_matches: Option<bool> = "dobMatches",
        /// The gender.
        gender_matches: Option<bool> = "genderMatches",
        /// The address.
        address_matches: Option<bool> = "addressMatches",
        /// The phone number.
        phone_matches: Option<Box<VerificationContactMatch<'a>>> = "phoneMatches",
        /// The e-mail address.
        email_matches: Option<Box<VerificationContactMatch<'a>>> = "emailMatches",
    }
}

object! {
    /// Whether an identity number matches (`VerificationIdMatchResult`).
    pub struct VerificationIdMatch<'a> {
        /// The kind of number, such as `tin_ph` or `prclicense_ph`.
        id_type: Option<Text<'a>> = "idType",
        /// The kind within that kind. The schema's example spells the name `idSubType`.
        id_subtype: Option<Text<'a>> = "idSubtype" | "idSubType",
        /// The number. A JSON number in the schema's example.
        id_number: Option<Text<'a>> = "idNumber",
        /// Whether it matches.
        matches: Option<bool> = "matches",
    }
}

object! {
    /// Whether a phone number or an e-mail address matches (`VerificationContactMatchResult`).
    pub struct VerificationContactMatch<'a> {
        /// The number or address. A JSON number in the schema's example of a phone number.
        value: Option<Text<'a>> = "value",
        /// Whether it matches.
        matches: Option<bool> = "matches",
        /// Whether it is one to throw away.
        disposable: Option<bool> = "disposable",
        /// Whether messages reach it.
        deliverable: Option<bool> = "deliverable",
        /// Whether it is in use.
        active: Option<bool> = "active",
        /// Who runs it, in words.
        provider: Option<Text<'a>> = "provider",
        /// Whether it is free of charge.
        free_provider: Option<bool> = "freeProvider",
    }
}
