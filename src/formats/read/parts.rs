//! Lines that a container's log has cut into parts: Docker at 16 KiB, what Kubernetes runs by its flags.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem;
use serde::Deserialize;

use super::super::{FilePosition, FormatError, line};

/// How many bytes of parts are held, and of how many lines.
const MAX_HELD: usize = 256 * 1024 * 1024;
const MAX_OPEN: usize = 64;

/// What a decoder makes of half a character.
const LOST: &str = "\u{fffd}";

/// The members of which a line that is a part has one.
static MEMBERS: LazyLock<[memmem::Finder<'_>; 3]> =
    LazyLock::new(|| ["\"log\"", "\"MESSAGE\"", "\"message\""].map(memmem::Finder::new));

/// The lines of which the end has not come.
#[derive(Debug, Default)]
pub struct LineParts {
    open: Vec<OpenLine>,
}

/// A line of which the end has not come: its stream, and where it starts.
#[derive(Debug)]
struct OpenLine {
    stream: String,
    from: u64,
    text: Vec<u8>,
    /// The number of the part that comes next, where they are numbered.
    next: Option<u64>,
    /// Whether a number was left out.
    is_part_lost: bool,
}

/// A part of a line.
struct LinePart<'a> {
    stream: String,
    text: Cow<'a, [u8]>,
    /// Whether it is the last, where that is said.
    is_last: Option<bool>,
    /// Which of its line it is, from 1, where that is said.
    ordinal: Option<u64>,
}

/// Where a line starts, its text, and whether a part of it is missing.
pub type WholeLine<'a> = (u64, Result<Cow<'a, [u8]>, FormatError>, bool);

/// A line of Docker's, of journald's or of a collector's, with what they say of parts.
#[derive(Deserialize)]
struct PartForm {
    #[serde(alias = "MESSAGE", alias = "message")]
    log: String,
    stream: Option<String>,
    partial_message: Option<String>,
    #[serde(alias = "CONTAINER_PARTIAL_LAST")]
    partial_last: Option<String>,
    #[serde(alias = "CONTAINER_PARTIAL_ID")]
    partial_id: Option<String>,
    #[serde(alias = "CONTAINER_PARTIAL_ORDINAL")]
    partial_ordinal: Option<String>,
    #[serde(rename = "CONTAINER_PARTIAL_MESSAGE")]
    journald: Option<String>,
}

impl LineParts {
    /// Takes a line; gives back what is whole with it, and where that starts.
    pub fn take<'a>(&mut self, line: &'a [u8], number: u64) -> Option<WholeLine<'a>> {
        let whole = Some((number, Ok(Cow::Borrowed(line)), false));
        let Some(part) = of_cri(line).or_else(|| of_json(line)) else {
            return whole;
        };
        let at = self.open.iter().position(|open| open.stream == part.stream);
        let has_capture = || line::has_capture(&part.text, FilePosition::Line(number));
        // Where a collector has taken the line end off, what breaks off within an object is a part.
        let is_whole =
            part.is_last.is_none() && (at.is_none() && !part.text.contains(&b'{') || has_capture());
        let is_last = part.is_last == Some(true);
        match at {
            _ if is_whole => whole,
            None if is_last || self.open.len() == MAX_OPEN => whole,
            None => {
                self.open.push(OpenLine {
                    stream: part.stream,
                    from: number,
                    text: part.text.into_owned(),
                    next: part.ordinal.map(|ordinal| ordinal.saturating_add(1)),
                    is_part_lost: false,
                });
                None
            }
            Some(at) => self.join(at, &part),
        }
    }

    /// Adds a part to the line at this place of those that are open.
    fn join<'a>(&mut self, at: usize, part: &LinePart<'_>) -> Option<WholeLine<'a>> {
        let open = self.open.get_mut(at)?;
        let text = &part.text;
        let is_torn = open.text.ends_with(LOST.as_bytes()) || text.starts_with(LOST.as_bytes());
        if let (Some(next), Some(ordinal)) = (open.next, part.ordinal) {
            open.is_part_lost |= ordinal > next;
            open.next = Some(ordinal.saturating_add(1));
        }
        open.text.extend_from_slice(text);
        if !is_torn && part.is_last != Some(true) && open.text.len() < MAX_HELD {
            return None;
        }
        let open = self.open.swap_remove(at);
        let problem = "the container's log has cut a character in two";
        let text = if is_torn {
            Err(FormatError::at(FilePosition::Line(open.from), problem))
        } else {
            Ok(open.text.into())
        };
        Some((open.from, text, open.is_part_lost))
    }

    /// A line of which the end did not come.
    pub fn rest<'a>(&mut self) -> Option<WholeLine<'a>> {
        let open = self.open.pop()?;
        Some((open.from, Ok(open.text.into()), open.is_part_lost))
    }
}

/// Such as `2026-03-02T09:15:02.497123456Z stdout P {"v":1,`; `F` is the last.
fn of_cri(line: &[u8]) -> Option<LinePart<'_>> {
    line.first().filter(|first| first.is_ascii_digit())?;
    let mut words = line.splitn(4, |byte| *byte == b' ').skip(1);
    let stream = std::str::from_utf8(words.next()?).ok()?;
    let is_last = match words.next()?.split(|byte| *byte == b':').next()? {
        b"P" => false,
        b"F" => true,
        _ => return None,
    };
    let text = words.next().unwrap_or_default();
    let is_stream = ["stdout", "stderr"].contains(&stream);
    is_stream.then(|| LinePart {
        stream: stream.to_owned(),
        text: text.into(),
        is_last: Some(is_last),
        ordinal: None,
    })
}

/// Docker ends a line with its line end, journald and collectors have a member for what is a part.
fn of_json(line: &[u8]) -> Option<LinePart<'_>> {
    // Ours are many.
    if line.first() != Some(&b'{') || line.starts_with(br#"{"v":"#) {
        return None;
    }
    // Most lines have none of these, and to look for them takes a tenth of reading the line.
    let mut members = MEMBERS.iter();
    if !members.any(|member| member.find(line).is_some()) {
        return None;
    }
    let form = serde_json::from_slice::<PartForm>(line).ok()?;
    let says = |said: &Option<String>| said.as_deref().map(|said| said == "true");
    let is_part = says(&form.partial_message).or(says(&form.journald));
    let is_last = match is_part {
        Some(is_part) => Some(!is_part || says(&form.partial_last) == Some(true)),
        None if form.log.ends_with('\n') => Some(true),
        None => None,
    };
    let is_marked = is_part.is_some();
    let stream = form.partial_id.or(form.stream);
    let stream = stream.or_else(|| is_marked.then(String::new))?;
    Some(LinePart {
        stream,
        text: form.log.into_bytes().into(),
        is_last,
        ordinal: form.partial_ordinal.and_then(|text| text.parse().ok()),
    })
}
