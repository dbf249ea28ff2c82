//! The styles in which programs write JSON.

use super::cause::{self, Cause};
use super::rewrite::{Escapes, JsonStyle, Layout, Numbers};

/// Nothing changed but white space.
pub(super) const COMPACT: JsonStyle = JsonStyle {
    layout: Layout::Compact,
    escapes: None,
    numbers: Numbers::Kept,
};

/// Nothing changed but white space and numbers.
pub(super) const SHORTEST: JsonStyle = JsonStyle {
    numbers: Numbers::Shortest,
    ..COMPACT
};

/// `JSON.stringify`.
const PLAIN: Escapes = Escapes {
    beyond_ascii: false,
    slash: false,
    chars: "",
    upper: false,
};

/// Python's `ensure_ascii`, PHP with `JSON_UNESCAPED_SLASHES`.
const UNICODE: Escapes = Escapes {
    beyond_ascii: true,
    ..PLAIN
};

/// PHP with `JSON_UNESCAPED_UNICODE`.
const SLASHES: Escapes = Escapes {
    slash: true,
    ..PLAIN
};

/// PHP's `json_encode`.
const PHP: Escapes = Escapes {
    beyond_ascii: true,
    ..SLASHES
};

/// Go's `encoding/json`, Rails.
const GO: Escapes = Escapes {
    chars: "<>&\u{2028}\u{2029}",
    ..PLAIN
};

/// Gson.
const GSON: Escapes = Escapes {
    chars: "<>&='\u{2028}\u{2029}",
    ..PLAIN
};

/// .NET's `System.Text.Json`.
const DOTNET: Escapes = Escapes {
    beyond_ascii: true,
    chars: "<>&'\"+`\u{7f}",
    upper: true,
    ..PLAIN
};

/// The layouts besides the compact one: Python; JavaScript, Ruby and Go; PHP and Java; tabs.
pub(super) const LAYOUTS: &[Layout] = &[
    Layout::Spaced,
    Layout::Indented("  ", "\n"),
    Layout::Indented("    ", "\n"),
    Layout::Indented("\t", "\n"),
];

/// The layouts that are tried last: .NET, PowerShell and files on Windows, odd indents and separators.
pub(super) const RARE_LAYOUTS: &[Layout] = &[
    Layout::Indented("  ", "\r\n"),
    Layout::Indented("    ", "\r\n"),
    Layout::Indented("\t", "\r\n"),
    Layout::CommaSpaced,
    Layout::ColonSpaced,
    Layout::Indented(" ", "\n"),
    Layout::Indented("   ", "\n"),
    Layout::Indented(" ", "\r\n"),
    Layout::Indented("", "\n"),
    Layout::Jackson("\n"),
    Layout::Jackson("\r\n"),
    Layout::PowerShell("\r\n"),
    Layout::PowerShell("\n"),
];

/// The styles of other programs that change more than white space and numbers.
pub(super) const ESCAPED: &[(Cause, Escapes)] = &[
    (cause::ESCAPES_UNDONE, PLAIN),
    (cause::UNICODE_ESCAPED, UNICODE),
    (cause::SLASHES_ESCAPED, SLASHES),
    (cause::PHP_ESCAPED, PHP),
    (cause::HTML_ESCAPED, GO),
    (cause::HTML_ESCAPED, GSON),
    (cause::HTML_ESCAPED, DOTNET),
];

/// The escapes with which programs write sorted keys: as they are, Python, Go.
pub(super) const SORTED: &[Option<Escapes>] = &[None, Some(PLAIN), Some(UNICODE), Some(GO)];
