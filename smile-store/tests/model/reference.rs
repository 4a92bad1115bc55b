//! What a store is to answer, in as few words as possible.

use super::script::{Answer, Call, EVENTS, Print, Step, Time};

#[derive(Default)]
pub(crate) struct Reference([Event; EVENTS]);

#[derive(Clone, Copy, Default)]
enum Event {
    #[default]
    Absent,
    /// By this token; a claim that is over is still its token's, until another claims.
    Claimed(usize, Time),
    Done(Print, Time),
}

impl Reference {
    pub(crate) fn play(mut self, script: &[Step]) -> Vec<Answer> {
        script.iter().map(|step| self.answer(step)).collect()
    }

    fn answer(&mut self, step: &Step) -> Answer {
        let event = &mut self.0[step.event];
        let own = matches!(*event, Event::Claimed(token, _) if token == step.token);
        let change = match step.call {
            Call::Claim(time) => {
                match *event {
                    Event::Done(print, Time::Long) => return Answer::Done(print),
                    Event::Claimed(_, Time::Long) if !own => return Answer::InFlight,
                    _ => {}
                }
                *event = Event::Claimed(step.token, time);
                return Answer::Acquired;
            }
            Call::Extend(time) => Event::Claimed(step.token, time),
            Call::Finish(time, print) => Event::Done(print, time),
            Call::Release => Event::Absent,
        };
        if own {
            *event = change;
            Answer::Held
        } else {
            Answer::Lost
        }
    }
}
