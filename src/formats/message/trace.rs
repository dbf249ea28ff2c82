//! What `curl --trace-ascii` and `--trace` write: each piece that was sent, by lines with their offsets.

use super::lines::NumberedLines;

/// How many bytes `--trace` shows on a line, and how many columns they take.
const HEX_COLUMNS: usize = 16 * 3;

/// What stands before each piece that was sent.
const SENT: [&[u8]; 2] = [b"=> Send header, ", b"=> Send data, "];

/// The bytes that were sent, as far as they are shown.
#[derive(Default)]
struct Trace {
    message: Vec<u8>,
    /// Where the piece that is read begins in the message, and how long it is.
    piece: Option<(usize, usize)>,
    /// Whether bytes are shown by their numbers; the first line tells.
    is_hex: Option<bool>,
    /// On which line the first bytes stand.
    line: u64,
}

/// Whether a line may be the first of a trace.
pub fn may_begin(line: &[u8]) -> bool {
    [b"== Info: ".as_slice(), b"=> Send ", b"<= Recv "]
        .iter()
        .any(|mark| find(line, mark).is_some())
}

/// What was sent, the line of its first bytes, and whether bytes that are not printable are dots;
/// `None` where a text is no trace.
pub fn read(bytes: &[u8], first: u64) -> Option<(Vec<u8>, u64, bool)> {
    let mut lines = NumberedLines::new(bytes, first)
        .skip_while(|(_, line)| line.is_empty())
        .peekable();
    lines.peek().filter(|(_, line)| may_begin(line))?;
    let mut trace = Trace::default();
    for (number, line) in lines {
        trace.take(number, line)?;
    }
    trace.end_piece();
    Some((trace.message, trace.line, trace.is_hex == Some(false)))
}

/// Behind which byte of the beginning of a line these stand, which may have a time before them.
fn find(line: &[u8], mark: &[u8]) -> Option<usize> {
    let start = line.get(..40).unwrap_or(line);
    let at = start.windows(mark.len()).position(|part| part == mark)?;
    Some(at + mark.len())
}

impl Trace {
    /// Takes a line; `None` where it is none of a trace.
    fn take(&mut self, number: u64, line: &[u8]) -> Option<()> {
        let Some((start, _)) = self.piece.filter(|_| !may_begin(line)) else {
            self.end_piece();
            let length = SENT
                .iter()
                .find_map(|mark| number_at(line.get(find(line, mark)?..)?, 10));
            self.piece = length.map(|length| (self.message.len(), length));
            return Some(());
        };
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (offset, shown) = line.split_at_checked(colon)?;
        let shown = shown.strip_prefix(b": ").unwrap_or_default();
        let is_hex = *self
            .is_hex
            .get_or_insert_with(|| shown.get(2) == Some(&b' '));
        if self.message.is_empty() {
            self.line = number;
        }
        self.fill_up_to(start.checked_add(number_at(offset, 16)?)?)?;
        if is_hex {
            let columns = shown.get(..HEX_COLUMNS).unwrap_or(shown);
            let bytes = columns
                .split(|byte| *byte == b' ')
                .filter(|digits| !digits.is_empty());
            for digits in bytes {
                self.message
                    .push(u8::try_from(number_at(digits, 16)?).ok()?);
            }
        } else {
            self.message.extend(shown);
        }
        Some(())
    }

    /// Writes what is not shown: a line end, or the spaces that an editor has taken off.
    fn fill_up_to(&mut self, end: usize) -> Option<()> {
        let gap = end
            .checked_sub(self.message.len())
            .filter(|gap| *gap <= HEX_COLUMNS + 16)?;
        let spaces = if gap >= 2 { gap - 2 } else { gap };
        self.message.extend(std::iter::repeat_n(b' ', spaces));
        self.message.extend(b"\r\n".iter().take(gap - spaces));
        Some(())
    }

    fn end_piece(&mut self) {
        if let Some((start, length)) = self.piece.take() {
            // A piece that is cut short is told by its length.
            let _ = self.fill_up_to(start + length);
        }
    }
}

fn number_at(text: &[u8], radix: u32) -> Option<usize> {
    let is_digit = |byte: &u8| char::from(*byte).is_digit(radix);
    let digits = text.iter().take_while(|byte| is_digit(byte)).count();
    let digits = std::str::from_utf8(text.get(..digits)?).ok()?;
    usize::from_str_radix(digits, radix).ok()
}
