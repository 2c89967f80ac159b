//! What a response said before the SDK parsed it.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{
            Intercept,
            context::{AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef},
        },
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;

use super::connector::authority;

/// A response as it came.
#[derive(Clone, Debug)]
pub struct RawResponse {
    /// The HTTP status.
    pub status: u16,
    /// Its `Retry-After`.
    pub retry_after: Option<String>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// An interceptor that keeps the host of a request and its response. A clone keeps them in the same place.
#[derive(Clone, Debug, Default)]
pub struct CaptureResponse(Arc<Mutex<Captured>>);

#[derive(Debug, Default)]
struct Captured {
    host: String,
    response: Option<RawResponse>,
}

impl CaptureResponse {
    /// Host and port, empty where nothing was sent; the response, `None` where none came.
    pub fn take(&self) -> (String, Option<RawResponse>) {
        let Captured { host, response } = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        (host, response)
    }
}

impl Intercept for CaptureResponse {
    fn name(&self) -> &'static str {
        "CaptureResponse"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let uri: http::Uri = context.request().uri().parse()?;
        let host = authority(&uri).to_owned();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).host = host;
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        if let Some(body) = response.body().bytes() {
            let retry_after = response.headers().get("retry-after").map(str::to_owned);
            let response = RawResponse { status: response.status().as_u16(), retry_after, body: body.to_vec() };
            self.0.lock().unwrap_or_else(PoisonError::into_inner).response = Some(response);
        }
        Ok(())
    }
}
