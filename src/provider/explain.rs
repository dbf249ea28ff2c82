//! Why a signature is wrong, where that can be proved.

use std::cell::Cell;

use serde_json::Value;

use super::{Catalogue, Keyring, Provider, ProviderSetting};
use crate::delivery::{Request, Status, Verdict};
use crate::signature::{Allowance, Context, Diagnosis, Scheme, diagnose};

/// What the cause of a wrong signature is looked for with.
pub(super) struct Explanation<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) keyring: &'a Keyring,
    pub(super) provider: &'a Provider,
    /// That of its schemes whose signature decided.
    pub(super) scheme: &'a Scheme,
    pub(super) request: &'a Request,
    /// Counts the bytes of work that it takes.
    pub(super) work: Cell<usize>,
}

impl Explanation<'_> {
    /// The verdict with the proven cause of a wrong signature, and whether none was looked for, as there
    /// is no allowance; with the local development secret alone, that nothing can be said.
    pub(super) fn of(&self, mut verdict: Verdict, allowance: Option<Allowance>) -> (Verdict, bool) {
        let is_wrong = verdict.status.is_wrong() && verdict.cause.is_none();
        let found = is_wrong.then(|| self.diagnosis(allowance)).flatten();
        let is_open = is_wrong && found.is_none();
        if let Some(found) = found {
            verdict.cause = Some(found.cause.into());
            verdict.reason = Some(found.reason);
            verdict.hint = Some(found.hint);
        }
        if self.keyring.is_local() && !verdict.status.is_proven() {
            self.leave_open(&mut verdict);
        } else if let Some(allowance) = allowance.filter(|_| is_open) {
            self.say_without_cause(&mut verdict, allowance);
        }
        (verdict, is_open && allowance.is_none())
    }

    /// Says of a wrong signature without a proven cause what can be said all the same.
    fn say_without_cause(&self, verdict: &mut Verdict, allowance: Allowance) {
        let body = &self.request.body;
        if body.len() > allowance.largest_body {
            verdict.hint = Some(format!(
                "no cause is looked for here in a body of more than {} KiB; `webhook verify` looks further",
                allowance.largest_body >> 10
            ));
        } else if verdict.status == Status::Mismatch && ends_early(body) {
            // Nothing proves it, so it is no cause.
            verdict.reason = Some("the body ends in the middle of its JSON".into());
            let hint = "look where it was cut: `Content-Length` counts bytes, not characters";
            verdict.hint = Some(hint.into());
        } else if let Some(hint) = self.hint_at_setting() {
            verdict.hint = Some(hint);
        }
    }

    /// That a setting is signed, which is as likely another one as the secret is.
    fn hint_at_setting(&self) -> Option<String> {
        let settings = &self.provider.definition.settings;
        if settings.is_empty() {
            return None;
        }
        // The definition that was read has its values in their places.
        let text = self.provider.definition_text().ok()?;
        let written: Value = serde_json::from_str(&text).ok()?;
        let signed = written["signature"]["signed"].as_str()?;
        let is_signed = |name: &str| signed.contains(&format!("{{setting:{name}}}"));
        let ProviderSetting { name, env, .. } =
            settings.iter().find(|setting| is_signed(&setting.name))?;
        let variable = env.as_ref();
        let variable = variable.map_or_else(String::new, |env| format!(" or `{env}`"));
        Some(format!(
            "its `{name}` is signed, too: give yours by `--setting {name}=…`{variable}, and compare the secret"
        ))
    }

    /// What the local secret does not verify may be genuine; only a proven cause says that it was
    /// meant to be ours.
    fn leave_open(&self, verdict: &mut Verdict) {
        if verdict.cause.is_none() {
            if !matches!(verdict.status, Status::Missing | Status::Malformed) {
                verdict.reason = Some("not signed with the local development secret".into());
            }
            let name = self.provider.name();
            verdict.hint = Some(format!("give the endpoint's secret: `--secret {name}=…`"));
        }
        verdict.status = Status::Unverified;
    }

    fn diagnosis(&self, allowance: Option<Allowance>) -> Option<Diagnosis> {
        if let Some(found) = self.example() {
            return Some(found);
        }
        let allowance = allowance?;
        let name = self.provider.name();
        let others: Vec<_> = self
            .catalogue
            .iter()
            .filter(|other| other.name() != name)
            .flat_map(|other| other.scheme.all().map(|scheme| (other.name(), scheme)))
            .collect();
        diagnose(&Context {
            provider: name,
            scheme: self.scheme,
            secrets: self.keyring.secrets(name),
            other_secrets: &self.keyring.others(name),
            other_schemes: &others,
            request: self.request,
            allowance,
            work: &self.work,
        })
    }

    /// The signature is an example of the provider's documentation.
    fn example(&self) -> Option<Diagnosis> {
        let definition = &self.provider.definition;
        let value = self.request.headers.text(self.scheme.header()?)?;
        let examples = &definition.example_signatures;
        let example = examples.iter().find(|example| *example == value)?;
        let (title, name) = (&definition.title, &definition.name);
        Some(Diagnosis {
            cause: "documented-example",
            reason: format!(
                "`{example}` is an example in the document of {title}: nobody signed it"
            ),
            hint: format!(
                "`webhook send EVENT --provider {name} --dry-run --as curl` prints a signed one"
            ),
        })
    }
}

/// Whether a body begins as JSON and then stops.
fn ends_early(body: &[u8]) -> bool {
    let read = serde_json::from_slice::<serde::de::IgnoredAny>(body);
    let begins = matches!(body.trim_ascii_start().first(), Some(b'{' | b'['));
    begins && read.is_err_and(|error| error.is_eof())
}
