//! A terminal monitor for AWS DataSync transfers.

#![allow(dead_code)] // until the floors above are in

mod clock;
mod model;
mod source;
