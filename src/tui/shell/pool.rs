//! Threads that answer questions: two readers with query-only connections, and one worker for
//! texts, whose next job replaces the one that waits.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::tui::app::event::{Answer, Question, Ticket};

use super::Incoming;
use super::desk::Desk;

const READERS: usize = 2;
/// A stack that a deep HTML text fits in.
const STACK: usize = 8 << 20;

struct Job {
    ticket: Ticket,
    question: Question,
    post: Sender<Incoming>,
}

#[derive(Default)]
struct Queues {
    questions: VecDeque<Job>,
    text: Option<Job>,
    over: bool,
}

struct Shared {
    queues: Mutex<Queues>,
    work: Condvar,
    desk: Desk,
}

/// The threads; they end when it is dropped and their work is done.
pub struct Pool {
    shared: Arc<Shared>,
    started: Mutex<bool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Questions,
    Texts,
}

impl Pool {
    /// A pool whose threads start with the first question.
    pub fn new(desk: Desk) -> Self {
        Self {
            shared: Arc::new(Shared {
                queues: Mutex::default(),
                work: Condvar::new(),
                desk,
            }),
            started: Mutex::new(false),
        }
    }

    /// Answers on this thread.
    pub fn answer_here(&self, question: &Question) -> Answer {
        self.shared.desk.answer(question)
    }

    /// Has a thread answer.
    pub fn ask(&self, ticket: Ticket, question: Question, post: &Sender<Incoming>) {
        self.start();
        let job = Job {
            ticket,
            post: post.clone(),
            question,
        };
        let mut queues = lock(&self.shared.queues);
        match job.question {
            Question::Body { .. } => queues.text = Some(job),
            _ => queues.questions.push_back(job),
        }
        drop(queues);
        self.shared.work.notify_all();
    }

    fn start(&self) {
        let mut started = lock(&self.started);
        if std::mem::replace(&mut *started, true) {
            return;
        }
        let kinds = std::iter::repeat_n(Kind::Questions, READERS).chain([Kind::Texts]);
        for kind in kinds {
            let shared = self.shared.clone();
            let spawned = std::thread::Builder::new()
                .name("reader".to_owned())
                .stack_size(STACK)
                .spawn(move || work(&shared, kind));
            if let Err(error) = spawned {
                tracing::error!(%error, "a reader did not start");
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        lock(&self.shared.queues).over = true;
        self.shared.work.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn work(shared: &Shared, kind: Kind) {
    while let Some(job) = next(shared, kind) {
        let answered = catch_unwind(AssertUnwindSafe(|| shared.desk.answer(&job.question)));
        let answer = answered.unwrap_or_else(|_| {
            Answer::Failed("This could not be read: see the log file.".to_owned())
        });
        let message = Incoming::Answer(job.ticket, Box::new(answer));
        if job.post.send(message).is_err() {
            return;
        }
    }
}

fn next(shared: &Shared, kind: Kind) -> Option<Job> {
    let mut queues = lock(&shared.queues);
    loop {
        if queues.over {
            return None;
        }
        let job = match kind {
            Kind::Questions => queues.questions.pop_front(),
            Kind::Texts => queues.text.take(),
        };
        if job.is_some() {
            return job;
        }
        queues = shared
            .work
            .wait(queues)
            .unwrap_or_else(PoisonError::into_inner);
    }
}
