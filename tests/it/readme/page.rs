//! What stands on the page.

use std::path::Path;

/// A fenced block.
#[derive(Debug)]
pub struct Block {
    /// The title of the section, of the second level.
    pub section: String,
    /// What follows the fence, such as `sh`.
    pub kind: String,
    /// The lines within.
    pub text: String,
}

impl Block {
    /// The commands of a shell block; one that goes on in the next line is one.
    pub fn commands(&self) -> Vec<String> {
        let text = self.text.replace("\\\n", " ");
        text.lines().map(str::to_owned).collect()
    }

    /// The commands of a session, each with what is shown below it.
    pub fn session(&self) -> Vec<(String, String)> {
        let text = format!("\n{}", self.text);
        let parts = text.split("\n$ ").skip(1);
        let pair = |part: &str| {
            let (command, shown) = part.split_once('\n').unwrap_or((part, ""));
            (command.to_owned(), shown.trim_end().to_owned())
        };
        parts.map(pair).collect()
    }
}

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    std::fs::read_to_string(path).expect("a page")
}

/// The fenced blocks in order.
pub fn blocks() -> Vec<Block> {
    let mut blocks = Vec::new();
    let (mut section, mut open) = (String::new(), None::<Block>);
    for line in page().lines() {
        match (&mut open, line.strip_prefix("```")) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => block.text.extend([line, "\n"]),
            (None, Some(kind)) => {
                open = Some(Block {
                    section: section.clone(),
                    kind: kind.to_owned(),
                    text: String::new(),
                });
            }
            (None, None) => {
                if let Some(title) = line.strip_prefix("## ") {
                    title.clone_into(&mut section);
                }
            }
        }
    }
    blocks
}

/// What stands in back-ticks in the text between the blocks.
pub fn inline() -> Vec<String> {
    let page = page();
    let text = page.split("```").step_by(2).collect::<String>();
    let spans = text.split('`').skip(1).step_by(2);
    spans.map(|span| span.replace('\n', " ")).collect()
}
