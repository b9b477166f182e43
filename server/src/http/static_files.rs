//! The built site out of the binary: hashed names cached for ever, brotli and gzip made at build time.
//!
//! In development builds the files are read from the folder, so that `cargo x run --dev` need not rebuild the server.
//! Requested names are keys of a fixed set: no path is made from a request.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "$TRAINYARD_SITE_DIR"]
#[allow_missing = true]
struct Site;

/// Where the hashed files' URLs begin.
const PKG: &str = "pkg/";
const ROBOTS: &str = "User-agent: *\nDisallow: /\n";

/// The names after hashing, out of the build's manifest; the plain names where there is none.
pub fn assets() -> app::Assets {
    let manifest = manifest();
    let url = |name: &str| match manifest.get(name).and_then(serde_json::Value::as_str) {
        Some(hashed) if hashed.starts_with('/') => hashed.to_owned(),
        Some(hashed) => format!("/{PKG}{}", hashed.trim_start_matches(PKG)),
        None => format!("/{PKG}{name}"),
    };
    let icon = match manifest.get("favicon.svg").and_then(serde_json::Value::as_str) {
        Some(_) => url("favicon.svg"),
        None => "/favicon.svg".to_owned(),
    };
    app::Assets { js: url("trainyard.js"), wasm: url("trainyard_bg.wasm"), css: url("trainyard.css"), icon }
}

/// The client is in this binary, or in the development folder.
pub fn is_built() -> bool {
    !manifest().is_empty()
}

fn manifest() -> serde_json::Map<String, serde_json::Value> {
    let text = Site::get("manifest.json").map(|it| it.data);
    text.and_then(|it| serde_json::from_slice(&it).ok()).unwrap_or_default()
}

/// `GET /pkg/{*file}`.
pub async fn package(
    method: Method,
    headers: HeaderMap,
    axum::extract::Path(file): axum::extract::Path<String>,
) -> Response {
    serve(&format!("{PKG}{file}"), &method, &headers)
}

/// `GET /favicon.svg` and `GET /favicon.ico`, asked for by habit: one drawing for both, under a name without a hash.
pub async fn icon(method: Method, headers: HeaderMap) -> Response {
    let hashed = assets().icon;
    let mut answer = serve(hashed.trim_start_matches('/'), &method, &headers);
    put(answer.headers_mut(), header::CACHE_CONTROL, "max-age=3600");
    answer
}

/// `GET /robots.txt`: a dashboard is not for search engines.
pub async fn robots() -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "max-age=86400")], ROBOTS)
        .into_response()
}

