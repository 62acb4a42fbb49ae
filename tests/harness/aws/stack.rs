//! One stack of `infra/template.yaml` with the functions' real binary.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::{self, Command},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    client::{Aws, between},
    gateway::{Gateway, TOOL},
    package,
    policies::Policies,
};
use crate::binaries::workspace;

/// How long a stack may take to be made.
const PATIENCE: Duration = Duration::from_secs(180);

/// The bucket's folder of advisory documents for `BULKHEAD_FEEDS=bucket`.
const DOCUMENTS: &str = "global/feeds/folder/documents";

/// A stack that was made, which is deleted when this is dropped.
pub struct Stack {
    /// The server, asked as its owner.
    pub aws: Aws,
    /// What stands between the functions and the services.
    pub gateway: Gateway,
    name: String,
    outputs: BTreeMap<String, String>,
    roles: Vec<(String, String)>,
}

impl Stack {
    /// Makes a stack of the template, with the address of each function's services replaced by the gateway's, and what
    /// they keep on disk below this folder.
    ///
    /// # Errors
    /// When it does not come to be complete.
    pub fn deploy(endpoint: &str, folder: &Path) -> Result<Self> {
        static STACKS: AtomicU32 = AtomicU32::new(0);
        let count = STACKS.fetch_add(1, Ordering::Relaxed);
        let name = format!("bulkhead-{}-{count}", process::id());
        let aws = Aws::at(endpoint)?;
        let key = package::upload(&aws)?;
        let template = fs::read(workspace().join("infra/template.yaml"))?;
        let template_key = format!("{name}.yaml");
        aws.put_object(package::BUCKET, &template_key, template)?;
        let url = format!("{endpoint}/{}/{template_key}", package::BUCKET);
        let architecture = if cfg!(target_arch = "aarch64") {
            "arm64"
        } else {
            "x86_64"
        };
        let mut parameters: Vec<(String, &str)> = [
            ("Action", "CreateStack"),
            ("Version", "2010-05-15"),
            ("StackName", &name),
            ("TemplateURL", &url),
            ("Capabilities.member.1", "CAPABILITY_IAM"),
            ("Capabilities.member.2", "CAPABILITY_AUTO_EXPAND"),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec();
        let given = [
            ("Stage", "test"),
            ("CodeBucket", package::BUCKET),
            ("CodeKey", &key),
            ("Architecture", architecture),
            ("Feeds", "bucket"),
            ("Endpoint", endpoint),
        ];
        for (at, (parameter, value)) in given.into_iter().enumerate() {
            let member = format!("Parameters.member.{}", at + 1);
            parameters.push((format!("{member}.ParameterKey"), parameter));
            parameters.push((format!("{member}.ParameterValue"), value));
        }
        let parameters: Vec<(&str, &str)> = parameters
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
            .collect();
        aws.form("cloudformation", &parameters)?;
        let outputs = completed(&aws, &name)?;
        let functions = functions(&aws, &name)?;
        let names: Vec<String> = functions.iter().map(|(name, _)| name.clone()).collect();
        let stack = Self {
            gateway: Gateway::open(endpoint, &names)?,
            roles: functions
                .iter()
                .map(|(name, configuration)| {
                    let role = configuration["Role"].as_str().unwrap_or_default();
                    (
                        name.clone(),
                        role.rsplit('/').next().unwrap_or(role).to_owned(),
                    )
                })
                .collect(),
            aws,
            name,
            outputs,
        };
        for (function, configuration) in &functions {
            stack.redirect(function, configuration, folder)?;
        }
        let api = stack.output("ApiUrl")?;
        let id = api
            .trim_start_matches("https://")
            .split('.')
            .next()
            .unwrap_or_default();
        let table = format!("BULKHEAD_TABLE={}", stack.output("TableName")?);
        stack
            .gateway
            .serve(&format!("{id}.execute-api.localhost"), &table);
        Ok(stack)
    }

    /// Sends a function's calls through the gateway, and keeps its files from those of other functions: on AWS each
    /// instance has a disk of its own.
    fn redirect(&self, function: &str, configuration: &Value, folder: &Path) -> Result<()> {
        let mut variables = configuration["Environment"]["Variables"].clone();
        variables["AWS_ENDPOINT_URL"] = json!(self.gateway.address(function)?);
        let disk = folder.join("disks").join(function);
        fs::create_dir_all(&disk)?;
        variables["TMPDIR"] = json!(disk);
        variables["BULKHEAD_CACHE"] = json!(disk.join("blobs"));
        let path = format!(
            "/2015-03-31/functions/{}-{function}/configuration",
            self.name
        );
        let body = json!({"Environment": {"Variables": variables}});
        self.aws
            .rest("lambda", Method::PUT, &path, Some(&body))
            .with_context(|| format!("the environment of {function}"))?;
        Ok(())
    }

    /// Lets a program of the project's find the stack, as its operator's environment would. Its calls are those of `tool`.
    ///
    /// # Errors
    /// When the template lacks an output.
    pub fn tell(&self, command: &mut Command) -> Result<()> {
        for (variable, output) in [
            ("BULKHEAD_TABLE", "TableName"),
            ("BULKHEAD_BUCKET", "BucketName"),
            ("BULKHEAD_QUEUES", "QueuesPrefix"),
            ("BULKHEAD_KEY", "KeyArn"),
        ] {
            command.env(variable, self.output(output)?);
        }
        command
            .env("AWS_ENDPOINT_URL", self.gateway.address(TOOL)?)
            // By this and the table it is found when it is to be killed.
            .env("BULKHEAD_FUNCTION", TOOL);
        Ok(())
    }

    /// Where people and agents find the API.
    ///
    /// # Errors
    /// Never in practice.
    pub fn url(&self) -> Result<String> {
        self.gateway.front()
    }

    /// An output of the template.
    ///
    /// # Errors
    /// When it has none of that name.
    pub fn output(&self, name: &str) -> Result<&str> {
        self.outputs
            .get(name)
            .map(String::as_str)
            .with_context(|| format!("no output {name}"))
    }

    /// The bucket for blobs.
    ///
    /// # Errors
    /// When the template has no such output.
    pub fn bucket(&self) -> Result<&str> {
        self.output("BucketName")
    }

    /// The URL of a queue.
    ///
    /// # Errors
    /// When the template has no such output.
    pub fn queue_url(&self, queue: &str) -> Result<String> {
        Ok(format!("{}{queue}", self.output("QueuesPrefix")?))
    }

    /// The names of the functions: those of the roster, `api` and `setup`.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        self.roles.iter().map(|(name, _)| name.as_str())
    }

