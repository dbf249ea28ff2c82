//! The script and the style sheet, under names that change with their content.

use std::sync::OnceLock;

use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest as _, Sha256};

/// The folder that they are in.
pub const ASSET_FOLDER: &str = "/assets/";

const SCRIPT: &str = include_str!("app.js");
const STYLE: &str = include_str!("style.css");

/// Where the script is.
pub fn script_path() -> &'static str {
    static PATH: OnceLock<String> = OnceLock::new();
    PATH.get_or_init(|| path(SCRIPT, "js"))
}

/// Where the style sheet is.
pub fn style_path() -> &'static str {
    static PATH: OnceLock<String> = OnceLock::new();
    PATH.get_or_init(|| path(STYLE, "css"))
}

fn path(content: &str, extension: &str) -> String {
    let digest = Sha256::digest(content);
    let digest = hex::encode(digest.get(..8).unwrap_or_default());
    format!("{ASSET_FOLDER}{digest}.{extension}")
}

/// Gives one of them, which a browser may keep.
pub async fn get(Path(name): Path<String>) -> Response {
    let asked = format!("{ASSET_FOLDER}{name}");
    let (content, media_type) = if asked == script_path() {
        (SCRIPT, "text/javascript; charset=utf-8")
    } else if asked == style_path() {
        (STYLE, "text/css; charset=utf-8")
    } else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kept = HeaderValue::from_static("private, max-age=31536000, immutable");
    let fields = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CACHE_CONTROL, kept),
    ];
    (fields, content).into_response()
}
