//! The house behind the `webhook` binary.
//!
//! Every file can be told from its name, every arrow goes down, and a delivery walks through once:
//!
//! ```text
//! listen   socket -> http -> Arrival -> receive: decide -> keep (durable) -> answer
//!                                       -> publish -> printer, --expect, whoever subscribes
//!                                       -> forward (a queue and N workers a target) -> Attempt
//! send     event -> provider::Composer -> Payload -> signed Request -> dispatch -> Attempt -> exit code
//! replay   store -> Request -> (signed afresh?) -> dispatch -> Attempt -> store, exit code
//! verify   file -> formats -> Capture -> provider::verify_request -> Verification -> exit code
//! test     table of checks -> provider::Composer + a twist -> dispatch -> Finding -> exit code
//! inspect  browser -> guard -> page of the store, as it grows -> replay, send -> dispatch -> Attempt
//! emulate  event -> state (durable) -> schedule by the emulated clock -> signed Request -> dispatch -> state
//! ```
//!
//! # The rooms
//!
//! The pure rooms know bytes and data only. [`delivery`] has the nouns and their JSON form; [`json`]
//! looks into texts without rebuilding them; [`signature`] makes and checks signatures, and names the
//! mistake behind a wrong one; [`provider`] reads definitions, recognises and verifies requests,
//! composes and signs them, and says when the next attempt is due; [`filter`] reads the line that says which
//! deliveries match.
//!
//! The rooms at the edge know the world and nothing of webhooks. [`http`] has the sockets: it serves
//! any hyper service and sends requests; [`store`] is the log; [`formats`] reads and writes what other
//! programs do; [`report`] gets values, those of the pure rooms among them, and returns text.
//!
//! [`dispatch`] is the one way out: every delivery that leaves is one attempt from there.
//!
//! The engines take resolved options and tell an observer what happens; they know neither the command
//! line nor the terminal, and none knows another. [`receive`] decides, keeps, publishes and forwards;
//! [`send`] sends once, follows a schedule or makes a load; [`replay`] sends again what was received;
//! [`check`] plays a provider against a handler; [`verify`] reads inputs and checks the captures in them;
//! [`emulate`] is a provider: its API, its state, its clock and its retries. [`inspect`] is a page on the log: it reads
//! the store and sends through [`replay`] and [`send`], the one engine that has others below it.
//!
//! On top, [`cli`] is what can be typed, [`config`] what is in force and why, [`command`] one file
//! per subcommand (arguments, options, one engine, print), [`completion`] what a shell offers while
//! one is typed, [`console`] the two streams, and [`exit`] the only place that knows exit codes. `tests/it/architecture.rs` holds the rooms to who may import
//! whom, files to no circles, and a type's name to one meaning.
//!
//! # Where to change what
//!
//! | what | where |
//! |---|---|
//! | the answer to a delivery, and whether it is forwarded | `receive/decide.rs`, its text `receive/replies.rs` (the reason that the owner reads is the verdict's, `signature/verify.rs`); a script or a full queue overrules it in `receive/mod.rs` |
//! | a handshake, and the answer to it | the definition's `handshakes`; recognised in `provider/handshake.rs`, answered in `receive/decide.rs` by `receive/handshakes.rs` |
//! | when a provider retries | its `fixtures/NAME/provider.json`; which answers are retried, and when, is `provider/schedule.rs` |
//! | a column of the log | `store/migrations.rs`; written in `store/append.rs`, read in `store/row.rs`; the noun is in `delivery/`, its JSON in `delivery/capture/`, its place in `log show` in `report/page.rs` |
//! | what an emulated provider does at an attempt | `emulate/attempt.rs`; when, `emulate/schedule.rs` by `emulate/clock.rs`; what it keeps, `emulate/state/` |
//! | an operation of its API | a row of `emulate/api/operations.rs`, from which the route and its description follow; its bodies are `emulate/api/form.rs` and `answer.rs` |
//! | a check of `webhook test` | a row in `check/table/GROUP.rs` (a new group also in `check/table.rs`), what it sends in `check/context/` |
//! | an operation of the inspector's API | a row of `inspect/api/operations.rs`; its bodies are `inspect/api/form.rs` and `answer.rs` |
//! | what the inspector shows | `inspect/page/`, its script and style beside it; who may look is `inspect/guard.rs`, what is new `inspect/live.rs` |
//! | a field of `--filter` | `filter/words.rs`; read in `filter/read.rs`, met in `filter/term.rs`; what `SQLite` can decide of it, `store/query/narrow.rs` |
//! | a mistake that the doctor names | its words in `signature/diagnose/cause.rs`, how it is undone beside its kind in `signature/diagnose/` |
//! | a provider, an event | a file below `fixtures/NAME/`, of other vendors below `fixtures/vendors/NAME/`, no code |
//! | what a person reads | `report/`, for help `cli/`, for warnings and the summary of a command its file in `command/` |
//!
//! # What holds everywhere
//!
//! Bytes are sacred: what is signed is what is sent, and a body is parsed for display and for an
//! event's name, never to be written again. A provider is data: what is peculiar to one stands in its
//! folder below `fixtures/`. Durable, then acknowledged: a 2xx that was not kept is the worst bug
//! there is. Bounded in bytes: a body holds its share of one budget until it is dropped, and work on a
//! stranger's input has an allowance. A stranger learns less than the owner: reasons go to the
//! terminal, the log and senders on this machine.

pub mod check;
// The doc comments there are the help; a group or a variant has its own. A flag is a bool.
#[allow(missing_docs, clippy::struct_excessive_bools)]
pub mod cli;
pub mod command;
pub mod completion;
pub mod config;
pub mod console;
pub mod delivery;
pub mod dispatch;
pub mod emulate;
pub mod exit;
pub mod filter;
pub mod formats;
pub mod http;
pub mod inspect;
pub mod json;
pub mod provider;
pub mod receive;
pub mod replay;
pub mod report;
pub mod send;
pub mod signature;
pub mod store;
pub mod verify;
