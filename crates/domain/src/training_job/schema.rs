//! The members of CreateTrainingJob: names, types, limits. Parsed once from the table in `data/`.

use std::sync::OnceLock;

use serde::Deserialize;

/// A member of the request, or an element of a list or map.
#[derive(Debug)]
pub struct Node {
    /// SageMaker's name; empty for elements.
    pub name: String,
    /// Of a structure: the shape's name in the API model, by which the SageMaker SDK calls its classes.
    pub shape: String,
    /// Whether its structure cannot do without it.
    pub is_required: bool,
    /// Characters of a text, elements of a list or map, value of an integer.
    pub min: Option<i64>,
    pub max: Option<i64>,
    pub kind: Kind,
}

#[derive(Debug)]
pub enum Kind {
    Structure(Vec<Node>),
    List(Box<Node>),
    Map { key: Box<Node>, value: Box<Node> },
    Text(Rule),
    Choice(Vec<String>),
    Integer,
    Boolean,
}

/// What a text has to look like besides its length.
#[derive(Debug)]
pub enum Rule {
    Any,
    S3Uri,
    /// `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`
    TagText,
    InstanceType,
    /// The whole text matches; the second is a text that does.
    Pattern(regex_lite::Regex, String),
}

#[derive(Deserialize)]
struct Row {
    path: String,
    kind: String,
    required: String,
    min: Option<i64>,
    max: Option<i64>,
    rule: String,
    example: String,
}

/// The root: a structure of all top-level members.
pub(crate) fn root() -> &'static Node {
    static ROOT: OnceLock<Node> = OnceLock::new();
    ROOT.get_or_init(|| {
        let mut reader = csv::Reader::from_reader(include_str!("../../data/training_job_fields.csv").as_bytes());
        let rows: Vec<Row> = reader.deserialize().filter_map(Result::ok).collect();
        Node {
            name: String::new(),
            shape: "CreateTrainingJobRequest".to_owned(),
            is_required: true,
            min: None,
            max: None,
            kind: structure(&rows, ""),
        }
    })
}

impl Node {
    /// The members of a structure, in the API's order.
    pub fn members(&self) -> &[Self] {
        if let Kind::Structure(members) = &self.kind { members } else { &[] }
    }

    /// The member of this structure with that name.
    pub fn member(&self, name: &str) -> Option<&Self> {
        self.members().iter().find(|it| it.name == name)
    }

    /// What a path without row numbers leads to: `VpcConfig.Subnets`, `InputDataConfig[].ChannelName`,
    /// `Environment{value}`.
    pub fn find(path: &str) -> Option<&'static Self> {
        let spaced = path.replace("[]", ".[]").replace('{', ".{");
        spaced.split('.').try_fold(root(), |node, step| match (&node.kind, step) {
            (Kind::List(item), "[]") => Some(&**item),
            (Kind::Map { key, .. }, "{key}") => Some(&**key),
            (Kind::Map { value, .. }, "{value}") => Some(&**value),
            _ => node.member(step),
        })
    }
}

/// The rows one level below `prefix` (which ends with `.` unless empty) as members.
fn structure(rows: &[Row], prefix: &str) -> Kind {
    let members = rows.iter().filter_map(|row| {
        let name = row.path.strip_prefix(prefix)?;
        (!name.contains(['.', '[', '{'])).then(|| node(rows, row, name))
    });
    Kind::Structure(members.collect())
}

fn node(rows: &[Row], row: &Row, name: &str) -> Node {
    let element = |suffix: &str| {
        let path = format!("{}{suffix}", row.path);
        let found = rows.iter().find(|it| it.path == path);
        // A list of structures has no row for the element itself.
        Box::new(match found {
            Some(row) => node(rows, row, ""),
            None => Node {
                name: String::new(),
                shape: element_shape(name),
                is_required: false,
                min: None,
                max: None,
                kind: structure(rows, &format!("{path}.")),
            },
        })
    };
    let kind = match row.kind.as_str() {
        "structure" => structure(rows, &format!("{}.", row.path)),
        "list" => Kind::List(element("[]")),
        "map" => Kind::Map { key: element("{key}"), value: element("{value}") },
        "choice" => Kind::Choice(row.rule.split('|').map(str::to_owned).collect()),
        "integer" => Kind::Integer,
        "boolean" => Kind::Boolean,
        _ => Kind::Text(rule(row)),
    };
    let (name, shape) = (name.to_owned(), name.to_owned());
    Node { name, shape, is_required: !row.required.is_empty(), min: row.min, max: row.max, kind }
}

/// The API calls the elements of `Tags` `Tag`; channels have a name of their own.
fn element_shape(list: &str) -> String {
    match list {
        "InputDataConfig" => "Channel",
        _ => list.strip_suffix('s').unwrap_or(list),
    }
    .to_owned()
}

fn rule(row: &Row) -> Rule {
    match row.rule.as_str() {
        "s3_uri" => Rule::S3Uri,
        "tag_text" => Rule::TagText,
        "instance_type" => Rule::InstanceType,
        text => {
            let pattern = text.strip_prefix('/').and_then(|it| it.strip_suffix('/'));
            let regex = pattern.and_then(|it| regex_lite::Regex::new(&format!("^(?:{it})$")).ok());
            regex.map_or(Rule::Any, |regex| Rule::Pattern(regex, row.example.clone()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_is_a_node_and_every_pattern_compiles_and_takes_its_example() {
        let mut reader = csv::Reader::from_reader(include_str!("../../data/training_job_fields.csv").as_bytes());
        let rows: Vec<Row> = reader.deserialize().map(|it| it.expect("a row can be read")).collect();
        assert!(rows.len() > 150);
        for row in rows {
            let node = Node::find(&row.path).unwrap_or_else(|| panic!("`{}` is in the tree", row.path));
            if row.rule.starts_with('/') {
                let Kind::Text(Rule::Pattern(regex, example)) = &node.kind else {
                    panic!("the pattern of `{}` compiles", row.path)
                };
                assert!(regex.is_match(example), "`{}`: `{example}` does not match", row.path);
            }
        }
    }

    #[test]
    fn required_members_and_limits_are_those_of_the_model() {
        assert!(Node::find("RoleArn").is_some_and(|it| it.is_required && it.max == Some(2_048)));
        assert!(Node::find("InputDataConfig").is_some_and(|it| !it.is_required && it.max == Some(20)));
        assert!(Node::find("HyperParameters{value}").is_some_and(|it| it.max == Some(2_500)));
        assert!(Node::find("NoSuchMember").is_none());
        let shape = |path| Node::find(path).map(|it| it.shape.as_str());
        assert_eq!(shape("InputDataConfig[]"), Some("Channel"));
        assert_eq!(shape("ResourceConfig.InstanceGroups[]"), Some("InstanceGroup"));
        assert_eq!(shape("InputDataConfig[].DataSource.S3DataSource"), Some("S3DataSource"));
    }
}
