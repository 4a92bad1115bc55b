use crate::model::{Date, Text, object, open_enum};

object! {
    /// Who a user is (`IdentityPayload`).
    pub struct Identity<'a> {
        /// The identity, `i-..`; opaque.
        id: Option<Text<'a>> = "id",
        /// The full name.
        full_name: Option<Text<'a>> = "fullName",
        /// The first name.
        first_name: Option<Text<'a>> = "firstName",
        /// The middle name.
        middle_name: Option<Text<'a>> = "middleName",
        /// The last name.
        last_name: Option<Text<'a>> = "lastName",
        /// What follows the name, such as `Jr`.
        suffix: Option<Text<'a>> = "suffix",
        /// The gender.
        gender: Option<Gender<'a>> = "gender",
        /// The day of birth.
        dob: Option<Date<'a>> = "dob",
        /// The marital status.
        marital_status: Option<MaritalStatus<'a>> = "maritalStatus",
        /// Where the user lives, ISO 3166 alpha-2.
        country_residence: Option<Text<'a>> = "countryResidence",
        /// The user's standing in that country.
        citizenship: Option<Citizenship<'a>> = "citizenship",
        /// A picture of the user.
        photo_url: Option<Text<'a>> = "photoUrl",
        /// The user's number at the provider.
        reference_id: Option<Text<'a>> = "referenceId",
        /// The user's page at the provider.
        profile_url: Option<Text<'a>> = "profileUrl",
        /// The latest employer. Deprecated by the vendor.
        latest_employer_name: Option<Text<'a>> = "latestEmployerName",
        /// The e-mail addresses.
        emails: Vec<Email<'a>> = "emails",
        /// The phone numbers.
        phones: Vec<Phone<'a>> = "phones",
        /// The pages on social networks.
        social_profiles: Vec<SocialProfile<'a>> = "socialProfiles",
        /// The addresses.
        addresses: Vec<Address<'a>> = "addresses",
    }
}

open_enum! {
    /// A gender (`IdentityPayload.gender`).
    pub enum Gender<'a> {
        /// Male.
        Male = "Male",
        /// Female.
        Female = "Female",
        /// Non-binary.
        NonBinary = "Non-binary",
    }
}

open_enum! {
    /// A marital status (`IdentityPayload.maritalStatus`).
    pub enum MaritalStatus<'a> {
        /// Divorced.
        Divorced = "Divorced",
        /// Married.
        Married = "Married",
        /// Separated.
        Separated = "Separated",
        /// Single.
        Single = "Single",
        /// Widowed.
        Widowed = "Widowed",
        /// In a lifetime partnership.
        LifetimePartner = "Lifetime Partner",
    }
}

open_enum! {
    /// A standing in a country (`IdentityPayload.citizenship`).
    pub enum Citizenship<'a> {
        /// A citizen.
        Citizen = "Citizen",
        /// A foreigner who lives there.
        ResidentAlien = "Resident Alien",
        /// A foreigner who does not live there.
        NonResidentAlien = "Non-resident Alien",
        /// Without papers.
        Undocumented = "Undocumented",
        /// Anything else.
        Others = "Others",
    }
}

object! {
    /// An e-mail address (`IdentityPayload.emails`).
    pub struct Email<'a> {
        /// The address.
        address: Option<Text<'a>> = "address",
        /// What it is used for.
        r#type: Option<EmailType<'a>> = "type",
    }
}

open_enum! {
    /// What an e-mail address is used for (`IdentityPayload.emails.type`).
    pub enum EmailType<'a> {
        /// The main one.
        Primary = "Primary",
        /// Another one.
        Secondary = "Secondary",
        /// At work.
        Work = "Work",
        /// In private.
        Personal = "Personal",
    }
}

object! {
    /// A phone number (`IdentityPayload.phones`).
    pub struct Phone<'a> {
        /// The number, E.164.
        number: Option<Text<'a>> = "number",
        /// What kind of number it is.
        r#type: Option<PhoneType<'a>> = "type",
    }
}

open_enum! {
    /// A kind of phone number (`IdentityPayload.phones.type`).
    pub enum PhoneType<'a> {
        /// A mobile phone.
        Mobile = "Mobile",
        /// A landline.
        Fixed = "Fixed",
        /// Not known.
        Unspecified = "Unspecified",
    }
}

object! {
    /// A page on a social network (`IdentityPayload.socialProfiles`).
    pub struct SocialProfile<'a> {
        /// The page.
        social_url: Option<Text<'a>> = "socialUrl",
        /// The network.
        r#type: Option<SocialProfileType<'a>> = "type",
    }
}

open_enum! {
    /// A social network (`IdentityPayload.socialProfiles.type`).
    pub enum SocialProfileType<'a> {
        /// Twitter.
        Twitter = "Twitter",
        /// Facebook.
        Facebook = "Facebook",
        /// LinkedIn.
        LinkedIn = "LinkedIn",
        /// Another one.
        Others = "Others",
    }
}

object! {
    /// A postal address (`RefAddress`).
    pub struct Address<'a> {
        /// The address in one line.
        full_address: Option<Text<'a>> = "fullAddress",
        /// The first line.
        line1: Option<Text<'a>> = "line1",
        /// The second line.
        line2: Option<Text<'a>> = "line2",
        /// The city.
        city: Option<Text<'a>> = "city",
        /// The region.
        region: Option<Text<'a>> = "region",
        /// The postal code.
        zip: Option<Text<'a>> = "zip",
        /// ISO 3166 alpha-2.
        country: Option<Text<'a>> = "country",
        /// Degrees north, a string with at most 6 decimals.
        latitude: Option<Text<'a>> = "latitude",
        /// Degrees east, a string with at most 6 decimals.
        longitude: Option<Text<'a>> = "longitude",
        /// Whether it is the main one.
        r#type: Option<AddressType<'a>> = "type",
        /// What it is used for. The schema has `null` among the values.
        tags: Vec<Option<AddressTag<'a>>> = "tags",
    }
}

open_enum! {
    /// Whether an address is the main one (`RefAddress.type`).
    pub enum AddressType<'a> {
        /// The main one.
        Primary = "Primary",
        /// Another one.
        Secondary = "Secondary",
    }
}

open_enum! {
    /// What an address is used for (`RefAddress.tags`).
    pub enum AddressTag<'a> {
        /// The main one.
        Primary = "Primary",
        /// Another one.
        Secondary = "Secondary",
        /// At home.
        Home = "Home",
        /// At work.
        Work = "Work",
        /// For letters.
        Mailing = "Mailing",
        /// Abroad.
        Foreign = "Foreign",
        /// For bills.
        Billing = "Billing",
        /// For good.
        Permanent = "Permanent",
        /// For parcels.
        Shipping = "Shipping",
    }
}
