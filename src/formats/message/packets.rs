//! What `tcpdump` prints: a line about each packet, then its bytes, with `-A` as text and with `-x` or `-X`
//! as numbers. The packets of each direction of a connection are put together.

use std::collections::{HashMap, HashSet};

use super::head::request_line;
use super::lines::NumberedLines;

/// The methods that are looked for behind a packet's own headers.
const METHODS: [&[u8]; 5] = [b"POST ", b"PUT ", b"PATCH ", b"GET ", b"DELETE "];

/// The most bytes that a packet's own headers take before the request line: IPv6 has 40 and TCP at
/// most 60, and the rest is room for extension headers. Past them nothing is looked for, so that a
/// long line costs no more for each of its bytes.
const MAX_PACKET_HEADERS: usize = 256;

/// What they mostly take: IPv4 has 20, and TCP 32 with time stamps, as all systems send them.
const USUAL_PACKET_HEADERS: usize = 52;

/// Who sends to whom, the sequence numbers, and how many bytes.
type AboutPacket<'a> = ((&'a str, &'a str), &'a str, usize);

/// What was sent in one direction of a connection.
struct Flow {
    bytes: Vec<u8>,
    line: u64,
    has_dots: bool,
}

/// What was sent in each direction, in the order in which they began.
#[derive(Default)]
struct Flows<'a> {
    list: Vec<Flow>,
    places: HashMap<(&'a str, &'a str), usize>,
    /// The sequence numbers that were taken; a packet may have been sent again.
    taken: HashSet<(&'a str, Vec<u8>)>,
}

/// Such as `10:30:01.123456 IP 10.0.0.1.50812 > 10.0.0.2.4400: Flags [P.], seq 1:200, length 199`.
pub fn is_about(line: &[u8]) -> bool {
    about(line).is_some()
}

fn about(line: &[u8]) -> Option<AboutPacket<'_>> {
    let text = std::str::from_utf8(line).ok()?;
    let is_packet = text.contains("IP ") || text.contains("IP6 ") || text.starts_with("    ");
    let (before, after) = text.split_once(" > ").filter(|_| is_packet)?;
    let (to, rest) = after.split_once(": ")?;
    let from = before.rsplit(' ').next()?;
    let length = rest.rsplit_once("length ")?.1;
    let digits = length.split(|char: char| !char.is_ascii_digit()).next()?;
    let numbers = rest.split_once("seq ").map_or("", |(_, rest)| rest);
    let numbers = numbers.split(',').next()?;
    Some(((from, to), numbers, digits.parse().ok()?))
}

/// The requests in a dump, the line of the first, and whether bytes that are not printable are dots;
/// `None` where a text is none.
pub fn read(bytes: &[u8], first: u64) -> Option<(Vec<u8>, u64, bool)> {
    let mut lines = NumberedLines::new(bytes, first);
    let (_, start) = lines.find(|(_, line)| !line.is_empty())?;
    let mut packet = about(start)?;
    let mut flows = Flows::default();
    loop {
        let (from, mut to, mut line) = (lines.used, lines.used, first);
        let next = loop {
            let Some((number, text)) = lines.next() else {
                break None;
            };
            line = if to == from { number } else { line };
            if let Some(next) = about(text) {
                break Some(next);
            }
            to = lines.used;
        };
        flows.add(packet, bytes.get(from..to)?, line);
        match next {
            Some(next) => packet = next,
            None => break,
        }
    }
    let mut flows = flows.list;
    flows.retain(|flow| METHODS.iter().any(|method| flow.bytes.starts_with(method)));
    let line = flows.first()?.line;
    let has_dots = flows.iter().any(|flow| flow.has_dots);
    let message = flows
        .into_iter()
        .flat_map(|flow| undotted(flow.bytes))
        .collect();
    Some((message, line, has_dots))
}

