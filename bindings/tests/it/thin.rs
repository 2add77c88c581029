//! Exported methods decide nothing: at most five statements, and none that branches.

use std::path::Path;

const MOST: usize = 5;
const BRANCHES: [&str; 6] = ["if ", "match ", "for ", "while ", "loop {", "else"];

struct Body {
    name: String,
    lines: Vec<String>,
}

/// Functions of exported impl blocks and exported functions, as rustfmt writes them.
fn exported(source: &str) -> Vec<Body> {
    let mut found: Vec<Body> = Vec::new();
    let (mut exported, mut inside) = (false, false);
    let mut end = String::new();
    for line in source.lines() {
        if line.starts_with("#[uniffi::export") {
            exported = true;
        } else if line == "}" {
            exported = false;
        }
        if inside {
            inside = line != end;
            if let Some(body) = found.last_mut().filter(|_| inside) {
                body.lines.push(line.trim().to_owned());
            }
            continue;
        }
        let (indent, rest) = line.split_at(line.len() - line.trim_start().len());
        let head = rest.strip_prefix("pub async fn ").or_else(|| rest.strip_prefix("pub fn "));
        if let Some(head) = head.filter(|_| exported) {
            let name = head.split('(').next().unwrap_or_default().to_owned();
            found.push(Body { name, lines: Vec::new() });
            end = format!("{indent}}}");
            inside = rest.ends_with('{');
        } else if let Some(last) =
            found.last().filter(|_| rest.starts_with(") ") && rest.ends_with('{'))
        {
            // The head stood on several lines.
            inside = last.lines.is_empty();
        }
    }
    found
}

fn faults(bodies: &[Body]) -> Vec<String> {
    let mut faults = Vec::new();
    for Body { name, lines } in bodies {
        let statements = lines.iter().filter(|line| line.ends_with(';')).count();
        let value = usize::from(lines.last().is_some_and(|line| !line.ends_with(';')));
        if statements + value > MOST || lines.len() > 2 * MOST {
            faults.push(format!("{name}: {} statements", statements + value));
        }
        if let Some(branch) =
            BRANCHES.iter().find(|word| lines.iter().any(|line| line.contains(**word)))
        {
            faults.push(format!("{name}: {branch}"));
        }
        if lines.is_empty() {
            faults.push(format!("{name}: not read"));
        }
    }
    faults
}

#[test]
fn exported_methods_only_pass_calls_on() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut count = 0;
    for file in ["client.rs", "views.rs", "secrets.rs", "alive.rs", "logs.rs"] {
        let bodies = exported(&std::fs::read_to_string(folder.join(file)).unwrap());
        count += bodies.len();
        assert_eq!(faults(&bodies), Vec::<String>::new(), "{file}");
    }
    assert!(count >= 40, "{count}");
}

#[test]
fn a_method_that_decides_is_found() {
    let source = "#[uniffi::export]\nimpl A {\n    pub fn good(&self) {\n        self.x();\n    }\n\n    pub async fn wide(\n        &self,\n    ) -> B {\n        if self.y() {\n            z();\n        }\n    }\n\n    pub fn long(&self) {\n        a();\n        b();\n        c();\n        d();\n        e();\n        f()\n    }\n}\n\nimpl A {\n    pub fn own(&self) {\n        if x {}\n    }\n}\n";
    let bodies = exported(source);
    assert_eq!(bodies.len(), 3);
    assert_eq!(faults(&bodies), ["wide: if ", "long: 6 statements"]);
}
