//! Settings of a provider: what is peculiar to an account there, and no secret.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

/// What stands before a setting's name where its value is put.
const OPENING: &str = "{setting:";

/// Something peculiar to an account at the provider that is no secret, as the id of a webhook. Its value takes the
/// place of `{setting:NAME}` in every text of the definition.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ProviderSetting {
    /// The name that `{setting:NAME}` and `--setting NAME=VALUE` use.
    pub name: String,
    /// What it is, and where the provider shows it, in a line.
    pub about: String,
    /// The value where none is given.
    pub default: String,
    /// The environment variable in which the provider's users keep it.
    pub env: Option<String>,
}

/// The values that were given, by the names of the settings.
pub type SettingValues = BTreeMap<String, String>;

impl ProviderSetting {
    /// The settings that a definition's text declares; none where it cannot be read.
    pub(super) fn all_in(definition: &str) -> Vec<Self> {
        #[derive(Deserialize)]
        struct Settings {
            #[serde(default)]
            settings: Vec<ProviderSetting>,
        }
        if !definition.contains("\"settings\"") {
            return Vec::new();
        }
        serde_json::from_str(definition).map_or_else(|_| Vec::new(), |read: Settings| read.settings)
    }

    /// The defaults that are no values, each with what is wrong with it.
    pub(super) fn faults(settings: &[Self]) -> impl Iterator<Item = (String, String)> {
        let settings = settings.iter().enumerate();
        settings.filter_map(|(n, setting)| {
            let problem = Self::check(&setting.default).err()?;
            Some((format!("settings[{n}].default"), problem))
        })
    }

    /// Fails where a value could be taken for something else in a definition.
    pub fn check(value: &str) -> Result<(), String> {
        let is_plain = |c: char| (' '..='~').contains(&c) && !"{}[]\"\\|".contains(c);
        match value.chars().find(|c| !is_plain(*c)) {
            None if value.is_empty() => Err("the value of a setting is empty".into()),
            None => Ok(()),
            Some(c) => Err(format!("the value of a setting has `{}`", c.escape_debug())),
        }
    }
}

/// A definition's text with its settings filled in: the given values, else the defaults.
pub(super) fn fill<'t>(
    text: &'t str,
    settings: &[ProviderSetting],
    values: &SettingValues,
) -> Cow<'t, str> {
    settings.iter().fold(text.into(), |text, setting| {
        let place = format!("{OPENING}{}}}", setting.name);
        let value = values.get(&setting.name).unwrap_or(&setting.default);
        text.replace(&place, value).into()
    })
}

/// A definition's text with the defaults of its settings filled in.
pub(super) fn with_defaults(text: &str) -> Cow<'_, str> {
    fill(text, &ProviderSetting::all_in(text), &SettingValues::new())
}

/// The first setting in a filled text that nothing declares.
pub(super) fn undeclared(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(OPENING)?;
    rest.split_once('}').map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{Catalogue, Provider, check_folder};
    use crate::signature::Scheme;

    fn values(pairs: &[(&str, &str)]) -> SettingValues {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect()
    }

    fn signed(provider: &Provider) -> (String, String) {
        let of = |scheme: &Scheme| scheme.signed.to_string();
        (of(&provider.scheme), of(&provider.definition.signature))
    }

    #[test]
    fn a_value_takes_the_place_of_its_setting_in_what_is_signed() {
        let mut catalogue = Catalogue::builtin();
        let default = "{id}|{timestamp}|1JE4291016473214C|{body|crc32}".to_owned();
        assert_eq!(
            signed(catalogue.get("paypal").unwrap()),
            (default.clone(), default)
        );
        catalogue
            .set("paypal", &values(&[("webhook-id", "WH1")]))
            .unwrap();
        let given = "{id}|{timestamp}|WH1|{body|crc32}".to_owned();
        assert_eq!(
            signed(catalogue.get("paypal").unwrap()),
            (given.clone(), given)
        );
        let livekit = catalogue.get("livekit").unwrap().settings();
        assert_eq!(livekit[0].name, "api-key");
    }

    #[test]
    fn a_folder_of_the_users_has_settings_too_and_tells_of_an_undeclared_one() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("acme");
        std::fs::create_dir(&folder).unwrap();
        let write = |signed: &str| {
            let mut definition: serde_json::Value =
                serde_json::from_str(super::super::lint::SAMPLE).unwrap();
            definition["name"] = "acme".into();
            definition["signature"]["signed"] = signed.into();
            definition["settings"] =
                serde_json::json!([{"name": "account", "about": "yours", "default": "a1"}]);
            let text = definition.to_string();
            std::fs::write(folder.join("provider.json"), text).unwrap();
        };
        write("{setting:account}.{timestamp}.{body}");
        let mut catalogue = Catalogue::default();
        catalogue.add_folder(folder.parent().unwrap()).unwrap();
        assert_eq!(
            signed(catalogue.get("acme").unwrap()).0,
            "a1.{timestamp}.{body}"
        );
        catalogue
            .set("acme", &values(&[("account", "b2")]))
            .unwrap();
        assert_eq!(
            signed(catalogue.get("acme").unwrap()).0,
            "b2.{timestamp}.{body}"
        );
        write("{setting:other}{body}");
        let error = Provider::read(&folder).unwrap_err().to_string();
        assert!(error.contains("`settings` has no `other`"), "{error}");
        let now = crate::delivery::Timestamp::from_seconds(0);
        assert!(!check_folder(&folder, now).faults.is_empty());
    }

    #[test]
    fn what_could_be_taken_for_something_else_is_no_value() {
        assert_eq!(ProviderSetting::check("1JE-42 91/x:y=z"), Ok(()));
        for wrong in ["", "{body}", "a]", "\"", "\\", "é", "a\n", "a|b"] {
            assert!(ProviderSetting::check(wrong).is_err(), "{wrong}");
        }
    }
}
