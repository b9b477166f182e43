//! CreateTrainingJob as a form and as JSON: one table of all members, and two directions between text and request.
//!
//! - `data/training_job_fields.csv` lists every member with its type and limits, out of the SageMaker API model
//!   (2017-07-24, botocore 1.44.5); [`schema`] makes a tree of it.
//! - [`Fields`] are a request as text, one entry per member, named by its path (`ResourceConfig.InstanceType`,
//!   `InputDataConfig[0].ChannelName`). These names are the form's, the errors' and the documentation's.
//! - [`Fields::read`] takes a request apart, [`Fields::to_request`] checks texts and puts a request together. For every
//!   valid request the second undoes the first exactly.
//! - [`rules`] hold what only several members together can break.

mod answer;
mod fields;
mod parse;
mod request;
mod rules;
mod schema;
#[cfg(test)]
mod tests;
mod text;
mod tree;

pub use answer::{is_answer_only, request_of_answer};
pub use fields::Fields;
pub use request::TrainingJobRequest;
pub(crate) use schema::root;
pub use schema::{Kind, Node, Rule};
