//! Rust source as tokens: enough of the language to tell code from comments, texts and tests.

use std::ops::Range;

/// A word or a mark of the code, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    pub start: usize,
    pub line: usize,
}

/// A function: its name, the line where it begins, and how many lines it has.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    pub line: usize,
    pub lines: usize,
}

/// The code of a file without its tests.
pub struct Source {
    /// The text with comments and tests blanked out, byte for byte in its place.
    pub code: String,
    pub tokens: Vec<Token>,
    /// The modules in files of their own that are only there for tests.
    pub test_modules: Vec<String>,
}

impl Source {
    pub fn read(text: &str) -> Self {
        let tokens = tokens(&blank(text, true));
        let tests = tests(&tokens);
        let mut code = blank(text, false).into_bytes();
        for range in &tests {
            let end = tokens.get(range.end).map_or(code.len(), |next| next.start);
            let start = tokens[range.start].start;
            code[start..end].iter_mut().for_each(hide);
        }
        let test_modules = tests
            .iter()
            .filter_map(|range| module(&tokens[range.clone()]));
        let test_modules = test_modules.collect();
        let is_test = |place: &usize| tests.iter().any(|range| range.contains(place));
        let kept = (0..tokens.len()).filter(|place| !is_test(place));
        Self {
            code: String::from_utf8(code).expect("text stays text"),
            tokens: kept.map(|place| tokens[place].clone()).collect(),
            test_modules,
        }
    }

    /// The functions that have a body.
    pub fn functions(&self) -> Vec<Function> {
        let words = |place: usize| self.tokens.get(place).map(|token| token.text.as_str());
        let starts = (0..self.tokens.len()).filter(|place| words(*place) == Some("fn"));
        let function = |start: usize| {
            let name = words(start + 1)?.to_owned();
            // `fn(u8) -> u8` is a type.
            if name == "(" {
                return None;
            }
            let end = item_end(&self.tokens, start);
            let (first, last) = (&self.tokens[start], self.tokens.get(end - 1)?);
            (last.text == "}").then(|| Function {
                name,
                line: first.line,
                lines: last.line - first.line + 1,
            })
        };
        starts.filter_map(function).collect()
    }

    /// The rooms of the house that this file names, each with the line; `module` is the file's own
    /// path from the crate's root.
    pub fn rooms(&self, module: &[String]) -> Vec<(String, usize)> {
        let room = |(path, line): (Vec<String>, usize)| {
            let room = path.into_iter().next();
            (room.unwrap_or_else(|| "*".into()), line)
        };
        self.paths(module).into_iter().map(room).collect()
    }

    /// Every path of this crate that this file names, from the crate's root, each with the line. A
    /// path that is imported whole ends with the module's name.
    pub fn paths(&self, module: &[String]) -> Vec<(Vec<String>, usize)> {
        let mut paths = Vec::new();
        let mut reader = Paths {
            tokens: &self.tokens,
            place: 0,
            found: Vec::new(),
        };
        for (place, token) in self.tokens.iter().enumerate() {
            let is_start = matches!(token.text.as_str(), "crate" | "super" | "webhook_cli");
            let goes_on = place > 0 && self.tokens[place - 1].text == "::";
            let next = self.tokens.get(place + 1);
            let is_path = next.is_some_and(|next| next.text == "::");
            // What stands in a group was read with it.
            if is_start && !goes_on && is_path && place >= reader.place {
                reader.place = place;
                reader.tree(module.to_vec());
                paths.extend(reader.found.drain(..).map(|path| (path, token.line)));
            }
        }
        paths
    }

    /// What this module offers that stands elsewhere: the name, and the path from the crate's root.
    pub fn reexports(&self, module: &[String]) -> Vec<(String, Vec<String>)> {
        let mut reader = Paths {
            tokens: &self.tokens,
            place: 0,
            found: Vec::new(),
        };
        for (place, token) in self.tokens.iter().enumerate() {
            let before = place.checked_sub(1).map(|place| &self.tokens[place].text);
            if token.text == "use" && before.is_some_and(|before| before == "pub" || before == ")")
            {
                reader.place = place + 1;
                reader.tree(module.to_vec());
            }
        }
        let named = |path: Vec<String>| Some((path.last()?.clone(), path));
        reader.found.into_iter().filter_map(named).collect()
    }

    /// The structs, enums and traits that this file defines, each with the line.
    pub fn types(&self) -> Vec<(String, usize)> {
        let pairs = self.tokens.windows(2);
        let defined = pairs.filter_map(|pair| match pair {
            [keyword, name]
                if matches!(keyword.text.as_str(), "struct" | "enum" | "trait")
                    && name.text.starts_with(char::is_uppercase) =>
            {
                Some((name.text.clone(), name.line))
            }
            _ => None,
        });
        defined.collect()
    }
}

/// Reads a path, with its groups, from where it begins.
struct Paths<'a> {
    tokens: &'a [Token],
    place: usize,
    /// Every path that was read, from the crate's root.
    found: Vec<Vec<String>>,
}

