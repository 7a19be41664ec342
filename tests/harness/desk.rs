//! A person before the program's screen.

use std::path::Path;

use super::program::Home;
use super::pty::Terminal;

/// A home and its program, on a screen of the usual size.
pub struct Desk {
    /// The home, for what a script would do beside the screen.
    pub home: Home,
    /// The screen.
    pub screen: Terminal,
}

impl Desk {
    /// Starts the program and waits for its first screen.
    pub fn open(home: Home) -> Self {
        let mut screen = home.terminal(&[], 24, 80);
        screen.wait_text("? Help");
        Self { home, screen }
    }

    /// Types keys.
    pub fn press(&mut self, keys: &str) {
        self.screen.press(keys);
    }

    /// Waits for a text.
    pub fn sees(&mut self, text: &str) {
        self.screen.wait_text(text);
    }

    /// Waits until a text is gone.
    pub fn misses(&mut self, text: &str) {
        self.screen.wait_gone(text);
    }

    /// Puts the cursor of a list of messages on the one with this subject.
    pub fn at(&mut self, subject: &str) {
        self.press("W");
        self.sees("Word to find");
        self.press(&format!("\x15{subject}\r"));
        self.screen.wait_cursor(subject);
    }

    /// Runs a command by its name.
    pub fn command(&mut self, name: &str) {
        self.press(".");
        self.sees("Command:");
        self.press(&format!("{name}\r"));
    }

    /// Begins a message, up to its text.
    pub fn write(&mut self, to: &str, subject: &str, text: &str) {
        self.press("c");
        self.sees("COMPOSE");
        self.press(&format!("{to}\t\t\t{subject}\r"));
        self.sees("line 1 of");
        self.press(text);
        // The last of it is on the screen.
        self.sees(text.lines().last().unwrap());
    }

    /// Sends what is being written.
    pub fn send(&mut self) {
        self.press("\x18");
        self.sees("Send to");
        self.press("y");
        self.sees("Sending in");
    }

    /// Attaches a file to it, from its text.
    pub fn attach(&mut self, path: &Path) {
        self.press("\x1b<");
        self.press("\x1b[Z\x1b[Z");
        self.sees("^J Attach");
        self.press("\x0a");
        self.sees("File to attach");
        self.press(&format!("\x15{}\r", path.display()));
        self.sees("Attached");
    }

    /// Leaves the program in order.
    pub fn quits(&mut self) {
        self.screen.quit();
    }
}
