//! One address of the platform: who answers it, and what is written about it.
//!
//! What a handler takes and gives stands in its types, so most of the description is read from
//! there ([`Described`]); a row of the list adds the rest: a sentence, query fields, further codes.

use std::collections::BTreeSet;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::handler::Handler;
use axum::http::{Extensions, HeaderMap, Method, StatusCode};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::agents::error::{ApiError, ErrorCode};
use crate::agents::http::{JsonBody, MAX_BODY, Params};
use crate::agents::session::Caller;
use crate::state::AppState;

/// Makes a schema.
pub(crate) type Shape = fn(&mut SchemaGenerator) -> Schema;

/// What is written about one address.
#[derive(Debug, Default)]
pub(crate) struct Operation {
    /// One sentence.
    pub(crate) summary: &'static str,
    /// It needs an access token.
    pub(crate) signed_in: bool,
    /// Fields of the path, of the query, and headers beside those that every call has.
    pub(crate) parameters: Vec<Parameter>,
    /// What is sent with it.
    pub(crate) body: Option<Content>,
    /// The largest body, in bytes.
    pub(crate) most: usize,
    /// What it answers when it does what was asked.
    pub(crate) answers: Vec<Answer>,
    /// How it refuses.
    pub(crate) codes: BTreeSet<ErrorCode>,
    /// Refusals without a body: status, and what it means.
    pub(crate) bare: Vec<(u16, &'static str)>,
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: u16,
    /// What it means.
    pub(crate) words: &'static str,
    /// What it carries.
    pub(crate) content: Content,
}

/// What a request or an answer carries.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Content {
    /// Nothing.
    None,
    /// JSON of this shape.
    Json(Shape),
    /// A body of this media type.
    Other(&'static str),
}

/// Where a field stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the path.
    Path,
    /// Behind the question mark.
    Query,
    /// In a header.
    Header,
}

/// A field of a request outside its body.
#[derive(Debug)]
pub(crate) struct Parameter {
    /// Where.
    pub(crate) place: Place,
    /// Its name.
    pub(crate) name: &'static str,
    /// Whether it must be there.
    pub(crate) required: bool,
    /// What it says.
    pub(crate) words: &'static str,
    /// Its schema.
    pub(crate) schema: Schema,
}

/// A method and a path, who answers them, and what is written about it.
pub(crate) struct Endpoint {
    /// The method.
    pub(crate) method: Method,
    /// The whole path, fields in braces.
    pub(crate) path: &'static str,
    /// What is written about it.
    pub(crate) operation: Operation,
    /// Who answers.
    pub(crate) handler: MethodRouter<AppState>,
}

macro_rules! methods {
    ($($name:ident $method:ident),*) => {$(
        #[doc = concat!("An address that is asked by `", stringify!($method), "`.")]
        pub(crate) fn $name<H, T, A>(path: &'static str, handler: H, summary: &'static str) -> Endpoint
        where
            H: Handler<T, AppState> + Described<A>,
            T: 'static,
        {
            Endpoint::new(Method::$method, path, on(MethodFilter::$method, handler), H::describe, summary)
        }
    )*};
}

methods!(get GET, head HEAD, post POST, put PUT, patch PATCH, delete DELETE);

impl Endpoint {
    fn new(
        method: Method,
        path: &'static str,
        handler: MethodRouter<AppState>,
        describe: fn(&mut Operation),
        summary: &'static str,
    ) -> Self {
        let mut operation = Operation { summary, most: MAX_BODY, ..Operation::default() };
        describe(&mut operation);
        for name in fields(path) {
            let schema = schemars::json_schema!({ "type": "string", "minLength": 1 });
            operation.parameters.push(Parameter {
                place: Place::Path,
                name,
                required: true,
                words: "The id.",
                schema,
            });
            operation.codes.insert(ErrorCode::NotFound);
        }
        Self { method, path, operation, handler }
    }

    /// What the field of the path is.
    pub(crate) fn id(mut self, words: &'static str) -> Self {
        for parameter in &mut self.operation.parameters {
            if parameter.place == Place::Path {
                parameter.words = words;
            }
        }
        self
    }

    /// A field of the query.
    pub(crate) fn query(
        mut self,
        name: &'static str,
        required: bool,
        words: &'static str,
        schema: Schema,
    ) -> Self {
        let place = Place::Query;
        self.operation.parameters.push(Parameter { place, name, required, words, schema });
        if self.operation.signed_in {
            self.operation.codes.insert(ErrorCode::Malformed);
        }
        self
    }

    /// A field of the query whose words a type tells; it may be absent.
    pub(crate) fn query_of(self, name: &'static str, words: &'static str, shape: Shape) -> Self {
        let mut schemas = SchemaGenerator::default();
        shape(&mut schemas);
        let own = schemas.take_definitions(true).into_iter().next();
        let own = own.and_then(|(_, schema)| Schema::try_from(schema).ok()).unwrap_or_default();
        self.query(name, false, words, own)
    }

