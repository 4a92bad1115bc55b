//! The files of the page and of the widget's demo, built into the program.

/// A file that is served as it stands.
pub(crate) struct Asset {
    pub(crate) path: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) text: &'static str,
}

impl Asset {
    const fn new(path: &'static str, content_type: &'static str, text: &'static str) -> Self {
        Self {
            path,
            content_type,
            text,
        }
    }
}

pub(crate) const ASSETS: [Asset; 13] = [
    Asset::new("/", HTML, include_str!("page/page.html")),
    Asset::new("/page.css", CSS, include_str!("page/page.css")),
    Asset::new("/page.js", SCRIPT, include_str!("page/page.js")),
    Asset::new("/page/dead.js", SCRIPT, include_str!("page/dead.js")),
    Asset::new("/page/detail.js", SCRIPT, include_str!("page/detail.js")),
    Asset::new("/page/dom.js", SCRIPT, include_str!("page/dom.js")),
    Asset::new("/page/json.js", SCRIPT, include_str!("page/json.js")),
    Asset::new("/page/list.js", SCRIPT, include_str!("page/list.js")),
    Asset::new("/page/plots.js", SCRIPT, include_str!("page/plots.js")),
    Asset::new("/wink.js", SCRIPT, include_str!("wink/wink.js")),
    Asset::new("/wink-demo", HTML, include_str!("wink/demo.html")),
    Asset::new("/wink-demo.css", CSS, include_str!("wink/demo.css")),
    Asset::new("/wink-demo.js", SCRIPT, include_str!("wink/demo.js")),
];

/// Headers of every asset. What deliveries hold is hostile, so the page runs and loads nothing but
/// the receiver's own files; and any page may import the forwarder.
pub(crate) const HEADERS: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
         img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-cache"),
    ("access-control-allow-origin", "*"),
];

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
