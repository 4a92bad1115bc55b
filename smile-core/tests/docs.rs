//! The pages that list events leave none out.

#![expect(clippy::unwrap_used, reason = "a test that lacks its data fails")]

use std::{fs, path::Path};

use smile_core::{
    smile_api::{
        Data, EventType,
        registration::ApiCode,
        wink::{Callback, UiEventName},
    },
    smile_io::Topic,
};

#[test]
fn the_page_of_smile_api_lists_each_event_with_its_type() {
    let page = page("events-smile-api.md");
    for event_type in EventType::ALL {
        // Type, variant and struct have one name.
        assert_row(&page, event_type.as_str(), &format!("{event_type:?}"));
        let data = Data::from_json(&event_type, "{}").unwrap();
        assert!(format!("{data:?}").starts_with(&format!("{event_type:?}({event_type:?} ")));
    }
}

#[test]
fn the_page_of_smile_io_lists_each_topic_with_type_and_permission() {
    let page = page("events-smile-io.md");
    for topic in Topic::ALL {
        let row = assert_row(&page, topic.as_str(), &format!("{topic:?}"));
        let permission = topic.required_permission().unwrap_or("none");
        assert!(row.contains(permission), "{row}");
    }
}

#[test]
fn the_page_of_the_widget_lists_each_callback_and_ui_event() {
    let page = page("wink.md");
    for callback in Callback::ALL {
        assert!(
            rows(&page, &format!("| `{callback}` |")).next().is_some(),
            "{callback}"
        );
    }
    for name in UiEventName::DOCUMENTED {
        assert!(
            rows(&page, &format!("| `{name}` |")).next().is_some(),
            "{name}"
        );
    }
}

#[test]
fn the_page_on_registration_lists_each_code_of_an_error() {
    let page = page("registration.md");
    for code in ApiCode::DOCUMENTED
        .iter()
        .filter(|code| !["OK", "CREATED"].contains(code))
    {
        assert!(page.contains(&format!("| `{code}` |")), "{code}");
    }
}

/// The row of an event, which must name its Rust type.
#[track_caller]
fn assert_row<'p>(page: &'p str, name: &str, rust_type: &str) -> &'p str {
    let row = rows(page, &format!("| `{name}` |")).next();
    let row = row.unwrap_or_else(|| panic!("{name} is missing"));
    assert!(
        row.contains(&format!("| `{rust_type}` |")),
        "{row} lacks {rust_type}"
    );
    row
}

fn rows<'p>(page: &'p str, start: &str) -> impl Iterator<Item = &'p str> {
    let start = start.to_owned();
    page.lines().filter(move |line| line.starts_with(&start))
}

fn page(name: &str) -> String {
    fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../docs")
            .join(name),
    )
    .unwrap()
}
