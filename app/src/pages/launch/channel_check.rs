//! Whether a channel's data is there: looked up once its URI is one and the typing has stopped.

use std::time::Duration;

use domain::{
    channel_check::{ChannelCheck, ChannelDataType},
    s3_uri::S3Uri,
};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::{error::ApiError, objects::channel_check},
    components::icon::{Glyph, Icon},
    model::channel::check_sentence,
};

const TYPING_PAUSE: Duration = Duration::from_millis(500);

#[derive(Clone, PartialEq)]
enum Look {
    /// There is no URI to look at.
    Idle,
    Looking,
    Seen(Result<ChannelCheck, ApiError>),
}

#[component]
pub(super) fn ChannelCheckLine(
    #[prop(into)] uri: Signal<String>,
    #[prop(into)] data_type: Signal<String>,
) -> impl IntoView {
    let look = RwSignal::new(Look::Idle);
    let wanted = Memo::new(move |_| {
        let uri = uri.with(|it| S3Uri::parse(it).ok())?;
        Some((uri, data_type.with(|it| ChannelDataType::parse(it))?))
    });
    // By then the card may be gone, or another URI typed: the signals say so.
    let mut ask = debounce(TYPING_PAUSE, move |asked: (S3Uri, ChannelDataType)| {
        spawn_local(async move {
            let seen = channel_check(asked.0.clone(), asked.1).await;
            if wanted.try_with_untracked(|it| it.as_ref() == Some(&asked)) == Some(true) {
                look.try_set(Look::Seen(seen));
            }
        });
    });
    Effect::new(move |_| match wanted.get() {
        None => look.set(Look::Idle),
        Some(asked) => {
            look.set(Look::Looking);
            ask(asked);
        }
    });
    let line = move || {
        let (class, icon, text) = match look.get() {
            Look::Idle => return None,
            Look::Looking => ("channel-check", None, "Looking into S3 …".to_owned()),
            Look::Seen(Err(error)) => ("channel-check is-warning", Some(Icon::Alert), error.to_string()),
            Look::Seen(Ok(check)) => match check_sentence(&check) {
                (true, text) => ("channel-check is-warning", Some(Icon::Alert), text),
                (false, text) => ("channel-check is-good", Some(Icon::Check), text),
            },
        };
        Some(view! { <p class=class>{icon.map(|icon| view! { <Glyph icon/> })}<span>{text}</span></p> })
    };
    view! { <div class="needs-js" role="status">{line}</div> }
}
