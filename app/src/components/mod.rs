//! Widgets that several pages share.

pub mod badge;
pub mod change_list;
pub mod chart;
pub mod code_editor;
pub mod copy;
pub mod drift;
pub mod fault;
pub mod field;
pub mod focus;
pub mod git_origin;
pub mod icon;
pub mod layout;
pub mod loaded;
pub mod log_view;
pub mod member;
pub mod money;
pub mod now;
pub mod request_form;
pub mod rows_field;
pub mod run_table;
pub mod s3_browser;
pub mod search_form;
pub mod theme;
pub mod timeline;
