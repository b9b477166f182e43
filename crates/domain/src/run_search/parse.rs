//! From tokens to conditions, fields and lists of them, by descent; each token is looked at a fixed number of times.

use super::{
    Condition, Field, MAX_DEPTH, MAX_TESTS, Op, Operand, SearchFault, Stat, Test,
    lexer::{Placed, Token, is_keyword, tokens},
};

type Result<T> = std::result::Result<T, SearchFault>;

pub(super) struct Parser {
    tokens: Vec<Placed>,
    next: usize,
    /// The text's length in characters: where a fault is that something is missing.
    end: usize,
    depth: usize,
    tests: usize,
}

impl Parser {
    pub(super) fn new(text: &str) -> Result<Self> {
        Ok(Self { tokens: tokens(text)?, next: 0, end: text.chars().count(), depth: 0, tests: 0 })
    }

    pub(super) fn condition(&mut self) -> Result<Option<Condition>> {
        if self.tokens.is_empty() {
            return Ok(None);
        }
        let condition = self.either()?;
        self.end("this `)` closes nothing: leave it out, or add a `(` before")?;
        Ok(Some(condition))
    }

    /// Nothing more may be there.
    pub(super) fn end(&self, message: &str) -> Result<()> {
        self.peek().map_or(Ok(()), |it| Err(it.fault(message)))
    }