fn serve(name: &str, method: &Method, request: &HeaderMap) -> Response {
    // Compressed variants and the manifest are not files of their own.
    let Some(plain) = Site::get(name).filter(|_| is_public(name)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let (file, encoding) = encoded(name, plain, request);
    let tag = entity_tag(&file, encoding);
    let mut headers = HeaderMap::new();
    let type_of = mime_guess::from_path(name).first_raw().unwrap_or("application/octet-stream");
    let type_of = if type_of.starts_with("text/") { format!("{type_of}; charset=utf-8") } else { type_of.to_owned() };
    put(&mut headers, header::CONTENT_TYPE, &type_of);
    put(&mut headers, header::VARY, "Accept-Encoding");
    put(&mut headers, header::ETAG, &tag);
    let caching = if is_hashed(name) { "public, max-age=31536000, immutable" } else { "no-cache" };
    put(&mut headers, header::CACHE_CONTROL, caching);
    if let Some(encoding) = encoding {
        put(&mut headers, header::CONTENT_ENCODING, encoding);
    }
    if request.get(header::IF_NONE_MATCH).is_some_and(|it| names_tag(it, &tag)) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    put(&mut headers, header::CONTENT_LENGTH, &file.data.len().to_string());
    let body = if *method == Method::HEAD {
        Body::empty()
    } else {
        match file.data {
            std::borrow::Cow::Borrowed(bytes) => Body::from(bytes),
            std::borrow::Cow::Owned(bytes) => Body::from(bytes),
        }
    };
    (headers, body).into_response()
}

/// A plain name of a published file. Compressed variants and the manifest are not files of their own; and in development
/// builds, where the folder is read, a name must not lead anywhere else.
fn is_public(name: &str) -> bool {
    let is_plain = name.split('/').all(|part| !matches!(part, "" | "." | "..")) && !name.contains(['\\', '\0']);
    is_plain && !matches!(name.rsplit('.').next(), Some("br" | "gz")) && name != "manifest.json"
}

/// The smallest variant that the client takes.
fn encoded(name: &str, plain: EmbeddedFile, request: &HeaderMap) -> (EmbeddedFile, Option<&'static str>) {
    let accepted = request.get(header::ACCEPT_ENCODING).and_then(|it| it.to_str().ok()).unwrap_or_default();
    for (encoding, suffix) in [("br", "br"), ("gzip", "gz")] {
        if accepts(accepted, encoding)
            && let Some(file) = Site::get(&format!("{name}.{suffix}"))
        {
            return (file, Some(encoding));
        }
    }
    (plain, None)
}

/// Whether an Accept-Encoding header takes `encoding`; `q=0` refuses it.
fn accepts(header: &str, encoding: &str) -> bool {
    header.split(',').any(|choice| {
        let mut parts = choice.split(';').map(str::trim);
        let is_it = parts.next().is_some_and(|it| it.eq_ignore_ascii_case(encoding));
        let is_refused =
            parts.any(|it| it.strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0)));
        is_it && !is_refused
    })
}

/// `trainyard.1a2b3c4d.js`: between the name and its ending there is a hash of the content.
fn is_hashed(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    let mut parts = file.rsplit('.');
    let (_, hash) = (parts.next(), parts.next().unwrap_or_default());
    parts.next().is_some() && hash.len() >= 8 && hash.bytes().all(|it| it.is_ascii_hexdigit())
}

/// Each encoding is a representation of its own and has its own tag.
fn entity_tag(file: &EmbeddedFile, encoding: Option<&str>) -> String {
    let hash = file.metadata.sha256_hash();
    let tag = u128::from_be_bytes(std::array::from_fn(|index| hash[index]));
    format!("\"{tag:032x}{}\"", encoding.map(|it| format!("-{it}")).unwrap_or_default())
}

fn names_tag(header: &HeaderValue, tag: &str) -> bool {
    header
        .to_str()
        .is_ok_and(|it| it.split(',').any(|one| one.trim().trim_start_matches("W/") == tag || one.trim() == "*"))
}

fn put(headers: &mut HeaderMap, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_content_hash_makes_a_file_immutable() {
        assert!(is_hashed("pkg/trainyard.0123456789abcdef.js"));
        assert!(is_hashed("pkg/trainyard_bg.01234567.wasm"));
        for name in ["pkg/trainyard.js", "favicon.svg", "pkg/trainyard.min.js", "pkg/01234567.js"] {
            assert!(!is_hashed(name), "{name}");
        }
    }

    #[test]
    fn a_name_leads_nowhere_else() {
        assert!(is_public("pkg/trainyard.0123456789abcdef.js"));
        for name in
            ["pkg/../manifest.json", "pkg//etc/passwd", "/etc/passwd", "pkg/./a", "pkg/..\\a", "pkg/a.js.br", "pkg/"]
        {
            assert!(!is_public(name), "{name}");
        }
    }

    #[test]
    fn an_encoding_is_taken_only_when_it_is_accepted() {
        assert!(accepts("gzip, deflate, br;q=0.9", "br"));
        assert!(!accepts("gzip, br;q=0", "br"));
        assert!(!accepts("brotli", "br"));
        assert!(!accepts("", "gzip"));
    }
}
