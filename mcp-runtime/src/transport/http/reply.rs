//! Responses, and what stands in their heads.

use http::{HeaderValue, Response, StatusCode, header};

use super::body::{ResponseBody, write_event};
use crate::error::RpcError;
use crate::protocol::envelope::Id;
use crate::protocol::{Response as Answer, Status, error_response};

/// A response that ends a request before its time.
pub(super) type Refusal = Box<Response<ResponseBody>>;

pub(super) fn empty(status: StatusCode) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::empty());
    *response.status_mut() = status;
    response
}

pub(super) fn json(answer: Answer) -> Response<ResponseBody> {
    let status = match answer.status {
        Status::Ok => StatusCode::OK,
        Status::BadRequest => StatusCode::BAD_REQUEST,
        Status::NotFound => StatusCode::NOT_FOUND,
        Status::TooManyRequests { .. } => StatusCode::TOO_MANY_REQUESTS,
    };
    let wait = match answer.status {
        Status::TooManyRequests { retry_after } => Some(HeaderValue::from(retry_after)),
        _ => None,
    };
    let mut response = json_with(status, answer);
    if let Some(wait) = wait {
        response.headers_mut().insert(header::RETRY_AFTER, wait);
    }
    response
}

pub(super) fn json_with(status: StatusCode, answer: Answer) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::full(answer.body));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

pub(super) fn events(body: ResponseBody) -> Response<ResponseBody> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Some proxies hold a response back until it is complete, or long (2026-07-28, Receiving Messages).
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// An event stream of one event, for clients that read nothing else.
pub(super) fn only(message: &[u8]) -> Response<ResponseBody> {
    let mut event = Vec::new();
    write_event(&mut event, None, message);
    events(ResponseBody::full(event))
}

pub(super) fn bad_request(id: Option<&Id>, error: &RpcError) -> Refusal {
    Box::new(json(error_response(id, error, Status::BadRequest)))
}

/// Refused for what HTTP says about it, before anybody looked at the message.
pub(super) fn refused(status: StatusCode, why: &str) -> Refusal {
    let error = RpcError::invalid_request(why);
    Box::new(json_with(status, error_response(None, &error, Status::BadRequest)))
}

pub(super) fn not_allowed(why: &str, methods: &'static str) -> Refusal {
    let mut response = refused(StatusCode::METHOD_NOT_ALLOWED, why);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(methods));
    response
}

pub(super) fn busy(id: Option<&Id>, why: &str) -> Refusal {
    let error = RpcError::internal(format!("{why}: try again later"));
    let mut response =
        json_with(StatusCode::SERVICE_UNAVAILABLE, error_response(id, &error, Status::BadRequest));
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    Box::new(response)
}
