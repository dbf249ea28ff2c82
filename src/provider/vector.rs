//! Signatures that somebody else made, kept beside a definition to hold it to them.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::Value;

use super::CatalogueError;
use super::read::{parse, read};
use crate::delivery::{Request, Status, Timestamp};
use crate::signature::{Freshness, Key, Scheme, Secret, mac_text, show, verify};

/// The file of a provider's vectors.
pub const VECTORS_FILE: &str = "vectors.json";

/// A request that was signed by other code, and what is to be made of it.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SignatureVector {
    /// What it is of.
    pub name: String,
    /// The secret, or a key pair's key in PEM, as `--secret` takes it.
    secret: String,
    /// The moment of the check, in unix seconds.
    at: i64,
    /// The signed time as it stands in the request.
    timestamp: Option<Value>,
    /// The id that is signed, where one is.
    id: Option<String>,
    /// The method; where there is none, `POST`.
    method: Option<String>,
    /// The URL as the sender knows it; where there is none, `http://localhost/`.
    url: Option<String>,
    /// The headers, each a name and a value.
    headers: Vec<(String, String)>,
    /// The body, as text.
    body: Option<String>,
    /// The body in base64, where it is no text.
    body_base64: Option<String>,
    /// What the check has to say.
    expect: Status,
    /// Whether signing has to give the very same headers.
    #[serde(default = "yes")]
    sign: bool,
}

/// A file of vectors.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct VectorsForm {
    /// The vectors. Other members, such as `made_with`, are for people.
    vectors: Vec<SignatureVector>,
}

const fn yes() -> bool {
    true
}

/// Reads the vectors in a provider's folder; none where it has no such file.
pub fn read_vectors(folder: &Path) -> Result<Vec<SignatureVector>, CatalogueError> {
    let path = folder.join(VECTORS_FILE);
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let file: VectorsForm = parse(&path, &read(&path)?)?;
    Ok(file.vectors)
}

impl SignatureVector {
    /// Whether a scheme makes of it what it should. Fails with what is otherwise.
    pub fn check(&self, scheme: &Scheme) -> Result<(), String> {
        let secret = Secret::new("its secret", self.secret.clone().into_bytes());
        let key = Key::new(scheme, &secret).map_err(|error| error.to_string())?;
        let request = self.request()?;
        let now = Timestamp::from_seconds(self.at);
        let keys = std::slice::from_ref(&key);
        let verdict = verify(scheme, keys, &request, now, Freshness::Documented);
        if verdict.status != self.expect {
            let reason = verdict.reason.unwrap_or_default();
            let (found, expected) = (verdict.status, self.expect);
            return Err(format!("it is {found}, expected is {expected}: {reason}"));
        }
        if self.expect != Status::Valid || !self.sign || !key.can_sign() {
            return Ok(());
        }
        let signed = self.signed(scheme, &key, &request);
        // In a body the proof may go to another place among the others.
        let json = |request: &Request| serde_json::from_slice::<Value>(&request.body).ok();
        let is_same = signed.headers == request.headers
            && signed.target == request.target
            && json(&signed) == json(&request);
        if is_same {
            Ok(())
        } else {
            Err(format!(
                "signing it gives {:?}, in it stands {:?}",
                signed.headers, request.headers
            ))
        }
    }

    fn signed(&self, scheme: &Scheme, key: &Key, request: &Request) -> Request {
        let timestamp = match &self.timestamp {
            Some(Value::String(text)) => text.clone(),
            Some(number) => number.to_string(),
            None => String::new(),
        };
        let id = self.id.as_deref().unwrap_or_default();
        let mac = mac_text(scheme, key, &timestamp, id, request);
        let mut signed = request.clone();
        for source in scheme.proofs() {
            source.remove(&mut signed);
        }
        show(scheme, key, Some(&timestamp), id, &mac, &mut signed);
        signed
    }

    fn request(&self) -> Result<Request, String> {
        let body = match (&self.body, &self.body_base64) {
            (Some(text), _) => text.clone().into_bytes(),
            (_, Some(text)) => BASE64.decode(text).map_err(|error| error.to_string())?,
            _ => return Err("it has neither `body` nor `body_base64`".into()),
        };
        let url = self.url.as_deref().unwrap_or("http://localhost/");
        let path = url
            .split_once("://")
            .map_or(url, |(_, rest)| rest)
            .find('/');
        let host = url.find("://").map_or(0, |at| at + 3);
        let (origin, target) = url.split_at(path.map_or(url.len(), |path| host + path));
        let headers = self.headers.iter().cloned().collect();
        Ok(Request {
            method: self.method.clone().unwrap_or_else(|| "POST".into()),
            origin: Some(origin.to_owned()),
            ..Request::post(if target.is_empty() { "/" } else { target }, headers, body)
        })
    }
}
