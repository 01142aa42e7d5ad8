//! What the command says: results on stdout, everything else on stderr.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use console::style;
use serde::Serialize;
use thalweg::Error;

use crate::arguments::{ColorChoice, GlobalFlags};
use crate::exit::Failure;

/// The two streams, and how much is said on them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// One JSON object on stdout and nothing else.
    pub(crate) json: bool,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
    /// Whether bars may move.
    pub(crate) progress: bool,
}

impl Output {
    /// Decides colours for both streams, once: the flag, then `NO_COLOR`, then whether the stream is a terminal.
    pub(crate) fn new(flags: &GlobalFlags) -> Self {
        let allowed = |is_terminal: bool| match flags.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
                let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
                is_terminal && !is_set("NO_COLOR") && !is_dumb
            }
        };
        console::set_colors_enabled(allowed(io::stdout().is_terminal()));
        console::set_colors_enabled_stderr(allowed(io::stderr().is_terminal()));
        Output {
            json: flags.json,
            quiet: flags.quiet,
            verbose: flags.verbose,
            progress: !flags.no_progress && !flags.quiet && io::stderr().is_terminal(),
        }
    }

    /// A line of the result, left out where the result is JSON.
    pub(crate) fn line(&self, text: impl Display) {
        if !self.json {
            print(&format!("{text}\n"));
        }
    }

    /// Text of the result as it is, left out where the result is JSON.
    pub(crate) fn text(&self, text: &str) {
        if !self.json {
            print(text);
        }
    }

    /// The result as JSON, where that is asked for.
    pub(crate) fn json(&self, result: &impl Serialize) {
        if self.json {
            let text = serde_json::to_string_pretty(result).expect("results have text keys and plain values");
            print(&(text + "\n"));
        }
    }

    /// Says something beside the result, unless all is to be quiet.
    pub(crate) fn note(&self, text: impl Display) {
        if !self.quiet {
            say(format_args!("{text}"));
        }
    }

    /// Says something that only a curious person wants to know.
    pub(crate) fn detail(&self, text: impl Display) {
        if self.verbose && !self.quiet {
            say(format_args!("{text}"));
        }
    }

    /// Warns of what a person should know about data or files; kept even where all is quiet.
    pub(crate) fn notice(&self, text: impl Display) {
        say(format_args!("{} {text}", style("note:").for_stderr().yellow().bold()));
    }

    /// Warns of what could not be saved while a run goes on.
    pub(crate) fn unsaved(&self, warning: &Error) {
        self.notice(format_args!("{warning}; training goes on, and it is tried again at the next moment"));
    }
}

/// The failure's one sentence.
pub(crate) fn report_failure(failure: &Failure) {
    say(format_args!("{} {}", style("error:").for_stderr().red().bold(), failure.message));
}

/// The standard output. A reader that has gone away wants nothing more, which is no error: the rest is dropped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stdout;

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        or_dropped(io::stdout().write(bytes), bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        or_dropped(io::stdout().flush(), ())
    }
}

fn or_dropped<T>(written: io::Result<T>, dropped: T) -> io::Result<T> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(dropped),
        written => written,
    }
}

/// Whether something of the result could not be written, though somebody wanted it.
static IS_RESULT_LOST: AtomicBool = AtomicBool::new(false);

/// Writes text to stdout. The first failure is reported, and then nothing more is written.
pub(crate) fn print(text: &str) {
    if is_result_lost() {
        return;
    }
    if let Err(error) = Stdout.write_all(text.as_bytes()).and_then(|()| Stdout.flush()) {
        IS_RESULT_LOST.store(true, Ordering::Relaxed);
        say(format_args!("{} cannot write to stdout: {error}", style("error:").for_stderr().red().bold()));
    }
}

/// Whether [`print`] failed for another reason than a reader that has gone away.
pub(crate) fn is_result_lost() -> bool {
    IS_RESULT_LOST.load(Ordering::Relaxed)
}

/// Writes a line to stderr; if even that is impossible, nobody is there to be told.
fn say(text: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// How many columns the terminal has, or 100 where there is none.
pub(crate) fn width() -> usize {
    console::Term::stdout().size_checked().map_or(100, |(_, columns)| usize::from(columns))
}

/// How many columns and rows the terminal behind stderr has.
pub(crate) fn error_size() -> (usize, usize) {
    let (rows, columns) = console::Term::stderr().size();
    (usize::from(columns), usize::from(rows))
}
