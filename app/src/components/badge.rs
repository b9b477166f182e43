//! A run's state in a word, an icon and a colour; never by colour alone.

use domain::run::RunBadge;
use leptos::prelude::*;

use super::icon::{Glyph, Icon};

/// The word on the badge.
pub const fn badge_word(badge: RunBadge) -> &'static str {
    match badge {
        RunBadge::Queued => "Queued",
        RunBadge::Running => "Running",
        RunBadge::Stopping => "Stopping",
        RunBadge::Completed => "Completed",
        RunBadge::Failed => "Failed",
        RunBadge::Stopped => "Stopped",
        RunBadge::Unknown => "Checking",
        RunBadge::NeedsAttention => "Needs attention",
        RunBadge::Rejected => "Refused",
    }
}

const fn badge_icon(badge: RunBadge) -> Icon {
    match badge {
        RunBadge::Queued => Icon::Clock,
        RunBadge::Running => Icon::Play,
        RunBadge::Completed => Icon::Check,
        RunBadge::Failed => Icon::Cross,
        RunBadge::Stopping | RunBadge::Stopped => Icon::Square,
        RunBadge::Unknown => Icon::Question,
        RunBadge::NeedsAttention => Icon::Alert,
        RunBadge::Rejected => Icon::Ban,
    }
}

/// What the state means, for those who point at it.
const fn badge_title(badge: RunBadge) -> &'static str {
    match badge {
        RunBadge::Queued => "Recorded here; on its way to the engine",
        RunBadge::Running => "The engine has the job and works on it",
        RunBadge::Stopping => "Asked to stop: SIGTERM first, 120 seconds to save, then the end",
        RunBadge::Completed => "Ended well",
        RunBadge::Failed => "Ended with an error",
        RunBadge::Stopped => "Ended because somebody asked for it",
        RunBadge::Unknown => "The engine's answer was lost; the job is being looked up before anything else happens",
        RunBadge::NeedsAttention => "Nothing more happens by itself: a person must look",
        RunBadge::Rejected => "The engine refused the request: no job exists, nothing is billed",
    }
}

#[component]
pub fn Badge(badge: RunBadge) -> impl IntoView {
    view! {
        <span class=format!("badge badge-{}", badge.as_str()) title=badge_title(badge)>
            <Glyph icon=badge_icon(badge)/>
            {badge_word(badge)}
        </span>
    }
}
