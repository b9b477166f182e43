//! Conditional requests: what must hold of an object for it to be read, replaced or removed.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html>

use s3s::dto::{ETagCondition, Timestamp};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

use super::{etag, ms};
use crate::s3::details::DETAIL;
use crate::s3::store::{Stored, millis};

fn failed(condition: &str) -> S3Error {
    s3_error!(PreconditionFailed, "At least one of the pre-conditions you specified did not hold{DETAIL}{condition}")
}

fn matches(condition: &ETagCondition, stored: &Stored) -> bool {
    condition.as_etag().is_none_or(|wanted| wanted.value() == stored.attributes.etag)
}

/// To read.
#[derive(Debug, Default)]
#[expect(clippy::struct_field_names, reason = "they are the names of the headers")]
pub(super) struct Read {
    pub(super) if_match: Option<ETagCondition>,
    pub(super) if_none_match: Option<ETagCondition>,
    pub(super) if_modified_since: Option<Timestamp>,
    pub(super) if_unmodified_since: Option<Timestamp>,
}

impl Read {
    /// `is_copy`: as the source of a copy there is no "not modified", only a condition that failed.
    pub(super) fn check(self, stored: &Stored, is_copy: bool) -> S3Result<()> {
        // Dates of HTTP have whole seconds.
        let modified = millis(stored.modified) / 1000;
        let modified_after = |at: &Timestamp| modified > ms(at.clone()).div_euclid(1000);
        match (&self.if_match, &self.if_unmodified_since) {
            (Some(wanted), _) if !matches(wanted, stored) => return Err(failed("If-Match")),
            (None, Some(at)) if modified_after(at) => return Err(failed("If-Unmodified-Since")),
            _ => {}
        }
        let unchanged = match (&self.if_none_match, &self.if_modified_since) {
            (Some(unwanted), _) => matches(unwanted, stored),
            (None, Some(at)) => !modified_after(at),
            (None, None) => false,
        };
        match (unchanged, is_copy) {
            (false, _) => Ok(()),
            (true, true) => Err(failed("x-amz-copy-source-If-None-Match")),
            (true, false) => Err(not_modified(stored)),
        }
    }
}

fn not_modified(stored: &Stored) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::NotModified, "Not Modified");
    error.set_status_code(http::StatusCode::NOT_MODIFIED);
    if let Ok(value) = etag(&stored.attributes.etag).to_http_header() {
        error.set_headers([(http::header::ETAG, value)].into_iter().collect());
    }
    error
}

/// To replace: nothing may be there, or exactly this.
pub(super) fn check_write(
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
    stored: Option<&Stored>,
) -> S3Result<()> {
    match (if_match, if_none_match, stored) {
        (Some(_), _, None) => Err(super::no_such_key()),
        (Some(wanted), _, Some(stored)) if !matches(wanted, stored) => Err(failed("If-Match")),
        (_, Some(unwanted), Some(stored)) if matches(unwanted, stored) => Err(failed("If-None-Match")),
        _ => Ok(()),
    }
}
