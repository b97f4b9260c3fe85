//! What a person may have meant: the known name that is most like the one written.

/// Of longer words nothing is suggested, in bytes.
const LONGEST: usize = 128;

/// The name that differs least, where it does not differ much.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // What is that long is no slip of the pen, and comparing it would cost more than the rest of the work.
    if word.len() > LONGEST {
        return None;
    }
    let lower = word.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&name.to_lowercase(), &lower), name))
        .filter(|(distance, name)| {
            *distance <= 1 + name.len().min(word.len()) / 5 && *distance < name.len()
        })
        .min()
        .map(|(_, name)| name)
}

/// More names than these help nobody.
const MOST: usize = 8;

/// Advice on a name that stands for nothing: the one that is most like it, else those that there are.
/// `what` is what they are, such as `vrrp_script above`.
pub fn candidates<'a>(word: &str, known: impl IntoIterator<Item = &'a str>, what: &str) -> String {
    let mut known: Vec<&str> = known.into_iter().collect();
    if let Some(near) = nearest(word, known.iter().copied()) {
        return format!("did you mean '{near}'?");
    }
    known.sort_unstable();
    known.dedup();
    match known.len() {
        0 => format!("there is no {what}"),
        1..=MOST => format!("there is {}", known.join(", ")),
        more => {
            known.truncate(MOST);
            format!("there is {}, and {} more", known.join(", "), more - MOST)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_without_end_is_like_nothing() {
        assert_eq!(nearest(&"check".repeat(1_000_000), ["check"]), None);
    }

    #[test]
    fn the_nearest_else_all_that_there_are() {
        assert_eq!(candidates("chekc", ["check", "other"], "script"), "did you mean 'check'?");
        assert_eq!(candidates("x", ["check", "other"], "script"), "there is check, other");
        assert_eq!(candidates("x", [], "vrrp_script above"), "there is no vrrp_script above");
        let many: Vec<String> = (0..20).map(|number| format!("name{number:02}")).collect();
        let text = candidates("x", many.iter().map(String::as_str), "script");
        assert!(text.ends_with("name07, and 12 more"), "{text}");
    }
}
