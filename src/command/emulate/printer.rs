//! Prints what happens at an emulated provider, and counts it.

use indicatif::ProgressBar;
use serde_json::{Map, Value, json};

use crate::command::World;
use crate::console::Console;
use crate::delivery::{About, Delivery, DeliverySource, Request, Timestamp};
use crate::emulate::{
    AfterAttempt, AttemptCause, AttemptTold, DeliveryTold, EmulateEvent, EmulatedTotals,
    Observations,
};
use crate::exit::CliError;
use crate::provider::Provider;
use crate::report::{self, EmulatedLine};

/// Prints the story of one emulator.
pub struct StoryPrinter {
    console: Console,
    json: bool,
    since: Timestamp,
    provider: String,
    /// What has to be off the screen while a line is printed.
    countdown: ProgressBar,
}

impl StoryPrinter {
    /// Of an emulator that starts at `since`, by its own clock.
    pub fn new(
        (console, json): (Console, bool),
        since: Timestamp,
        provider: &Provider,
        countdown: ProgressBar,
    ) -> Self {
        Self {
            console,
            json,
            since,
            provider: provider.name().to_owned(),
            countdown,
        }
    }

    /// Prints until nothing more comes; ends early where nothing can be printed any more.
    pub fn run(self, mut told: Observations) -> Result<(), CliError> {
        while let Some((event, _room)) = told.next(|skipped| self.skipped(skipped)) {
            match event {
                EmulateEvent::Delivery(delivery, request) => self.delivery(&delivery, *request)?,
                EmulateEvent::Attempt(attempt) => self.attempt(&attempt)?,
                EmulateEvent::Dropped(delivery) => self.dropped(&delivery)?,
                EmulateEvent::Disabled { id, url } => {
                    self.endpoint("disabled", "the provider disables the endpoint", &id, &url)?;
                }
                EmulateEvent::Rotated { id, url } => {
                    let what = format!("new secret, see `GET /v1/webhooks/{id}/secrets`:");
                    self.endpoint("rotated", &what, &id, &url)?;
                }
            }
        }
        Ok(())
    }

    /// Says that the output could not keep up.
    fn skipped(&self, count: u64) {
        let message = format!("the terminal is too slow: {count} not shown");
        let hint = Some("`webhook emulate deliveries` lists what was sent");
        self.countdown.suspend(|| self.console.warn(&message, hint));
    }

    fn delivery(&self, told: &DeliveryTold, request: Request) -> Result<(), CliError> {
        if self.json {
            let names = [&*self.provider, &told.event, &told.event_id];
            let reason = "sent by `webhook emulate`";
            let source = DeliverySource::Send;
            let mut delivery = Delivery::composed(source, told.at, names, reason, request);
            delivery.id.clone_from(&told.id);
            return Ok(self.console.json(&delivery.to_json())?);
        }
        self.line(told, "")
    }

    fn print(&self, text: &str) -> Result<(), CliError> {
        Ok(self.countdown.suspend(|| self.console.data(text))?)
    }

    fn dropped(&self, told: &DeliveryTold) -> Result<(), CliError> {
        if self.json {
            let fields = json!({
                "delivery_id": told.id, "event": told.event, "event_id": told.event_id, "url": told.url,
            });
            return Ok(self.console.line("dropped", fields)?);
        }
        self.line(told, "dropped on purpose")
    }

    fn line(&self, told: &DeliveryTold, note: &str) -> Result<(), CliError> {
        let text = report::emulated_delivery(
            (told.at, self.since),
            (&told.event, &told.event_id, &told.url),
            note,
            self.console.width(),
        );
        self.print(&text)
    }

