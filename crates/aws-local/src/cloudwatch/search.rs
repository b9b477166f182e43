//! The search inside `SEARCH('{Namespace,Dimension} terms', ...)`: which metrics it means.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html>
//!
//! A plain term matches words, as CloudWatch cuts them (`cpu` is a word of `CPUUtilization`), in any case. A quoted one
//! matches a whole name or value; without a designator also the beginning of one, so that `"<job>/algo-"` finds the hosts
//! of a job and of no other.

use super::math::{Malformed, malformed};
use super::metric::MetricKey;
use super::store::job_in;

const MAX_DEPTH: usize = 16;

#[derive(Debug, PartialEq)]
pub(super) struct Search {
    /// The namespace and the names of the dimensions; no names means any.
    schema: Option<(String, Vec<String>)>,
    terms: Terms,
}

#[derive(Debug, PartialEq)]
enum Terms {
    All(Vec<Terms>),
    Any(Vec<Terms>),
    Not(Box<Terms>),
    /// `designator=text`, or text that may be anywhere.
    Term {
        designator: Option<String>,
        text: String,
        is_quoted: bool,
    },
}

#[derive(Debug, Clone, PartialEq)]
enum Word {
    Plain(String),
    Quoted(String),
    Symbol(char),
}

impl Search {
    pub(super) fn parse(text: &str) -> Result<Self, Malformed> {
        let mut text = text.trim();
        let mut schema = None;
        if let Some(inner) = text.strip_prefix('{') {
            let Some((inside, rest)) = inner.split_once('}') else { return malformed("the schema's } is missing") };
            let mut names = inside.split(',').map(|name| name.trim().trim_matches('"').to_owned());
            match names.next().filter(|namespace| !namespace.is_empty()) {
                Some(namespace) => schema = Some((namespace, names.collect())),
                None => return malformed("the schema has no namespace"),
            }
            text = rest;
        }
        let words = words(text)?;
        if schema.is_none() && words.is_empty() {
            return malformed("a search needs a schema or a term");
        }
        let mut reader = Reader { rest: &words, depth: 0 };
        let terms = if words.is_empty() { Terms::All(Vec::new()) } else { reader.any(None)? };
        if !reader.rest.is_empty() {
            return malformed("a parenthesis of the search is not opened");
        }
        Ok(Self { schema, terms })
    }

    pub(super) fn namespace(&self) -> Option<&str> {
        self.schema.as_ref().map(|(namespace, _)| namespace.as_str())
    }

    /// The only job whose metrics can match: it spares a look into all the others.
    pub(super) fn job(&self) -> Option<&str> {
        let all = match &self.terms {
            Terms::All(all) => all.as_slice(),
            one => std::slice::from_ref(one),
        };
        all.iter().find_map(|term| match term {
            Terms::Term { designator: Some(name), text, is_quoted: true } => job_in(name, text),
            Terms::Term { designator: None, text, is_quoted: true } => {
                self.namespace().filter(|namespace| *namespace == super::JOB_NAMESPACE).and(job_in("Host", text))
            }
            _ => None,
        })
    }

    pub(super) fn matches(&self, key: &MetricKey) -> bool {
        let in_schema = self.schema.as_ref().is_none_or(|(namespace, names)| {
            *namespace == key.namespace
                && (names.is_empty()
                    || (names.len() == key.dimensions.len()
                        && key.dimensions.iter().all(|(known, _)| names.contains(known))))
        });
        in_schema && self.terms.matches(key)
    }
}

