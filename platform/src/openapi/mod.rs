//! `docs/openapi.json`, generated from the platform's own types: what is asked and answered under
//! `/v1`. Requests and answers that have a type here are described by it; objects that the store
//! writes as JSON by shapes of their own, which `tests/openapi/` holds to what is really answered.

mod routes;
mod shapes;

use schemars::generate::{Contract, SchemaSettings};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::agents::error::ErrorCode;

/// Makes a schema.
type Describe = fn(&mut SchemaGenerator) -> Schema;

/// One operation.
struct Route {
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    signed_in: bool,
    query: Vec<(&'static str, bool, Value)>,
    body: Option<Describe>,
    answer: Option<Describe>,
    status: u16,
    errors: Vec<ErrorCode>,
    /// The body is bytes, not JSON.
    bytes: bool,
    /// Answers in bytes, or without any, with what they mean.
    others: Vec<(u16, &'static str)>,
}

fn describe<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

impl Route {
    fn new(method: &'static str, path: &'static str, summary: &'static str) -> Self {
        Self {
            method,
            path,
            summary,
            signed_in: true,
            query: Vec::new(),
            body: None,
            answer: None,
            status: 204,
            errors: Vec::new(),
            bytes: false,
            others: Vec::new(),
        }
    }

    /// Needs no session.
    fn open(mut self) -> Self {
        self.signed_in = false;
        self
    }

    /// A field of the query that may be absent.
    fn query(mut self, name: &'static str, schema: Value) -> Self {
        self.query.push((name, false, schema));
        self
    }

    /// A field of the query that must be there.
    fn needs(mut self, name: &'static str, schema: Value) -> Self {
        self.query.push((name, true, schema));
        self
    }

    fn body<T: JsonSchema>(mut self) -> Self {
        self.body = Some(describe::<T>);
        self
    }

    fn answer<T: JsonSchema>(mut self) -> Self {
        self.answer = Some(describe::<T>);
        self.status = 200;
        self
    }

    /// Takes bytes.
    fn bytes(mut self) -> Self {
        self.bytes = true;
        self
    }

    /// Is answered by bytes of a file with this status, or by none.
    fn file(mut self, status: u16, meaning: &'static str) -> Self {
        if self.others.is_empty() && status == 200 {
            self.status = 200;
        }
        self.others.push((status, meaning));
        self
    }

    fn errors(mut self, codes: &[ErrorCode]) -> Self {
        self.errors.extend(codes);
        self
    }

    /// What every call may be answered, and what this one may be answered besides.
    fn all_errors(&self) -> Vec<ErrorCode> {
        let mut codes = vec![
            ErrorCode::Malformed,
            ErrorCode::NotFound,
            ErrorCode::Upgrade,
            ErrorCode::Internal,
            ErrorCode::Overloaded,
            ErrorCode::ServerFull,
        ];
        if self.signed_in {
            codes.extend([ErrorCode::Token, ErrorCode::DeviceRevoked]);
        }
        if self.body.is_some() || self.bytes {
            codes.push(ErrorCode::TooLarge);
        }
        if self.path.starts_with("/v1/office/") {
            codes.push(ErrorCode::NotAllowed);
        }
        codes.extend(&self.errors);
        codes
    }

    fn to_json(&self, generator: &mut SchemaGenerator) -> Value {
        let mut parameters = vec![json!({ "$ref": "#/components/parameters/client" })];
        for part in self.path.split('/').filter(|part| part.starts_with('{')) {
            let name = part.trim_matches(['{', '}']);
            parameters.push(json!({
                "name": name, "in": "path", "required": true,
                "schema": { "type": "string", "minLength": 1 },
            }));
        }
        for (name, required, schema) in &self.query {
            parameters.push(json!({
                "name": name, "in": "query", "required": required, "schema": schema,
            }));
        }
        let mut answers = Map::new();
        let good = match self.answer {
            Some(describe) => json!({
                "description": "Done.",
                "headers": time_header(),
                "content": { "application/json": { "schema": describe(generator) } },
            }),
            None => json!({ "description": "Done.", "headers": time_header() }),
        };
        answers.insert(self.status.to_string(), good);
        for (status, meaning) in &self.others {
            let described = json!({
                "description": meaning,
                "headers": time_header(),
                "content": { "*/*": { "schema": {} } },
            });
            answers.insert(status.to_string(), described);
        }
        let error = describe::<shapes::Error>(generator);
        let codes = self.all_errors();
        for code in &codes {
            let status = code.status().as_u16().to_string();
            if answers.contains_key(&status) {
                continue;
            }
            let same: Vec<_> = codes
                .iter()
                .filter(|other| other.status() == code.status())
                .map(|other| format!("`{}`", other.as_str()))
                .collect();
            let described = json!({
                "description": same.join(", "),
                "headers": time_header(),
                "content": { "application/json": { "schema": error } },
            });
            answers.insert(status, described);
        }
        let mut operation = Map::new();
        operation.insert("summary".into(), self.summary.into());
        operation.insert("operationId".into(), self.name().into());
        operation.insert("parameters".into(), parameters.into());
        if let Some(describe) = self.body {
            operation.insert(
                "requestBody".into(),
                json!({
                    "required": true,
                    "content": { "application/json": { "schema": describe(generator) } },
                }),
            );
        }
        if self.bytes {
            let content = json!({ "application/octet-stream": { "schema": {} } });
            operation.insert("requestBody".into(), json!({ "required": true, "content": content }));
        }
        operation.insert("responses".into(), answers.into());
        let security = if self.signed_in { json!([{ "session": [] }]) } else { json!([]) };
        operation.insert("security".into(), security);
        Value::Object(operation)
    }

    fn name(&self) -> String {
        let words: Vec<_> = self
            .path
            .trim_start_matches("/v1/")
            .split(['/', '-'])
            .map(|part| part.trim_matches(['{', '}']))
            .collect();
        format!("{}_{}", self.method, words.join("_"))
    }
}

fn time_header() -> Value {
    json!({
        "Fieldline-Server-Time": {
            "description": "The platform's clock, ms UTC.",
            "required": true,
            "schema": { "type": "integer" },
        },
    })
}

/// Absent instead of null: what may be left out is never null, so no schema allows it.
fn absent(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|word| word != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    map.insert("type".into(), only);
                }
            }
            if let Some(Value::Array(any)) = map.get_mut("anyOf") {
                any.retain(|one| one.get("type").is_none_or(|word| word != "null"));
                if let [only] = any.as_slice() {
                    let only = only.clone();
                    map.remove("anyOf");
                    if let Value::Object(only) = only {
                        map.extend(only);
                    }
                }
            }
            map.values_mut().for_each(absent);
        }
        Value::Array(list) => list.iter_mut().for_each(absent),
        _ => {}
    }
}

/// The document, OpenAPI 3.1.
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.contract = Contract::Deserialize;
    });
    let mut generator = settings.into_generator();
    let mut paths: Map<String, Value> = Map::new();
    for route in routes::all() {
        let operation = route.to_json(&mut generator);
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(route.method.to_owned(), operation);
        }
    }
    let mut schemas: Value = generator.take_definitions(true).into();
    absent(&mut schemas);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Fieldline",
            "version": "1",
            "description": "Phones, office and platform. Changes only by adding. Times are ms UTC, ids opaque; unknown fields are ignored, unknown words must be borne. Codes: docs/errors.md. The WebSocket `/v1/live` stands in docs/wire.md.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "parameters": {
                "client": {
                    "name": "Fieldline-Client", "in": "header", "required": true,
                    "description": "`<platform>/<version>`",
                    "schema": { "type": "string", "pattern": "^[a-z]{1,20}/[0-9]{1,4}\\.[0-9]{1,4}$" },
                    "example": "test/1.0",
                },
            },
            "securitySchemes": { "session": { "type": "http", "scheme": "bearer" } },
        },
    })
}
