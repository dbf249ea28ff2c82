//! What is right and wrong in a provider's folder, for `webhook providers check`.

use std::path::Path;

use colored::Colorize as _;

use super::sanitize::escape;
use super::units::counted;
use super::wrap::wrap;
use crate::provider::FolderCheck;

/// The folder with a line for each fault, and what was tried and is right.
pub fn folder_check(folder: &Path, found: &FolderCheck, width: Option<usize>) -> String {
    let place = folder.display().to_string();
    let mut lines = vec![format!(
        "{}  {}",
        escape(&found.name).bold(),
        escape(&place).dimmed()
    )];
    for fault in &found.faults {
        // The folder stands above.
        let text = fault.to_string().replace(&format!("{place}/"), "");
        lines.push(format!("  {} {}", "✗".red(), escape(&text)));
    }
    for (event, misfit) in &found.misfits {
        let text = format!("`{event}`: {misfit}");
        lines.push(format!("  {} {}", "!".yellow(), escape(&text)));
    }
    let tried = [
        (
            found.events,
            "event",
            "events",
            "signed, read back and verified",
        ),
        (found.vectors, "vector", "vectors", "as expected"),
    ];
    for (count, one, many, outcome) in tried.into_iter().filter(|(count, ..)| *count > 0) {
        lines.push(format!(
            "  {} {} {outcome}",
            "✓".green(),
            counted(count, one, many)
        ));
    }
    if found.faults.is_empty() && found.events == 0 {
        lines.push(format!(
            "  {} the definition can be used; it has no events",
            "✓".green()
        ));
    }
    wrap(&lines.join("\n"), width)
}
