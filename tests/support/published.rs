//! The published configurations. They are not part of the repository; they lie beside it in `../shared/corpus`.

use std::path::{Path, PathBuf};

/// Where they are; `None`, and a word about it, where they are not.
pub fn folder() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found =
        root.ancestors().map(|up| up.join("shared/corpus")).find(|path| path.join("index.tsv").exists());
    if found.is_none() {
        println!(
            "SKIPPED: there is no ../shared/corpus beside the repository, so no published file was compared"
        );
    }
    found
}

/// The strings of one array of `furnish.json`, which is as simple as JSON gets.
pub fn strings(json: &str, key: &str) -> Vec<String> {
    let array = json.split(&format!("\"{key}\":")).nth(1).unwrap_or("");
    let array = array.split(']').next().unwrap_or("");
    array.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}