    /// A header that this address looks at.
    pub(crate) fn header(
        mut self,
        name: &'static str,
        required: bool,
        words: &'static str,
    ) -> Self {
        let schema = schemars::json_schema!({ "type": "string" });
        let place = Place::Header;
        self.operation.parameters.push(Parameter { place, name, required, words, schema });
        self
    }

    /// Codes beside those that its types tell.
    pub(crate) fn refuses(mut self, codes: &[ErrorCode]) -> Self {
        self.operation.codes.extend(codes);
        self
    }

    /// A body that its types do not tell, and how large it may be.
    pub(crate) fn takes(mut self, media: &'static str, most: usize) -> Self {
        self.operation.body = Some(Content::Other(media));
        self.operation.most = most;
        self
    }

    /// Replaces the answers that its types tell.
    pub(crate) fn answers(mut self, answers: &[(u16, &'static str, Content)]) -> Self {
        let made =
            answers.iter().map(|&(status, words, content)| Answer { status, words, content });
        self.operation.answers = made.collect();
        self
    }

    /// Refusals without a body.
    pub(crate) fn bare(mut self, answers: &[(u16, &'static str)]) -> Self {
        self.operation.bare.extend(answers);
        self
    }
}

/// The names in braces.
fn fields(path: &'static str) -> impl Iterator<Item = &'static str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// A whole number of a query.
pub(crate) fn whole(least: usize, most: usize, default: usize) -> Schema {
    schemars::json_schema!({
        "type": "integer", "minimum": least, "maximum": most, "default": default
    })
}

/// A text of a query.
pub(crate) fn text() -> Schema {
    schemars::json_schema!({ "type": "string" })
}

/// The schema of a type.
pub(crate) fn shape<T: JsonSchema>(schemas: &mut SchemaGenerator) -> Schema {
    schemas.subschema_for::<T>()
}

/// Something that a handler takes.
pub(crate) trait Input {
    /// Writes down what it needs of a request.
    fn describe(operation: &mut Operation);
}

impl Input for State<AppState> {
    fn describe(_: &mut Operation) {}
}

impl Input for Extensions {
    fn describe(_: &mut Operation) {}
}

/// Such a handler reads the body by itself; its row says what.
impl Input for Request {
    fn describe(_: &mut Operation) {}
}

/// As above.
impl Input for Body {
    fn describe(_: &mut Operation) {}
}

/// Its row names those that it looks at.
impl Input for HeaderMap {
    fn describe(_: &mut Operation) {}
}

/// Its field stands in the path.
impl<T> Input for Path<T> {
    fn describe(_: &mut Operation) {}
}

/// Its row names the fields.
impl Input for Params {
    fn describe(_: &mut Operation) {}
}

/// What may be missing is described as what is there.
impl<T: Input, E> Input for Result<T, E> {
    fn describe(operation: &mut Operation) {
        T::describe(operation);
    }
}

impl Input for axum::extract::ws::WebSocketUpgrade {
    fn describe(_: &mut Operation) {}
}

impl<T> Input for axum::extract::Query<T> {
    fn describe(_: &mut Operation) {}
}

impl Input for Caller {
    fn describe(operation: &mut Operation) {
        operation.signed_in = true;
        operation.codes.extend([ErrorCode::Token, ErrorCode::DeviceRevoked]);
    }
}

impl<T: JsonSchema> Input for JsonBody<T> {
    fn describe(operation: &mut Operation) {
        operation.body = Some(Content::Json(shape::<T>));
        operation.codes.extend([ErrorCode::Malformed, ErrorCode::TooLarge]);
    }
}

/// Something that a handler gives.
pub(crate) trait Output {
    /// Writes down what it answers.
    fn describe(operation: &mut Operation);
}

impl<T: JsonSchema> Output for Json<T> {
    fn describe(operation: &mut Operation) {
        let content = Content::Json(shape::<T>);
        operation.answers.push(Answer { status: 200, words: "Done.", content });
    }
}

/// Done, and nothing to say.
impl Output for StatusCode {
    fn describe(operation: &mut Operation) {
        operation.answers.push(Answer { status: 204, words: "Done.", content: Content::None });
    }
}

/// Its row says what.
impl Output for Response {
    fn describe(_: &mut Operation) {}
}

impl<T: Output> Output for Result<T, ApiError> {
    fn describe(operation: &mut Operation) {
        T::describe(operation);
    }
}

/// A handler whose types tell what it takes and gives.
pub(crate) trait Described<A> {
    /// Writes that down.
    fn describe(operation: &mut Operation);
}

macro_rules! described {
    ($($input:ident),*) => {
        impl<F, Fut, R, $($input,)*> Described<($($input,)*)> for F
        where
            F: Fn($($input),*) -> Fut,
            Fut: Future<Output = R>,
            R: Output,
            $($input: Input,)*
        {
            fn describe(operation: &mut Operation) {
                $($input::describe(operation);)*
                R::describe(operation);
            }
        }
    };
}

described!();
described!(I1);
described!(I1, I2);
described!(I1, I2, I3);
described!(I1, I2, I3, I4);
described!(I1, I2, I3, I4, I5);
described!(I1, I2, I3, I4, I5, I6);
