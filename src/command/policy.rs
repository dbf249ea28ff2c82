//! How deliveries are judged, as flags say.

use url::{Position, Url};

use crate::cli::VerdictArgs;
use crate::config::Setup;
use crate::delivery::did_you_mean;
use crate::exit::CliError;

use crate::signature::{Freshness, Scheme};

/// How signed times are judged, as flags say.
pub fn freshness(args: &VerdictArgs) -> Freshness {
    match (args.tolerance, args.strict) {
        (Some(Freshness::Within { seconds, .. }), strict) => Freshness::Within { seconds, strict },
        (Some(given), _) => given,
        (None, true) => Freshness::Strict,
        (None, false) => Freshness::Documented,
    }
}

/// The header, or other place, of the signature that is to decide among several, as it was typed; fails
/// where no provider has several with one there.
pub fn signature_at(typed: Option<&str>, setup: &Setup) -> Result<Option<String>, CliError> {
    let Some(name) = typed else { return Ok(None) };
    let several = setup.catalogue.iter().map(|provider| &**provider.scheme);
    let several = several.filter(|scheme| !scheme.also_signed.is_empty());
    let schemes: Vec<_> = several.flat_map(Scheme::all).collect();
    if schemes.iter().any(|scheme| scheme.stands_in(name)) {
        return Ok(Some(name.to_owned()));
    }
    let known: Vec<_> = schemes.iter().map(|scheme| scheme.proof.name()).collect();
    let error = CliError::usage(format!(
        "no provider has one of several signatures in `{name}`"
    ));
    Err(error.hint(
        did_you_mean(name, known.iter().map(|name| &**name))
            .unwrap_or_else(|| format!("one of `{}`", known.join("`, `"))),
    ))
}

/// What stands before the path of a URL, as who signs a URL writes it: a port that is the scheme's own is
/// left out.
pub fn origin(url: &Url) -> String {
    let host = &url[Position::BeforeHost..Position::AfterPort];
    format!("{}://{host}", url.scheme())
}

/// Path and query of a URL.
pub fn target(url: &Url) -> String {
    url[Position::BeforePath..Position::AfterQuery].to_owned()
}
