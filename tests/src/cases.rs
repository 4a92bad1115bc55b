//! The cases. Each takes a kind of subject, starts one as it needs it, and says what must hold.

pub mod body;
pub mod duplicates;
pub mod events;
pub mod handler;
pub mod inbox;
pub mod reports;
pub mod secrets;
pub mod signature;
pub mod source;
pub mod timestamp;

/// Makes a test of every case for one kind of subject.
#[macro_export]
macro_rules! every_case {
    ($kind:expr) => {
        $crate::tests_of! { $kind;
            body {
                a_body_at_the_limit_is_accepted_and_one_byte_more_is_not
                a_chunked_body_is_limited_like_a_declared_one
                a_sender_of_six_megabytes_reads_the_refusal_and_goes_on
                a_sender_that_goes_on_after_a_refusal_is_answered_and_cut_off
                an_encoded_body_is_refused_and_identity_is_not
                an_empty_signed_body_is_no_event
                the_deadline_is_for_the_whole_body
                what_is_wrong_first_is_answered_first
            }
            duplicates {
                a_duplicate_is_answered_200_and_not_handled
                a_failed_event_is_handled_again
                a_later_run_of_an_event_has_a_larger_fence
                a_panic_is_answered_500_and_the_event_is_handled_again
                another_body_under_the_same_id_is_a_duplicate
                an_event_under_another_secret_is_the_same_event
                an_event_without_an_id_is_told_by_its_body
                direct_runs_the_handler_for_every_delivery
                the_key_can_be_chosen
            }
            events {
                a_byte_order_mark_loses_no_event
                a_ping_is_answered_without_the_handler
                a_ping_is_delivered_where_asked_for_and_never_a_duplicate
                a_signed_body_that_is_no_event_is_refused
                a_string_that_is_no_text_loses_no_event
                an_event_older_than_the_maximum_is_refused_like_a_wrong_signature
                an_unknown_type_reaches_the_handler
                bytes_after_the_envelope_are_the_handlers_business
            }
            handler {
                a_method_other_than_post_is_405
                a_slow_handler_is_stopped
                its_answer_passes_through
                the_body_inside_is_the_verified_one
            }
            inbox {
                a_method_other_than_post_stores_nothing
                a_new_event_is_stored_as_it_came_and_answered_200
                a_ping_is_answered_and_not_stored
                a_repetition_is_answered_200_and_stored_once
                a_signed_body_that_is_no_event_is_a_dead_letter
                an_event_of_the_other_vendor_is_stored_as_well
                an_inbox_that_fails_hangs_or_panics_is_503
                another_body_under_the_same_id_is_a_dead_letter
                what_is_not_verified_is_not_stored
            }
            reports {
                a_delivery_has_the_stages_that_it_reached
                a_direct_delivery_has_no_claim
                a_handled_event_has_every_stage_and_its_size
                a_stored_event_has_no_handler
                a_traceparent_is_linked_where_it_is_well_formed
                each_observer_is_told_also_where_another_panics
                the_age_is_since_the_vendors_own_time
            }
            secrets {
                a_failed_lookup_is_told_apart
                a_looked_up_tenant_is_told
                a_lookup_that_panics_or_never_returns_is_a_failed_one
                an_unknown_tenant_is_answered_like_a_wrong_signature
                every_secret_in_rotation_is_accepted_and_told
            }
            signature {
                a_changed_byte_anywhere_is_refused
                a_missing_signature_is_refused
                a_signature_of_another_length_is_refused
                a_wrong_secret_is_refused
                an_upper_case_signature_is_accepted
                any_split_of_the_body_is_accepted
                every_refusal_is_the_same_document
                the_other_vendors_signature_is_refused
                two_signatures_are_refused_even_if_equal
            }
            source {
                a_listed_address_passes
                a_proxys_word_counts_only_where_it_is_trusted
                an_unlisted_address_is_refused_before_anything_else
            }
            timestamp {
                a_missing_or_repeated_timestamp_is_refused
                a_timestamp_within_five_minutes_is_accepted_both_ways
                anything_but_seconds_in_digits_is_refused
                one_second_past_the_tolerance_is_refused_both_ways
                the_received_digits_are_what_is_signed
                the_tolerance_can_be_set
            }
        }
    };
}

/// Makes tests of the named cases.
#[doc(hidden)]
#[macro_export]
macro_rules! tests_of {
    ($kind:expr; $($module:ident { $($case:ident)* })*) => {
        $(mod $module {
            use super::*;
            $(#[test]
            fn $case() {
                $crate::cases::$module::$case($kind);
            })*
        })*
    };
}