    fn attempt(&self, told: &AttemptTold) -> Result<(), CliError> {
        let failed = match told.next {
            AfterAttempt::Delivered | AfterAttempt::Retried { .. } => None,
            AfterAttempt::NotRetried => Some("not_retried"),
            AfterAttempt::Exhausted => Some("exhausted"),
            AfterAttempt::Cancelled => Some("cancelled"),
        };
        if !self.json {
            return self.attempt_line(told);
        }
        self.console.json(&self.attempt_json(told)?)?;
        if let Some(reason) = failed {
            let delivery = &told.delivery;
            let fields = json!({
                "delivery_id": delivery.id, "event": delivery.event, "event_id": delivery.event_id,
                "url": delivery.url, "attempts": told.number, "reason": reason,
            });
            self.console.line("failed", fields)?;
        }
        Ok(())
    }

    fn attempt_line(&self, told: &AttemptTold) -> Result<(), CliError> {
        let delivery = &told.delivery;
        let next = match told.next {
            AfterAttempt::Retried { at, wait } => Some((delivery.at.until(at), wait)),
            _ => None,
        };
        let end = match told.next {
            AfterAttempt::Delivered => "delivered",
            AfterAttempt::NotRetried => "failed: such an answer is not retried",
            AfterAttempt::Exhausted => "failed: that was the last",
            AfterAttempt::Cancelled => "cancelled: the endpoint is disabled or gone",
            AfterAttempt::Retried { .. } => "",
        };
        let again = match told.cause {
            AttemptCause::Schedule => None,
            AttemptCause::Resume => Some("resumed"),
            AttemptCause::Redeliver => Some("redelivered"),
            AttemptCause::Duplicate => Some("duplicate"),
        };
        let line = EmulatedLine {
            at: delivery.at,
            since: self.since,
            event_id: &delivery.event_id,
            number: (told.number, told.of),
            again,
            next,
            end,
            detail: self.console.detail(),
            width: self.console.width(),
        };
        let text = report::emulated_attempt(&told.attempt, &line);
        self.print(&text)
    }

    /// The line of an attempt, with what the emulated provider adds to it.
    fn attempt_json(&self, told: &AttemptTold) -> Result<String, CliError> {
        let delivery = &told.delivery;
        let about = About {
            provider: Some(&self.provider),
            event: Some(&delivery.event),
            event_id: Some(&delivery.event_id),
            ..About::default()
        };
        let text = told.attempt.to_json_about(about);
        let line: serde_json::Result<Map<String, Value>> = serde_json::from_str(&text);
        let mut line = line.map_err(std::io::Error::from)?;
        let next = match told.next {
            AfterAttempt::Retried { at, .. } => Some(at.to_string()),
            _ => None,
        };
        for (name, value) in [
            ("number", told.number.into()),
            ("of", told.of.into()),
            ("trigger", told.cause.as_str().into()),
            ("endpoint_id", delivery.endpoint.clone().into()),
            ("emulated_at", delivery.at.to_string().into()),
            ("next_retry_at", next.into()),
        ] {
            line.insert(name.into(), value);
        }
        Ok(Value::Object(line).to_string())
    }

    fn endpoint(&self, kind: &str, what: &str, id: &str, url: &str) -> Result<(), CliError> {
        if self.json {
            let fields = json!({"endpoint_id": id, "url": url});
            return Ok(self.console.line(kind, fields)?);
        }
        let text = report::emulated_endpoint(what, url, self.console.width());
        self.print(&text)
    }
}

/// Says what was done.
pub fn summarize(
    world: &World,
    json: bool,
    totals: &EmulatedTotals,
    pending: usize,
) -> Result<(), CliError> {
    if json {
        let mut fields = serde_json::to_value(totals).map_err(std::io::Error::from)?;
        fields["pending"] = pending.into();
        return Ok(world.console.line("summary", fields)?);
    }
    let EmulatedTotals {
        deliveries,
        attempts,
        delivered,
        failed,
        ..
    } = totals;
    let deliveries = report::counted(*deliveries, "delivery", "deliveries");
    let attempts = report::counted(*attempts, "attempt", "attempts");
    let later = match pending {
        0 => String::new(),
        pending => format!(", {pending} to come at the next start"),
    };
    world.console.note(&format!(
        "{deliveries}, {attempts}: {delivered} delivered, {failed} failed{later}"
    ));
    Ok(())
}
