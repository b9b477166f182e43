//! The styles: `style/main.css` with everything it imports, in one file; minified in release.

use std::path::Path;

use anyhow::{Context, anyhow};
use lightningcss::{
    bundler::{Bundler, FileProvider},
    stylesheet::{ParserOptions, PrinterOptions},
    targets::{Browsers, Targets},
};

use crate::{cargo::Mode, say};

/// Fails on anything that is not CSS: a silent fallback would be a page that is silently wrong.
pub(super) fn bundle(main: &Path, mode: Mode) -> anyhow::Result<String> {
    say::step("Bundling the styles (lightningcss as a library)");
    let files = FileProvider::new();
    let mut bundler = Bundler::new(&files, None, ParserOptions::default());
    // The error borrows the sources, so it is turned into text here.
    let sheet = bundler.bundle(main).map_err(|err| anyhow!("{}: {err}", main.display()))?;
    let options = PrinterOptions {
        minify: mode == Mode::Release,
        // Browsers of 2024 and later: nesting and light-dark() are left as they are written.
        targets: Targets::from(Browsers {
            chrome: Some(123 << 16),
            firefox: Some(120 << 16),
            safari: Some(17 << 16 | 5 << 8),
            ..Browsers::default()
        }),
        ..PrinterOptions::default()
    };
    let printed = sheet.to_css(options).map_err(|err| anyhow!("{err}")).context("the styles cannot be printed")?;
    Ok(printed.code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_inlined_in_order_and_minified() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("main.css"), "@import './a.css';\n.b { color: #ff0000; }\n")?;
        std::fs::write(folder.path().join("a.css"), ".a {\n  margin: 0px;\n}\n")?;
        let css = bundle(&folder.path().join("main.css"), Mode::Release)?;
        assert_eq!(css, ".a{margin:0}.b{color:red}");
        Ok(())
    }

    #[test]
    fn a_mistake_names_its_file() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("main.css"), "@import './missing.css';")?;
        let error = bundle(&folder.path().join("main.css"), Mode::Release).expect_err("missing.css is missing");
        assert!(error.to_string().contains("missing.css") || error.to_string().contains("main.css"), "{error}");
        Ok(())
    }
}
