//! The objects of HAR 1.2 as we write them; what is no number here was not measured.

use std::borrow::Cow;

use serde::Serialize;

use super::read::Own;

#[derive(Serialize)]
pub struct Named<'a> {
    pub name: &'a str,
    pub version: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryForm<'a> {
    pub started_date_time: String,
    pub time: u32,
    pub request: RequestForm<'a>,
    pub response: ResponseForm<'a>,
    pub cache: Empty,
    pub timings: Timings,
    #[serde(rename = "_delivery")]
    pub own: Own,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestForm<'a> {
    pub method: &'a str,
    pub url: String,
    pub http_version: &'a str,
    pub cookies: Vec<Pair>,
    pub headers: Vec<Field<'a>>,
    pub query_string: Vec<Pair>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_data: Option<PostData<'a>>,
    pub headers_size: i64,
    pub body_size: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PostData<'a> {
    pub mime_type: Cow<'a, str>,
    pub params: [Pair; 0],
    pub text: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResponseForm<'a> {
    pub status: u16,
    pub status_text: &'static str,
    pub http_version: &'a str,
    pub cookies: [Pair; 0],
    pub headers: [Pair; 0],
    pub content: ResponseContent,
    #[serde(rename = "redirectURL")]
    pub redirect_url: &'static str,
    pub headers_size: i64,
    pub body_size: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResponseContent {
    pub size: u32,
    pub mime_type: &'static str,
}

#[derive(Serialize)]
pub struct Field<'a> {
    pub name: &'a str,
    pub value: Cow<'a, str>,
    #[serde(rename = "_base64", skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
}

#[derive(Serialize)]
pub struct Pair {
    pub name: String,
    pub value: String,
}

#[derive(Serialize)]
pub struct Empty {}

#[derive(Serialize)]
pub struct Timings {
    pub send: u32,
    pub wait: u32,
    pub receive: u32,
}
