//! Icons: 16 x 16 outlines in the colour of their text, always beside a word, hidden from screen readers.

use leptos::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    Overview,
    Runs,
    Experiments,
    Sweeps,
    Compare,
    Costs,
    Launch,
    Clock,
    Play,
    Check,
    Cross,
    Square,
    Question,
    Alert,
    Ban,
    Copy,
    Repeat,
    Download,
    Sun,
    Moon,
    Auto,
    Plus,
    Cpu,
    Folder,
    File,
}

impl Icon {
    const fn path(self) -> &'static str {
        match self {
            Self::Overview => "M2.5 9.5v4h3v-4zM6.5 2.5v11h3v-11zM10.5 6.5v7h3v-7z",
            Self::Runs => "M2.5 4h.01M5.5 4h8M2.5 8h.01M5.5 8h8M2.5 12h.01M5.5 12h8",
            Self::Experiments => {
                "M6 2.5h4M6.75 2.5v4L3 12.2a1 1 0 0 0 .85 1.3h8.3a1 1 0 0 0 .85-1.3L9.25 6.5v-4M4.9 10h6.2"
            }
            Self::Sweeps => "M2.5 2.5h3.5v3.5h-3.5zM10 2.5h3.5v3.5H10zM2.5 10h3.5v3.5h-3.5zM10 10h3.5v3.5H10z",
            Self::Compare => "M2.5 12.5c2-7 4-9 5.5-5s3.5 1 5.5-4M2.5 9.5c3 3 7 2 11-1",
            Self::Costs => {
                "M8 1.8v12.4M11 4.6c-.6-.9-1.7-1.3-3-1.3-1.8 0-3 .8-3 2.2 0 3.2 6.2 1.6 6.2 4.9 0 1.5-1.3 2.3-3.2 2.3-1.5 0-2.7-.5-3.3-1.5"
            }
            Self::Launch | Self::Play => "M5 3.2v9.6L12.5 8z",
            Self::Clock => "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M8 5v3.2l2 1.3",
            Self::Check => "M3 8.5 6.5 12 13 4.5",
            Self::Cross => "M4 4l8 8M12 4l-8 8",
            Self::Square => "M4.5 4.5h7v7h-7z",
            Self::Question => "M6 6a2 2 0 1 1 2.9 1.8c-.6.3-.9.7-.9 1.4M8 11.6h.01",
            Self::Alert => "M8 2.8 14 13H2zM8 6.8v2.8M8 11.4h.01",
            Self::Ban => "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M4.2 4.2l7.6 7.6",
            Self::Copy => "M5.5 5.5h7v8h-7zM3.5 10.5v-8h7",
            Self::Repeat => "M3 7.5A5 5 0 0 1 11.8 4.6L13 6M13 2.8V6H9.8M13 8.5a5 5 0 0 1-8.8 2.9L3 10M3 13.2V10h3.2",
            Self::Download => "M8 2.5v7.5M4.8 7 8 10.2 11.2 7M3 13.2h10",
            Self::Sun => {
                "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6M8 1.5v1.4M8 13.1v1.4M1.5 8h1.4M13.1 8h1.4M3.4 3.4l1 1M11.6 11.6l1 1M3.4 12.6l1-1M11.6 4.4l1-1"
            }
            Self::Moon => "M13 9.6A5.6 5.6 0 0 1 6.4 3a5.6 5.6 0 1 0 6.6 6.6",
            Self::Auto => "M2.5 3.5h11v7.5h-11zM6 13.5h4M8 11v2.5",
            Self::Plus => "M8 3.5v9M3.5 8h9",
            Self::Folder => "M2.5 12.5v-9h4l1.5 2h5.5v7z",
            Self::File => "M4 2.5h5l3 3v8H4zM9 2.5v3h3",
            Self::Cpu => {
                "M5 5h6v6H5zM3.5 3.5h9v9h-9zM6 3.5v-2M10 3.5v-2M6 14.5v-2M10 14.5v-2M3.5 6h-2M3.5 10h-2M14.5 6h-2M14.5 10h-2"
            }
        }
    }
}

#[component]
pub fn Glyph(icon: Icon) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
            <path d=icon.path()/>
        </svg>
    }
}

/// The mark: a track with a switch, and a signal that shows "proceed".
#[component]
pub fn Mark() -> impl IntoView {
    view! {
        <svg class="mark" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false">
            <rect class="mark-ground" width="32" height="32" rx="8"/>
            <path class="mark-track" d="M10 27V5M10 21c0-7 11-6 11-16"/>
            <circle class="mark-signal" cx="22.5" cy="23" r="3.5"/>
        </svg>
    }
}