impl Paths<'_> {
    fn tree(&mut self, mut at: Vec<String>) {
        while let Some(token) = self.tokens.get(self.place) {
            match token.text.as_str() {
                "{" => return self.group(&at),
                "crate" | "webhook_cli" => at.clear(),
                "super" => drop(at.pop()),
                "self" => {}
                name if is_word(name) => at.push(name.to_owned()),
                _ => break,
            }
            self.place += 1;
            match self.tokens.get(self.place) {
                Some(next) if next.text == "::" => self.place += 1,
                _ => break,
            }
        }
        self.found.push(at);
    }

    fn group(&mut self, at: &[String]) {
        self.place += 1;
        while let Some(token) = self.tokens.get(self.place) {
            match token.text.as_str() {
                "}" => {
                    self.place += 1;
                    return;
                }
                "," => self.place += 1,
                "as" => self.place += 2,
                "*" => {
                    self.found.push(at.to_vec());
                    self.place += 1;
                }
                _ => self.tree(at.to_vec()),
            }
        }
    }
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// The parts of the tokens that are compiled for tests alone.
fn tests(tokens: &[Token]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for start in 0..tokens.len() {
        if found.last().is_some_and(|last| last.contains(&start)) || tokens[start].text != "#" {
            continue;
        }
        let end = closing(tokens, start + 1);
        let words: Vec<_> = tokens[start..end].iter().map(|t| t.text.as_str()).collect();
        if words.get(2) == Some(&"cfg") && words.contains(&"test") && !words.contains(&"not") {
            found.push(start..item_end(tokens, end));
        }
    }
    found
}

/// The name of a module in a file of its own.
fn module(item: &[Token]) -> Option<String> {
    let [.., keyword, name, end] = item else {
        return None;
    };
    (keyword.text == "mod" && end.text == ";").then(|| name.text.clone())
}

/// The place behind the item that begins at `start`, attributes included.
fn item_end(tokens: &[Token], mut start: usize) -> usize {
    while tokens.get(start).is_some_and(|token| token.text == "#") {
        start = closing(tokens, start + 1);
    }
    let is_use = tokens.get(start).is_some_and(|token| token.text == "use");
    let mut place = start;
    while let Some(token) = tokens.get(place) {
        match token.text.as_str() {
            ";" => return place + 1,
            "{" if !is_use => return closing(tokens, place),
            "(" | "[" | "{" => place = closing(tokens, place),
            _ => place += 1,
        }
    }
    tokens.len()
}

/// The place behind the bracket that closes the one at `start`.
fn closing(tokens: &[Token], start: usize) -> usize {
    let mut depth = 0_usize;
    for (place, token) in tokens.iter().enumerate().skip(start) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return place + 1;
        }
    }
    tokens.len()
}

fn tokens(code: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut line = 1;
    let mut place = 0;
    while let Some(char) = code[place..].chars().next() {
        let rest = &code[place..];
        let length = if is_word(rest) {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
            end.unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            char.len_utf8()
        };
        line += usize::from(char == '\n');
        if !char.is_whitespace() {
            tokens.push(Token {
                text: rest[..length].to_owned(),
                start: place,
                line,
            });
        }
        place += length;
    }
    tokens
}

/// The text with its comments blanked out, and, where asked, what stands in quotes.
fn blank(text: &str, texts: bool) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut place = 0;
    while place < text.len() {
        let rest = &text[place..];
        let (length, hidden) = match comment(rest) {
            Some(length) => (length, true),
            None => quoted(rest, text[..place].chars().next_back()).map_or(
                (rest.chars().next().map_or(1, char::len_utf8), false),
                |length| (length, texts),
            ),
        };
        if hidden {
            bytes[place..place + length].iter_mut().for_each(hide);
        }
        place += length;
    }
    String::from_utf8(bytes).expect("whole characters were blanked out")
}

fn hide(byte: &mut u8) {
    if *byte != b'\n' {
        *byte = b' ';
    }
}

/// The length of the comment that the text begins with; block comments nest.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if !text.starts_with("/*") {
        return None;
    }
    let (mut depth, mut place) = (0_usize, 0);
    loop {
        let rest = text.get(place..)?;
        match rest.as_bytes() {
            [b'/', b'*', ..] => depth += 1,
            [b'*', b'/', ..] if depth == 1 => return Some(place + 2),
            [b'*', b'/', ..] => depth -= 1,
            _ => {
                place += rest.chars().next()?.len_utf8();
                continue;
            }
        }
        place += 2;
    }
}

/// The length of the literal in quotes that the text begins with.
fn quoted(text: &str, before: Option<char>) -> Option<usize> {
    if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let raw = text.trim_start_matches(['b', 'c']);
    if let Some(hashes) = raw.strip_prefix('r') {
        let count = hashes.len() - hashes.trim_start_matches('#').len();
        let body = hashes[count..].strip_prefix('"')?;
        let close = format!("\"{}", "#".repeat(count));
        let end = body.find(&close)? + close.len();
        return Some(text.len() - body.len() + end);
    }
    let mut chars = raw.char_indices();
    let (_, quote) = chars.next()?;
    let is_char = quote == '\'' && {
        let mut next = raw.chars().skip(1);
        next.next()? == '\\' || next.next()? == '\''
    };
    if quote != '"' && !is_char {
        return None;
    }
    let mut escaped = false;
    for (place, char) in chars {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if char == quote => return Some(text.len() - raw.len() + place + 1),
            _ => {}
        }
    }
    None
}
