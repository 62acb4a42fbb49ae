//! `infra/template.yaml` as tests read it: short functions (`!Ref X`) as their long form, references as text in braces.
//!
//! Form: AWS CloudFormation User Guide, "Template anatomy" and "Intrinsic function reference".

use std::{collections::BTreeSet, fmt, fs, path::Path};

use anyhow::{Context as _, Result, anyhow};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

/// The template.
#[derive(Clone, Debug)]
pub struct Template(Value);

/// What a policy allows: actions on a resource. `${X}` stands for what `Ref` gives, `${X.Arn}` for an attribute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Allowed {
    /// E.g. `s3:GetObject`.
    pub action: String,
    /// E.g. `${Bucket.Arn}/t/*`.
    pub resource: String,
    /// Only through which services, where that is a condition (`kms:ViaService`).
    pub through: Vec<String>,
}

impl Template {
    /// Reads the project's template.
    ///
    /// # Errors
    /// When it cannot be read, or is not of its form.
    pub fn read() -> Result<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/template.yaml");
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path:?}"))?;
        let Long(value) =
            serde_saphyr::from_str(&text).context("infra/template.yaml is no YAML")?;
        Ok(Self(value))
    }

    /// A section, e.g. `Parameters`, as names and values.
    pub fn section(&self, name: &str) -> impl Iterator<Item = (&str, &Value)> {
        let entries = self.0[name].as_object();
        entries
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.as_str(), value))
    }

    /// The whole, for questions that no method here answers.
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// Names of all resources of a type.
    pub fn of_type(&self, kind: &str) -> Vec<&str> {
        self.section("Resources")
            .filter(|(_, resource)| resource["Type"] == kind)
            .map(|(name, _)| name)
            .collect()
    }

    /// A resource.
    pub fn resource(&self, name: &str) -> &Value {
        &self.0["Resources"][name]
    }

    /// Properties of a resource.
    pub fn properties(&self, name: &str) -> &Value {
        &self.resource(name)["Properties"]
    }

    /// The resource that is the function of this name (`BULKHEAD_FUNCTION`).
    ///
    /// # Errors
    /// When there is none, or there are several.
    pub fn function(&self, name: &str) -> Result<&str> {
        let mut found = self
            .of_type("AWS::Serverless::Function")
            .into_iter()
            .filter(|function| self.function_name(function) == Some(name));
        match (found.next(), found.next()) {
            (Some(function), None) => Ok(function),
            (None, _) => Err(anyhow!("the template has no function {name}")),
            _ => Err(anyhow!("the template has several functions {name}")),
        }
    }

    /// The name by which the roster knows a function's resource.
    pub fn function_name(&self, function: &str) -> Option<&str> {
        self.properties(function)["Environment"]["Variables"]["BULKHEAD_FUNCTION"].as_str()
    }

    /// All that the function of this name may do.
    ///
    /// # Errors
    /// When there is no such function, or its permissions are not all in policies that this reads.
    pub fn allowed(&self, name: &str) -> Result<BTreeSet<Allowed>> {
        let function = self.properties(self.function(name)?);
        if !function["Policies"].is_null() {
            return Err(anyhow!("{name} has policies beside its role"));
        }
        let role = attribute(&function["Role"], "Arn")
            .with_context(|| format!("{name} has no role of the template"))?;
        let role = self.properties(&role);
        let mut allowed = BTreeSet::new();
        for managed in list(&role["ManagedPolicyArns"]) {
            let managed = managed["Ref"]
                .as_str()
                .with_context(|| format!("{name} has a policy from outside of the template"))?;
            collect(&self.properties(managed)["PolicyDocument"], &mut allowed)?;
        }
        for inline in list(&role["Policies"]) {
            collect(&inline["PolicyDocument"], &mut allowed)?;
        }
        Ok(allowed)
    }
}

fn collect(document: &Value, into: &mut BTreeSet<Allowed>) -> Result<()> {
    for statement in list(&document["Statement"]) {
        if statement["Effect"] != "Allow" || !statement["NotAction"].is_null() {
            return Err(anyhow!("not a plain permission: {statement}"));
        }
        let through = match &statement["Condition"] {
            Value::Null => Vec::new(),
            condition => {
                let services = &condition["StringEquals"]["kms:ViaService"];
                if services.is_null() || condition.as_object().map(Map::len) != Some(1) {
                    return Err(anyhow!("a condition that nobody here knows: {condition}"));
                }
                list(services).into_iter().map(text).collect()
            }
        };
        for action in list(&statement["Action"]) {
            for resource in list(&statement["Resource"]) {
                into.insert(Allowed {
                    action: text(action),
                    resource: text(resource),
                    through: through.clone(),
                });
            }
        }
    }
    Ok(())
}

/// One or several.
pub fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(several) => several.iter().collect(),
        one => vec![one],
    }
}

/// The resource whose attribute a value is, if it is that.
pub fn attribute(value: &Value, attribute: &str) -> Option<String> {
    let named = value["Fn::GetAtt"].as_str()?;
    let resource = named.strip_suffix(attribute)?.strip_suffix('.')?;
    Some(resource.to_owned())
}

/// A value as text with `${…}` for what is known at deployment. Of `Fn::If` it is what holds when nothing optional is set.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(plain) => plain.clone(),
        Value::Object(function) => match function.iter().next() {
            Some((name, Value::String(of))) if name == "Ref" || name == "Fn::GetAtt" => {
                format!("${{{of}}}")
            }
            Some((name, Value::String(form))) if name == "Fn::Sub" => form.clone(),
            Some((name, Value::Array(parts))) if name == "Fn::Sub" => {
                let mut whole = parts.first().map(text).unwrap_or_default();
                for (variable, value) in parts
                    .get(1)
                    .and_then(Value::as_object)
                    .into_iter()
                    .flatten()
                {
                    whole = whole.replace(&format!("${{{variable}}}"), &text(value));
                }
                whole
            }
            Some((name, Value::Array(parts))) if name == "Fn::If" => {
                parts.get(2).map(text).unwrap_or_default()
            }
            _ => value.to_string(),
        },
        other => other.to_string(),
    }
}

/// A value of YAML with short functions in their long form.
struct Long(Value);

impl<'de> Deserialize<'de> for Long {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let serde_saphyr::Tagged(Plain(value), tag) = Deserialize::deserialize(deserializer)?;
        let function = match tag.as_deref() {
            Some("!Ref") => "Ref".to_owned(),
            Some(tag) if tag.starts_with('!') => format!("Fn::{}", tag.trim_start_matches('!')),
            _ => return Ok(Self(value)),
        };
        Ok(Self(Value::Object(Map::from_iter([(function, value)]))))
    }
}

/// A value without its own tag.
struct Plain(Value);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Value;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value of YAML")
            }
            fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
                Ok(Value::from(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
                Ok(Value::from(value))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
                Ok(Value::from(value))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
                Ok(Value::from(value))
            }
            fn visit_str<E>(self, value: &str) -> Result<Value, E> {
                Ok(Value::from(value))
            }
            fn visit_unit<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }
            fn visit_none<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
                let mut all = Vec::new();
                while let Some(Long(item)) = items.next_element()? {
                    all.push(item);
                }
                Ok(Value::Array(all))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
                let mut all = Map::new();
                while let Some((name, Long(value))) = entries.next_entry::<String, Long>()? {
                    all.insert(name, value);
                }
                Ok(Value::Object(all))
            }
        }
        deserializer.deserialize_any(Any).map(Self)
    }
}
