//! `docs/openapi.json`: OpenAPI 3.1, whose schemas are JSON Schema 2020-12 as it is.

use std::collections::BTreeMap;

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::agents::error::ErrorCode;
use crate::agents::outcome::Reason;
use crate::routes::endpoint::{Content, Endpoint, Operation, Parameter, Place};
use crate::routes::{self, V1};
use crate::wire::errors::of_error;
use crate::wire::live::{LiveFrame, LiveSaid};
use crate::wire::words::variants;

/// What every call under `/v1` may be told, whatever it asks.
const ALWAYS: [ErrorCode; 5] = [
    ErrorCode::Malformed,
    ErrorCode::Upgrade,
    ErrorCode::Internal,
    ErrorCode::Overloaded,
    ErrorCode::ServerFull,
];

const ABOUT: &str = "What travels between phones, the office and the platform. Names are snake_case, ids \
opaque strings, times whole milliseconds UTC. A field that may be absent is left out, never null. Readers \
ignore fields they do not know and keep words they do not know as unknown: the lists of words here are \
those of this version. Generated from the platform's own types; docs/wire.md shows the same by example, \
docs/errors.md says what to do about each code.";

/// The document.
pub fn document() -> Value {
    let mut schemas = SchemaSettings::draft2020_12()
        .with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        })
        .into_generator();
    let mut refusals = BTreeMap::new();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for endpoint in routes::all() {
        let method = endpoint.method.as_str().to_lowercase();
        let operation = operation(&endpoint, &mut schemas, &mut refusals);
        paths.entry(endpoint.path).or_default().insert(method, operation);
    }
    // No request or answer carries them, for OpenAPI knows no sockets.
    schemas.subschema_for::<LiveSaid>();
    schemas.subschema_for::<LiveFrame>();
    let errors: Vec<(String, Value)> = variants::<ErrorCode>()
        .into_iter()
        .map(|code| (error_name(code.as_str()), error(code, &mut schemas)))
        .collect();
    let mut components = schemas.take_definitions(true);
    components.extend(errors);
    components.values_mut().for_each(without_null);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Fieldline platform",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": refusals,
            "parameters": { "Client": client() },
            "headers": headers(),
            "securitySchemes": {
                "access_token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The access token of a session, good for 15 minutes.",
                },
            },
        },
    })
}

/// The header with which an app names itself.
fn client() -> Value {
    json!({
        "name": "Fieldline-Client",
        "in": "header",
        "required": true,
        "description": "The app and its version, as `android/1.2.3`.",
        "schema": { "type": "string", "pattern": "^[a-z]{1,40}/[0-9]{1,4}(\\.[0-9]{1,4}){0,2}$" },
    })
}

fn headers() -> Value {
    json!({
        "Time": {
            "description": "The platform's clock, milliseconds UTC.",
            "required": true,
            "schema": { "type": "integer", "format": "int64" },
        },
        "RequestId": {
            "description": "Names the request in the platform's log.",
            "required": true,
            "schema": { "type": "string" },
        },
        "RetryAfter": {
            "description": "Seconds after which the next try may come.",
            "required": true,
            "schema": { "type": "integer", "minimum": 0 },
        },
    })
}

fn operation(
    endpoint: &Endpoint,
    schemas: &mut SchemaGenerator,
    refusals: &mut BTreeMap<String, Value>,
) -> Value {
    let operation = &endpoint.operation;
    let is_v1 = endpoint.path.starts_with(V1);
    let mut map = Map::new();
    map.insert("operationId".into(), id(endpoint).into());
    map.insert("summary".into(), operation.summary.into());
    let mut parameters: Vec<Value> = operation.parameters.iter().map(parameter).collect();
    if is_v1 {
        parameters.push(json!({ "$ref": "#/components/parameters/Client" }));
    }
    if !parameters.is_empty() {
        map.insert("parameters".into(), parameters.into());
    }
    if let Some(body) = operation.body {
        let most = operation.most;
        let words = format!("At most {most} bytes.");
        let content = content(body, schemas);
        let body = json!({ "required": true, "description": words, "content": content });
        map.insert("requestBody".into(), body);
    }
    let security = if operation.signed_in { json!([{ "access_token": [] }]) } else { json!([]) };
    map.insert("security".into(), security);
    map.insert("responses".into(), responses(operation, is_v1, schemas, refusals));
    Value::Object(map)
}

