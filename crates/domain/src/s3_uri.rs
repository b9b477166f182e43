//! Places in S3: `s3://bucket/key`, where the key may be a prefix or empty.

use serde::{Deserialize, Serialize};

const SCHEME: &str = "s3://";
/// SageMaker's limit of a URI.
const MAX_CHARS: usize = 1_024;

/// An object, a prefix or a whole bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct S3Uri {
    text: String,
    bucket_chars: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "give an S3 URI, for example `s3://my-bucket/train/`: `s3://`, a bucket's name (3 to 63 small letters, digits, `-` \
     and `.`), a slash, and the rest"
)]
pub struct S3UriError;

impl S3Uri {
    /// Surrounding blanks are cut; a bucket alone gets its slash.
    pub fn parse(text: &str) -> Result<Self, S3UriError> {
        let text = text.trim();
        let rest = text.strip_prefix(SCHEME).ok_or(S3UriError)?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        let is_name = (3..=63).contains(&bucket.len())
            && bucket.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || b"-.".contains(&it))
            && bucket.starts_with(|c: char| c.is_ascii_alphanumeric())
            && bucket.ends_with(|c: char| c.is_ascii_alphanumeric());
        if !is_name || text.chars().count() > MAX_CHARS || key.chars().any(char::is_control) {
            return Err(S3UriError);
        }
        Ok(Self { text: format!("{SCHEME}{bucket}/{key}"), bucket_chars: bucket.len() })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn bucket(&self) -> &str {
        &self.text[SCHEME.len()..SCHEME.len() + self.bucket_chars]
    }

    /// Empty for the bucket itself.
    pub fn key(&self) -> &str {
        &self.text[SCHEME.len() + self.bucket_chars + 1..]
    }

    /// The folder that this is, or that it lies in; it ends in `/`.
    #[must_use]
    pub fn folder(&self) -> Self {
        let end = self.text.rfind('/').unwrap_or(self.text.len() - 1);
        Self { text: self.text[..=end].to_owned(), bucket_chars: self.bucket_chars }
    }

    /// The way from the bucket to this folder: a name and a place for each step.
    pub fn steps(&self) -> Vec<(String, Self)> {
        let folder = self.folder();
        let mut end = SCHEME.len();
        let mut steps = Vec::new();
        for name in folder.text[SCHEME.len()..].split_terminator('/') {
            end += name.len() + 1;
            steps
                .push((name.to_owned(), Self { text: folder.text[..end].to_owned(), bucket_chars: self.bucket_chars }));
        }
        steps
    }
}

impl TryFrom<String> for S3Uri {
    type Error = S3UriError;

    fn try_from(text: String) -> Result<Self, S3UriError> {
        Self::parse(&text)
    }
}

impl From<S3Uri> for String {
    fn from(uri: S3Uri) -> Self {
        uri.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_is_a_bucket_and_a_key() {
        let uri = S3Uri::parse("  s3://team-data/iris/train.csv ").expect("a URI");
        assert_eq!((uri.bucket(), uri.key()), ("team-data", "iris/train.csv"));
        assert_eq!(uri.folder().as_str(), "s3://team-data/iris/");
        let bucket = S3Uri::parse("s3://team-data").expect("a bucket");
        assert_eq!((bucket.as_str(), bucket.key()), ("s3://team-data/", ""));
        assert_eq!(bucket.folder(), bucket);
    }

    #[test]
    fn what_is_no_place_is_refused() {
        let long = format!("s3://bucket/{}", "a".repeat(1_013));
        for text in ["", "s3://", "s3:///key", "s3://ab/key", "s3://Upper/key", "http://bucket/key", "s3://-ab/", &long]
        {
            assert_eq!(S3Uri::parse(text), Err(S3UriError), "{text}");
        }
        assert!(S3Uri::parse(&long[..1_024]).is_ok());
    }

    #[test]
    fn the_way_to_a_folder_has_a_step_for_each_name() {
        let steps = S3Uri::parse("s3://team/a//b c/x.csv").expect("a URI").steps();
        let shown: Vec<(&str, &str)> = steps.iter().map(|(name, at)| (name.as_str(), at.as_str())).collect();
        let wanted =
            [("team", "s3://team/"), ("a", "s3://team/a/"), ("", "s3://team/a//"), ("b c", "s3://team/a//b c/")];
        assert_eq!(shown, wanted);
    }

    #[test]
    fn the_wire_goes_through_the_same_door() {
        let uri = S3Uri::parse("s3://team/a").expect("a URI");
        let text = serde_json::to_string(&uri).expect("a text");
        assert_eq!(text, "\"s3://team/a\"");
        assert_eq!(serde_json::from_str::<S3Uri>(&text).expect("back"), uri);
        assert!(serde_json::from_str::<S3Uri>("\"ftp://team/a\"").is_err());
    }
}