    /// What the functions' roles allow.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn policies(&self) -> Result<Policies> {
        Policies::read(&self.aws, &self.roles)
    }

    /// Runs a function with an event and returns its answer.
    ///
    /// # Errors
    /// When it failed; the error holds what it said.
    pub fn invoke(&self, function: &str, event: &Value) -> Result<Value> {
        let path = format!("/2015-03-31/functions/{}-{function}/invocations", self.name);
        let answer = self.aws.rest("lambda", Method::POST, &path, Some(event))?;
        ensure!(answer["errorMessage"].is_null(), "{function}: {answer}");
        Ok(answer)
    }

    /// Runs a function as its schedule does.
    ///
    /// # Errors
    /// When it failed.
    pub fn run_scheduled(&self, function: &str) -> Result<()> {
        self.invoke(function, &json!({})).map(drop)
    }

    /// Sends a message by hand, with attributes of text.
    ///
    /// # Errors
    /// When the queue refuses.
    pub fn send(&self, queue: &str, body: &str, attributes: &[(&str, &str)]) -> Result<()> {
        let attributes: serde_json::Map<String, Value> = attributes
            .iter()
            .map(|(name, value)| {
                let value = json!({"DataType": "String", "StringValue": value});
                ((*name).to_owned(), value)
            })
            .collect();
        let message = json!({
            "QueueUrl": self.queue_url(queue)?,
            "MessageBody": body,
            "MessageAttributes": attributes,
        });
        self.aws
            .json("sqs", "AmazonSQS.SendMessage", &message)
            .map(drop)
    }

    /// How many messages a queue holds: those that wait, and those that somebody works on.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub fn depth(&self, queue: &str) -> Result<(u64, u64)> {
        let body = json!({"QueueUrl": self.queue_url(queue)?, "AttributeNames": ["All"]});
        let answer = self
            .aws
            .json("sqs", "AmazonSQS.GetQueueAttributes", &body)?;
        let count = |name: &str| {
            let text = answer["Attributes"][name].as_str().unwrap_or_default();
            text.parse::<u64>().unwrap_or_default()
        };
        Ok((
            count("ApproximateNumberOfMessages"),
            count("ApproximateNumberOfMessagesNotVisible"),
        ))
    }

    /// Lets what an ended process took be seen again sooner than the template says, as a test has less time.
    ///
    /// # Errors
    /// When the queue refuses.
    pub fn shorten_visibility(&self, queue: &str, seconds: u32) -> Result<()> {
        let body = json!({
            "QueueUrl": self.queue_url(queue)?,
            "Attributes": {"VisibilityTimeout": seconds.to_string()},
        });
        self.aws
            .json("sqs", "AmazonSQS.SetQueueAttributes", &body)
            .map(drop)
    }

    /// Lets SQS itself give a message up after so many deliveries, sooner than the template says.
    ///
    /// # Errors
    /// When the queue refuses.
    pub fn give_up_after(&self, queue: &str, deliveries: u32) -> Result<()> {
        let dead = json!({
            "QueueUrl": self.queue_url(&format!("{queue}-dead"))?,
            "AttributeNames": ["QueueArn"],
        });
        let dead = self
            .aws
            .json("sqs", "AmazonSQS.GetQueueAttributes", &dead)?;
        let policy = json!({
            "deadLetterTargetArn": dead["Attributes"]["QueueArn"],
            "maxReceiveCount": deliveries,
        });
        let body = json!({
            "QueueUrl": self.queue_url(queue)?,
            "Attributes": {"RedrivePolicy": policy.to_string()},
        });
        self.aws
            .json("sqs", "AmazonSQS.SetQueueAttributes", &body)
            .map(drop)
    }

    /// Puts the advisory documents of a folder into the bucket, in place of those that are there, and has them read.
    ///
    /// # Errors
    /// When the bucket or the function refuses.
    pub fn publish(&self, folder: &Path) -> Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let key = format!("{DOCUMENTS}/{}", entry.file_name().to_string_lossy());
            self.aws
                .put_object(self.bucket()?, &key, fs::read(entry.path())?)?;
        }
        self.run_scheduled("feed-refresh")
    }

    /// Deploys the next release of the functions over this one while they work: each function has its code replaced, as
    /// another `CodeKey` of the template does. Instances of the former code end, also in the middle of a message.
    ///
    /// # Errors
    /// When a function does not take it, or goes on with what it had.
    pub fn deploy_next(&self) -> Result<()> {
        let key = package::upload_next(&self.aws, &package::upload(&self.aws)?, 2)?;
        let code = json!({"S3Bucket": package::BUCKET, "S3Key": key});
        let mut releases = BTreeSet::new();
        for function in self.functions() {
            let path = format!("/2015-03-31/functions/{}-{function}", self.name);
            let before = self.aws.rest("lambda", Method::GET, &path, None)?;
            let put = format!("{path}/code");
            let after = self.aws.rest("lambda", Method::PUT, &put, Some(&code))?;
            let (before, after) = (&before["Configuration"]["CodeSha256"], &after["CodeSha256"]);
            ensure!(before != after, "{function} kept its code: {after}");
            releases.insert(after.to_string());
        }
        ensure!(releases.len() == 1, "functions differ: {releases:?}");
        Ok(())
    }

    /// Ends every instance of every function, as a deployment or the platform does.
    ///
    /// # Errors
    /// When the machine's processes cannot be listed.
    pub fn end_instances(&self) -> Result<()> {
        for function in self.functions() {
            self.gateway.kill(function)?;
        }
        Ok(())
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        let parameters = [
            ("Action", "DeleteStack"),
            ("Version", "2010-05-15"),
            ("StackName", self.name.as_str()),
        ];
        // Its schedules and processes would go on beside other tests; the server itself ends with the tests.
        let _ = self.aws.form("cloudformation", &parameters);
    }
}

