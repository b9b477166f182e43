//! The grammar: sums of products of powers, calls and lists.

use super::token::{Token, tokens};
use super::{Malformed, malformed};

/// How many parentheses, calls and signs may be inside each other: reading and computing recurse.
const MAX_DEPTH: usize = 24;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
}

#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Expression {
    Number(f64),
    Text(String),
    /// Another query's result, or a word such as `REPEAT` that a function knows.
    Id(String),
    List(Vec<Expression>),
    Negative(Box<Expression>),
    /// Operators of one rank in a row, from left to right: a long sum is not a deep tree.
    Chain(Box<Expression>, Vec<(Operator, Expression)>),
    Call(String, Vec<Expression>),
}

pub(in super::super) fn parse(text: &str) -> Result<Expression, Malformed> {
    let tokens = tokens(text)?;
    let mut reader = Reader { rest: &tokens, depth: 0 };
    let expression = reader.sum()?;
    match reader.rest.first() {
        None => Ok(expression),
        Some(extra) => malformed(format!("{} is not expected", shown(extra))),
    }
}

struct Reader<'a> {
    rest: &'a [Token],
    depth: usize,
}

impl Reader<'_> {
    fn sum(&mut self) -> Result<Expression, Malformed> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return malformed(format!("it is nested more than {MAX_DEPTH} deep"));
        }
        let sum = self.chain(Self::product, |symbol| match symbol {
            '+' => Some(Operator::Add),
            '-' => Some(Operator::Subtract),
            _ => None,
        });
        self.depth -= 1;
        sum
    }

    fn product(&mut self) -> Result<Expression, Malformed> {
        self.chain(Self::power, |symbol| match symbol {
            '*' => Some(Operator::Multiply),
            '/' => Some(Operator::Divide),
            _ => None,
        })
    }

    fn power(&mut self) -> Result<Expression, Malformed> {
        self.chain(Self::signed, |symbol| (symbol == '^').then_some(Operator::Power))
    }

    fn chain(
        &mut self,
        operand: fn(&mut Self) -> Result<Expression, Malformed>,
        operator: fn(char) -> Option<Operator>,
    ) -> Result<Expression, Malformed> {
        let first = operand(self)?;
        let mut more = Vec::new();
        while let Some(Token::Symbol(symbol)) = self.rest.first()
            && let Some(operator) = operator(*symbol)
        {
            self.rest = &self.rest[1..];
            more.push((operator, operand(self)?));
        }
        Ok(if more.is_empty() { first } else { Expression::Chain(Box::new(first), more) })
    }

    fn signed(&mut self) -> Result<Expression, Malformed> {
        let mut is_negative = false;
        while self.take('-') {
            is_negative = !is_negative;
        }
        let operand = self.operand()?;
        Ok(if is_negative { Expression::Negative(Box::new(operand)) } else { operand })
    }

    fn operand(&mut self) -> Result<Expression, Malformed> {
        let Some((token, rest)) = self.rest.split_first() else { return malformed("it ends too early") };
        self.rest = rest;
        Ok(match token {
            Token::Number(number) => Expression::Number(*number),
            Token::Text(text) => Expression::Text(text.clone()),
            Token::Word(name) if self.take('(') => Expression::Call(name.clone(), self.items(')')?),
            Token::Word(id) => Expression::Id(id.clone()),
            Token::Symbol('[') => Expression::List(self.items(']')?),
            Token::Symbol('(') => {
                let inner = self.sum()?;
                if !self.take(')') {
                    return malformed("a parenthesis is not closed");
                }
                inner
            }
            extra @ Token::Symbol(_) => return malformed(format!("{} is not expected", shown(extra))),
        })
    }

    /// Expressions up to the closing symbol, with commas between them.
    fn items(&mut self, close: char) -> Result<Vec<Expression>, Malformed> {
        let mut items = Vec::new();
        if self.take(close) {
            return Ok(items);
        }
        loop {
            items.push(self.sum()?);
            if self.take(close) {
                return Ok(items);
            }
            if !self.take(',') {
                return malformed(format!("{close:?} is missing"));
            }
        }
    }

    fn take(&mut self, symbol: char) -> bool {
        let is_next = self.rest.first() == Some(&Token::Symbol(symbol));
        if is_next {
            self.rest = &self.rest[1..];
        }
        is_next
    }
}

fn shown(token: &Token) -> String {
    match token {
        Token::Number(number) => number.to_string(),
        Token::Word(word) => word.clone(),
        Token::Text(text) => format!("{text:?}"),
        Token::Symbol(symbol) => format!("{symbol:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranks_signs_calls_and_lists() {
        let id = |name: &str| Expression::Id(name.to_owned());
        assert_eq!(
            parse("m1 + -m2 * 2").unwrap(),
            Expression::Chain(
                Box::new(id("m1")),
                vec![(
                    Operator::Add,
                    Expression::Chain(
                        Box::new(Expression::Negative(Box::new(id("m2")))),
                        vec![(Operator::Multiply, Expression::Number(2.0))]
                    )
                )]
            )
        );
        assert_eq!(
            parse("SUM([m1,m2])").unwrap(),
            Expression::Call("SUM".to_owned(), vec![Expression::List(vec![id("m1"), id("m2")])])
        );
        assert_eq!(
            parse(r#"SEARCH('{ns,d} a="b"', 'p99', 60)"#).unwrap(),
            Expression::Call(
                "SEARCH".to_owned(),
                vec![
                    Expression::Text(r#"{ns,d} a="b""#.to_owned()),
                    Expression::Text("p99".to_owned()),
                    Expression::Number(60.0)
                ]
            )
        );
        assert_eq!(parse("1.5e3").unwrap(), Expression::Number(1500.0));
    }

    #[test]
    fn what_is_no_expression_says_why() {
        for wrong in
            ["", "m1 +", "(m1", "m1 m2", "'open", "m1 % 2", "SUM(m1", "1e999", ".", "[m1;m2]", &"(".repeat(1000)]
        {
            assert!(!parse(wrong).unwrap_err().0.is_empty(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,300}", code in "[-a1.e()+*/^\\[\\],'\" SUM]{0,300}") {
            let _ = (parse(&text), parse(&code));
        }
    }
}
