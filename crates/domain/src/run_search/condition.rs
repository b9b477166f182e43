//! A search that was understood: conditions joined by AND, OR and NOT.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    Field, Operand, SearchFault,
    lexer::{is_keyword, is_plain},
    operand::quoted,
    parse::Parser,
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Of two or more, as `Or`.
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Test {
        field: Field,
        test: Test,
    },
    /// The job name has this part, case ignored.
    NameContains(String),
}

/// What is asked of a field's value. Each but `Null` is false where there is no value, whatever `is_not` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    Compare {
        op: Op,
        value: Operand,
    },
    In {
        values: Vec<Operand>,
        is_not: bool,
    },
    /// `%` is any text and `_` any character; nothing escapes them.
    Like {
        pattern: String,
        is_case_ignored: bool,
        is_not: bool,
    },
    /// There is no value; with `is_not`: there is one.
    Null {
        is_not: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Op {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "=" | "==" => Self::Equal,
            "!=" | "<>" => Self::NotEqual,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    /// As it is written here and in SQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// It asks which is more, not only whether they are equal.
    pub const fn is_order(self) -> bool {
        !matches!(self, Self::Equal | Self::NotEqual)
    }
}

impl Condition {
    /// Blank text is no condition.
    pub fn parse(text: &str) -> Result<Option<Self>, SearchFault> {
        Parser::new(text)?.condition()
    }

    pub fn test(field: Field, test: Test) -> Self {
        Self::Test { field, test }
    }

    /// Whether it says anything about this field.
    pub fn mentions(&self, field: &Field) -> bool {
        match self {
            Self::And(list) | Self::Or(list) => list.iter().any(|it| it.mentions(field)),
            Self::Not(inner) => inner.mentions(field),
            Self::Test { field: it, .. } => it == field,
            Self::NameContains(_) => *field == Field::Name,
        }
    }

    fn is_joined(&self) -> bool {
        matches!(self, Self::And(_) | Self::Or(_))
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = |f: &mut fmt::Formatter<'_>, it: &Self| {
            if it.is_joined() { write!(f, "({it})") } else { write!(f, "{it}") }
        };
        match self {
            Self::And(list) | Self::Or(list) => {
                let joint = if matches!(self, Self::And(_)) { " AND " } else { " OR " };
                for (index, it) in list.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { joint })?;
                    // AND binds closer than OR: what it joins needs no parentheses there.
                    if matches!((self, it), (Self::Or(_), Self::And(_))) { write!(f, "{it}")? } else { inner(f, it)? }
                }
                Ok(())
            }
            Self::Not(it) => {
                f.write_str("NOT ")?;
                inner(f, it)
            }
            Self::Test { field, test } => write!(f, "{field} {test}"),
            // A dot would make it look like a field that nothing is asked of.
            Self::NameContains(text) if is_plain(text) && !text.contains('.') && !is_keyword(text) => f.write_str(text),
            Self::NameContains(text) => f.write_str(&quoted(text)),
        }
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let not = |is_not: bool| if is_not { "NOT " } else { "" };
        match self {
            Self::Compare { op, value } => {
                // `!=` is what people write; SQL has the other one.
                let op = if *op == Op::NotEqual { "!=" } else { op.as_str() };
                write!(f, "{op} {value}")
            }
            Self::In { values, is_not } => {
                write!(f, "{}IN (", not(*is_not))?;
                for (index, it) in values.iter().enumerate() {
                    write!(f, "{}{it}", if index == 0 { "" } else { ", " })?;
                }
                f.write_str(")")
            }
            Self::Like { pattern, is_case_ignored, is_not } => {
                let word = if *is_case_ignored { "ILIKE" } else { "LIKE" };
                write!(f, "{}{word} {}", not(*is_not), quoted(pattern))
            }
            Self::Null { is_not } => write!(f, "IS {}NULL", not(*is_not)),
        }
    }
}