fn completed(aws: &Aws, name: &str) -> Result<BTreeMap<String, String>> {
    let ask = |action: &str| {
        let parameters = [
            ("Action", action),
            ("Version", "2010-05-15"),
            ("StackName", name),
        ];
        aws.form("cloudformation", &parameters)
    };
    let deadline = Instant::now() + PATIENCE;
    loop {
        let described = ask("DescribeStacks")?;
        let status = between(&described, "StackStatus")
            .next()
            .unwrap_or_default();
        if status == "CREATE_COMPLETE" {
            let keys = between(&described, "OutputKey").map(str::to_owned);
            let values = between(&described, "OutputValue").map(unescaped);
            return Ok(keys.zip(values).collect());
        }
        if !status.ends_with("IN_PROGRESS") || Instant::now() > deadline {
            let events = ask("DescribeStackEvents").unwrap_or_default();
            let why: Vec<_> = between(&events, "ResourceStatusReason").collect();
            bail!("the stack is {status}: {why:#?}");
        }
        thread::sleep(Duration::from_millis(100));
    }
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

/// The functions of a stack, by their names without the stack's, with their configuration.
fn functions(aws: &Aws, stack: &str) -> Result<Vec<(String, Value)>> {
    let prefix = format!("{stack}-");
    let mut found = Vec::new();
    let mut marker = String::new();
    loop {
        let path = format!("/2015-03-31/functions/?MaxItems=50{marker}");
        let page = aws.rest("lambda", Method::GET, &path, None)?;
        for function in page["Functions"].as_array().into_iter().flatten() {
            let name = function["FunctionName"].as_str().unwrap_or_default();
            if let Some(short) = name.strip_prefix(&prefix) {
                found.push((short.to_owned(), function.clone()));
            }
        }
        match page["NextMarker"].as_str().filter(|next| !next.is_empty()) {
            Some(next) => marker = format!("&Marker={next}"),
            None => return Ok(found),
        }
    }
}