impl Terms {
    fn matches(&self, key: &MetricKey) -> bool {
        match self {
            Self::All(all) => all.iter().all(|terms| terms.matches(key)),
            Self::Any(any) => any.iter().any(|terms| terms.matches(key)),
            Self::Not(terms) => !terms.matches(key),
            Self::Term { designator, text, is_quoted } => match designator.as_deref() {
                None => {
                    let mut parts = [key.namespace.as_str(), key.name.as_str()]
                        .into_iter()
                        .chain(key.dimensions.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]));
                    parts.any(|part| if *is_quoted { part.starts_with(text) } else { has_words(part, text) })
                }
                Some(designator) => {
                    let part = match designator {
                        "MetricName" => Some(key.name.as_str()),
                        "Namespace" => Some(key.namespace.as_str()),
                        name => key.dimensions.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()),
                    };
                    part.is_some_and(|part| if *is_quoted { part == text } else { has_words(part, text) })
                }
            },
        }
    }
}

/// Whether all words of `wanted` are words of `text`.
fn has_words(text: &str, wanted: &str) -> bool {
    let known = text_words(text);
    let mut wanted = wanted.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty()).peekable();
    wanted.peek().is_some() && wanted.all(|word| known.contains(&word.to_lowercase()))
}

/// Runs of letters and digits, and the parts that capitals make of them.
fn text_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for run in text.split(|char: char| !char.is_alphanumeric()).filter(|run| !run.is_empty()) {
        words.push(run.to_lowercase());
        let chars: Vec<char> = run.chars().collect();
        let mut part = String::new();
        for (at, char) in chars.iter().enumerate() {
            let begins = char.is_uppercase()
                && (at.checked_sub(1).is_some_and(|before| !chars[before].is_uppercase())
                    || chars.get(at + 1).is_some_and(|after| after.is_lowercase()));
            if begins && !part.is_empty() {
                words.push(std::mem::take(&mut part).to_lowercase());
            }
            part.push(*char);
        }
        words.push(part.to_lowercase());
    }
    words
}

fn words(text: &str) -> Result<Vec<Word>, Malformed> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '(' | ')' | '=' => {
                words.push(Word::Symbol(first));
                1
            }
            '"' | '\'' => {
                let Some(length) = rest[1..].find(first) else {
                    return malformed("a quote of the search is not closed");
                };
                words.push(Word::Quoted(rest[1..=length].to_owned()));
                length + 2
            }
            _ => {
                let ends = |char: char| char.is_whitespace() || matches!(char, '(' | ')' | '=' | '"' | '\'');
                let length = rest.find(ends).unwrap_or(rest.len());
                words.push(Word::Plain(rest[..length].to_owned()));
                length
            }
        };
        rest = rest[length..].trim_start();
    }
    Ok(words)
}

struct Reader<'a> {
    rest: &'a [Word],
    depth: usize,
}

