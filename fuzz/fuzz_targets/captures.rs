//! Files of others: whatever they hold, each entry is read or told, and what was read can be written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use webhook_cli::formats::{captures, curl, message};

/// The first byte chooses the name by which a form is recognised.
const NAMES: [Option<&str>; 5] = [
    None,
    Some("a.har"),
    Some("a.http"),
    Some("a.ndjson"),
    Some("a.json"),
];

/// How many entries are looked at; a file of commas has as many as it has bytes.
const MOST: usize = 200;

fuzz_target!(|data: &[u8]| {
    let Some((choice, file)) = data.split_first() else {
        return;
    };
    let name = NAMES[usize::from(*choice) % NAMES.len()];
    let Ok(found) = captures(file, name) else {
        return;
    };
    for entry in found.take(MOST) {
        match entry {
            Ok(entry) => {
                let request = &entry.capture.request;
                let _ = message::write(request, None);
                if let Ok(command) = curl::command(request, "http://localhost:1/") {
                    let is_odd = |c: char| c.is_control() && c != '\n' && c != '\t';
                    assert!(!command.contains(is_odd), "{command:?}");
                }
            }
            Err(error) => assert!(!error.to_string().contains('\n'), "{error}"),
        }
    }
});