impl<'a> Flows<'a> {
    /// Adds what a packet carries to what came before it.
    fn add(&mut self, (ends, numbers, length): AboutPacket<'a>, shown: &[u8], line: u64) {
        let place = self.places.get(&ends);
        let hex = of_hex(shown);
        let payload = match &hex {
            Some(packet) => carried(packet, length).unwrap_or_default(),
            None => of_text(shown, length, place.is_some()),
        };
        if length == 0 || !self.taken.insert((numbers, payload.to_vec())) {
            return;
        }
        if let Some(flow) = place.and_then(|place| self.list.get_mut(*place)) {
            flow.bytes.extend(payload);
        } else {
            self.places.insert(ends, self.list.len());
            self.list.push(Flow {
                bytes: payload.to_vec(),
                line,
                has_dots: hex.is_none(),
            });
        }
    }
}

/// The bytes of a packet out of lines such as `\t0x0010:  4500 0034  E..4`; `None` where there is none.
fn of_hex(shown: &[u8]) -> Option<Vec<u8>> {
    let mut packet = Vec::new();
    for (_, line) in NumberedLines::new(shown, 1) {
        let text = String::from_utf8_lossy(line.trim_ascii_start());
        let Some((_, columns)) = text
            .strip_prefix("0x")
            .and_then(|text| text.split_once(':'))
        else {
            continue;
        };
        let columns = columns.trim_start().split("  ").next().unwrap_or_default();
        let digits: Vec<u8> = columns.bytes().filter(|byte| *byte != b' ').collect();
        for pair in digits.chunks_exact(2) {
            packet.push(u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?);
        }
    }
    (!packet.is_empty()).then_some(packet)
}

/// What is behind the headers of IP and TCP (RFC 791, 8200 and 9293), which a frame's may precede.
fn carried(packet: &[u8], length: usize) -> Option<&[u8]> {
    let begins = |at: &usize| matches!(packet.get(*at).map(|byte| byte >> 4), Some(4 | 6));
    let start = [0, 14].into_iter().find(begins)?;
    let first = *packet.get(start)?;
    let transport = start
        + if first >> 4 == 4 {
            usize::from(first & 15) * 4
        } else {
            40
        };
    let offset = usize::from(packet.get(transport + 12)? >> 4) * 4;
    let payload = packet.get(transport + offset..)?;
    Some(payload.get(..length).unwrap_or(payload))
}

/// What is behind a packet's headers in a text that has a character for each byte, but none for the CR
/// of a line end, and ends in a line end of its own.
fn of_text(shown: &[u8], length: usize, goes_on: bool) -> &[u8] {
    let shown = shown.strip_suffix(b"\n").unwrap_or(shown);
    let head = shown.get(..MAX_PACKET_HEADERS).unwrap_or(shown);
    let request = (0..head.len()).find(|at| is_request(shown.get(*at..).unwrap_or_default()));
    let behind = shown.len().checked_sub(length);
    let behind = behind.filter(|at| *at < MAX_PACKET_HEADERS);
    let start = request.or_else(|| goes_on.then(|| behind.unwrap_or(USUAL_PACKET_HEADERS)));
    start.and_then(|at| shown.get(at..)).unwrap_or_default()
}

/// A message without the dots that old versions print for the CR of each line end.
fn undotted(bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.windows(3).position(|three| three == b"\n.\n");
    let Some((head, body)) = end.and_then(|end| bytes.split_at_checked(end)) else {
        return bytes;
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let bare: Option<Vec<_>> = lines.by_ref().map(|line| line.strip_suffix(b".")).collect();
    match bare {
        Some(bare) => [
            bare.join(&b'\n').as_slice(),
            b"\n\n",
            body.get(3..).unwrap_or_default(),
        ]
        .concat(),
        None => bytes,
    }
}

fn is_request(bytes: &[u8]) -> bool {
    let line = NumberedLines::new(bytes, 1).next();
    METHODS.iter().any(|method| bytes.starts_with(method))
        && line.is_some_and(|(_, line)| request_line(line).is_some())
}