impl Reader<'_> {
    fn any(&mut self, designator: Option<&str>) -> Result<Terms, Malformed> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return malformed(format!("the search is nested more than {MAX_DEPTH} deep"));
        }
        let mut any = vec![self.all(designator)?];
        while self.take(&Word::Plain("OR".to_owned())) {
            any.push(self.all(designator)?);
        }
        self.depth -= 1;
        Ok(if any.len() == 1 { any.swap_remove(0) } else { Terms::Any(any) })
    }

    /// Terms next to each other must all match; `AND` between them says the same.
    fn all(&mut self, designator: Option<&str>) -> Result<Terms, Malformed> {
        let mut all = vec![self.one(designator)?];
        loop {
            let is_joined = self.take(&Word::Plain("AND".to_owned()));
            match self.rest.first() {
                None | Some(Word::Symbol(')')) if !is_joined => break,
                Some(Word::Plain(word)) if word == "OR" && !is_joined => break,
                _ => all.push(self.one(designator)?),
            }
        }
        Ok(if all.len() == 1 { all.swap_remove(0) } else { Terms::All(all) })
    }

    fn one(&mut self, designator: Option<&str>) -> Result<Terms, Malformed> {
        let mut is_negated = false;
        while self.take(&Word::Plain("NOT".to_owned())) {
            is_negated = !is_negated;
        }
        let term = self.term(designator)?;
        Ok(if is_negated { Terms::Not(Box::new(term)) } else { term })
    }

    fn term(&mut self, designator: Option<&str>) -> Result<Terms, Malformed> {
        let Some((word, rest)) = self.rest.split_first() else { return malformed("the search ends too early") };
        self.rest = rest;
        let (text, is_quoted) = match word {
            Word::Plain(text) => (text, false),
            Word::Quoted(text) => (text, true),
            Word::Symbol('(') => {
                let inner = self.any(designator)?;
                if !self.take(&Word::Symbol(')')) {
                    return malformed("a parenthesis of the search is not closed");
                }
                return Ok(inner);
            }
            Word::Symbol(symbol) => return malformed(format!("{symbol:?} is not expected in the search")),
        };
        if designator.is_none() && self.take(&Word::Symbol('=')) {
            return self.term(Some(text));
        }
        Ok(Terms::Term { designator: designator.map(str::to_owned), text: text.clone(), is_quoted })
    }

    fn take(&mut self, word: &Word) -> bool {
        let is_next = self.rest.first() == Some(word);
        if is_next {
            self.rest = &self.rest[1..];
        }
        is_next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(namespace: &str, name: &str, dimension: (&str, &str)) -> MetricKey {
        MetricKey {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            dimensions: vec![(dimension.0.to_owned(), dimension.1.to_owned())],
        }
    }

    #[test]
    fn both_patterns_for_jobs_find_that_job_only() {
        let namespace = "/aws/sagemaker/TrainingJobs";
        let loss = |job| key(namespace, "train:loss", ("TrainingJobName", job));
        let search =
            Search::parse(r#"{/aws/sagemaker/TrainingJobs,TrainingJobName} TrainingJobName="my-job""#).unwrap();
        assert!(search.matches(&loss("my-job")) && !search.matches(&loss("my-job-2")));
        assert_eq!((search.job(), search.namespace()), (Some("my-job"), Some(namespace)));
        let host = |host| key(namespace, "CPUUtilization", ("Host", host));
        let search = Search::parse(r#"{/aws/sagemaker/TrainingJobs,Host} "my-job/algo-""#).unwrap();
        assert!(search.matches(&host("my-job/algo-1")) && search.matches(&host("my-job/algo-12")));
        assert!(!search.matches(&host("not-my-job/algo-1")) && !search.matches(&loss("my-job")));
        assert_eq!(search.job(), Some("my-job"));
    }

    #[test]
    fn words_designators_and_logic() {
        let metric = key("AWS/EC2", "CPUUtilization", ("InstanceType", "t2.micro"));
        for (search, matches) in [
            ("{AWS/EC2,InstanceType} cpu", true),
            ("{AWS/EC2,InstanceType} utilization AND micro", true),
            ("{AWS/EC2,InstanceType}", true),
            ("{AWS/EC2}", true),
            ("{AWS/EC2,InstanceType,Other}", false),
            ("{\"AWS/EC2\", \"InstanceType\"} InstanceType=micro", true),
            ("InstanceType=\"micro\"", false),
            ("MetricName=(disk OR cpu) NOT large", true),
            ("MetricName=\"CPUUtilization\" NOT micro", false),
            ("disk OR (cpu AND large)", false),
            ("Namespace=\"AWS/EC2\"", true),
            ("memory", false),
        ] {
            assert_eq!(Search::parse(search).unwrap().matches(&metric), matches, "{search}");
        }
        for wrong in ["", "{}", "{a", "(a", "a)", "a =", "\"a", "a AND", &"(".repeat(99)] {
            assert!(Search::parse(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_search_is_read_or_refused(text in ".{0,200}", code in "[{},a-c=()\"' ANDORT]{0,200}") {
            let metric = key("ns", "aB1cÖ", ("d", &text));
            for search in [text.as_str(), &code] {
                let _ = Search::parse(search).map(|search| search.matches(&metric));
            }
        }
    }
}
