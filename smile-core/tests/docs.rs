//! The pages leave nothing out that they list, and their links lead somewhere.

#![expect(clippy::unwrap_used, reason = "a test that lacks its data fails")]

use std::{fs, path::Path};

use smile_core::{
    RejectionKind,
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

#[test]
fn the_page_of_answers_lists_each_refusal_with_its_status() {
    let page = page("answers.md");
    for kind in RejectionKind::ALL {
        let (status, label) = (kind.status(), kind.label());
        let has_both =
            |row: &str| row.contains(&format!("| {status}")) && row.contains(&format!("`{label}`"));
        assert!(rows(&page, "|").any(has_both), "{status} {label}");
    }
}

#[test]
fn the_guide_to_the_options_lists_each_of_the_builder() {
    let guide = page("options.md");
    let builder = read("src/intake/builder.rs");
    let options: Vec<_> = builder
        .lines()
        .filter_map(|line| line.strip_prefix("    pub fn ")?.split_once('('))
        .map(|(name, _)| name)
        .filter(|name| !["new", "build"].contains(name))
        .collect();
    assert!(options.contains(&"body_limit"), "{options:?}");
    for option in options {
        assert!(
            rows(&guide, "| `").any(|row| row.contains(&format!("`{option}`"))),
            "{option}"
        );
    }
}

#[test]
fn links_between_pages_lead_to_a_file_and_a_heading() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let docs = fs::read_dir(root.join("docs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file());
    let pages = [
        "README",
        "DESIGN",
        "SECURITY",
        "CONTRIBUTING",
        "CHANGELOG",
        "RELEASING",
    ]
    .map(|name| root.join(name).with_extension("md"));
    for path in docs.chain(pages) {
        let text = fs::read_to_string(&path).unwrap();
        let links = text.split("](").skip(1);
        for link in links.map(|rest| rest.split(')').next().unwrap()) {
            if link.starts_with("https://") {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => path.clone(),
                file => path.with_file_name(file),
            };
            assert!(target.exists(), "{}: {link}", path.display());
            if !heading.is_empty() {
                let target = fs::read_to_string(target).unwrap();
                let mut headings = target.lines().filter(|line| line.starts_with('#'));
                assert!(
                    headings.any(|line| anchor(line) == heading),
                    "{}: {link}",
                    path.display()
                );
            }
        }
    }
}

/// The anchor that GitHub gives a heading.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = |c: &char| c.is_alphanumeric() || [' ', '-', '_'].contains(c);
    text.chars()
        .filter(kept)
        .collect::<String>()
        .replace(' ', "-")
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
    read(&format!("../docs/{name}"))
}

/// A file, by its path from this crate.
fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}