/// `get_conversations_id_messages`: method and path, without the version.
fn id(endpoint: &Endpoint) -> String {
    let path = endpoint.path.strip_prefix(V1).unwrap_or(endpoint.path);
    let method = endpoint.method.as_str().to_lowercase();
    let words = path.split(['/', '{', '}', '-']).filter(|word| !word.is_empty());
    std::iter::once(method.as_str()).chain(words).collect::<Vec<_>>().join("_")
}

fn parameter(parameter: &Parameter) -> Value {
    let place = match parameter.place {
        Place::Path => "path",
        Place::Query => "query",
        Place::Header => "header",
    };
    json!({
        "name": parameter.name,
        "in": place,
        "required": parameter.required,
        "description": parameter.words,
        "schema": parameter.schema,
    })
}

fn content(content: Content, schemas: &mut SchemaGenerator) -> Value {
    match content {
        Content::None => json!({}),
        Content::Json(shape) => json!({ "application/json": { "schema": shape(schemas) } }),
        Content::Other(media) => json!({ media: {} }),
    }
}

fn responses(
    operation: &Operation,
    is_v1: bool,
    schemas: &mut SchemaGenerator,
    refusals: &mut BTreeMap<String, Value>,
) -> Value {
    let mut responses = Map::new();
    let time = json!({
        "Fieldline-Server-Time": { "$ref": "#/components/headers/Time" },
        "Fieldline-Request-Id": { "$ref": "#/components/headers/RequestId" },
    });
    for answer in &operation.answers {
        let mut response = Map::new();
        response.insert("description".into(), answer.words.into());
        response.insert("headers".into(), time.clone());
        if !matches!(answer.content, Content::None) {
            response.insert("content".into(), content(answer.content, schemas));
        }
        responses.insert(answer.status.to_string(), response.into());
    }
    for (status, words) in &operation.bare {
        responses.insert(status.to_string(), json!({ "description": words, "headers": time }));
    }
    let mut codes = operation.codes.clone();
    if is_v1 {
        codes.extend(ALWAYS);
    }
    let mut by_status: BTreeMap<u16, Vec<ErrorCode>> = BTreeMap::new();
    for code in codes {
        by_status.entry(code.status().as_u16()).or_default().push(code);
    }
    for (status, codes) in by_status {
        let words: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
        let name = format!("{status}_{}", words.join("_"));
        responses.insert(
            status.to_string(),
            json!({ "$ref": format!("#/components/responses/{name}") }),
        );
        refusals.entry(name).or_insert_with(|| refusal(&codes, &words, time.clone()));
    }
    responses.into()
}

/// The answer that carries one of these codes; all have one status.
fn refusal(codes: &[ErrorCode], words: &[&str], mut headers: Value) -> Value {
    if codes.contains(&ErrorCode::TooMany)
        && let Some(headers) = headers.as_object_mut()
    {
        headers.insert("Retry-After".into(), json!({ "$ref": "#/components/headers/RetryAfter" }));
    }
    let forms: Vec<Value> = words
        .iter()
        .map(|word| json!({ "$ref": format!("#/components/schemas/{}", error_name(word)) }))
        .collect();
    json!({
        "description": words.join(", "),
        "headers": headers,
        "content": { "application/json": { "schema": { "oneOf": forms } } },
    })
}

fn error_name(word: &str) -> String {
    format!("error_{word}")
}

/// `{error: {code, reason?, details?}}` of one code.
fn error(code: ErrorCode, schemas: &mut SchemaGenerator) -> Value {
    let mut properties = Map::new();
    properties.insert("code".into(), json!({ "const": code.as_str() }));
    properties.insert("reason".into(), schemas.subschema_for::<Reason>().to_value());
    if let Some(details) = of_error(code) {
        properties.insert("details".into(), details(schemas).to_value());
    }
    json!({
        "type": "object",
        "properties": {
            "error": { "type": "object", "properties": properties, "required": ["code"] },
        },
        "required": ["error"],
    })
}

/// Absent instead of null: takes null from what an optional field may be.
fn without_null(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(without_null),
        Value::Object(map) => {
            map.values_mut().for_each(without_null);
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|word| word != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    map.insert("type".into(), only);
                }
            }
            if let Some(Value::Array(forms)) = map.get_mut("anyOf")
                && let [form, null] = forms.as_slice()
                && null == &json!({ "type": "null" })
                && let Value::Object(form) = form.clone()
            {
                map.remove("anyOf");
                map.extend(form);
            }
        }
        _ => {}
    }
}