    /// With commas between, at most `max` of `what`.
    pub(super) fn list<T>(&mut self, max: usize, what: &str, one: impl Fn(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut found = Vec::new();
        if self.tokens.is_empty() {
            return Ok(found);
        }
        loop {
            if found.len() == max {
                return Err(self.fault_here(format!("these are too many {what}: at most {max} are read")));
            }
            found.push(one(self)?);
            if self.peek().is_none() {
                return Ok(found);
            }
            if !self.take(&Token::Comma) {
                return Err(self.fault_here(format!("a comma is missing between {what}")));
            }
        }
    }

    /// `a OR b`.
    fn either(&mut self) -> Result<Condition> {
        let mut list = vec![self.both()?];
        while self.word("or") {
            list.push(self.both()?);
        }
        Ok(joined(list, Condition::Or))
    }

    /// `a AND b`, and the same without the word.
    fn both(&mut self) -> Result<Condition> {
        let mut list = vec![self.single()?];
        loop {
            let has_word = self.word("and");
            let is_over = match self.peek().map(|it| &it.token) {
                None | Some(Token::Close) => true,
                Some(Token::Word(word)) => word.eq_ignore_ascii_case("or"),
                _ => false,
            };
            if is_over && !has_word {
                return Ok(joined(list, Condition::And));
            }
            list.push(self.single()?);
        }
    }

    fn single(&mut self) -> Result<Condition> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.fault_here(format!("this is nested too deeply: at most {MAX_DEPTH} levels are read")));
        }
        let condition = if self.word("not") {
            Condition::Not(Box::new(self.single()?))
        } else if let Some(open) = self.peek().filter(|it| it.token == Token::Open).cloned() {
            self.next += 1;
            let inner = self.either()?;
            if !self.take(&Token::Close) {
                return Err(match self.peek() {
                    Some(it) => it.fault(format!("a `)` is missing before {}", it.shown())),
                    None => open.fault("this `(` is never closed: add a `)`"),
                });
            }
            inner
        } else {
            self.atom()?
        };
        self.depth -= 1;
        Ok(condition)
    }

    /// A test of a field, or a part of the name.
    fn atom(&mut self) -> Result<Condition> {
        self.tests += 1;
        if self.tests > MAX_TESTS {
            return Err(self.fault_here(format!("these are too many conditions: at most {MAX_TESTS} are read")));
        }
        let Some(first) = self.peek().cloned() else {
            return Err(self.fault_here("a condition is missing here, such as status = failed"));
        };
        // A sign of another language says more about the mistake than the word before it.
        let signs = self.tokens.get(self.next..).unwrap_or_default().iter().take(2);
        for placed in signs {
            if let Token::Sign(sign) = &placed.token
                && Op::parse(sign).is_none()
            {
                return Err(placed.fault(bad_sign(sign)));
            }
        }
        match &first.token {
            Token::Quoted(text) => {
                if self.is_test_behind(1) {
                    return Err(
                        first.fault("a quoted text is no field: write params.`a b`, metrics.`a b` or tags.`a b`")
                    );
                }
                if text.is_empty() {
                    return Err(first.fault("there is nothing in these quotes: write a part of a job name"));
                }
                self.next += 1;
                Ok(Condition::NameContains(text.clone()))
            }
            Token::Word(word) if is_keyword(word) => {
                let message = format!(
                    "a condition is missing before {}; a name is looked for in quotes: '{word}'",
                    first.shown()
                );
                Err(first.fault(message))
            }
            // No job name has a dot: a word with one is a field.
            Token::Word(word) if !word.contains('.') && !self.is_function() && !self.is_test_behind(1) => {
                self.next += 1;
                Ok(Condition::NameContains(word.clone()))
            }
            Token::Word(_) | Token::Named(..) => self.field_test(&first),
            Token::Sign(_) => Err(first.fault(format!("a field is missing before {}", first.shown()))),
            Token::Open | Token::Close | Token::Comma => {
                Err(first.fault(format!("a condition is missing before {}", first.shown())))
            }
        }
    }

    fn field_test(&mut self, first: &Placed) -> Result<Condition> {
        let field = self.field()?;
        if self.word("is") {
            let is_not = self.word("not");
            if !self.word("null") {
                return Err(self.fault_here("behind IS comes NULL or NOT NULL; for a value write ="));
            }
            return Ok(Condition::test(field, Test::Null { is_not }));
        }
        let is_not = self.word("not");
        if self.word("in") {
            return Ok(Condition::test(field.clone(), Test::In { values: self.values(&field)?, is_not }));
        }
        for (word, is_case_ignored) in [("like", false), ("ilike", true)] {
            if self.word(word) {
                let pattern = self.pattern(&field)?;
                return Ok(Condition::test(field, Test::Like { pattern, is_case_ignored, is_not }));
            }
        }
        let Some(sign) = self.peek().cloned() else {
            return Err(first.fault(format!("nothing is asked of {field}: compare it, or write {field} IS NOT NULL")));
        };
        let Token::Sign(text) = &sign.token else {
            return Err(first.fault(format!("nothing is asked of {field}: compare it, or write {field} IS NOT NULL")));
        };
        let op = Op::parse(text).ok_or_else(|| sign.fault(bad_sign(text)))?;
        self.next += 1;
        let test = if self.word("null") {
            match op {
                Op::Equal => Test::Null { is_not: false },
                Op::NotEqual => Test::Null { is_not: true },
                _ => return Err(sign.fault("nothing is less or more than NULL: write IS NULL or IS NOT NULL")),
            }
        } else {
            Test::Compare { op, value: self.value(&field, op)? }
        };
        Ok(Condition::test(field, test))
    }

    /// A field, alone or in `min(..)`.
    pub(super) fn field(&mut self) -> Result<Field> {
        let is_function = self.is_function();
        let Some(first) = self.peek().cloned() else {
            return Err(self.fault_here("a field is missing here, such as status or metrics.loss"));
        };
        self.next += 1;
        match &first.token {
            Token::Word(word) if is_function => {
                let stat = Stat::parse(word).unwrap_or_default();
                self.next += 1;
                let inner = self.peek().cloned();
                let Field::Metric { name, stat: Stat::Last } = self.field()? else {
                    let place = inner.unwrap_or(first);
                    let message = format!("{}() is made of a metric: write {0}(metrics.NAME)", stat.as_str());
                    return Err(place.fault(message));
                };
                let field = Field::Metric { name, stat };
                if !self.take(&Token::Close) {
                    return Err(self.fault_here(format!("a `)` is missing behind {}(..", stat.as_str())));
                }
                Ok(field)
            }
            Token::Word(word) => Field::of_word(word).map_err(|it| first.fault(it)),
            Token::Named(head, name) => Field::of_name(head, name).map_err(|it| first.fault(it)),
            _ => Err(first.fault(format!("{} is no field: write one such as status or metrics.loss", first.shown()))),
        }
    }

    fn value(&mut self, field: &Field, op: Op) -> Result<Operand> {
        let Some(place) = self.peek().cloned() else {
            return Err(self.fault_here(format!("a value is missing that {field} is compared with")));
        };
        let (text, is_bare) = match &place.token {
            Token::Word(word) if is_keyword(word) => {
                return Err(place
                    .fault(format!("a value is missing before {}; a text goes in quotes: '{word}'", place.shown())));
            }
            Token::Word(word) => (word, true),
            Token::Quoted(text) => (text, false),
            _ => return Err(place.fault(format!("{} is no value: put quotes around a text", place.shown()))),
        };
        self.next += 1;
        Operand::parse(field, op, text, is_bare).map_err(|it| place.fault(it))
    }

    /// `(a, b)`.
    fn values(&mut self, field: &Field) -> Result<Vec<Operand>> {
        if !self.take(&Token::Open) {
            return Err(self.fault_here("behind IN comes a list: write IN (a, b)"));
        }
        let mut values = Vec::new();
        loop {
            values.push(self.value(field, Op::Equal)?);
            if self.take(&Token::Close) {
                return Ok(values);
            }
            if !self.take(&Token::Comma) {
                return Err(self.fault_here("a list goes on with a comma or ends with a `)`"));
            }
        }
    }

    fn pattern(&mut self, field: &Field) -> Result<String> {
        let Some(place) = self.peek().cloned() else {
            return Err(self.fault_here("a pattern is missing: write LIKE 'part%'"));
        };
        if field.kind() != super::FieldKind::Text {
            return Err(place.fault(format!("{field} is no text, so nothing is LIKE it: compare it with =, < or >")));
        }
        let pattern = match &place.token {
            Token::Word(word) if !is_keyword(word) => word.clone(),
            Token::Quoted(text) => text.clone(),
            _ => return Err(place.fault("a pattern is missing: write LIKE 'part%'")),
        };
        self.next += 1;
        Ok(pattern)
    }

    /// What stands so many tokens further asks something of the field before it.
    fn is_test_behind(&self, count: usize) -> bool {
        let word = |at: usize, words: &[&str]| match self.tokens.get(at).map(|it| &it.token) {
            Some(Token::Word(word)) => words.iter().any(|it| word.eq_ignore_ascii_case(it)),
            _ => false,
        };
        let at = self.next + count;
        matches!(self.tokens.get(at).map(|it| &it.token), Some(Token::Sign(_)))
            || word(at, &["is", "in", "like", "ilike"])
            || word(at, &["not"]) && word(at + 1, &["in", "like", "ilike"])
    }

    /// `min(` without a blank between.
    fn is_function(&self) -> bool {
        match self.tokens.get(self.next..).unwrap_or_default() {
            [Placed { token: Token::Word(word), at, length }, open, ..] => {
                open.token == Token::Open && open.at == at + length && Stat::parse(word).is_some()
            }
            _ => false,
        }
    }

    fn peek(&self) -> Option<&Placed> {
        self.tokens.get(self.next)
    }

    /// Goes past this word, in any case, when it is next.
    pub(super) fn word(&mut self, word: &str) -> bool {
        let is_next =
            matches!(self.peek(), Some(Placed { token: Token::Word(it), .. }) if it.eq_ignore_ascii_case(word));
        self.next += usize::from(is_next);
        is_next
    }

    fn take(&mut self, token: &Token) -> bool {
        let is_next = self.peek().is_some_and(|it| it.token == *token);
        self.next += usize::from(is_next);
        is_next
    }

    fn fault_here(&self, message: impl Into<String>) -> SearchFault {
        match self.peek() {
            Some(it) => it.fault(message),
            None => SearchFault::new(self.end, 0, message),
        }
    }
}

fn joined(mut list: Vec<Condition>, join: fn(Vec<Condition>) -> Condition) -> Condition {
    match list.pop() {
        Some(only) if list.is_empty() => only,
        Some(last) => {
            list.push(last);
            join(list)
        }
        None => join(list),
    }
}

fn bad_sign(sign: &str) -> String {
    let cure = match sign {
        "=>" => "write >=",
        "=<" => "write <=",
        "&" | "&&" => "write AND",
        "|" | "||" => "write OR",
        "!" => "write NOT before the condition, or != for a comparison",
        "~" | "=~" | "!~" => "write LIKE 'part%'",
        _ => "there are =, !=, <, <=, > and >=",
    };
    format!("`{sign}` compares nothing: {cure}")
}
