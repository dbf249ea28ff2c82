//! The settings of providers: flag, environment variable, configuration file, else the default.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Config, ConfigError, ConfigForm, Setting};
use crate::delivery::did_you_mean;
use crate::provider::{Catalogue, ProviderSetting, SettingValues};

/// A setting with its provider's name.
type OwnSetting = (String, ProviderSetting);

impl Config {
    /// Gives the providers the settings that are in force; `flags` are names, with or without the
    /// provider's before a dot, and values.
    pub(super) fn apply_settings(
        &self,
        flags: &[String],
        catalogue: &mut Catalogue,
    ) -> Result<(), ConfigError> {
        let mut values: BTreeMap<String, SettingValues> = BTreeMap::new();
        for ((provider, setting), Setting { value, origin }) in
            self.given_settings(flags, catalogue)?
        {
            ProviderSetting::check(&value)
                .map_err(|message| ConfigError::Value { origin, message })?;
            let of_provider = values.entry(provider).or_default();
            of_provider.insert(setting.name, value);
        }
        for (provider, values) in values {
            catalogue.set(&provider, &values).map_err(Arc::new)?;
        }
        Ok(())
    }

    /// The settings of providers for which a value was given, with it. Fails where one is given that no
    /// provider has.
    pub(super) fn given_settings(
        &self,
        flags: &[String],
        catalogue: &Catalogue,
    ) -> Result<Vec<(OwnSetting, Setting<String>)>, ConfigError> {
        let flags = flags.iter().map(|text| split(text));
        let flags: Vec<_> = flags.collect::<Result<_, _>>()?;
        let settings = catalogue.iter().flat_map(|provider| {
            let name = provider.name().to_owned();
            let settings = provider.settings().into_iter();
            settings.map(move |setting| (name.clone(), setting))
        });
        let settings: Vec<OwnSetting> = settings.collect();
        let flagged = flags.iter().map(|(name, _)| name.clone());
        let filed = self.files().flat_map(|(_, file)| file.providers.iter());
        let filed = filed.flat_map(|(provider, section)| {
            let names = section.settings.keys();
            names.map(move |name| format!("{provider}.{name}"))
        });
        for name in flagged.chain(filed) {
            if !settings.iter().any(|own| is_named(own, &name)) {
                return Err(unknown(&settings, &name));
            }
        }
        let given = settings.into_iter().filter_map(|own| {
            let Setting { value, origin } = self.provider_setting(&flags, &own);
            Some((
                own,
                Setting {
                    value: value?,
                    origin,
                },
            ))
        });
        Ok(given.collect())
    }

    /// The value that was given for a setting, where one was.
    fn provider_setting(
        &self,
        flags: &[(String, String)],
        own: &OwnSetting,
    ) -> Setting<Option<String>> {
        let flag = flags.iter().rev().find(|(name, _)| is_named(own, name));
        let flag = flag.map(|(_, value)| ("--setting", Some(value.clone())));
        let (provider, setting) = own;
        let variable = setting.env.as_ref().and_then(|name| self.variable(name));
        let field = |file: &ConfigForm| {
            let section = file.providers.get(provider)?;
            section.settings.get(&setting.name).cloned().map(Some)
        };
        self.setting(flag, variable, field, None)
    }
}

fn split(text: &str) -> Result<(String, String), ConfigError> {
    let pair = text.split_once('=');
    let pair = pair.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let hint = "such as `--setting webhook-id=1JE4291016473214C`";
    pair.ok_or_else(|| ConfigError::unknown(format!("`{text}` is no NAME=VALUE"), hint))
}

/// Whether a name, with or without the provider's before a dot, is that of a setting.
fn is_named((provider, setting): &OwnSetting, name: &str) -> bool {
    let own = match name.split_once('.') {
        Some((of, own)) if of == provider => own,
        Some(_) => return false,
        None => name,
    };
    own == setting.name
}

fn unknown(settings: &[OwnSetting], name: &str) -> ConfigError {
    let full = |(provider, setting): &OwnSetting| format!("{provider}.{}", setting.name);
    let all: Vec<_> = settings.iter().map(full).collect();
    let short = settings.iter().map(|(_, setting)| setting.name.as_str());
    let near = did_you_mean(name, all.iter().map(String::as_str).chain(short));
    let hint = near.unwrap_or_else(|| format!("there are {}", all.join(", ")));
    ConfigError::unknown(format!("no provider has a setting `{name}`"), hint)
}
