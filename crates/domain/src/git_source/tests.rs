use super::*;

fn source(url: &str, reference: &str, folder: &str) -> GitSource {
    GitSource { url: url.to_owned(), reference: reference.to_owned(), folder: folder.to_owned(), commit: None }
}

fn wrong(url: &str, reference: &str, folder: &str) -> Vec<String> {
    source(url, reference, folder).parse().expect_err("wrong").into_iter().map(|it| it.field).collect()
}

const URL: &str = "https://github.com/team/models.git";
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

#[test]
fn the_addresses_that_git_fetches_from_are_taken() {
    for url in [
        URL,
        "https://git.example.com:8443/a/b",
        "ssh://git@github.com/team/models",
        "ssh://github.com:2222/team/models",
        "git@github.com:team/models.git",
        "http://127.0.0.1:4700/models.git",
        "http://localhost/models.git",
    ] {
        let place = source(url, "", "").parse().expect(url);
        assert_eq!((place.url.as_str(), place.reference), (url, None));
    }
}

#[test]
fn no_address_has_a_secret_an_option_or_another_protocol() {
    for url in [
        "",
        "models",
        "/srv/models",
        "file:///srv/models",
        "ext::sh -c id",
        "git://host/models",
        "http://host/models",
        "http://127.0.0.1.example.com/models",
        "https://ann:secret@host/models",
        "https://token@host/models",
        "ssh://git:secret@host/models",
        "ssh://-oProxyCommand=id/models",
        "-u@host:models",
        "git@-host:models",
        "git@host:-models",
        "https://host",
        "https://host/",
        "https://host/models?token=1",
        "https://host/models#part",
        "https://host/mod els",
        "https://host:99999/models",
        "https://host/mod%20els",
    ] {
        assert_eq!(wrong(url, "", ""), [field::URL], "{url}");
        let message = source(url, "", "").parse().expect_err(url)[0].message.clone();
        assert!(!message.contains("secret"), "{message}");
    }
    assert_eq!(wrong(&format!("https://host/{}", "a".repeat(160)), "", ""), [field::URL]);
}

#[test]
fn references_are_names_or_hashes_and_never_options() {
    for reference in ["main", "feature/x", "v1.2", "a@b", "release-1", COMMIT] {
        let place = source(URL, reference, "").parse().expect(reference);
        assert_eq!(place.reference.as_deref(), Some(reference));
        assert_eq!(place.fixed().is_some(), reference == COMMIT);
    }
    let upper = source(URL, &COMMIT.to_uppercase(), "").parse().expect("a hash");
    assert_eq!(upper.fixed().map(|it| it.commit).as_deref(), Some(COMMIT));
    for reference in
        ["-f", "--upload-pack=id", "a..b", "main~1", "HEAD^", "a:b", "a b", "x.lock", ".a", "a/", "@{1}", "@"]
    {
        assert_eq!(wrong(URL, reference, ""), [field::REFERENCE], "{reference}");
    }
}

#[test]
fn folders_stay_inside_and_fit_the_tag() {
    for (folder, wanted) in [("", ""), (".", ""), ("./src/", "src"), ("a b/c@d", "a b/c@d"), ("src/train", "src/train")]
    {
        assert_eq!(source(URL, "", folder).parse().expect(folder).folder, wanted);
    }
    for folder in ["..", "a/../b", "/etc", "a//b", "-x", "a:b", "a/./b", "a\\b", "a\nb"] {
        assert_eq!(wrong(URL, "", folder), [field::FOLDER], "{folder}");
    }
    assert_eq!(wrong(URL, "", &"f".repeat(190)), [field::FOLDER]);
    assert_eq!(wrong("", "-", ".."), [field::URL, field::REFERENCE, field::FOLDER], "all are named at once");
}

#[test]
fn an_origin_is_a_tag_and_comes_back_from_it() {
    for url in [URL, "git@github.com:team/models.git", "ssh://git@host:2222/team/models"] {
        for folder in ["", "src/train", "a@b/c"] {
            let place = source(url, "main", folder).parse().expect("a place");
            let origin = place.at(COMMIT.to_owned());
            let text = origin.to_string();
            assert!(is_tag_text(&text) && text.chars().count() <= 256, "{text}");
            assert_eq!(GitOrigin::parse(&text), Some(origin.clone()));
            assert_eq!(origin.to_source().origin(), Some(origin));
        }
    }
    let longest = source(&format!("https://host/{}", "a".repeat(147)), "", &"f".repeat(30)).parse().expect("it fits");
    assert_eq!(longest.at("a".repeat(64)).to_string().chars().count(), 256);
    for text in
        ["", "main", "https://host/a@main:", "https://ann:secret@host/a@0123:", "https://host/a@0123456789abcdef:../b"]
    {
        assert_eq!(GitOrigin::parse(text), None, "{text}");
    }
}

#[test]
fn known_hosts_have_a_page_of_the_commit() {
    let page = |url: &str| GitOrigin::parse(&format!("{url}@{COMMIT}:")).expect(url).commit_page();
    assert_eq!(page(URL), Some(format!("https://github.com/team/models/commit/{COMMIT}")));
    assert_eq!(page("git@gitlab.com:a/b/c.git"), Some(format!("https://gitlab.com/a/b/c/-/commit/{COMMIT}")));
    assert_eq!(page("ssh://git@bitbucket.org/a/b"), Some(format!("https://bitbucket.org/a/b/commits/{COMMIT}")));
    assert_eq!(page("https://github.com.example.org/a/b"), None);
}

#[test]
fn a_pinned_source_names_its_commit() {
    let mut one = source(URL, "main", "src");
    one.pin();
    assert_eq!(one.reference, "main", "not fetched yet");
    one.commit = Some(COMMIT.to_owned());
    assert_eq!(one.words(), format!("{URL} at main, folder src"));
    one.pin();
    assert_eq!((one.reference.as_str(), one.parse().expect("a place").fixed().is_some()), (COMMIT, true));
}
