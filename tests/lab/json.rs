//! Just enough JSON to hold the status to it: strict, and a tree to look things up in.

/// A JSON value; numbers as written.
#[derive(Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Json {
    /// Reads one value that fills the whole text.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut reader = Reader { rest: text };
        let value = reader.value()?;
        reader.space();
        if reader.rest.is_empty() {
            Ok(value)
        } else {
            Err(format!("after the end: {}", reader.rest))
        }
    }

    /// A member of an object.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// The elements of a list; none if it is not one.
    pub(crate) fn list(&self) -> &[Self] {
        match self {
            Self::List(elements) => elements,
            _ => &[],
        }
    }

    /// The text of a string.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn value(&mut self) -> Result<Json, String> {
        self.space();
        match self.rest.chars().next() {
            Some('{') => {
                let mut members = Vec::new();
                self.sequence('{', '}', |reader| {
                    reader.space();
                    let name = reader.string()?;
                    reader.space();
                    reader.expect(":")?;
                    members.push((name, reader.value()?));
                    Ok(())
                })?;
                Ok(Json::Object(members))
            }
            Some('[') => {
                let mut elements = Vec::new();
                self.sequence('[', ']', |reader| {
                    elements.push(reader.value()?);
                    Ok(())
                })?;
                Ok(Json::List(elements))
            }
            Some('"') => self.string().map(Json::Text),
            Some('t') => self.expect("true").map(|()| Json::Bool(true)),
            Some('f') => self.expect("false").map(|()| Json::Bool(false)),
            Some('n') => self.expect("null").map(|()| Json::Null),
            Some('-' | '0'..='9') => {
                let end = self
                    .rest
                    .find(|c: char| !"+-.eE0123456789".contains(c))
                    .unwrap_or(self.rest.len());
                let (number, rest) = self.rest.split_at(end);
                number
                    .parse::<f64>()
                    .map_err(|_| format!("no number: {number}"))?;
                self.rest = rest;
                Ok(Json::Number(number.to_owned()))
            }
            _ => Err(format!("no value: {}", self.rest)),
        }
    }

    fn sequence(
        &mut self,
        open: char,
        close: char,
        mut one: impl FnMut(&mut Self) -> Result<(), String>,
    ) -> Result<(), String> {
        self.expect(open.encode_utf8(&mut [0; 4]))?;
        self.space();
        if let Some(rest) = self.rest.strip_prefix(close) {
            self.rest = rest;
            return Ok(());
        }
        loop {
            one(self)?;
            self.space();
            if let Some(rest) = self.rest.strip_prefix(close) {
                self.rest = rest;
                return Ok(());
            }
            self.expect(",")?;
        }
    }

    fn string(&mut self) -> Result<String, String> {
        self.expect("\"")?;
        let mut text = String::new();
        let mut chars = self.rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    return Ok(text);
                }
                '\\' => match chars.next() {
                    Some((_, 'u')) => {
                        let code: String = chars.by_ref().take(4).map(|(_, c)| c).collect();
                        let code = u32::from_str_radix(&code, 16)
                            .map_err(|_| format!("no \\u code: {code}"))?;
                        text.push(char::from_u32(code).unwrap_or('\u{fffd}'));
                    }
                    Some((_, c @ ('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't'))) => text.push(c),
                    other => return Err(format!("no escape: {other:?}")),
                },
                c if c < ' ' => return Err("a control character in a string".to_owned()),
                c => text.push(c),
            }
        }
        Err("a string without end".to_owned())
    }

    fn expect(&mut self, what: &str) -> Result<(), String> {
        self.rest = self
            .rest
            .strip_prefix(what)
            .ok_or_else(|| format!("{what:?} expected: {}", self.rest))?;
        Ok(())
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
    }
}
