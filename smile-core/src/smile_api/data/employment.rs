use crate::model::{Date, Text, object};

object! {
    /// Where a user worked (`EmploymentPayload`).
    pub struct Employment<'a> {
        /// The employment, `e-..`; opaque.
        id: Option<Text<'a>> = "id",
        /// What it is called.
        name: Option<Text<'a>> = "name",
        /// What it is about.
        description: Option<Text<'a>> = "description",
        /// The user's position.
        job_title: Option<Text<'a>> = "jobTitle",
        /// The department.
        department: Option<Text<'a>> = "department",
        /// The user's number at the employer.
        employee_number: Option<Text<'a>> = "employeeNumber",
        /// The employer's number.
        employer_number: Option<Text<'a>> = "employerNumber",
        /// The employer.
        employer: Option<Text<'a>> = "employer",
        /// How it stands, such as `Permanent`. The vendor documents no list of values.
        status: Option<Text<'a>> = "status",
        /// The first day.
        start_date: Option<Date<'a>> = "startDate",
        /// The last day.
        end_date: Option<Date<'a>> = "endDate",
        /// The day on which it was reported.
        reported_date: Option<Date<'a>> = "reportedDate",
    }
}
