//! `completions` and `man`: both are made from the grammar, so that they cannot differ from it.
//! They need no settings, store or home.

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use super::args::CommandLine;
use super::error::Failure;
use super::output::Out;

const NAME: &str = "lacebark";

/// `completions`.
pub fn completions(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut CommandLine::command(), NAME, &mut script);
    print(&script)
}

/// `man`: one page, the commands below the program's own options.
pub fn man() -> Result<(), Failure> {
    let mut page = Vec::new();
    let command = CommandLine::command();
    let man = Man::new(command.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    page.extend_from_slice(b".SH COMMANDS\n");
    for inner in command.get_subcommands() {
        section(inner, NAME, &mut page)?;
    }
    man.render_extra_section(&mut page)?;
    man.render_version_section(&mut page)?;
    print(&page)
}

/// One command, or the commands below it.
fn section(command: &Command, parent: &str, page: &mut Vec<u8>) -> Result<(), Failure> {
    let name = format!("{parent} {}", command.get_name());
    if command.has_subcommands() {
        for inner in command.get_subcommands() {
            section(inner, &name, page)?;
        }
        return Ok(());
    }
    // The options that every command takes are told once: they are not here before the grammar is
    // built.
    let man = Man::new(command.clone().bin_name(&name).disable_help_flag(true));
    page.extend_from_slice(format!(".SS \"{name}\"\n").as_bytes());
    let mut text = Vec::new();
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    if command.get_arguments().next().is_some() {
        man.render_options_section(&mut text)?;
    }
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        // Within the section of a command its parts are paragraphs, and how an apostrophe is
        // written was said above.
        if line.starts_with(b".SH ") {
            page.extend_from_slice(b".PP\n");
        } else if !line.starts_with(b".ie ") && !line.starts_with(b".el ") {
            page.extend_from_slice(line);
        }
    }
    Ok(())
}

fn print(text: &[u8]) -> Result<(), Failure> {
    let mut out = Out::standard(false);
    out.own(text)?;
    out.finish()
}
